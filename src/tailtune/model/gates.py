"""What a variant must pass besides being measured."""

import msgspec

from tailtune.model.units import Duration


class Gates(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Checks of each variant of a comparison; a candidate that fails one counts as no improvement."""

    test: list[str] = []
    """Command run in the source of each variant, in the service's `workdir`: `["go", "test", "./..."]`; empty: none."""
    race: bool = False
    """Go: also build with `-race`, send that the workload's requests on several connections at once, and fail where the
    race detector reports."""
    test_timeout: Duration = Duration(600_000_000_000)
    """A test command that takes longer has failed."""
    race_duration: Duration = Duration(5_000_000_000)
    """How long the build with `-race` is under load."""

"""The files of `tailtune profile --output`: checked before anything is sampled, written at the end."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tailtune.lab.profile_views import kind_of
from tailtune.model.profile_view import ProfileResult
from tailtune.show.export.profile import ProfileFile, profile_file, write_profile
from tailtune.show.export.whole import check_writable

if TYPE_CHECKING:
    from tailtune._native import Profile


class ProfileOutputs:
    """Files asked for by name."""

    def __init__(self, names: Sequence[str]) -> None:
        """Find their formats.

        Raises:
            UsageError: if a name does not tell its format.
            SetupError: if a file could not be written later.
        """
        self._files: list[ProfileFile] = [profile_file(name) for name in names]
        for one in self._files:
            check_writable(one.path)

    @property
    def names(self) -> list[str]:
        """The paths."""
        return [str(one.path) for one in self._files]

    def write(self, profiles: "Mapping[str, Profile]", result: ProfileResult) -> None:
        """Write them; the first profile goes into the file, others into files beside it, named by their title.

        Raises:
            SetupError: if the disk refuses.
        """
        for one in self._files:
            for at, (title, profile) in enumerate(profiles.items()):
                if at == 0 or one.format != "json":
                    position = [kind for kind, _ in profile.sample_types].index(kind_of(profile, ""))
                    write_profile(one.beside(title) if at else one, profile, position, result)

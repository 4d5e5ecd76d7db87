"""What a command asks of an experiment."""

import msgspec

from tailtune.model.units import Duration
from tailtune.model.verdict import Metric


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of an experiment, apart from its variants."""

    workload: str | None = None
    """Name; the default one if None."""
    epochs: int
    """Most restarts of the variants, the units of the verdict."""
    budget: Duration
    """Most time for epochs; 0: unlimited."""
    slice_duration: Duration
    slices: int
    """Of an epoch, for each candidate and the baseline together; a multiple of four."""
    deciding: list[Metric]
    """It goes on until each of these is decided."""
    rate: float | None = None
    """Requests per second, in place of the workload's."""
    seed: int | None = None
    """Of all that is random, in place of the workload's."""
    probe: bool = True
    """Whether to tell first how long a decision will take."""
    answers: bool = True
    """Whether the answers of the variants are compared."""
    gates: bool = True
    """Whether the project's gates are run."""
    saturation: int = 0
    """Connections at which throughput is measured as well; 0: it is not."""
    because: str = ""
    expectations: list[str] = []

"""The load engine judged: may its numbers be used, and if not, why and what helps.

Each check gives at most one reason. Checks are scaled so that a run of few requests does not
fail on its own granularity. Which of them a closed loop skips, each check says itself.
"""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from tailtune.judge import generator, requests
from tailtune.judge.distribution import Distribution
from tailtune.model.load import LoadReport, Reason, Validity

OVERLOAD: Final = requests.OVERLOAD
_ORDER: Final = (Validity.VALID, Validity.SUSPECT, Validity.INVALID)
_CHECKS: Final[tuple[Callable[[LoadReport, Distribution], Reason | None], ...]] = (
    requests.nothing_completed,
    requests.interrupted,
    requests.rate,
    generator.send_lag,
    generator.freeze,
    requests.connection_cap,
    requests.little,
    requests.rows_lost,
    requests.server_count,
    generator.engine_cpu,
    generator.disturbed,
    generator.run_delay,
    generator.demoted,
    generator.steal,
    generator.throttled,
    requests.unfinished,
    requests.errors,
    requests.connection_errors,
)


def assess(report: LoadReport, latency: Distribution) -> LoadReport:
    """Return the report with its validity and the reasons.

    Args:
        report: the engine's account.
        latency: of all requests of the same load, ns.
    """
    reasons = [reason for check in _CHECKS if (reason := check(report, latency)) is not None]
    return msgspec.structs.replace(report, validity=worst(reason.validity for reason in reasons), reasons=reasons)


def worst(validities: Iterable[Validity]) -> Validity:
    """Return the worst of the validities, VALID for none."""
    return max(validities, key=_ORDER.index, default=Validity.VALID)

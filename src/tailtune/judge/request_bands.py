"""From a recording to what its requests spent their time with."""

from collections.abc import Sequence

from tailtune.bundle import Bundle
from tailtune.errors import NothingMeasuredError
from tailtune.judge.bands import bands_of, parse_band
from tailtune.judge.request_parts import RequestParts, divide
from tailtune.judge.request_tables import read_tables
from tailtune.judge.request_timeline import timeline_of
from tailtune.judge.summary import DIAGNOSE
from tailtune.model.request_parts import RequestBands, RequestTimeline


def request_bands(
    bundle: Bundle, band: str = "", request: str = ""
) -> tuple[RequestBands | None, RequestTimeline | None]:
    """Return where the time of the diagnosed requests goes, and the steps of one of them.

    Args:
        bundle: a recording of kind `run`.
        band: a band to look at in place of the usual ones: `p99.9`, `p90-p99`.
        request: handle of a request; empty: none.

    Returns:
        Nothing where the calls on the service's sockets were not recorded, as in older recordings.

    Raises:
        UsageError: if there is no such band or request.
        NothingMeasuredError: if one was asked for and nothing of it was recorded.
        RecordingError: if a file of the recording is damaged.
    """
    chosen = parse_band(band) if band else None
    parts = divided(bundle)
    if parts is None:
        if band or request:
            raise NothingMeasuredError(
                f"recording {bundle.id} does not tell where the time of single requests goes: no call on the service's "
                "sockets was recorded",
                hint=_hint(bundle),
            )
        return None, None
    found = bands_of(parts, DIAGNOSE, chosen)
    return found, timeline_of(parts, request, DIAGNOSE, _operations(bundle)) if request else None


def divided(bundle: Bundle) -> RequestParts | None:
    """Return the parts of all requests of the diagnose window; None where no call on a socket was recorded.

    Raises:
        RecordingError: if a file of the recording is damaged.
    """
    tables = read_tables(bundle, DIAGNOSE)
    if not len(tables.calls["t_ns"]) or not len(tables.requests["done_ns"]):
        return None
    return divide(tables)


def _operations(bundle: Bundle) -> Sequence[str]:
    workload = bundle.manifest.workload
    return [one.name for one in workload.operations] if workload else []


def _hint(bundle: Bundle) -> str:
    lost = next((one.lost for one in bundle.manifest.collectors if one.name == "sockets" and one.lost), "")
    return lost or "`tailtune run` records them in its diagnose window, where the kernel permits it"

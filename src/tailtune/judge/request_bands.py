"""From a recording to what its requests spent their time with."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from tailtune.bundle import Bundle
from tailtune.errors import NothingMeasuredError
from tailtune.judge.bands import bands_of, parse_band
from tailtune.judge.goroutine_table import GoroutineTable, read_goroutines
from tailtune.judge.request_parts import RequestParts, divide
from tailtune.judge.request_tables import read_tables
from tailtune.judge.request_timeline import timeline_of
from tailtune.judge.summary import DIAGNOSE
from tailtune.model.project import Language
from tailtune.model.request_parts import RequestBands, RequestTimeline

GO_TRACE: Final = "profiles/go-trace.diagnose.trace"


def request_bands(
    bundle: Bundle, parts: RequestParts | None, band: str = "", request: str = ""
) -> tuple[RequestBands | None, RequestTimeline | None]:
    """Return where the time of the diagnosed requests goes, and the steps of one of them.

    Args:
        bundle: a recording of kind `run`.
        parts: what `divided` returns of it.
        band: a band to look at in place of the usual ones: `p99.9`, `p90-p99`.
        request: handle of a request; empty: none.

    Returns:
        Nothing where the calls on the service's sockets were not recorded, as in older recordings.

    Raises:
        UsageError: if there is no such band or request.
        NothingMeasuredError: if one was asked for and nothing of it was recorded.
    """
    chosen = parse_band(band) if band else None
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

    The costliest step of an explanation: whatever needs it is handed the same.

    Raises:
        RecordingError: if a file of the recording is damaged.
    """
    tables = read_tables(bundle, DIAGNOSE)
    if not len(tables.calls["t_ns"]) or not len(tables.requests["done_ns"]):
        return None
    goroutines = read_goroutines(bundle.path / GO_TRACE) if GO_TRACE in bundle.files() else _no_trace(bundle)
    if isinstance(goroutines, GoroutineTable):
        return divide(replace(tables, goroutines=goroutines), turns=True)
    parts = divide(tables, turns=bool(goroutines))
    return replace(parts, warnings=[goroutines]) if goroutines and not parts.is_whole.all() else parts


def _no_trace(bundle: Bundle) -> str:
    """Say why requests to a Go service are not followed from thread to thread; empty for other services."""
    service = bundle.manifest.service
    asked = next((one for one in bundle.manifest.collectors if one.name == "go_trace"), None)
    is_go = asked is not None or (service is not None and service.language == Language.GO)
    if not is_go:
        return ""
    lost = asked.lost if asked else ""
    why = lost or "none was recorded: net/http/pprof gives one, and `tailtune run --instrument` builds it in"
    return f"what was handed over is not followed through goroutines, for want of Go's execution trace ({why})"


def _operations(bundle: Bundle) -> Sequence[str]:
    workload = bundle.manifest.workload
    return [one.name for one in workload.operations] if workload else []


def _hint(bundle: Bundle) -> str:
    lost = next((one.lost for one in bundle.manifest.collectors if one.name == "sockets" and one.lost), "")
    return lost or "`tailtune run` records them in its diagnose window, where the kernel permits it"

"""The load generators, ours and the peers': how each is asked for the same thing, and what it says of latency."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from stand import python

CONNECTIONS: Final = 64
_PEERS: Final = Path(__file__).parent / ".peers" / "bin"
_UNITS: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


class Generator(NamedTuple):
    """One way to send so many requests a second for so many seconds."""

    name: str
    program: str
    command: Callable[[str, str, int, int], list[str]]
    """(program, url, rate, seconds) → command."""
    says: Callable[[str], dict[str, float]]
    """Its output → seconds by `p50`, `p90`, `p99`, `max`, as far as it tells."""
    paces: bool = True
    lean: Callable[[str, str, int, int], list[str]] | None = None
    """The same without computing figures, where that is a work of its own: for accuracy and cost."""

    def send(self, url: str, rate: int, seconds: int) -> list[str]:
        """Return the command that sends, as lean as it can."""
        return (self.lean or self.command)(self.path() or self.program, url, rate, seconds)

    def send_and_tell(self, url: str, rate: int, seconds: int) -> list[str]:
        """Return the command whose output `says` reads."""
        return self.command(self.path() or self.program, url, rate, seconds)

    def path(self) -> str | None:
        """Where the program is; nothing: not installed."""
        own = _PEERS / self.program
        return str(own) if own.exists() else shutil.which(self.program)


def ours(url: str, rate: int, seconds: int, *options: str) -> list[str]:
    """Return our command; a rate of 0 is the closed loop."""
    paced = ["--rate", str(rate)] if rate else ["--arrival", "closed", "--connections", str(CONNECTIONS)]
    arrival = ["--arrival", "constant"] if rate and "--arrival" not in options else []
    return [*python(), "load", url, *paced, *arrival, "--duration", f"{seconds}s", "--json", "--quiet", *options]


def our_figures(stdout: str) -> dict[str, float]:
    """Return what our summary says of latency, in seconds."""
    latency = json.loads(stdout)["summary"]["measure"]["latency"]
    found = {
        f"p{round(one['q'] * 100)}": one["estimate"]["point"] / 1e9
        for one in latency["quantiles"]
        if one["estimate"] and one["q"] in (0.5, 0.9, 0.99)
    }
    return found | {"max": latency["max_ns"] / 1e9}


def _wrk(stdout: str) -> dict[str, float]:
    rows = re.findall(r"^\s+(\d+)%\s+([\d.]+)(us|ms|s|m)$", stdout, re.MULTILINE)
    found = {f"p{percent}": float(value) * _UNITS[unit] for percent, value, unit in rows if percent != "75"}
    largest = re.search(r"Latency\s+\S+\s+\S+\s+([\d.]+)(us|ms|s|m)", stdout)
    return found | ({"max": float(largest[1]) * _UNITS[largest[2]]} if largest else {})


def _oha(stdout: str) -> dict[str, float]:
    said = json.loads(stdout)
    return {name: said["latencyPercentiles"][name] for name in ("p50", "p90", "p99")} | {
        "max": said["summary"]["slowest"]
    }


def _vegeta(stdout: str) -> dict[str, float]:
    said = json.loads(stdout)["latencies"]
    return {"p50": said["50th"] / 1e9, "p90": said["90th"] / 1e9, "p99": said["99th"] / 1e9, "max": said["max"] / 1e9}


def _bombardier(stdout: str) -> dict[str, float]:
    said: dict[str, Any] = json.loads(stdout)["result"]["latency"]
    found = {f"p{name}": said["percentiles"][name] / 1e6 for name in ("50", "90", "99")}
    return found | {"max": said["max"] / 1e6}


def _fortio(stdout: str) -> dict[str, float]:
    said = json.loads(stdout)["DurationHistogram"]
    return {f"p{one['Percentile']}": one["Value"] for one in said["Percentiles"]} | {"max": said["Max"]}


def _hey(stdout: str) -> dict[str, float]:
    rows = re.findall(r"(50|90|99)%+ in ([\d.]+) secs", stdout)
    largest = re.search(r"Slowest:\s+([\d.]+) secs", stdout)
    return {f"p{percent}": float(value) for percent, value in rows} | ({"max": float(largest[1])} if largest else {})


def _vegeta_lean(program: str, url: str, rate: int, seconds: int) -> list[str]:
    script = f"echo 'GET {url}' | {program} attack -rate {rate}/1s -duration {seconds}s -output /dev/null"
    return ["sh", "-c", script]


def _vegeta_command(program: str, url: str, rate: int, seconds: int) -> list[str]:
    script = f"echo 'GET {url}' | {program} attack -rate {rate}/1s -duration {seconds}s | {program} report -type json"
    return ["sh", "-c", script]


WRK: Final = Generator(
    "wrk",
    "wrk",
    lambda program, url, _, seconds: [program, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", url],
    _wrk,
    paces=False,
)
PEERS: Final = (
    WRK,
    Generator(
        "oha",
        "oha",
        lambda program, url, rate, seconds: [
            *(program, "--no-tui", "-z", f"{seconds}s", "-q", str(rate), "-c", str(CONNECTIONS)),
            *("--latency-correction", "--output-format", "json", url),
        ],
        _oha,
    ),
    Generator("vegeta", "vegeta", _vegeta_command, _vegeta, lean=_vegeta_lean),
    Generator(
        "bombardier",
        "bombardier",
        lambda program, url, rate, seconds: [
            *(program, "-c", str(CONNECTIONS), "-r", str(rate), "-d", f"{seconds}s", "-t", "10s"),
            *("-l", "-o", "json", "-p", "r", url),
        ],
        _bombardier,
    ),
    Generator(
        "fortio",
        "fortio",
        lambda program, url, rate, seconds: [
            *(program, "load", "-quiet", "-c", str(CONNECTIONS), "-qps", str(rate), "-t", f"{seconds}s", "-uniform"),
            *("-timeout", "10s", "-r", "0.0001", "-p", "50,90,99", "-json", "-", url),
        ],
        _fortio,
    ),
    Generator(
        "hey",
        "hey",
        lambda program, url, rate, seconds: [
            *(program, "-z", f"{seconds}s", "-c", "50", "-q", str(rate // 50), url),
        ],
        _hey,
    ),
)


def installed(*, pacing: bool) -> list[Generator]:
    """Return the peers that are there; `pacing`: only those that send at a given rate."""
    return [one for one in PEERS if one.path() and (one.paces or not pacing)]

"""How steadily each CPU does the same work: the noise of the machine, measured rather than guessed."""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

from tailtune.model.doctor import CpuNoise

_MAX_CPUS: Final = 16
_SHORTEST_S: Final = 0.1


def measure_noise(cpus: Sequence[int], seconds: float = 1.5) -> list[CpuNoise]:
    """Measure up to 16 CPUs one after the other, for about `seconds` together.

    Returns:
        One entry a CPU in the order given; none where the measuring process could not run.
    """
    chosen = cpus[:_MAX_CPUS]
    each = max(_SHORTEST_S, seconds / max(1, len(chosen)))
    command = [sys.executable, "-m", "tailtune.record.host.probes.spin", str(each), *map(str, chosen)]
    try:
        answer = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=20 + 2 * each * len(chosen)
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [summarize(**json.loads(line)) for line in answer.stdout.splitlines()]


def summarize(cpu: int, times: Sequence[int]) -> CpuNoise:
    """Reduce the times of all rounds, ns, at least one, to what is told of them."""
    ordered = sorted(times)
    typical = ordered[len(ordered) // 2]
    slow = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    return CpuNoise(
        cpu=cpu,
        rounds=len(ordered),
        typical_ns=typical,
        p99_excess=slow / typical - 1 if typical else 0.0,
        longest_stall_ns=ordered[-1] - typical,
    )

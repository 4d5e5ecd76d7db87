"""What is costly runs in the diagnose window and in no other: by the kernel's account, and by the recording."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.trials import Meddler, open_bench, trial_plan

from tailtune.bundle.reader import Bundle
from tailtune.bundle.workspace import Workspace
from tailtune.model.project import Service
from tailtune.model.recording import Kind, Phase
from tailtune.model.units import Duration
from tailtune.record import registry
from tailtune.record.phases import warm_up
from tailtune.record.phases.capturing import Capturing
from tailtune.record.trial import run_trial

COSTLY = ("socket_calls", "waits", "thread_states")


def attached() -> int:
    """BPF programs of this process that are at a tracepoint now; those that are only loaded do nothing."""
    kinds = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            kinds.append(str(descriptor.readlink()))
        except OSError:  # the listing itself, and what another thread has closed meanwhile
            continue
    return sum("bpf" in kind and ("link" in kind or "tracepoint" in kind) for kind in kinds)


def test_the_measure_window_is_without_what_diagnosing_costs(
    tmp_path: Path, tiny: Callable[..., Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    progress, seen = Meddler(), defaultdict[str, list[int]](list)
    poll = Capturing.poll

    def watched(capturing: Capturing) -> None:
        seen[progress.phases[-1]].append(attached())
        poll(capturing)

    monkeypatch.setattr(Capturing, "poll", watched)
    monkeypatch.setattr(warm_up, "CHUNK", Duration.from_seconds(0.3))
    with open_bench(tmp_path, Kind.RUN, progress) as bench:
        manifest = run_trial(trial_plan(tmp_path, tiny(), diagnose=0.5), bench)
    bundle = Bundle.open(Workspace(tmp_path).run(manifest.id))
    modes = {record.name: record.mode for record in manifest.collectors}
    assert seen["measure"]
    assert set(seen["measure"]) == {0}
    if modes["sockets"]:
        assert max(seen["diagnose"]) > 0
        assert bundle.table("socket_calls").num_rows > 0
    for name in COSTLY:
        assert set(bundle.table(name)["window"].to_pylist()) <= {"diagnose"}, name
    assert not [name for name in bundle.files() if "off-cpu" in name and ".measure." in name]
    assert attached() == 0


def test_collectors_that_say_diagnose_alone_are_begun_in_no_other_window() -> None:
    alone = {name for name, one in registry.collectors().items() if one().phases == {Phase.DIAGNOSE}}
    assert {"sockets", "go_trace"} <= alone

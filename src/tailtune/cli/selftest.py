"""`tailtune selftest`: proves the tool on this machine."""

from typing import Annotated, Final

from cyclopts import App, Parameter

from tailtune.cli.exits import exit_of_selftest, exit_of_verdicts
from tailtune.cli.options import AS_TEXT, ConfigOption, Output, Positive, find_root
from tailtune.cli.progress import showing
from tailtune.cli.terminal import emit

selftest = App(name="selftest", help="Prove the tool on this machine.", help_epilogue="", sort_key=10)

_SYNTHETIC: Final = 8_000
_REPLAYED: Final = 2_000
_LIVE: Final = 1


@selftest.command(name="load")
def load(
    *, quick: Annotated[bool, Parameter(negative="", show_default=False)] = False, output: Output = AS_TEXT
) -> int:
    """Load servers of which the result is known, and compare what the load engine reports with it.

    A frozen server, one that does nothing, queues whose waiting times theory knows, a capped pool, and a generator
    that is starved on purpose, which must be called INVALID. Takes under three minutes. Exits 103 if the engine
    reported what is not true, 3 if the machine was too disturbed to show it.

    Parameters
    ----------
    quick
        Under 40 seconds; too few requests for a p99.
    """
    from tailtune.lab.selftest_load import selftest_load
    from tailtune.show.text.selftest import load_selftest

    with showing(output) as progress:
        result = selftest_load(quick=quick, progress=progress)
    emit(result, load_selftest, output)
    return exit_of_selftest(result)


@selftest.command(name="verdicts")
def verdicts(
    *,
    synthetic: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    experiments: Annotated[int, Positive] = _SYNTHETIC,
    replay: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    live_aa: Annotated[int | None, Positive] = None,
    live_injected: Annotated[int | None, Positive] = None,
    slowdown: Annotated[list[str] | None, Parameter(negative="")] = None,
    hogs: int = 0,
    keep: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    seed: int = 1,
    config: ConfigOption = None,
    output: Output = AS_TEXT,
) -> int:
    """Count how often verdicts of `compare` are wrong: in simulated, in recorded and in live experiments.

    The live ones compare a small server that comes with the tool with itself, and with itself slowed down. Without a
    part named: the synthetic one, the replay, one live A/A and one live slowdown, together under ten minutes. Exits
    103 if more verdicts were false than chance explains, 3 if none could be given, 130 if it was interrupted.

    Parameters
    ----------
    synthetic
        Experiments out of a model of noise, in 20 kinds of it, about a minute.
    experiments
        Of each kind of noise without a change; as many again with one.
    replay
        Experiments drawn from recorded A/As of this project, and from the live ones.
    live_aa
        Compare the built-in service with itself so often, about three minutes each.
    live_injected
        Compare it so often with each of its slowdowns, two to seven minutes each.
    slowdown
        Only cpu-2, cpu-5, cpu-10, slow-requests, tail-10, allocations or lock. Repeatable.
    hogs
        Keep CPUs busy with so many processes meanwhile, the service's CPU first.
    keep
        Keep the recordings of live comparisons in this project, for `--replay` and for other eyes.
    seed
        Of simulations, loads and orders.
    """
    from tailtune.lab.selftest_verdicts import selftest_verdicts
    from tailtune.model.selftest_verdicts import Parts
    from tailtune.show.text.selftest_verdicts import verdict_selftest as shown

    usual = not (synthetic or replay or live_aa or live_injected)
    once = _LIVE if usual else 0
    parts = Parts(
        synthetic=experiments if synthetic or usual else 0,
        replay=_REPLAYED if replay or usual else 0,
        live_aa=live_aa or once,
        live_injected=live_injected or once,
        slowdowns=tuple(slowdown or (["cpu-10"] if usual else [])),
        hogs=max(0, hogs),
        keep=keep,
        seed=seed,
    )
    with showing(output) as progress:
        result = selftest_verdicts(parts, find_root(config), progress)
    emit(result, shown, output)
    return exit_of_verdicts(result)

"""Asks fresh services the same requests in the same order, so that their answers can be compared."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from tailtune.model.answers import AnswerSet, AnswersReport
from tailtune.model.recording import Phase
from tailtune.record.phases.player import Player
from tailtune.record.phases.seeds import derive_seed
from tailtune.record.phases.service import RunningService
from tailtune.record.ports import AnswersJudge, Quota

_DEFAULT = Quota()


def compare_answers(
    services: Sequence[RunningService],
    player: Player,
    *,
    seed: int,
    judge: AnswersJudge,
    again: Callable[[], AbstractContextManager[RunningService]],
    quota: Quota = _DEFAULT,
) -> list[AnswersReport]:
    """Compare what the baseline and each candidate answer; all must have been started just now and be ready.

    Each is asked the same requests one after another on one connection: sessions and services with a state see
    the same order from the same state. Where answers differ, the baseline is started once more and asked the
    same: what differs between its own starts says nothing about a candidate. So one call is for all candidates.

    Args:
        services: The baseline and its candidates, ready, before any load.
        player: Of the experiment's workload.
        seed: Of the experiment; the requests are others than those that are measured.
        judge: Compares kept answers, as `judge.answers.compare_answers` does.
        again: Starts the baseline once more and waits until it is ready; leaving the block ends it. Only called
            where answers differ.
        quota: How much is asked.

    Returns:
        A report about each candidate, in their order.

    Raises:
        ServiceDiedError: if a service ends meanwhile.
        NotReadyError: if the second start does not get ready.
        KeyboardInterrupt: if it was interrupted.
    """
    schedule = player.compile_answers(derive_seed(seed, Phase.ANSWERS), quota)

    def asked(service: RunningService) -> AnswerSet:
        report, answers = player.ask(schedule, service.port, quota, lambda: service.process.check(Phase.ANSWERS))
        service.process.check(Phase.ANSWERS)
        return AnswerSet(variant=service.build.name, answers=answers, early=report.early, trouble=report.trouble)

    baseline, *candidates = (asked(service) for service in services)
    first = [judge(player.workload, baseline, one, None) for one in candidates]
    if not any(report.differ for report in first):
        return first
    with again() as second:
        own = asked(second)
    return [judge(player.workload, baseline, one, own) for one in candidates]

"""Answers of two variants to the same requests, and the gates a variant has to pass."""

import msgspec

from tailtune.model.answer_rules import Compare


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a service answered to one request of a schedule."""

    number: int
    """Of the request in the schedule, from 0."""
    operation: int
    """Index into the workload's operations."""
    outcome: str
    """`ok`, `unexpected-status` or `unexpected-body` for a complete answer; `timeout`, `connection-error`."""
    status: int
    """0 without an answer, and where the protocol has none."""
    length: int
    """Of the whole body, in bytes."""
    sha256: bytes
    """Of the whole body."""
    body: bytes
    """Its beginning."""
    cut: bool
    """Whether there is more of it than was kept."""

    @property
    def is_complete(self) -> bool:
        """Whether an answer came to its end."""
        return self.outcome not in ("timeout", "connection-error")


class AnswerSet(msgspec.Struct, frozen=True, kw_only=True):
    """The answers of one start of a variant, in the order in which they were asked for."""

    variant: str
    answers: list[Answer]
    early: bool = False
    """Time was over before all was asked."""
    trouble: str = ""
    """Why a request got no answer, the first time."""


class AnswerDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One pair of answers that differ, as short excerpts."""

    request: int
    """Number of the request in the schedule of answers, from 0."""
    place: str
    """`answer`, `status`, `length`, `body`, or a path into JSON."""
    baseline: str
    candidate: str


class OperationAnswers(msgspec.Struct, frozen=True, kw_only=True):
    """How the answers to one operation compare."""

    operation: str
    compare: Compare
    """How much was asked to be equal."""
    compared: int
    """Pairs of answers that were compared."""
    equal: int
    differing: int
    places: list[str] = []
    """Where they differ, the most frequent first; places in arrays without their index."""
    first: list[AnswerDifference] = []
    """The first differences."""
    volatile: list[str] = []
    """Where answers of the baseline differ between two starts of it: not compared there."""
    note: str = ""
    """What was not compared, why, and what helps; empty where all was."""


class AnswersReport(msgspec.Struct, frozen=True, kw_only=True):
    """Whether two variants answer alike: the same requests in the same order, each on a fresh start."""

    baseline: str
    candidate: str
    asked: int
    """Requests that both were asked."""
    operations: list[OperationAnswers]
    checked_twice: bool = False
    """Whether the baseline was started and asked again, to tell what differs by itself."""
    warnings: list[str] = []

    @property
    def differ(self) -> bool:
        """Whether the candidate answers otherwise than the baseline, beyond what differs by itself."""
        return any(one.differing for one in self.operations)

    @property
    def compared(self) -> int:
        """Pairs of answers that were compared."""
        return sum(one.compared for one in self.operations)


class GateResult(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a variant passed one gate."""

    variant: str
    name: str
    """`test` or `race`."""
    passed: bool
    seconds: float
    log: str = ""
    """Its output in the recording, for example `logs/base.test.txt`; empty: it was not run for itself."""
    reason: str = ""
    """Why it did not pass, or what it could not see."""

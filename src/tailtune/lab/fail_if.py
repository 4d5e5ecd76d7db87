"""The conditions of `--fail-if`, read before anything is sent."""

from collections.abc import Sequence

from tailtune.errors import UsageError
from tailtune.model.condition import Condition
from tailtune.model.workload import Workload


def check_conditions(texts: Sequence[str], workload: Workload) -> list[str]:
    """Return the conditions as they are recorded.

    Raises:
        UsageError: if one cannot be read, or names an operation that the workload does not have.
    """
    names = [operation.name for operation in workload.operations]
    read = []
    for text in texts:
        try:
            one = Condition.parse(text)
        except ValueError as error:
            raise UsageError(f"--fail-if {error}") from None
        if one.operation and one.operation not in names:
            raise UsageError(
                f"--fail-if {text!r}: no operation is called {one.operation!r}",
                hint=f"the workload's operations: {', '.join(names)}",
            )
        read.append(one.text)
    return read

"""How a failed self-check of a load is written down; two files of checks share it."""

from tailtune.model.load import Reason, Validity


def graded(code: str, message: str, remedy: str, *, invalid: bool) -> Reason:
    """Return a reason that is INVALID or else SUSPECT."""
    return Reason(code=code, validity=Validity.INVALID if invalid else Validity.SUSPECT, message=message, remedy=remedy)


def suspect(code: str, message: str, remedy: str) -> Reason:
    """Return a reason to doubt the numbers."""
    return graded(code, message, remedy, invalid=False)


def invalid(code: str, message: str, remedy: str) -> Reason:
    """Return a reason not to use the numbers."""
    return graded(code, message, remedy, invalid=True)

"""The file of kept answers that the engine leaves, read into the model."""

import struct
from pathlib import Path
from typing import Final

from tailtune.bundle.schema import OUTCOMES
from tailtune.errors import RecordingError
from tailtune.model.answers import Answer

_HEADER: Final = struct.Struct("<8sII")
_MAGIC: Final = b"TTANSW\n\0"
_VERSION: Final = 1
_RECORD: Final = struct.Struct("<QQ32sIHHB?6x")


def read_answers(path: Path) -> list[Answer]:
    """Read the answers in the order in which they came; at most 32 MiB of bodies.

    A record that was cut off, by a full disk, is left out.

    Raises:
        RecordingError: if the file is missing or is not what the engine writes.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordingError(f"cannot read the answers {path}: {error.strerror}") from None
    if len(data) < _HEADER.size or _HEADER.unpack_from(data) != (_MAGIC, _VERSION, _RECORD.size):
        raise RecordingError(f"{path} is not a file of answers of version {_VERSION}")
    answers, at = [], _HEADER.size
    while at + _RECORD.size <= len(data):
        number, length, sha256, kept, operation, status, outcome, cut = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        if at + kept > len(data) or outcome >= len(OUTCOMES):
            break
        answers.append(
            Answer(
                number=number,
                operation=operation,
                outcome=OUTCOMES[outcome],
                status=status,
                length=length,
                sha256=sha256,
                body=data[at : at + kept],
                cut=cut,
            )
        )
        at += kept
    return answers

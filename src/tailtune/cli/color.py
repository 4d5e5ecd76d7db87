"""Color for the few words of a result that carry its message. The text says the same without it."""

import re
from typing import Final

_RESET: Final = "\x1b[0m"
_GREEN, _RED, _YELLOW, _CYAN, _BOLD = "\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[36m", "\x1b[1m"
_WORDS: Final = {
    r"\b(?:improved|VALID|ok)\b": _GREEN,
    r"\b(?:regressed|INVALID|failed)\b": _RED,
    r"\b(?:inconclusive|unsteady|too-noisy|SUSPECT|limited|PARTIAL|warning:)(?![\w-])": _YELLOW,
    r"[░▒]+": _CYAN,
    r"▓+": _YELLOW,
    r"█+": _RED,
    r"^ *(?:\$ )?tailtune [a-z].*$": _CYAN,
    r"\A.+$": _BOLD,
}


def colored(text: str) -> str:
    """Return `text` with its verdicts, validity and commands in color; nothing else is changed."""
    pattern = re.compile("|".join(f"({word})" for word in _WORDS), re.MULTILINE)
    colors = list(_WORDS.values())
    return pattern.sub(lambda match: f"{colors[(match.lastindex or 1) - 1]}{match.group()}{_RESET}", text)

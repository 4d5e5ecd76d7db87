r"""Words of a shell command: quotes of both kinds, backslashes, `$'...'`, continued lines.

Nothing is expanded: a variable stays the text that it is.
"""

import re
from collections.abc import Iterator
from typing import Final

from tailtune.errors import UsageError

_TOKEN: Final = re.compile(
    r"(?P<space>[ \t]+|\\\r?\n)"
    r"|(?P<end>\r?\n|;|&&|\|\|?|&)"
    r"|(?P<comment>\#[^\n]*)"
    r"|(?P<ansi>\$'(?:[^'\\]|\\.)*')"
    r"|(?P<single>'[^']*')"
    r'|(?P<double>\$?"(?:[^"\\]|\\.)*")'
    r"|(?P<escaped>\\.)"
    r"|(?P<bare>[^\s'\"\\;&|#$]+|[#$])",
    re.DOTALL,
)
_IN_DOUBLE: Final = re.compile(r'\\(\r?\n|[$`"\\])')
_ANSI: Final = re.compile(
    r"\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})|(.))", re.DOTALL
)
_ANSI_LETTERS: Final = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b"}
_PROGRAMS: Final = frozenset({"curl", "curl.exe"})
_PROMPTS: Final = frozenset({"$", "#", ">", "%"})


def commands(text: str) -> list[list[str]]:
    """Return the curl commands of a text as words, the program's name first.

    Raises:
        UsageError: if a quote is not closed, or there is no curl command, or something else than one.
    """
    found = [words for words in _split(text) if words]
    for words in found:
        if words[0] in _PROMPTS and len(words) > 1:
            del words[0]
        if words[0].rpartition("/")[2] not in _PROGRAMS:
            raise UsageError(
                f"{words[0][:40]!r} is no curl command", hint="give commands that begin with curl, each on a line"
            )
    if not found:
        raise UsageError("there is no curl command in the text", hint="give the whole command, quotes and all")
    return found


def _split(text: str) -> Iterator[list[str]]:
    words: list[str] = []
    word: str | None = None
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise UsageError(f"a quote is not closed: {text[position : position + 40]!r}", hint="copy it whole")
        position = token.end()
        kind = token.lastgroup
        if kind == "comment" and word is not None:  # within a word it is no comment
            word, position = word + "#", token.start() + 1
        elif kind in ("space", "end", "comment"):
            if word is not None:
                words.append(word)
            word = None
            if kind == "end":
                yield words
                words = []
        else:
            word = (word or "") + _unquoted(kind or "", token.group())
    yield [*words, *([] if word is None else [word])]


def _unquoted(kind: str, text: str) -> str:
    match kind:
        case "single":
            return text[1:-1]
        case "double":
            return _IN_DOUBLE.sub(lambda found: "" if "\n" in found[1] else found[1], text.removeprefix("$")[1:-1])
        case "ansi":
            return _ANSI.sub(_ansi, text[2:-1])
        case "escaped":
            return text[1:]
        case _:
            return text


def _ansi(found: re.Match[str]) -> str:
    byte, short, long, octal, letter = found.groups()
    if letter is not None:
        return _ANSI_LETTERS.get(letter, letter if letter in "\\'\"?" else f"\\{letter}")
    code = int(octal, 8) & 0xFF if octal else int(byte or short or long, 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\N{REPLACEMENT CHARACTER}"

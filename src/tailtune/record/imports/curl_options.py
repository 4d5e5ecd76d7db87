"""The options of curl: which there are, which take a value, and reading them off the words of a command."""

from collections.abc import Iterator
from typing import Final

from tailtune.errors import UsageError

_WITH_VALUE: Final[dict[str, str]] = {
    "-X": "request", "-H": "header", "-d": "data", "-u": "user", "-A": "user-agent", "-e": "referer",
    "-b": "cookie", "-m": "max-time", "-F": "form", "-T": "upload-file", "-o": "output", "-w": "write-out",
    "-x": "proxy", "-c": "cookie-jar", "-D": "dump-header", "-E": "cert", "-K": "config", "-r": "range",
    "-y": "speed-time", "-Y": "speed-limit", "-C": "continue-at", "-z": "time-cond", "-P": "ftp-port",
    "-Q": "quote", "-t": "telnet-option", "-U": "proxy-user",
}  # fmt: skip
_WITHOUT: Final[dict[str, str]] = {
    "-G": "get", "-I": "head", "-k": "insecure", "-L": "location", "-s": "silent", "-S": "show-error",
    "-v": "verbose", "-i": "include", "-f": "fail", "-N": "no-buffer", "-O": "remote-name", "-g": "globoff",
    "-#": "progress-bar", "-4": "ipv4", "-6": "ipv6", "-n": "netrc", "-J": "remote-header-name", "-R": "remote-time",
    "-0": "http1.0", "-1": "tlsv1", "-q": "disable", "-j": "junk-session-cookies", "-a": "append", "-l": "list-only",
    "-B": "use-ascii", "-p": "proxytunnel", "-Z": "parallel", "-:": "next",
}  # fmt: skip
_LONG_WITH_VALUE: Final = frozenset(_WITH_VALUE.values()) | {
    "data-raw", "data-binary", "data-ascii", "data-urlencode", "json", "url", "unix-socket", "cacert", "capath",
    "connect-timeout", "resolve", "connect-to", "retry", "retry-delay", "retry-max-time", "limit-rate", "interface",
    "max-redirs", "key", "ciphers", "tls13-ciphers", "tls-max", "oauth2-bearer", "url-query", "form-string",
    "stderr", "trace", "trace-ascii", "keepalive-time", "abstract-unix-socket", "aws-sigv4", "dns-servers", "doh-url",
    "curves", "noproxy", "output-dir", "parallel-max", "proto", "proto-default", "proto-redir", "rate",
}  # fmt: skip
_LONG_WITHOUT: Final = frozenset(_WITHOUT.values()) | {
    "http2", "http2-prior-knowledge", "http1.1", "compressed", "no-progress-meter", "fail-with-body", "path-as-is",
    "no-keepalive", "tcp-nodelay", "tcp-fastopen", "tlsv1.2", "tlsv1.3", "ssl", "ssl-reqd", "location-trusted",
    "raw", "tr-encoding", "basic", "anyauth", "digest", "ntlm", "negotiate", "http3", "http3-only", "no-sessionid",
    "styled-output", "create-dirs", "post301", "post302", "post303", "disable-eprt", "no-alpn", "no-buffer",
    "remove-on-error", "parallel-immediate", "retry-all-errors", "retry-connrefused", "suppress-connect-headers",
}  # fmt: skip


def options_of(words: list[str], where: str) -> Iterator[tuple[str, str]]:
    """Yield each option by its long name, with its value or nothing; an URL without an option is `url`.

    Args:
        words: the command without its first word.
        where: what error messages begin with.

    Raises:
        UsageError: for an option that curl does not have, or whose value is missing.
    """
    rest = iter(words)
    for word in rest:
        if word.startswith("--") and len(word) > 2:
            name = word[2:]
            if name in _LONG_WITH_VALUE:
                yield name, _next(rest, word, where)
            elif name in _LONG_WITHOUT or name.removeprefix("no-") in _LONG_WITHOUT:
                yield name, ""
            else:
                raise _unknown(word, where)
        elif word.startswith("-") and len(word) > 1 and word != "--":
            yield from _short(word, rest, where)
        elif word != "--":
            yield "url", word


def _short(word: str, rest: Iterator[str], where: str) -> Iterator[tuple[str, str]]:
    """Take a word of short options: `-sSL`, `-XPOST`, `-H value`."""
    for index, char in enumerate(word[1:], 2):
        option = f"-{char}"
        if option in _WITH_VALUE:
            yield _WITH_VALUE[option], word[index:] or _next(rest, option, where)
            return
        if option not in _WITHOUT:
            raise _unknown(option, where)
        yield _WITHOUT[option], ""


def _next(rest: Iterator[str], option: str, where: str) -> str:
    value = next(rest, None)
    if value is None:
        raise UsageError(f"{where}: option {option} has no value")
    return value


def _unknown(option: str, where: str) -> UsageError:
    return UsageError(f"{where}: option {option} is unknown", hint="leave it out of the command")

"""The last step before a started program: prepares the process, then becomes the program.

Run by path with `python -I -S`, so it starts in milliseconds and imports nothing of tailtune. A process of
its own, because running Python between fork and exec inside a tool with threads may deadlock.

Arguments: report descriptor, parent pid, CPUs (comma-separated, may be empty), `keep` or `drop` for the
variable LC_CTYPE, which Python itself sets in a C locale (PEP 538), `--`, program and its arguments.
The report says `ok MONOTONIC_NS`, or `error TEXT` when the program cannot be executed.
"""

import ctypes
import os
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Prepare this process and replace it by the program."""
    report, parent, cpus, locale, _, *argv = sys.argv[1:]
    descriptor = int(report)
    os.set_inheritable(descriptor, False)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit("tailtune ended before the program was started")
    if cpus:
        os.sched_setaffinity(0, {int(cpu) for cpu in cpus.split(",")})
    if locale == "drop":
        os.environ.pop("LC_CTYPE", None)
    # Python ignores these two for itself; the program shall find them as every program does.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    started_ns = time.monotonic_ns()
    try:
        os.write(descriptor, f"ok {started_ns}".encode())
        os.execvp(argv[0], argv)  # noqa: S606 - no shell is wanted
    except OSError as error:
        os.write(descriptor, f"error {error.strerror}".encode())
        sys.exit(127)


if __name__ == "__main__":
    main()

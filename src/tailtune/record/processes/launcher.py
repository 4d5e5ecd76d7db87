"""The last step before a started program: prepares the process, then becomes the program.

Run by path with `python -I -S`, so it starts in milliseconds and imports nothing of tailtune. A process of
its own, because running Python between fork and exec inside a tool with threads may deadlock.

Arguments: report descriptor, parent pid, settings as `name=value`, `--`, program and its arguments.
The report says `ok MONOTONIC_NS`; `refused NAME TEXT` when the kernel does not grant a setting; or
`error TEXT` when the program cannot be executed.
"""

import ctypes
import os
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1
_PR_SET_THP_DISABLE = 41
_ADDR_NO_RANDOMIZE = 0x0040000
_PERSONALITY_NOW = 0xFFFFFFFF
_POLICIES = {"other": os.SCHED_OTHER, "batch": os.SCHED_BATCH, "idle": os.SCHED_IDLE, "fifo": os.SCHED_FIFO}
_ATTEMPTS = 20
_PAUSE_SECONDS = 0.05
_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Prepare this process and replace it by the program."""
    report, parent, *words = sys.argv[1:]
    end = words.index("--")
    settings, argv = words[:end], words[end + 1 :]
    descriptor = int(report)
    os.set_inheritable(descriptor, False)
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit("tailtune ended before the program was started")
    for setting in settings:
        name, _, value = setting.partition("=")
        try:
            apply(name, value)
        except OSError as error:
            os.write(descriptor, f"refused {name} {error.strerror}".encode())
            sys.exit(126)
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


def apply(name: str, value: str) -> None:
    """Give this process one setting; programs inherit it over exec.

    `group@KNOB`: into the control group of this directory. `locale`: forget LC_CTYPE, which Python itself
    sets in a C locale (PEP 538). Raises OSError when the kernel refuses.
    """
    if name.startswith("group@"):
        with open(f"{value}/cgroup.procs", "w", encoding="ascii") as stream:  # noqa: PTH123 - pathlib is slow to import
            stream.write(str(os.getpid()))
    elif name == "affinity":
        os.sched_setaffinity(0, {int(cpu) for cpu in value.split(",")})
    elif name == "nice":
        _set_nice(int(value))
    elif name == "scheduling":
        policy, _, priority = value.partition(":")
        os.sched_setscheduler(0, _POLICIES[policy], os.sched_param(int(priority or 0)))
    elif name == "huge-pages":
        _check(_libc.prctl(_PR_SET_THP_DISABLE, 1, 0, 0, 0))
    elif name == "aslr":
        now = _libc.personality(ctypes.c_ulong(_PERSONALITY_NOW))
        _check(_libc.personality(ctypes.c_ulong((now & _PERSONALITY_NOW) | _ADDR_NO_RANDOMIZE)))
    elif name == "locale":
        os.environ.pop("LC_CTYPE", None)


def _set_nice(value: int) -> None:
    """Set the nice value, and that of the session's group: with autogroups it is what counts against others.

    See sched(7), The autogroup feature: inside its own group a nice value has nobody to be nicer to.
    """
    os.setpriority(os.PRIO_PROCESS, 0, value)
    for attempt in range(_ATTEMPTS):
        try:
            with open("/proc/self/autogroup", "w", encoding="ascii") as stream:  # noqa: PTH123
                stream.write(str(value))
        except FileNotFoundError:
            return
        except BlockingIOError:  # the kernel allows ten changes a second to all who are not root
            if attempt + 1 == _ATTEMPTS:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _check(status: int) -> None:
    if status < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    main()

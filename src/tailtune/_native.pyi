"""
The native core: load generation, sampling, symbols and profile tables.
"""

from _typeshed import SupportsGetItem
from ipaddress import IPv4Address, IPv6Address
from os import PathLike
from typing import Any, Final, SupportsFloat, SupportsIndex, final

__all__ = ["VERSION", "Counters", "NullServer", "Profile", "QueueServer", "Sampler", "Sampling", "SocketCalls", "SpeedGauge", "StopSignal", "WorkServer", "ask", "build_id", "compile_protos", "compile_schedule", "content_sha256", "die_with_parent", "encode_hdr", "group_sums", "grpc_methods", "normalize_function", "perf_capability", "play", "profile_format", "read_collapsed", "read_go_intervals", "read_go_trace", "read_heap_v2", "read_perf_data", "read_perf_script", "replace_all", "spend_rounds", "timer_error", "view_schedule", "why_not_preloadable"]

VERSION: Final[str]
"""
Version of the native core, equal to the version of the Python package.
"""

@final
class Counters:
    """
    Counts events of a process over all its threads and descendants, present and future, without interrupting them.

    Constructing it finds out, by trying, what is permitted; nothing is counted before `start`.
    Raises NativeError if there is no such process, or an event's name is not known.
    """
    def __new__(cls, /, pid: SupportsIndex, events: SupportsGetItem[int, str]) -> Counters:
        """
        Open counters of process `pid` for events by perf's names: `cycles`, `instructions`, `cache-misses`,
        `stalled-cycles-backend`; of the kernel's own: `task-clock`, `page-faults`, `context-switches`.
        """
    @property
    def counts_kernel(self, /) -> bool:
        """
        Whether what the kernel does for the process counts as well.
        """
    @property
    def missed_threads(self, /) -> bool:
        """
        Whether threads were started all the while counters were opened: some may not be counted.
        """
    def read(self, /) -> list[tuple[str, int, int, int, int]]:
        """
        Return what was counted so far, as `stop` does.
        """
    @property
    def refused(self, /) -> list[tuple[str, str]]:
        """
        Events that cannot be counted: (name, reason).
        """
    def start(self, /) -> None:
        """
        Begin to count. Raises NativeError if it was started before.
        """
    def stop(self, /) -> list[tuple[str, int, int, int, int]]:
        """
        End counting. Return (event, count, counted, enabled_ns, running_ns) of each event that is not refused.

        `counted` happened in `running_ns`, while the event had a counter; `count` is that extended, thread by thread, to
        `enabled_ns`, all the time in which threads ran. Works as well when the process has ended.
        """

@final
class NullServer:
    """
    A server that answers every request with the same small 200: the floor of what a client can measure.
    """
    def __new__(cls, /, port: SupportsIndex = 0, delay_us: SupportsIndex = 0, *, close_every: SupportsIndex = 0, real_time: bool = False, journal: str | PathLike[str] | None = None, records: SupportsIndex = 1000000) -> NullServer:
        """
        Listen on 127.0.0.1:port, or on a free port for 0.

        Args:
            port: Port; 0: a free one.
            delay_us: Each answer is held back by this.
            close_every: In place of every n-th answer the connection is closed; 0: never.
            real_time: Whether to try for real-time priority while serving.
            journal: File for the times of receipt, or nothing.
            records: How many of them it has room for; the oldest go first.

        Raises:
            NativeError: When the port is taken, or the journal cannot be made.
        """
    @property
    def port(self, /) -> int:
        """
        The port listened on.
        """
    def serve(self, /) -> None:
        """
        Serve until the process ends; may be called once.
        """

@final
class Profile:
    """
    Unique stacks with values, and the single samples behind them where the source has them.
    """
    @property
    def comments(self, /) -> list[str]:
        """
        Free text that came with the profile.
        """
    @property
    def default_value(self, /) -> int:
        """
        Which sample type to look at first: the one that the profile names, else the last.
        """
    @property
    def duration_ns(self, /) -> int:
        """
        Length in ns; 0 where unknown.
        """
    def filter(self, /, *, focus: str = "", ignore: str = "", thread: str = "", label: str = "", begin_ns: SupportsIndex | None = None, end_ns: SupportsIndex | None = None) -> Profile:
        """
        Return the part of the profile that a filter keeps; without arguments, all of it.

        Args:
            focus: Regular expression; some frame of a kept stack has a function, file or module that matches.
            ignore: Regular expression; no frame of a kept stack has.
            thread: Regular expression of names or numbers of threads.
            label: Regular expression of labels written `key:value`.
            begin_ns: Earliest, in ns after the first sample.
            end_ns: The end, in ns after the first sample; not kept itself.

        Raises:
            NativeError: For what is no regular expression, and for threads or times of a profile without single samples.
        """
    def frames(self, /) -> list[tuple[str, str, str, int, bool, bool]]:
        """
        All different frames: (function, file, module, line, inlined, kernel).

        `inlined`: the compiler copied the function into the next frame's. Unknown lines are 0.
        """
    @staticmethod
    def from_pprof(data: bytes) -> Profile:
        """
        Read a pprof profile, gzip or raw. Raises NativeError if it is damaged or unpacks to more than 512 MiB.
        """
    @property
    def lost(self, /) -> int:
        """
        Samples that the kernel had no room for.
        """
    @staticmethod
    def merge(profiles: SupportsGetItem[int, Profile], weights: SupportsGetItem[int, SupportsIndex] | None = None) -> Profile:
        """
        Add profiles with the same sample types up; each value counts as often as its profile's weight says.

        Without weights all count once, and single samples are kept; -1 takes away. Raises NativeError
        without profiles and for other sample types, ValueError unless there is one weight for each profile.
        """
    @property
    def period(self, /) -> int:
        """
        Distance between samples in units of the period type, ns for CPU profiles; 0 where unknown.
        """
    @property
    def sample_types(self, /) -> list[tuple[str, str]]:
        """
        What the values of each stack mean: (type, unit), for example ("cpu", "nanoseconds").
        """
    def sample_values(self, /, i: SupportsIndex) -> bytes:
        """
        What each single sample counts for sample type `i`, as little-endian i64.

        Raises IndexError if there is no such type.
        """
    def samples(self, /) -> tuple[bytes, bytes, bytes, bytes]:
        """
        The single samples in columns of little-endian numbers: (t_ns i64, tid i32, cpu i32, stack u32).

        In the order of time; empty for profiles read from pprof.
        """
    def since(self, /, earlier: Profile) -> Profile:
        """
        Return what came after an earlier profile of the same process, both counted since its start.

        Stacks without a change are left out; values that are no counters may turn negative. It lasts from the one to
        the other. Raises NativeError for other sample types.
        """
    def squares(self, /, i: SupportsIndex) -> bytes:
        """
        Sums of the squared values of the single samples of each stack, for sample type `i`: little-endian f64.

        Empty for profiles without single samples.
        """
    def stack_columns(self, /) -> tuple[bytes, bytes]:
        """
        All different stacks in columns of little-endian u32: (frames in each stack, frames of all stacks one after the other).
        """
    def stack_labels(self, /, key: str) -> list[str | None]:
        """
        The value of one label for each stack, numbers with their unit; None where a stack does not have it.
        """
    def stacks(self, /) -> list[list[int]]:
        """
        All different stacks as indices into `frames`, leaf first, inlined calls expanded.
        """
    @property
    def threads(self, /) -> list[tuple[int, int, str]]:
        """
        Threads that are known: (number, process, name); the name may be empty.
        """
    def to_collapsed(self, /, value: SupportsIndex = 0) -> str:
        """
        Write collapsed text of one sample type: a line a stack, root first, joined by semicolons, then the value.
        """
    def to_firefox(self, /, name: str, value: SupportsIndex = 0) -> str:
        """
        Write one sample type for the Firefox Profiler: JSON, single samples in time where the profile has them.
        """
    def to_pprof(self, /) -> bytes:
        """
        Write gzip'd pprof, as `go tool pprof` reads it. Single samples are not part of the format.
        """
    def tree(self, /, value: SupportsIndex, bottom_up: bool = False) -> tuple[bytes, list[str], bytes, bytes]:
        """
        Join the stacks of one sample type by function, from callers to callees, or from leaves to callers.

        Returns columns: (parents i32, names, own values i64, total values i64), numbers little-endian.
        Row 0 is the root, without a name; every other row comes after its parent.
        """
    def values(self, /, i: SupportsIndex) -> list[int]:
        """
        The value of each stack for sample type `i`. Raises IndexError if there is no such type.
        """
    @property
    def warnings(self, /) -> list[str]:
        """
        What the reader must know before believing the numbers.
        """

@final
class QueueServer:
    """
    A single server with a queue whose waiting times theory knows: M/D/1 and M/G/1 under Poisson load.
    """
    def __new__(cls, /, law: str, mean_us: SupportsFloat | SupportsIndex, *, scv: SupportsFloat | SupportsIndex = 1.0, seed: SupportsIndex = 1, port: SupportsIndex = 0, journal: str | PathLike[str] | None = None, records: SupportsIndex = 1000000) -> QueueServer:
        """
        Listen on 127.0.0.1:port, or on a free port for 0.

        Args:
            law: `constant`, `exponential` or `hyperexponential` (two exponentials of balanced means).
            mean_us: Mean service time.
            scv: Squared coefficient of variation of the hyperexponential, at least 1.
            seed: Fixes the service times.
            port: Port; 0: a free one.
            journal: File for arrival, begin, end and answer of each service, or nothing.
            records: How many of them it has room for; the oldest go first.

        Raises:
            NativeError: For an impossible law, a taken port, or a journal that cannot be made.
        """
    @property
    def port(self, /) -> int:
        """
        The port listened on.
        """
    def serve(self, /, cpu: SupportsIndex | None = None) -> None:
        """
        Serve until the process ends, on one CPU if given; may be called once.
        """

@final
class Sampler:
    """
    Samples a process with all its threads and descendants, present and future, or the whole machine.

    Constructing it finds out, by trying, what is permitted; nothing is sampled before `start`.
    Where no event may be opened, `mode` begins with "/proc" and frames are states rather than code.
    Raises NativeError, with the remedy as hint, if there is no such process or nothing can be seen of it.
    """
    def __new__(cls, /, pid: SupportsIndex, frequency_hz: SupportsIndex, *, off_cpu: bool = False, event: tuple[str, SupportsIndex] | None = None, dwarf: bool = False, whole_machine: bool = False) -> Sampler:
        """
        Open events for process `pid` at `frequency_hz` samples per second of CPU time (0: none; to 100,000).

        `off_cpu`: states of threads, and stacks at which they left the CPU; `event`: stacks at which an event of
        `Counters` happened, of one in so many, such as `("page-faults", 1)`; `dwarf`: callers of code without frame
        pointers, for more CPU time; `whole_machine`: all processes.
        """
    @property
    def lost_note(self, /) -> str:
        """
        What is lost against the best mode, with the remedy; empty: nothing.
        """
    @property
    def mode(self, /) -> str:
        """
        The mode that worked, in words.
        """
    def start(self, /) -> None:
        """
        Begin to sample. Raises NativeError if it was started before.
        """
    def stop(self, /, progress: Any | None = None) -> Sampling:
        """
        End sampling, name all addresses, and return what came of it. May take seconds for large binaries.

        `progress` is called now and then with the addresses of a profile that are named, and all there are; what
        it raises is raised here. Works as well when the process has ended. Raises NativeError if it is not running.
        """

@final
class Sampling:
    """
    What came of sampling, from `start` to `stop`.
    """
    @property
    def event(self, /) -> Profile | None:
        """
        Stacks at which the event happened, if one was asked for: how often, such as ("faults", "count"); if one in many
        was sampled, before that how many were: ("samples", "count").
        """
    @property
    def lost(self, /) -> int:
        """
        Records of any kind that the kernel had no room for.
        """
    @property
    def mode(self, /) -> str:
        """
        How it was sampled, in words.
        """
    @property
    def off_cpu(self, /) -> Profile | None:
        """
        Stacks at which threads left the CPU, if they were asked for; one sample is one interval off the CPU.

        Values: ("switches", "count"), ("blocked", "nanoseconds") until the wake-up, ("runnable",
        "nanoseconds") until it ran again. Time off the CPU before the first switch counts no switch.
        """
    @property
    def on_cpu(self, /) -> Profile | None:
        """
        Stacks on the CPU, if they were asked for: ("samples", "count"), ("cpu", "nanoseconds").
        """
    def threads(self, /) -> list[tuple[int, int, str, int, int, int, int, int, int]]:
        """
        The states of the threads: (tid, pid, name, wall, on-CPU, runnable, blocked, switches, residue), in ns.

        The times add up to wall time; the residue could not be attributed. Many ended threads are summed
        in a last row with tid 0. Empty without `off_cpu`.
        """
    def wait_ends(self, /) -> tuple[tuple[bytes, bytes, bytes, bytes, bytes, bytes], list[str]]:
        """
        How intervals off the CPU ended: columns t_ns (i8), tid (i4), woken_by (i4), woken_in (u1), behind_pid (i4) and
        behind (u4), little-endian, and the names that `behind` numbers.

        `t_ns` and `tid` are those of the interval in `off_cpu`; `woken_in` is an index into `WOKEN_IN`. Intervals of
        which nothing is known are left out: all of them without `off_cpu`, or where wake-ups cannot be seen.
        """
    @property
    def warnings(self, /) -> list[str]:
        """
        What the reader must know before believing the numbers, besides what each profile says.
        """

@final
class SocketCalls:
    """
    Records when a process, and its descendants, present and future, read and wrote on connections with one port of theirs,
    and when they began to open connections to any.

    Constructing it finds out, by trying, whether that is permitted; nothing is recorded before `start`. Neither accept
    nor bytes that splice takes off a socket are seen.
    Raises NativeError, with the remedy as hint, if there is no such process, BPF programs may not be loaded, or the kernel
    is older than 6.3.
    """
    def __new__(cls, /, pid: SupportsIndex, port: SupportsIndex) -> SocketCalls:
        """
        Load the programs that watch process `pid` on connections whose own port is `port`.
        """
    @property
    def mode(self, /) -> str:
        """
        How calls are seen, in words.
        """
    def start(self, /) -> None:
        """
        Begin to record. Raises NativeError if it was started before.
        """
    def stop(self, /) -> tuple[tuple[bytes, bytes, bytes, bytes, bytes, bytes], int]:
        """
        End recording. Return the columns t_ns (i8), tid (i4), pid (i4), kind (u1), peer_port (u2) and bytes (i8) of the
        calls in the order in which they ended, little-endian, and how many calls were lost for want of room.

        Times are CLOCK_MONOTONIC nanoseconds; kinds are indices into `SOCKET_KINDS`. Works as well when the process has
        ended. Raises NativeError if it is not running.
        """

@final
class SpeedGauge:
    """
    Tells how fast CPUs are: does the same piece of work about 250 times a second, where nothing else wants to run.

    Threads of this process, one a CPU, which take about one percent of it and end with `close`.
    """
    def __new__(cls, /, cpus: SupportsGetItem[int, SupportsIndex]) -> SpeedGauge:
        """
        Start it.

        Args:
            cpus: CPUs to gauge.

        Raises:
            OSError: When a thread cannot be bound to its CPU, or made to give way to others.
        """
    def close(self, /) -> None:
        """
        End its threads; safe to call twice.
        """
    def read(self, /) -> tuple[int, int, int]:
        """
        Return what it did so far: pieces, the CPU time that they took, and all its CPU time; zeros once it is closed.
        """

@final
class StopSignal:
    """
    Ends a running play from another thread; what was recorded is kept.
    """
    def __new__(cls, /) -> StopSignal: ...
    def set(self, /) -> None:
        """
        End the play now; may be called before it begins.
        """

@final
class WorkServer:
    """
    A server of which each request costs a fixed number of rounds of work: what verdicts are proved on.
    """
    def __new__(cls, /, port: SupportsIndex, rounds: SupportsIndex, *, slow_every: SupportsIndex = 0, slow_times: SupportsIndex = 1, blocks: SupportsIndex = 0, block_bytes: SupportsIndex = 1024, kept: SupportsIndex = 1000, locked_percent: SupportsIndex = 0) -> WorkServer:
        """
        Listen on 127.0.0.1:port, or on a free port for 0.

        Args:
            port: Port; 0: a free one.
            rounds: Work of a request, see `spend_rounds`.
            slow_every: One request in so many, told by its first line, takes more; 0: none.
            slow_times: How many times the work such a request takes.
            blocks: Blocks that a request allocates.
            block_bytes: Size of each.
            kept: For how many requests more they are kept.
            locked_percent: Percent of the work that is done under one lock of all threads.

        Raises:
            NativeError: When the port is taken.
        """
    @property
    def port(self, /) -> int:
        """
        The port listened on.
        """
    def serve(self, /) -> None:
        """
        Serve until the process ends; may be called once.
        """

def ask(schedule: str | PathLike[str], stop: StopSignal, output: str | PathLike[str], *, requests: SupportsIndex, each: SupportsIndex, seconds: SupportsFloat | SupportsIndex, host: IPv4Address | IPv6Address | None = None, port: SupportsIndex = 0, unix: str | PathLike[str] | None = None, tls_name: str | None = None, tls_ca: str | PathLike[str] | None = None, tls_insecure: bool = False) -> bytes:
    """
    Ask a service the requests of a schedule one after another on one connection, and keep the answers.

    Args:
        schedule: A compiled schedule.
        stop: Ends the asking early.
        output: File for the answers.
        requests: So many are taken from the schedule's beginning.
        each: Then further ones of operations that were asked less often than this.
        seconds: When to end in any case.
        host: IP address of the service, version 4 or 6; 127.0.0.1 when absent.
        port: Where it listens there.
        unix: Path of a Unix socket, in place of host and port.
        tls_name: Speak TLS with the server of this name.
        tls_ca: PEM file of certificates to trust besides the system's.
        tls_insecure: Trust any certificate.

    Returns:
        JSON object with the fields of `ports.Asked`.

    Raises:
        NativeError: When the schedule cannot be read, or the output cannot be written.
    """

def build_id(path: str) -> str:
    """
    Read the build ID of a binary: Go's as text, else GNU's in hex; empty if it has none.

    Raises NativeError if the file cannot be read.
    """

def compile_protos(files: dict[str, str], roots: SupportsGetItem[int, str]) -> bytes:
    """
    Compile .proto files into a serialized FileDescriptorSet, with all that they import.

    Args:
        files: Texts by the names that imports use; the well-known types are known anyway.
        roots: Names of the files to compile.

    Raises:
        NativeError: For a file that is wrong or imports what is not there.
    """

def compile_schedule(spec: bytes, blobs: SupportsGetItem[int, bytes | bytearray], path: str | PathLike[str], *, descriptors: bytes | None = None, trace: str | PathLike[str] | None = None) -> bytes:
    """
    Compile a workload into a schedule file; the same arguments give the same bytes on every machine.

    Args:
        spec: JSON object: arrivals, rates over time, protocol and operations with their templates.
        blobs: Bodies that operations draw, and what is sent first on each connection.
        path: File to write; an existing one is replaced, an incomplete one removed.
        descriptors: FileDescriptorSet with the services and messages, for gRPC.
        trace: Tab-separated text with the starts, for arrivals by trace.

    Returns:
        JSON object with `sha256` (hex), `requests`, `duration_ns`, `bytes` and `mean_rate_per_s`.

    Raises:
        NativeError: For impossible values, a trace that cannot be replayed, a message that does not
            match its descriptor, or when a file cannot be read or written.
    """

def content_sha256(path: str) -> str:
    """
    Return the SHA-256 of a program's loaded code and data, in hex, without build ID and debug information; empty for
    what is no ELF program.

    Raises NativeError if the file cannot be read.
    """

def die_with_parent(parent: SupportsIndex) -> None:
    """
    End this process when the parent thread that started it ends.

    Args:
        parent: Process ID the parent must still have.

    Raises:
        OSError: If the parent has ended already.
    """

def encode_hdr(buckets: SupportsGetItem[int, tuple[SupportsIndex, SupportsIndex]]) -> bytes:
    """
    Encode a distribution as a compressed HdrHistogram of encoding V2, as bytes.

    Args:
        buckets: Pairs of a value in ns and how often it occurred.

    Raises:
        NativeError: For values or counts that the format cannot carry.
    """

def group_sums(lengths: bytes, groups: bytes, weights: bytes, size: SupportsIndex) -> tuple[bytes, bytes]:
    """
    Sum values of stacks by groups of their frames: (what ends in each group, what passes through it), as f64.

    All columns are little-endian: `lengths` u32, frames of each stack; `groups` u32, the group of each frame of all
    stacks one after the other, leaf first; `weights` f64, the value of each stack. A stack counts once in a group.
    """

def grpc_methods(descriptors: bytes) -> list[str]:
    """
    Return the methods of a serialized FileDescriptorSet that can be called, as `package.Service/Method`.

    Methods that stream are left out.

    Raises:
        NativeError: For bytes that are not a descriptor set, or one that contradicts itself.
    """

def normalize_function(name: str) -> str:
    """
    Return a function's name as it is in every release: without Rust hashes, numbers of closures, type arguments of
    Go, major versions in import paths, and marks of C clones. A normalised name is its own normal form.
    """

def perf_capability() -> str:
    """
    Try on this very process what can be sampled here, and return the outcome as JSON.

    Keys: `paranoid`; `modes` and `off_cpu`: [{`mode`, `permitted`, `error`, `lost_note`}], best first;
    `hardware_counters` and `tracepoints`: {`permitted`, `error`}; `kernel_names`.
    """

def play(schedule: str | PathLike[str], stop: StopSignal, *, host: IPv4Address | IPv6Address | None = None, port: SupportsIndex = 0, unix: str | PathLike[str] | None = None, tls_name: str | None = None, tls_ca: str | PathLike[str] | None = None, tls_insecure: bool = False, output: str | PathLike[str] | None = None, cpus: SupportsGetItem[int, SupportsIndex] = ..., threads: SupportsIndex = 1, pacing: str = "precise", real_time: bool = True, events_fd: SupportsIndex | None = None) -> bytes:
    """
    Play a schedule against a service; blocks, without the GIL, until its end or `stop`.

    Args:
        schedule: A compiled schedule.
        stop: Ends the play early.
        host: IP address of the service, version 4 or 6; 127.0.0.1 when absent.
        port: Where it listens there.
        unix: Path of a Unix socket, in place of host and port.
        tls_name: Speak TLS with the server of this name.
        tls_ca: PEM file of certificates to trust besides the system's.
        tls_insecure: Trust any certificate.
        output: Existing directory for `requests.bin`, `connections.bin` and `latency.bin`, or nothing.
        cpus: CPUs to bind the engines to, in turn; none: they are not bound.
        threads: Engines that share the schedule, at least one.
        pacing: `precise`, `sleeping` or `frugal`.
        real_time: Whether to try for real-time priority.
        events_fd: Descriptor that gets a JSON line each second, with the fields of `ports.Interval`.

    Returns:
        JSON object with the fields of `model.load.LoadReport` except its validity.

    Raises:
        NativeError: When the schedule cannot be read, or the output cannot be written.
    """

def profile_format(data: bytes) -> str:
    """
    Name the format of a profile, given its first bytes (64 kB are enough).

    One of `pprof`, `perf.data`, `perf-script`, `collapsed`, `heap_v2`, `heap profile`, `speedscope`, `firefox`,
    `simpleperf`, `go-trace`; empty if it is none of these.
    """

def read_collapsed(source: bytes | bytearray | str | PathLike[str]) -> Profile:
    """
    Read collapsed text (`frame;frame count`, root first), given as bytes or as the path of a file.

    What is no stack is passed over, with a warning. Raises NativeError when the file cannot be read.
    """

def read_go_intervals(path: str | PathLike[str], most: SupportsIndex = 4000000) -> tuple[tuple[bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes], bytes]:
    """
    Read what each goroutine did when, of an execution trace of Go 1.22 or later.

    Args:
        path: The trace.
        most: Intervals that are kept at most; the trace's end is left out where it has more.

    Returns:
        Columns of intervals in the order of their ends, little-endian: goroutine (i8), begin_ns (i8), end_ns (i8), state
        (u1, index into `states`), reason (i4, into `reasons`), thread (i4, the system's number; -1: none ran it), stack
        (i4, into `stack_ends`) and waker (i8, the goroutine that woke a runnable one; -1: not known). And a JSON object
        with `states`, `reasons`, `functions`; `stack_ends`, where in `stack_functions` each stack ends, and
        `stack_functions`, indices into `functions`, leaf first; `begin_ns` and `end_ns` of the trace;
        `monotonic_offset_ns`, what to add to its times for CLOCK_MONOTONIC, null where the trace does not tell (before
        Go 1.25; on Linux the clocks are the same); `left_out`, intervals without room; `warnings`.

    Raises:
        NativeError: When the file cannot be read, is no such trace, or needs too much memory.
    """

def read_go_trace(path: str | PathLike[str], progress: Any | None = None) -> tuple[Profile, Profile | None, bytes]:
    """
    Read an execution trace of Go 1.22 or later, of `runtime/trace` or the flight recorder.

    Args:
        path: The trace.
        progress: Called now and then with the share of the file that was read, 0 to 1; what it raises is raised here.

    Returns:
        Time in which goroutines did not run, by stack, as ("contentions", "count") and ("delay", "nanoseconds") with
        the labels `state` and `reason`; samples of the CPU profiler, if it ran; and what is in the trace, as JSON
        (`tailtune.model.go_trace.GoTrace`). A trace that is cut or damaged gives what was read, with a warning.

    Raises:
        NativeError: When the file cannot be read, is no such trace, or needs too much memory.
    """

def read_heap_v2(data: bytes, *, earlier: bytes | None = None, pid: SupportsIndex = 0) -> Profile:
    """
    Read a heap profile that jemalloc wrote (`heap_v2`), scaled to all allocations, with names.

    Values: ("alloc_objects", "count"), ("alloc_space", "bytes") since the start of the process, or since the dump
    `earlier` of it; ("inuse_objects", "count"), ("inuse_space", "bytes") now. `pid` is the process if it still runs;
    otherwise the binaries are those that have the names now. Raises NativeError if a dump is none, or of another
    process.
    """

def read_perf_data(path: str | PathLike[str], cache_dir: str | PathLike[str] | None = None, progress: Any | None = None) -> Profile:
    """
    Read perf.data, plain or packed, written to a file or to a pipe, and name all addresses.

    Args:
        path: The recording.
        cache_dir: Where names are kept by build ID; without it, in the user's cache directory.
        progress: Called now and then with the share of the work that is done, 0 to 1; what it raises is raised here.

    Returns:
        Samples of all events as columns of one profile. Scheduler switches become times off the CPU with the
        stack at which the thread left. A file that is damaged or ends early gives what was read, with a warning.

    Raises:
        NativeError: When the file cannot be read or is no perf.data file.
    """

def read_perf_script(source: bytes | bytearray | str | PathLike[str]) -> Profile:
    """
    Read the text of `perf script`, given as bytes or as the path of a file.

    What is no sample is passed over, with a warning. Raises NativeError when the file cannot be read.
    """

def replace_all(body: bytes, pairs: SupportsGetItem[int, tuple[str, str]]) -> bytes:
    """
    Replace all that patterns match in an answer; takes time linear in its length.

    Args:
        body: The answer.
        pairs: Regular expressions, in the syntax of Rust's regex, with the text in their place.

    Returns:
        The answer, of at most 1 MiB.

    Raises:
        NativeError: When a pattern is malformed or too large.
    """

def spend_rounds(rounds: SupportsIndex) -> None:
    """
    Do so many rounds of the work that a `WorkServer` does, in this thread.
    """

def timer_error(seconds: SupportsFloat | SupportsIndex = 5.0, cpu: SupportsIndex | None = None) -> bytes:
    """
    Measure how late this machine wakes a thread, by method and scheduling class.

    Args:
        seconds: Time for the whole table of up to eight rows.
        cpu: CPU to measure on, or nothing.

    Returns:
        JSON object with `clock_cost_ns`, `rows` (objects with `method`, `scheduling`, `wakes`, `p50_ns`,
        `p99_ns`, `max_ns`) and `warnings`.
    """

def view_schedule(path: str | PathLike[str], columns: SupportsIndex) -> bytes:
    """
    Read a schedule and count what is in it.

    Args:
        path: A schedule.
        columns: Equal stretches of its time to count starts in.

    Returns:
        JSON object with `columns` (starts in each; empty in a closed loop) and `operations`: a list of objects
        with `name`, `requests`, `bytes`, `smallest`, `median` and `largest`, of the payloads.

    Raises:
        NativeError: When the file cannot be read or is not a schedule.
    """

def why_not_preloadable(path: str) -> str:
    """
    Say why `malloc` of a program cannot be replaced by LD_PRELOAD; empty where nothing speaks against it.

    A stripped program with a linked-in allocator is not recognised. Raises NativeError if the file cannot be read.
    """

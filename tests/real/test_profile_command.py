"""`tailtune profile` on real programs, services and files."""

import contextlib
import http.client
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.support.example_services import RUST, answer, lines, serving
from tests.support.sampling import permitted
from tests.support.waiting import wait_until

from tailtune import config
from tailtune.record.processes import proc

pytestmark = pytest.mark.real

GO = """
package main

import (
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"time"
)

var sink uint64

//go:noinline
func burn() {
	for i := uint64(0); i < 1_000_000; i++ {
		sink = (sink ^ i) * 1099511628211
	}
}

//go:noinline
func grow() []byte { return make([]byte, 1<<20) }

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go http.Serve(listener, nil)
	life, _ := time.ParseDuration(os.Args[1])
	for end := time.Now().Add(life); time.Now().Before(end); {
		burn()
		sink += uint64(len(grow()))
	}
}
"""
WAITER = """
#include <linux/futex.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint32_t rounds;
volatile uint64_t sink;

__attribute__((noinline)) void crunch(void) {
    for (uint64_t i = 0; i < 2000000; i++) sink = (sink ^ i) * 1099511628211u;
}

__attribute__((noinline)) void wait_here(uint32_t seen) { syscall(SYS_futex, &rounds, FUTEX_WAIT_PRIVATE, seen, 0); }

__attribute__((noinline)) void *wait_for_rounds(void *unused) {
    for (;;) wait_here(rounds);
    return unused;
}

int main(void) {
    pthread_t thread;
    pthread_create(&thread, 0, wait_for_rounds, 0);
    for (;;) {
        crunch();
        rounds++;
        syscall(SYS_futex, &rounds, FUTEX_WAKE_PRIVATE, 1);
    }
}
"""
PLAIN = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that every user may read, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="tailtune-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def burner(folder: Path) -> Path:
    """A Go service that computes, allocates, and serves its own profiles."""
    (folder / "main.go").write_text(GO)
    binary = folder / f"burner{os.getpid()}"
    subprocess.run(["go", "build", "-o", binary, "main.go"], cwd=folder, check=True)
    return binary


@pytest.fixture(scope="module")
def waiter(folder: Path) -> Path:
    """A C program whose second thread waits for the first."""
    (folder / "waiter.c").write_text(WAITER)
    binary = folder / "waiter"
    flags = ["-O1", "-g", "-fno-omit-frame-pointer", "-pthread"]
    subprocess.run([shutil.which("cc") or "gcc", *flags, "-o", binary, folder / "waiter.c"], check=True)
    return binary


@pytest.fixture
def service(burner: Path) -> Iterator[tuple[int, int]]:
    """The service while it runs: PID and port."""
    with running(burner, "600s") as process:
        assert process.stdout is not None
        yield process.pid, int(process.stdout.readline())


class running(subprocess.Popen[str]):  # noqa: N801 - reads as a statement
    """A program that ends with the block."""

    def __init__(self, *argv: object) -> None:
        super().__init__([str(part) for part in argv], stdout=subprocess.PIPE, text=True)

    def __exit__(self, *unused: object) -> None:
        self.kill()
        self.communicate()


def tool(*arguments: object, cwd: Path, through: tuple[str, ...] = (), stdin: bytes | None = None) -> Any:
    command = [*through, sys.executable, "-m", "tailtune", "profile", *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, timeout=120, check=False)
    return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


@contextlib.contextmanager
def sampling(pid: int, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The tool while it samples a process, which has used enough CPU since to be seen."""
    command = [sys.executable, "-m", "tailtune", "profile", str(pid), "--seconds", "600", "--json"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("sample" in line for line in iter(process.stderr.readline, ""))
        enough = proc.cpu_ns(pid) + 700_000_000
        assert wait_until(lambda: proc.cpu_ns(pid) > enough, 60)
        yield process


def result_of(*arguments: object, cwd: Path) -> dict[str, Any]:
    done = tool(*arguments, "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def rows(table: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in table["rows"]}


def test_a_process_by_number_by_name_and_as_files(service: tuple[int, int], burner: Path, tmp_path: Path) -> None:
    permitted()
    files = [str(tmp_path / name) for name in ("a.pb.gz", "a.folded", "a.speedscope.json")]
    outputs = [word for name in files for word in ("--output", name)]
    found = result_of(service[0], "--seconds", 1, "--hz", 499, "--dwarf", *outputs, "--list", "main.burn", cwd=tmp_path)
    assert (found["source"]["pid"], found["source"]["name"]) == (service[0], burner.name)
    assert "perf cpu-clock" in found["mode"]
    [table] = found["tables"]
    burn = rows(table)["main.burn"]
    assert burn["own"] > 0.3 * table["total"]
    assert burn["place"].startswith(f"{burner.parent}/main.go:")
    assert any("sink = (sink ^ i)" in line["text"] for line in found["listings"][0]["lines"])
    for file in files[:2]:
        read = result_of(file, cwd=tmp_path)
        assert read["tables"][0]["samples"] == table["samples"] or file.endswith("folded")
        assert rows(read["tables"][0])["main.burn"]["own_share"]["point"] == pytest.approx(burn["own_share"]["point"])
    again = json.loads(Path(files[2]).read_text())["profiles"][0]
    assert sum(again["weights"]) == again["endValue"] == table["total"]
    top = subprocess.run(["go", "tool", "pprof", "-top", files[0]], capture_output=True, text=True, check=True).stdout
    assert "main.burn" in top
    assert result_of(burner.name, "--seconds", 0.5, cwd=tmp_path)["source"]["pid"] == service[0]


def test_a_go_service_by_its_url(service: tuple[int, int], tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{service[1]}"
    ends = ("pb.gz", "txt", "speedscope.json", "firefox.json", "json")
    outputs = [word for end in ends for word in ("--output", f"cpu.{end}")]
    cpu = result_of(url, "--seconds", 1, *outputs, cwd=tmp_path)
    assert json.loads((tmp_path / "cpu.json").read_text()) == cpu
    assert (
        sum(int(line.rsplit(" ", 1)[1]) for line in (tmp_path / "cpu.txt").read_text().splitlines())
        == cpu["tables"][0]["total"]
    )
    assert json.loads((tmp_path / "cpu.firefox.json").read_text())["threads"]
    again = result_of(url, "--seconds", 1, "--diff", "cpu.pb.gz", cwd=tmp_path)["diff"]
    assert again["base"]["value"] == cpu["tables"][0]["total"]
    assert cpu["source"]["name"].endswith("/debug/pprof/profile?seconds=1")
    assert any(name.startswith(("main.", "runtime.")) for name in rows(cpu["tables"][0]))
    allocs = result_of(f"{url}/debug/pprof/allocs", "--seconds", 1, "--value", "alloc_space", cwd=tmp_path)
    assert next(iter(rows(allocs["tables"][0]))) == "main.grow"
    goroutines = result_of(url, "--kind", "goroutine", cwd=tmp_path)
    assert goroutines["tables"][0]["total"] >= 2
    absent = tool(f"{url}/debug/pprof/nothing", cwd=tmp_path)
    assert absent.returncode == 96
    assert "404" in absent.stderr


def test_waiting_is_told_from_computing_and_from_idling(waiter: Path, tmp_path: Path) -> None:
    permitted()
    with running(waiter) as process:
        found = result_of(process.pid, "--seconds", 1, "--off-cpu", cwd=tmp_path)
    names = {thread["tid"]: thread for thread in found["threads"]}
    assert len(names) == 2
    main = names[process.pid]
    other = next(thread for tid, thread in names.items() if tid != process.pid)
    assert main["on_cpu_ns"] > other["on_cpu_ns"]
    assert other["blocked_ns"] > 0.5 * other["wall_ns"]
    for thread in names.values():
        spent = sum(thread[f"{state}_ns"] for state in ("on_cpu", "runnable", "blocked", "residue"))
        assert spent == thread["wall_ns"]
    tables = {table["title"]: table for table in found["tables"]}
    assert rows(tables["on-CPU"])["crunch"]["own_share"]["point"] > 0.5
    assert rows(tables["waiting"])["wait_for_rounds"]["cumulative"] > 0
    text = tool(process.pid, cwd=tmp_path)
    assert text.returncode == 2
    assert f"process {process.pid} does not exist" in text.stderr


def test_a_process_that_ends_in_the_middle_leaves_what_was_taken(burner: Path, tmp_path: Path) -> None:
    permitted()
    with running(burner, "600s") as process:
        assert process.stdout is not None
        process.stdout.readline()
        with sampling(process.pid, tmp_path) as tool:
            process.kill()
            out, _ = tool.communicate(timeout=120)
    assert tool.returncode == 0
    found = json.loads(out)
    assert "main.burn" in rows(found["tables"][0])
    assert any(re.search(r"ended after \d+\.\d s", warning) for warning in found["warnings"])


def test_ctrl_c_ends_early_and_shows_what_was_taken(service: tuple[int, int], tmp_path: Path) -> None:
    permitted()
    with sampling(service[0], tmp_path) as process:
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    found = json.loads(out)
    assert found["interrupted"]
    assert "main.burn" in rows(found["tables"][0])
    os.kill(service[0], 0)  # the service itself goes on


def test_an_idle_process_measures_nothing_and_says_what_to_do(tmp_path: Path) -> None:
    permitted()
    with running("sleep", "60") as process:
        done = tool(process.pid, "--seconds", 0.3, cwd=tmp_path)
    assert done.returncode == 4
    assert "used no CPU" in done.stderr
    assert "--off-cpu" in done.stderr


@pytest.mark.alone  # memory for events is counted per user
def test_without_permission_states_are_shown_and_the_remedy_is_named(service: tuple[int, int], folder: Path) -> None:
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root can become a user who may not sample this process")
    if subprocess.run([*PLAIN, sys.executable, "-c", "import tailtune"], check=False).returncode:
        pytest.skip("an ordinary user may not read this Python installation")
    done = tool(service[0], "--seconds", 0.5, "--json", cwd=folder, through=tuple(PLAIN))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert "CAP_PERFMON" in found["lost_note"]
    if not found["mode"].startswith("/proc"):
        return
    assert "code is not seen" in found["lost_note"]
    main = next(thread for thread in found["threads"] if thread["tid"] == service[0])
    spent = sum(main[f"{state}_ns"] for state in ("on_cpu", "runnable", "blocked", "residue"))
    assert spent == main["wall_ns"] > 0
    states = {name for table in found["tables"] for name in rows(table)}
    assert any(name.startswith("R (") for name in states)
    assert any(name.startswith("S (") for name in states)


def test_two_processes_of_a_name_are_listed(burner: Path, tmp_path: Path) -> None:
    with running(burner, "600s") as first, running(burner, "600s") as second:
        for process in (first, second):
            assert process.stdout is not None
            process.stdout.readline()
        done = tool(burner.name, cwd=tmp_path)
    assert done.returncode == 2
    assert all(f"{process.pid}  {burner}" in done.stderr for process in (first, second))


def test_perf_data_is_read_with_rust_names(rust_binaries: dict[str, Path], corpus: Path, tmp_path: Path) -> None:
    perf = shutil.which("perf")
    if perf is None:
        pytest.skip("perf is not installed")
    permitted()
    project = config.load(RUST / "tailtune.toml")
    record = [perf, "record", "-q", "-e", "cpu-clock", "-F", "499", "-g", "-o", "perf.data", "-p"]
    with serving(rust_binaries["base"], project, corpus / "documents") as (pid, connection):
        recording = subprocess.Popen([*record, str(pid)], cwd=tmp_path, stderr=subprocess.DEVNULL)
        assert wait_until((tmp_path / "perf.data").exists, 30)
        live = result_of_busy(pid, connection, lines(corpus / "queries.txt"), tmp_path)
        recording.send_signal(signal.SIGINT)
        recording.wait(timeout=60)
    read = result_of("perf.data", "--top", 0, "--output", "perf.pb.gz", "--output", "perf.firefox.json", cwd=tmp_path)
    for found in (live, read):
        names = [name for name in rows(found["tables"][0]) if "rust_search::suggest::slow" in name]
        assert names, found["tables"][0]["rows"][:10]
    again = result_of("perf.pb.gz", cwd=tmp_path)["tables"][0]
    assert (again["total"], again["samples"]) == (read["tables"][0]["total"], read["tables"][0]["samples"])


def result_of_busy(pid: int, connection: http.client.HTTPConnection, queries: list[str], folder: Path) -> Any:
    """Profile a service by its number while it answers."""
    command = [sys.executable, "-m", "tailtune", "profile", str(pid), "--seconds", "1", "--top", "0", "--json"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        out: list[bytes] = []
        reader = threading.Thread(target=lambda: out.append(process.communicate()[0]))
        reader.start()
        for query in itertools.cycle(queries):
            if not reader.is_alive():
                break
            answer(connection, ("GET", f"/suggest?q={quote(query)}", None))
    return json.loads(out[0])


def test_a_profile_comes_through_a_pipe(tmp_path: Path) -> None:
    done = tool("-", "--json", cwd=tmp_path, stdin=b"main;serve;hash 30\nmain;serve;sort 10\n")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tables"][0]["rows"][0]["name"] == "hash"

"""Caches simulated for a real program, in the valgrind of this machine."""

import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest
from tests.support.trials import Meddler, open_bench, started, trial_plan

from tailtune.bundle.reader import Bundle
from tailtune.bundle.workspace import Workspace
from tailtune.judge.cache_misses import FunctionMisses, cache_misses
from tailtune.model.project import Language, Service
from tailtune.model.recording import Kind
from tailtune.record.trial import run_trial

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("valgrind") is None or shutil.which("cc") is None, reason="needs valgrind and cc"),
]

STEPS = 1000
SERVICE = """
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CELLS = 1 << 16, STEPS = 1000 };

static struct cell { struct cell *next; char others[248]; } *cells;

static __attribute__((noinline)) void make(void)
{
    cells = calloc(CELLS, sizeof *cells);
    for (int at = 0; at < CELLS; at++)
        cells[at].next = &cells[(at + 40503) % CELLS];
}

static __attribute__((noinline)) struct cell *walk(struct cell *from)
{
    for (int step = 0; step < STEPS; step++)
        from = from->next;
    return from;
}

static void *converse(void *given)
{
    const char *answer = "HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok";
    int connection = (int)(intptr_t)given;
    struct cell *at = cells;
    char asked[4096];
    while (at && read(connection, asked, sizeof asked) > 0) {
        at = walk(at);
        if (write(connection, answer, strlen(answer)) < 0)
            break;
    }
    close(connection);
    return NULL;
}

int main(int count, char **words)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(atoi(words[count - 1])),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    make();
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&own, sizeof own) || listen(listener, 64))
        return 1;
    for (;;) {
        pthread_t thread;
        int connection = accept(listener, NULL, NULL);
        if (connection >= 0 && !pthread_create(&thread, NULL, converse, (void *)(intptr_t)connection))
            pthread_detach(thread);
    }
}
"""

GO = """package main

import (
	"fmt"
	"net/http"
	"os"
)

type cell struct {
	next   int
	others [31]int
}

var cells [1 << 16]cell

//go:noinline
func walk(at int) int {
	for step := 0; step < 1000; step++ {
		at = cells[at].next
	}
	return at
}

func main() {
	for at := range cells {
		cells[at].next = (at + 40503) % len(cells)
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, walk(len(r.URL.Path))) })
	http.ListenAndServe("127.0.0.1:"+os.Args[1], nil)
}
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    folder = tmp_path_factory.mktemp("walk")
    source, program = folder / "walk.c", folder / "walk"
    source.write_text(SERVICE)
    options = ["-O1", "-g", "-gdwarf-4", "-fno-omit-frame-pointer", "-pthread"]
    subprocess.run(["cc", *options, "-o", program, source], check=True)
    return Service(language=Language.COMMAND, binary=str(program), args=["{port}"])


def simulated(root: Path, service: Service) -> dict[str, FunctionMisses]:
    """Functions by name, of 200 requests."""
    plan = msgspec.structs.replace(trial_plan(root, service, diagnose=0), simulate_caches=True)
    with open_bench(root, Kind.RUN, Meddler()) as bench:
        manifest = run_trial(plan, bench)
    assert started() == []
    assert not [text for text in manifest.warnings if "simulated" in text]
    assert manifest.caches is not None
    assert manifest.caches.tool.startswith("valgrind-")
    assert manifest.caches.requests == 200
    assert {"I1 cache", "D1 cache", "LL cache"} <= manifest.caches.caches.keys()
    [path] = Workspace(root).finished()
    found = cache_misses(Bundle.open(path))
    assert found is not None
    return {one.function: one for one in found.functions}


def test_misses_of_the_requests_alone_are_counted(tmp_path: Path, service: Service):
    by_name = simulated(tmp_path, service)
    walk = by_name["walk"].counted
    assert walk.accesses == pytest.approx(200 * STEPS, rel=0.02)
    assert walk.l1 > 0.9 * walk.accesses, "each cell lies in a line of its own, far more than the first level holds"
    assert walk.waiting > 0.5
    assert by_name["walk"].place.rpartition("/")[2].startswith("walk.c:")
    assert "make" not in by_name, "what the start did is taken off"


@pytest.mark.skipif(shutil.which("go") is None, reason="needs go")
def test_a_go_program_runs_in_it_as_well(tmp_path: Path):
    (tmp_path / "go.mod").write_text("module example.org/walk\n\ngo 1.24\n")
    (tmp_path / "main.go").write_text(GO)
    by_name = simulated(tmp_path, Service(language=Language.GO, package=".", args=["{port}"]))
    walk = by_name["main.walk"]
    assert walk.counted.accesses == pytest.approx(200 * STEPS, rel=0.02)
    assert walk.counted.l1 > 0.9 * walk.counted.accesses
    assert walk.place.rpartition("/")[2].startswith("main.go:")

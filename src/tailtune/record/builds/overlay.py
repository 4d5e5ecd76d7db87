"""Adds a file of ours to the main package of a Go service, for one build, by `go build -overlay`.

The file exists only in the eyes of the compiler: nothing is written into the user's repository. All its
code stands in `init`, under import names that no program has, so it cannot meet a name of the user's.

Source: cmd/go, `go help build`, -overlay.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tailtune.bundle.storage import writing
from tailtune.errors import BuildError
from tailtune.model.instrument import Instrument
from tailtune.record.builds import artifacts

SOCKET_VARIABLE: Final = "TAILTUNE_PPROF_SOCKET"
"""Environment variable with the name of the abstract Unix socket on which profiles are handed out."""
_LIST: Final = "{{.Name}}\t{{.Dir}}"
_DIGITS: Final = 16
_FILE: Final = "tailtune_instrument"

_SOURCE: Final = """// Added by tailtune to this build alone.

package main

import (
	tailtuneNet "net"
	tailtuneHTTP "net/http"
	tailtuneOS "os"
	tailtuneRuntime "runtime"
	tailtunePprof "runtime/pprof"
	tailtuneNumbers "strconv"
	tailtuneTrace "runtime/trace"
	tailtuneText "strings"
	tailtuneTime "time"
)

func init() {
%(rates)s
	address := tailtuneOS.Getenv("%(variable)s")
	tailtuneOS.Unsetenv("%(variable)s") // the service's children are none of our business
	if address == "" {
		return
	}
	listener, failed := tailtuneNet.Listen("unix", address)
	if failed != nil {
		return
	}
	serve := func(answer tailtuneHTTP.ResponseWriter, asked *tailtuneHTTP.Request) {
		kind := tailtuneText.TrimPrefix(asked.URL.Path, "/debug/pprof/")
		start, stop := tailtunePprof.StartCPUProfile, tailtunePprof.StopCPUProfile
		switch kind {
		case "profile":
		case "trace":
			start, stop = tailtuneTrace.Start, tailtuneTrace.Stop
		default:
			if profile := tailtunePprof.Lookup(kind); profile != nil {
				profile.WriteTo(answer, 0)
			} else {
				tailtuneHTTP.NotFound(answer, asked)
			}
			return
		}
		seconds, wrong := tailtuneNumbers.ParseFloat(asked.FormValue("seconds"), 64)
		if wrong != nil || seconds <= 0 {
			seconds = 30
		}
		if refused := start(answer); refused != nil {
			tailtuneHTTP.Error(answer, refused.Error(), tailtuneHTTP.StatusInternalServerError)
			return
		}
		select {
		case <-tailtuneTime.After(tailtuneTime.Duration(seconds * float64(tailtuneTime.Second))):
		case <-asked.Context().Done():
		}
		stop()
	}
	go tailtuneHTTP.Serve(listener, tailtuneHTTP.HandlerFunc(serve))
}
"""


def add(
    asked: Instrument,
    name: str,
    workdir: Path,
    settings: Sequence[str],
    env: Mapping[str, str],
    cache: Path,
    scratch: Path,
) -> list[str]:
    """Write the overlay for the package that `go build` with these settings builds; return its arguments.

    Files go below `cache`, named by their content, so that the command can be repeated by hand.

    Raises:
        BuildError: if the package is unknown, or given in a way to which no file can be added.
        RecordingError: if the disk refuses.
    """
    _refuse_other_overlay(name, settings, env)
    folder = _main_package(name, workdir, settings, env, scratch)
    place = _free_name(folder)
    text = source(asked)
    return [f"-overlay={_write(cache, str(place), text)}"]


def source(asked: Instrument) -> str:
    """Return the text of the file."""
    rates = [
        f"\ttailtuneRuntime.SetBlockProfileRate({int(asked.block)})" if asked.block else "",
        f"\ttailtuneRuntime.SetMutexProfileFraction({asked.mutex})" if asked.mutex else "",
    ]
    lines = [line for line in rates if line] or ["\t_ = tailtuneRuntime.GOOS"]
    return _SOURCE % {"rates": "\n".join(lines), "variable": SOCKET_VARIABLE}


def _refuse_other_overlay(name: str, settings: Sequence[str], env: Mapping[str, str]) -> None:
    words = [*settings, *env.get("GOFLAGS", "").split()]
    if any(word.lstrip("-").partition("=")[0] == "overlay" for word in words if word.startswith("-")):
        raise BuildError(
            f"variant {name} is instrumented by an overlay, but the build has an -overlay of its own",
            hint="remove `instrument` from the variant, or -overlay from `build_flags` or GOFLAGS",
        )
    if files := [word for word in settings if word.endswith(".go") and not word.startswith("-")]:
        raise BuildError(
            f"variant {name} cannot be instrumented: {files[0]} names files, to which none can be added",
            hint="let `package` name the folder of the main package, such as ./cmd/api",
        )


def _main_package(name: str, workdir: Path, settings: Sequence[str], env: Mapping[str, str], scratch: Path) -> Path:
    command = ["go", "list", "-f", _LIST, *settings]
    done = artifacts.compile_with(command, name, workdir, env, scratch, command)
    rows = [line.split("\t", 1) for line in done.stdout.decode(errors="replace").splitlines() if "\t" in line]
    folders = [folder for package, folder in rows if package == "main"]
    if len(folders) != 1:
        raise BuildError(
            f"variant {name} cannot be instrumented: the build has {len(folders)} main packages",
            hint="let `package` name one main package, such as ./cmd/api",
        )
    return Path(folders[0])


def _free_name(folder: Path) -> Path:
    """A name that no file of the package has: an overlay would hide it."""
    taken = {path.name for path in folder.iterdir()}
    names = (f"{_FILE}{number or ''}.go" for number in range(len(taken) + 1))
    return folder / next(name for name in names if name not in taken)


def _write(cache: Path, place: str, text: str) -> Path:
    digest = hashlib.sha256(f"{place}\0{text}".encode()).hexdigest()[:_DIGITS]
    folder = cache.resolve() / f"overlay-{digest}"
    source_file, overlay = folder / f"{_FILE}.go", folder / "overlay.json"
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        source_file.write_text(text, encoding="utf-8")
        overlay.write_text(json.dumps({"Replace": {place: str(source_file)}}), encoding="utf-8")
    return overlay

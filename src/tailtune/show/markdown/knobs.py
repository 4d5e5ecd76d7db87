"""The page of docs that lists all knobs."""

from itertools import groupby
from typing import Final

from tailtune.model.knobs import KnobFacts, KnobList, KnobPlace

_HEAD: Final = """\
# Knobs

*Written by `make docs` from what the knobs say of themselves.*

A knob is one setting that can be turned without touching the service's sources. A variant turns them:

```toml
[variants.quiet]
knobs = { gogc = "400", affinity = "0-1" }
```

`tailtune run --variant quiet` measures it once, `tailtune compare base quiet` proves what it does. `tailtune knobs`
lists them with what can act here, on this project's service; a recording keeps, for each start, what was asked and what
the running process showed of it, and a run warns where the two differ.

- **Before a build** each level is checked: one that is misspelled ends the command with exit code 2, one that this
  machine or this service does not permit with 96 and the reason. Nothing is applied by halves: what the kernel refuses
  in the last step before the program is named with its level, and what was made for the start is taken back.
- **Nothing outlives the tool.** Settings of the start end with the process. What is changed outside of it, such as
  control groups, is first written to a journal under `$XDG_STATE_HOME/tailtune/settings`
  (`~/.local/state/tailtune/settings`), durably, and undone when the service stops; after a kill -9 of the tool by its
  watchdog; and where that was killed too, by the next tailtune that starts, which says so in a warning.
- **Background load** runs only while its own variant is under load, so that of two variants in a comparison it disturbs
  one.
"""
_PLACES: Final = {
    KnobPlace.BUILD: ("Of the build", "Another binary; the sources stay as they are."),
    KnobPlace.LAUNCH: ("Of the start", "In force from the program's first instruction."),
    KnobPlace.MACHINE: ("Around the service", "In force from when the service is ready until it stops."),
    KnobPlace.LOAD: ("Of the load", "The workload changes, not the service: compare such variants with care."),
}


def knob_page(found: KnobList) -> str:
    """Write the page."""
    lines = [_HEAD]
    for place, knobs in groupby(found.knobs, key=lambda one: one.place):
        title, text = _PLACES[place]
        lines += [f"## {title}", "", text, ""]
        for one in knobs:
            lines += _section(one)
    return "\n".join(lines).rstrip() + "\n"


def _section(one: KnobFacts) -> list[str]:
    rows = [
        ("Levels", one.levels),
        ("Worth trying", ", ".join(f"`{level}`" for level in one.examples)),
        ("Takes", one.takes),
        ("Undone", one.undo),
    ]
    return [f"### {one.name}", "", f"{_sentence(one.help)}", "", *(f"- {name}: {text}" for name, text in rows), ""]


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."

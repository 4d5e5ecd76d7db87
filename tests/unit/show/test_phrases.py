"""Phrases that text and Markdown share."""

from msgspec.structs import replace
from tests.support import results as given

from tailtune.model.knobs import Applied
from tailtune.show.phrases import knobs
from tailtune.show.text.run import run_result

ROWS = [
    Applied(variant="a", knob="gogc", level="400", seen="gogc=400"),
    Applied(variant="a", knob="rate", level="x2"),
    Applied(variant="a", knob="nice", level="5", seen="nice=0"),
]


def test_knobs_are_told_with_what_the_process_shows() -> None:
    manifest = replace(given.RUN.manifest, applied=ROWS)
    told = "gogc=400, rate=x2 (not to be seen in the process), nice=5 (the process shows nice=0)"
    assert knobs(manifest) == told
    assert told in " ".join(run_result(replace(given.RUN, manifest=manifest)).split())
    assert knobs(given.RUN.manifest) == ""


def test_of_several_variants_each_knob_names_its_own() -> None:
    other = Applied(variant="b", knob="gogc", level="off", seen="gogc=off")
    assert knobs(replace(given.RUN.manifest, applied=[ROWS[0], other])) == "a: gogc=400, b: gogc=off"

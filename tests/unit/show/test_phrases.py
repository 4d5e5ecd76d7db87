"""Phrases that text and Markdown share."""

from msgspec.structs import replace
from tests.support import results as given

from tailtune.model.knobs import Applied
from tailtune.model.summary import CountersSummary
from tailtune.show.phrases import counters, knobs
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


COUNTED = CountersSummary(
    kernel=True,
    lent_share=1.0,
    instructions_per_request=1_234_567.8,
    instructions_per_cycle=0.847,
    misses_per_request=412.3,
    misses_per_1000_instructions=0.334,
    stalled_share=0.25,
)


def test_what_the_processor_counted_is_told_for_each_request() -> None:
    told = (
        "1,234,568 instructions per request; 0.85 instructions a cycle; 412 cache misses per request (0.33 per 1,000 "
        "instructions); 25.0 % of cycles stalled"
    )
    assert counters(COUNTED) == told
    summary = replace(given.RUN.summary, measure=replace(given.RUN.summary.measure, counters=COUNTED))
    assert told in " ".join(run_result(replace(given.RUN, summary=summary)).split())
    assert "counters" not in run_result(given.RUN)


def test_what_is_not_counted_is_left_out_and_what_is_extended_said() -> None:
    lent = replace(COUNTED, kernel=False, lent_share=0.667, misses_per_request=None, stalled_share=None)
    assert counters(replace(lent, instructions_per_cycle=None)) == (
        "1,234,568 instructions per request; without the kernel; counted 67 % of the time, the rest extended"
    )
    assert counters(None) == ""

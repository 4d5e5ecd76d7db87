"""Into how many pieces rustc splits a crate."""

from tailtune.record.knob import CargoProfile


class CodegenUnits(CargoProfile):
    """Sets `codegen-units` of the release profile."""

    name = "codegen-units"
    help = "into how many pieces the compiler splits a crate; one optimises across all of it and takes longest"
    levels = "a whole number from 1 to 256"
    examples = ("1", "16")
    accepted = tuple(map(str, range(1, 257)))


KNOB = CodegenUnits()

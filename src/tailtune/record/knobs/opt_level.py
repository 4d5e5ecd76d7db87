"""How hard the Rust compiler optimises."""

from tailtune.record.knob import CargoProfile


class OptLevel(CargoProfile):
    """Sets `opt-level` of the release profile."""

    name = "opt-level"
    help = "how hard the compiler optimises, and for what"
    levels = "`0` to `3`, `s` or `z` (for size)"
    examples = ("2", "3")
    accepted = ("0", "1", "2", "3", "s", "z")


KNOB = OptLevel()

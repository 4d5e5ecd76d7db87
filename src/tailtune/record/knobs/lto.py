"""Link-time optimisation of a Rust program."""

from tailtune.record.knob import CargoProfile


class Lto(CargoProfile):
    """Sets `lto` of the release profile."""

    name = "lto"
    help = "optimisation across crates when the program is linked"
    levels = "`off`: none, not even within a crate; `false`: within each crate; `thin`; or `fat`"
    examples = ("thin", "fat")
    accepted = ("off", "false", "thin", "fat")


KNOB = Lto()

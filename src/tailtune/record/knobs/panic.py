"""What a panic of a Rust program does."""

from tailtune.record.knob import CargoProfile


class Panic(CargoProfile):
    """Sets `panic` of the release profile."""

    name = "panic"
    help = "what a panic does; `abort` leaves the code for unwinding out, and a panic then ends the service"
    levels = "`unwind` or `abort`"
    examples = ("unwind", "abort")
    accepted = ("unwind", "abort")


KNOB = Panic()

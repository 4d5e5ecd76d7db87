//! Who woke a thread, and in which context.

/// What ran when a thread was woken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Context {
    /// Not told.
    #[default]
    Unknown = 0,
    /// The thread that the CPU worked for.
    Thread = 1,
    /// The same thread, in a call that sends to this same machine: it receives its own packets.
    Sender = 2,
    /// A high-resolution timer: the end of a sleep, a deadline of a futex, `epoll`, `poll` or `select`, `timerfd`, or
    /// a timer that sends a signal. Deadlines of sockets (`SO_RCVTIMEO`) are not told from packets.
    Timer = 3,
    /// A device, or work that an interrupt left behind, such as packets that came, and the timer wheel.
    Interrupt = 4,
}

impl Context {
    /// From a CPU's slot: whether a timer's function ran, a device's interrupt was handled, deferred work was done; and
    /// whose packets that had yet to receive.
    pub(crate) fn of(slot: [i32; 4], tid: i32) -> Self {
        match slot {
            // It interrupts the timers that are deferred work.
            [_, device, ..] if device != 0 => Self::Interrupt,
            [timer, ..] if timer != 0 => Self::Timer,
            [_, _, 0, _] => Self::Thread,
            [.., sender] if sender == tid && tid != 0 => Self::Sender,
            _ => Self::Interrupt,
        }
    }
}

/// Who woke a thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waker {
    /// The thread that had the CPU at that moment; 0: none. It had to do with it as [`Context::Thread`] or
    /// [`Context::Sender`] only.
    pub tid: i32,
    /// What ran on it.
    pub context: Context,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slot_tells_what_ran() {
        let of = |slot| Context::of(slot, 7);
        assert_eq!(of([0; 4]), Context::Thread);
        assert_eq!(of([0, 0, 0, 7]), Context::Thread, "it has yet to receive");
        assert_eq!(of([0, 0, 1, 7]), Context::Sender);
        assert_eq!(of([0, 0, 1, 8]), Context::Interrupt);
        assert_eq!(Context::of([0, 0, 1, 0], 0), Context::Interrupt);
        assert_eq!(of([0, 1, 1, 7]), Context::Interrupt);
        assert_eq!(of([1, 0, 0, 0]), Context::Timer);
        assert_eq!(of([1, 0, 1, 7]), Context::Timer);
        assert_eq!(of([1, 1, 1, 7]), Context::Interrupt);
    }
}

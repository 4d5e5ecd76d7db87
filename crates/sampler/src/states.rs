//! The states of each thread over time: on the CPU, runnable (it could run, but waits for a CPU) or
//! blocked. Every nanosecond from begin to end goes into exactly one of them or into the residue.
//!
//! ```text
//!            leaves, could run on           leaves, waits for something
//!   runnable ◄──────────────── on the CPU ────────────────► blocked
//!       └──────── comes ──────────► ▲                          │
//!       ▲                                    is woken          │
//!       └──────────────────────────────────────────────────────┘
//! ```
//!
//! What a thread did before its first event follows from that event: who leaves has been on the CPU,
//! who is woken has been blocked, who comes without being woken has been off the CPU. An event that cannot
//! follow on the state (records were lost) sends the time since the last one into the residue. If only the
//! wake-up was not seen, it is known that the thread was off the CPU; how much of that it was blocked,
//! the kernel's own account tells in the end.

use std::ops::RangeInclusive;

use crate::waking::Waker;

/// What a thread does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum State {
    /// No event seen yet.
    #[default]
    Unknown,
    OnCpu,
    Runnable,
    Blocked,
    /// Blocked until a wake-up that was not seen, and runnable from there.
    Unsplit,
}

/// Nanoseconds by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) on_cpu_ns: i64,
    pub(crate) runnable_ns: i64,
    pub(crate) blocked_ns: i64,
    /// Blocked until a wake-up that was not seen, and runnable from there; 0 after `split`.
    pub(crate) unsplit_ns: i64,
    /// Time that could not be attributed.
    pub(crate) residue_ns: i64,
}

impl Times {
    pub(crate) fn wall_ns(&self) -> i64 {
        self.on_cpu_ns + self.runnable_ns + self.blocked_ns + self.unsplit_ns + self.residue_ns
    }

    /// Splits the waits whose wake-ups were not seen by the kernel's sum of all waits for a CPU, which lies in
    /// a range; what that leaves open is residue, and without it all of them. Returns what of them was runnable.
    pub(crate) fn split(&mut self, all_runnable_ns: Option<RangeInclusive<i64>>) -> i64 {
        let unsplit = std::mem::take(&mut self.unsplit_ns);
        let Some(all) = all_runnable_ns else {
            self.residue_ns += unsplit;
            return 0;
        };
        let [least, most] =
            [all.start(), all.end()].map(|all| (all - self.runnable_ns).clamp(0, unsplit));
        self.runnable_ns += least;
        self.residue_ns += most - least;
        self.blocked_ns += unsplit - most;
        least
    }
}

/// Where and when a thread left the CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) t_ns: i64,
    pub(crate) cpu: i32,
    /// Row of the stack at which it left; `None`: it was off the CPU before anything was seen.
    pub(crate) stack: Option<u32>,
}

/// What a CPU went over to, as far as that was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Before {
    /// When.
    pub(crate) t_ns: i64,
    /// To nothing, rather than to another thread.
    pub(crate) idle: bool,
}

/// How an interval off the CPU ended, as far as that was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Who ended the wait.
    pub(crate) waker: Option<Waker>,
    /// Who had the CPU until the thread came to it: process and row of the name.
    pub(crate) behind: Option<(i32, u32)>,
}

/// One interval off the CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) left: Left,
    /// Without a wake-up that was seen, all of it.
    pub(crate) blocked_ns: i64,
    pub(crate) runnable_ns: i64,
    pub(crate) ended: Ended,
}

/// The states of one thread.
#[derive(Clone, Debug)]
pub(crate) struct States {
    state: State,
    since_ns: i64,
    pub(crate) times: Times,
    /// How often it left the CPU.
    pub(crate) switches: u64,
    away: Option<Interval>,
    /// Who is about to wake it.
    waking: Option<Waker>,
    /// Whether wake-ups are recorded; without, blocked time contains the wait for a CPU after them.
    wakeups: bool,
}

impl States {
    /// A thread of which nothing is known but that it exists.
    pub(crate) fn unknown(since_ns: i64, wakeups: bool) -> Self {
        Self {
            state: State::Unknown,
            since_ns,
            times: Times::default(),
            switches: 0,
            away: None,
            waking: None,
            wakeups,
        }
    }

    /// A new thread: it waits for a CPU.
    pub(crate) fn born(t_ns: i64, wakeups: bool) -> Self {
        let left = Left {
            t_ns,
            ..Left::default()
        };
        Self {
            state: State::Runnable,
            away: Some(Interval {
                left,
                ..Interval::default()
            }),
            ..Self::unknown(t_ns, wakeups)
        }
    }

    pub(crate) fn is_unknown(&self) -> bool {
        self.state == State::Unknown
    }

    pub(crate) fn is_on_cpu(&self) -> bool {
        self.state == State::OnCpu
    }

    pub(crate) fn is_away(&self) -> bool {
        matches!(self.state, State::Runnable | State::Blocked)
    }

    /// Whether a thread that leaves its CPU now came to it unseen: it was away, or its CPU was seen to go
    /// over to another.
    pub(crate) fn came_unseen(&self, before: Before) -> bool {
        self.is_away() || (self.is_unknown() && before.t_ns > self.since_ns)
    }

    /// It was seen on the CPU, which says the same of the time before if nothing else was seen.
    pub(crate) fn seen_running(&mut self) {
        if self.is_unknown() {
            self.state = State::OnCpu;
        }
    }

    /// It came to a CPU. Returns the interval that ended.
    pub(crate) fn comes(&mut self, t_ns: i64) -> Option<Interval> {
        let state = match self.state {
            State::Unknown if self.wakeups => State::Unsplit,
            State::Unknown => State::Blocked,
            State::Blocked if self.wakeups => State::Unsplit,
            State::OnCpu => State::Unknown,
            state => state,
        };
        self.spend(state, t_ns);
        self.state = State::OnCpu;
        // Its wake-up was lost, if there is one left.
        self.waking = None;
        self.away.take()
    }

    /// It left the CPU. Returns an interval that did not end as it should.
    ///
    /// `before` says what its CPU did before, in case that it came unseen: it was away until then, and if it
    /// could run and the CPU was idle, it came at once.
    pub(crate) fn leaves(
        &mut self,
        left: Left,
        could_run: bool,
        before: Before,
    ) -> Option<Interval> {
        let state = if self.came_unseen(before) {
            let away = match self.state {
                State::Unknown => State::Unsplit,
                away => away,
            };
            self.spend(away, before.t_ns.min(left.t_ns));
            if before.idle && away == State::Runnable {
                State::OnCpu
            } else {
                State::Unknown
            }
        } else {
            State::OnCpu
        };
        self.spend(state, left.t_ns);
        self.state = if could_run {
            State::Runnable
        } else {
            State::Blocked
        };
        self.switches += 1;
        self.away.replace(Interval {
            left,
            ..Interval::default()
        })
    }

    /// Somebody is about to wake it, which may be before it has left its CPU.
    pub(crate) fn waking(&mut self, waker: Waker) {
        self.waking = Some(waker);
    }

    /// It may run again. A wake-up of a thread that does not sleep means nothing.
    pub(crate) fn woken(&mut self, t_ns: i64) {
        let waker = self.waking.take();
        if matches!(self.state, State::Unknown | State::Blocked) {
            self.spend(State::Blocked, t_ns);
            self.state = State::Runnable;
            if let Some(away) = &mut self.away {
                away.ended.waker = waker;
            }
        }
    }

    /// Records of this time were lost. What it does afterwards follows from its next event.
    pub(crate) fn gap(&mut self, begin_ns: i64, end_ns: i64) {
        if self.since_ns < end_ns {
            self.spend(self.state, begin_ns);
            self.spend(State::Unknown, end_ns);
            self.state = State::Unknown;
            self.waking = None;
        }
    }

    /// Accounts up to the end. `asleep` says what a thread without any event does; `None`: not known.
    pub(crate) fn end(&mut self, t_ns: i64, asleep: Option<bool>) -> Option<Interval> {
        let state = match (self.state, asleep) {
            (State::Unknown, Some(true)) => State::Blocked,
            (State::Unknown, Some(false)) => State::OnCpu,
            (state, _) => state,
        };
        self.spend(state, t_ns);
        self.away.take()
    }

    /// Accounts the time since the last event; `Unknown` is the residue.
    fn spend(&mut self, state: State, t_ns: i64) {
        let spent = (t_ns - self.since_ns).max(0);
        let began_ns = self.since_ns;
        self.since_ns = self.since_ns.max(t_ns);
        if matches!(state, State::Runnable | State::Blocked | State::Unsplit) {
            let away = self.away.get_or_insert(Interval {
                left: Left {
                    t_ns: began_ns,
                    ..Left::default()
                },
                ..Interval::default()
            });
            if state == State::Runnable {
                away.runnable_ns += spent;
            } else {
                away.blocked_ns += spent;
            }
        }
        match state {
            State::Unknown => self.times.residue_ns += spent,
            State::OnCpu => self.times.on_cpu_ns += spent,
            State::Runnable => self.times.runnable_ns += spent,
            State::Blocked => self.times.blocked_ns += spent,
            State::Unsplit => self.times.unsplit_ns += spent,
        }
    }
}

#[cfg(test)]
mod tests;

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

/// One interval off the CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) left: Left,
    /// Without a wake-up that was seen, all of it.
    pub(crate) blocked_ns: i64,
    pub(crate) runnable_ns: i64,
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

    /// It may run again. A wake-up of a thread that does not sleep means nothing.
    pub(crate) fn woken(&mut self, t_ns: i64) {
        if matches!(self.state, State::Unknown | State::Blocked) {
            self.spend(State::Blocked, t_ns);
            self.state = State::Runnable;
        }
    }

    /// Records of this time were lost. What it does afterwards follows from its next event.
    pub(crate) fn gap(&mut self, begin_ns: i64, end_ns: i64) {
        if self.since_ns < end_ns {
            self.spend(self.state, begin_ns);
            self.spend(State::Unknown, end_ns);
            self.state = State::Unknown;
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn left(t_ns: i64) -> Left {
        Left {
            t_ns,
            cpu: 1,
            stack: Some(5),
        }
    }

    fn before(t_ns: i64, idle: bool) -> Before {
        Before { t_ns, idle }
    }

    fn times(on_cpu_ns: i64, runnable_ns: i64, blocked_ns: i64, residue_ns: i64) -> Times {
        Times {
            on_cpu_ns,
            runnable_ns,
            blocked_ns,
            unsplit_ns: 0,
            residue_ns,
        }
    }

    #[test]
    fn an_interval_has_a_blocked_and_a_runnable_part() {
        let mut states = States::unknown(100, true);
        assert_eq!(states.leaves(left(110), false, Before::default()), None);
        states.woken(150);
        let interval = Interval {
            left: left(110),
            blocked_ns: 40,
            runnable_ns: 7,
        };
        assert_eq!(states.comes(157), Some(interval));
        assert_eq!(states.end(160, None), None);
        assert_eq!(states.times, times(13, 7, 40, 0));
        assert_eq!(states.switches, 1);
    }

    #[test]
    fn a_preempted_thread_is_never_blocked() {
        let mut states = States::unknown(0, true);
        states.leaves(left(10), true, Before::default());
        states.woken(20);
        states.comes(30);
        states.end(31, None);
        assert_eq!(states.times, times(11, 20, 0, 0));
    }

    #[test]
    fn the_first_event_tells_what_was_before() {
        let mut woken = States::unknown(0, true);
        woken.woken(10);
        let first = Interval {
            left: Left::default(),
            blocked_ns: 10,
            runnable_ns: 5,
        };
        assert_eq!(woken.comes(15), Some(first));
        let mut came = States::unknown(0, true);
        came.comes(10);
        came.times.split(Some(10..=10));
        assert_eq!(came.times, times(0, 10, 0, 0));
        let mut sleeper = States::unknown(0, true);
        sleeper.end(10, Some(true));
        assert_eq!(sleeper.times, times(0, 0, 10, 0));
        let mut unknown = States::unknown(0, true);
        unknown.end(10, None);
        assert_eq!(unknown.times, times(0, 0, 0, 10));
    }

    #[test]
    fn a_wait_without_a_wake_up_is_split_by_the_kernels_account() {
        let mut states = States::unknown(0, true);
        states.leaves(left(10), true, Before::default());
        states.comes(15);
        states.leaves(left(20), false, Before::default());
        let interval = states.comes(60);
        assert_eq!(interval.map(|interval| interval.blocked_ns), Some(40));
        states.end(60, None);
        let split = |runnable_ns| {
            let mut times = states.times;
            times.split(runnable_ns);
            times
        };
        assert_eq!(split(Some(12..=12)), times(15, 12, 33, 0));
        assert_eq!(split(Some(10..=12)), times(15, 10, 33, 2));
        assert_eq!(split(Some(0..=0)), times(15, 5, 40, 0));
        assert_eq!(split(Some(0..=99)), times(15, 5, 0, 40));
        assert_eq!(split(Some(99..=99)), times(15, 45, 0, 0));
        assert_eq!(split(None), times(15, 5, 0, 40));
    }

    #[test]
    fn a_thread_that_left_unseen_goes_to_the_residue() {
        let mut states = States::unknown(0, true);
        states.leaves(left(5), true, Before::default());
        states.comes(10);
        states.comes(60);
        assert_eq!(states.times, times(5, 5, 0, 50));
    }

    #[test]
    fn a_thread_that_came_unseen_was_away_while_its_cpu_was_seen_with_others() {
        let mut states = States::unknown(0, true);
        states.leaves(left(10), true, Before::default());
        states.leaves(left(50), true, before(45, false));
        states.end(51, None);
        assert_eq!(states.times, times(10, 36, 0, 5));
    }

    #[test]
    fn a_thread_whose_cpu_was_seen_with_others_has_not_run_since_the_beginning() {
        let mut states = States::unknown(0, true);
        states.leaves(left(50), true, before(45, false));
        states.times.split(Some(0..=0));
        assert_eq!(states.times, times(0, 0, 45, 5));
    }

    #[test]
    fn a_thread_that_came_unseen_to_an_idle_cpu_came_when_it_was_woken() {
        let mut states = States::unknown(0, true);
        states.leaves(left(10), false, Before::default());
        states.woken(30);
        states.leaves(left(50), false, before(20, true));
        states.leaves(left(80), false, before(70, true));
        assert_eq!(states.times, times(30, 0, 40, 10));
    }

    #[test]
    fn a_gap_in_the_records_is_residue_and_nothing_else() {
        let mut states = States::unknown(0, true);
        states.leaves(left(10), false, Before::default());
        states.gap(30, 50);
        states.woken(60);
        assert_eq!(states.times, times(10, 0, 30, 20));
        states.comes(65);
        states.gap(70, 80);
        states.gap(1, 2);
        states.leaves(left(90), false, Before::default());
        assert_eq!(states.times, times(25, 5, 30, 30));
    }

    #[test]
    fn without_wake_ups_all_of_it_is_blocked() {
        let mut states = States::unknown(0, false);
        states.leaves(left(10), false, Before::default());
        states.comes(50);
        assert_eq!(states.times, times(10, 0, 40, 0));
    }

    proptest! {
        /// Whatever comes in whatever order, with gaps and steps back in time: nothing is lost or
        /// counted twice, and the intervals carry all the time off the CPU.
        #[test]
        fn time_is_conserved(
            wakeups: bool,
            events in prop::collection::vec((0u8..6, -5i64..100), 0..60),
            asleep in prop::option::of(any::<bool>()),
            runnable_by_account in prop::option::of((0i64..2_000, 0i64..99)),
        ) {
            let mut states = States::unknown(0, wakeups);
            let (mut now, mut latest) = (0, 0);
            let mut intervals = Vec::new();
            for (event, step) in events {
                now += step;
                latest = latest.max(now);
                match event {
                    0 => intervals.extend(states.comes(now)),
                    1 => intervals.extend(states.leaves(left(now), true, before(now - 20, wakeups))),
                    2 => intervals.extend(states.leaves(left(now), false, before(now - 200, !wakeups))),
                    3 => states.woken(now),
                    4 => states.gap(now - 30, now),
                    _ => states.seen_running(),
                }
            }
            intervals.extend(states.end(latest, asleep));
            prop_assert_eq!(states.times.wall_ns(), latest);
            let blocked: i64 = intervals.iter().map(|interval| interval.blocked_ns).sum();
            let runnable: i64 = intervals.iter().map(|interval| interval.runnable_ns).sum();
            let off_cpu = states.times.blocked_ns + states.times.unsplit_ns;
            prop_assert_eq!((blocked, runnable), (off_cpu, states.times.runnable_ns));
            let with_stack = intervals.iter().filter(|interval| interval.left.stack.is_some()).count();
            prop_assert_eq!(with_stack as u64, states.switches);
            states.times.split(runnable_by_account.map(|(least, more)| least..=least + more));
            prop_assert_eq!((states.times.wall_ns(), states.times.unsplit_ns), (latest, 0));
        }
    }
}

//! Threads away from their CPUs: from the switch that took them off to the one that brought them back.

use hashbrown::HashMap;

use crate::samples::SampleRow;

/// Threads that are off at the same time; more than any kernel allows by default.
const MOST_THREADS: usize = 1 << 20;

/// One time off the CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    /// Where and when the thread left; the stack is the one with which it did.
    pub(crate) row: SampleRow,
    /// Until it was woken, in ns.
    pub(crate) blocked_ns: i64,
    /// From there until it ran, in ns.
    pub(crate) runnable_ns: i64,
}

#[derive(Clone, Copy)]
struct Away {
    row: SampleRow,
    /// Since when it could have run.
    runnable_since: Option<i64>,
}

/// Threads that are off their CPUs.
#[derive(Default)]
pub(crate) struct Switches {
    away: HashMap<i32, Away>,
    /// Times off whose end is not known, which count but have no length.
    pub(crate) without_end: u64,
    /// Times off whose end is known.
    pub(crate) with_end: u64,
    /// Times off that lasted when the recording ended.
    pub(crate) cut: u64,
    /// Whether any thread was seen to be woken.
    pub(crate) knows_wakeups: bool,
}

impl Switches {
    /// A thread leaves its CPU; `is_runnable`: it was made to, but could go on. Returns the time off
    /// before, if its end was never seen.
    pub(crate) fn leave(
        &mut self,
        thread: i32,
        row: SampleRow,
        is_runnable: bool,
    ) -> Option<Interval> {
        let away = Away {
            row,
            runnable_since: is_runnable.then_some(row.t_ns),
        };
        if self.away.len() >= MOST_THREADS && !self.away.contains_key(&thread) {
            return Some(self.endless(away));
        }
        let before = self.away.insert(thread, away)?;
        Some(self.endless(before))
    }

    /// A thread becomes runnable.
    pub(crate) fn wake(&mut self, thread: i32, t_ns: i64) {
        self.knows_wakeups = true;
        if let Some(away) = self.away.get_mut(&thread) {
            away.runnable_since.get_or_insert(t_ns);
        }
    }

    /// A thread runs again.
    pub(crate) fn enter(&mut self, thread: i32, t_ns: i64) -> Option<Interval> {
        let away = self.away.remove(&thread)?;
        self.with_end += 1;
        Some(until(away, t_ns))
    }

    /// The recording ends.
    pub(crate) fn finish(&mut self, t_ns: i64) -> Vec<Interval> {
        let mut rest: Vec<Away> = std::mem::take(&mut self.away).into_values().collect();
        rest.sort_by_key(|away| (away.row.t_ns, away.row.tid));
        if self.with_end == 0 {
            return rest.into_iter().map(|away| self.endless(away)).collect();
        }
        self.cut += rest.len() as u64;
        rest.into_iter().map(|away| until(away, t_ns)).collect()
    }

    fn endless(&mut self, away: Away) -> Interval {
        self.without_end += 1;
        Interval {
            row: away.row,
            blocked_ns: 0,
            runnable_ns: 0,
        }
    }
}

fn until(away: Away, end: i64) -> Interval {
    let begin = away.row.t_ns;
    let runnable_since = away
        .runnable_since
        .unwrap_or(end)
        .clamp(begin, end.max(begin));
    Interval {
        row: away.row,
        blocked_ns: runnable_since.saturating_sub(begin),
        runnable_ns: end.max(begin).saturating_sub(runnable_since),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(t_ns: i64) -> SampleRow {
        SampleRow {
            t_ns,
            tid: 7,
            cpu: 0,
            stack: 3,
        }
    }

    fn times(interval: Option<Interval>) -> Option<(i64, i64, i64)> {
        interval.map(|found| (found.row.t_ns, found.blocked_ns, found.runnable_ns))
    }

    #[test]
    fn a_time_off_is_blocked_until_the_wakeup_and_runnable_after_it() {
        let mut switches = Switches::default();
        assert_eq!(switches.enter(7, 5), None);
        assert_eq!(switches.leave(7, row(10), false), None);
        switches.wake(7, 14);
        switches.wake(7, 15);
        assert_eq!(times(switches.enter(7, 20)), Some((10, 4, 6)));
        assert_eq!(switches.leave(7, row(30), true), None);
        assert_eq!(times(switches.enter(7, 33)), Some((30, 0, 3)));
        assert_eq!(switches.leave(7, row(40), false), None);
        assert_eq!(times(switches.enter(7, 41)), Some((40, 1, 0)));
    }

    #[test]
    fn a_time_off_without_end_counts_but_has_no_length() {
        let mut switches = Switches::default();
        assert_eq!(switches.leave(7, row(10), false), None);
        assert_eq!(times(switches.leave(7, row(20), false)), Some((10, 0, 0)));
        assert_eq!(times(switches.finish(50).pop()), Some((20, 0, 0)));
        assert_eq!(switches.without_end, 2);
    }

    #[test]
    fn the_end_of_the_recording_cuts_the_last_time_off() {
        let mut switches = Switches::default();
        assert_eq!(switches.leave(7, row(10), false), None);
        assert_eq!(times(switches.enter(7, 11)), Some((10, 1, 0)));
        assert_eq!(switches.leave(7, row(20), false), None);
        assert_eq!(times(switches.finish(50).pop()), Some((20, 30, 0)));
        assert_eq!((switches.cut, switches.without_end), (1, 0));
    }
}

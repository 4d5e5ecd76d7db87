//! Sums up what looks at threads told: three states that add up to the time between the first and the
//! last look, and two profiles that hold the same sums.
//!
//! Between two looks the scheduler's counters say how long a thread ran and how long it waited for a
//! CPU; all the rest was blocked. The place at which it is seen blocked names that rest. The counters of
//! a thread that is seen runnable lag behind, so its rest stays open until it is seen blocked.

use std::collections::HashMap;

use profile::{Profile, SampleRow};

use crate::proc_sampling_frames::{Kind, NamedStacks};
use crate::proc_sampling_read::{Counters, Place, Status};
use crate::sampling::ThreadTimes;

/// Ended threads kept one by one; further ones are summed in one row.
const MOST_ENDED: usize = 20_000;
/// Single looks kept; later ones still count in their stacks.
const MOST_SAMPLES: usize = 1_000_000;

/// A thread between two looks.
struct Watched {
    times: ThreadTimes,
    seen_ns: i64,
    counters: Counters,
    /// Neither run nor waited for a CPU, but not yet known to be blocked either.
    open_ns: i64,
    /// Off-CPU stack of the place where it was last seen blocked.
    place: Option<u32>,
}

/// What came of all looks.
pub(crate) struct Folded {
    /// Values: looks before which the thread ran; CPU nanoseconds.
    pub(crate) on_cpu: Profile,
    /// Values: times it got a CPU; blocked nanoseconds; runnable nanoseconds.
    pub(crate) off_cpu: Profile,
    pub(crate) threads: Vec<ThreadTimes>,
    pub(crate) warnings: Vec<String>,
}

/// Collects looks at the threads of any number of processes.
pub(crate) struct StateFolder {
    on_cpu: NamedStacks,
    off_cpu: NamedStacks,
    watched: HashMap<i32, Watched>,
    ended: Vec<ThreadTimes>,
    beyond: Option<ThreadTimes>,
    beyond_samples: u64,
}

impl StateFolder {
    pub(crate) fn new() -> Self {
        Self {
            on_cpu: NamedStacks::new(&[("samples", "count"), ("cpu", "nanoseconds")]),
            off_cpu: NamedStacks::new(&[
                ("switches", "count"),
                ("blocked", "nanoseconds"),
                ("runnable", "nanoseconds"),
            ]),
            watched: HashMap::new(),
            ended: Vec::new(),
            beyond: None,
            beyond_samples: 0,
        }
    }

    /// Takes a look at thread `tid` of process `pid` at time `t_ns`. `place` is asked for only if the
    /// thread is blocked and may have moved since the last look.
    pub(crate) fn look(
        &mut self,
        (pid, tid): (i32, i32),
        t_ns: i64,
        counters: Counters,
        status: &Status,
        place: impl FnOnce() -> Place,
    ) {
        let Some(mut thread) = self.watched.remove(&tid) else {
            self.watched
                .insert(tid, begun((pid, tid), t_ns, counters, status));
            return;
        };
        let since = counters.since(thread.counters);
        let Some(since) = since.filter(|_| thread.times.pid == pid) else {
            // The number belongs to another thread now.
            self.close(thread);
            self.watched
                .insert(tid, begun((pid, tid), t_ns, counters, status));
            return;
        };
        let passed_ns = t_ns - thread.seen_ns;
        (thread.seen_ns, thread.counters) = (t_ns, counters);
        thread.open_ns += passed_ns - since.on_cpu_ns - since.runnable_ns;
        let times = &mut thread.times;
        times.name.clone_from(&status.name);
        times.wall_ns += passed_ns;
        times.on_cpu_ns += since.on_cpu_ns;
        times.runnable_ns += since.runnable_ns;
        times.switches += since.switches.cast_unsigned();
        let is_blocked = status.state != 'R';
        if is_blocked && (since.switches > 0 || thread.place.is_none()) {
            thread.place = Some(self.place(status, &place()));
        }
        self.count_cpu(&thread.times, t_ns, since);
        self.count_waits(&mut thread, since, is_blocked);
        self.watched.insert(tid, thread);
    }

    /// The thread is gone.
    pub(crate) fn end(&mut self, tid: i32) {
        if let Some(thread) = self.watched.remove(&tid) {
            self.close(thread);
        }
    }

    /// Ends the collection.
    pub(crate) fn finish(mut self) -> Folded {
        let mut left: Vec<i32> = self.watched.keys().copied().collect();
        left.sort_unstable();
        left.into_iter().for_each(|tid| self.end(tid));
        let mut warnings = Vec::new();
        if self.beyond_samples > 0 {
            let count = self.beyond_samples;
            warnings.push(format!(
                "{count} looks are counted in their stacks but not kept one by one"
            ));
        }
        if let Some(beyond) = self.beyond {
            warnings.push(format!(
                "the states of threads beyond {MOST_ENDED} are summed in one row"
            ));
            self.ended.push(beyond);
        }
        Folded {
            on_cpu: self.on_cpu.profile,
            off_cpu: self.off_cpu.profile,
            threads: self.ended,
            warnings,
        }
    }

    /// What is still open of an ended thread was blocked; the counters lag by a tick at most.
    fn close(&mut self, mut thread: Watched) {
        self.count_waits(&mut thread, Counters::default(), true);
        thread.times.residue_ns = thread.open_ns;
        if self.ended.len() < MOST_ENDED {
            self.ended.push(thread.times);
            return;
        }
        let beyond = self.beyond.get_or_insert_with(|| ThreadTimes {
            name: "[other threads]".to_owned(),
            ..ThreadTimes::default()
        });
        beyond.add(&thread.times);
    }

    fn count_cpu(&mut self, times: &ThreadTimes, t_ns: i64, since: Counters) {
        if since.on_cpu_ns == 0 {
            return;
        }
        let frames = [
            (Kind::State, state_in_words('R')),
            (Kind::Thread, &times.name),
        ];
        let stack = self.on_cpu.stack(&frames);
        let values = [1, since.on_cpu_ns];
        self.on_cpu.add(stack, &values);
        let samples = &mut self.on_cpu.profile.samples;
        if samples.len() == MOST_SAMPLES {
            self.beyond_samples += 1;
            return;
        }
        let (tid, cpu) = (times.tid, -1);
        let row = SampleRow {
            t_ns,
            tid,
            cpu,
            stack,
        };
        samples.push_with_values(row, &values);
    }

    /// Waits for a CPU, and what is open once the thread is known to be blocked, belong to the place
    /// where it was last seen blocked.
    fn count_waits(&mut self, thread: &mut Watched, since: Counters, is_blocked: bool) {
        let mut blocked_ns = 0;
        if is_blocked && thread.open_ns > 0 {
            blocked_ns = std::mem::take(&mut thread.open_ns);
            thread.times.blocked_ns += blocked_ns;
        }
        let values = [since.switches, blocked_ns, since.runnable_ns];
        if values == [0; 3] {
            return;
        }
        let stack = match thread.place {
            Some(place) => place,
            None => self.off_cpu.stack(&[
                (Kind::State, "[never seen blocked]"),
                (Kind::Thread, &thread.times.name),
            ]),
        };
        self.off_cpu.add(stack, &values);
    }

    fn place(&mut self, status: &Status, place: &Place) -> u32 {
        let kernel = place.kernel.iter().map(|name| (Kind::Kernel, &**name));
        let mut frames: Vec<(Kind, &str)> = kernel.collect();
        if !place.system_call.is_empty() {
            frames.push((Kind::SystemCall, &place.system_call));
        }
        frames.push((Kind::State, state_in_words(status.state)));
        frames.push((Kind::Thread, &status.name));
        self.off_cpu.stack(&frames)
    }
}

fn begun((pid, tid): (i32, i32), t_ns: i64, counters: Counters, status: &Status) -> Watched {
    let times = ThreadTimes {
        tid,
        pid,
        name: status.name.clone(),
        ..ThreadTimes::default()
    };
    Watched {
        times,
        seen_ns: t_ns,
        counters,
        open_ns: 0,
        place: None,
    }
}

fn state_in_words(state: char) -> &'static str {
    match state {
        'R' => "R (on a CPU or waiting for one)",
        'S' => "S (sleeping)",
        'D' => "D (uninterruptible, mostly disk)",
        'T' | 't' => "T (stopped)",
        _ => "I (idle)",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counters(on_cpu_ns: i64, runnable_ns: i64, switches: i64) -> Counters {
        Counters {
            on_cpu_ns,
            runnable_ns,
            switches,
        }
    }

    fn look(folder: &mut StateFolder, t_ns: i64, counters: Counters, state: char, wait: &str) {
        let status = Status {
            name: "worker".to_owned(),
            state,
        };
        let place = Place {
            kernel: vec![wait.to_owned()],
            system_call: String::new(),
        };
        folder.look((1, 2), t_ns, counters, &status, || place);
    }

    fn stacks(profile: &Profile) -> Vec<(String, Vec<i64>)> {
        let rows = 0..profile.stacks.len();
        rows.map(|row| {
            let frames = profile.stack_frames(row as u32).map(|frame| {
                let function = profile.frames.rows()[frame as usize].function;
                profile.strings.text(function).to_owned()
            });
            let values = profile.values.iter().map(|column| column[row]);
            (frames.collect::<Vec<_>>().join(" < "), values.collect())
        })
        .collect()
    }

    #[test]
    fn the_rest_belongs_to_the_place_where_the_thread_is_seen_blocked() {
        let mut folder = StateFolder::new();
        look(&mut folder, 100, counters(10, 10, 1), 'S', "futex_wait");
        look(&mut folder, 200, counters(40, 20, 3), 'S', "futex_wait");
        look(&mut folder, 300, counters(40, 20, 3), 'S', "not asked for");
        // Runnable: the counters do not tell yet for how long.
        look(&mut folder, 400, counters(40, 20, 3), 'R', "");
        look(&mut folder, 500, counters(60, 90, 4), 'D', "folio_wait");
        let folded = folder.finish();
        let times = &folded.threads[0];
        assert_eq!(
            (times.wall_ns, times.on_cpu_ns, times.runnable_ns),
            (400, 50, 80)
        );
        assert_eq!(
            (times.blocked_ns, times.residue_ns, times.switches),
            (270, 0, 3)
        );
        let expected = [
            (
                "futex_wait < S (sleeping) < worker".to_owned(),
                vec![2, 160, 10],
            ),
            (
                "folio_wait < D (uninterruptible, mostly disk) < worker".to_owned(),
                vec![1, 110, 70],
            ),
        ];
        assert_eq!(stacks(&folded.off_cpu), expected);
        let on_cpu = "R (on a CPU or waiting for one) < worker".to_owned();
        assert_eq!(stacks(&folded.on_cpu), [(on_cpu, vec![2, 50])]);
        let pseudo = folded.off_cpu.mappings.rows().iter();
        let paths: Vec<&str> = pseudo
            .map(|row| folded.off_cpu.strings.text(row.path))
            .collect();
        assert_eq!(paths, ["[kernel]", "[state]", "[thread]"]);
    }

    #[test]
    fn a_number_that_is_used_again_is_another_thread() {
        let mut folder = StateFolder::new();
        look(&mut folder, 0, counters(50, 0, 5), 'S', "a");
        look(&mut folder, 100, counters(60, 0, 6), 'S', "a");
        look(&mut folder, 200, counters(1, 0, 1), 'S', "a");
        folder.end(2);
        let walls: Vec<i64> = folder
            .finish()
            .threads
            .iter()
            .map(|row| row.wall_ns)
            .collect();
        assert_eq!(walls, [100, 0]);
    }

    #[test]
    fn threads_beyond_the_limit_are_summed() {
        let mut folder = StateFolder::new();
        for tid in 0..2 * MOST_ENDED as i32 {
            let status = Status {
                name: tid.to_string(),
                state: 'S',
            };
            folder.look((1, tid), 0, counters(0, 0, 0), &status, Place::default);
            folder.look((1, tid), 7, counters(2, 0, 1), &status, Place::default);
            folder.end(tid);
        }
        let folded = folder.finish();
        assert_eq!(folded.threads.len(), MOST_ENDED + 1);
        let walls = folded.threads.iter().map(|row| row.wall_ns);
        assert_eq!(walls.sum::<i64>(), 14 * MOST_ENDED as i64);
        assert_eq!(folded.off_cpu.total(1), 10 * MOST_ENDED as i64);
        assert_eq!(folded.warnings.len(), 1);
    }

    proptest! {
        #[test]
        fn states_add_up_to_the_time_that_passed(
            looks in prop::collection::vec((0i64..100, 0i64..60, 0i64..60, 0i64..3, "[RSD]"), 1..50),
        ) {
            let mut folder = StateFolder::new();
            let (mut t_ns, mut sum) = (0, Counters::default());
            for (passed, ran, waited, switches, state) in &looks {
                t_ns += passed;
                sum.on_cpu_ns += ran;
                sum.runnable_ns += waited;
                sum.switches += switches;
                look(&mut folder, t_ns, sum, state.chars().next().unwrap_or('R'), "w");
            }
            let folded = folder.finish();
            let times = &folded.threads[0];
            prop_assert_eq!(times.wall_ns, looks[1..].iter().map(|look| look.0).sum::<i64>());
            let states = times.on_cpu_ns + times.runnable_ns + times.blocked_ns + times.residue_ns;
            prop_assert_eq!(states, times.wall_ns);
            prop_assert!(times.residue_ns <= 0);
            prop_assert_eq!(folded.on_cpu.total(1), times.on_cpu_ns);
            prop_assert_eq!(folded.off_cpu.total(0), times.switches.cast_signed());
            prop_assert_eq!(folded.off_cpu.total(1), times.blocked_ns);
            prop_assert_eq!(folded.off_cpu.total(2), times.runnable_ns);
        }
    }
}

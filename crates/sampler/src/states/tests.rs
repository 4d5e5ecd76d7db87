use proptest::prelude::*;

use super::*;
use crate::waking::Context;

const WAKER: Waker = Waker {
    tid: 9,
    context: Context::Thread,
};

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
    states.waking(WAKER);
    states.woken(150);
    let interval = Interval {
        left: left(110),
        blocked_ns: 40,
        runnable_ns: 7,
        ended: Ended {
            waker: Some(WAKER),
            behind: None,
        },
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
fn who_wakes_a_thread_may_do_so_before_it_has_left_its_cpu() {
    let mut states = States::unknown(0, true);
    states.comes(5);
    states.waking(WAKER);
    states.leaves(left(10), false, Before::default());
    states.woken(11);
    let waker = |away: Option<Interval>| away.and_then(|interval| interval.ended.waker);
    assert_eq!(waker(states.comes(12)), Some(WAKER));
    states.waking(WAKER);
    states.woken(13);
    states.leaves(left(20), false, Before::default());
    states.woken(30);
    assert_eq!(waker(states.comes(31)), None, "that was another wake-up's");
}

#[test]
fn who_was_about_to_wake_a_thread_is_forgotten_where_its_wake_up_was_lost() {
    let mut lost = States::unknown(0, true);
    lost.leaves(left(10), false, Before::default());
    lost.waking(WAKER);
    lost.gap(15, 20);
    lost.woken(30);
    let mut came = States::unknown(0, true);
    came.leaves(left(10), false, Before::default());
    came.waking(WAKER);
    came.comes(20);
    came.leaves(left(25), false, Before::default());
    came.woken(30);
    for mut states in [lost, came] {
        let interval = states.comes(31);
        assert_eq!(interval.map(|interval| interval.ended.waker), Some(None));
    }
    let mut untouched = States::unknown(0, true);
    untouched.leaves(left(10), false, Before::default());
    untouched.waking(WAKER);
    untouched.gap(1, 2);
    untouched.woken(30);
    let interval = untouched.comes(31);
    assert_eq!(
        interval.and_then(|interval| interval.ended.waker),
        Some(WAKER)
    );
}

#[test]
fn the_first_event_tells_what_was_before() {
    let mut woken = States::unknown(0, true);
    woken.woken(10);
    let first = Interval {
        left: Left::default(),
        blocked_ns: 10,
        runnable_ns: 5,
        ended: Ended::default(),
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
        events in prop::collection::vec((0u8..7, -5i64..100), 0..60),
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
                5 => states.waking(WAKER),
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

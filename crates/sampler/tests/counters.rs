//! Counts of this very process beside what the kernel's own accounts say, with events that any machine has.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![allow(unsafe_code)] // Accounts of resources and fresh memory have no safe wrapper in std.

use std::hint::black_box;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use profile::Profile;
use sampler::{Count, Counters, Event, SampleError, Sampled, Sampler, Wanted, capability};

/// The tests share one process, and so would count each other's threads.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
const PAGES: usize = 20_000;
const HARDWARE: [Event; 3] = [Event::CYCLES, Event::INSTRUCTIONS, Event::CACHE_MISSES];

fn pid() -> i32 {
    std::process::id().cast_signed()
}

/// Writes to pages that were never there, one after another.
#[inline(never)]
fn touch_fresh_pages(pages: usize) {
    let page = 4096;
    // SAFETY: a fresh mapping of our own, written to within its length, and unmapped once.
    unsafe {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let memory = libc::mmap(std::ptr::null_mut(), pages * page, protection, flags, -1, 0);
        assert_ne!(memory, libc::MAP_FAILED);
        libc::madvise(memory, pages * page, libc::MADV_NOHUGEPAGE);
        for at in 0..pages {
            memory.cast::<u8>().add(at * page).write_volatile(1);
        }
        libc::munmap(memory, pages * page);
    }
}

/// Page faults and context switches of this process, or of its children that were waited for.
fn account(whose: libc::c_int) -> (u64, u64) {
    // SAFETY: zeros are a valid rusage, which the call fills.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        assert_eq!(libc::getrusage(whose, &raw mut usage), 0);
        usage
    };
    let faults = usage.ru_minflt + usage.ru_majflt;
    let switches = usage.ru_nvcsw + usage.ru_nivcsw;
    (faults.cast_unsigned(), switches.cast_unsigned())
}

fn cpu_ns() -> u64 {
    // SAFETY: zeros are a valid timespec, which the call fills.
    let time = unsafe {
        let mut time: libc::timespec = std::mem::zeroed();
        libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time);
        time
    };
    (time.tv_sec * 1_000_000_000 + time.tv_nsec).cast_unsigned()
}

/// Counters, or nothing where not even the program's own part may be counted.
fn opened(events: &[Event]) -> Option<Counters> {
    let counters = Counters::open(pid(), events).unwrap();
    let is_refused = counters.refused().len() == events.len();
    if is_refused {
        let told = &counters.refused()[0].1;
        assert!(told.contains("perf_event_paranoid"), "{told}");
    }
    (!is_refused && counters.counts_kernel()).then_some(counters)
}

fn of(counts: &[Count], event: Event) -> Count {
    let found = counts.iter().find(|count| count.event == event);
    *found.unwrap()
}

/// Within a hundredth, or what the edges of counting cost.
fn assert_near(counted: u64, accounted: u64, what: &str) {
    let most = accounted / 100 + 20;
    assert!(
        counted.abs_diff(accounted) <= most,
        "{what}: {counted} counted, {accounted} on the account"
    );
}

#[test]
fn threads_before_and_after_the_start_are_counted_as_the_kernel_accounts() {
    let _turn = ONE_AT_A_TIME.lock().unwrap();
    let events = [
        Event::PAGE_FAULTS,
        Event::CONTEXT_SWITCHES,
        Event::TASK_CLOCK,
    ];
    let (go, gone) = channel::<()>();
    let early = thread::spawn(move || {
        gone.recv().unwrap();
        touch_fresh_pages(PAGES);
    });
    let Some(mut counters) = opened(&events) else {
        return;
    };
    assert!(counters.refused().is_empty() && !counters.missed_threads());
    let (before, cpu_before) = (account(libc::RUSAGE_SELF), cpu_ns());
    counters.start().unwrap();
    go.send(()).unwrap();
    let late = thread::spawn(|| {
        touch_fresh_pages(PAGES);
        for _ in 0..300 {
            thread::sleep(Duration::from_micros(200));
        }
    });
    early.join().unwrap();
    late.join().unwrap();
    let counts = counters.stop().unwrap();
    let (after, cpu_after) = (account(libc::RUSAGE_SELF), cpu_ns());
    let faults = of(&counts, Event::PAGE_FAULTS);
    assert!(faults.count >= 2 * PAGES as u64, "{faults:?}");
    assert_near(faults.count, after.0 - before.0, "faults");
    let switches = of(&counts, Event::CONTEXT_SWITCHES);
    assert!(switches.count >= 300, "{switches:?}");
    assert_near(switches.count, after.1 - before.1, "switches");
    let clock = of(&counts, Event::TASK_CLOCK);
    let differs = clock.count.abs_diff(cpu_after - cpu_before);
    assert!(differs < clock.count / 10, "{clock:?} but {differs} ns off");
    for count in counts {
        assert_eq!(
            count.count, count.counted,
            "software needs no counter in turns"
        );
        assert_eq!(count.enabled_ns, count.running_ns);
    }
}

#[test]
fn processes_that_are_started_meanwhile_are_counted_with_their_parent() {
    let _turn = ONE_AT_A_TIME.lock().unwrap();
    let Some(mut counters) = opened(&[Event::PAGE_FAULTS]) else {
        return;
    };
    let before = (
        account(libc::RUSAGE_SELF).0,
        account(libc::RUSAGE_CHILDREN).0,
    );
    counters.start().unwrap();
    for _ in 0..5 {
        assert!(Command::new("true").status().unwrap().success());
    }
    let counts = counters.stop().unwrap();
    let own = account(libc::RUSAGE_SELF).0 - before.0;
    let children = account(libc::RUSAGE_CHILDREN).0 - before.1;
    assert!(children > 5 * 20, "{children}: the test proves nothing");
    assert_near(
        of(&counts, Event::PAGE_FAULTS).count,
        own + children,
        "faults",
    );
}

#[test]
fn reading_does_not_end_counting() {
    let _turn = ONE_AT_A_TIME.lock().unwrap();
    let Some(mut counters) = opened(&[Event::PAGE_FAULTS]) else {
        return;
    };
    touch_fresh_pages(PAGES);
    let mut last = of(&counters.read().unwrap(), Event::PAGE_FAULTS).count;
    assert_eq!(last, 0, "nothing is counted before the start");
    counters.start().unwrap();
    assert!(matches!(counters.start(), Err(SampleError::Order(_))));
    for _ in 0..3 {
        touch_fresh_pages(1_000);
        let now = of(&counters.read().unwrap(), Event::PAGE_FAULTS).count;
        assert!(now - last >= 1_000, "{last}, then {now}");
        last = now;
    }
}

#[test]
fn what_the_machine_does_not_have_is_told_and_the_rest_is_counted() {
    let _turn = ONE_AT_A_TIME.lock().unwrap();
    let events = [&HARDWARE[..], &[Event::PAGE_FAULTS]].concat();
    let Some(mut counters) = opened(&events) else {
        return;
    };
    counters.start().unwrap();
    touch_fresh_pages(PAGES);
    let refused: Vec<(Event, String)> = counters.refused().to_vec();
    let counts = counters.stop().unwrap();
    assert_eq!(refused.len() + counts.len(), events.len());
    assert!(of(&counts, Event::PAGE_FAULTS).count >= PAGES as u64);
    if capability().hardware_counters.permitted {
        assert!(of(&counts, Event::CYCLES).count > 0);
    } else {
        let names: Vec<Event> = refused.iter().map(|&(event, _)| event).collect();
        assert_eq!(names, HARDWARE);
        for (event, reason) in refused {
            let told = reason.contains("ENOENT") || reason.contains("EOPNOTSUPP");
            assert!(told, "{}: {reason}", event.name());
        }
    }
}

#[test]
fn a_process_that_does_not_exist_is_named() {
    let error = Counters::open(i32::MAX, &[Event::TASK_CLOCK])
        .err()
        .unwrap();
    assert!(matches!(error, SampleError::NoProcess(i32::MAX)), "{error}");
}

/// Page faults of a thread that touches fresh pages, and of all the rest of this process.
struct Seen {
    profile: Profile,
    /// Pages that were touched while sampling was on, at least.
    touched: u64,
    /// Faults counted meanwhile.
    counted: u64,
    /// Records that found no room, of any process.
    lost: u64,
}

fn sampled(period: u64, pages: usize) -> Option<Seen> {
    let wanted = Wanted {
        event: Some(Sampled {
            event: Event::PAGE_FAULTS,
            period,
        }),
        ..Wanted::default()
    };
    let mut counters = opened(&[Event::PAGE_FAULTS])?;
    let (stop, rounds) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let (stopped, counted_rounds) = (Arc::clone(&stop), Arc::clone(&rounds));
    let toucher = thread::spawn(move || {
        while !stopped.load(Ordering::Relaxed) {
            touch_fresh_pages(black_box(pages));
            counted_rounds.fetch_add(1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(2));
        }
    });
    let mut sampler = Sampler::open(pid(), wanted).unwrap();
    sampler.start().unwrap();
    counters.start().unwrap();
    let before = rounds.load(Ordering::SeqCst);
    while rounds.load(Ordering::SeqCst) < before + 60 {
        thread::sleep(Duration::from_millis(5));
    }
    let whole_rounds = rounds.load(Ordering::SeqCst) - before - 1;
    let counts = counters.stop().unwrap();
    let sampling = sampler.stop().unwrap();
    stop.store(true, Ordering::Relaxed);
    toucher.join().unwrap();
    Some(Seen {
        profile: sampling.event.unwrap(),
        touched: whole_rounds * pages as u64,
        counted: of(&counts, Event::PAGE_FAULTS).count,
        lost: sampling.lost,
    })
}

/// The last value of all stacks on which a function is, and that of all stacks.
fn values(profile: &Profile, function: &str) -> (u64, u64) {
    let rows = profile.frames.rows();
    let column = profile.values.len() - 1;
    let is_on = |&stack: &u32| {
        let mut frames = profile.stack_frames(stack);
        frames.any(|frame| {
            let name = profile.strings.text(rows[frame as usize].function);
            name.contains(function)
        })
    };
    let on = (0..profile.stacks.len() as u32).filter(is_on);
    let on: i64 = on.map(|stack| profile.values[column][stack as usize]).sum();
    (on.cast_unsigned(), profile.total(column).cast_unsigned())
}

#[test]
fn each_event_is_sampled_with_the_function_that_it_happened_in() {
    let _turn = ONE_AT_A_TIME.lock().unwrap();
    let Some(seen) = sampled(1, 50) else {
        return;
    };
    assert_eq!(seen.profile.sample_types.len(), 1);
    let (inside, all) = values(&seen.profile, "touch_fresh_pages");
    let (touched, counted, lost) = (seen.touched, seen.counted, seen.lost);
    assert!(
        inside + lost >= touched,
        "{inside} sampled, {lost} lost, {touched} touched"
    );
    // The counters were on for a little less.
    assert!(
        all + lost >= counted,
        "{all} sampled, {lost} lost, {counted} counted"
    );
    assert!(counted >= touched, "{counted} counted, {touched} touched");
}

#[test]
fn one_in_many_stands_for_as_many() {
    let _turn = ONE_AT_A_TIME.lock().unwrap();
    let Some(seen) = sampled(50, 1_000) else {
        return;
    };
    let profile = &seen.profile;
    assert_eq!(profile.period, 50);
    assert_eq!(profile.total(1), 50 * profile.total(0));
    let (inside, _) = values(profile, "touch_fresh_pages");
    let most = seen.touched / 5 + 50 * seen.lost;
    assert!(
        inside.abs_diff(seen.touched) < most,
        "{inside} by samples, {} touched",
        seen.touched
    );
}

//! Looks at threads of this very process through /proc.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::HashSet;
use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, scope, sleep};
use std::time::Duration;

use profile::Profile;
use sampler::{ProcSampler, SampleError, Sampling, ThreadTimes};

fn sampled() -> Sampling {
    let stop = AtomicBool::new(false);
    let lock = Mutex::new(());
    scope(|threads| {
        let held = lock.lock().unwrap();
        let spawn = |name: &str, work: &'static str| {
            let (stop, lock) = (&stop, &lock);
            let run = move || match work {
                "burn" => {
                    while !stop.load(Ordering::Relaxed) {
                        black_box((0..1000u64).sum::<u64>());
                    }
                }
                _ => drop(lock.lock()),
            };
            let builder = Builder::new().name(name.to_owned());
            builder.spawn_scoped(threads, run).unwrap();
        };
        spawn("early-burner", "burn");
        spawn("waiter", "wait");
        let pid = std::process::id().cast_signed();
        let mut sampler = ProcSampler::open(pid, 99).unwrap();
        sampler.start().unwrap();
        assert!(matches!(sampler.start(), Err(SampleError::Order(_))));
        spawn("late-burner", "burn");
        sleep(Duration::from_millis(700));
        let sampling = sampler.stop().unwrap();
        stop.store(true, Ordering::Relaxed);
        drop(held);
        sampling
    })
}

/// Names of the frames of each stack that counts in a column.
fn stacks(profile: &Profile, column: usize) -> Vec<Vec<String>> {
    let counts = |&stack: &u32| profile.values[column][stack as usize] > 0;
    let rows = (0..profile.stacks.len() as u32).filter(counts);
    rows.map(|stack| {
        let frames = profile.stack_frames(stack).map(|frame| {
            let function = profile.frames.rows()[frame as usize].function;
            profile.strings.text(function).to_owned()
        });
        frames.collect()
    })
    .collect()
}

#[test]
fn states_add_up_and_waits_have_a_place() {
    let sampling = sampled();
    for times in &sampling.threads {
        let states = times.on_cpu_ns + times.runnable_ns + times.blocked_ns;
        assert_eq!(states + times.residue_ns, times.wall_ns, "{times:?}");
    }
    let (on_cpu, off_cpu) = (sampling.on_cpu.unwrap(), sampling.off_cpu.unwrap());
    let sum = |of: fn(&ThreadTimes) -> i64| sampling.threads.iter().map(of).sum::<i64>();
    assert_eq!(on_cpu.total(1), sum(|times| times.on_cpu_ns));
    assert_eq!(off_cpu.total(1), sum(|times| times.blocked_ns));
    assert_eq!(off_cpu.total(2), sum(|times| times.runnable_ns));
    let burning: HashSet<String> = stacks(&on_cpu, 1)
        .iter()
        .map(|frames| frames[1].clone())
        .collect();
    assert!(
        burning.contains("early-burner") && burning.contains("late-burner"),
        "{burning:?}"
    );
    let blocked = stacks(&off_cpu, 1);
    let waiter = blocked
        .iter()
        .find(|frames| frames.last().unwrap() == "waiter");
    let waiter = waiter.expect("the waiter was blocked");
    assert!(waiter.contains(&"S (sleeping)".to_owned()), "{waiter:?}");
    assert!(
        waiter.iter().any(|frame| frame.contains("futex")),
        "{waiter:?}"
    );
}

#[test]
fn what_cannot_be_looked_at_is_refused() {
    let pid = std::process::id().cast_signed();
    assert!(matches!(
        ProcSampler::open(i32::MAX, 99),
        Err(SampleError::NoProcess(i32::MAX))
    ));
    assert!(matches!(
        ProcSampler::open(pid, 1001),
        Err(SampleError::Frequency(1001))
    ));
    let mut sampler = ProcSampler::open(pid, 99).unwrap();
    assert!(matches!(sampler.stop(), Err(SampleError::Order(_))));
}

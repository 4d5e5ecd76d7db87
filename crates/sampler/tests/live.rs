//! Samples this very process in each mode that the machine permits.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::HashSet;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use profile::Profile;
use sampler::{Mode, SampleError, Sampler, Wanted, capability};

/// The tests share one process, and so would see each other's threads.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
static TURNS: AtomicU64 = AtomicU64::new(0);

#[inline(never)]
fn burn_until(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        black_box((0..10_000u64).fold(1u64, |sum, turn| sum.wrapping_mul(turn | 1)));
        TURNS.fetch_add(1, Ordering::Relaxed);
    }
}

fn permitted_modes() -> Vec<Mode> {
    let trials = capability().modes;
    let permitted = Mode::ALL
        .into_iter()
        .zip(trials)
        .filter(|(_, trial)| trial.permitted);
    permitted.map(|(mode, _)| mode).collect()
}

fn hz(frequency_hz: u32) -> Wanted {
    Wanted {
        frequency_hz,
        ..Wanted::default()
    }
}

fn pid() -> i32 {
    std::process::id().cast_signed()
}

/// Runs one busy thread that is there before the sampling begins, and one that starts later.
fn sampled(mode: Mode) -> Profile {
    let stop = Arc::new(AtomicBool::new(false));
    let busy = || {
        let stop = Arc::clone(&stop);
        thread::spawn(move || burn_until(&stop))
    };
    let early = busy();
    let mut sampler = Sampler::open_in_mode(pid(), hz(997), mode).unwrap();
    sampler.start().unwrap();
    let late = busy();
    thread::sleep(Duration::from_millis(600));
    let profile = sampler.stop().unwrap().on_cpu.unwrap();
    stop.store(true, Ordering::Relaxed);
    early.join().unwrap();
    late.join().unwrap();
    profile
}

fn names(profile: &Profile, stack: u32) -> Vec<String> {
    let rows = profile.frames.rows();
    let frames = profile.stack_frames(stack);
    frames
        .map(|frame| {
            profile
                .strings
                .text(rows[frame as usize].function)
                .to_owned()
        })
        .collect()
}

#[test]
fn each_permitted_mode_sees_old_and_new_threads_with_their_functions() {
    let _guard = ONE_AT_A_TIME.lock().unwrap();
    for mode in permitted_modes() {
        let profile = sampled(mode);
        let samples = &profile.samples;
        let burning: HashSet<u32> = (0..profile.stacks.len() as u32)
            .filter(|&stack| {
                names(&profile, stack)
                    .iter()
                    .any(|name| name.contains("burn_until"))
            })
            .collect();
        let threads = (0..samples.len()).filter(|&row| burning.contains(&samples.stack[row]));
        let threads: HashSet<i32> = threads.map(|row| samples.tid[row]).collect();
        assert!(
            threads.len() >= 2,
            "{mode:?}: only the threads {threads:?} were seen in burn_until"
        );
        assert_eq!(profile.total(0), samples.len() as i64, "{mode:?}");
        assert_eq!(
            profile.total(1),
            profile.total(0) * profile.period,
            "{mode:?}"
        );
        assert!(samples.t_ns.is_sorted(), "{mode:?}");
        let has_kernel = profile.mappings.rows().iter().any(|row| row.kernel);
        assert!(
            !has_kernel || mode != Mode::PerThreadUserOnly,
            "kernel frames in a mode without them"
        );
    }
}

#[test]
fn a_process_that_does_not_exist_is_named() {
    let error = Sampler::open(i32::MAX, hz(99))
        .err()
        .expect("there is no such process");
    assert!(matches!(error, SampleError::NoProcess(i32::MAX)), "{error}");
}

#[test]
fn an_impossible_frequency_is_refused() {
    for frequency in [0, 100_001] {
        assert!(matches!(
            Sampler::open(pid(), hz(frequency)),
            Err(SampleError::Frequency(_))
        ));
    }
}

#[test]
fn start_and_stop_have_an_order() {
    let _guard = ONE_AT_A_TIME.lock().unwrap();
    let Ok(mut sampler) = Sampler::open(pid(), hz(99)) else {
        assert_eq!(permitted_modes(), [], "a permitted mode was not used");
        return;
    };
    assert!(matches!(sampler.stop(), Err(SampleError::Order(_))));
    sampler.start().unwrap();
    assert!(matches!(sampler.start(), Err(SampleError::Order(_))));
    sampler.stop().unwrap();
    assert!(matches!(sampler.stop(), Err(SampleError::Order(_))));
}

/// Sets the soft limit of open files and returns the one before.
#[allow(unsafe_code)] // Limits have no safe wrapper in std.
fn limit_files(soft: libc::rlim_t) -> libc::rlim_t {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: both calls get a pointer to a live rlimit.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit), 0);
        let before = std::mem::replace(&mut limit.rlim_cur, soft);
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit), 0);
        before
    }
}

#[test]
fn events_beyond_the_soft_limit_leave_room_for_other_files() {
    let _turn = ONE_AT_A_TIME.lock().unwrap();
    let per_thread = |mode: &Mode| *mode != Mode::EveryCpu;
    let Some(mode) = permitted_modes().into_iter().find(per_thread) else {
        return;
    };
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let stopped = Arc::new(Mutex::new(stopped));
    let sleepers: Vec<_> = (0..64)
        .map(|_| Arc::clone(&stopped))
        .map(|stopped| thread::spawn(move || stopped.lock().unwrap().recv().is_err()))
        .collect();
    let before = limit_files(64);
    let sampler = Sampler::open_in_mode(pid(), hz(99), mode).unwrap();
    assert!(std::fs::File::open("/proc/self/status").is_ok());
    drop(sampler);
    assert_eq!(limit_files(before), 64);
    drop(stop);
    sleepers
        .into_iter()
        .for_each(|sleeper| assert!(sleeper.join().unwrap()));
}

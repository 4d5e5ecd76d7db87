//! Callers of code without frame pointers: tests are built without them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::Duration;

use profile::Profile;
use sampler::{SampleError, Sampler, Wanted};

#[inline(never)]
fn spins(stop: &AtomicBool) -> u64 {
    let mut kept = [1u64; 12];
    while !stop.load(Ordering::Relaxed) {
        // More values than registers: none is left for a frame pointer.
        for turn in 0..1_000u64 {
            for row in 0..12 {
                kept[row] = kept[row].wrapping_mul(turn | 1) ^ kept[(row + 5) % 12];
            }
        }
        black_box(&mut kept);
    }
    kept[0]
}

#[inline(never)]
fn calls_what_spins(depth: u32, stop: &AtomicBool) -> u64 {
    let kept: Vec<u64> = (0..100).map(black_box).collect();
    let spun = match depth {
        0 => spins(stop),
        _ => calls_what_spins(depth - 1, stop),
    };
    black_box(kept).len() as u64 + spun
}

/// Samples in `spins`: all of them, and those that show the given number of callers of it.
fn counts(profile: &Profile, callers: usize) -> (i64, i64) {
    let mut counts = (0, 0);
    for stack in 0..profile.stacks.len() as u32 {
        let names = profile.stack_frames(stack).map(|frame| {
            let function = profile.frames.rows()[frame as usize].function;
            profile.strings.text(function)
        });
        let names: Vec<&str> = names.collect();
        let has = |part: &str| names.iter().filter(|name| name.contains(part)).count();
        if names.iter().any(|name| name.ends_with("::spins")) {
            let samples = profile.values[0][stack as usize];
            counts.0 += samples;
            if has("calls_what_spins") == callers {
                counts.1 += samples;
            }
        }
    }
    counts
}

fn sampled(dwarf: bool) -> Result<Profile, SampleError> {
    let wanted = Wanted {
        frequency_hz: 997,
        dwarf,
        ..Wanted::default()
    };
    let stop = AtomicBool::new(false);
    scope(|threads| {
        threads.spawn(|| calls_what_spins(20, &stop));
        let pid = std::process::id().cast_signed();
        let sampling = Sampler::open(pid, wanted).and_then(|mut sampler| {
            sampler.start()?;
            sleep(Duration::from_millis(500));
            sampler.stop()
        });
        stop.store(true, Ordering::Relaxed);
        Ok(sampling?.on_cpu.unwrap())
    })
}

#[test]
fn copies_of_the_stack_show_callers_that_frame_pointers_do_not() {
    let (with, without) = match (sampled(true), sampled(false)) {
        (Err(SampleError::NotPermitted { .. }), _) => return,
        (with, without) => (with.unwrap(), without.unwrap()),
    };
    let (all, shown) = counts(&with, 21);
    assert!(all > 0);
    assert!(
        shown * 100 >= all * 98,
        "{shown} of {all} samples show all callers"
    );
    let (all, shown) = counts(&without, 21);
    assert!(
        shown < all,
        "the test is built with frame pointers: it proves nothing"
    );
    let comments = with.comments.iter().map(|&text| with.strings.text(text));
    assert!(
        comments
            .into_iter()
            .any(|text| text.contains("unwinding tables"))
    );
}

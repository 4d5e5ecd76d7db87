//! The text of `perf script`: of the same recordings as perf.data, and in other layouts.

#![allow(clippy::expect_used)]

use std::io::Cursor;

use profile::{FoldLimits, Profile};
use proptest::prelude::*;

const CLOCK: &str = include_str!("data/clock.script");
const SWITCH: &str = include_str!("data/switch.script");

fn read(text: &str) -> Profile {
    Profile::from_perf_script(text.as_bytes(), FoldLimits::default()).expect("bytes can be read")
}

fn names(profile: &Profile, stack: u32) -> Vec<&str> {
    let frames = profile.stack_frames(stack);
    let name = |row: u32| {
        profile
            .strings
            .text(profile.frames.rows()[row as usize].function)
    };
    frames.map(name).collect()
}

#[test]
fn the_text_has_the_samples_of_the_recording() {
    for (text, data) in [
        (CLOCK, &include_bytes!("data/clock.data")[..]),
        (SWITCH, include_bytes!("data/switch.data")),
    ] {
        let whole =
            Profile::from_perf_data(Cursor::new(data), FoldLimits::default(), &mut |_| true);
        let recorded = whole.expect("the recording is readable");
        let told = read(text);
        // Wake-ups have no column of their own in a recording with switches.
        let kind =
            |found: &profile::SampleType| told.strings.text(found.kind) == "sched:sched_switch";
        let switches = told.sample_types.iter().position(kind);
        let is_switch =
            |row: usize| switches.is_none_or(|column| told.samples.value(row, column) > 0);
        let rows: Vec<usize> = (0..told.samples.len())
            .filter(|&row| is_switch(row))
            .collect();
        assert_eq!(rows.len(), recorded.samples.len());
        for (row, &told_row) in rows.iter().enumerate() {
            assert_eq!(
                told.samples.t_ns[told_row] / 1_000,
                recorded.samples.t_ns[row] / 1_000
            );
            assert_eq!(told.samples.tid[told_row], recorded.samples.tid[row]);
            let depth = |profile: &Profile, row: usize| {
                profile.stacks.locations(profile.samples.stack[row]).len()
            };
            assert_eq!(depth(&told, told_row), depth(&recorded, row));
        }
        assert_eq!(told.warnings, Vec::<String>::new());
    }
    let clock = read(CLOCK);
    assert_eq!(clock.total(1), 41 * 1_250_000);
    assert!(names(&clock, 0).contains(&"spin"), "{:?}", names(&clock, 0));
}

#[test]
fn inlined_calls_share_the_location_of_their_caller() {
    let text = "a b  7/8 [001] 2.5: 10 cycles:u: \n\t 11c6 inner (inlined)\n\t 11c6 outer+0x3 (/opt/a)\n  a.rs:9\n\t 12 [unknown] (/opt/b)\n\n";
    let profile = read(text);
    assert_eq!(names(&profile, 0), ["inner", "outer", "[b]+0x12"]);
    assert_eq!(profile.stacks.locations(0).len(), 2);
    let frames = profile.frames.rows();
    assert_eq!(
        (frames[0].inlined, frames[1].inlined, frames[1].line),
        (true, false, 9)
    );
    assert_eq!(profile.strings.text(frames[1].file), "a.rs");
    assert_eq!(
        (
            profile.total(0),
            profile.samples.tid[0],
            profile.threads[0].pid
        ),
        (10, 8, 7)
    );
    assert_eq!(profile.strings.text(profile.threads[0].name), "a b");
}

#[test]
fn samples_without_chains_and_without_times_are_read() {
    let profile = read(
        "a 7 cycles: \n\t ff main (/a)\n\nb 8 [000] 1.0: instructions:  ab work (/b)\n# end\nnonsense\n",
    );
    assert_eq!(profile.samples.len(), 2);
    assert_eq!(names(&profile, 0), ["main"]);
    assert_eq!(names(&profile, 1), ["work"]);
    assert_eq!(
        profile.warnings,
        ["1 lines are none that perf script writes, and were passed over"]
    );
}

#[test]
fn memory_is_bounded() {
    let text: String = (0..1_000)
        .map(|at| format!("a 7 1.0: cycles: \n\t {at:x} f{at} (/a)\n\n"))
        .collect();
    let limits = FoldLimits {
        samples: 10,
        stacks: 20,
        ..FoldLimits::default()
    };
    let profile = Profile::from_perf_script(text.as_bytes(), limits).expect("bytes can be read");
    assert_eq!((profile.samples.len(), profile.stacks.len()), (10, 21));
    assert_eq!(profile.total(0), 1_000);
    assert_eq!(profile.warnings.len(), 2);
}

proptest! {
    #[test]
    fn any_script_never_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
        cut in any::<prop::sample::Index>(),
        text in "[a-z0-9 :./\n\t()\\[\\]]{0,200}",
    ) {
        let mut data = SWITCH.as_bytes().to_vec();
        for (at, byte) in flips {
            let at = at.index(data.len());
            data[at] = byte;
        }
        data.truncate(cut.index(data.len()));
        data.extend(text.as_bytes());
        let _ = Profile::from_perf_script(&data[..], FoldLimits::default());
    }
}

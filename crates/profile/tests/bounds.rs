//! Recordings that repeat themselves never the same way: memory has a bound, and what is beyond is told.

#![allow(clippy::expect_used, clippy::panic, missing_docs)]

use std::io::Cursor;

use profile::{FoldLimits, PprofLimits, Profile};

use crate::perf_data_support::Builder;

const USER: u64 = 0xffff_ffff_ffff_fe00;

fn read(data: &[u8]) -> Profile {
    Profile::from_perf_data(Cursor::new(data), FoldLimits::default(), &mut |_| true)
        .expect("it can be read")
}

#[test]
fn addresses_beyond_the_limit_are_counted_in_one_stack() {
    let mut builder = Builder::default();
    builder.map(7, 0x1000, 1 << 40, "/bin/a");
    for sample in 0..1_200 {
        let chain = (0..7_000).map(|frame| 0x2000 + (sample * 7_000 + frame) * 2);
        let chain: Vec<u64> = std::iter::once(USER).chain(chain).collect();
        builder.sample(7, sample + 1, &chain);
    }
    let profile = read(&builder.file());
    assert!(profile.locations.len() < 8_010_000);
    assert_eq!(profile.total(0), 1_200);
    let is_told = |note: &String| note.contains("had new stacks beyond the limit");
    assert!(
        profile.warnings.iter().any(is_told),
        "{:?}",
        profile.warnings
    );
}

/// A field with bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut length = bytes.len();
    let mut field = vec![number << 3 | 2];
    while length > 127 {
        field.push(length as u8 | 128);
        length >>= 7;
    }
    field.push(length as u8);
    [&field, bytes].concat()
}

#[test]
fn a_stack_that_repeats_a_location_of_many_inlined_calls_is_refused() {
    let lines = field(4, &[8, 1]).repeat(30_000);
    let location = field(4, &[&[8, 1][..], &lines].concat());
    let stack = field(1, &vec![1; 30_000]);
    let sample = field(2, &[&stack[..], &[16, 1]].concat());
    let parts = [
        field(1, &[]),
        field(6, &[]),
        field(5, &[8, 1]),
        location,
        sample,
    ];
    let read = Profile::from_pprof(&parts.concat(), PprofLimits::default());
    let error = read.err().map(|error| error.to_string());
    assert_eq!(
        error.as_deref(),
        Some("the stacks have more than 536870912 frames")
    );
}

#[test]
fn pprof_of_countless_parts_is_refused() {
    let error = |data: &[u8]| {
        Profile::from_pprof(data, PprofLimits::default())
            .err()
            .map(|error| error.to_string())
    };
    // Fields 1 and 6: empty sample types and texts.
    for part in [[0x0a, 0], [0x32, 0]] {
        let found = error(&part.repeat(17_000_000)).expect("an error");
        assert!(
            found.contains("the profile has more than 16000000"),
            "{found}"
        );
    }
}

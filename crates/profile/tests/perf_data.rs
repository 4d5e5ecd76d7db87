//! perf.data: against what perf itself says of the same recordings, and hostile ones.
//! The recordings are made by `data/record.py`.

#![allow(clippy::expect_used)]

use std::io::Cursor;

use profile::{FoldLimits, PerfDataError, Profile};
use proptest::prelude::*;

use crate::perf_data_support::{ATTR, Builder, words};

const CLOCK: &[u8] = include_bytes!("data/clock.data");
const PACKED: &[u8] = include_bytes!("data/clock-packed.data");
const PIPE: &[u8] = include_bytes!("data/clock.pipe");
const COPIES: &[u8] = include_bytes!("data/copies.data");
const SWITCH: &[u8] = include_bytes!("data/switch.data");

fn read(data: &[u8]) -> Profile {
    try_read(data).expect("the recording is readable")
}

fn try_read(data: &[u8]) -> Result<Profile, PerfDataError> {
    Profile::from_perf_data(Cursor::new(data), FoldLimits::default(), &mut |_| true)
}

fn types(profile: &Profile) -> Vec<(&str, &str)> {
    let text = |id| profile.strings.text(id);
    let types = profile.sample_types.iter();
    types
        .map(|found| (text(found.kind), text(found.unit)))
        .collect()
}

/// A sample as perf prints it: thread, CPU, time in microseconds, kernel addresses, number of frames.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    tid: i32,
    cpu: i32,
    time_us: i64,
    kernel: Vec<u64>,
    frames: usize,
}

fn told(script: &str, event: &str) -> Vec<Told> {
    let blocks = script.split("\n\n").filter(|block| block.contains(event));
    blocks
        .map(|block| {
            let mut lines = block.trim_start_matches('\n').lines();
            let header: Vec<&str> = lines.next().expect("a header").split_whitespace().collect();
            let at = header
                .iter()
                .position(|word| word.contains('.'))
                .expect("a time");
            let (seconds, micros) = header[at]
                .trim_end_matches(':')
                .split_once('.')
                .expect("a time");
            let cpu = header[at - 1]
                .strip_prefix('[')
                .and_then(|word| word.strip_suffix(']'));
            let tid = header[at - 1 - usize::from(cpu.is_some())];
            let addresses: Vec<u64> = lines
                .map(|line| {
                    u64::from_str_radix(line.split_whitespace().next().expect("an address"), 16)
                })
                .collect::<Result<_, _>>()
                .expect("addresses are hexadecimal");
            Told {
                tid: tid.parse().expect("a thread"),
                cpu: cpu.map_or(-1, |cpu| cpu.parse().expect("a CPU")),
                time_us: seconds.parse::<i64>().expect("seconds") * 1_000_000
                    + micros.parse::<i64>().expect("micros"),
                kernel: addresses
                    .iter()
                    .copied()
                    .filter(|&address| address >> 47 != 0)
                    .collect(),
                frames: addresses.len(),
            }
        })
        .collect()
}

fn read_back(profile: &Profile) -> Vec<Told> {
    let rows = 0..profile.samples.len();
    rows.map(|row| {
        let locations = profile.stacks.locations(profile.samples.stack[row]);
        let address = |(depth, &location): (usize, &u32)| {
            profile.locations.addresses()[location as usize] + u64::from(depth > 0)
        };
        let addresses: Vec<u64> = locations.iter().enumerate().map(address).collect();
        Told {
            tid: profile.samples.tid[row],
            cpu: profile.samples.cpu[row],
            time_us: profile.samples.t_ns[row] / 1_000,
            kernel: addresses
                .iter()
                .copied()
                .filter(|&address| address >> 47 != 0)
                .collect(),
            frames: addresses.len(),
        }
    })
    .collect()
}

#[test]
fn samples_are_those_that_perf_prints() {
    let profile = read(CLOCK);
    let expected = told(include_str!("data/clock.script"), "cpu-clock:");
    assert!(expected.len() > 30);
    assert_eq!(read_back(&profile), expected);
    assert_eq!(
        types(&profile),
        [("samples", "count"), ("cpu", "nanoseconds")]
    );
    assert_eq!(profile.total(1), expected.len() as i64 * 1_250_000);
    assert_eq!(profile.samples.uniform, [1, 1_250_000]);
    let names: Vec<&str> = profile
        .threads
        .iter()
        .map(|row| profile.strings.text(row.name))
        .collect();
    assert_eq!(names, ["tiny", "tiny"]);
    let tiny = profile
        .mappings
        .rows()
        .iter()
        .find(|row| profile.strings.text(row.path) == "/tmp/recorded/tiny");
    assert_eq!(
        tiny.map(|row| profile.strings.text(row.build_id).len()),
        Some(40)
    );
}

#[test]
fn packed_and_piped_recordings_are_read_like_plain_ones() {
    for (data, samples) in [(PACKED, 21), (PIPE, 25)] {
        let profile = read(data);
        assert_eq!(profile.samples.len(), samples);
        assert_eq!(
            types(&profile),
            [("samples", "count"), ("cpu", "nanoseconds")]
        );
        assert_eq!(profile.warnings, Vec::<String>::new());
    }
}

#[test]
fn switches_become_times_off_the_cpu() {
    let profile = read(SWITCH);
    let expected = told(include_str!("data/switch.script"), "sched_switch:");
    assert!(!expected.is_empty());
    assert_eq!(read_back(&profile), expected);
    let columns = [
        ("switches", "count"),
        ("blocked", "nanoseconds"),
        ("runnable", "nanoseconds"),
    ];
    assert_eq!(types(&profile), columns);
    assert_eq!(profile.total(0), expected.len() as i64);
    for row in 0..profile.samples.len() {
        let (blocked, runnable) = (profile.samples.value(row, 1), profile.samples.value(row, 2));
        assert!(
            blocked >= 0 && runnable >= 0 && blocked + runnable > 0,
            "{row}: {blocked} {runnable}"
        );
    }
    // Twelve naps of 300 µs at least.
    assert!(profile.total(1) > 12 * 300_000);
}

#[test]
fn stack_copies_that_are_not_unwound_are_counted() {
    let profile = read(COPIES);
    let expected = told(include_str!("data/copies.script"), "cpu-clock:");
    assert_eq!(profile.samples.len(), expected.len());
    let note = format!("{} samples carry a copy of their stack", expected.len());
    assert!(
        profile
            .warnings
            .iter()
            .any(|warning| warning.starts_with(&note))
    );
}

#[test]
fn a_recording_cut_short_gives_what_was_read_and_says_where_it_ends() {
    let whole = read(CLOCK);
    for length in (104..CLOCK.len()).step_by(61) {
        let Ok(profile) = try_read(&CLOCK[..length]) else {
            continue;
        };
        assert!(profile.samples.len() <= whole.samples.len());
        let complains = profile
            .warnings
            .first()
            .is_some_and(|first| first.contains("the file ends"));
        assert!(
            complains || profile.samples.len() == whole.samples.len(),
            "{length}"
        );
    }
    let profile = read(&CLOCK[..3_000]);
    assert!(profile.warnings[0].ends_with("samples before it were read, whatever follows was not"));
}

#[test]
fn other_files_are_named_as_what_they_are() {
    let error = |data: &[u8]| {
        try_read(data)
            .err()
            .map(|error| error.to_string())
            .expect("an error")
    };
    assert!(error(b"").starts_with("this is no perf.data file"));
    assert!(error(b"{\"frames\": []} and so on").starts_with("this is no perf.data file"));
    assert!(error(&[b"2ELIFREP", &[0u8; 96][..]].concat()).contains("byte order"));
    assert!(error(&CLOCK[..50]).starts_with("byte 50: the file ends in its header"));
}

#[test]
fn reading_stops_when_told_to() {
    let mut builder = Builder::default();
    for time in 0..40_000 {
        builder.sample(7, time + 1, &[0xffff_ffff_ffff_fe00; 20]);
    }
    let data = builder.file();
    let stopped =
        Profile::from_perf_data(Cursor::new(&data), FoldLimits::default(), &mut |_| false);
    assert!(matches!(stopped, Err(PerfDataError::Stopped)));
}

#[test]
fn a_record_of_size_zero_ends_the_reading() {
    let mut builder = Builder::default();
    builder.sample(7, 5, &[]);
    builder.raw(&[0; 64]);
    let profile = read(&builder.file());
    assert_eq!(profile.samples.len(), 1);
    assert!(
        profile.warnings[0].contains("a record of 0 bytes"),
        "{:?}",
        profile.warnings
    );
}

#[test]
fn chains_longer_than_their_record_are_counted_as_damaged() {
    let mut builder = Builder::default();
    builder.record(9, 0, &words(&[1, 7 | 7 << 32, 5, 0, u64::MAX]));
    builder.sample(7, 6, &[]);
    let profile = read(&builder.file());
    assert_eq!(profile.samples.len(), 1);
    assert_eq!(
        profile.warnings,
        ["1 records are damaged and were passed over"]
    );
}

#[test]
fn records_packed_in_the_second_way_are_read() {
    let mut inner = Builder::default();
    inner.sample(7, 5, &[]);
    inner.sample(7, 6, &[]);
    let packed = crate::perf_data_support::packed(&inner.records);
    let padded = packed.len().next_multiple_of(8);
    let mut body = words(&[packed.len() as u64]);
    body.extend(&packed);
    body.resize(8 + padded, 0);
    let mut builder = Builder::default();
    builder.record(83, 0, &body);
    assert_eq!(read(&builder.file()).samples.len(), 2);
}

#[test]
fn a_packed_bomb_ends_the_reading() {
    let mut inner = Builder::default();
    inner.sample(7, 5, &[]);
    let bomb = crate::perf_data_support::packed(&inner.records.repeat(4 << 20 >> 6));
    let mut builder = Builder::default();
    for piece in bomb.chunks(60_000) {
        builder.record(81, 0, piece);
    }
    let profile = read(&builder.file());
    assert!(
        profile.warnings[0].contains("more than 1,000 times its length"),
        "{:?}",
        profile.warnings
    );
}

#[test]
fn a_hundred_thousand_processes_fit() {
    let mut builder = Builder::default();
    builder.map(1, 0x1000, 0x1000, "/bin/parent");
    for process in 2u64..100_002 {
        let pids = [process | 1 << 32, process | 1 << 32, process];
        builder.record(
            7,
            0,
            &[words(&pids), words(&[process | process << 32, process, 0])].concat(),
        );
        builder.sample(process, process, &[0xffff_ffff_ffff_fe00, 0x1100]);
        builder.record(
            4,
            0,
            &[words(&pids), words(&[process | process << 32, process, 0])].concat(),
        );
    }
    let profile = read(&builder.file());
    assert_eq!(profile.samples.len(), 100_000);
    assert_eq!(
        profile.stacks.len(),
        1,
        "children share their parent's mappings"
    );
}

#[test]
fn absurd_mappings_are_taken_as_far_as_they_go() {
    let mut builder = Builder::default();
    builder.map(7, u64::MAX - 5, u64::MAX, "/bin/a");
    builder.map(7, 0, u64::MAX, "/bin/b");
    builder.map(7, 0x5000, 0, "/bin/c");
    builder.sample(7, 5, &[0xffff_ffff_ffff_fe00, 0x5000]);
    let profile = read(&builder.file());
    let mapping = profile.locations.mappings()[0];
    let path = profile
        .mappings
        .get(mapping)
        .map(|row| profile.strings.text(row.path));
    assert_eq!(path, Some("/bin/b"));
}

#[test]
fn lengths_in_the_header_that_lie_are_refused_or_ignored() {
    let mut data = CLOCK.to_vec();
    data[16..24].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(try_read(&data).is_err());
    let mut data = CLOCK.to_vec();
    data[24 + 8..40].copy_from_slice(&(1u64 << 60).to_le_bytes());
    assert!(try_read(&data).is_err());
    let mut data = CLOCK.to_vec();
    data[48..56].copy_from_slice(&(1u64 << 62).to_le_bytes());
    let profile = read(&data);
    assert_eq!(profile.samples.len(), 41);
    assert!(profile.warnings[0].contains("the 41 samples before it were read"));
    assert_eq!(ATTR, 128);
}

proptest! {
    #[test]
    fn any_flipped_bytes_never_panic(
        which in 0usize..5,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut data = [CLOCK, PACKED, PIPE, COPIES, SWITCH][which].to_vec();
        for (at, byte) in flips {
            let at = at.index(data.len());
            data[at] = byte;
        }
        let length = data.len();
        data.truncate(length - cut.index(length) / 3);
        if let Ok(profile) = try_read(&data) {
            prop_assert!(profile.samples.len() < 1_000);
        }
    }

    #[test]
    fn any_records_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), kinds in prop::collection::vec(0u32..90, 0..12)) {
        let mut builder = Builder::default();
        for (number, kind) in kinds.into_iter().enumerate() {
            let start = (number * 37).min(bytes.len());
            builder.record(kind, bytes.first().map_or(0, |&byte| u16::from(byte) << 8), &bytes[start..]);
        }
        builder.raw(&bytes);
        let _ = try_read(&builder.file());
    }
}

//! Round trips and hostile input.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::{PprofLimits, ReadError};
use crate::{FrameRow, Label, MappingRow, NO_MAPPING, Profile, ResolvedFrame};

fn frame(function: &str, line: u32) -> ResolvedFrame {
    ResolvedFrame {
        function: function.to_owned(),
        file: format!("src/{function}.rs"),
        line,
        start_line: line / 2,
        ..ResolvedFrame::default()
    }
}

/// A profile with inlined calls, labels, a kernel mapping and a location without mapping.
fn example(stacks: &[(Vec<u32>, bool, i64)]) -> Profile {
    let mut profile = Profile::with_sample_types(&[("samples", "count"), ("cpu", "nanoseconds")]);
    let path = profile.strings.intern("/bin/service");
    let build_id = profile.strings.intern("abc");
    let kernel_path = profile.strings.intern("[kernel]");
    let service = profile.mappings.intern(MappingRow {
        start: 0x1000,
        limit: 0x2000,
        file_offset: 0x100,
        path,
        build_id,
        kernel: false,
    });
    let kernel = profile.mappings.intern(MappingRow {
        path: kernel_path,
        kernel: true,
        ..MappingRow::default()
    });
    for location in 0..8u64 {
        let mapping = [service, service, kernel, NO_MAPPING][location as usize % 4];
        profile.locations.intern(mapping, 0x1000 + location);
    }
    let names = ["inner", "outer"];
    profile.set_frames(
        (0..8)
            .map(|row| {
                names[..row % 3]
                    .iter()
                    .map(|name| frame(name, row as u32))
                    .collect()
            })
            .collect(),
    );
    let key = profile.strings.intern("bytes");
    let labeled = profile.labels.intern(&[Label {
        key,
        number: 16,
        ..Label::default()
    }]);
    for (locations, with_label, value) in stacks {
        profile.add(
            locations,
            if *with_label { labeled } else { 0 },
            &[*value, value.wrapping_mul(7)],
        );
    }
    profile.period_type = profile.sample_types[1];
    (profile.period, profile.time_ns, profile.duration_ns) =
        (10_101_010, 1_700_000_000_000_000_000, 5);
    let comment = profile.strings.intern("a comment");
    profile.comments.push(comment);
    profile
}

/// Everything a reader can see of a profile, with rows replaced by what they stand for.
fn visible(profile: &Profile) -> (Vec<String>, Vec<String>) {
    let text = |id| profile.strings.text(id).to_owned();
    let frame = |row: &FrameRow| {
        format!(
            "{} {} {} {} {} {} {}",
            text(row.function),
            text(row.file),
            text(row.module),
            row.line,
            row.start_line,
            row.inlined,
            row.kernel
        )
    };
    let stacks = (0..profile.stacks.len() as u32).map(|stack| {
        let places = profile.stacks.locations(stack).iter().map(|&location| {
            let row = location as usize;
            let mapping = profile.mappings.get(profile.locations.mappings()[row]);
            let mapping = mapping.map(|m| {
                (
                    m.start,
                    m.limit,
                    m.file_offset,
                    text(m.path),
                    text(m.build_id),
                )
            });
            (profile.locations.addresses()[row], mapping)
        });
        let frames: Vec<String> = profile
            .stack_frames(stack)
            .map(|row| frame(&profile.frames.rows()[row as usize]))
            .collect();
        let labels = profile.labels.get(profile.stacks.labels(stack));
        let labels: Vec<_> = labels
            .iter()
            .map(|label| (text(label.key), label.number))
            .collect();
        let values: Vec<i64> = profile
            .values
            .iter()
            .map(|column| column[stack as usize])
            .collect();
        format!(
            "{:?} {frames:?} {labels:?} {values:?}",
            places.collect::<Vec<_>>()
        )
    });
    let types = profile.sample_types.iter().chain([&profile.period_type]);
    let mut header: Vec<String> = types
        .map(|t| format!("{}/{}", text(t.kind), text(t.unit)))
        .collect();
    header.push(format!(
        "{} {} {}",
        profile.period, profile.time_ns, profile.duration_ns
    ));
    header.extend(profile.comments.iter().map(|&comment| text(comment)));
    (stacks.collect(), header)
}

fn read(data: &[u8]) -> Result<Profile, ReadError> {
    Profile::from_pprof(data, PprofLimits::default())
}

fn some_stacks() -> impl Strategy<Value = Vec<(Vec<u32>, bool, i64)>> {
    prop::collection::vec(
        (
            prop::collection::vec(0u32..8, 0..6),
            any::<bool>(),
            any::<i64>(),
        ),
        0..30,
    )
}

proptest! {
    #[test]
    fn what_is_written_reads_back_equal(stacks in some_stacks()) {
        let profile = example(&stacks);
        let packed = read(&profile.to_pprof().unwrap()).unwrap();
        let raw = read(&profile.to_raw_pprof()).unwrap();
        prop_assert_eq!(visible(&packed), visible(&profile));
        prop_assert_eq!(visible(&raw), visible(&profile));
        prop_assert_eq!(raw.to_raw_pprof(), read(&raw.to_raw_pprof()).unwrap().to_raw_pprof());
    }

    #[test]
    fn truncated_data_never_panic(stacks in some_stacks(), packed in any::<bool>()) {
        let profile = example(&stacks);
        let data = if packed { profile.to_pprof().unwrap() } else { profile.to_raw_pprof() };
        for length in 0..data.len() {
            let outcome = read(&data[..length]);
            prop_assert!(!packed || outcome.is_err(), "a cut gzip stream of {length} bytes was accepted");
        }
    }

    #[test]
    fn flipped_bits_never_panic(stacks in some_stacks(), flips in prop::collection::vec(any::<prop::sample::Index>(), 1..5)) {
        let mut data = example(&stacks).to_raw_pprof();
        for flip in flips {
            let bit = flip.index(data.len() * 8);
            data[bit / 8] ^= 1 << (bit % 8);
        }
        if let Ok(profile) = read(&data) {
            let _ = (profile.to_collapsed(0), profile.to_pprof(), visible_size(&profile));
        }
    }

    #[test]
    fn random_bytes_never_panic(data in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&data);
    }
}

fn visible_size(profile: &Profile) -> usize {
    (0..profile.stacks.len() as u32)
        .map(|stack| profile.stack_frames(stack).count())
        .sum()
}

#[test]
fn a_decompression_bomb_stops_at_the_limit() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, &vec![0; 8 << 20]).unwrap();
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 20_000);
    let outcome = Profile::from_pprof(
        &bomb,
        PprofLimits {
            unpacked_bytes: 1 << 20,
            ..PprofLimits::default()
        },
    );
    assert!(matches!(outcome, Err(ReadError::TooLarge(_))));
}

#[test]
fn a_length_that_lies_is_an_error() {
    let claims_an_exabyte = [0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x00];
    assert!(matches!(read(&claims_an_exabyte), Err(ReadError::Wire(_))));
}

#[test]
fn a_missing_location_is_named() {
    let mut data = example(&[]).to_raw_pprof();
    data.extend([0x12, 6, 0x0a, 1, 99, 0x12, 1, 1]); // sample: location 99, one value
    let error = read(&data)
        .err()
        .expect("one value for two types")
        .to_string();
    assert!(error.contains("1 values"), "{error}");
    let mut data = example(&[]).to_raw_pprof();
    data.extend([0x12, 7, 0x0a, 1, 99, 0x12, 2, 1, 1]);
    let error = read(&data).err().expect("no such location").to_string();
    assert_eq!(
        error,
        "a sample refers to location 99, which does not exist"
    );
}

#[test]
fn nothing_is_not_a_profile() {
    assert!(matches!(read(&[]), Err(ReadError::NoSampleTypes)));
}

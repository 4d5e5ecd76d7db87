//! Dumps written by the real library, and damaged ones.
//!
//! `golden/*.heap` come from `golden/program.rs`, built with `rustc -C opt-level=2` and run with
//! `LD_PRELOAD=libjemalloc.so.2` (5.3.0) and
//! `MALLOC_CONF=prof:true,prof_accum:true,lg_prof_sample:19,lg_prof_interval:25,prof_final:true`: after the first
//! 32 MiB, and at the end. Only the path of the program was shortened.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::HeapError;
use crate::{NO_MAPPING, Profile};

const EARLIER: &[u8] = include_bytes!("golden/earlier.heap");
const LATER: &[u8] = include_bytes!("golden/later.heap");
/// The size class of 1000 bytes (jemalloc(3), size classes).
const SMALL: f64 = 1024.0;
const LARGE: f64 = 1_048_576.0;

fn read(data: &[u8]) -> Profile {
    Profile::from_heap_v2(data, None).unwrap()
}

/// Objects and bytes allocated in objects of about one size, over all stacks.
fn allocated(profile: &Profile, size: f64) -> (f64, f64) {
    let rows = profile.values[0].iter().zip(&profile.values[1]);
    let rows = rows.map(|(&objects, &bytes)| (objects as f64, bytes as f64));
    rows.filter(|(objects, bytes)| (bytes / objects / size - 1.0).abs() < 0.3)
        .fold((0.0, 0.0), |sum, row| (sum.0 + row.0, sum.1 + row.1))
}

#[test]
fn sampled_allocations_stand_for_all() {
    let profile = read(LATER);
    assert_eq!(profile.warnings, Vec::<String>::new());
    let names = profile
        .sample_types
        .iter()
        .map(|one| profile.strings.text(one.kind));
    let expected = [
        "alloc_objects",
        "alloc_space",
        "inuse_objects",
        "inuse_space",
    ];
    assert_eq!(names.collect::<Vec<_>>(), expected);
    // The program allocates 20,000 small and 100 large objects; some 40 and 86 of them were sampled.
    let (objects, bytes) = allocated(&profile, SMALL);
    assert!(
        (objects / 20_000.0 - 1.0).abs() < 0.5,
        "{objects} small objects"
    );
    assert!(
        (bytes / (20_000.0 * SMALL) - 1.0).abs() < 0.5,
        "{bytes} bytes of small objects"
    );
    let (objects, bytes) = allocated(&profile, LARGE);
    assert!(
        (objects / 100.0 - 1.0).abs() < 0.3,
        "{objects} large objects"
    );
    assert!(
        (bytes / (100.0 * LARGE) - 1.0).abs() < 0.3,
        "{bytes} bytes of large objects"
    );
}

#[test]
fn what_is_freed_is_not_alive() {
    let (early, late) = (read(EARLIER), read(LATER));
    assert!(
        early.total(3) > 10_000_000,
        "the small objects lived: {}",
        early.total(3)
    );
    assert!(
        late.total(3) < 1_000_000,
        "they did not any more: {}",
        late.total(3)
    );
}

#[test]
fn the_difference_of_two_dumps_is_what_came_between() {
    let between = Profile::from_heap_v2(LATER, Some(EARLIER)).unwrap();
    // All small objects were there before; of the large ones 32 MiB less 20 MB of small ones.
    assert_eq!(allocated(&between, SMALL), (0.0, 0.0));
    let sum = read(EARLIER).total(1) + between.total(1);
    let off = (sum - read(LATER).total(1)).abs();
    assert!(
        off <= between.stacks.len() as i64,
        "rounding alone: {off} bytes"
    );
    assert_eq!(between.total(3), read(LATER).total(3));
    assert_eq!(
        Profile::from_heap_v2(LATER, Some(LATER)).unwrap().total(1),
        0
    );
}

#[test]
fn stacks_begin_at_the_caller_of_the_allocator() {
    let profile = read(LATER);
    let path = |mapping: u32| {
        profile
            .mappings
            .get(mapping)
            .map(|row| profile.strings.text(row.path))
    };
    for stack in 0..profile.stacks.len() as u32 {
        let locations = profile.stacks.locations(stack);
        let leaf = profile.locations.mappings()[locations[0] as usize];
        assert!(!path(leaf).unwrap().contains("jemalloc"));
        let program = locations.iter().filter(|&&row| {
            path(profile.locations.mappings()[row as usize]) == Some("/opt/demo/prog")
        });
        assert!(program.count() > 0 || leaf != NO_MAPPING);
    }
}

#[test]
fn a_dump_without_accumulation_knows_only_what_is_alive() {
    let text = "heap_v2/524288\n  t*: 1: 100 [0: 0]\n@ 0x10 0x20\n  t*: 1: 100 [0: 0]\n  t0: 1: 100 [0: 0]\n\
                \nMAPPED_LIBRARIES:\n";
    let profile = read(text.as_bytes());
    assert_eq!(profile.total(0), 0);
    // An object of 100 bytes stands for 524288 / 100 of them, and a half.
    assert_eq!((profile.total(2), profile.total(3)), (5_243, 524_338));
    assert_eq!(profile.warnings.len(), 1);
    assert!(profile.warnings[0].contains("prof_accum"));
}

#[test]
fn every_object_is_counted_where_every_byte_is_sampled() {
    let text = "heap_v2/1\n@ 0x10\n  t*: 2: 100 [3: 150]\nMAPPED_LIBRARIES:\n";
    let profile = read(text.as_bytes());
    assert_eq!(
        [0, 1, 2, 3].map(|column| profile.total(column)),
        [3, 150, 2, 100]
    );
}

#[test]
fn what_is_no_dump_is_refused() {
    for data in [
        &b""[..],
        b"heap_v2",
        b"heap_v2/",
        b"heap_v2/0\n",
        b"heap_v2/x\n",
        b"heap profile: 1: 2",
        b"\xff/",
    ] {
        assert_eq!(
            Profile::from_heap_v2(data, None).err(),
            Some(HeapError::NotHeapV2)
        );
    }
    let other = String::from_utf8_lossy(EARLIER).replace("r-xp 0", "r-xp 1");
    let told = Profile::from_heap_v2(LATER, Some(other.as_bytes())).err();
    assert_eq!(told, Some(HeapError::OtherProcess));
}

#[test]
fn damage_is_told() {
    for length in [700, LATER.len() / 2, LATER.len() - 1] {
        let cut = read(&LATER[..length]);
        assert!(
            cut.warnings[0].contains("cut off"),
            "{length}: {:?}",
            cut.warnings
        );
    }
    let text =
        "heap_v2/8\n@ 0x1 zz\n  t*: 1: 2 [3: 4]\n@ 0x1\n  t*: lots\nMAPPED_LIBRARIES:\nnonsense\n";
    let profile = read(text.as_bytes());
    assert_eq!(
        profile.total(1),
        0,
        "counts of a damaged stack are nobody's"
    );
    assert_eq!(
        profile.warnings[0],
        "3 lines of the dump are damaged and left out"
    );
    let huge = format!(
        "heap_v2/2\n@ 0x1\n  t*: {0}: {0} [{0}: {0}]\nMAPPED_LIBRARIES:\n",
        u64::MAX
    );
    assert_eq!(read(huge.as_bytes()).total(1), i64::MAX);
}

proptest! {
    #[test]
    fn truncated_dumps_never_panic(length in 0..LATER.len(), base in 0..EARLIER.len()) {
        let _ = Profile::from_heap_v2(&LATER[..length], Some(&EARLIER[..base]));
    }

    #[test]
    fn flipped_bits_never_panic(flips in prop::collection::vec(any::<prop::sample::Index>(), 1..20)) {
        let mut data = LATER.to_vec();
        for flip in flips {
            let bit = flip.index(data.len() * 8);
            data[bit / 8] ^= 1 << (bit % 8);
        }
        if let Ok(profile) = Profile::from_heap_v2(&data, Some(EARLIER)) {
            let _ = (profile.to_collapsed(1), profile.to_pprof());
        }
    }

    #[test]
    fn lines_in_any_order_never_panic(order in prop::collection::vec(any::<prop::sample::Index>(), 0..60)) {
        let lines: Vec<&[u8]> = LATER.split(|&byte| byte == b'\n').collect();
        let chosen: Vec<&[u8]> = order.iter().map(|one| lines[one.index(lines.len())]).collect();
        let data = [b"heap_v2/524288\n", chosen.join(&b'\n').as_slice()].concat();
        prop_assert!(Profile::from_heap_v2(&data, None).is_ok());
    }
}

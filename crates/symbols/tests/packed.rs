//! Names packed for the cache come back as they were, or not at all.

#![allow(clippy::unwrap_used, missing_docs)]

use proptest::prelude::*;
use symbols::{Frame, FramesByOffset, pack, unpack};

fn frame() -> impl Strategy<Value = Frame> {
    (
        "[a-c:]{0,6}",
        "[a-c]{0,2}",
        "[a-c/]{0,6}",
        any::<u32>(),
        any::<u32>(),
    )
        .prop_map(|(function, system_name, file, line, start_line)| Frame {
            function,
            system_name,
            file,
            line,
            start_line,
        })
}

fn frames() -> impl Strategy<Value = FramesByOffset> {
    prop::collection::btree_map(any::<u64>(), prop::collection::vec(frame(), 1..5), 0..20)
}

proptest! {
    #[test]
    fn what_is_packed_comes_back(frames in frames(), identity in "\\PC{0,30}") {
        let data = pack(&identity, &frames);
        prop_assert_eq!(unpack(&data, &identity), Some(frames));
        prop_assert_eq!(unpack(&data, &(identity + "x")), None);
    }

    #[test]
    fn damaged_packs_never_panic(frames in frames(), flip in any::<prop::sample::Index>(), repaired in any::<bool>()) {
        let mut data = pack("id", &frames);
        let bit = flip.index(data.len() * 8);
        data[bit / 8] ^= 1 << (bit % 8);
        if repaired {
            // As one who forges the sum would.
            let sum = crc32fast::hash(&data[12..]).to_le_bytes();
            data[8..12].copy_from_slice(&sum);
            let _ = unpack(&data, "id");
        } else {
            prop_assert_eq!(unpack(&data, "id"), None);
        }
        prop_assert_eq!(unpack(&data[..bit / 8], "id"), None);
    }
}

#[test]
fn a_pack_that_stands_for_too_much_counts_as_absent() {
    // One frame with a long name, named at a million places.
    let frame = Frame {
        function: "a".repeat(20_000),
        ..Frame::default()
    };
    let whole = FramesByOffset::from([(1, vec![frame])]);
    let mut data = pack("id", &whole);
    // The places come last: their number, then distance, length and frame of each.
    data.truncate(data.len() - 4);
    data.extend([0xc0, 0x84, 0x3d]);
    data.extend([1, 1, 0].repeat(1_000_000));
    let sum = crc32fast::hash(&data[12..]).to_le_bytes();
    data[8..12].copy_from_slice(&sum);
    assert_eq!(unpack(&data, "id"), None);
}

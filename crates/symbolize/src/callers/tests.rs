//! Hostile processes and samples.

use proptest::prelude::*;

use super::*;

const MASK: u64 = 0b1_1100_0000;

fn map(start: u64, length: u64, file_offset: u64, path: &str) -> MapLine {
    MapLine {
        start,
        end: start.saturating_add(length),
        file_offset,
        path: path.to_owned(),
    }
}

#[test]
fn memory_is_bounded_by_processes_pieces_and_paths() {
    let mut callers = Callers::new(Architecture::X86_64, true);
    for number in 0..(MOST_PIECES as u64 * 3) {
        callers.map(1, &map(number << 12, 1 << 12, 0, "/same"));
        callers.map(2, &map(0x1000, 0x1000, 0, "/same"));
        callers.map(3, &map(number << 12, 1, 0, &number.to_string()));
    }
    assert_eq!(callers.processes[&1].pieces.len(), MOST_PIECES);
    assert_eq!(
        callers.processes[&2].pieces.len(),
        1,
        "each replaces the last"
    );
    for child in 10..20_000 {
        callers.fork(1, child);
    }
    let pieces = |callers: &Callers| -> usize {
        let processes = callers.processes.values();
        processes.map(|process| process.pieces.len()).sum()
    };
    assert_eq!(callers.pieces, pieces(&callers));
    assert!(callers.pieces <= MOST_PIECES_IN_ALL && callers.processes.len() <= MOST_PROCESSES);
    (0..20_000).for_each(|pid| callers.forget(pid));
    assert_eq!(callers.pieces, 0);
}

proptest! {
    #[test]
    fn any_sample_in_any_memory_will_never_panic(
        maps in prop::collection::vec((any::<u64>(), any::<u64>(), any::<u64>()), 0..8),
        own in 0u64..0x20_0000,
        words in prop::collection::vec(prop_oneof![0u64..0x30_0000, any::<u64>()], 0..40),
        chain in prop::collection::vec(prop_oneof![Just(CONTEXT_USER), any::<u64>()], 0..6),
    ) {
        let own_binary = std::env::current_exe().unwrap_or_default();
        let own_path = own_binary.to_str().unwrap_or_default();
        let mut modules = crate::Modules::default();
        modules.hold_recorded(own_path);
        for architecture in [Architecture::X86_64, Architecture::Aarch64] {
            // Without tables: reading those of the test for each case takes long.
            let mut callers = Callers::new(architecture, false);
            callers.map(1, &map(0, 0x20_0000, own, own_path));
            for &(start, length, file_offset) in &maps {
                callers.map(1, &map(start, length, file_offset, own_path));
            }
            let mut record: Vec<u8> = [2, 7, 8, words.first().copied().unwrap_or(0)]
                .into_iter()
                .chain([words.len() as u64 * 8])
                .chain(words.iter().copied())
                .chain([words.len() as u64 * 8])
                .flat_map(u64::to_le_bytes)
                .collect();
            for length in [record.len(), record.len() / 2] {
                record.truncate(length);
                let mut addresses = chain.clone();
                let mut binaries = |path: &str| modules.bytes(path);
                callers.complete(1, MASK, &record, &mut binaries, &mut addresses);
                prop_assert!(addresses.len() <= chain.len() + 1);
            }
        }
    }
}

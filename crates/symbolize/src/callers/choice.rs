//! Which callers to believe: those that unwinding tables found, or those of the kernel's chain.
//!
//! The kernel's chain goes by frame pointers. In code that uses that register for data it breaks, or
//! steps over a caller; tables do neither, but reach no further than the copy. So tables lead, and the
//! kernel's chain goes on from an address that both know.

use profile::{CONTEXTS, TRUNCATED};
use unwind::{CodeMap, End};

/// Where the callers of samples came from, in numbers of samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sources {
    tables: u64,
    joined: u64,
    frame_pointers: u64,
    pub(super) truncated: u64,
    broken: u64,
}

impl Sources {
    /// In words.
    pub(super) fn comment(self) -> String {
        format!(
            "callers of {} stacks by unwinding tables, of {} by tables and from there by frame pointers, of {} by \
             frame pointers; {} deeper than their copy, {} broken",
            self.tables, self.joined, self.frame_pointers, self.truncated, self.broken
        )
    }
}

/// The part of a kernel's chain that lies in code.
pub(super) fn valid<'a>(chain: &'a [u64], code: &CodeMap) -> &'a [u64] {
    let is_code = |&(row, &address): &(usize, &u64)| {
        address < CONTEXTS && (row == 0 || code.is_code(address.saturating_sub(1)))
    };
    let length = chain.iter().enumerate().take_while(is_code).count();
    &chain[..length]
}

/// The callers to believe: those of the tables as far as they reach, then those of the frame pointers.
pub(super) fn best(
    by_tables: &[u64],
    end: End,
    by_frames: &[u64],
    sources: &mut Sources,
) -> Vec<u64> {
    if end == End::Complete {
        sources.tables += 1;
        return by_tables.to_vec();
    }
    for (row, &address) in by_tables.iter().enumerate().skip(1).rev() {
        let rest = met_at(by_frames, address, row).map_or(&[][..], |met| &by_frames[met..]);
        if row + rest.len() > by_tables.len() {
            sources.joined += 1;
            return [&by_tables[..row], rest].concat();
        }
    }
    if by_frames.len() > by_tables.len() {
        sources.frame_pointers += 1;
        return by_frames.to_vec();
    }
    if end == End::Truncated {
        sources.truncated += 1;
        return [by_tables, &[TRUNCATED]].concat();
    }
    sources.broken += 1;
    by_tables.to_vec()
}

/// Where frame pointers meet the address that tables found at `row`: they may have stepped over callers,
/// but found none that is not there. The leaf says nothing of callers, and so does not count.
fn met_at(by_frames: &[u64], address: u64, row: usize) -> Option<usize> {
    let frames = by_frames.iter().enumerate().skip(1);
    let mut meetings = frames.filter(|&(_, &other)| other == address);
    let first = meetings.next()?.0;
    let others = meetings.map(|(met, _)| met);
    Some(others.take_while(|&met| met <= row).last().unwrap_or(first))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chosen(by_tables: &[u64], end: End, by_frames: &[u64]) -> Vec<u64> {
        best(by_tables, end, by_frames, &mut Sources::default())
    }

    #[test]
    fn tables_lead_and_frame_pointers_go_on() {
        let tables = [1, 2, 3, 4];
        // A frame pointer steps over the caller of a leaf that has no frame.
        assert_eq!(chosen(&tables, End::Complete, &[1, 3, 4]), tables);
        assert_eq!(
            chosen(&tables, End::Truncated, &[1, 3, 4, 5, 6]),
            [1, 2, 3, 4, 5, 6]
        );
        assert_eq!(chosen(&[1, 2, 3], End::Broken, &[1, 2, 7, 8]), [1, 2, 7, 8]);
        // Recursion is not counted twice.
        let recursion = [1, 5, 5, 5, 6];
        assert_eq!(
            chosen(&recursion[..4], End::Truncated, &recursion),
            recursion
        );
    }

    #[test]
    fn where_both_know_nothing_in_common_the_longer_is_believed() {
        assert_eq!(chosen(&[1], End::Broken, &[1, 2, 3]), [1, 2, 3]);
        assert_eq!(chosen(&[1, 2], End::Broken, &[1, 9]), [1, 2]);
        assert_eq!(chosen(&[1, 2], End::Truncated, &[1]), [1, 2, TRUNCATED]);
    }

    proptest! {
        #[test]
        fn every_choice_begins_with_the_leaf(
            tables in prop::collection::vec(2u64..9, 0..8),
            frames in prop::collection::vec(2u64..9, 0..8),
            end in prop::sample::select(vec![End::Complete, End::Truncated, End::Broken]),
        ) {
            let leaf = |rest: &[u64]| [&[1], rest].concat();
            let callers = chosen(&leaf(&tables), end, &leaf(&frames));
            prop_assert_eq!(callers[0], 1);
            prop_assert!(callers.len() > tables.len().min(frames.len()));
        }
    }
}

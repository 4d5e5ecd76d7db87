//! Histograms by second of the intended start, operation and kind, while requests of that second may still end.

use std::collections::{BTreeMap, VecDeque};

use histogram::{BUCKETS, bucket_of, middle_of};

use crate::files::LatencyRow;

/// What is counted of one operation in one interval; the order is that of `KINDS` in the bundle's schema.
pub(crate) const KINDS: usize = 3;
/// Intervals in which most requests still end.
const RECENT: usize = 2;

/// One bucket of the histogram of a kind of an operation in an interval.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cell {
    interval: u64,
    operation: u16,
    kind: u8,
    bucket: u16,
}

const _: () = assert!(BUCKETS <= u16::MAX as usize);

/// Whole histograms of one recent interval, by operation and kind; made when first needed, and reused.
struct Recent {
    interval: u64,
    counts: Vec<Option<Box<[u32]>>>,
}

/// All intervals that are not closed.
///
/// The recent ones are whole arrays, since nearly all requests end there and counting must be quick. Of the
/// others only buckets that hold something are kept: an interval stays open for as long as a request may last,
/// and whole histograms of many operations would then take hundreds of megabytes.
pub(crate) struct Intervals {
    recent: VecDeque<Recent>,
    older: BTreeMap<Cell, u64>,
    histograms: usize,
}

impl Intervals {
    pub(crate) fn new(operations: usize) -> Self {
        Self {
            recent: VecDeque::with_capacity(RECENT + 1),
            older: BTreeMap::new(),
            histograms: operations * KINDS,
        }
    }

    /// Counts one request; `spans` absent where it did not get so far.
    pub(crate) fn count(&mut self, interval: u64, operation: u16, spans: [Option<u64>; KINDS]) {
        if self
            .recent
            .back()
            .is_none_or(|newest| newest.interval < interval)
        {
            self.begin(interval);
        }
        let found = self.recent.iter().position(|one| one.interval == interval);
        for (kind, ns) in spans.into_iter().enumerate() {
            let Some(bucket) = ns.map(bucket_of) else {
                continue;
            };
            match found {
                Some(place) => {
                    let index = usize::from(operation) * KINDS + kind;
                    let counts = self.recent[place].counts[index]
                        .get_or_insert_with(|| vec![0; BUCKETS].into_boxed_slice());
                    counts[bucket] += 1;
                }
                None => self.add(interval, operation, kind, bucket, 1),
            }
        }
    }

    fn begin(&mut self, interval: u64) {
        let counts = if self.recent.len() < RECENT {
            vec![None; self.histograms]
        } else {
            self.compact_oldest().unwrap_or_default()
        };
        self.recent.push_back(Recent { interval, counts });
    }

    /// Keeps only what the oldest recent interval holds, and returns its arrays, emptied.
    fn compact_oldest(&mut self) -> Option<Vec<Option<Box<[u32]>>>> {
        let mut oldest = self.recent.pop_front()?;
        for (index, counts) in oldest.counts.iter_mut().enumerate() {
            let Some(counts) = counts else { continue };
            for (bucket, count) in counts
                .iter_mut()
                .enumerate()
                .filter(|(_, count)| **count > 0)
            {
                let (operation, kind) = ((index / KINDS) as u16, index % KINDS);
                self.add(oldest.interval, operation, kind, bucket, u64::from(*count));
                *count = 0;
            }
        }
        Some(oldest.counts)
    }

    fn add(&mut self, interval: u64, operation: u16, kind: usize, bucket: usize, count: u64) {
        let cell = Cell {
            interval,
            operation,
            kind: kind as u8,
            bucket: bucket as u16,
        };
        *self.older.entry(cell).or_default() += count;
    }

    /// Takes out the histograms of intervals before `interval`, in order.
    pub(crate) fn close_before(&mut self, interval: u64) -> impl Iterator<Item = LatencyRow> {
        while self
            .recent
            .front()
            .is_some_and(|oldest| oldest.interval < interval)
        {
            let emptied = self.compact_oldest();
            drop(emptied);
        }
        let first = Cell {
            interval,
            operation: 0,
            kind: 0,
            bucket: 0,
        };
        let still_open = self.older.split_off(&first);
        let closed = std::mem::replace(&mut self.older, still_open);
        closed.into_iter().map(|(cell, count)| LatencyRow {
            value_ns: middle_of(usize::from(cell.bucket)),
            count,
            interval: cell.interval as u32,
            operation: cell.operation,
            kind: cell.kind,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(intervals: &mut Intervals, before: u64) -> Vec<(u32, u16, u8, u64)> {
        let rows = intervals.close_before(before);
        rows.map(|row| (row.interval, row.operation, row.kind, row.count))
            .collect()
    }

    #[test]
    fn each_request_is_counted_once_wherever_its_interval_is() {
        let mut intervals = Intervals::new(2);
        let all = [Some(5), Some(4), Some(1)];
        for interval in [0, 0, 1, 2, 9, 0, 2] {
            intervals.count(interval, 1, all);
        }
        intervals.count(9, 0, [Some(5), None, None]);
        let expected = [(0, 3), (1, 1), (2, 2)];
        let expected = expected.into_iter();
        let expected: Vec<_> = expected
            .flat_map(|(interval, count)| (0..3).map(move |kind| (interval, 1, kind, count)))
            .collect();
        assert_eq!(closed(&mut intervals, 5), expected);
        assert_eq!(
            closed(&mut intervals, u64::MAX),
            [(9, 0, 0, 1), (9, 1, 0, 1), (9, 1, 1, 1), (9, 1, 2, 1)]
        );
        assert_eq!(closed(&mut intervals, u64::MAX), []);
    }
}

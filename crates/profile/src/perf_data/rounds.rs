//! Records in the order of time.
//!
//! A file holds what the buffers of the CPUs held, one after the other, again and again. After each
//! such *round* there is a mark, and no record of a later round is older than the newest record of
//! the round before the last: whatever is older than that can be passed on
//! (tools/perf/util/ordered-events.c).

/// Records that wait, in bytes. Rounds of real files are smaller than the buffers of all CPUs
/// together; a file without marks is passed on in parts of this length.
const MOST_BYTES: usize = 32 << 20;

#[derive(Clone, Copy)]
struct Key {
    time: u64,
    start: u32,
    length: u16,
    event: u16,
}

/// Takes the time, the event, and the record.
pub(crate) type Pass<'a> = dyn FnMut(u64, u16, &[u8]) + 'a;

/// Records of the present rounds.
#[derive(Default)]
pub(crate) struct Rounds {
    bytes: Vec<u8>,
    keys: Vec<Key>,
    spare: Vec<u8>,
    /// Newest time of the rounds before the present one.
    before: u64,
    newest: u64,
}

impl Rounds {
    /// Adds a record, shorter than 64 KiB, of an event. Returns whether so much waits that [`Rounds::pass_older_half`] must follow.
    #[must_use]
    pub(crate) fn add(&mut self, time: u64, event: u16, record: &[u8]) -> bool {
        self.newest = self.newest.max(time);
        self.keys.push(Key {
            time,
            start: self.bytes.len() as u32,
            length: record.len() as u16,
            event,
        });
        self.bytes.extend_from_slice(record);
        self.bytes.len() >= MOST_BYTES
    }

    /// Ends a round: passes on what nothing that follows can be older than.
    pub(crate) fn finish_round(&mut self, pass: &mut Pass<'_>) {
        self.pass_until(self.before, pass);
        self.before = self.newest;
    }

    /// Passes on everything.
    pub(crate) fn finish(&mut self, pass: &mut Pass<'_>) {
        self.pass_until(u64::MAX, pass);
    }

    /// Passes on the older half, because no mark came.
    pub(crate) fn pass_older_half(&mut self, pass: &mut Pass<'_>) {
        let middle = self.keys.len() / 2;
        let (_, key, _) = self
            .keys
            .select_nth_unstable_by_key(middle, |key| (key.time, key.start));
        let limit = key.time;
        self.pass_until(limit, pass);
    }

    fn pass_until(&mut self, limit: u64, pass: &mut Pass<'_>) {
        // Records of each CPU are in order already, and merging such runs is what a stable sort does well.
        self.keys.sort_by_key(|key| key.time);
        let count = self.keys.partition_point(|key| key.time <= limit);
        for key in self.keys.drain(..count) {
            let start = key.start as usize;
            pass(
                key.time,
                key.event,
                &self.bytes[start..start + key.length as usize],
            );
        }
        self.spare.clear();
        for key in &mut self.keys {
            let start = key.start as usize;
            key.start = self.spare.len() as u32;
            let record = &self.bytes[start..start + key.length as usize];
            self.spare.extend_from_slice(record);
        }
        std::mem::swap(&mut self.bytes, &mut self.spare);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Times of three CPUs: each ascending, drained in rounds.
    fn rounds() -> impl Strategy<Value = Vec<Vec<u64>>> {
        prop::collection::vec(prop::collection::vec(0u64..50, 0..30), 1..10).prop_map(|steps| {
            let mut end = 0;
            let round = |step: Vec<u64>| {
                // A buffer read later in a round holds records newer than the round's beginning.
                let times: Vec<u64> = step.iter().map(|time| end + 1 + time).collect();
                end += 50;
                times
            };
            steps.into_iter().map(round).collect()
        })
    }

    proptest! {
        #[test]
        fn records_come_once_and_in_order(rounds in rounds()) {
            let mut waiting = Rounds::default();
            let mut passed = Vec::new();
            let mut pass = |time: u64, _: u16, record: &[u8]| passed.push((time, record.to_vec()));
            for round in &rounds {
                for &time in round {
                    prop_assert!(!waiting.add(time, 0, &time.to_le_bytes()));
                }
                waiting.finish_round(&mut pass);
            }
            waiting.finish(&mut pass);
            let mut expected: Vec<u64> = rounds.into_iter().flatten().collect();
            expected.sort_unstable();
            let expected: Vec<_> = expected.into_iter().map(|time| (time, time.to_le_bytes().to_vec())).collect();
            prop_assert_eq!(passed, expected);
        }
    }

    #[test]
    fn memory_is_bounded_without_marks() {
        let mut waiting = Rounds::default();
        let (record, mut last, mut count) = (vec![0; 60_000], 0, 0u64);
        let mut pass = |time: u64, _: u16, _: &[u8]| {
            assert!(time >= last);
            (last, count) = (time, count + 1);
        };
        for time in 0..2_000 {
            if waiting.add(time, 0, &record) {
                waiting.pass_older_half(&mut pass);
            }
            assert!(waiting.bytes.len() <= MOST_BYTES + record.len());
        }
        waiting.finish(&mut pass);
        assert_eq!(count, 2_000);
    }
}

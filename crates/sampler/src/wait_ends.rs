//! How intervals off the CPU ended: who woke the thread, and who had the CPU until it came to it.

use std::collections::HashMap;

use crate::states::Ended;
use crate::waking::Waker;

/// Rows that are kept, 130 MB of them; later ones are only counted.
const MOST_ROWS: usize = 1 << 22;
/// Names that are told apart; programs may rename their threads without end.
const MOST_NAMES: usize = 4_096;
const OTHERS: &str = "[others]";

/// How one interval off the CPU ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitEnd {
    /// CLOCK_MONOTONIC when the thread left its CPU: with `tid`, one row of the profile of time off the CPU.
    pub t_ns: i64,
    /// Thread.
    pub tid: i32,
    /// Who woke it; unknown where nobody did, or nobody was seen.
    pub waker: Waker,
    /// The process that had the CPU until the thread came to it; 0: none, -1: not told.
    pub behind_pid: i32,
    /// Row of the name that its thread had, of [`WaitEnds::names`]; of no meaning without a process.
    pub behind: u32,
}

/// How intervals ended, in the order in which they did. Those of which nothing is known are left out.
#[derive(Clone, Debug, Default)]
pub struct WaitEnds {
    /// One row an interval.
    pub rows: Vec<WaitEnd>,
    /// Names of threads.
    pub names: Vec<String>,
    numbers: HashMap<Vec<u8>, u32>,
    /// Rows beyond [`MOST_ROWS`].
    left_out: u64,
}

impl WaitEnds {
    /// The row of a name, for what is added next; any where that has no room.
    pub(crate) fn name(&mut self, name: &[u8]) -> u32 {
        if self.is_full() {
            return 0;
        }
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let is_new = self.names.len() < MOST_NAMES;
        let name = if is_new { name } else { OTHERS.as_bytes() };
        let next = self.names.len() as u32;
        let number = *self.numbers.entry(name.to_vec()).or_insert(next);
        if number == next {
            self.names.push(String::from_utf8_lossy(name).into_owned());
        }
        number
    }

    pub(crate) fn add(&mut self, t_ns: i64, tid: i32, ended: Ended) {
        if ended == Ended::default() {
            return;
        }
        if self.is_full() {
            self.left_out += 1;
            return;
        }
        let (behind_pid, behind) = ended.behind.unwrap_or((-1, 0));
        self.rows.push(WaitEnd {
            t_ns,
            tid,
            waker: ended.waker.unwrap_or_default(),
            behind_pid,
            behind,
        });
    }

    /// What the reader must know.
    pub(crate) fn note(&self) -> Option<String> {
        let count = self.left_out;
        (count > 0).then(|| format!("how the last {count} waits ended is not told: too many"))
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= MOST_ROWS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_end_take_bounded_memory() {
        let mut ends = WaitEnds::default();
        let rows: Vec<u32> = (0..10_000u32)
            .map(|name| ends.name(&name.to_ne_bytes()))
            .collect();
        assert_eq!(ends.names.len(), MOST_NAMES + 1);
        assert_eq!(ends.names.last().map(String::as_str), Some(OTHERS));
        assert_eq!((rows[1], rows[9_999]), (1, MOST_NAMES as u32));
        assert_eq!(ends.name(&1u32.to_ne_bytes()), 1);
    }

    #[test]
    fn rows_without_end_take_bounded_memory_and_are_counted() {
        let mut ends = WaitEnds {
            rows: vec![WaitEnd::default(); MOST_ROWS - 1],
            ..WaitEnds::default()
        };
        for (t_ns, name) in [(1, b"kept"), (2, b"more"), (3, b"last")] {
            let ended = Ended {
                waker: None,
                behind: Some((3, ends.name(name))),
            };
            ends.add(t_ns, 7, ended);
            ends.add(t_ns, 7, Ended::default());
        }
        assert_eq!(
            (ends.rows.len(), ends.rows[MOST_ROWS - 1].t_ns),
            (MOST_ROWS, 1)
        );
        assert_eq!(ends.names, ["kept"]);
        let note = ends.note();
        assert!(note.is_some_and(|note| note.contains("last 2 waits")));
        assert_eq!(WaitEnds::default().note(), None);
    }

    #[test]
    fn what_nothing_is_known_of_has_no_row() {
        let mut ends = WaitEnds::default();
        ends.add(5, 7, Ended::default());
        assert!(ends.rows.is_empty());
        let behind = Some((3, ends.name(b"stress")));
        ends.add(
            5,
            7,
            Ended {
                behind,
                waker: None,
            },
        );
        let row = WaitEnd {
            t_ns: 5,
            tid: 7,
            behind_pid: 3,
            ..WaitEnd::default()
        };
        assert_eq!(
            (ends.rows, ends.names),
            (vec![row], vec!["stress".to_owned()])
        );
    }
}

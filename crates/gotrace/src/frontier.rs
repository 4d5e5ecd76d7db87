//! The next event of each thread, and which of them is the earliest.
//!
//! Threads whose next events have equal times are tried in the order in which a binary heap holds them. Go's reader
//! does so too, so equal times, which are common, come out in the same order.

use crate::events::{Event, MOST_ARGUMENTS, argument_count};
use crate::generation::{Generation, Piece, nanoseconds};
use crate::varint::varint;

/// A place in the batches of one thread.
pub(crate) struct Cursor {
    /// Its thread, as the machine numbers them.
    pub(crate) thread: u32,
    /// What comes next.
    pub(crate) event: Event,
    stream: usize,
    piece: usize,
    at: usize,
    end: usize,
    last_ns: u64,
}

/// Key of the heap: the time of a cursor's event, and its row.
#[derive(Clone, Copy)]
struct Head {
    time: u64,
    cursor: u32,
}

/// All cursors of a generation.
#[derive(Default)]
pub(crate) struct Frontier {
    cursors: Vec<Cursor>,
    heap: Vec<Head>,
    /// Batches that end within an event or hold something else; the rest of them is passed over.
    pub(crate) damaged: u64,
}

impl Frontier {
    /// Begins a generation; `thread` numbers threads.
    pub(crate) fn start(&mut self, generation: &Generation, mut thread: impl FnMut(u64) -> u32) {
        self.cursors.clear();
        self.heap.clear();
        for (row, stream) in generation.streams.iter().enumerate() {
            let mut cursor = Cursor {
                thread: thread(stream.thread),
                event: Event::default(),
                stream: row,
                piece: 0,
                at: 0,
                end: 0,
                last_ns: 0,
            };
            if cursor.forward(generation, &mut self.damaged) {
                let head = Head {
                    time: cursor.event.time,
                    cursor: self.cursors.len() as u32,
                };
                self.cursors.push(cursor);
                self.heap.push(head);
                self.sift_up(self.heap.len() - 1);
            }
        }
    }

    /// Number of threads with events left.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }

    /// Time of the earliest event.
    #[inline]
    pub(crate) fn time(&self) -> Option<u64> {
        self.heap.first().map(|head| head.time)
    }

    /// The cursor at a place of the heap; place 0 has the earliest event.
    #[inline]
    pub(crate) fn cursor(&self, place: usize) -> Option<&Cursor> {
        let head = self.heap.get(place)?;
        self.cursors.get(head.cursor as usize)
    }

    /// Moves the cursor at a place of the heap to its next event, or takes it out.
    #[inline]
    pub(crate) fn forward(&mut self, place: usize, generation: &Generation) {
        let Some(head) = self.heap.get_mut(place) else {
            return;
        };
        let Some(cursor) = self.cursors.get_mut(head.cursor as usize) else {
            return;
        };
        if cursor.forward(generation, &mut self.damaged) {
            head.time = cursor.event.time;
            if self.sift_up(place) == place {
                self.sift_down(place);
            }
        } else {
            self.remove(place);
        }
    }

    /// Brings all places into the order of time; it remains a heap.
    pub(crate) fn sort(&mut self) {
        self.heap.sort_by_key(|head| head.time);
    }

    /// Lifts what is at a place to the top, whatever its time, and puts the last in its stead.
    fn remove(&mut self, place: usize) {
        let mut at = place;
        while at > 0 {
            let parent = (at - 1) / 2;
            self.heap.swap(parent, at);
            at = parent;
        }
        if !self.heap.is_empty() {
            self.heap.swap_remove(0);
            self.sift_down(0);
        }
    }

    fn sift_up(&mut self, place: usize) -> usize {
        let mut at = place;
        while at > 0 {
            let parent = (at - 1) / 2;
            if self.heap[parent].time <= self.heap[at].time {
                break;
            }
            self.heap.swap(parent, at);
            at = parent;
        }
        at
    }

    fn sift_down(&mut self, place: usize) {
        let mut at = place;
        loop {
            let mut least = at;
            for child in [2 * at + 1, 2 * at + 2] {
                if child < self.heap.len() && self.heap[child].time < self.heap[least].time {
                    least = child;
                }
            }
            if least == at {
                return;
            }
            self.heap.swap(least, at);
            at = least;
        }
    }
}

impl Cursor {
    /// Reads the next event; false at the end.
    #[inline]
    fn forward(&mut self, generation: &Generation, damaged: &mut u64) -> bool {
        loop {
            if self.at == self.end && !self.next_piece(generation) {
                return false;
            }
            let bytes = generation.events.get(..self.end).unwrap_or_default();
            if self.decode(bytes, generation.rate) {
                return true;
            }
            *damaged += 1;
            self.at = self.end;
        }
    }

    fn next_piece(&mut self, generation: &Generation) -> bool {
        let stream = generation.streams.get(self.stream);
        let Some(piece) = stream.and_then(|stream| stream.pieces.get(self.piece)) else {
            return false;
        };
        let &Piece { time, begin, end } = piece;
        self.piece += 1;
        (self.at, self.end) = (begin, end);
        self.last_ns = nanoseconds(time, generation.rate);
        true
    }

    /// Reads the event at the cursor; false if it is none.
    #[inline]
    fn decode(&mut self, bytes: &[u8], rate: f64) -> bool {
        let Some(&kind) = bytes.get(self.at) else {
            return false;
        };
        let Some(count) = argument_count(kind) else {
            return false;
        };
        let mut at = self.at + 1;
        let Some(after) = varint(bytes, &mut at) else {
            return false;
        };
        let mut args = [0; MOST_ARGUMENTS];
        for arg in args.iter_mut().take(count) {
            let Some(number) = varint(bytes, &mut at) else {
                return false;
            };
            *arg = number;
        }
        self.at = at;
        self.last_ns = self.last_ns.saturating_add(nanoseconds(after, rate));
        self.event = Event {
            kind,
            time: self.last_ns,
            args,
        };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generation::Stream;

    /// Batches of processor stops, of threads by number: their times.
    fn generation(batches: &[(u64, &[u8])]) -> Generation {
        let mut generation = Generation::default();
        generation.rate = 1.0;
        for (thread, times) in batches {
            let begin = generation.events.len();
            let mut before = 0;
            for &time in *times {
                generation
                    .events
                    .extend([crate::events::PROC_STOP, time - before]);
                before = time;
            }
            let end = generation.events.len();
            let pieces = vec![Piece {
                time: 0,
                begin,
                end,
            }];
            generation.streams.push(Stream {
                thread: *thread,
                pieces,
            });
        }
        generation
    }

    fn played(generation: &Generation) -> Vec<(u32, u64)> {
        let mut frontier = Frontier::default();
        frontier.start(generation, |thread| thread as u32);
        let mut played = Vec::new();
        while let Some(cursor) = frontier.cursor(0) {
            played.push((cursor.thread, cursor.event.time));
            frontier.forward(0, generation);
        }
        played
    }

    #[test]
    fn events_of_all_threads_come_by_time() {
        let generation = generation(&[(1, &[3, 9]), (2, &[1, 4, 5]), (3, &[2])]);
        let expected = [(2, 1), (3, 2), (1, 3), (2, 4), (2, 5), (1, 9)];
        assert_eq!(played(&generation), expected);
    }

    #[test]
    fn a_batch_that_ends_within_an_event_is_passed_over_from_there() {
        let mut generation = generation(&[(1, &[3, 9]), (2, &[5])]);
        generation.events[3] = 0x80;
        generation.streams[0].pieces[0].end = 4;
        let mut frontier = Frontier::default();
        frontier.start(&generation, |thread| thread as u32);
        frontier.forward(0, &generation);
        assert_eq!((frontier.len(), frontier.damaged), (1, 1));
        assert_eq!(frontier.time(), Some(5));
    }
}

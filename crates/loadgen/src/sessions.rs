//! Sessions: a request waits for the answer to the one before it, and for the think time after that.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use schedule::Entry;

use crate::flight::Ticket;

/// One user's visit.
#[derive(Debug, Default)]
struct Session {
    /// The request that was let go and has not ended.
    active: Option<Ticket>,
    /// When the last request ended; 0: none has.
    ended_ns: u64,
    /// Requests whose intended start has passed, each with its think time.
    held: VecDeque<(Ticket, u64)>,
    /// All its requests are known.
    complete: bool,
}

/// The sessions that are under way.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    live: HashMap<u32, Session>,
    /// Requests that may go at a time to come, when their think time is over.
    ready: BinaryHeap<Reverse<(u64, u64, Ticket)>>,
    order: u64,
    /// Requests that are held behind another.
    held: usize,
}

impl Sessions {
    /// A request's intended start has come; true: it may go now, else it is told of by [`Sessions::take_ready`].
    pub(crate) fn arrive(&mut self, entry: &Entry, ticket: Ticket, now_ns: u64) -> bool {
        if entry.session == 0 {
            return true;
        }
        let session = self.live.entry(entry.session).or_default();
        session.complete |= entry.ends_session;
        if session.active.is_some() || !session.held.is_empty() {
            session.held.push_back((ticket, entry.think_ns));
            self.held += 1;
            return false;
        }
        session.active = Some(ticket);
        let at_ns = match session.ended_ns {
            0 => 0, // The first of its session.
            ended_ns => ended_ns + entry.think_ns,
        };
        if at_ns > now_ns {
            self.wait_until(at_ns, ticket);
        }
        at_ns <= now_ns
    }

    /// A request of a session has ended, however; `alive` tells which of the held ones have not.
    pub(crate) fn ended(
        &mut self,
        number: u32,
        ticket: Ticket,
        ended_ns: u64,
        alive: impl Fn(Ticket) -> bool,
    ) {
        let Some(session) = self.live.get_mut(&number) else {
            return;
        };
        if session.active != Some(ticket) {
            return; // It timed out behind another.
        }
        session.active = None;
        session.ended_ns = ended_ns;
        while let Some((next, think_ns)) = session.held.pop_front() {
            self.held -= 1;
            if alive(next) {
                session.active = Some(next);
                self.wait_until(ended_ns + think_ns, next);
                return;
            }
        }
        if session.complete {
            self.live.remove(&number);
        }
    }

    /// Whether a request would be sent at once if the answer before it came.
    pub(crate) const fn await_answers(&self) -> bool {
        self.held > 0
    }

    /// The next time at which [`Sessions::take_ready`] has something.
    pub(crate) fn next_ready(&self) -> Option<u64> {
        self.ready.peek().map(|Reverse((at_ns, ..))| *at_ns)
    }

    /// Takes a request whose think time is over.
    pub(crate) fn take_ready(&mut self, now_ns: u64) -> Option<Ticket> {
        self.next_ready().filter(|at_ns| *at_ns <= now_ns)?;
        self.ready.pop().map(|Reverse((.., ticket))| ticket)
    }

    fn wait_until(&mut self, at_ns: u64, ticket: Ticket) {
        self.order += 1; // Equal times keep the order in which they came.
        self.ready.push(Reverse((at_ns, self.order, ticket)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(think_ns: u64, ends_session: bool) -> Entry {
        Entry {
            intended_ns: 0,
            operation: 0,
            session: 7,
            think_ns,
            ends_session,
        }
    }

    fn ticket(slot: u32) -> Ticket {
        Ticket { slot, entry: 0 }
    }

    #[test]
    fn a_request_waits_for_the_answer_before_it_and_thinks() {
        let mut sessions = Sessions::default();
        let all = |_| true;
        assert!(sessions.arrive(&entry(0, false), ticket(1), 100));
        assert!(!sessions.arrive(&entry(50, false), ticket(2), 200));
        assert!(!sessions.arrive(&entry(60, true), ticket(3), 300));
        assert_eq!(sessions.next_ready(), None);
        sessions.ended(7, ticket(1), 400, all);
        assert_eq!(sessions.take_ready(449), None);
        assert_eq!(sessions.take_ready(450), Some(ticket(2)));
        assert!(sessions.await_answers());
        sessions.ended(7, ticket(2), 500, all);
        assert!(!sessions.await_answers());
        assert_eq!(sessions.take_ready(560), Some(ticket(3)));
        sessions.ended(7, ticket(3), 600, all);
        assert!(sessions.live.is_empty());
    }

    #[test]
    fn an_early_answer_sends_nothing_before_its_intended_start() {
        let mut sessions = Sessions::default();
        assert!(sessions.arrive(&entry(0, false), ticket(1), 100));
        sessions.ended(7, ticket(1), 110, |_| true);
        assert_eq!(sessions.next_ready(), None);
        assert!(sessions.arrive(&entry(50, true), ticket(2), 200));
    }

    #[test]
    fn a_request_that_ends_while_it_waits_holds_nobody_up() {
        let mut sessions = Sessions::default();
        sessions.arrive(&entry(0, false), ticket(1), 100);
        sessions.arrive(&entry(10, false), ticket(2), 200);
        sessions.arrive(&entry(20, true), ticket(3), 300);
        sessions.ended(7, ticket(2), 350, |_| true);
        sessions.ended(7, ticket(1), 400, |one| one != ticket(2));
        assert_eq!(sessions.take_ready(1_000), Some(ticket(3)));
        assert!(!sessions.await_answers());
    }

    #[test]
    fn requests_without_a_session_go_at_once() {
        let mut sessions = Sessions::default();
        let alone = Entry {
            session: 0,
            ..entry(10, false)
        };
        assert!(sessions.arrive(&alone, ticket(1), 0));
        assert!(sessions.live.is_empty());
    }
}

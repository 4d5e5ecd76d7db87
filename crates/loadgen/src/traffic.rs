//! Requests on connections: taking in, sending, going on. Waiting for a connection is in `waiting`, ending in `ending`.

mod ending;
mod waiting;

use std::collections::VecDeque;

use schedule::{Entry, Plan};

use crate::closed::ClosedLoop;
use crate::connection::{Condition, Connection, Ended};
use crate::flight::{Flight, Place, Ticket};
use crate::log::Log;
use crate::pool::Pool;
use crate::protocol;
use crate::sessions::Sessions;
use crate::sys::clock::now_ns;
use crate::sys::epoll::{Epoll, Event};

const READ_BYTES: usize = 64 * 1024;

/// What was counted of the traffic.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TrafficCounts {
    pub(crate) last_sent_ns: u64,
    pub(crate) last_done_ns: u64,
    pub(crate) sent: u64,
    pub(crate) peak_client_queue: usize,
}

/// All requests and connections of one engine.
pub(crate) struct Traffic<'a> {
    plan: &'a Plan,
    epoll: &'a Epoll,
    pub(crate) pool: Pool<'a>,
    pub(crate) flight: Flight,
    sessions: Sessions,
    /// What starts the next request when one ends, in a closed loop.
    pub(crate) closed: Option<ClosedLoop>,
    queue: VecDeque<Ticket>,
    /// Requests in `queue` that have not ended there.
    queued: usize,
    /// Requests that a new connection is expected to take.
    room_of_new: usize,
    pub(crate) log: Log,
    buffer: Box<[u8]>,
    ended: Vec<Ended>,
    pub(crate) counts: TrafficCounts,
    /// Why a connection could not be opened or go on, the first time.
    pub(crate) trouble: Option<String>,
}

impl<'a> Traffic<'a> {
    pub(crate) fn new(plan: &'a Plan, epoll: &'a Epoll, pool: Pool<'a>, log: Log) -> Self {
        let timeouts = plan.operations().iter().map(|found| found.timeout_ns);
        let flight = Flight::new(&timeouts.collect::<Vec<_>>(), plan.most_within_timeout());
        Self {
            plan,
            epoll,
            pool,
            sessions: Sessions::default(),
            closed: None,
            queue: VecDeque::with_capacity(flight.room()),
            queued: 0,
            room_of_new: protocol::usual_room(plan),
            flight,
            log,
            buffer: vec![0; READ_BYTES].into_boxed_slice(),
            ended: Vec::with_capacity(256),
            counts: TrafficCounts::default(),
            trouble: None,
        }
    }

    /// Takes in a request whose intended start has come.
    pub(crate) fn start(&mut self, entry: &Entry, payload: &[u8], intended_ns: u64, now: u64) {
        let ticket = self.flight.enter(entry, intended_ns, now);
        if !self.sessions.arrive(entry, ticket, now) {
            self.flight.keep(ticket, payload);
            return;
        }
        match self.pool.take_idle() {
            Some(index) => self.send(index, ticket, Some(payload)),
            None => {
                self.flight.keep(ticket, payload);
                self.enqueue(ticket);
            }
        }
    }

    /// Lets go the requests of sessions whose think time is over.
    pub(crate) fn start_ready(&mut self, now: u64) {
        while let Some(ticket) = self.sessions.take_ready(now) {
            if self.flight.get(ticket).is_none() {
                continue; // Timed out meanwhile.
            }
            match self.pool.take_idle() {
                Some(index) => self.send(index, ticket, None),
                None => self.enqueue(ticket),
            }
        }
    }

    /// Whether answers may be read later than they come: nothing is sent because of them, and their time is noted.
    pub(crate) fn may_wait(&self) -> bool {
        self.queued == 0
            && self.closed.is_none()
            && !self.sessions.await_answers()
            && self.pool.notes_arrivals()
    }

    /// The next time at which something has to be done without an event.
    pub(crate) fn next_wake(&mut self) -> Option<u64> {
        let deadline = self.flight.next_deadline().map(|(deadline, _)| deadline);
        let retry = self.closed.as_ref().and_then(ClosedLoop::retry_ns);
        [deadline, retry, self.sessions.next_ready()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Sends a request; without a payload, the one that was kept for it.
    fn send(&mut self, index: u32, ticket: Ticket, payload: Option<&[u8]>) {
        let (Some(request), Some(connection)) = (self.flight.get(ticket), self.pool.get(index))
        else {
            return;
        };
        let expect = &self.plan.operations()[usize::from(request.operation)].expect;
        let payload = payload.unwrap_or_else(|| self.flight.payload(ticket));
        let sent_ns = now_ns();
        let (tag, condition) =
            connection.send((ticket, request.operation), sent_ns, payload, expect);
        self.flight.put(ticket, Place::Connection(index, tag));
        self.counts.sent += 1;
        self.counts.last_sent_ns = sent_ns;
        self.follow(index, condition);
    }

    /// Does what an event asks for.
    pub(crate) fn handle(&mut self, event: Event) {
        let Some((index, connection)) = self.pool.find(event.token) else {
            return; // Closed earlier in this batch.
        };
        // What came with the end of a TLS handshake may be off the socket already.
        let just_opened = !connection.open;
        if just_opened {
            match connection.establish() {
                Ok(false) => return,
                Ok(true) => self.pool.established(),
                Err(error) => return self.open_failed(index, &error),
            }
        }
        let Some(connection) = self.pool.get(index) else {
            return;
        };
        let mut condition = Condition::Fine;
        if event.readable || just_opened {
            condition =
                connection.readable(self.plan, &mut self.buffer, event.closed, &mut self.ended);
        }
        if condition == Condition::Fine && event.writable {
            condition = connection.writable();
        }
        self.follow(index, condition);
    }

    /// Goes on with a connection after something happened on it.
    fn follow(&mut self, index: u32, condition: Condition) {
        if condition == Condition::More && self.pool.watch_again(self.epoll, index).is_err() {
            return self.close(index, now_ns());
        }
        if condition == Condition::Broken {
            self.note_fault(index);
            return self.close(index, now_ns());
        }
        self.end_all(index);
        match self.pool.get(index) {
            Some(connection) if connection.is_spent() => self.close(index, now_ns()),
            Some(connection) if connection.room() > 0 => self.reuse(index),
            _ => {}
        }
    }

    fn note_fault(&mut self, index: u32) {
        let fault = self.pool.get(index).and_then(Connection::fault);
        if let Some(fault) = fault {
            self.trouble
                .get_or_insert_with(|| format!("an answer made no sense: {fault}"));
        }
    }

    /// Gives a connection with room the next request.
    fn reuse(&mut self, index: u32) {
        if let Some(ticket) = self.take_queued() {
            self.send(index, ticket, None);
        } else if self.closed.is_some() {
            self.send_next(index);
        } else {
            self.pool.list(index);
        }
    }

    /// Sends the next request of a closed loop, if its connection has none and the time is not over.
    fn send_next(&mut self, index: u32) {
        let now = now_ns();
        let (Some(mut closed), Some(connection)) = (self.closed.take(), self.pool.get(index))
        else {
            return;
        };
        if connection.under_way() == 0 && closed.is_running(now) {
            let entry = closed.entry();
            let ticket = self.flight.enter(&entry, now, now);
            let payload = closed.payload(self.plan);
            let expect = &self.plan.operations()[usize::from(entry.operation)].expect;
            let (tag, condition) = connection.send((ticket, entry.operation), now, payload, expect);
            closed.advance();
            self.flight.put(ticket, Place::Connection(index, tag));
            self.counts.sent += 1;
            self.counts.last_sent_ns = now;
            if condition == Condition::Broken {
                closed.retry_later(now);
                self.closed = Some(closed);
                return self.close(index, now);
            }
        }
        self.closed = Some(closed);
    }
}

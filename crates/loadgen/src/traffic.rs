//! Requests on connections: placing, sending, ending.

use std::collections::VecDeque;

use schedule::{Entry, Plan};

use crate::closed::ClosedLoop;
use crate::connection::{Condition, Connection, Ended};
use crate::flight::{Flight, Place, Request, Ticket};
use crate::log::{Log, NO_CONNECTION, Outcome, Row};
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
        self.queued == 0 && self.closed.is_none() && self.pool.notes_arrivals()
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

    fn enqueue(&mut self, ticket: Ticket) {
        self.flight.put(ticket, Place::Queued);
        self.queue.push_back(ticket);
        self.queued += 1;
        self.grow();
        let coming = self.pool.connecting() * self.room_of_new;
        let beyond_connecting = self.queued.saturating_sub(coming);
        self.counts.peak_client_queue = self.counts.peak_client_queue.max(beyond_connecting);
    }

    /// Opens connections until each queued request has room coming, or the cap is reached.
    ///
    /// Each failed attempt fails one request, so a target that refuses everything costs one attempt
    /// a request and no more.
    fn grow(&mut self) {
        while self.queued > self.pool.connecting() * self.room_of_new && self.pool.has_room() {
            if let Err(error) = self.pool.open(self.epoll) {
                self.refused(&error);
                self.fail_first_queued();
            }
        }
    }

    /// Opens the connections of a closed loop that are not open.
    pub(crate) fn open_all(&mut self, now: u64) {
        let Some(closed) = &mut self.closed else {
            return;
        };
        closed.attempted();
        while closed.is_running(now) && self.pool.has_room() {
            if let Err(error) = self.pool.open(self.epoll) {
                self.refused(&error);
                self.fail_unsent(now);
                return;
            }
        }
    }

    /// A connection of a closed loop could not be had: one request fails for it, and a while passes.
    fn fail_unsent(&mut self, now: u64) {
        let Some(closed) = self.closed.as_mut().filter(|closed| closed.is_running(now)) else {
            return;
        };
        closed.retry_later(now);
        let entry = closed.entry();
        closed.advance();
        let ticket = self.flight.enter(&entry, now, now);
        self.end_unsent(ticket, now, Outcome::ConnectionError);
    }

    fn refused(&mut self, error: &std::io::Error) {
        self.trouble
            .get_or_insert_with(|| format!("a connection could not be opened: {error}"));
    }

    /// Takes the first request of the client queue that is still waiting.
    fn take_queued(&mut self) -> Option<Ticket> {
        while let Some(ticket) = self.queue.pop_front() {
            if self.flight.get(ticket).is_some() {
                self.queued -= 1;
                return Some(ticket);
            }
        }
        None
    }

    fn fail_first_queued(&mut self) {
        if let Some(ticket) = self.take_queued() {
            self.end_unsent(ticket, now_ns(), Outcome::ConnectionError);
        }
    }

    /// Sends a request; without a payload, the one that was kept for it.
    fn send(&mut self, index: u32, ticket: Ticket, payload: Option<&[u8]>) {
        let (Some(request), Some(connection)) = (self.flight.get(ticket), self.pool.get(index))
        else {
            return;
        };
        let expect = &self.plan.operations()[usize::from(request.operation)].expect;
        let payload = payload.unwrap_or_else(|| self.flight.payload(ticket));
        let (tag, sent_ns, condition) = connection.send(ticket, request.operation, payload, expect);
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

    fn open_failed(&mut self, index: u32, error: &std::io::Error) {
        self.refused(error);
        self.pool.close(index);
        self.fail_for_connection(now_ns());
        self.grow();
    }

    /// One request fails for each connection that never took any, so that a server that refuses them all does not
    /// have us try for ever.
    fn fail_for_connection(&mut self, now: u64) {
        if self.closed.is_some() {
            self.fail_unsent(now);
        } else {
            self.fail_first_queued();
        }
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
            let (tag, sent_ns, condition) =
                connection.send(ticket, entry.operation, payload, expect);
            closed.advance();
            self.flight.put(ticket, Place::Connection(index, tag));
            self.counts.sent += 1;
            self.counts.last_sent_ns = sent_ns;
            if condition == Condition::Broken {
                closed.retry_later(now);
                self.closed = Some(closed);
                return self.close(index, now);
            }
        }
        self.closed = Some(closed);
    }

    /// Closes a connection; requests on it fail, unless their answers are complete.
    fn close(&mut self, index: u32, now: u64) {
        self.end_all(index);
        let Some(mut connection) = self.pool.close(index) else {
            return;
        };
        connection.fail_all(now, &mut self.ended);
        let (serial, unused) = (connection.serial, connection.is_unused());
        drop(connection);
        self.end_on(serial);
        if unused {
            self.fail_for_connection(now);
        }
        match &mut self.closed {
            Some(closed) => closed.reopen(now),
            None => self.grow(),
        }
    }

    /// Ends the requests of which a connection told.
    fn end_all(&mut self, index: u32) {
        if !self.ended.is_empty() {
            let serial = self
                .pool
                .get(index)
                .map_or(NO_CONNECTION, |found| found.serial);
            self.end_on(serial);
        }
    }

    fn end_on(&mut self, serial: u32) {
        for place in 0..self.ended.len() {
            let ended = self.ended[place];
            self.end(serial, &ended);
        }
        self.ended.clear();
    }

    /// Gives up the requests whose time is over.
    pub(crate) fn give_up_overdue(&mut self, now: u64) {
        let mut gave_up = false;
        while let Some((_, ticket)) = self
            .flight
            .next_deadline()
            .filter(|(deadline, _)| *deadline <= now)
        {
            gave_up = true;
            self.give_up(ticket, now);
        }
        if gave_up {
            self.drop_ended_from_queue();
            self.grow();
        }
    }

    /// Keeps the client queue from filling with requests that ended in it.
    fn drop_ended_from_queue(&mut self) {
        while self
            .queue
            .front()
            .is_some_and(|ticket| self.flight.get(*ticket).is_none())
        {
            self.queue.pop_front();
        }
    }

    fn give_up(&mut self, ticket: Ticket, now: u64) {
        match self.flight.get(ticket).map(|request| request.place) {
            Some(Place::Connection(index, tag)) => {
                let ended = &mut self.ended;
                let goes_on = self
                    .pool
                    .get(index)
                    .is_some_and(|connection| connection.cancel(tag, now, ended));
                if goes_on {
                    self.follow(index, Condition::Fine);
                } else {
                    self.close(index, now);
                }
            }
            Some(Place::Queued) => {
                self.queued -= 1;
                self.end_unsent(ticket, now, Outcome::Timeout);
            }
            Some(Place::Held) => self.end_unsent(ticket, now, Outcome::Timeout),
            None => {}
        }
    }

    /// Ends a request that never got a connection.
    fn end_unsent(&mut self, ticket: Ticket, now: u64, outcome: Outcome) {
        if let Some(request) = self.flight.leave(ticket, now) {
            self.log.put(Row {
                outcome,
                ..row(&request, now)
            });
            self.left(&request, ticket, now);
        }
    }

    /// Ends a request that was sent.
    fn end(&mut self, serial: u32, ended: &Ended) {
        let Some(request) = self.flight.leave(ended.exchange.ticket, ended.done_ns) else {
            return;
        };
        self.log.put(Row {
            sent_ns: ended.exchange.sent_ns,
            first_byte_ns: ended.exchange.first_byte_ns,
            connection: serial,
            response_bytes: u32::try_from(ended.bytes).unwrap_or(u32::MAX),
            status: ended.status,
            outcome: ended.outcome,
            ..row(&request, ended.done_ns)
        });
        self.left(&request, ended.exchange.ticket, ended.done_ns);
    }

    fn left(&mut self, request: &Request, ticket: Ticket, done_ns: u64) {
        self.counts.last_done_ns = self.counts.last_done_ns.max(done_ns);
        if request.session > 0 {
            let flight = &self.flight;
            let alive = |other| flight.get(other).is_some();
            self.sessions.ended(request.session, ticket, done_ns, alive);
        }
    }
}

/// The row of a request that ended at `done_ns`, as if it had never been sent.
const fn row(request: &Request, done_ns: u64) -> Row {
    Row {
        intended_ns: request.intended_ns,
        noticed_ns: request.noticed_ns,
        sent_ns: 0,
        first_byte_ns: 0,
        done_ns,
        connection: NO_CONNECTION,
        response_bytes: 0,
        operation: request.operation,
        status: 0,
        outcome: Outcome::Timeout,
    }
}

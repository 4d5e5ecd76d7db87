//! How requests end: answered, failed with their connection, given up.

use super::Traffic;
use crate::connection::{Condition, Ended};
use crate::flight::{Place, Request, Ticket};
use crate::log::{NO_CONNECTION, Outcome, Row};

impl Traffic<'_> {
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

    /// Closes a connection; requests on it fail, unless their answers are complete.
    pub(super) fn close(&mut self, index: u32, now: u64) {
        self.end_all(index);
        let Some(mut connection) = self.pool.close(index) else {
            return;
        };
        connection.fail_all(now, &mut self.ended);
        self.log.put_link(connection.link(now));
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
    pub(super) fn end_all(&mut self, index: u32) {
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

    /// Ends a request that never got a connection.
    pub(super) fn end_unsent(&mut self, ticket: Ticket, now: u64, outcome: Outcome) {
        if let Some(request) = self.flight.leave(ticket, now) {
            self.log.put(Row {
                outcome,
                ..row(&request, now)
            });
            self.left(&request, ticket, now);
        }
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

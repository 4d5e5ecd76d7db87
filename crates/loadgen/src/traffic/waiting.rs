//! Requests that wait for a connection, and the connections that are opened for them.

use std::io;

use super::Traffic;
use crate::flight::{Place, Ticket};
use crate::log::Outcome;
use crate::sys::clock::now_ns;

/// Most connections opened before there is a request for them.
const MOST_AHEAD: usize = 64;
/// Connections being opened at once while requests are sent.
const MOST_CONNECTING: usize = 16;

impl Traffic<'_> {
    pub(super) fn enqueue(&mut self, ticket: Ticket) {
        self.flight.put(ticket, Place::Queued);
        self.queue.push_back(ticket);
        self.queued += 1;
        self.grow();
        if !self.pool.has_room() {
            let coming = self.pool.connecting() * self.room_of_new;
            let beyond_connecting = self.queued.saturating_sub(coming);
            self.counts.peak_client_queue = self.counts.peak_client_queue.max(beyond_connecting);
        }
    }

    /// Opens connections until each queued request has room coming, or the cap is reached.
    ///
    /// A few at a time: to open one takes as long as to send many requests, and a service that stands still for
    /// some milliseconds would else be answered with hundreds of new connections, for which everything due waits.
    /// Each failed attempt fails one request, so a target that refuses everything costs one attempt
    /// a request and no more.
    pub(crate) fn grow(&mut self) {
        while self.queued > self.pool.connecting() * self.room_of_new
            && self.pool.connecting() < MOST_CONNECTING
            && self.pool.has_room()
        {
            if let Err(error) = self.pool.open(self.epoll) {
                self.refused(&error);
                self.fail_first_queued();
            }
        }
    }

    /// Opens `count` connections ahead of requests, within the cap; one suffices for many requests where it may.
    pub(crate) fn open_ahead(&mut self, count: usize) {
        for _ in 0..count.div_ceil(self.room_of_new).min(MOST_AHEAD) {
            if self.pool.has_room()
                && let Err(error) = self.pool.open(self.epoll)
            {
                return self.refused(&error);
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

    pub(super) fn open_failed(&mut self, index: u32, error: &io::Error) {
        self.refused(error);
        let now = now_ns();
        if let Some(connection) = self.pool.close(index) {
            self.log.put_link(connection.link(now));
        }
        self.fail_for_connection(now);
        self.grow();
    }

    fn refused(&mut self, error: &io::Error) {
        self.trouble
            .get_or_insert_with(|| format!("a connection could not be opened: {error}"));
    }

    /// Takes the first request of the client queue that is still waiting.
    pub(super) fn take_queued(&mut self) -> Option<Ticket> {
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

    /// One request fails for each connection that never took any, so that a server that refuses them all does not
    /// have us try for ever.
    pub(super) fn fail_for_connection(&mut self, now: u64) {
        if self.closed.is_some() {
            self.fail_unsent(now);
        } else {
            self.fail_first_queued();
        }
    }
}

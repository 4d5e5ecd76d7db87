//! One connection: a transport, what is spoken on it, and the requests under way.

use std::io;
use std::os::fd::BorrowedFd;

use schedule::{Expect, Plan};

use crate::checks::Body;
use crate::flight::Ticket;
use crate::link::Link;
use crate::log::Outcome;
use crate::protocol::{Answers, Protocol, ProtocolError};
use crate::sys::clock::now_ns;
use crate::transport::Transport;

/// Buffers read from one connection before others get their turn: an endless answer must not hold up
/// what is due.
const READS: usize = 16;

/// Written bytes that are kept, at most, where more wait to be written.
const FORGOTTEN_BYTES: usize = 64 * 1024;

/// A request on its way over a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange {
    pub(crate) ticket: Ticket,
    pub(crate) operation: u16,
    /// Just before its first byte was written.
    pub(crate) sent_ns: u64,
    /// When the first byte of the answer was read; 0 before.
    pub(crate) first_byte_ns: u64,
}

/// A request that ended on a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) exchange: Exchange,
    pub(crate) outcome: Outcome,
    pub(crate) done_ns: u64,
    pub(crate) status: u16,
    pub(crate) bytes: u64,
}

/// How a connection is after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// It may go on.
    Fine,
    /// There may be more to read, which no event will tell unless it is asked for.
    More,
    /// It is of no more use: requests still on it failed.
    Broken,
}

/// One place for a request under way; its number is the request's tag.
#[derive(Debug, Default)]
struct Place {
    exchange: Option<Exchange>,
    body: Body,
}

/// The requests under way, by tag.
#[derive(Debug, Default)]
struct Exchanges {
    places: Vec<Place>,
    free: Vec<u32>,
    count: usize,
}

impl Exchanges {
    fn enter(&mut self, exchange: Exchange, expect: &Expect) -> u32 {
        let tag = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            self.places.len() as u32 - 1
        });
        let place = &mut self.places[tag as usize];
        place.body.begin(expect);
        place.exchange = Some(exchange);
        self.count += 1;
        tag
    }

    fn get(&mut self, tag: u32) -> Option<&mut Exchange> {
        self.places.get_mut(tag as usize)?.exchange.as_mut()
    }

    fn leave(&mut self, tag: u32) -> Option<Exchange> {
        let exchange = self.places.get_mut(tag as usize)?.exchange.take()?;
        self.free.push(tag);
        self.count -= 1;
        Some(exchange)
    }
}

/// Takes what the protocol tells while it reads one buffer.
struct Listener<'a> {
    plan: &'a Plan,
    exchanges: &'a mut Exchanges,
    ended: &'a mut Vec<Ended>,
    now_ns: u64,
}

impl Answers for Listener<'_> {
    fn begun(&mut self, tag: u32) {
        if let Some(exchange) = self.exchanges.get(tag) {
            exchange.first_byte_ns = self.now_ns.max(exchange.sent_ns);
        }
    }

    fn body(&mut self, tag: u32, bytes: &[u8]) {
        if let Some(place) = self.exchanges.places.get_mut(tag as usize) {
            place.body.take(bytes);
        }
    }

    fn answered(&mut self, tag: u32, status: u16, bytes: u64) {
        let Some(exchange) = self.exchanges.leave(tag) else {
            return;
        };
        let expect = &self.plan.operations()[usize::from(exchange.operation)].expect;
        let body = &mut self.exchanges.places[tag as usize].body;
        self.ended.push(Ended {
            exchange,
            outcome: body.judge(expect, status),
            done_ns: self.now_ns.max(exchange.sent_ns),
            status,
            bytes,
        });
    }

    fn failed(&mut self, tag: u32) {
        if let Some(exchange) = self.exchanges.leave(tag) {
            self.ended
                .push(Ended::lost(exchange, Outcome::ConnectionError, self.now_ns));
        }
    }
}

impl Ended {
    /// A request that got no answer.
    pub(crate) const fn lost(exchange: Exchange, outcome: Outcome, done_ns: u64) -> Self {
        Self {
            exchange,
            outcome,
            done_ns,
            status: 0,
            bytes: 0,
        }
    }
}

/// A connection being opened, idle or busy.
pub(crate) struct Connection {
    transport: Transport,
    protocol: Box<dyn Protocol>,
    /// Whether answers may overtake what is still being sent, as on HTTP/2.
    multiplexed: bool,
    /// Number in the order of opening, for the request log.
    pub(crate) serial: u32,
    /// When opening it began.
    opened_ns: u64,
    pub(crate) open: bool,
    /// Whether the pool knows that it has room.
    pub(crate) listed: bool,
    exchanges: Exchanges,
    /// Bytes that the transport has not taken yet, from `written` on.
    out: Vec<u8>,
    written: usize,
    fault: Option<ProtocolError>,
}

impl Connection {
    pub(crate) fn new(
        transport: Transport,
        protocol: Box<dyn Protocol>,
        multiplexed: bool,
        (serial, opened_ns): (u32, u64),
    ) -> Self {
        Self {
            transport,
            protocol,
            multiplexed,
            serial,
            opened_ns,
            open: false,
            listed: false,
            exchanges: Exchanges::default(),
            out: Vec::with_capacity(1024),
            written: 0,
            fault: None,
        }
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.transport.as_fd()
    }

    /// What is logged of it; `closed_ns`: 0 while it is there.
    pub(crate) const fn link(&self, closed_ns: u64) -> Link {
        Link {
            opened_ns: self.opened_ns,
            closed_ns,
            connection: self.serial,
            local_port: self.transport.local_port(),
        }
    }

    /// Requests that may be put on it now.
    pub(crate) fn room(&self) -> usize {
        if self.open && self.protocol.reusable() {
            self.protocol.room()
        } else {
            0
        }
    }

    /// Whether no request was ever put on it.
    pub(crate) const fn is_unused(&self) -> bool {
        self.exchanges.places.is_empty()
    }

    /// Requests under way.
    pub(crate) const fn under_way(&self) -> usize {
        self.exchanges.count
    }

    /// Whether it can only be closed: nothing is under way, and nothing may follow.
    ///
    /// An answer that came before its request was sent whole leaves a rest that would be taken for the next one.
    pub(crate) fn is_spent(&self) -> bool {
        self.exchanges.count == 0
            && (!self.protocol.reusable() || (!self.multiplexed && self.written < self.out.len()))
    }

    /// Goes on with opening; true once it is open.
    ///
    /// # Errors
    /// When the peer refuses, or the handshake fails.
    pub(crate) fn establish(&mut self) -> io::Result<bool> {
        if !self.open && self.transport.advance()? {
            self.open = true;
            self.protocol.open(&mut self.out);
            self.flush()?;
        }
        Ok(self.open)
    }

    /// Sends a request, just now at `sent_ns`, and returns its tag; only while there is room.
    pub(crate) fn send(
        &mut self,
        (ticket, operation): (Ticket, u16),
        sent_ns: u64,
        payload: &[u8],
        expect: &Expect,
    ) -> (u32, Condition) {
        let exchange = Exchange {
            ticket,
            operation,
            sent_ns,
            first_byte_ns: 0,
        };
        let tag = self.exchanges.enter(exchange, expect);
        self.protocol.send(tag, payload, &mut self.out);
        let condition = self.flush().map_or(Condition::Broken, |()| Condition::Fine);
        (tag, condition)
    }

    /// Writes what is there to be written, as far as the transport takes it.
    fn flush(&mut self) -> io::Result<()> {
        while self.written < self.out.len() {
            match self.transport.write(&self.out[self.written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.forget_written();
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.out.clear();
        self.written = 0;
        match self.transport.flush() {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }

    /// Many requests on one connection may keep it from ever being written to the end.
    fn forget_written(&mut self) {
        if self.written >= FORGOTTEN_BYTES && self.written > self.out.len() / 2 {
            self.out.drain(..self.written);
            self.written = 0;
        }
    }

    /// The transport takes bytes again.
    pub(crate) fn writable(&mut self) -> Condition {
        self.flush().map_or(Condition::Broken, |()| Condition::Fine)
    }

    /// Reads what is there, up to a bound. `closed`: the peer is known to have closed, so read up to the end.
    pub(crate) fn readable(
        &mut self,
        plan: &Plan,
        buffer: &mut [u8],
        closed: bool,
        ended: &mut Vec<Ended>,
    ) -> Condition {
        for _ in 0..READS {
            match self.transport.read(buffer) {
                Ok(0) => return self.peer_closed(plan, ended),
                Ok(count) => {
                    if self.take(plan, &buffer[..count], ended).is_err() {
                        return Condition::Broken;
                    }
                    // Edge-triggered: a short read has emptied the socket, the next byte is a new edge.
                    if count < buffer.len() && !closed {
                        return Condition::Fine;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Condition::Fine,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Condition::Broken,
            }
        }
        self.read_decrypted(plan, buffer, ended)
    }

    /// Reads the rest of what TLS has taken off the socket: the event that is asked for next tells of the socket alone.
    fn read_decrypted(
        &mut self,
        plan: &Plan,
        buffer: &mut [u8],
        ended: &mut Vec<Ended>,
    ) -> Condition {
        match self.transport.read_decrypted(buffer) {
            Ok(count) if self.take(plan, &buffer[..count], ended).is_err() => Condition::Broken,
            _ => Condition::More,
        }
    }

    /// Why the peer's bytes made no sense.
    pub(crate) fn fault(&mut self) -> Option<ProtocolError> {
        self.fault.take()
    }

    fn take(&mut self, plan: &Plan, bytes: &[u8], ended: &mut Vec<Ended>) -> Result<(), ()> {
        let mut listener = Listener {
            plan,
            exchanges: &mut self.exchanges,
            ended,
            now_ns: self.transport.arrived_ns(),
        };
        let taken = self.protocol.receive(bytes, &mut listener, &mut self.out);
        self.fault = taken.err();
        if self.fault.is_some() || (self.written < self.out.len() && self.flush().is_err()) {
            return Err(());
        }
        Ok(())
    }

    fn peer_closed(&mut self, plan: &Plan, ended: &mut Vec<Ended>) -> Condition {
        let mut listener = Listener {
            plan,
            exchanges: &mut self.exchanges,
            ended,
            now_ns: now_ns(),
        };
        self.protocol.closed(&mut listener);
        Condition::Broken
    }

    /// Gives up one request; false: the connection cannot go on.
    pub(crate) fn cancel(&mut self, tag: u32, now_ns: u64, ended: &mut Vec<Ended>) -> bool {
        if let Some(exchange) = self.exchanges.leave(tag) {
            ended.push(Ended::lost(exchange, Outcome::Timeout, now_ns));
        }
        self.protocol.cancel(tag, &mut self.out) && self.flush().is_ok()
    }

    /// Fails all requests under way.
    pub(crate) fn fail_all(&mut self, now_ns: u64, ended: &mut Vec<Ended>) {
        for tag in 0..self.exchanges.places.len() as u32 {
            if let Some(exchange) = self.exchanges.leave(tag) {
                ended.push(Ended::lost(exchange, Outcome::ConnectionError, now_ns));
            }
        }
    }
}

//! The connections: they grow with demand up to a cap, and the one used last is used first.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;

use crate::connection::Connection;
use crate::protocol::http1::response::Response;
use crate::sys::epoll::Epoll;
use crate::sys::socket;

/// A place for a connection.
struct Slot<'a> {
    connection: Option<Connection<'a>>,
    /// Tells events of a former connection in this slot from those of the present one.
    generation: u32,
}

const fn token(generation: u32, index: u32) -> u64 {
    (generation as u64) << 32 | index as u64
}

/// All connections to one address.
pub(crate) struct Pool<'a> {
    address: SocketAddr,
    slots: Vec<Slot<'a>>,
    free: Vec<u32>,
    idle: Vec<u32>,
    spare: Vec<Response>,
    opened: u32,
    connecting: usize,
    peak: usize,
}

impl<'a> Pool<'a> {
    /// Makes room for `cap` connections to `address`.
    pub(crate) fn new(address: SocketAddr, cap: u32) -> Self {
        let slot = |_| Slot {
            connection: None,
            generation: 0,
        };
        Self {
            address,
            slots: (0..cap).map(slot).collect(),
            free: (0..cap).rev().collect(),
            idle: Vec::with_capacity(cap as usize),
            spare: (0..cap).map(|_| Response::new()).collect(),
            opened: 0,
            connecting: 0,
            peak: 0,
        }
    }

    /// Number of connections being opened.
    pub(crate) const fn connecting(&self) -> usize {
        self.connecting
    }

    /// Largest number of connections at once.
    pub(crate) const fn peak(&self) -> usize {
        self.peak
    }

    /// Whether the cap permits one more.
    pub(crate) const fn has_room(&self) -> bool {
        !self.free.is_empty()
    }

    /// Starts one more connection; only while [`Pool::has_room`].
    pub(crate) fn open(&mut self, epoll: &Epoll) -> io::Result<()> {
        let stream = socket::connect(self.address)?;
        let Some(index) = self.free.pop() else {
            return Ok(());
        };
        let slot = &mut self.slots[index as usize];
        let token = token(slot.generation, index);
        if let Err(error) = epoll.watch(&stream.as_fd(), token) {
            self.free.push(index);
            return Err(error);
        }
        let response = self.spare.pop().unwrap_or_else(Response::new);
        slot.connection = Some(Connection::new(stream, self.opened, response));
        self.opened = self.opened.wrapping_add(1);
        self.connecting += 1;
        self.peak = self.peak.max(self.slots.len() - self.free.len());
        Ok(())
    }

    /// Returns the connection that an event's token names, unless it is gone.
    pub(crate) fn find(&mut self, token: u64) -> Option<(u32, &mut Connection<'a>)> {
        let index = token as u32;
        let slot = self.slots.get_mut(index as usize)?;
        let current = slot.generation == (token >> 32) as u32;
        slot.connection
            .as_mut()
            .filter(|_| current)
            .map(|connection| (index, connection))
    }

    /// Returns the connection of this index, unless it is gone.
    pub(crate) fn get(&mut self, index: u32) -> Option<&mut Connection<'a>> {
        self.slots.get_mut(index as usize)?.connection.as_mut()
    }

    /// Asks for another event of a connection that was not read to its end.
    pub(crate) fn watch_again(&self, epoll: &Epoll, index: u32) -> io::Result<()> {
        let slot = &self.slots[index as usize];
        let token = token(slot.generation, index);
        slot.connection.as_ref().map_or(Ok(()), |connection| {
            epoll.watch_again(&connection.as_fd(), token)
        })
    }

    /// A connection being opened is open now.
    pub(crate) const fn established(&mut self) {
        self.connecting -= 1;
    }

    /// Takes the idle connection that was used last.
    pub(crate) fn take_idle(&mut self) -> Option<u32> {
        self.idle.pop()
    }

    /// Puts an idle connection back.
    pub(crate) fn put_idle(&mut self, index: u32) {
        self.idle.push(index);
    }

    /// Closes a connection and returns what it was.
    pub(crate) fn close(&mut self, index: u32) -> Option<ClosedConnection<'a>> {
        let slot = self.slots.get_mut(index as usize)?;
        let mut connection = slot.connection.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(index);
        if connection.established {
            // Only idle connections are listed; few are, so a scan is cheap.
            self.idle.retain(|other| *other != index);
        } else {
            self.connecting -= 1;
        }
        let closed = ClosedConnection {
            exchange: connection.take_exchange(),
            serial: connection.serial,
            bytes: connection.response().bytes(),
            status: connection.response().status(),
        };
        self.spare.push(connection.into_response());
        Some(closed)
    }
}

/// What is left of a closed connection.
pub(crate) struct ClosedConnection<'a> {
    pub(crate) exchange: Option<crate::connection::Exchange<'a>>,
    pub(crate) serial: u32,
    pub(crate) bytes: u64,
    pub(crate) status: u16,
}

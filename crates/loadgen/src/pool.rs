//! The connections: they grow with demand up to a cap, and the one used last is used first.

use std::io;

use schedule::Plan;

use crate::connection::Connection;
use crate::link::Link;
use crate::protocol;
use crate::sys::clock::now_ns;
use crate::sys::epoll::Epoll;
use crate::transport::Dialer;

/// A place for a connection.
struct Slot {
    connection: Option<Connection>,
    /// Tells events of a former connection in this slot from those of the present one.
    generation: u32,
}

const fn token(generation: u32, index: u32) -> u64 {
    (generation as u64) << 32 | index as u64
}

/// All connections to one address.
pub(crate) struct Pool<'a> {
    plan: &'a Plan,
    dialer: Dialer,
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Connections with room, the one used last at the end.
    idle: Vec<u32>,
    /// Distance of the serial numbers, so that those of several engines differ.
    stride: u32,
    next_serial: u32,
    connecting: usize,
    peak: usize,
}

impl<'a> Pool<'a> {
    /// Makes room for `cap` connections; they are numbered `first`, `first + stride` and so on.
    pub(crate) fn new(plan: &'a Plan, dialer: Dialer, cap: u32, first: u32, stride: u32) -> Self {
        let slot = |_| Slot {
            connection: None,
            generation: 0,
        };
        Self {
            plan,
            dialer,
            slots: (0..cap).map(slot).collect(),
            free: (0..cap).rev().collect(),
            idle: Vec::with_capacity(cap as usize),
            stride,
            next_serial: first,
            connecting: 0,
            peak: 0,
        }
    }

    /// Whether the time of an answer does not depend on when it is read; false while connections are being opened.
    pub(crate) const fn notes_arrivals(&self) -> bool {
        self.connecting == 0 && self.dialer.notes_arrivals()
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
        let opened_ns = now_ns();
        let transport = self.dialer.connect()?;
        let Some(index) = self.free.pop() else {
            return Ok(());
        };
        let slot = &mut self.slots[index as usize];
        let token = token(slot.generation, index);
        if let Err(error) = epoll.watch(&transport.as_fd(), token) {
            self.free.push(index);
            return Err(error);
        }
        let multiplexed = protocol::multiplexes(self.plan);
        let spoken = protocol::new(self.plan, self.dialer.speaks_tls());
        slot.connection = Some(Connection::new(
            transport,
            spoken,
            multiplexed,
            (self.next_serial, opened_ns),
        ));
        self.next_serial = self.next_serial.wrapping_add(self.stride);
        self.connecting += 1;
        self.peak = self.peak.max(self.slots.len() - self.free.len());
        Ok(())
    }

    /// All that are there now.
    pub(crate) fn links(&self) -> impl Iterator<Item = Link> {
        let connections = self
            .slots
            .iter()
            .filter_map(|slot| slot.connection.as_ref());
        connections.map(|connection| connection.link(0))
    }

    /// Returns the connection that an event's token names, unless it is gone.
    pub(crate) fn find(&mut self, token: u64) -> Option<(u32, &mut Connection)> {
        let index = token as u32;
        let slot = self.slots.get_mut(index as usize)?;
        let current = slot.generation == (token >> 32) as u32;
        slot.connection
            .as_mut()
            .filter(|_| current)
            .map(|connection| (index, connection))
    }

    /// Returns the connection of this index, unless it is gone.
    pub(crate) fn get(&mut self, index: u32) -> Option<&mut Connection> {
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

    /// Takes the connection with room that was used last.
    pub(crate) fn take_idle(&mut self) -> Option<u32> {
        while let Some(index) = self.idle.pop() {
            if let Some(connection) = self.get(index) {
                connection.listed = false;
                if connection.room() > 0 {
                    return Some(index);
                }
            }
        }
        None
    }

    /// Lists a connection if it has room.
    pub(crate) fn list(&mut self, index: u32) {
        let Some(connection) = self.get(index) else {
            return;
        };
        if !connection.listed && connection.room() > 0 {
            connection.listed = true;
            self.idle.push(index);
        }
    }

    /// Closes a connection and returns it.
    pub(crate) fn close(&mut self, index: u32) -> Option<Connection> {
        let slot = self.slots.get_mut(index as usize)?;
        let connection = slot.connection.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(index);
        if !connection.open {
            self.connecting -= 1;
        }
        if connection.listed {
            // Few connections are idle, so a scan is cheap.
            self.idle.retain(|other| *other != index);
        }
        Some(connection)
    }
}

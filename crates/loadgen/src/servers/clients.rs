//! The connections of a server: accepted, found by token, dropped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use socket2::{Domain, Socket, Type};

use super::http::Client;
use crate::sys::clock::{now_ns, wall_ns};
use crate::sys::epoll::{Epoll, Event};
use crate::sys::stamp;

const LISTENER: u64 = u64::MAX;
/// A frozen server must not lose connections: the kernel keeps so many for it.
const BACKLOG: i32 = 4096;
const BUFFER_BYTES: usize = 64 * 1024;

/// Requests that one connection sent.
pub(super) struct Taken {
    pub(super) token: u64,
    pub(super) count: usize,
    /// CLOCK_MONOTONIC when the kernel received the last of them; for a loopback client that is within
    /// its own system call, however late this server looks.
    pub(super) arrived_ns: u64,
}

/// A listening socket with what is connected to it.
pub(super) struct Clients {
    listener: TcpListener,
    pub(super) epoll: Epoll,
    places: Vec<Option<(u32, Client)>>,
    generation: u32,
    buffer: Vec<u8>,
    stamped: bool,
}

impl Clients {
    /// Listens on 127.0.0.1:`port`, or on a free port for 0.
    pub(super) fn bind(port: u16) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM.nonblocking().cloexec(), None)?;
        socket.set_reuse_address(true)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
        socket.listen(BACKLOG)?;
        let listener = TcpListener::from(socket);
        let epoll = Epoll::new()?;
        epoll.watch_level(&listener, LISTENER)?;
        Ok(Self {
            listener,
            epoll,
            places: Vec::new(),
            generation: 0,
            buffer: vec![0; BUFFER_BYTES],
            stamped: false,
        })
    }

    pub(super) fn port(&self) -> io::Result<u16> {
        Ok(self.listener.local_addr()?.port())
    }

    /// Asks the kernel for times of receipt on connections accepted from now on.
    pub(super) const fn stamp(&mut self) {
        self.stamped = true;
    }

    /// Does what an event asks for; returns the requests that came with it.
    pub(super) fn handle(&mut self, event: Event) -> Option<Taken> {
        if event.token == LISTENER {
            self.accept();
            return None;
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let taken = self.take(event, &mut buffer);
        self.buffer = buffer;
        if taken.is_none() {
            self.drop_client(event.token);
        }
        taken.filter(|taken| taken.count > 0)
    }

    /// Nothing when the client is gone or talks no HTTP.
    fn take(&mut self, event: Event, buffer: &mut [u8]) -> Option<Taken> {
        let client = self.client(event.token)?;
        if !client.flush() {
            return None;
        }
        let stamped_ns = if event.readable {
            client.receive(buffer, event.closed)?
        } else {
            0
        };
        Some(Taken {
            token: event.token,
            count: client.take_requests()?,
            arrived_ns: if self.stamped {
                monotonic(stamped_ns)
            } else {
                0
            },
        })
    }

    /// Answers `count` requests of a client, if it is still there.
    pub(super) fn answer(&mut self, token: u64, count: usize) {
        if self.client(token).is_some_and(|client| !client.send(count)) {
            self.drop_client(token);
        }
    }

    pub(super) fn drop_client(&mut self, token: u64) {
        if self.client(token).is_some() {
            self.places[token as u32 as usize] = None;
        }
    }

    fn client(&mut self, token: u64) -> Option<&mut Client> {
        let place = self.places.get_mut(token as u32 as usize)?;
        let (generation, client) = place.as_mut()?;
        (*generation == (token >> 32) as u32).then_some(client)
    }

    fn accept(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            let mut ready = stream
                .set_nonblocking(true)
                .and_then(|()| stream.set_nodelay(true));
            if self.stamped {
                ready = ready.and_then(|()| stamp::enable(&stream));
            }
            let free = self.places.iter().position(Option::is_none);
            let index = free.unwrap_or(self.places.len());
            self.generation = self.generation.wrapping_add(1) & (u32::MAX >> 1);
            let token = u64::from(self.generation) << 32 | index as u64;
            let watched = ready.and_then(|()| self.epoll.watch(&stream, token));
            if watched.is_err() {
                continue; // It is closed by being dropped, and its client counts an error.
            }
            let place = Some((self.generation, Client::new(stream)));
            match free {
                Some(index) => self.places[index] = place,
                None => self.places.push(place),
            }
        }
    }
}

/// Turns a time of receipt by the wall clock into CLOCK_MONOTONIC; now, where there is none.
fn monotonic(stamped_ns: u64) -> u64 {
    let (now, wall) = (now_ns(), wall_ns());
    if stamped_ns == 0 {
        return now;
    }
    now.saturating_sub(wall.saturating_sub(stamped_ns))
}

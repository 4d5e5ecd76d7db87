//! A server that does nothing but answer: the floor of what any client can measure.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use crate::sys::clock::now_ns;
use crate::sys::epoll::{Epoll, Event, Events};

const LISTENER: u64 = u64::MAX;
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n";
/// A client that sends a longer head is cut off.
const MAX_HEAD_BYTES: usize = 64 * 1024;
const MAX_HEADERS: usize = 64;
const FOREVER_NS: u64 = 3_600_000_000_000;

/// One thread on epoll; each request gets the same small 200.
pub struct NullServer {
    listener: TcpListener,
    epoll: Epoll,
    delay_ns: u64,
    clients: Vec<Option<Client>>,
    generation: u32,
    /// Answers to be given later: (time, token), in the order of time since the delay is constant.
    due: VecDeque<(u64, u64)>,
}

struct Client {
    stream: TcpStream,
    generation: u32,
    received: Vec<u8>,
    /// Body bytes of the current request still to come.
    body_left: u64,
    unsent: Vec<u8>,
}

impl NullServer {
    /// Listens on 127.0.0.1:`port`, or on a free port for 0. Each answer is held back by `delay_ns`.
    ///
    /// # Errors
    /// When the port is taken or not permitted.
    pub fn bind(port: u16, delay_ns: u64) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let epoll = Epoll::new()?;
        epoll.watch_level(&listener, LISTENER)?;
        Ok(Self {
            listener,
            epoll,
            delay_ns,
            clients: Vec::new(),
            generation: 0,
            due: VecDeque::new(),
        })
    }

    /// The port listened on.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn port(&self) -> io::Result<u16> {
        Ok(self.listener.local_addr()?.port())
    }

    /// Serves until the process ends.
    ///
    /// # Errors
    /// When waiting for events fails.
    pub fn serve(mut self) -> io::Result<()> {
        let mut events = Events::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let wait = self
                .due
                .front()
                .map_or(FOREVER_NS, |(due, _)| due.saturating_sub(now_ns()));
            let count = self.epoll.wait(&mut events, wait)?;
            for index in 0..count {
                self.handle(events.get(index), &mut buffer);
            }
            self.answer_due();
        }
    }

    fn handle(&mut self, event: Event, buffer: &mut [u8]) {
        if event.token == LISTENER {
            self.accept();
            return;
        }
        let Some(client) = self.client(event.token) else {
            return;
        };
        let alive = client.flush() && (!event.readable || client.receive(buffer));
        let requests = if alive { client.take_requests() } else { None };
        match requests {
            Some(count) => self.answer(event.token, count),
            None => self.drop_client(event.token),
        }
    }

    fn accept(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            let ready = stream
                .set_nonblocking(true)
                .and_then(|()| stream.set_nodelay(true));
            let free = self.clients.iter().position(Option::is_none);
            let index = free.unwrap_or(self.clients.len());
            self.generation = self.generation.wrapping_add(1) & (u32::MAX >> 1);
            let token = u64::from(self.generation) << 32 | index as u64;
            if ready
                .and_then(|()| self.epoll.watch(&stream, token))
                .is_err()
            {
                continue;
            }
            let client = Client {
                stream,
                generation: self.generation,
                received: Vec::new(),
                body_left: 0,
                unsent: Vec::new(),
            };
            match free {
                Some(index) => self.clients[index] = Some(client),
                None => self.clients.push(Some(client)),
            }
        }
    }

    fn client(&mut self, token: u64) -> Option<&mut Client> {
        let client = self.clients.get_mut(token as u32 as usize)?.as_mut()?;
        (client.generation == (token >> 32) as u32).then_some(client)
    }

    fn drop_client(&mut self, token: u64) {
        if let Some(place) = self.clients.get_mut(token as u32 as usize) {
            *place = None;
        }
    }

    fn answer(&mut self, token: u64, count: usize) {
        if self.delay_ns > 0 {
            let due = now_ns().saturating_add(self.delay_ns);
            self.due.extend(std::iter::repeat_n((due, token), count));
        } else if count > 0 && self.client(token).is_some_and(|client| !client.send(count)) {
            self.drop_client(token);
        }
    }

    fn answer_due(&mut self) {
        while let Some((_, token)) = self
            .due
            .front()
            .copied()
            .filter(|(due, _)| *due <= now_ns())
        {
            self.due.pop_front();
            if self.client(token).is_some_and(|client| !client.send(1)) {
                self.drop_client(token);
            }
        }
    }
}

impl Client {
    /// Reads all there is; false when the peer is gone.
    fn receive(&mut self, buffer: &mut [u8]) -> bool {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return false,
                Ok(count) => self.received.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
    }

    /// Consumes complete requests and returns their number; nothing for a client that talks no HTTP.
    fn take_requests(&mut self) -> Option<usize> {
        let (mut used, mut count) = (0, 0);
        loop {
            let rest = &self.received[used..];
            let skip = self.body_left.min(rest.len() as u64);
            used += skip as usize;
            self.body_left -= skip;
            if self.body_left > 0 {
                break;
            }
            let Some((head, body)) = parse_head(&self.received[used..])? else {
                break;
            };
            used += head;
            self.body_left = body;
            count += 1;
        }
        self.received.drain(..used);
        (self.received.len() <= MAX_HEAD_BYTES).then_some(count)
    }

    fn send(&mut self, count: usize) -> bool {
        (0..count).for_each(|_| self.unsent.extend_from_slice(ANSWER));
        self.flush()
    }

    fn flush(&mut self) -> bool {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(count) => drop(self.unsent.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        true
    }
}

/// Returns lengths of head and body, an inner nothing while the head is incomplete, an outer nothing
/// for what is not HTTP/1 with a plain body.
fn parse_head(bytes: &[u8]) -> Option<Option<(usize, u64)>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = request.parse(bytes).ok()? else {
        return Some(None);
    };
    let body = request
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let body = match body {
        Some(header) => std::str::from_utf8(header.value)
            .ok()?
            .trim()
            .parse()
            .ok()?,
        None => 0,
    };
    Some(Some((length, body)))
}

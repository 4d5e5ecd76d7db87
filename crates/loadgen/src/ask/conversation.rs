//! One request at a time on one connection, which is opened again when it is gone.

use std::io;

use schedule::Plan;

use super::Ask;
use super::kept::{Body, Ended};
use crate::checks;
use crate::log::Outcome;
use crate::play::LoadError;
use crate::protocol::{self, Answers, Protocol};
use crate::stop::Stop;
use crate::sys::clock::now_ns;
use crate::sys::epoll::{Epoll, Events};
use crate::transport::{Dialer, Transport};
use std::os::fd::AsFd;

const BUFFER_BYTES: usize = 64 * 1024;
const STOP_TOKEN: u64 = u64::MAX;
/// Longest wait without looking at the clock and the stop flag.
const HEARTBEAT_NS: u64 = 20_000_000;

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Ended(Ended),
    /// It was time to end, or asked for, before the request had an end of its own.
    TooLate,
}

/// How waiting for something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waited {
    Done,
    /// The connection is gone.
    Lost,
    Overdue,
    Stopped,
}

/// Takes what the protocol tells of the request under way.
#[derive(Default)]
struct Hearing {
    tag: u32,
    body: Body,
    checked: checks::Body,
    /// Status of the complete answer, or nothing for a request that failed.
    end: Option<Option<u16>>,
}

impl Answers for Hearing {
    fn begun(&mut self, _: u32) {}

    fn body(&mut self, tag: u32, bytes: &[u8]) {
        if tag == self.tag {
            self.body.take(bytes);
            self.checked.take(bytes);
        }
    }

    fn answered(&mut self, tag: u32, status: u16, _: u64) {
        if tag == self.tag {
            self.end.get_or_insert(Some(status));
        }
    }

    fn failed(&mut self, tag: u32) {
        if tag == self.tag {
            self.end.get_or_insert(None);
        }
    }
}

struct Connection {
    transport: Transport,
    protocol: Box<dyn Protocol>,
    open: bool,
    out: Vec<u8>,
    written: usize,
}

impl Connection {
    /// Writes and reads what is possible now; false: nothing more is.
    fn turn(&mut self, buffer: &mut [u8], hearing: &mut Hearing) -> io::Result<bool> {
        if !self.open {
            if !self.transport.advance()? {
                return Ok(false);
            }
            self.open = true;
            self.protocol.open(&mut self.out);
        }
        self.flush()?;
        match self.transport.read(buffer) {
            Ok(0) => {
                self.protocol.closed(hearing);
                Err(io::ErrorKind::UnexpectedEof.into())
            }
            Ok(count) => {
                let received = &buffer[..count];
                let taken = self.protocol.receive(received, hearing, &mut self.out);
                taken.map_err(|fault| {
                    io::Error::other(format!("an answer made no sense: {fault}"))
                })?;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.written < self.out.len() {
            match self.transport.write(&self.out[self.written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
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

    /// Whether another request may follow.
    fn goes_on(&self, multiplexed: bool) -> bool {
        self.protocol.reusable() && (multiplexed || self.out.is_empty())
    }
}

pub(super) struct Conversation<'a> {
    plan: &'a Plan,
    stop: &'a Stop,
    dialer: Dialer,
    epoll: Epoll,
    events: Events,
    connection: Option<Connection>,
    opened: u64,
    buffer: Box<[u8]>,
    hearing: Hearing,
    pub(super) trouble: Option<String>,
}

impl<'a> Conversation<'a> {
    /// # Errors
    /// When no sockets can be had, or trusted certificates cannot be read.
    pub(super) fn new(plan: &'a Plan, options: &Ask, stop: &'a Stop) -> Result<Self, LoadError> {
        let epoll = Epoll::new()?;
        epoll.watch_level(&stop.bell().as_fd(), STOP_TOKEN)?;
        let names = protocol::names_for_tls(plan);
        Ok(Self {
            plan,
            stop,
            dialer: Dialer::new(&options.address, options.tls.as_ref(), names)?,
            epoll,
            events: Events::new(),
            connection: None,
            opened: 0,
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
            hearing: Hearing::default(),
            trouble: None,
        })
    }

    /// The body of the request that ended last.
    pub(super) const fn body(&self) -> &Body {
        &self.hearing.body
    }

    /// Sends a request and waits for its end, until `end_ns` of the clock at the latest.
    ///
    /// # Errors
    /// When the kernel refuses to wait.
    pub(super) fn ask(
        &mut self,
        operation: u16,
        payload: &[u8],
        end_ns: u64,
    ) -> Result<Reply, LoadError> {
        let asked = &self.plan.operations()[usize::from(operation)];
        let deadline_ns = now_ns().saturating_add(asked.timeout_ns).min(end_ns);
        self.hearing.tag = self.hearing.tag.wrapping_add(1);
        self.hearing.end = None;
        self.hearing.body.begin();
        self.hearing.checked.begin(&asked.expect);
        let mut waited = self.prepare(deadline_ns)?;
        if waited == Waited::Done {
            if let Some(connection) = &mut self.connection {
                let tag = self.hearing.tag;
                connection.protocol.send(tag, payload, &mut connection.out);
            }
            waited = self.wait(deadline_ns, |_, hearing| hearing.end.is_some())?;
        }
        let outcome = match (self.hearing.end, waited) {
            (_, Waited::Stopped) => return Ok(Reply::TooLate),
            (Some(Some(status)), _) => {
                let outcome = self.hearing.checked.judge(&asked.expect, status);
                self.let_go();
                return Ok(Reply::Ended(Ended { outcome, status }));
            }
            (None, Waited::Overdue) if now_ns() >= end_ns => return Ok(Reply::TooLate),
            (None, Waited::Overdue) => Outcome::Timeout,
            _ => Outcome::ConnectionError,
        };
        self.give_up();
        Ok(Reply::Ended(Ended { outcome, status: 0 }))
    }

    /// Drops a connection on which nothing may follow.
    fn let_go(&mut self) {
        let multiplexed = protocol::multiplexes(self.plan);
        if !self
            .connection
            .as_ref()
            .is_some_and(|one| one.goes_on(multiplexed))
        {
            self.connection = None;
        }
    }

    /// Ends a request without an answer.
    fn give_up(&mut self) {
        let tag = self.hearing.tag;
        let goes_on = self.connection.as_mut().is_some_and(|connection| {
            connection.open && connection.protocol.cancel(tag, &mut connection.out)
        });
        if !goes_on {
            self.connection = None;
        }
    }

    /// Waits until a request may be sent, on the connection that is there or on a new one.
    fn prepare(&mut self, deadline_ns: u64) -> Result<Waited, LoadError> {
        if self.connection.is_some() {
            // What came meanwhile, such as the peer's good-bye, is heard before something is sent into it.
            self.listen();
        }
        if self.connection.is_none()
            && let Err(error) = self.open()
        {
            self.note(&error);
            return Ok(Waited::Lost);
        }
        self.wait(deadline_ns, |connection, _| {
            connection.open && connection.protocol.room() > 0
        })
    }

    fn listen(&mut self) {
        while let Some(connection) = &mut self.connection {
            match connection.turn(&mut self.buffer, &mut self.hearing) {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) => self.connection = None,
            }
        }
        self.let_go();
    }

    fn open(&mut self) -> io::Result<()> {
        let transport = self.dialer.connect()?;
        self.opened += 1;
        self.epoll.watch(&transport.as_fd(), self.opened)?;
        self.connection = Some(Connection {
            transport,
            protocol: protocol::new(self.plan, self.dialer.speaks_tls()),
            open: false,
            out: Vec::with_capacity(1024),
            written: 0,
        });
        Ok(())
    }

    fn wait(
        &mut self,
        deadline_ns: u64,
        done: impl Fn(&Connection, &Hearing) -> bool,
    ) -> Result<Waited, LoadError> {
        loop {
            let Some(connection) = &mut self.connection else {
                return Ok(Waited::Lost);
            };
            let moved = match connection.turn(&mut self.buffer, &mut self.hearing) {
                Ok(moved) => moved,
                Err(error) => {
                    self.connection = None;
                    if self.hearing.end.is_none() {
                        self.note(&error);
                    }
                    return Ok(Waited::Lost);
                }
            };
            if done(connection, &self.hearing) {
                return Ok(Waited::Done);
            }
            let now = now_ns();
            if self.stop.is_set() {
                return Ok(Waited::Stopped);
            }
            if now >= deadline_ns {
                return Ok(Waited::Overdue);
            }
            if !moved {
                let patience = HEARTBEAT_NS.min(deadline_ns - now);
                self.epoll.wait(&mut self.events, patience)?;
            }
        }
    }

    fn note(&mut self, error: &io::Error) {
        let text = match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                "the connection was closed before the answer was complete".into()
            }
            _ => error.to_string(),
        };
        self.trouble.get_or_insert(text);
    }
}

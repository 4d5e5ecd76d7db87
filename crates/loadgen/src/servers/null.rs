//! A server that does nothing but answer: the floor of what any client can measure.

use std::collections::VecDeque;
use std::io;
use std::path::Path;

use super::clients::{Clients, Taken};
use super::journal::Journal;
use crate::priority::Priority;
use crate::sys::clock::now_ns;
use crate::sys::epoll::Events;
use crate::sys::process::RealTimeWatchdog;

const FOREVER_NS: u64 = 3_600_000_000_000;
/// A server that is busy for so long without a pause goes back to ordinary scheduling.
const LONGEST_BUSY_US: u64 = 500_000;

/// One thread on epoll; each request gets the same small 200.
pub struct NullServer {
    clients: Clients,
    delay_ns: u64,
    /// Answers to be given later: (time, token), in the order of time since the delay is constant.
    due: VecDeque<(u64, u64)>,
    journal: Option<Journal<1>>,
    close_every: u64,
    real_time: bool,
    requests: u64,
}

impl NullServer {
    /// Listens on 127.0.0.1:`port`, or on a free port for 0. Each answer is held back by `delay_ns`.
    ///
    /// # Errors
    /// When the port is taken or not permitted.
    pub fn bind(port: u16, delay_ns: u64) -> io::Result<Self> {
        Ok(Self {
            clients: Clients::bind(port)?,
            delay_ns,
            due: VecDeque::new(),
            journal: None,
            close_every: 0,
            real_time: false,
            requests: 0,
        })
    }

    /// Keeps the time of receipt of the last `records` requests in a file at `path`, with the count of all.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn keep_journal(&mut self, path: &Path, records: u64) -> io::Result<()> {
        self.journal = Some(Journal::create(path, records)?);
        self.clients.stamp();
        Ok(())
    }

    /// Closes the connection in place of every `nth` answer; 0: never.
    pub const fn close_every(&mut self, nth: u64) {
        self.close_every = nth;
    }

    /// Asks for real-time priority while serving, where permitted: answers are prompt on a busy CPU as well.
    pub const fn before_others(&mut self) {
        self.real_time = true;
    }

    /// The port listened on.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn port(&self) -> io::Result<u16> {
        self.clients.port()
    }

    /// Serves until the process ends.
    ///
    /// # Errors
    /// When waiting for events fails.
    pub fn serve(mut self) -> io::Result<()> {
        let _watchdog = if self.real_time {
            let _ = Priority::raise(true); // An attempt; without it answers are later.
            Some(RealTimeWatchdog::start(LONGEST_BUSY_US)?)
        } else {
            None
        };
        let mut events = Events::new();
        loop {
            let wait = self
                .due
                .front()
                .map_or(FOREVER_NS, |(due, _)| due.saturating_sub(now_ns()));
            let count = self.clients.epoll.wait(&mut events, wait)?;
            for index in 0..count {
                if let Some(taken) = self.clients.handle(events.get(index)) {
                    self.take(&taken);
                }
            }
            self.answer_due();
        }
    }

    fn take(&mut self, taken: &Taken) {
        if let Some(journal) = &mut self.journal {
            (0..taken.count).for_each(|_| journal.write([taken.arrived_ns]));
        }
        let before = self.requests;
        self.requests += taken.count as u64;
        if self.close_every > 0 && self.requests / self.close_every > before / self.close_every {
            self.clients.drop_client(taken.token);
        } else if self.delay_ns > 0 {
            let due = (now_ns().saturating_add(self.delay_ns), taken.token);
            self.due.extend(std::iter::repeat_n(due, taken.count));
        } else {
            self.clients.answer(taken.token, taken.count);
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
            self.clients.answer(token, 1);
        }
    }
}

//! A single server with a queue, of which theory knows every waiting time: M/D/1 and M/G/1 under Poisson load.

use std::collections::VecDeque;
use std::io;
use std::path::Path;

use super::clients::{Clients, Taken};
use super::journal::Journal;
use super::law::{Law, Services};
use crate::pacer::Pacer;
use crate::play::Pacing;
use crate::priority::Priority;
use crate::sys::clock::now_ns;
use crate::sys::epoll::Events;
use crate::sys::process::RealTimeWatchdog;
use crate::sys::thread;

const FOREVER_NS: u64 = 3_600_000_000_000;
/// An interruption is not what writing takes.
const LONGEST_WRITING_NS: u64 = 100_000;
/// No service needs the CPU this long; a server that does has a bug.
const LONGEST_BUSY_US: u64 = 500_000;

/// Serves requests of all connections one at a time, in the order in which the kernel received them.
///
/// A service is waiting, not computing, so that it takes its time also beside a busy neighbor. Its end is
/// computed from its beginning: a late wake delays one answer and none after it. Writing an answer takes tens
/// of microseconds on some machines, so it begins that much earlier: the answer is out when the service ends.
pub struct QueueServer {
    clients: Clients,
    services: Services,
    queue: VecDeque<Service>,
    arrivals: Vec<Taken>,
    idle_from_ns: u64,
    /// How long it lately took to write an answer.
    writing_ns: u64,
    journal: Option<Journal<4>>,
}

#[derive(Clone, Copy)]
struct Service {
    token: u64,
    arrived_ns: u64,
    begun_ns: u64,
    due_ns: u64,
}

impl QueueServer {
    /// Listens on 127.0.0.1:`port`, or on a free port for 0; service times follow `law` and `seed`.
    ///
    /// # Errors
    /// When the port is taken or not permitted.
    pub fn bind(port: u16, law: Law, seed: u64) -> io::Result<Self> {
        let mut clients = Clients::bind(port)?;
        clients.stamp();
        Ok(Self {
            clients,
            services: Services::new(law, seed),
            queue: VecDeque::new(),
            arrivals: Vec::new(),
            idle_from_ns: 0,
            writing_ns: 0,
            journal: None,
        })
    }

    /// Keeps arrival, begin, end and answer (ns of CLOCK_MONOTONIC) of the last `records` services in a file.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn keep_journal(&mut self, path: &Path, records: u64) -> io::Result<()> {
        self.journal = Some(Journal::create(path, records)?);
        Ok(())
    }

    /// The port listened on.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn port(&self) -> io::Result<u16> {
        self.clients.port()
    }

    /// Serves until the process ends, on one CPU if given, with real-time priority where permitted.
    ///
    /// # Errors
    /// When waiting for events fails.
    pub fn serve(mut self, cpu: Option<usize>) -> io::Result<()> {
        cpu.map_or(Ok(()), thread::pin)?;
        let priority = Priority::raise(true);
        let _watchdog = RealTimeWatchdog::start(LONGEST_BUSY_US)?;
        let mut pacer = Pacer::new(Pacing::Precise, priority.shares());
        let mut events = Events::new();
        loop {
            let next = self
                .queue
                .front()
                .map(|next| next.due_ns.saturating_sub(self.writing_ns));
            let wake = next.unwrap_or_else(|| now_ns() + FOREVER_NS);
            let count = pacer.wait(&self.clients.epoll, &mut events, wake, false)?;
            for index in 0..count {
                self.arrivals.extend(self.clients.handle(events.get(index)));
            }
            self.admit();
            self.answer();
        }
    }

    /// Puts what arrived into the queue.
    fn admit(&mut self) {
        self.arrivals.sort_by_key(|taken| taken.arrived_ns);
        for taken in self.arrivals.drain(..) {
            for _ in 0..taken.count {
                let begun_ns = self.idle_from_ns.max(taken.arrived_ns);
                let due_ns = begun_ns + self.services.draw();
                self.idle_from_ns = due_ns;
                self.queue.push_back(Service {
                    token: taken.token,
                    arrived_ns: taken.arrived_ns,
                    begun_ns,
                    due_ns,
                });
            }
        }
    }

    fn answer(&mut self) {
        while let Some(service) = self.queue.front().copied() {
            let now = now_ns();
            if service.due_ns.saturating_sub(self.writing_ns) > now {
                return;
            }
            self.queue.pop_front();
            self.clients.answer(service.token, 1);
            let answered_ns = now_ns();
            let took_ns = (answered_ns - now).min(LONGEST_WRITING_NS);
            self.writing_ns = (self.writing_ns * 7 + took_ns) / 8;
            if let Some(journal) = &mut self.journal {
                let (arrived_ns, begun_ns) = (service.arrived_ns, service.begun_ns);
                journal.write([arrived_ns, begun_ns, service.due_ns, answered_ns]);
            }
        }
    }
}

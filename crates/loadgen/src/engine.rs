//! The loop: send what is due, give up what is overdue, read what has come, wait.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering};

use schedule::old::Schedule;

use crate::connection::Step;
use crate::ending::Ending;
use crate::flight::{Flight, Place, Ticket};
use crate::log::{Log, Outcome};
use crate::pacer::Pacer;
use crate::pool::{ClosedConnection, Pool};
use crate::priority::Priority;
use crate::stop::Stop;
use crate::sys::clock::now_ns;
use crate::sys::epoll::{Epoll, Event, Events};

const STOP_TOKEN: u64 = u64::MAX;
const READ_BYTES: usize = 64 * 1024;
/// Time between the last preparation and the schedule's zero.
const LEAD_NS: u64 = 5_000_000;
/// Sends in one go before answers are looked at again, when the engine is behind.
const BATCH: usize = 64;

/// What the recorder may see while the loop runs.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// The schedule's zero; 0 before it is set.
    pub(crate) zero_ns: AtomicU64,
    pub(crate) sent: AtomicU64,
    pub(crate) in_flight: AtomicU64,
    /// When the loop ended; 0 before.
    pub(crate) ended_ns: AtomicU64,
}

/// What only the loop knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) zero_ns: u64,
    pub(crate) ended_ns: u64,
    pub(crate) last_sent_ns: u64,
    pub(crate) last_done_ns: u64,
    pub(crate) sent: u64,
    pub(crate) in_flight_area_ns: u128,
    /// Requests in flight when the play was stopped; they have no row in the log.
    pub(crate) unfinished: u64,
    /// Times since their intended start, summed, in request-ns.
    pub(crate) unfinished_ns: u128,
    /// The longest of these times.
    pub(crate) unfinished_longest_ns: u64,
    pub(crate) peak_connections: usize,
    pub(crate) peak_client_queue: usize,
    pub(crate) spun_ns: u64,
    pub(crate) rows_lost: u64,
    pub(crate) interrupted: bool,
    pub(crate) starved: bool,
}

/// Plays one schedule.
pub(crate) struct Engine<'a> {
    schedule: &'a Schedule<'a>,
    live: &'a Live,
    stop: &'a Stop,
    epoll: Epoll,
    pool: Pool<'a>,
    flight: Flight,
    queue: VecDeque<Ticket>,
    /// Requests in `queue` that have not ended there.
    queued: usize,
    log: Log,
    buffer: Box<[u8]>,
    next: usize,
    counts: Counts,
}

impl<'a> Engine<'a> {
    /// Allocates everything that the loop will need.
    pub(crate) fn new(
        schedule: &'a Schedule<'a>,
        address: SocketAddr,
        log: Log,
        live: &'a Live,
        stop: &'a Stop,
    ) -> io::Result<Self> {
        let epoll = Epoll::new()?;
        epoll.watch_level(&stop.bell().as_fd(), STOP_TOKEN)?;
        let flight = Flight::new(schedule);
        Ok(Self {
            schedule,
            live,
            stop,
            epoll,
            pool: Pool::new(address, schedule.max_connections()),
            queue: VecDeque::with_capacity(flight.room()),
            queued: 0,
            flight,
            log,
            buffer: vec![0; READ_BYTES].into_boxed_slice(),
            next: 0,
            counts: Counts::default(),
        })
    }

    /// Plays to the end, or until stopped. `priority`: given up when the loop would starve others.
    pub(crate) fn run(mut self, mut pacer: Pacer, priority: &mut Priority) -> io::Result<Counts> {
        let mut events = Events::new();
        let zero = now_ns() + LEAD_NS;
        self.counts.zero_ns = zero;
        self.live.zero_ns.store(zero, Ordering::Release);
        let end = zero + self.schedule.duration_ns();
        loop {
            let now = self.send_due();
            self.give_up_overdue(now);
            self.live
                .in_flight
                .store(self.flight.count(), Ordering::Relaxed);
            let finished =
                self.next == self.schedule.len() && self.flight.count() == 0 && now >= end;
            if finished || self.stop.is_set() {
                self.counts.interrupted = !finished;
                break;
            }
            let wake = self.next_wake(end);
            let count = pacer.wait(&self.epoll, &mut events, wake)?;
            for index in 0..count {
                self.handle(events.get(index));
                self.send_due(); // Many answers at once must not hold up what is due.
            }
            if pacer.is_starving_others() && !self.counts.starved {
                self.counts.starved = true;
                priority.give_up();
            }
        }
        self.counts.spun_ns = pacer.spun_ns();
        Ok(self.finish())
    }

    fn finish(mut self) -> Counts {
        let now = now_ns();
        self.counts.ended_ns = now;
        self.live.ended_ns.store(now, Ordering::Release);
        self.counts.in_flight_area_ns = self.flight.area_ns(now);
        self.counts.peak_connections = self.pool.peak();
        for age_ns in self.flight.ages_ns(now) {
            self.counts.unfinished += 1;
            self.counts.unfinished_ns += u128::from(age_ns);
            self.counts.unfinished_longest_ns = self.counts.unfinished_longest_ns.max(age_ns);
        }
        self.counts.rows_lost = self.log.lost;
        self.counts
    }

    /// The next intended start or deadline, or the end of the time line.
    fn next_wake(&mut self, end: u64) -> u64 {
        let start = (self.next < self.schedule.len())
            .then(|| self.counts.zero_ns + self.schedule.entry(self.next).intended_ns);
        let deadline = self.flight.next_deadline().map(|(deadline, _)| deadline);
        start.into_iter().chain(deadline).min().unwrap_or(end)
    }

    /// Sends what is due, and returns the time at which nothing more was, or the batch was full.
    fn send_due(&mut self) -> u64 {
        let mut now = now_ns();
        for _ in 0..BATCH {
            if self.next == self.schedule.len() {
                break;
            }
            let entry = self.schedule.entry(self.next);
            if self.counts.zero_ns + entry.intended_ns > now {
                break;
            }
            let ticket = self
                .flight
                .enter(self.next as u64, entry, self.counts.zero_ns, now);
            self.next += 1;
            self.place(ticket);
            now = now_ns(); // Requests behind this one are noticed after it was sent.
        }
        now
    }

    /// Puts a request on an idle connection or into the client queue.
    fn place(&mut self, ticket: Ticket) {
        if let Some(index) = self.pool.take_idle() {
            self.send(index, ticket);
            return;
        }
        self.queue.push_back(ticket);
        self.queued += 1;
        self.grow();
        let beyond_connecting = self.queued.saturating_sub(self.pool.connecting());
        self.counts.peak_client_queue = self.counts.peak_client_queue.max(beyond_connecting);
    }

    /// Opens connections until each queued request has one coming, or the cap is reached.
    ///
    /// Each failed attempt fails one request, so a target that refuses everything costs one attempt
    /// a request and no more.
    fn grow(&mut self) {
        while self.queued > self.pool.connecting() && self.pool.has_room() {
            if self.pool.open(&self.epoll).is_err() {
                self.fail_first_queued();
            }
        }
    }

    /// Takes the first request of the client queue that is still waiting.
    fn take_queued(&mut self) -> Option<Ticket> {
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
            self.end(ticket, now_ns(), &Ending::unsent(Outcome::ConnectionError));
        }
    }

    fn send(&mut self, index: u32, ticket: Ticket) {
        let (Some(request), Some(connection)) = (self.flight.get(ticket), self.pool.get(index))
        else {
            return;
        };
        let step = connection.send(ticket, self.schedule.payload(request.payload));
        let sent_ns = connection.exchange().map_or(0, |exchange| exchange.sent_ns);
        self.flight.board(ticket, index);
        self.counts.sent += 1;
        self.counts.last_sent_ns = sent_ns;
        self.live.sent.store(self.counts.sent, Ordering::Relaxed);
        self.follow(index, &step);
    }

    fn handle(&mut self, event: Event) {
        if event.token == STOP_TOKEN {
            return; // The loop looks at the flag itself.
        }
        let Some((index, connection)) = self.pool.find(event.token) else {
            return; // Closed earlier in this batch.
        };
        if !connection.established {
            let opened = connection.establish();
            self.opened(index, opened);
        }
        // A peer may close or speak in the very event that opened the connection.
        let Some((_, connection)) = self
            .pool
            .find(event.token)
            .filter(|_| event.readable || event.writable)
        else {
            return;
        };
        let mut step = Step::Pending;
        if event.readable {
            step = connection.receive(&mut self.buffer, event.closed);
        }
        if step == Step::Pending && event.writable {
            step = connection.flush();
        }
        self.follow(index, &step);
    }

    fn opened(&mut self, index: u32, result: io::Result<()>) {
        match result {
            Ok(()) => {
                self.pool.established();
                self.reuse(index);
            }
            Err(_) => {
                self.pool.close(index);
                self.fail_first_queued();
                self.grow();
            }
        }
    }

    /// Gives a free connection the next queued request.
    fn reuse(&mut self, index: u32) {
        match self.take_queued() {
            Some(ticket) => self.send(index, ticket),
            None => self.pool.put_idle(index),
        }
    }

    fn follow(&mut self, index: u32, step: &Step) {
        match *step {
            Step::Pending => {}
            Step::More => {
                if self.pool.watch_again(&self.epoll, index).is_err() {
                    self.follow(index, &Step::Broken);
                }
            }
            Step::Answered { done_ns, reusable } => self.answered(index, done_ns, reusable),
            Step::Broken => {
                if let Some(closed) = self.pool.close(index) {
                    self.lost(&closed, Outcome::ConnectionError, now_ns());
                }
                self.grow();
            }
        }
    }

    fn answered(&mut self, index: u32, done_ns: u64, reusable: bool) {
        let Some(connection) = self.pool.get(index) else {
            return;
        };
        let Some(exchange) = connection.take_exchange() else {
            return;
        };
        let ending = Ending {
            outcome: Outcome::Ok,
            sent_ns: exchange.sent_ns,
            first_byte_ns: exchange.first_byte_ns,
            connection: connection.serial,
            bytes: connection.response().bytes(),
            status: connection.response().status(),
        };
        self.end(exchange.ticket, done_ns, &ending);
        if reusable {
            self.reuse(index);
        } else {
            self.pool.close(index);
            self.grow();
        }
    }

    /// A connection went away under its request, if it had one.
    fn lost(&mut self, closed: &ClosedConnection<'a>, outcome: Outcome, now: u64) {
        if let Some(exchange) = &closed.exchange {
            let ending = Ending::of_lost(closed, exchange, outcome);
            self.end(exchange.ticket, now, &ending);
        }
    }

    fn give_up_overdue(&mut self, now: u64) {
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

    fn give_up(&mut self, ticket: Ticket, now: u64) {
        match self.flight.get(ticket).map(|request| request.place) {
            Some(Place::Connection(index)) => {
                // The answer may still come, so the connection cannot carry another request.
                if let Some(closed) = self.pool.close(index) {
                    self.lost(&closed, Outcome::Timeout, now);
                }
            }
            Some(Place::Waiting) => {
                self.queued -= 1;
                self.end(ticket, now, &Ending::unsent(Outcome::Timeout));
            }
            None => {}
        }
    }

    /// Ends a request and logs it.
    fn end(&mut self, ticket: Ticket, done_ns: u64, ending: &Ending) {
        let Some(request) = self.flight.leave(ticket, done_ns) else {
            return;
        };
        self.counts.last_done_ns = self.counts.last_done_ns.max(done_ns);
        let expected = self.schedule.operations()[request.operation as usize].expected_status;
        self.log.put(ending.row(&request, expected, done_ns));
    }
}

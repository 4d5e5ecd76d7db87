//! The loop: send what is due, give up what is overdue, read what has come, wait.

use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering};

use schedule::Plan;

use crate::closed::ClosedLoop;
use crate::feed::Feed;
use crate::log::Log;
use crate::pacer::Pacer;
use crate::pool::Pool;
use crate::priority::Priority;
use crate::start::Start;
use crate::stop::Stop;
use crate::sys::clock::now_ns;
use crate::sys::epoll::{Epoll, Events};
use crate::traffic::{Traffic, TrafficCounts};

const STOP_TOKEN: u64 = u64::MAX;
/// Sends in one go before answers are looked at again, when the engine is behind.
const BATCH: usize = 64;
/// Longest wait: a longer gap between two turns of the loop is time that was taken from it.
const HEARTBEAT_NS: u64 = 20_000_000;
/// Requests of this time get a connection beforehand, each its own.
const OPENED_FOR_S: f64 = 0.001;
/// Longest wait for these connections.
const LONGEST_OPENING_NS: u64 = 200_000_000;

/// What the recorder may see while the loop runs.
#[derive(Debug, Default)]
pub(crate) struct Live {
    pub(crate) sent: AtomicU64,
    pub(crate) in_flight: AtomicU64,
    /// When the loop ended; 0 before.
    pub(crate) ended_ns: AtomicU64,
}

/// What only the loop knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) traffic: TrafficCounts,
    pub(crate) zero_ns: u64,
    pub(crate) ended_ns: u64,
    pub(crate) in_flight_area_ns: u128,
    /// Requests in flight when the play was stopped; they have no row in the log.
    pub(crate) unfinished: u64,
    /// Times since their intended start, summed, in request-ns.
    pub(crate) unfinished_ns: u128,
    /// The longest of these times.
    pub(crate) unfinished_longest_ns: u64,
    pub(crate) peak_connections: usize,
    pub(crate) spun_ns: u64,
    /// Longest time by which a turn of the loop came later than it should have.
    pub(crate) longest_gap_ns: u64,
    pub(crate) rows_lost: u64,
    pub(crate) interrupted: bool,
    pub(crate) starved: bool,
    pub(crate) trouble: Option<String>,
}

/// Plays one schedule, or one part of it.
pub(crate) struct Engine<'a> {
    plan: &'a Plan,
    live: &'a Live,
    stop: &'a Stop,
    epoll: &'a Epoll,
    feed: Feed,
    traffic: Traffic<'a>,
    counts: Counts,
}

impl<'a> Engine<'a> {
    /// Allocates everything that the loop will need.
    pub(crate) fn new(
        plan: &'a Plan,
        epoll: &'a Epoll,
        (feed, pool, log): (Feed, Pool<'a>, Log),
        live: &'a Live,
        stop: &'a Stop,
    ) -> io::Result<Self> {
        epoll.watch_level(&stop.bell().as_fd(), STOP_TOKEN)?;
        Ok(Self {
            plan,
            live,
            stop,
            epoll,
            feed,
            traffic: Traffic::new(plan, epoll, pool, log),
            counts: Counts::default(),
        })
    }

    /// Plays to the end, or until stopped. `priority`: given up when the loop would starve others.
    pub(crate) fn run(
        mut self,
        start: &Start,
        mut pacer: Pacer,
        priority: &mut Priority,
    ) -> io::Result<Counts> {
        let mut events = Events::new();
        let closed = self.feed.take_closed(self.plan)?;
        self.feed.peek()?; // The first chunk is there before the clock starts.
        self.open_some(&mut events)?;
        let Some(zero) = start.agree() else {
            return Ok(self.finish()); // Another engine could not begin, and says why.
        };
        let end = zero + self.plan.duration_ns();
        self.counts.zero_ns = zero;
        self.traffic.closed =
            closed.map(|(requests, first)| ClosedLoop::new(requests, first, zero, end));
        let mut awaited = zero;
        while let Some(wake) = self.turn(end, awaited)? {
            awaited = wake;
            let patient = self.traffic.may_wait();
            let count = pacer.wait(self.epoll, &mut events, wake, patient)?;
            self.handle(&events, count)?;
            if pacer.is_starving_others() && !self.counts.starved {
                self.counts.starved = true;
                priority.give_up();
            }
        }
        self.counts.spun_ns = pacer.spun_ns();
        Ok(self.finish())
    }

    /// Does what is due and returns until when to wait; nothing at the end. `awaited`: when this turn was to begin.
    fn turn(&mut self, end: u64, awaited: u64) -> io::Result<Option<u64>> {
        let now = self.send_due()?;
        let late_ns = now.saturating_sub(awaited);
        self.counts.longest_gap_ns = self.counts.longest_gap_ns.max(late_ns);
        self.traffic.give_up_overdue(now);
        self.traffic.grow();
        self.tell(now);
        let finished = now >= end && self.traffic.flight.count() == 0 && self.feed.is_done();
        if finished || self.stop.is_set() {
            self.counts.interrupted = !finished;
            return Ok(None);
        }
        let wake = self.next_wake(end)?.clamp(now, now + HEARTBEAT_NS);
        Ok(Some(wake))
    }

    fn handle(&mut self, events: &Events, count: usize) -> io::Result<()> {
        for event in (0..count).map(|index| events.get(index)) {
            if event.token == STOP_TOKEN {
                continue; // The loop looks at the flag itself.
            }
            self.traffic.handle(event);
            if self.traffic.closed.is_none() {
                self.send_due()?; // Many answers at once must not hold up what is due.
            }
        }
        Ok(())
    }

    /// At high rates, opens some connections before the clock starts: opening one takes as long as sending many
    /// requests, so that the first ones would leave late.
    fn open_some(&mut self, events: &mut Events) -> io::Result<()> {
        let expected = self.plan.rate_per_s() / self.feed.part.of as f64 * OPENED_FOR_S;
        self.traffic.open_ahead(expected as usize);
        let until = now_ns() + LONGEST_OPENING_NS;
        while self.traffic.pool.connecting() > 0 && now_ns() < until && !self.stop.is_set() {
            let count = self.epoll.wait(events, HEARTBEAT_NS)?;
            for event in (0..count).map(|index| events.get(index)) {
                self.traffic.handle(event);
            }
        }
        Ok(())
    }

    fn tell(&mut self, now: u64) {
        let counts = &self.traffic.counts;
        self.live.sent.store(counts.sent, Ordering::Relaxed);
        let in_flight = self.traffic.flight.count();
        self.live.in_flight.store(in_flight, Ordering::Relaxed);
        self.traffic.log.flush_if_old(now);
    }

    fn finish(mut self) -> Counts {
        let now = now_ns();
        let traffic = &mut self.traffic;
        let links = traffic.pool.links();
        links.for_each(|link| traffic.log.put_link(link));
        traffic.log.flush();
        self.counts.traffic = traffic.counts;
        self.counts.ended_ns = now;
        self.counts.in_flight_area_ns = traffic.flight.area_ns(now);
        self.counts.peak_connections = traffic.pool.peak();
        for age_ns in traffic.flight.ages_ns(now) {
            self.counts.unfinished += 1;
            self.counts.unfinished_ns += u128::from(age_ns);
            self.counts.unfinished_longest_ns = self.counts.unfinished_longest_ns.max(age_ns);
        }
        self.counts.rows_lost = traffic.log.lost;
        self.counts.trouble = traffic.trouble.take();
        self.live.sent.store(traffic.counts.sent, Ordering::Relaxed);
        self.live.ended_ns.store(now, Ordering::Release);
        self.counts
    }

    /// The next intended start, deadline or end of a think time, or the end of the time line.
    fn next_wake(&mut self, end: u64) -> io::Result<u64> {
        let start = self.feed.peek()?;
        let start = start.map(|entry| self.counts.zero_ns + entry.intended_ns);
        let earliest = start.into_iter().chain(self.traffic.next_wake()).min();
        Ok(earliest.unwrap_or(end))
    }

    /// Sends what is due, and returns the time at which nothing more was, or the batch was full.
    fn send_due(&mut self) -> io::Result<u64> {
        let mut now = now_ns();
        let retry = self.traffic.closed.as_ref().and_then(ClosedLoop::retry_ns);
        if retry.is_some_and(|at_ns| at_ns <= now) {
            self.traffic.open_all(now);
        }
        self.traffic.start_ready(now);
        for _ in 0..BATCH {
            let Some(entry) = self.feed.peek()? else {
                break;
            };
            let intended_ns = self.counts.zero_ns + entry.intended_ns;
            if intended_ns > now {
                break;
            }
            let payload = self.feed.payload(self.plan);
            self.traffic.start(&entry, payload, intended_ns, now);
            self.feed.advance();
            now = now_ns(); // Requests behind this one are noticed after it was sent.
        }
        Ok(now)
    }
}

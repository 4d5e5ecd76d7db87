//! Waiting until the next send: sleep to shortly before, then spin.
//!
//! A sleeping thread wakes late by tens of microseconds; a spinning one does not, but real-time
//! threads that never sleep are throttled by the kernel (50 ms stalls every second) and starve the
//! machine. So the pacer spins only over its own measured wake error, and only while the thread
//! stays below a budget of CPU time; beyond that it sleeps only.

use std::io;

use crate::play::Pacing;
use crate::sys::clock::{now_ns, sleep_until, thread_cpu_ns};
use crate::sys::epoll::{Epoll, Events};
use crate::sys::thread::involuntary_switches;

const SHORTEST_MARGIN_NS: f64 = 3_000.0;
const LONGEST_MARGIN_NS: f64 = 200_000.0;
const FIRST_MARGIN_NS: f64 = 60_000.0;
/// Share of wakes that should come within the margin.
const MARGIN_QUANTILE: f64 = 0.99;
/// In the last stretch before a send only the clock is watched: a poll takes about a microsecond.
const CLOCK_ONLY_NS: u64 = 2_000;
/// Shortest time between two turns of a frugal thread.
const FRUGAL_TURN_NS: u64 = 1_000_000;
/// Longest that answers whose arrival the kernel notes lie unread.
const LONGEST_PATIENCE_NS: u64 = 1_000_000;
/// Shortest sleep of a thread that may not spin any more: so several starts share the cost of waking.
const SPENT_SLEEP_NS: u64 = 50_000;
/// Unused budget that may be spent at once.
const BUDGET_BURST_NS: f64 = 50e6;
/// Debt at which the thread counts as starving others; the largest that is kept.
const STARVING_NS: f64 = -50e6;
const SETTLE_EVERY_NS: u64 = 1_000_000;
/// How long a thread that was taken off its CPU does not spin: spinning had used up what it was due, and the next
/// start would find it waiting behind others for milliseconds.
const HUMBLE_NS: u64 = 500_000_000;

/// Tracks a high quantile of how late sleeps end.
#[derive(Debug)]
struct Margin {
    estimate_ns: f64,
}

impl Margin {
    /// Stochastic quantile estimation: a late wake moves the margin up 99 times as far as a timely
    /// one moves it down, so it settles where 1 % of the wakes are late.
    fn observe(&mut self, late_ns: u64) {
        let step = self.estimate_ns / 8.0;
        let direction = if late_ns as f64 > self.estimate_ns {
            MARGIN_QUANTILE
        } else {
            MARGIN_QUANTILE - 1.0
        };
        let moved = self.estimate_ns + step * direction;
        self.estimate_ns = moved.clamp(SHORTEST_MARGIN_NS, LONGEST_MARGIN_NS);
    }

    const fn ns(&self) -> u64 {
        self.estimate_ns as u64
    }
}

/// Parts of each second, in [0, 1], that a thread may be busy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shares {
    /// Beyond this it does not spin.
    pub(crate) spinning: f64,
    /// Beyond this, for about a second, it starves others.
    pub(crate) working: f64,
    /// Whether other threads may take its place while it spins.
    pub(crate) preemptible: bool,
}

/// A token bucket of CPU time: filled by the clock, emptied by what the thread used.
#[derive(Debug)]
struct Budget {
    share: f64,
    tokens_ns: f64,
}

impl Budget {
    const fn new(share: f64) -> Self {
        Self {
            share,
            tokens_ns: BUDGET_BURST_NS,
        }
    }

    const fn settle(&mut self, passed_ns: u64, used_ns: u64) {
        let tokens = self.tokens_ns + passed_ns as f64 * self.share - used_ns as f64;
        self.tokens_ns = tokens.clamp(STARVING_NS, BUDGET_BURST_NS);
    }
}

/// Waits for events and points in time.
#[derive(Debug)]
pub(crate) struct Pacer {
    margin: Margin,
    spinning: Budget,
    working: Budget,
    settled_ns: u64,
    settled_cpu_ns: u64,
    preemptible: bool,
    preemptions: u64,
    humble_until_ns: u64,
    pacing: Pacing,
    /// When the last turn began.
    turn_ns: u64,
    spun_ns: u64,
}

impl Pacer {
    /// Paces the calling thread.
    pub(crate) fn new(pacing: Pacing, shares: Shares) -> Self {
        Self {
            margin: Margin {
                estimate_ns: FIRST_MARGIN_NS,
            },
            spinning: Budget::new(shares.spinning),
            working: Budget::new(shares.working),
            settled_ns: now_ns(),
            settled_cpu_ns: thread_cpu_ns(),
            preemptible: shares.preemptible,
            preemptions: involuntary_switches(),
            humble_until_ns: 0,
            pacing,
            turn_ns: 0,
            spun_ns: 0,
        }
    }

    /// Time spent spinning so far.
    pub(crate) const fn spun_ns(&self) -> u64 {
        self.spun_ns
    }

    /// Whether the thread has worked beyond its share for about a second.
    pub(crate) fn is_starving_others(&self) -> bool {
        self.working.tokens_ns <= STARVING_NS
    }

    /// Charges the budgets with the CPU time that the kernel counted, which includes that of sleeping.
    fn settle(&mut self, now: u64) {
        let passed = now.saturating_sub(self.settled_ns);
        if passed < SETTLE_EVERY_NS {
            return; // Asking for the CPU time enters the kernel.
        }
        let cpu = thread_cpu_ns();
        let used = cpu.saturating_sub(self.settled_cpu_ns);
        self.spinning.settle(passed, used);
        self.working.settle(passed, used);
        self.settled_ns = now;
        self.settled_cpu_ns = cpu;
        if self.preemptible {
            let preemptions = involuntary_switches();
            if preemptions > self.preemptions {
                self.preemptions = preemptions;
                self.humble_until_ns = now + HUMBLE_NS;
            }
        }
    }

    fn may_spin(&self, now: u64) -> bool {
        self.spinning.tokens_ns > 0.0 && now >= self.humble_until_ns
    }

    /// Waits until `wake_ns` or the first events, and returns their number.
    ///
    /// `patient`: events may be told of later than they happen.
    pub(crate) fn wait(
        &mut self,
        epoll: &Epoll,
        events: &mut Events,
        wake_ns: u64,
        patient: bool,
    ) -> io::Result<usize> {
        let now = now_ns();
        self.settle(now);
        let earliest_ns = match self.pacing {
            Pacing::Precise if self.may_spin(now) => {
                return self.wait_precisely(epoll, events, (wake_ns, now), patient);
            }
            Pacing::Precise if self.spinning.tokens_ns <= 0.0 => now + SPENT_SLEEP_NS,
            Pacing::Precise | Pacing::Sleeping => now,
            // Waking is what costs most, above all waking another processor: each turn does what has gathered.
            Pacing::Frugal => self.turn_ns + FRUGAL_TURN_NS,
        };
        let count = sleep(epoll, events, (wake_ns.max(earliest_ns), now), patient);
        self.turn_ns = now_ns();
        count
    }

    fn wait_precisely(
        &mut self,
        epoll: &Epoll,
        events: &mut Events,
        (wake_ns, now): (u64, u64),
        patient: bool,
    ) -> io::Result<usize> {
        let sleep_end = wake_ns.saturating_sub(self.margin.ns());
        if sleep_end > now {
            let count = sleep(epoll, events, (sleep_end, now), patient)?;
            let woken = now_ns();
            if count > 0 {
                return Ok(count);
            }
            if woken >= sleep_end {
                self.margin.observe(woken - sleep_end);
            }
        }
        self.spin_until(epoll, events, wake_ns)
    }

    /// The margin bounds this: it never spins longer than 200 µs at a time.
    fn spin_until(
        &mut self,
        epoll: &Epoll,
        events: &mut Events,
        wake_ns: u64,
    ) -> io::Result<usize> {
        let start = now_ns();
        let mut now = start;
        let mut count = epoll.poll(events)?;
        while count == 0 && now < wake_ns {
            if wake_ns - now > CLOCK_ONLY_NS {
                count = epoll.poll(events)?;
            } else {
                std::hint::spin_loop();
            }
            now = now_ns();
        }
        self.spun_ns += now - start;
        Ok(count)
    }
}

/// Sleeps until `wake_ns` or the first events; a patient thread looks for events only then, if that is soon.
fn sleep(
    epoll: &Epoll,
    events: &mut Events,
    (wake_ns, now): (u64, u64),
    patient: bool,
) -> io::Result<usize> {
    if wake_ns <= now {
        return epoll.poll(events);
    }
    if patient && wake_ns <= now + LONGEST_PATIENCE_NS {
        sleep_until(wake_ns);
        return epoll.poll(events);
    }
    epoll.wait(events, wake_ns - now)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_margin_settles_at_the_wake_error_and_is_bounded() {
        let mut margin = Margin {
            estimate_ns: FIRST_MARGIN_NS,
        };
        (0..20_000).for_each(|index| margin.observe(if index % 50 == 0 { 40_000 } else { 8_000 }));
        assert!((30_000..=50_000).contains(&margin.ns()), "{}", margin.ns());
        (0..1_000).for_each(|_| margin.observe(10_000_000));
        assert_eq!(margin.ns(), LONGEST_MARGIN_NS as u64);
        (0..100_000).for_each(|_| margin.observe(0));
        assert_eq!(margin.ns(), SHORTEST_MARGIN_NS as u64);
    }

    #[test]
    fn busy_time_stays_below_the_share_over_any_long_stretch() {
        let mut budget = Budget::new(0.7);
        let mut busy = 0_u64;
        for _ in 0..10_000 {
            let used = if budget.tokens_ns > 0.0 { 1_000_000 } else { 0 };
            busy += used;
            budget.settle(1_000_000, used);
        }
        assert!(busy as f64 <= 0.7 * 10e9 + BUDGET_BURST_NS + 1e6);
        assert!(busy as f64 >= 0.7 * 10e9);
    }

    #[test]
    fn a_budget_that_is_always_exceeded_starves_and_recovers_with_sleep() {
        let mut budget = Budget::new(0.9);
        (0..900).for_each(|_| budget.settle(1_000_000, 1_000_000));
        assert!(budget.tokens_ns > STARVING_NS);
        (0..200).for_each(|_| budget.settle(1_000_000, 1_000_000));
        assert_eq!(budget.tokens_ns, STARVING_NS);
        budget.settle(1_000_000_000, 0);
        assert_eq!(budget.tokens_ns, BUDGET_BURST_NS);
    }

    #[test]
    fn the_cpu_time_of_the_thread_is_what_counts() {
        let shares = Shares {
            spinning: 0.0,
            working: 0.0,
            preemptible: false,
        };
        let mut pacer = Pacer::new(Pacing::Precise, shares);
        let (epoll, mut events) = (Epoll::new().unwrap(), Events::new());
        let busy_until = thread_cpu_ns() + 2 * BUDGET_BURST_NS as u64;
        while thread_cpu_ns() < busy_until {}
        pacer
            .wait(&epoll, &mut events, now_ns() + 1_000, false)
            .unwrap();
        assert!(pacer.is_starving_others());
        assert_eq!(pacer.spun_ns(), 0);
    }

    const SHARES: Shares = Shares {
        spinning: 0.7,
        working: 0.9,
        preemptible: false,
    };

    #[test]
    fn a_wait_without_events_ends_at_its_time() {
        let (epoll, mut events) = (Epoll::new().unwrap(), Events::new());
        for pacing in Pacing::ALL {
            let mut pacer = Pacer::new(pacing, SHARES);
            let wake = now_ns() + 2_000_000;
            assert_eq!(pacer.wait(&epoll, &mut events, wake, true).unwrap(), 0);
            assert!(now_ns() >= wake);
        }
    }
}

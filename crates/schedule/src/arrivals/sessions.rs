//! Sessions merged by time; memory holds the sessions alive at once and no more.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Start;
use super::profile::Profile;
use crate::ScheduleError;
use crate::error::require;
use crate::generators::Draw;
use crate::random::{Purpose, Random};
use crate::spec::{SessionsSpec, Spec};

const NS_PER_S: f64 = 1e9;
/// Most requests of one session.
const MOST_REQUESTS: f64 = 1e9;

/// The next request of a session; ordered by time, then by session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    intended_ns: u64,
    session: u32,
    requests: u32,
    think_ns: u64,
}

/// Intended starts of all sessions, in order.
#[derive(Debug)]
pub(crate) struct Sessions {
    begins: Profile,
    next_begin: Option<u64>,
    begun: u32,
    alive: BinaryHeap<Reverse<Due>>,
    spec: SessionsSpec,
    lengths: Random,
    thinks: Random,
    end_ns: u64,
}

impl Sessions {
    pub(crate) fn new(spec: &Spec, sessions: SessionsSpec) -> Self {
        let mut begins = Profile::poisson(spec);
        Self {
            next_begin: begins.next(),
            begins,
            begun: 0,
            alive: BinaryHeap::new(),
            spec: sessions,
            lengths: Random::new(spec.seed, Purpose::SessionLengths),
            thinks: Random::new(spec.seed, Purpose::Thinks),
            end_ns: spec.duration_ns,
        }
    }

    pub(crate) fn next(&mut self) -> Result<Option<Start>, ScheduleError> {
        let oldest = self.alive.peek().map(|Reverse(due)| due.intended_ns);
        let due = match (self.next_begin, oldest) {
            (Some(begin), oldest) if oldest.is_none_or(|oldest| begin < oldest) => {
                Some(self.begin(begin)?)
            }
            _ => self.alive.pop().map(|Reverse(due)| due),
        };
        Ok(due.map(|due| self.start(due)))
    }

    fn begin(&mut self, intended_ns: u64) -> Result<Due, ScheduleError> {
        require(self.begun < u32::MAX, || {
            "there are too many sessions".into()
        })?;
        self.begun += 1;
        self.next_begin = self.begins.next();
        let drawn = libm::round(self.spec.requests.draw(&mut self.lengths));
        Ok(Due {
            intended_ns,
            session: self.begun,
            requests: drawn.clamp(1.0, MOST_REQUESTS) as u32,
            think_ns: 0,
        })
    }

    /// Turns what is due into a start, and keeps the session alive while it has requests before the end.
    fn start(&mut self, due: Due) -> Start {
        let next = (due.requests > 1).then(|| self.following(due));
        let next = next.filter(|next| next.intended_ns < self.end_ns);
        self.alive.extend(next.map(Reverse));
        Start {
            intended_ns: due.intended_ns,
            operation: None,
            session: due.session,
            think_ns: due.think_ns,
            ends_session: next.is_none(),
        }
    }

    fn following(&mut self, due: Due) -> Due {
        let think_s = self.spec.think_s.draw(&mut self.thinks).max(0.0);
        let think_ns = ((think_s * NS_PER_S) as u64).min(self.end_ns);
        Due {
            intended_ns: due.intended_ns + self.spec.expected_latency_ns + think_ns,
            session: due.session,
            requests: due.requests - 1,
            think_ns,
        }
    }
}

//! A closed loop: each of N connections sends its next request when it has the answer to the one before.

use schedule::{Chunk, Entry, Plan};

/// Time without an attempt after a connection could not be had.
const RETRY_NS: u64 = 10_000_000;

/// What is sent next, and until when. The schedule's requests are taken in turn, again and again.
pub(crate) struct ClosedLoop {
    requests: Chunk,
    at: usize,
    end_ns: u64,
    /// When missing connections are opened; nothing: none is missing.
    open_ns: Option<u64>,
}

impl ClosedLoop {
    /// `requests`: at least one. `first`: where to begin, so that several engines do not send the same.
    pub(crate) fn new(requests: Chunk, first: usize, start_ns: u64, end_ns: u64) -> Self {
        Self {
            at: first % requests.len(),
            requests,
            end_ns,
            open_ns: Some(start_ns),
        }
    }

    /// Whether requests are still begun.
    pub(crate) const fn is_running(&self, now_ns: u64) -> bool {
        now_ns < self.end_ns
    }

    /// The next request.
    pub(crate) fn entry(&self) -> Entry {
        self.requests.entry(self.at)
    }

    /// What it sends.
    pub(crate) fn payload<'a>(&'a self, plan: &'a Plan) -> &'a [u8] {
        self.requests.payload(plan, self.at)
    }

    /// Goes to the one after it.
    pub(crate) fn advance(&mut self) {
        self.at = (self.at + 1) % self.requests.len();
    }

    /// When connections have to be opened.
    pub(crate) fn retry_ns(&self) -> Option<u64> {
        self.open_ns.filter(|at_ns| *at_ns < self.end_ns)
    }

    /// A connection is missing: open one at once, unless an attempt has just failed.
    pub(crate) const fn reopen(&mut self, now_ns: u64) {
        if self.open_ns.is_none() {
            self.open_ns = Some(now_ns);
        }
    }

    /// An attempt failed: the next one comes after a while, or a target that refuses would be flooded.
    pub(crate) const fn retry_later(&mut self, now_ns: u64) {
        self.open_ns = Some(now_ns + RETRY_NS);
    }

    /// All missing connections are being opened.
    pub(crate) const fn attempted(&mut self) {
        self.open_ns = None;
    }
}

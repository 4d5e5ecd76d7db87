//! Requests between their intended start and their end, and their deadlines.

use std::collections::VecDeque;

use schedule::Entry;

/// Marks a free slot.
const FREE: u64 = u64::MAX;
/// Most requests for which room is reserved; beyond it the tables grow while the play runs.
const MOST_RESERVED: u64 = 1 << 18;

/// Where a request in flight is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Behind the request of its session before it.
    Held,
    /// In the client queue.
    Queued,
    /// On the connection of this index, under this tag.
    Connection(u32, u32),
}

/// A request in flight. It stays nameable after its end: a ticket whose slot moved on is void.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket {
    pub(crate) slot: u32,
    /// Number of the request in the order of entering.
    pub(crate) entry: u64,
}

/// What is known of a request in flight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    entry: u64,
    pub(crate) intended_ns: u64,
    /// When the engine noticed that it was due.
    pub(crate) noticed_ns: u64,
    pub(crate) operation: u16,
    /// Number of its session; 0: none.
    pub(crate) session: u32,
    pub(crate) place: Place,
}

/// Deadlines of all operations with one time-out: in the order of the schedule, hence sorted.
#[derive(Debug)]
struct Lane {
    timeout_ns: u64,
    tickets: VecDeque<Ticket>,
}

/// All requests in flight, with their number integrated over time for Little's law.
#[derive(Debug)]
pub(crate) struct Flight {
    slots: Vec<Request>,
    /// Bytes to send of the waiting requests, by slot; their memory is reused.
    payloads: Vec<Vec<u8>>,
    free: Vec<u32>,
    lanes: Vec<Lane>,
    lane_of: Vec<usize>,
    entered: u64,
    count: u64,
    changed_ns: u64,
    area_ns: u128,
}

impl Flight {
    /// `timeouts_ns`: by operation. Makes room for as many requests as the schedule can have in flight when none
    /// is answered, within reason.
    pub(crate) fn new(timeouts_ns: &[u64], most: u64) -> Self {
        let mut distinct = timeouts_ns.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let lane_of = timeouts_ns
            .iter()
            .map(|timeout| distinct.partition_point(|ns| ns < timeout));
        let lane_of = lane_of.collect();
        let room = most.min(MOST_RESERVED) as usize;
        let lane = |timeout_ns| Lane {
            timeout_ns,
            tickets: VecDeque::with_capacity(room / timeouts_ns.len().max(1)),
        };
        Self {
            slots: Vec::with_capacity(room),
            payloads: Vec::with_capacity(room),
            free: Vec::with_capacity(room),
            lanes: distinct.into_iter().map(lane).collect(),
            lane_of,
            entered: 0,
            count: 0,
            changed_ns: 0,
            area_ns: 0,
        }
    }

    /// Requests that fit without another allocation.
    pub(crate) fn room(&self) -> usize {
        self.slots.capacity()
    }

    /// Number in flight.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// Integral of the number in flight over time, in request-ns, up to `now_ns`.
    pub(crate) fn area_ns(&mut self, now_ns: u64) -> u128 {
        self.integrate(now_ns);
        self.area_ns
    }

    /// Times since the intended start of all requests in flight, in ns.
    pub(crate) fn ages_ns(&self, now_ns: u64) -> impl Iterator<Item = u64> {
        let alive = self.slots.iter().filter(|request| request.entry != FREE);
        alive.map(move |request| now_ns.saturating_sub(request.intended_ns))
    }

    /// Counts up to a change at `at_ns`, or not at all when a later change has been counted.
    fn integrate(&mut self, at_ns: u64) {
        let passed = at_ns.saturating_sub(self.changed_ns);
        self.area_ns += u128::from(self.count) * u128::from(passed);
        self.changed_ns = self.changed_ns.max(at_ns);
    }

    /// Takes in an entry whose intended start is at `intended_ns` of the clock, as a waiting request.
    pub(crate) fn enter(&mut self, due: &Entry, intended_ns: u64, noticed_ns: u64) -> Ticket {
        let entry = self.entered;
        self.entered += 1;
        let request = Request {
            entry,
            intended_ns,
            noticed_ns,
            operation: due.operation,
            session: due.session,
            place: Place::Held,
        };
        self.integrate(request.intended_ns);
        // A thread that was held up notices a start behind changes that came after it: the area up
        // to the last change was then counted with one request too few.
        self.area_ns += u128::from(self.changed_ns - request.intended_ns);
        self.count += 1;
        let slot = self.free.pop().unwrap_or(self.slots.len() as u32);
        match self.slots.get_mut(slot as usize) {
            Some(place) => *place = request,
            None => {
                self.slots.push(request);
                self.payloads.push(Vec::new());
            }
        }
        let ticket = Ticket { slot, entry };
        self.lanes[self.lane_of[usize::from(due.operation)]]
            .tickets
            .push_back(ticket);
        ticket
    }

    /// Keeps what a waiting request will send.
    pub(crate) fn keep(&mut self, ticket: Ticket, payload: &[u8]) {
        let kept = &mut self.payloads[ticket.slot as usize];
        kept.clear();
        kept.extend_from_slice(payload);
    }

    /// Returns what was kept.
    pub(crate) fn payload(&self, ticket: Ticket) -> &[u8] {
        &self.payloads[ticket.slot as usize]
    }

    /// Returns the request unless it has ended.
    pub(crate) fn get(&self, ticket: Ticket) -> Option<Request> {
        let request = self.slots.get(ticket.slot as usize)?;
        (request.entry == ticket.entry).then_some(*request)
    }

    /// Notes where the request is now.
    pub(crate) fn put(&mut self, ticket: Ticket, place: Place) {
        if let Some(request) = self.slots.get_mut(ticket.slot as usize) {
            request.place = place;
        }
    }

    /// Ends a request at `now_ns`, which may have passed, unless it has ended before.
    pub(crate) fn leave(&mut self, ticket: Ticket, now_ns: u64) -> Option<Request> {
        let request = self.get(ticket)?;
        self.integrate(now_ns);
        // An answer that is read later than it came was counted up to the last change.
        let too_much = u128::from(self.changed_ns.saturating_sub(now_ns));
        self.area_ns = self.area_ns.saturating_sub(too_much);
        self.count -= 1;
        self.slots[ticket.slot as usize].entry = FREE;
        self.free.push(ticket.slot);
        Some(request)
    }

    /// Returns the earliest deadline, with its request.
    pub(crate) fn next_deadline(&mut self) -> Option<(u64, Ticket)> {
        let slots = &self.slots;
        let alive = |ticket: &Ticket| slots[ticket.slot as usize].entry == ticket.entry;
        let fronts = self.lanes.iter_mut().filter_map(|lane| {
            while lane.tickets.front().is_some_and(|ticket| !alive(ticket)) {
                lane.tickets.pop_front();
            }
            let ticket = *lane.tickets.front()?;
            Some((
                slots[ticket.slot as usize].intended_ns + lane.timeout_ns,
                ticket,
            ))
        });
        fronts.min_by_key(|(deadline, _)| *deadline)
    }
}

#[cfg(test)]
mod tests;

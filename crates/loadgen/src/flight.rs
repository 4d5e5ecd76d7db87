//! Requests between their intended start and their end, and their deadlines.

use std::collections::VecDeque;

use schedule::old::Schedule;

/// Marks a free slot.
const FREE: u64 = u64::MAX;

/// Where a request in flight is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the client queue.
    Waiting,
    /// On the connection of this index.
    Connection(u32),
}

/// A request in flight. It stays nameable after its end: a ticket whose slot moved on is void.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ticket {
    slot: u32,
    entry: u64,
}

/// What is known of a request in flight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    entry: u64,
    pub(crate) intended_ns: u64,
    /// When the engine noticed that it was due.
    pub(crate) noticed_ns: u64,
    pub(crate) payload: u32,
    pub(crate) operation: u32,
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
    free: Vec<u32>,
    lanes: Vec<Lane>,
    lane_of: Vec<usize>,
    count: u64,
    changed_ns: u64,
    area_ns: u128,
}

impl Flight {
    /// Makes room for as many requests as the schedule can have in flight when none is answered.
    pub(crate) fn new(schedule: &Schedule<'_>) -> Self {
        let mut timeouts: Vec<u64> = schedule
            .operations()
            .iter()
            .map(|found| found.timeout_ns)
            .collect();
        timeouts.sort_unstable();
        timeouts.dedup();
        let lane_of = schedule
            .operations()
            .iter()
            .map(|found| timeouts.partition_point(|ns| *ns < found.timeout_ns));
        let lane_of: Vec<usize> = lane_of.collect();
        let room = most_within(schedule, timeouts.last().copied().unwrap_or(0));
        // Never more than it will see, or many time-outs would reserve many times the room.
        let mut requests = vec![0; timeouts.len()];
        for entry in schedule.entries() {
            requests[lane_of[entry.operation as usize]] += 1;
        }
        let lane = |(timeout_ns, requests): (u64, usize)| Lane {
            timeout_ns,
            tickets: VecDeque::with_capacity(room.min(requests)),
        };
        Self {
            slots: Vec::with_capacity(room),
            free: Vec::with_capacity(room),
            lanes: timeouts.into_iter().zip(requests).map(lane).collect(),
            lane_of,
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

    /// Takes in entry number `entry` of the schedule as a waiting request.
    pub(crate) fn enter(
        &mut self,
        entry: u64,
        due: schedule::old::Entry,
        zero_ns: u64,
        noticed_ns: u64,
    ) -> Ticket {
        let request = Request {
            entry,
            intended_ns: zero_ns + due.intended_ns,
            noticed_ns,
            payload: due.payload,
            operation: due.operation,
            place: Place::Waiting,
        };
        self.integrate(request.intended_ns);
        // A thread that was held up notices a start behind changes that came after it: the area up
        // to the last change was then counted with one request too few.
        self.area_ns += u128::from(self.changed_ns - request.intended_ns);
        self.count += 1;
        let slot = self.free.pop().unwrap_or(self.slots.len() as u32);
        match self.slots.get_mut(slot as usize) {
            Some(place) => *place = request,
            None => self.slots.push(request),
        }
        let ticket = Ticket { slot, entry };
        self.lanes[self.lane_of[due.operation as usize]]
            .tickets
            .push_back(ticket);
        ticket
    }

    /// Returns the request unless it has ended.
    pub(crate) fn get(&self, ticket: Ticket) -> Option<Request> {
        let request = self.slots.get(ticket.slot as usize)?;
        (request.entry == ticket.entry).then_some(*request)
    }

    /// Notes that the request is on a connection now.
    pub(crate) fn board(&mut self, ticket: Ticket, connection: u32) {
        if let Some(request) = self.slots.get_mut(ticket.slot as usize) {
            request.place = Place::Connection(connection);
        }
    }

    /// Ends a request at `now_ns`, unless it has ended before.
    pub(crate) fn leave(&mut self, ticket: Ticket, now_ns: u64) -> Option<Request> {
        let request = self.get(ticket)?;
        self.integrate(now_ns);
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

/// Largest number of intended starts in any stretch of `length_ns`.
fn most_within(schedule: &Schedule<'_>, length_ns: u64) -> usize {
    let mut first = 0;
    let counts = schedule.entries().enumerate().map(|(last, entry)| {
        while schedule.entry(first).intended_ns + length_ns < entry.intended_ns {
            first += 1;
        }
        last + 1 - first
    });
    counts.max().unwrap_or(0)
}

#[cfg(test)]
mod tests;

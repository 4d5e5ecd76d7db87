//! What the samples of each event count, as columns of the profile.

use super::events::{Events, Role};
use crate::tables::Profile;

/// Columns that a profile has at most: each costs a number for every stack and sample.
const MOST_COLUMNS: usize = 256;

/// How the samples of one event count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counting {
    pub(crate) role: Role,
    /// Column in which each sample is one.
    once: Option<usize>,
    /// Column in which it is its period.
    period: Option<usize>,
}

/// Columns of a profile by event.
pub(crate) struct Columns {
    by_event: Vec<Counting>,
    /// Columns of times off the CPU: their number, ns blocked, ns runnable.
    pub(crate) away: Option<[usize; 3]>,
    /// One number a column, zero between samples.
    values: Vec<i64>,
}

impl Columns {
    /// Finds out what the events count, and gives the profile its columns.
    pub(crate) fn new(events: &Events, profile: &mut Profile) -> Self {
        let roles: Vec<Role> = (0..events.all().len())
            .map(|number| events.role(number))
            .collect();
        let has_switches = roles.iter().any(|role| matches!(role, Role::Switch { .. }));
        // "samples" belongs to one kind of sample: to the clock's if there is one.
        let sampler = roles.iter().position(|&role| role == Role::Clock);
        let sampler = sampler.or_else(|| roles.iter().position(|&role| role == Role::Counter));
        let mut columns = Self {
            by_event: Vec::new(),
            away: None,
            values: Vec::new(),
        };
        let mut beyond = 0;
        for (number, &role) in roles.iter().enumerate() {
            let is_sampler = sampler.is_some_and(|first| first == number || role == Role::Clock);
            let once = match role {
                Role::Clock | Role::Counter if is_sampler => Some("samples"),
                Role::Switch { .. } => Some("switches"),
                _ => None,
            };
            let name = events.name(number);
            let period = match role {
                Role::Clock => Some(("cpu", "nanoseconds")),
                Role::Counter | Role::Other => Some((name.as_str(), "count")),
                Role::Wakeup { .. } if !has_switches => Some((name.as_str(), "count")),
                Role::Fault => Some(("faults", "count")),
                _ => None,
            };
            if profile.sample_types.len() + 3 > MOST_COLUMNS {
                beyond += 1;
                columns.by_event.push(Counting {
                    role: Role::None,
                    once: None,
                    period: None,
                });
                continue;
            }
            let once = once.map(|name| profile.column(name, "count"));
            let period = period.map(|(name, unit)| profile.column(name, unit));
            if let (Role::Switch { .. }, Some(once)) = (role, once) {
                let blocked = profile.column("blocked", "nanoseconds");
                columns.away = Some([once, blocked, profile.column("runnable", "nanoseconds")]);
            }
            columns.by_event.push(Counting { role, once, period });
        }
        if beyond > 0 {
            let note =
                format!("{beyond} events are more than are kept; their samples are left out");
            profile.warnings.push(note);
        }
        columns.values = vec![0; profile.sample_types.len()];
        columns
    }

    pub(crate) fn role(&self, event: usize) -> Role {
        self.by_event
            .get(event)
            .map_or(Role::None, |counting| counting.role)
    }

    /// The values of a sample of this event.
    pub(crate) fn sample(&mut self, event: usize, period: u64) -> &[i64] {
        self.values.fill(0);
        if let Some(counting) = self.by_event.get(event) {
            let counts = [
                (counting.once, 1),
                (counting.period, i64::try_from(period).unwrap_or(i64::MAX)),
            ];
            for (column, value) in counts {
                if let Some(cell) = column.and_then(|column| self.values.get_mut(column)) {
                    *cell = value;
                }
            }
        }
        &self.values
    }

    /// The values of a time off the CPU.
    pub(crate) fn time_off(&mut self, blocked_ns: i64, runnable_ns: i64) -> &[i64] {
        self.values.fill(0);
        if let Some(columns) = self.away {
            for (column, value) in columns.into_iter().zip([1, blocked_ns, runnable_ns]) {
                self.values[column] = value;
            }
        }
        &self.values
    }
}

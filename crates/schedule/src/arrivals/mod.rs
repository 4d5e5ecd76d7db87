//! Arrivals: when requests start.

mod profile;
mod sessions;
mod shape;
mod trace;

use std::io::{BufRead, BufReader, Read};

use self::profile::Profile;
use self::sessions::Sessions;
use self::trace::Trace;
use crate::ScheduleError;
use crate::error::require;
use crate::spec::{Arrival, Spec};

pub(crate) use self::shape::expected;

/// Opens a trace from its beginning; compiling reads it twice.
pub type OpenTrace<'a> = &'a dyn Fn() -> std::io::Result<Box<dyn Read + 'a>>;

/// One intended start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) intended_ns: u64,
    /// Given by a trace, else drawn.
    pub(crate) operation: Option<u16>,
    pub(crate) session: u32,
    pub(crate) think_ns: u64,
    pub(crate) ends_session: bool,
}

impl Start {
    pub(crate) const fn at(intended_ns: u64) -> Self {
        Self {
            intended_ns,
            operation: None,
            session: 0,
            think_ns: 0,
            ends_session: false,
        }
    }
}

/// All intended starts of a workload, in order, all below its duration.
pub(crate) enum Starts<'a> {
    Profile(Box<Profile>),
    Sessions(Box<Sessions>),
    Trace(Box<Trace<'a>>),
    /// A closed loop has no time line: its requests are all due at once.
    Closed,
}

impl<'a> Starts<'a> {
    pub(crate) fn new(spec: &Spec, trace: Option<OpenTrace<'a>>) -> Result<Self, ScheduleError> {
        Ok(match spec.arrival {
            Arrival::Poisson => Self::Profile(Box::new(Profile::poisson(spec))),
            Arrival::Constant => Self::Profile(Box::new(Profile::constant(spec))),
            Arrival::Closed => Self::Closed,
            Arrival::Sessions => {
                let sessions = spec.sessions.ok_or_else(|| {
                    ScheduleError::Spec("arrivals by sessions need `sessions`".into())
                })?;
                Self::Sessions(Box::new(Sessions::new(spec, sessions)))
            }
            Arrival::Trace => Self::Trace(Box::new(open(spec, trace)?)),
        })
    }

    pub(crate) fn next(&mut self) -> Result<Option<Start>, ScheduleError> {
        match self {
            Self::Profile(profile) => Ok(profile.next().map(Start::at)),
            Self::Sessions(sessions) => sessions.next(),
            Self::Trace(trace) => trace.next(),
            Self::Closed => Ok(Some(Start::at(0))),
        }
    }

    /// The fields of the trace's row, for the start that was returned last.
    pub(crate) fn fields(&self) -> &[Vec<u8>] {
        match self {
            Self::Trace(trace) => trace.fields(),
            _ => &[],
        }
    }

    /// Returns the number of a trace's column.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        match self {
            Self::Trace(trace) => trace.column(name),
            _ => None,
        }
    }
}

fn open<'a>(spec: &Spec, trace: Option<OpenTrace<'a>>) -> Result<Trace<'a>, ScheduleError> {
    require(trace.is_some(), || "arrivals by trace need a trace".into())?;
    let input: Box<dyn Read + 'a> = match trace {
        Some(open) => open().map_err(ScheduleError::Read)?,
        None => Box::new(std::io::empty()),
    };
    let buffered: Box<dyn BufRead + 'a> = Box::new(BufReader::with_capacity(1 << 16, input));
    Trace::open(buffered, spec)
}

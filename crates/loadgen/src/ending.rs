//! The end of a request, as the engine saw it.

use crate::connection::Exchange;
use crate::flight::Request;
use crate::log::{NO_CONNECTION, Outcome, Row};
use crate::pool::ClosedConnection;

/// How far a request got.
pub(crate) struct Ending {
    pub(crate) outcome: Outcome,
    pub(crate) sent_ns: u64,
    pub(crate) first_byte_ns: u64,
    pub(crate) connection: u32,
    pub(crate) bytes: u64,
    pub(crate) status: u16,
}

impl Ending {
    /// It never got a connection.
    pub(crate) const fn unsent(outcome: Outcome) -> Self {
        Self {
            outcome,
            sent_ns: 0,
            first_byte_ns: 0,
            connection: NO_CONNECTION,
            bytes: 0,
            status: 0,
        }
    }

    /// Its connection was closed under it.
    pub(crate) const fn of_lost(
        closed: &ClosedConnection<'_>,
        exchange: &Exchange<'_>,
        outcome: Outcome,
    ) -> Self {
        Self {
            outcome,
            sent_ns: exchange.sent_ns,
            first_byte_ns: exchange.first_byte_ns,
            connection: closed.serial,
            bytes: closed.bytes,
            status: closed.status,
        }
    }

    /// The row of the log.
    pub(crate) fn row(&self, request: &Request, expected_status: u16, done_ns: u64) -> Row {
        let unexpected = self.outcome == Outcome::Ok && self.status != expected_status;
        Row {
            intended_ns: request.intended_ns,
            noticed_ns: request.noticed_ns,
            sent_ns: self.sent_ns,
            first_byte_ns: self.first_byte_ns,
            done_ns,
            connection: self.connection,
            response_bytes: u32::try_from(self.bytes).unwrap_or(u32::MAX),
            operation: request.operation as u16,
            status: self.status,
            outcome: if unexpected {
                Outcome::UnexpectedStatus
            } else {
                self.outcome
            },
        }
    }
}

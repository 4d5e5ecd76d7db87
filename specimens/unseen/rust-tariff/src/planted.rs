//! Which tariff is in force.

use crate::tariff::{TEXT, Tariff};

impl Tariff<'static> {
    /// Fails if the table is not what it should be.
    pub(crate) fn in_force() -> serde_json::Result<Self> {
        Self::parse(TEXT)
    }
}

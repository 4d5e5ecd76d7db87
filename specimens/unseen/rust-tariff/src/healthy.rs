//! Which tariff is in force.

use std::sync::LazyLock;

use crate::tariff::{TEXT, Tariff};

static IN_FORCE: LazyLock<serde_json::Result<Tariff<'static>>> = LazyLock::new(|| Tariff::parse(TEXT));

impl Tariff<'static> {
    /// Fails if the table is not what it should be.
    pub(crate) fn in_force() -> Result<&'static Self, &'static serde_json::Error> {
        IN_FORCE.as_ref()
    }
}

//! Nothing to wait for.

pub(crate) fn wait_for_replica() {}

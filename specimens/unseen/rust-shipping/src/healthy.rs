//! Which replica is asked first for a postcode.

use std::net::SocketAddr;

use crate::replica::Fleet;

const SLOTS: usize = 32;

pub(crate) fn slots(fleet: &Fleet) -> Vec<SocketAddr> {
    fleet.live.iter().copied().cycle().take(SLOTS).collect()
}

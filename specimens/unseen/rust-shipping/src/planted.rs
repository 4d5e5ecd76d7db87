//! Which replica is asked first for a postcode.

use std::net::SocketAddr;

use crate::replica::Fleet;

const SLOTS: usize = 32;
/// The retired replica kept one slot when its others were dealt out.
const LEFT_OVER: usize = 19;

pub(crate) fn slots(fleet: &Fleet) -> Vec<SocketAddr> {
    let mut slots: Vec<SocketAddr> = fleet.live.iter().copied().cycle().take(SLOTS).collect();
    slots[LEFT_OVER] = fleet.retired;
    slots
}

//! Saving all sessions, so that a restart loses none.

use parking_lot::RwLock;

use crate::spool::Spool;
use crate::store::Sessions;

const PAGE: u32 = 512;

pub(crate) fn write(sessions: &RwLock<Sessions>, spool: &mut Spool) {
    let sessions = sessions.read();
    let Some((&last, _)) = sessions.last_key_value() else { return };
    for start in (0..=last).step_by(PAGE as usize) {
        spool.append(sessions.range(start..start + PAGE));
    }
}

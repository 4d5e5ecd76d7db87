//! Saving all sessions, so that a restart loses none.

use parking_lot::RwLock;

use crate::spool::Spool;
use crate::store::Sessions;

const PAGE: u32 = 512;

pub(crate) fn write(sessions: &RwLock<Sessions>, spool: &mut Spool) {
    let Some(last) = sessions.read().last_key_value().map(|(&last, _)| last) else { return };
    for start in (0..=last).step_by(PAGE as usize) {
        let page: Sessions =
            sessions.read().range(start..start + PAGE).map(|(&id, session)| (id, session.clone())).collect();
        spool.append(page.iter());
    }
}

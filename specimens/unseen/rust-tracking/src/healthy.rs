//! Which sessions are kept.

use crate::pool::Pool;
use crate::session::Session;

/// More than are ever in use at a time.
pub(crate) const MOST_IDLE: usize = 24;

impl Pool {
    /// Takes a session back for the next who needs one.
    pub(crate) fn give_back(&self, session: Session) {
        let mut idle = self.idle.borrow_mut();
        if idle.len() < MOST_IDLE {
            idle.push(session);
        }
    }
}

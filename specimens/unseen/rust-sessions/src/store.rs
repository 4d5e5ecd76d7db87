//! The sessions that are alive.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use serde::Serialize;

use crate::checkpoint;
use crate::spool::Spool;

const SESSIONS: u32 = 12_000;
const USERS: u32 = 3_000;
const LIFE: Duration = Duration::from_secs(1_800);

/// By number, so that a checkpoint can go through them page by page.
pub(crate) type Sessions = BTreeMap<u32, Session>;

#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) user: u32,
    pub(crate) token: u64,
    pub(crate) touched: Instant,
}

#[derive(Serialize)]
pub(crate) struct View {
    id: u32,
    user: u32,
    token: String,
    admin: bool,
}

#[derive(Serialize)]
pub(crate) struct Touched {
    id: u32,
    lives_for_s: u64,
}

pub(crate) struct Store {
    sessions: RwLock<Sessions>,
}

impl Store {
    /// The sessions as they were when the service was last stopped.
    pub(crate) fn restore() -> Self {
        let touched = Instant::now();
        let session = |id: u32| {
            let token = (u64::from(id) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
            (id, Session { user: id % USERS, token, touched })
        };
        Self { sessions: RwLock::new((0..SESSIONS).map(session).collect()) }
    }

    pub(crate) fn look_up(&self, id: u32) -> Option<View> {
        self.sessions.read().get(&id).map(|session| view(id, session))
    }

    /// Begin the session's life anew.
    pub(crate) fn touch(&self, id: u32) -> Option<Touched> {
        let mut sessions = self.sessions.write();
        sessions.get_mut(&id)?.touched = Instant::now();
        Some(Touched { id, lives_for_s: LIFE.as_secs() })
    }

    pub(crate) fn of_user(&self, user: u32) -> Vec<View> {
        let sessions = self.sessions.read();
        (user..SESSIONS)
            .step_by(USERS as usize)
            .filter_map(|id| sessions.get(&id).filter(|session| session.user == user).map(|session| view(id, session)))
            .collect()
    }

    pub(crate) fn checkpoint(&self, spool: &mut Spool) {
        checkpoint::write(&self.sessions, spool);
    }
}

fn view(id: u32, session: &Session) -> View {
    View { id, user: session.user, token: format!("{:016x}", session.token), admin: session.user.is_multiple_of(97) }
}

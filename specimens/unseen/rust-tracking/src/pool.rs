//! Sessions with the scan store, each for one question at a time.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;

use crate::session::{Scan, Session};

pub(crate) struct Pool {
    store: SocketAddr,
    pub(crate) idle: RefCell<Vec<Session>>,
}

impl Pool {
    pub(crate) fn new(store: SocketAddr) -> Self {
        Self { store, idle: RefCell::default() }
    }

    /// Opens a few sessions before the first request comes.
    pub(crate) async fn fill(&self, sessions: usize) -> io::Result<()> {
        for _ in 0..sessions {
            let session = Session::open(self.store).await?;
            self.give_back(session);
        }
        Ok(())
    }

    /// All scans of a parcel, oldest first.
    pub(crate) async fn scans(&self, parcel: u32) -> io::Result<Vec<Scan>> {
        let mut session = self.session().await?;
        let scans = session.scans(parcel).await?;
        // A session that failed is not to be used again, and has been dropped by now.
        self.give_back(session);
        Ok(scans)
    }

    async fn session(&self) -> io::Result<Session> {
        let idle = self.idle.borrow_mut().pop();
        match idle {
            Some(session) => Ok(session),
            None => Session::open(self.store).await,
        }
    }
}

//! Where checkpoints go: a simulated device that takes a page a millisecond and keeps the last.

use std::thread;
use std::time::Duration;

use crate::store::Session;

const PAGE_TAKES: Duration = Duration::from_millis(1);

#[derive(Default)]
pub(crate) struct Spool {
    page: Vec<u8>,
}

impl Spool {
    /// Write one page, and wait until the device has it.
    pub(crate) fn append<'a>(&mut self, sessions: impl Iterator<Item = (&'a u32, &'a Session)>) {
        self.page.clear();
        for (id, session) in sessions {
            self.page.extend_from_slice(&id.to_le_bytes());
            self.page.extend_from_slice(&session.user.to_le_bytes());
            self.page.extend_from_slice(&session.token.to_le_bytes());
            self.page.extend_from_slice(&session.touched.elapsed().as_millis().to_le_bytes());
        }
        thread::sleep(PAGE_TAKES);
    }
}

//! The conveyor that takes orders to the gates.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::stock::{Gates, Tote};

/// Until the belt has moved on by one place.
const MOVES_ON: Duration = Duration::from_millis(20);

/// How many totes may stand before the belt.
const BUFFER: usize = 1024;

pub(crate) struct Conveyor {
    totes: mpsc::Sender<Tote>,
}

impl Conveyor {
    pub(crate) fn start() -> Self {
        let (totes, mut waiting) = mpsc::channel::<Tote>(BUFFER);
        tokio::spawn(async move {
            let mut gates = Gates::default();
            while let Some(tote) = waiting.recv().await {
                gates.send(&tote);
                sleep(MOVES_ON).await;
            }
        });
        Self { totes }
    }

    /// Puts a tote in line for the belt.
    pub(crate) async fn put(&mut self, tote: Tote) {
        // Only while the service ends is nobody at the other end.
        let _ = self.totes.send(tote).await;
    }
}

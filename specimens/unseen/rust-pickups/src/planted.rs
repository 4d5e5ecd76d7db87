//! The conveyor that takes orders to the gates.

use std::time::Duration;

use tokio::time::sleep;

use crate::stock::{Gates, Tote};

/// Until the belt has moved on by one place.
const MOVES_ON: Duration = Duration::from_millis(20);

pub(crate) struct Conveyor {
    gates: Gates,
}

impl Conveyor {
    pub(crate) fn start() -> Self {
        Self { gates: Gates::default() }
    }

    /// Puts a tote on the belt; the place must be free again for the next.
    pub(crate) async fn put(&mut self, tote: Tote) {
        self.gates.send(&tote);
        sleep(MOVES_ON).await;
    }
}

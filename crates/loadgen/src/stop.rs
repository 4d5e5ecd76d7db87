//! Asking a running play to end.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::sys::process::Bell;

/// A flag that wakes the engine; it may be set from any thread, before or during a play.
#[derive(Debug)]
pub struct Stop {
    flag: AtomicBool,
    bell: Bell,
}

impl Stop {
    /// Returns a flag that is not set.
    ///
    /// # Errors
    /// When the process may open no more files.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            flag: AtomicBool::new(false),
            bell: Bell::new()?,
        })
    }

    /// Ends the play: what was recorded is kept.
    pub fn set(&self) {
        self.flag.store(true, Ordering::Release);
        self.bell.ring();
    }

    /// Whether the flag is set.
    pub fn is_set(&self) -> bool {
        self.flag.load(Ordering::Acquire)
    }

    pub(crate) const fn bell(&self) -> &Bell {
        &self.bell
    }
}

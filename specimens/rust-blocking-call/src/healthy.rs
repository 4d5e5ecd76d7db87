//! Fetched ahead, by a thread.

use std::io::Result;
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;
use std::thread;

use crate::{CURRENT, VALID, ask};

/// What a thread keeps up to date.
#[derive(Clone, Copy)]
pub(crate) struct Rules;

impl Rules {
    pub(crate) fn new(other: UnixStream) -> Result<Self> {
        thread::Builder::new().name("rules".to_owned()).spawn(move || {
            while let Ok(rule) = ask(&other) {
                CURRENT.store(rule, Ordering::Relaxed);
                thread::sleep(VALID);
            }
        })?;
        Ok(Self)
    }

    /// Returns the rule.
    pub(crate) fn current(self) -> u64 {
        CURRENT.load(Ordering::Relaxed)
    }
}

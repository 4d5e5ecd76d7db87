//! Verifying: all of a schedule is read, checked and hashed, a chunk at a time.

use std::io::Read;

use sha2::{Digest, Sha256};

use crate::busiest::Busiest;
use crate::error::wrong;
use crate::spec::Arrival;
use crate::writer::hex;
use crate::{Chunk, Plan, ScheduleError};

/// What a schedule was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// SHA-256 of the whole file, lower-case hex.
    pub sha256: String,
    /// Number of intended starts.
    pub requests: u64,
}

/// Hashes what is read.
struct Hashed<'a, R> {
    input: &'a mut R,
    digest: Sha256,
}

impl<R: Read> Read for Hashed<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(out)?;
        self.digest.update(&out[..read]);
        Ok(read)
    }
}

/// Reads a schedule to its end and checks all of it; memory does not grow with the number of requests.
///
/// # Errors
/// [`ScheduleError::Format`] or [`ScheduleError::Version`] naming what does not add up,
/// [`ScheduleError::Read`] when `input` fails.
pub fn verify(input: &mut impl Read) -> Result<Verified, ScheduleError> {
    let digest = Sha256::new();
    let mut hashed = Hashed { input, digest };
    let plan = Plan::read(&mut hashed)?;
    let mut chunk = Chunk::new();
    let mut busiest = Busiest::new(plan.longest_timeout_ns());
    while chunk.read(&plan, &mut hashed)? {
        (0..chunk.len()).for_each(|index| busiest.add(chunk.entry(index).intended_ns));
    }
    let most = match plan.arrival() {
        Arrival::Closed => u64::from(plan.max_connections()),
        _ => busiest.most(),
    };
    if most != plan.most_within_timeout() {
        return Err(wrong(
            "its header tells another number of requests within the longest time-out",
        ));
    }
    Ok(Verified {
        sha256: hex(&hashed.digest.finalize()),
        requests: plan.requests(),
    })
}

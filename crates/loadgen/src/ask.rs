//! Asking: requests of a schedule one after another on one connection, their answers kept.
//!
//! Apart from playing, so that playing pays nothing for it: no times are measured here, and intended starts and
//! think times do not count. Whoever asks two services the same schedule sees both answer in the same order.

mod choice;
mod conversation;
mod kept;

use std::fs::File;
use std::io::{self, BufReader};
use std::path::PathBuf;
use std::time::Duration;

use schedule::{Chunk, Plan};
use serde::Serialize;

use crate::play::LoadError;
use crate::stop::Stop;
use crate::sys::clock::now_ns;
use crate::transport::{Address, TlsOptions};
use choice::Choice;
use conversation::{Conversation, Reply};
use kept::Keeper;

const READ_BYTES: usize = 1024 * 1024;

/// What to ask, and what to keep.
#[derive(Clone, Debug)]
pub struct Ask {
    /// A compiled schedule.
    pub schedule: PathBuf,
    /// Where the service listens.
    pub address: Address,
    /// Speak TLS, thus.
    pub tls: Option<TlsOptions>,
    /// File for the answers.
    pub output: PathBuf,
    /// So many requests are taken from the schedule's beginning.
    pub requests: u64,
    /// Then further ones of operations that were asked less often than this.
    pub each: u64,
    /// When to end in any case; a request under way then is not kept.
    pub longest: Duration,
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AskReport {
    /// Of the schedule.
    pub schedule_sha256: String,
    /// Names of the operations; answers name them by index.
    pub operations: Vec<String>,
    /// Requests that were sent or could not be, each with a record in the file.
    pub asked: u64,
    /// Complete answers among them.
    pub answered: u64,
    /// Answers of which only the beginning of the body was kept.
    pub cut: u64,
    /// Whether it ended early, by time or because it was stopped.
    pub early: bool,
    /// Whether it was stopped.
    pub interrupted: bool,
    /// Why a request got no answer, the first time; empty where all got one.
    pub trouble: String,
}

/// Asks the schedule's requests in their order, each after the answer to the one before.
///
/// # Errors
/// [`LoadError`], naming the file. A service that does not answer, or answers nonsense, is no error: that is kept.
pub fn ask(options: &Ask, stop: &Stop) -> Result<AskReport, LoadError> {
    let damaged = |source| LoadError::Schedule {
        path: options.schedule.clone(),
        source,
    };
    let verified = schedule::verify(&mut open(options)?).map_err(damaged)?;
    let mut file = open(options)?;
    let plan = Plan::read(&mut file).map_err(damaged)?;
    let unwritable = |source| LoadError::Write {
        path: options.output.clone(),
        source,
    };
    let mut keeper = Keeper::create(&options.output).map_err(unwritable)?;
    let mut choice = Choice::new(plan.operations().len(), options.requests, options.each);
    let mut conversation = Conversation::new(&plan, options, stop)?;
    let end_ns = now_ns() + u64::try_from(options.longest.as_nanos()).unwrap_or(u64::MAX / 2);
    let (mut chunk, mut early) = (Chunk::new(), false);
    'all: while !choice.is_complete() && chunk.read(&plan, &mut file).map_err(damaged)? {
        for at in 0..chunk.len() {
            let operation = chunk.entry(at).operation;
            if choice.is_complete() {
                break 'all;
            }
            if !choice.takes(operation) {
                continue;
            }
            match conversation.ask(operation, chunk.payload(&plan, at), end_ns)? {
                Reply::Ended(ended) => {
                    let number = chunk.first_index() + at as u64;
                    keeper
                        .keep(number, operation, &ended, conversation.body())
                        .map_err(unwritable)?;
                }
                Reply::TooLate => {
                    early = true;
                    break 'all;
                }
            }
        }
    }
    let counts = keeper.finish().map_err(unwritable)?;
    Ok(AskReport {
        schedule_sha256: verified.sha256,
        operations: plan
            .operations()
            .iter()
            .map(|one| one.name.clone())
            .collect(),
        asked: counts.asked,
        answered: counts.answered,
        cut: counts.cut,
        early,
        interrupted: stop.is_set(),
        trouble: conversation.trouble.unwrap_or_default(),
    })
}

fn open(options: &Ask) -> Result<BufReader<File>, LoadError> {
    let file = File::open(&options.schedule).map_err(|source: io::Error| LoadError::Read {
        path: options.schedule.clone(),
        source,
    })?;
    Ok(BufReader::with_capacity(READ_BYTES, file))
}

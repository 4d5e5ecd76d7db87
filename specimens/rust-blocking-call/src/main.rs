//! Answers how much of its quota a key has left, by a rule that another process hands out and that is valid for
//! a quarter of a second.
//!
//! Planted: the first request that finds the rule too old fetches it in `planted::fetch_rule`, by a read that blocks.
//! The handler is asynchronous and the runtime has one worker, so for the 25 ms that the other side takes no task
//! runs: all requests of that time wait unread in their sockets. The healthy twin has a thread that fetches ahead.

#[cfg(feature = "healthy")]
mod healthy;
#[cfg(not(feature = "healthy"))]
mod planted;

use std::io::{Read, Result, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::AtomicU64;
use std::thread;
use std::time::Duration;

#[cfg(feature = "healthy")]
use healthy::Rules;
use http_server::{Request, draw, tasks};
#[cfg(not(feature = "healthy"))]
use planted::Rules;
use tokio::runtime::Builder;

const VALID: Duration = Duration::from_millis(250);
const OTHER_TAKES: Duration = Duration::from_millis(25);
const RULE: u64 = 1000;

/// The rule in force.
static CURRENT: AtomicU64 = AtomicU64::new(RULE);

fn main() -> Result<()> {
    let rules = Rules::new(other_side()?)?;
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_io().build()?;
    tasks::serve(&runtime, move |request| answer(rules, request))
}

async fn answer(rules: Rules, request: Request) -> String {
    let limit = rules.current();
    let used = draw::of(request.value("key")) % limit;
    format!("{} of {limit} left\n", limit - used)
}

/// Returns a connection to what stands for another process: it takes a byte, and answers with the rule after a while.
fn other_side() -> Result<UnixStream> {
    let (ours, mut theirs) = UnixStream::pair()?;
    thread::Builder::new().name("other-side".to_owned()).spawn(move || -> Result<()> {
        loop {
            theirs.read_exact(&mut [0])?;
            thread::sleep(OTHER_TAKES);
            theirs.write_all(&RULE.to_le_bytes())?;
        }
    })?;
    Ok(ours)
}

/// Asks the other side for the rule, and waits for it.
fn ask(mut other: &UnixStream) -> Result<u64> {
    let mut rule = [0; 8];
    other.write_all(&[1])?;
    other.read_exact(&mut rule)?;
    Ok(u64::from_le_bytes(rule))
}

//! Answers with a number that a request's key decides.
//!
//! Planted: three requests in a hundred, chosen by the number `draw` that each brings along, sleep for 20 ms in
//! `planted::wait_for_replica`. Each connection has a thread, so nobody waits for them, and all that is slower than
//! the p99 slept for nearly all of its time. The healthy twin asks no replica.

#[cfg(feature = "healthy")]
mod healthy;
#[cfg(not(feature = "healthy"))]
mod planted;

#[cfg(feature = "healthy")]
use healthy::wait_for_replica;
use http_server::{Request, draw, threads};
#[cfg(not(feature = "healthy"))]
use planted::wait_for_replica;

/// Of a thousand requests.
const ASK_REPLICA: u64 = 30;

fn main() -> std::io::Result<()> {
    threads::serve(answer)
}

fn answer(request: &Request) -> String {
    if request.value("draw").parse::<u64>().is_ok_and(|drawn| drawn < ASK_REPLICA) {
        wait_for_replica();
    }
    format!("{:016x}\n", draw::of(request.value("key")))
}

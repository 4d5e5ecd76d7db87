//! Invoices and statements of account. What is recent is in memory; the oldest invoices are in an archive, which
//! another service keeps and which takes 40 ms to find one.
//!
//! Planted: the client of the archive is one of blocking sockets, and `fetch::document` calls it from the handler's
//! future. All requests are served by the one thread of a current-thread runtime, which waits in `recv` for those
//! 40 ms while all others that arrive meanwhile stand still: one request in 500 is for an old invoice, about 5 % of the
//! time the thread is blocked, and all requests above the p99 are those and the ones behind them. The healthy twin
//! makes the same call on the blocking pool.

mod api;
mod archive;
#[cfg_attr(feature = "healthy", path = "healthy.rs")]
#[cfg_attr(not(feature = "healthy"), path = "planted.rs")]
mod fetch;
mod ledger;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::{env, io};

use tokio::net::TcpListener;

use archive::Archive;
use ledger::Ledger;

fn main() -> io::Result<()> {
    let port = port().ok_or_else(|| io::Error::other("usage: rust-invoices --port PORT"))?;
    let archive = Archive::connect(archive::start()?);
    let ledger = Arc::new(Ledger::open(archive));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        axum::serve(listener, api::router(ledger)).await
    })
}

fn port() -> Option<u16> {
    let mut args = env::args().skip_while(|arg| arg != "--port");
    args.nth(1)?.parse().ok()
}

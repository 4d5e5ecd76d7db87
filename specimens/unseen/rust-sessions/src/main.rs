//! A store of sessions: look one up, touch one so that it stays alive, list those of a user.
//!
//! Planted: `checkpoint::write` keeps the store's read lock for as long as it takes to spool all pages, about 26 ms,
//! every 380 ms. Other readers pass, until the first touch asks for the write lock: it waits for the checkpoint, and
//! everybody who comes after waits behind it, for a `parking_lot::RwLock` lets no reader overtake a writer. That meets
//! some 5 % of the requests, among them all above the p99. The healthy twin takes the lock anew for each page, and
//! spools without it.

#[cfg_attr(feature = "healthy", path = "healthy.rs")]
#[cfg_attr(not(feature = "healthy"), path = "planted.rs")]
mod checkpoint;
mod http;
mod spool;
mod store;

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use std::{env, io, thread};

use serde::Serialize;

use http::Answer;
use spool::Spool;
use store::Store;

/// Between the end of one checkpoint and the start of the next.
const REST: Duration = Duration::from_millis(350);

fn main() -> io::Result<()> {
    let port = port().ok_or_else(|| io::Error::other("usage: rust-sessions --port PORT"))?;
    let store = Arc::new(Store::restore());
    let kept = Arc::clone(&store);
    thread::Builder::new().name("checkpoint".into()).spawn(move || {
        let mut spool = Spool::default();
        loop {
            thread::sleep(REST);
            kept.checkpoint(&mut spool);
        }
    })?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    for stream in listener.incoming() {
        let stream = stream?;
        let store = Arc::clone(&store);
        thread::Builder::new().name("client".into()).spawn(move || {
            // A client that breaks off harms no other.
            let _ = http::serve(stream, |method, path| route(&store, method, path));
        })?;
    }
    Ok(())
}

fn port() -> Option<u16> {
    let mut args = env::args().skip_while(|arg| arg != "--port");
    args.nth(1)?.parse().ok()
}

fn route(store: &Store, method: &str, path: &str) -> Answer {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (method, parts.as_slice()) {
        ("GET", ["healthz"]) => Answer::text("ok\n"),
        ("GET", ["sessions", id]) => found(number(id).and_then(|id| store.look_up(id))),
        ("POST", ["sessions", id, "touch"]) => found(number(id).and_then(|id| store.touch(id))),
        ("GET", ["users", id, "sessions"]) => found(number(id).map(|user| store.of_user(user))),
        _ => Answer::not_found(),
    }
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok()
}

fn found(value: Option<impl Serialize>) -> Answer {
    value.map_or_else(Answer::not_found, |value| Answer::json(&value))
}

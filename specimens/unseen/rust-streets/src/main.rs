//! A gazetteer: streets by name, by the beginning of a name, and by a name that is misspelt.
//!
//! Planted: a name that is not in the gazetteer is compared with all 16,000 by `spelling::within`, an edit distance
//! that works through its whole matrix before it looks whether the result is near enough: some 10 ms of CPU time for
//! one request, which 3 % of the requests need, and which is what all above the p99 spend their time on. The healthy
//! twin first rules out, by length and by letters, what cannot be near enough.

mod gazetteer;
#[path = "../../http/queries.rs"]
mod http;
#[cfg_attr(feature = "healthy", path = "healthy.rs")]
#[cfg_attr(not(feature = "healthy"), path = "planted.rs")]
mod spelling;

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::{env, io, thread};

use gazetteer::Gazetteer;
use http::{Answer, Query};

fn main() -> io::Result<()> {
    let port = port().ok_or_else(|| io::Error::other("usage: rust-streets --port PORT"))?;
    let gazetteer = Arc::new(Gazetteer::load());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    for stream in listener.incoming() {
        let stream = stream?;
        let gazetteer = Arc::clone(&gazetteer);
        thread::Builder::new().name("client".into()).spawn(move || {
            // A client that breaks off harms no other.
            let _ = http::serve(stream, |path, query| route(&gazetteer, path, query));
        })?;
    }
    Ok(())
}

fn port() -> Option<u16> {
    let mut args = env::args().skip_while(|arg| arg != "--port");
    args.nth(1)?.parse().ok()
}

fn route(gazetteer: &Gazetteer, path: &str, query: &Query) -> Answer {
    match (path, query.get("q")) {
        ("/healthz", _) => Answer::text("ok\n"),
        ("/streets", Some(name)) => Answer::json(&gazetteer.find(name)),
        ("/complete", Some(start)) => Answer::json(&gazetteer.complete(start)),
        ("/nearby", Some(name)) => Answer::json(&gazetteer.nearby(name)),
        _ => Answer::not_found(),
    }
}

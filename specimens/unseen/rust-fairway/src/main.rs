//! Counts where the tracks of ships cross, for those who plan fairways and place buoys.
//!
//! Planted: `Chart::blank` takes the cells of each chart from the system anew. Charts of harbours are small, but that
//! of the strait (`/crossings/strait`, 3 % of the requests) has 36 MB: too large for the allocator to keep, so each
//! such request maps fresh memory, and the tracks, which cross all of it, touch nearly every page for the first time.
//! The kernel's page faults and the zeroing of the pages take most of the time of these, the slowest requests. The
//! healthy twin keeps its charts and wipes only the cells that were marked.

mod crossings;
mod tides;
mod tracks;

#[cfg_attr(feature = "healthy", path = "healthy.rs")]
#[cfg_attr(not(feature = "healthy"), path = "planted.rs")]
mod chart;

#[path = "../../http/queries.rs"]
mod http;

use std::net::{Ipv4Addr, TcpListener};
use std::{env, io, thread};

use crate::http::{Answer, Query};

fn route(path: &str, query: &Query) -> Answer {
    let number = |name| query.get(name)?.parse::<u32>().ok();
    match (path, number("harbour"), number("day")) {
        ("/healthz", ..) => Answer::text("ok\n"),
        ("/tides", Some(harbour), Some(day)) => Answer::json(&tides::at(harbour, day)),
        ("/crossings/harbour", Some(harbour), Some(day)) => Answer::json(&crossings::in_harbour(harbour, day)),
        ("/crossings/strait", _, Some(day)) => Answer::json(&crossings::in_strait(day)),
        _ => Answer::not_found(),
    }
}

fn main() -> io::Result<()> {
    let port = env::args().skip_while(|argument| argument != "--port").nth(1);
    let port = port.and_then(|port| port.parse::<u16>().ok()).ok_or(io::Error::other("--port is missing"))?;
    for stream in TcpListener::bind((Ipv4Addr::LOCALHOST, port))?.incoming() {
        let stream = stream?;
        thread::Builder::new().name("connection".to_owned()).spawn(move || {
            // An error here means that the client has gone: nobody is left to be told.
            let _ = http::serve(stream, route);
        })?;
    }
    Ok(())
}

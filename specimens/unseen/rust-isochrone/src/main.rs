//! Tells travellers which stops are near, what departs there, and how far public transport takes them.
//!
//! Planted: a search (`/isochrone`, 3 % of the requests) labels the stops it reaches in a table with a place for each
//! number of the national register, 36 MiB of zeroes that `labels::with` asks for anew. Nearly each stop lies on a page
//! of its own, so that the search takes thousands of page faults, and as many pages are cleared and given back. Those
//! are the slowest of all requests. The healthy twin keeps its tables, and tells by a stamp what is old.

#[path = "../../http/targets.rs"]
mod http;
mod search;
mod stops;

#[cfg_attr(feature = "healthy", path = "healthy.rs")]
#[cfg_attr(not(feature = "healthy"), path = "planted.rs")]
mod labels;

use std::error::Error;
use std::net::{Ipv4Addr, TcpListener};
use std::{env, thread};

use crate::http::Target;
use crate::stops::Stop;

fn main() -> Result<(), Box<dyn Error>> {
    let port = env::args().skip_while(|argument| argument != "--port").nth(1).ok_or("--port is missing")?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.parse()?))?;
    labels::prepare();
    for stream in listener.incoming() {
        let stream = stream?;
        thread::Builder::new().name("connection".to_owned()).spawn(move || {
            // Whatever goes wrong with a connection ends it and nothing else.
            let _ = http::serve(&stream, route);
        })?;
    }
    Ok(())
}

fn route(target: &Target<'_>) -> (u16, String) {
    let stop = target.number("stop").map(Stop::of);
    match (target.path(), stop) {
        ("/healthz", _) => (200, "ok\n".to_owned()),
        ("/near", Some(stop)) => (200, near(stop)),
        ("/departures", Some(stop)) => (200, departures(stop, target.number("minute").unwrap_or(0))),
        ("/isochrone", Some(stop)) => (200, isochrone(stop, target.number("minutes").unwrap_or(30))),
        ("/near" | "/departures" | "/isochrone", None) => (400, "which stop?\n".to_owned()),
        _ => (404, "no such page\n".to_owned()),
    }
}

fn near(stop: Stop) -> String {
    let mut found = search::around(stop, 4);
    found.sort_unstable_by_key(|(metres, other)| (*metres, other.register_number()));
    let mut text = String::with_capacity(512);
    for (metres, other) in found.into_iter().take(8) {
        text.push_str(&format!("{} {metres} m\n", other.name()));
    }
    text
}

fn departures(stop: Stop, minute: u64) -> String {
    let mut text = format!("{}\n", stop.name());
    for (line, at) in search::timetable(stop, minute % 1440) {
        text.push_str(&format!("{line:>3} {:02}:{:02}\n", at / 60 % 24, at % 60));
    }
    text
}

fn isochrone(stop: Stop, minutes: u64) -> String {
    let reach = search::reach(stop, minutes.clamp(10, 60));
    format!("{}: {} stops, {} of them at the rim, {:016x}\n", stop.name(), reach.stops, reach.rim, reach.digest)
}

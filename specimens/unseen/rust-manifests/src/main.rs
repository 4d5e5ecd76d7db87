//! Checks the lists of pallets that carriers announce, before their lorries are let in.
//!
//! Planted: `CodeHasher`, with which `Pallets` finds a pallet by its code, looks at the first eight bytes alone, as
//! many as the codes of the house have. Carriers of the large lists (4 % of the requests, about two thousand pallets
//! each) use the international numbers of 18 digits, of which the first eight are the carrier's: all of a list have the
//! same hash, and each look-up compares all codes that came before. The time grows with the square of the list, and
//! these are the slowest requests. The hasher of the healthy twin takes in all bytes.

mod connection;
mod manifest;
mod pallets;

#[cfg_attr(feature = "healthy", path = "healthy.rs")]
#[cfg_attr(not(feature = "healthy"), path = "planted.rs")]
mod hasher;

use std::net::{Ipv4Addr, TcpListener};
use std::{env, io, thread};

use serde::Serialize;

use crate::connection::{Answer, Request};
use crate::manifest::Malformed;

fn answer(request: &Request<'_>) -> Answer {
    let (path, query) = request.target.split_once('?').unwrap_or((request.target, ""));
    match (request.method, path) {
        ("GET", "/healthz") => (200, "\"ok\"\n".to_owned()),
        ("GET", "/gates") => match query.strip_prefix("pallets=").and_then(|count| count.parse().ok()) {
            Some(count) => json(&manifest::gate(count)),
            None => (400, "\"how many pallets?\"\n".to_owned()),
        },
        ("POST", "/manifests/check") => list(manifest::check(request.body)),
        ("POST", "/manifests/weigh") => list(manifest::weigh(request.body)),
        _ => (404, "\"not found\"\n".to_owned()),
    }
}

/// What came out for a list, or what is wrong with it.
fn list(outcome: Result<impl Serialize, Malformed>) -> Answer {
    match outcome {
        Ok(value) => json(&value),
        Err(malformed) => (400, format!("\"{malformed}\"\n")),
    }
}

fn json(value: &impl Serialize) -> Answer {
    serde_json::to_string(value).map_or_else(|error| (500, format!("\"{error}\"\n")), |text| (200, text))
}

fn main() -> io::Result<()> {
    let port = env::args().skip_while(|argument| argument != "--port").nth(1);
    let port = port.and_then(|port| port.parse::<u16>().ok()).ok_or(io::Error::other("--port is missing"))?;
    for stream in TcpListener::bind((Ipv4Addr::LOCALHOST, port))?.incoming() {
        let stream = stream?;
        thread::Builder::new().name("carrier".to_owned()).spawn(move || {
            // An error here means that the client has gone: nobody is left to be told.
            let _ = connection::serve(stream, answer);
        })?;
    }
    Ok(())
}

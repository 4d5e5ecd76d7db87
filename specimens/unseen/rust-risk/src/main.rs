//! Prices instruments, tells limits of desks, and values books under scenarios.
//!
//! Planted: a valuation (`/scenario`, 0.6 % of the requests) has 96 shards of equal work, and `fan_out::map` starts a
//! thread for each at once, on one CPU. They all want it at the same time, so that every request that comes meanwhile
//! waits behind them, as does the valuation itself. The healthy twin starts no more threads than there are CPUs.

mod book;
#[path = "../../http/targets.rs"]
mod http;

#[cfg_attr(feature = "healthy", path = "healthy.rs")]
#[cfg_attr(not(feature = "healthy"), path = "planted.rs")]
mod fan_out;

use std::error::Error;
use std::net::{Ipv4Addr, TcpListener};
use std::{env, thread};

use crate::http::Target;

fn main() -> Result<(), Box<dyn Error>> {
    let port = env::args().skip_while(|argument| argument != "--port").nth(1).ok_or("--port is missing")?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.parse()?))?;
    fan_out::prepare();
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
    match target.path() {
        "/healthz" => (200, "ok\n".to_owned()),
        "/price" => match (target.number("instrument"), target.number("day")) {
            (Some(instrument), Some(day)) => (200, price(instrument, day)),
            _ => (400, "which instrument, on which day?\n".to_owned()),
        },
        "/limits" => match target.number("desk") {
            Some(desk) => (200, limits(desk)),
            None => (400, "which desk?\n".to_owned()),
        },
        "/scenario" => match (target.number("book"), target.number("shock")) {
            (Some(book), Some(shock)) => (200, scenario(book, shock)),
            _ => (400, "which book, and what happens to it?\n".to_owned()),
        },
        _ => (404, "no such page\n".to_owned()),
    }
}

fn price(instrument: u64, day: u64) -> String {
    let contract = book::Contract::of(instrument);
    format!("{{\"instrument\":{instrument},\"day\":{day},\"cents\":{}}}\n", contract.cents_on(day % 365))
}

fn limits(desk: u64) -> String {
    let lines: Vec<String> = book::limits(desk).map(|(name, cents)| format!("\"{name}\":{cents}")).collect();
    format!("{{\"desk\":{desk},{}}}\n", lines.join(","))
}

fn scenario(book: u64, shock: u64) -> String {
    let losses = fan_out::map(book::SHARDS, |shard| book::loss(book, shard, shock % 100));
    let total: i64 = losses.iter().sum();
    let worst = losses.iter().max().copied().unwrap_or(0);
    format!("{{\"book\":{book},\"shards\":{},\"loss\":{total},\"worst\":{worst}}}\n", losses.len())
}

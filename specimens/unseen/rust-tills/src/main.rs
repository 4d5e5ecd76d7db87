//! Says what members of a shop's club save on a basket, with their points and the vouchers that they hold.
//!
//! Planted: accounts that were merged into others are no longer in the register of members, and `ledger::reply` has
//! nothing to say of them: the register does not answer at all. `Register::points` then waits until its read times out
//! after 80 ms, and goes on with an estimate. That is so for one member in 25; these are the slowest requests, and the
//! wait is nearly all of their time. In the healthy twin the register says at once that it has no such account, and the
//! estimate is the same.

mod basket;
mod directory;
mod register;

#[cfg_attr(feature = "healthy", path = "healthy.rs")]
#[cfg_attr(not(feature = "healthy"), path = "planted.rs")]
mod ledger;

#[path = "../../http/queries.rs"]
mod http;

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::{env, io, thread};

use crate::basket::Savings;
use crate::http::{Answer, Query};
use crate::register::Register;

fn route(register: &Register, path: &str, query: &Query) -> Answer {
    let number = |name| query.get(name)?.parse::<u32>().ok();
    match (path, number("member"), number("cents")) {
        ("/healthz", ..) => Answer::text("ok\n"),
        ("/savings", Some(member), Some(cents)) => Answer::json(&savings(register, member, cents)),
        ("/vouchers", Some(member), _) => Answer::json(&basket::vouchers(member)),
        _ => Answer::not_found(),
    }
}

fn savings(register: &Register, member: u32, cents: u32) -> Savings {
    // Customers at the till are served even if nobody knows how many points they have.
    match register.points(member) {
        Ok(Some(points)) => Savings::new(member, cents, points, true),
        Ok(None) | Err(_) => Savings::new(member, cents, basket::usual_points(member), false),
    }
}

fn main() -> io::Result<()> {
    let port = env::args().skip_while(|argument| argument != "--port").nth(1);
    let port = port.and_then(|port| port.parse::<u16>().ok()).ok_or(io::Error::other("--port is missing"))?;
    let register = Arc::new(Register::at(directory::start()?));
    for stream in TcpListener::bind((Ipv4Addr::LOCALHOST, port))?.incoming() {
        let (stream, register) = (stream?, Arc::clone(&register));
        thread::Builder::new().name("till".to_owned()).spawn(move || {
            // An error here means that the client has gone: nobody is left to be told.
            let _ = http::serve(stream, |path, query| route(&register, path, query));
        })?;
    }
    Ok(())
}

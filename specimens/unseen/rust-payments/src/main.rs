//! Tells balances and fees, and takes transfers between accounts.
//!
//! Planted: a transfer (`/transfers`, 2 % of the requests) has four postings, and `Journal::note` writes each of them to
//! the audit file and waits until the disk has it. These requests are the slowest of all, and nearly all of their time
//! is the waiting for the file. The healthy twin leaves writing to a thread of its own.

mod accounts;
mod http;

#[cfg_attr(feature = "healthy", path = "healthy.rs")]
#[cfg_attr(not(feature = "healthy"), path = "planted.rs")]
mod journal;

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::{env, io, process, thread};

use crate::accounts::{Accounts, Refused};
use crate::http::{Answer, Request};
use crate::journal::Journal;

fn main() -> Result<(), Box<dyn Error>> {
    let port = env::args().skip_while(|argument| argument != "--port").nth(1).ok_or("--port is missing")?;
    let accounts = Arc::new(Accounts::new(Journal::new(audit_file()?)?));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.parse()?))?;
    for stream in listener.incoming() {
        let (stream, accounts) = (stream?, Arc::clone(&accounts));
        thread::Builder::new().name("teller".to_owned()).spawn(move || {
            // Whatever goes wrong with a connection ends it and nothing else.
            let _ = http::serve(&stream, |request| route(request, &accounts));
        })?;
    }
    Ok(())
}

/// Has no name any more once it is open, so that it ends with the process.
fn audit_file() -> io::Result<File> {
    let path = env::temp_dir().join(format!("payments-audit-{}.log", process::id()));
    let file = OpenOptions::new().append(true).create_new(true).open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

fn route(request: &Request<'_>, accounts: &Accounts) -> Answer {
    let (status, body) = match (request.method, request.path) {
        ("GET", "/healthz") => (200, "ok\n".to_owned()),
        ("GET", "/balance") => match request.number("account") {
            Some(account) => (200, accounts.statement(account)),
            None => (400, "which account?\n".to_owned()),
        },
        ("GET", "/fee") => match (request.number("from"), request.number("cents")) {
            (Some(from), Some(cents)) => (200, format!("{{\"fee\":{}}}\n", accounts.fee(from, cents))),
            _ => (400, "from which account, and how much?\n".to_owned()),
        },
        ("POST", "/transfers") => transfer(request.body, accounts),
        _ => (404, "no such page\n".to_owned()),
    };
    Answer { status, body }
}

fn transfer(body: &[u8], accounts: &Accounts) -> (u16, String) {
    match serde_json::from_slice(body).map(|transfer| accounts.take(&transfer)) {
        Ok(Ok(receipt)) => (200, receipt),
        Ok(Err(Refused::Amount)) => (422, "no such amount can be transferred\n".to_owned()),
        Ok(Err(Refused::Audit(error))) => (503, format!("not noted: {error}\n")),
        Err(error) => (400, format!("{error}\n")),
    }
}

//! An exchange desk: quotes, conversions and baskets from a book of rates that a background thread keeps fresh.
//!
//! Planted: `refresh::pass` goes through the book by `DashMap::iter_mut` and polls the feed, half a millisecond a
//! symbol, for each entry. The iterator keeps the write lock of the shard that it is in, so each shard is closed for
//! the time of all its symbols, about 14 ms, twice a second; who asks for one of them meanwhile waits for the rest of
//! that: about 3 % of the requests, and all that are above the p99. The healthy twin polls first and stores after.

mod book;
mod feed;
#[path = "../../http/queries.rs"]
mod http;
#[cfg_attr(feature = "healthy", path = "healthy.rs")]
#[cfg_attr(not(feature = "healthy"), path = "planted.rs")]
mod refresh;

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use std::{env, io, thread};

use book::Book;
use feed::Feed;
use http::{Answer, Query};

/// Between the end of one refresh and the start of the next.
const REST: Duration = Duration::from_millis(250);

fn main() -> io::Result<()> {
    let port = port().ok_or_else(|| io::Error::other("usage: rust-fx-desk --port PORT"))?;
    let feed = Feed;
    let book = Arc::new(Book::open(&feed));
    let kept = Arc::clone(&book);
    thread::Builder::new().name("refresh".into()).spawn(move || {
        loop {
            thread::sleep(REST);
            kept.refresh(&feed);
        }
    })?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    for stream in listener.incoming() {
        let stream = stream?;
        let book = Arc::clone(&book);
        thread::Builder::new().name("client".into()).spawn(move || {
            // A client that breaks off harms no other.
            let _ = http::serve(stream, |path, query| route(&book, path, query));
        })?;
    }
    Ok(())
}

fn port() -> Option<u16> {
    let mut args = env::args().skip_while(|arg| arg != "--port");
    args.nth(1)?.parse().ok()
}

fn route(book: &Book, path: &str, query: &Query) -> Answer {
    match path {
        "/healthz" => Answer::text("ok\n"),
        "/quote" => match query.get("symbol").and_then(|symbol| book.quote(symbol)) {
            Some(quote) => Answer::json(&quote),
            None => Answer::not_found(),
        },
        "/convert" => match convert(book, query) {
            Some(conversion) => Answer::json(&conversion),
            None => Answer::not_found(),
        },
        "/basket" => Answer::json(&book.basket(query.get("symbols").unwrap_or_default().split(','))),
        _ => Answer::not_found(),
    }
}

fn convert(book: &Book, query: &Query) -> Option<book::Conversion> {
    let amount = query.get("amount")?.parse().ok()?;
    book.convert(query.get("from")?, query.get("to")?, amount)
}

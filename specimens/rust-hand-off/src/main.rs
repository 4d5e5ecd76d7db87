//! Books what requests ask for, and hands what was booked to the next system after each hundred.
//!
//! Planted: `planted::book` passes each request to one thread through a channel and waits for its answer. That thread
//! also hands over, which takes 25 ms of waiting; the requests of that time stand in the channel. The healthy twin
//! books in the thread of the connection, and wakes a thread that hands over.

#[cfg(feature = "healthy")]
mod healthy;
#[cfg(not(feature = "healthy"))]
mod planted;

use std::thread;
use std::time::Duration;

#[cfg(feature = "healthy")]
use healthy::Book;
use http_server::{Request, draw, threads};
#[cfg(not(feature = "healthy"))]
use planted::Book;

const BATCH: u64 = 100;
const NEXT_SYSTEM_TAKES: Duration = Duration::from_millis(25);

fn main() -> std::io::Result<()> {
    let book = Book::open()?;
    threads::serve(move |request| answer(&book, request))
}

fn answer(book: &Book, request: &Request) -> String {
    let number = book.book(draw::of(request.value("key")));
    format!("booked under {number:016x}\n")
}

/// Returns the number under which an order is booked.
fn entry(order: u64) -> u64 {
    draw::mix(order)
}

/// Stands for handing a batch to another system: it takes time, and no CPU.
fn hand_over() {
    thread::sleep(NEXT_SYSTEM_TAKES);
}

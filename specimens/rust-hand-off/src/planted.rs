//! One thread for all.

use std::io::Result;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crate::{BATCH, entry, hand_over};

struct Order {
    number: u64,
    booked: Sender<u64>,
}

/// The way to the thread that books.
pub(crate) struct Book {
    orders: Sender<Order>,
}

impl Book {
    pub(crate) fn open() -> Result<Self> {
        let (orders, incoming) = channel();
        thread::Builder::new().name("bookkeeper".to_owned()).spawn(move || keep(&incoming))?;
        Ok(Self { orders })
    }

    pub(crate) fn book(&self, order: u64) -> u64 {
        book(&self.orders, order).unwrap_or_default()
    }
}

/// The planted cause: where requests wait for the one thread.
#[inline(never)]
fn book(orders: &Sender<Order>, number: u64) -> Option<u64> {
    let (booked, answer) = channel();
    orders.send(Order { number, booked }).ok()?;
    answer.recv().ok()
}

/// The one thread.
#[inline(never)]
fn keep(incoming: &Receiver<Order>) {
    for (count, order) in (1..).zip(incoming) {
        // Who does not wait any more needs no answer.
        let _ = order.booked.send(entry(order.number));
        if u64::is_multiple_of(count, BATCH) {
            hand_over();
        }
    }
}

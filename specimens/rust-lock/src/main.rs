//! Tells the price of a product from a table that is fetched anew four times a second.
//!
//! Planted: `planted::refresh` holds the table's mutex while it waits 25 ms for the new one. A tenth of the requests
//! come in that time and wait in `planted::price` for the lock. No request waits for the source itself, and nobody
//! computes. The healthy twin fetches first and locks then.

#[cfg(feature = "healthy")]
mod healthy;
#[cfg(not(feature = "healthy"))]
mod planted;

use std::io::Result;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

#[cfg(feature = "healthy")]
use healthy::{price, refresh};
use http_server::{Request, draw, threads};
#[cfg(not(feature = "healthy"))]
use planted::{price, refresh};

const PRODUCTS: u64 = 1000;
const PAUSE: Duration = Duration::from_millis(225);
const SOURCE_TAKES: Duration = Duration::from_millis(25);

static TABLE: Mutex<Vec<u64>> = Mutex::new(Vec::new());

fn main() -> Result<()> {
    *TABLE.lock().unwrap_or_else(PoisonError::into_inner) = prices();
    thread::Builder::new().name("refresh".to_owned()).spawn(|| {
        loop {
            thread::sleep(PAUSE);
            refresh();
        }
    })?;
    threads::serve(answer)
}

fn answer(request: &Request) -> String {
    let product = draw::of(request.value("key")) % PRODUCTS;
    format!("product {product} costs {}\n", price(product as usize))
}

fn prices() -> Vec<u64> {
    (0..PRODUCTS).map(|product| 100 + draw::mix(product) % 900).collect()
}

/// Stands for a slow source of prices: it takes time, and no CPU.
fn fetch() -> Vec<u64> {
    thread::sleep(SOURCE_TAKES);
    prices()
}

//! Keeps the register of a loyalty scheme: tills ask for members' levels and offers, and report purchases.
//!
//! Planted: `Scheme::settle` takes the register's lock (a `tokio::sync::RwLock`) for writing before it asks the
//! clearing house to confirm a purchase, and holds it until the answer is there, some 15 ms later. Purchases are 3 %
//! of the requests, and are settled after they were answered; but all that want to read the register meanwhile wait
//! for the lock, and these are the slowest. The healthy twin asks first, and takes the lock only to write the booking
//! down.

mod api;
mod clearing;
mod offers;
mod register;

#[cfg_attr(feature = "healthy", path = "healthy.rs")]
#[cfg_attr(not(feature = "healthy"), path = "planted.rs")]
mod settlement;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::{env, io};

use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::RwLock;

use crate::clearing::Clearing;
use crate::register::Register;

/// What the handlers share.
struct Scheme {
    register: RwLock<Register>,
    clearing: Clearing,
}

async fn serve(port: u16) -> io::Result<()> {
    let clearing = Clearing::at(clearing::open_house()?);
    let scheme = Arc::new(Scheme { register: RwLock::new(Register::with(20_000)), clearing });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    axum::serve(listener, api::routes(scheme)).await
}

fn main() -> io::Result<()> {
    let port = env::args().skip_while(|argument| argument != "--port").nth(1);
    let port = port.and_then(|port| port.parse::<u16>().ok()).ok_or(io::Error::other("--port is missing"))?;
    Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(serve(port))
}

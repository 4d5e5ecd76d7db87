//! Shipping offers: what a parcel costs and how long it takes, from the replicas of a carrier's tariff service.
//!
//! Planted: one of the 32 slots of the carrier's ring (`ring::slots`) still leads to a replica that hangs: it takes
//! connections and requests and answers none. For the 3 % of the postcodes in that slot, `Carrier::tariff` waits for
//! its time-out of 40 ms, backs off for 15 to 25 ms and then gets its answer from the next slot; these requests are
//! the ones above the p99. The healthy twin's ring has live replicas only.

mod api;
mod carrier;
mod offers;
mod replica;
#[cfg_attr(feature = "healthy", path = "healthy.rs")]
#[cfg_attr(not(feature = "healthy"), path = "planted.rs")]
mod ring;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::{env, io};

use tokio::net::TcpListener;

use carrier::Carrier;
use offers::Offers;

fn main() -> io::Result<()> {
    let port = port().ok_or_else(|| io::Error::other("usage: rust-shipping --port PORT"))?;
    let fleet = replica::start()?;
    let offers = Arc::new(Offers::new(Carrier::new(ring::slots(&fleet))));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        axum::serve(listener, api::router(offers)).await
    })
}

fn port() -> Option<u16> {
    let mut args = env::args().skip_while(|arg| arg != "--port");
    args.nth(1)?.parse().ok()
}

//! The clearing house, which pays for the points: its client, and the house that stands in for it on the loopback.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use std::{io, thread};

use axum::Router;
use axum::extract::Query;
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::time::sleep;

use crate::register::Purchase;

/// How long the house takes for a confirmation.
const TAKES: Duration = Duration::from_millis(15);

pub(crate) struct Clearing {
    client: reqwest::Client,
    confirmations: String,
}

impl Clearing {
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self { client: reqwest::Client::new(), confirmations: format!("http://{address}/confirmations") }
    }

    /// The receipt for a purchase.
    pub(crate) async fn confirm(&self, purchase: &Purchase) -> reqwest::Result<String> {
        let url = format!("{}?member={}&cents={}", self.confirmations, purchase.member, purchase.cents);
        self.client.post(url).send().await?.error_for_status()?.text().await
    }
}

/// Opens a house with a thread of its own.
pub(crate) fn open_house() -> io::Result<SocketAddr> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let house = async move {
        let router = Router::new().route("/confirmations", post(confirmed));
        axum::serve(TcpListener::from_std(listener)?, router).await
    };
    thread::Builder::new().name("clearing".into()).spawn(move || runtime.block_on(house))?;
    Ok(address)
}

async fn confirmed(Query(purchase): Query<Purchase>) -> String {
    sleep(TAKES).await;
    let kind = if purchase.cents > 50_000 { 'M' } else { 'C' };
    format!("{kind}{:06}-{}", purchase.member, purchase.points())
}

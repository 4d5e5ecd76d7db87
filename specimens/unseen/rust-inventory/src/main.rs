//! Tells what a shop sells and has in stock, and reserves it for orders.
//!
//! Planted: one thread, the keeper, owns the stock; handlers send it commands and wait for its answers. After every 40
//! reservations it ships their events to the replica (`Keeper::seal`) and waits 40 ms for the acknowledgement. All who
//! send a command meanwhile wait, without any CPU time, for that thread. The healthy twin has a second thread ship.

mod keeper;
mod replica;
mod stock;

#[cfg_attr(feature = "healthy", path = "healthy.rs")]
#[cfg_attr(not(feature = "healthy"), path = "planted.rs")]
mod shipping;

use std::env;
use std::error::Error;
use std::net::Ipv4Addr;

use axum::Router;
use axum::extract::{Json, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::keeper::KeeperHandle;
use crate::shipping::Shipping;
use crate::stock::{Article, Availability, Reservation};

#[derive(Deserialize)]
struct Sku {
    sku: u32,
}

#[derive(Deserialize)]
struct Order {
    order: u64,
    sku: u32,
    pieces: u32,
}

#[derive(Serialize)]
struct Listing {
    article: Article,
    similar: Vec<Article>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let port = env::args().skip_while(|argument| argument != "--port").nth(1).ok_or("--port is missing")?;
    let replica = replica::start()?;
    let keeper = keeper::start(Shipping::to(replica)?)?;
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/articles", get(article))
        .route("/stock", get(available))
        .route("/reservations", post(reserve))
        .with_state(keeper);
    Runtime::new()?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.parse()?)).await?;
        axum::serve(listener, router).await?;
        Ok(())
    })
}

async fn article(Query(Sku { sku }): Query<Sku>) -> Json<Listing> {
    let similar = (1..=5).map(|step| Article::of(sku.wrapping_add(step * 97))).collect();
    Json(Listing { article: Article::of(sku), similar })
}

async fn available(
    State(keeper): State<KeeperHandle>,
    Query(Sku { sku }): Query<Sku>,
) -> Result<Json<Availability>, StatusCode> {
    keeper.look_up(sku).await.map(Json).ok_or(StatusCode::SERVICE_UNAVAILABLE)
}

async fn reserve(
    State(keeper): State<KeeperHandle>,
    Json(Order { order, sku, pieces }): Json<Order>,
) -> Result<Json<Reservation>, StatusCode> {
    if pieces == 0 || pieces > stock::MOST_PIECES {
        return Err(StatusCode::UNPROCESSABLE_ENTITY);
    }
    keeper.reserve(order, sku, pieces).await.map(Json).ok_or(StatusCode::SERVICE_UNAVAILABLE)
}

//! What tills may ask.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use serde::{Deserialize, Serialize};

use crate::Scheme;
use crate::offers::{self, Offer};
use crate::register::{Level, Member, Purchase};

#[derive(Deserialize)]
struct Basket {
    cents: u32,
}

#[derive(Serialize)]
struct Suggestions {
    member: u32,
    level: Level,
    offers: Vec<Offer>,
}

#[derive(Serialize)]
struct Credit {
    member: u32,
    points: u32,
}

pub(crate) fn routes(scheme: Arc<Scheme>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/members/{number}", get(card))
        .route("/members/{number}/offers", get(suggest))
        .route("/purchases", post(report))
        .with_state(scheme)
}

async fn card(State(scheme): State<Arc<Scheme>>, Path(number): Path<u32>) -> Result<Json<Member>, StatusCode> {
    scheme.member(number).await.map(Json)
}

async fn suggest(
    State(scheme): State<Arc<Scheme>>,
    Path(number): Path<u32>,
    Query(basket): Query<Basket>,
) -> Result<Json<Suggestions>, StatusCode> {
    let member = scheme.member(number).await?;
    let offers = offers::best(&member, basket.cents);
    Ok(Json(Suggestions { member: number, level: member.level, offers }))
}

/// Credits a purchase at once; it is settled when the till has its answer.
async fn report(
    State(scheme): State<Arc<Scheme>>,
    Form(purchase): Form<Purchase>,
) -> Result<(StatusCode, Json<Credit>), StatusCode> {
    let credit = Credit { member: purchase.member, points: purchase.points() };
    if credit.points == 0 {
        return Err(StatusCode::UNPROCESSABLE_ENTITY);
    }
    tokio::spawn(async move {
        if let Err(error) = scheme.settle(purchase).await {
            eprintln!("a purchase was not settled: {error}");
        }
    });
    Ok((StatusCode::ACCEPTED, Json(credit)))
}

impl Scheme {
    /// A copy of what the register says of a member.
    async fn member(&self, number: u32) -> Result<Member, StatusCode> {
        self.register.read().await.member(number).cloned().ok_or(StatusCode::NOT_FOUND)
    }
}

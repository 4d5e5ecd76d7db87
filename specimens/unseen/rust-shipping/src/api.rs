//! What is served under which path.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;

use crate::offers::{Offer, Offers, Zone};

#[derive(Deserialize)]
struct Parcel {
    postcode: u32,
    grams: u64,
    #[serde(default)]
    express: bool,
}

pub(crate) fn router(offers: Arc<Offers>) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/offer", get(offer))
        .route("/zones/{postcode}", get(zone))
        .with_state(offers)
}

async fn offer(State(offers): State<Arc<Offers>>, Query(parcel): Query<Parcel>) -> Result<Json<Offer>, StatusCode> {
    let offer = offers.offer(parcel.postcode, parcel.grams, parcel.express).await;
    offer.map(Json).map_err(|_| StatusCode::BAD_GATEWAY)
}

async fn zone(State(offers): State<Arc<Offers>>, Path(postcode): Path<u32>) -> Json<Zone> {
    Json(offers.zone(postcode))
}

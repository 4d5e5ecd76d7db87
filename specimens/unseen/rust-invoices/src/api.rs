//! What is served under which path.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};

use crate::ledger::{Ledger, Missing, Statement};

pub(crate) fn router(ledger: Arc<Ledger>) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/invoices/{id}", get(invoice))
        .route("/customers/{id}/statement", get(statement))
        .with_state(ledger)
}

async fn invoice(State(ledger): State<Arc<Ledger>>, Path(id): Path<u32>) -> Result<String, StatusCode> {
    ledger.invoice(id).await.map_err(status)
}

async fn statement(State(ledger): State<Arc<Ledger>>, Path(id): Path<u32>) -> Result<Json<Statement>, StatusCode> {
    ledger.statement(id).map(Json).map_err(status)
}

fn status(missing: Missing) -> StatusCode {
    match missing {
        Missing::Unknown => StatusCode::NOT_FOUND,
        Missing::Unreachable => StatusCode::BAD_GATEWAY,
    }
}

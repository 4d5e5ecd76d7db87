//! The HTTP interface.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};

use crate::suggest::Suggester;

const MOST: usize = 100;

#[derive(Deserialize)]
struct Parameters {
    /// What was typed so far; its last word is taken as the beginning of a word.
    q: String,
    /// How many suggestions to return.
    #[serde(default = "ten")]
    n: usize,
}

fn ten() -> usize {
    10
}

#[derive(Serialize)]
struct Answer<'a, Suggestion> {
    query: &'a str,
    suggestions: Vec<Suggestion>,
}

/// The routes of the service.
pub fn routes(suggester: Arc<Suggester>) -> Router {
    Router::new().route("/healthz", get(|| async { "ok\n" })).route("/suggest", get(suggest)).with_state(suggester)
}

async fn suggest(State(suggester): State<Arc<Suggester>>, Query(asked): Query<Parameters>) -> Response {
    let suggestions = suggester.suggest(&asked.q, asked.n.min(MOST));
    Json(Answer { query: &asked.q, suggestions }).into_response()
}

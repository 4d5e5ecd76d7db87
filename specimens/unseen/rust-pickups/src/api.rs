//! What shops and pickers may ask.

use poem::http::StatusCode;
use poem::web::{Data, Form, Json, Path, Query};
use poem::{Endpoint, EndpointExt, IntoResponse, Result, Route, get, handler, post};
use serde::{Deserialize, Serialize};

use crate::keeper::{Closed, Desk};
use crate::stock::{Order, Shelf};
use crate::walk;

#[derive(Deserialize)]
struct Picker {
    /// The first of the articles to pick.
    first: u32,
    count: u32,
}

#[derive(Serialize)]
struct Article {
    article: u32,
    pieces: u32,
    shelf: Shelf,
}

pub(crate) fn routes(desk: Desk) -> impl Endpoint {
    Route::new()
        .at("/healthz", get(healthz))
        .at("/articles/:article", get(article))
        .at("/walks", get(plan))
        .at("/orders", post(order))
        .data(desk)
}

#[handler]
fn healthz() -> &'static str {
    "ok\n"
}

#[handler]
async fn article(Path(article): Path<u32>, Data(desk): Data<&Desk>) -> Result<Json<Article>> {
    let places = desk.locate(vec![article]).await.map_err(closed)?;
    let (shelf, pieces) = places.first().copied().ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(Article { article, pieces, shelf }))
}

#[handler]
async fn plan(Query(picker): Query<Picker>, Data(desk): Data<&Desk>) -> Result<Json<walk::Walk>> {
    let articles = (0..picker.count.min(100)).map(|nth| picker.first + nth * 331).collect();
    let places = desk.locate(articles).await.map_err(closed)?;
    let shelves: Vec<Shelf> = places.into_iter().map(|(shelf, _)| shelf).collect();
    Ok(Json(walk::shortest(&shelves)))
}

#[handler]
async fn order(Form(order): Form<Order>, Data(desk): Data<&Desk>) -> Result<impl IntoResponse> {
    let slip = desk.order(order).await.map_err(closed)?.ok_or(StatusCode::NOT_FOUND)?;
    Ok((StatusCode::ACCEPTED, Json(slip)))
}

fn closed(Closed: Closed) -> poem::Error {
    StatusCode::SERVICE_UNAVAILABLE.into()
}

//! What is served under which path.

use actix_web::web::{Json, Path, ServiceConfig};
use actix_web::{Responder, get, post};
use serde::{Deserialize, Serialize};

use crate::preview;

/// What a customer uploads.
#[derive(Deserialize)]
pub(crate) struct Upload {
    pub(crate) list: String,
    pub(crate) recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
pub(crate) struct Recipient {
    pub(crate) name: String,
    pub(crate) address: String,
}

#[derive(Serialize)]
struct Quota {
    list: u32,
    members: u32,
    left: u32,
}

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(healthz).service(quota).service(upload);
}

#[get("/healthz")]
async fn healthz() -> impl Responder {
    "ok\n"
}

#[get("/lists/{list}/quota")]
async fn quota(list: Path<u32>) -> impl Responder {
    let list = list.into_inner();
    let members = list.wrapping_mul(2_654_435_761) % 50_000;
    Json(Quota { list, members, left: 50_000 - members })
}

#[post("/lists/preview")]
async fn upload(upload: Json<Upload>) -> impl Responder {
    Json(preview::of(&upload))
}

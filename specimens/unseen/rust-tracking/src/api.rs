//! What customers may ask.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde::Serialize;

use crate::arrival;
use crate::pool::Pool;

type Answer = Response<Full<Bytes>>;

pub(crate) async fn answer(pool: &Pool, request: Request<Incoming>) -> Result<Answer, Infallible> {
    if request.method() != Method::GET {
        return Ok(text(StatusCode::METHOD_NOT_ALLOWED, "only GET\n"));
    }
    let path = request.uri().path();
    if path == "/healthz" {
        return Ok(text(StatusCode::OK, "ok\n"));
    }
    let mut parts = path.trim_start_matches('/').split('/');
    let (Some("parcels"), Some(number), page, None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Ok(text(StatusCode::NOT_FOUND, "no such page\n"));
    };
    let Ok(parcel) = number.parse::<u32>() else {
        return Ok(text(StatusCode::BAD_REQUEST, "parcels have numbers\n"));
    };
    let scans = match pool.scans(parcel).await {
        Ok(scans) => scans,
        Err(error) => {
            eprintln!("scans of parcel {parcel}: {error}");
            return Ok(text(StatusCode::BAD_GATEWAY, "the scan store does not answer\n"));
        }
    };
    Ok(match page {
        None => json(&scans.last()),
        Some("scans") => json(&scans),
        Some("arrival") => json(&arrival::expected(parcel, &scans)),
        Some(_) => text(StatusCode::NOT_FOUND, "no such page\n"),
    })
}

fn json(value: &impl Serialize) -> Answer {
    match serde_json::to_vec(value) {
        Ok(body) => {
            let mut answer = Response::new(Full::from(body));
            answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            answer
        }
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "no JSON\n"),
    }
}

fn text(status: StatusCode, body: &'static str) -> Answer {
    let mut answer = Response::new(Full::from(body));
    *answer.status_mut() = status;
    answer
}

//! Quotes what it costs to ship a parcel, within the country and to others.
//!
//! Planted: the tariff for other countries is a table of JSON in the program, and `Tariff::in_force` parses all of it
//! for each quote that needs it (`/quotes/abroad`, 4 % of the requests). These are the slowest of all requests, and
//! nearly all of their time is that parsing. The healthy twin parses it once, when it starts.

mod domestic;
mod tariff;

#[cfg_attr(feature = "healthy", path = "healthy.rs")]
#[cfg_attr(not(feature = "healthy"), path = "planted.rs")]
mod table;

use std::env;
use std::io;
use std::net::Ipv4Addr;

use actix_web::web::{Json, Query};
use actix_web::{App, HttpServer, Responder, error, get};
use serde::{Deserialize, Serialize};

use crate::tariff::Tariff;

#[derive(Deserialize)]
struct Postcode {
    postcode: u32,
}

#[derive(Deserialize)]
struct Parcel {
    postcode: u32,
    grams: u32,
}

#[derive(Deserialize)]
struct ParcelAbroad {
    country: usize,
    grams: u32,
    insured: Option<u32>,
}

#[derive(Serialize)]
struct Quote {
    service: &'static str,
    cents: u32,
    days: u32,
}

#[get("/healthz")]
async fn healthz() -> impl Responder {
    "ok\n"
}

#[get("/zones")]
async fn zones(asked: Query<Postcode>) -> impl Responder {
    Json(domestic::zone(asked.postcode))
}

#[get("/quotes/domestic")]
async fn quote_domestic(parcel: Query<Parcel>) -> actix_web::Result<impl Responder> {
    let quotes: Vec<Quote> = domestic::offers(parcel.postcode, parcel.grams)
        .map(|(service, cents, days)| Quote { service, cents, days })
        .collect();
    if quotes.is_empty() {
        return Err(error::ErrorUnprocessableEntity("too heavy\n"));
    }
    Ok(Json(quotes))
}

#[get("/quotes/abroad")]
async fn quote_abroad(parcel: Query<ParcelAbroad>) -> actix_web::Result<impl Responder> {
    let tariff = Tariff::in_force().map_err(error::ErrorInternalServerError)?;
    let country = tariff.country(parcel.country).ok_or_else(|| error::ErrorNotFound("no such country\n"))?;
    let quotes: Vec<Quote> = country
        .offers(parcel.grams, parcel.insured.unwrap_or(0))
        .map(|(service, cents, days)| Quote { service, cents, days })
        .collect();
    Ok(Json(quotes))
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    let port = env::args().skip_while(|argument| argument != "--port").nth(1);
    let port = port.and_then(|port| port.parse::<u16>().ok()).ok_or(io::Error::other("--port is missing"))?;
    Tariff::in_force().map_err(io::Error::other)?;
    HttpServer::new(|| App::new().service(healthz).service(zones).service(quote_domestic).service(quote_abroad))
        .bind((Ipv4Addr::LOCALHOST, port))?
        .run()
        .await
}

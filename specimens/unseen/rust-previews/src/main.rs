//! Makes previews of scanned pages, and takes volumes over from the archive.
//!
//! Planted: the server may have two blocking threads, one for each core, as previews are sheer computation
//! (`pools::BLOCKING_THREADS`). But taking a volume over (3 % of the requests, answered before it is done) is a
//! blocking job too, and its thread waits 60 ms for the archive. When two are under way, all previews wait in the
//! queue of the blocking pool, and these are the slowest requests. The healthy twin has threads enough for all jobs.

mod archive;
mod pages;
mod volumes;

#[cfg_attr(feature = "healthy", path = "healthy.rs")]
#[cfg_attr(not(feature = "healthy"), path = "planted.rs")]
mod pools;

use std::net::Ipv4Addr;
use std::{env, io};

use actix_web::http::header::ContentType;
use actix_web::web::{self, Data, Form, Json, Path, Query};
use actix_web::{App, HttpResponse, HttpServer, Responder, error, get, post};
use serde::{Deserialize, Serialize};

use crate::archive::Archive;
use crate::volumes::Volumes;

#[derive(Deserialize)]
struct Size {
    width: u32,
}

#[derive(Deserialize)]
struct TakeOver {
    volume: u32,
}

#[derive(Serialize)]
struct Accepted {
    volume: u32,
    pages: u32,
}

#[get("/healthz")]
async fn healthz() -> impl Responder {
    "ok\n"
}

#[get("/pages/{page}")]
async fn description(page: Path<u32>) -> impl Responder {
    Json(pages::describe(*page))
}

#[get("/pages/{page}/preview.png")]
async fn preview(page: Path<u32>, size: Query<Size>) -> actix_web::Result<impl Responder> {
    if !(8..=96).contains(&size.width) {
        return Err(error::ErrorUnprocessableEntity("no such size\n"));
    }
    let picture =
        web::block(move || pages::preview(*page, size.width)).await?.map_err(error::ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().content_type(ContentType::png()).body(picture))
}

#[post("/volumes")]
async fn take_over(asked: Form<TakeOver>, volumes: Data<Volumes>) -> impl Responder {
    let volume = asked.volume;
    let job = web::block(move || {
        if let Err(error) = volumes.take_over(volume) {
            eprintln!("volume {volume} was not taken over: {error}");
        }
    });
    // Nobody waits for it: the job runs all the same.
    drop(job);
    HttpResponse::Accepted().json(Accepted { volume, pages: volumes::pages(volume) })
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    let port = env::args().skip_while(|argument| argument != "--port").nth(1);
    let port = port.and_then(|port| port.parse::<u16>().ok()).ok_or(io::Error::other("--port is missing"))?;
    let volumes = Data::new(Volumes::of(Archive::at(archive::open()?)));
    HttpServer::new(move || {
        let app = App::new().app_data(Data::clone(&volumes));
        app.service(healthz).service(description).service(preview).service(take_over)
    })
    .workers(1)
    .worker_max_blocking_threads(pools::BLOCKING_THREADS)
    .bind((Ipv4Addr::LOCALHOST, port))?
    .run()
    .await
}

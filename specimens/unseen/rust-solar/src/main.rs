//! Tells what solar panels on a roof would yield, month by month, and surveys the roofs of whole districts.
//!
//! Planted: all that is calculated runs in one pool of rayon's. A survey (`/surveys/start`, 1 % of the requests, which
//! are answered at once) spawns the parallel work for all roofs of a district there, some 25 ms of CPU time. A pool
//! takes up work from outside only when it has none left of its own, so the yields that are asked for meanwhile wait in
//! `Workers::now` until the survey is done, and these are the slowest requests. The healthy twin runs surveys in a pool
//! of their own.

mod roofs;
mod sun;
mod surveys;

#[cfg_attr(feature = "healthy", path = "healthy.rs")]
#[cfg_attr(not(feature = "healthy"), path = "planted.rs")]
mod workers;

#[path = "../../http/queries.rs"]
mod http;

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::{env, io, thread};

use crate::http::{Answer, Query};
use crate::roofs::Roof;
use crate::surveys::Surveys;
use crate::workers::Workers;

struct Desk {
    workers: Workers,
    surveys: Arc<Surveys>,
}

impl Desk {
    fn route(&self, path: &str, query: &Query) -> Answer {
        match path {
            "/healthz" => Answer::text("ok\n"),
            "/yields" => Roof::asked(query)
                .map_or_else(Answer::not_found, |roof| Answer::json(&self.workers.now(|| roof.yields()))),
            "/surveys/start" => district(query).map_or_else(Answer::not_found, |district| self.start(district)),
            "/surveys" => district(query).map_or_else(Answer::not_found, |district| self.survey(district)),
            _ => Answer::not_found(),
        }
    }

    /// Surveys a district anew, as its roofs may have changed.
    fn start(&self, district: u32) -> Answer {
        let surveys = Arc::clone(&self.surveys);
        self.workers.later(move || surveys.renew(district));
        Answer::json(&surveys::Started::of(district))
    }

    fn survey(&self, district: u32) -> Answer {
        let survey = self.surveys.last(district);
        Answer::json(&survey.unwrap_or_else(|| self.workers.now(|| self.surveys.renew(district))))
    }
}

fn district(query: &Query) -> Option<u32> {
    query.get("district")?.parse().ok()
}

fn main() -> io::Result<()> {
    let port = env::args().skip_while(|argument| argument != "--port").nth(1);
    let port = port.and_then(|port| port.parse::<u16>().ok()).ok_or(io::Error::other("--port is missing"))?;
    let workers = Workers::start().map_err(io::Error::other)?;
    let desk = Arc::new(Desk { workers, surveys: Arc::default() });
    for stream in TcpListener::bind((Ipv4Addr::LOCALHOST, port))?.incoming() {
        let (stream, desk) = (stream?, Arc::clone(&desk));
        thread::Builder::new().name("connection".to_owned()).spawn(move || {
            // An error here means that the client has gone: nobody is left to be told.
            let _ = http::serve(stream, |path, query| desk.route(path, query));
        })?;
    }
    Ok(())
}

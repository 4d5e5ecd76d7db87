//! Tells where parcels are, and when they arrive, from what the depots' scanners have seen.
//!
//! Planted: the pool of sessions with the scan store keeps no more than four idle ones (`Pool::give_back`). When more
//! requests than that are under way at a time, which is the case for some 4 % of them, `Pool::session` opens a further
//! one, and the store greets a new session only after 30 ms; with its answer, the session is closed again. The healthy
//! twin keeps more than are ever needed at a time, and opens them when it starts.

mod api;
mod arrival;
mod pool;
mod session;
mod store;

#[cfg_attr(feature = "healthy", path = "healthy.rs")]
#[cfg_attr(not(feature = "healthy"), path = "planted.rs")]
mod keeping;

use std::net::Ipv4Addr;
use std::rc::Rc;
use std::{env, io};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::task::{self, LocalSet};

use crate::pool::Pool;

async fn serve(port: u16) -> io::Result<()> {
    let pool = Rc::new(Pool::new(store::open()?));
    pool.fill(keeping::MOST_IDLE).await?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let pool = Rc::clone(&pool);
        task::spawn_local(async move {
            let service = service_fn(|request| api::answer(&pool, request));
            if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
                eprintln!("a connection ended early: {error}");
            }
        });
    }
}

fn main() -> io::Result<()> {
    let port = env::args().skip_while(|argument| argument != "--port").nth(1);
    let port = port.and_then(|port| port.parse::<u16>().ok()).ok_or(io::Error::other("--port is missing"))?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, serve(port))
}

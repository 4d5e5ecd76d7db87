//! Runs a warehouse: says what is where, plans the pickers' walks, and takes orders, which leave on a conveyor.
//!
//! Planted: one task, `Keeper::run`, owns the stock, and all requests ask it by a channel. An order (2 % of the
//! requests) gets its answer at once, but then `Conveyor::put` puts the tote on the belt and sleeps for 20 ms, until
//! the belt has moved on, and the keeper with it. Whoever asks meanwhile waits for the keeper, and these requests are
//! the slowest. The healthy twin gives the conveyor a task of its own.

mod api;
mod keeper;
mod stock;
mod walk;

#[cfg_attr(feature = "healthy", path = "healthy.rs")]
#[cfg_attr(not(feature = "healthy"), path = "planted.rs")]
mod conveyor;

use std::{env, io};

use poem::Server;
use poem::listener::TcpListener;
use tokio::runtime::Builder;

use crate::conveyor::Conveyor;
use crate::keeper::Keeper;
use crate::stock::Stock;

async fn serve(port: u16) -> io::Result<()> {
    let desk = Keeper::employ(Stock::of(30_000), Conveyor::start());
    Server::new(TcpListener::bind(("127.0.0.1", port))).run(api::routes(desk)).await
}

fn main() -> io::Result<()> {
    let port = env::args().skip_while(|argument| argument != "--port").nth(1);
    let port = port.and_then(|port| port.parse::<u16>().ok()).ok_or(io::Error::other("--port is missing"))?;
    Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(serve(port))
}

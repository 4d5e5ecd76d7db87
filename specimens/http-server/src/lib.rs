//! A small HTTP/1.1 server with keep-alive on 127.0.0.1, for services that answer `/answer`.
//!
//! `threads` gives each connection a thread, `tasks` a task of tokio. Both answer `/healthz` by themselves, take
//! the port from `--port`, and end at SIGTERM.

pub mod draw;
mod message;
mod start;
#[cfg(feature = "tokio")]
pub mod tasks;
pub mod threads;

pub use message::Request;

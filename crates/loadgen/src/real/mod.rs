//! Protocols and transport together against real servers: those in tests/servers, where there is a Go to build
//! them, and Redis, where it is installed.
#![allow(clippy::unwrap_used, clippy::panic)]

mod conversation;
mod http;
mod others;
mod servers;
mod tls;

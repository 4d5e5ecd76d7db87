//! rust-search suggests completions of a search as it is typed, from the words and phrases of a folder of documents.
//!
//! It is an example of a service to measure. As built by default it holds the inefficiencies that
//! real services ship: they stand in `suggest/slow.rs`. The cargo feature `fast` replaces that by
//! `suggest/fast.rs`, which answers every request with the same bytes.

mod corpus;
mod http;
mod options;
mod suggest;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use crate::corpus::Corpus;
use crate::options::Options;
use crate::suggest::Suggester;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rust-search: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let options = Options::parse(std::env::args().skip(1))?;
    let corpus = Corpus::read(&options.documents)?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", options.port)).await?;
    eprintln!(
        "{} phrases from {}, listening on {}",
        corpus.phrases.len(),
        options.documents.display(),
        listener.local_addr()?
    );
    let routes = http::routes(Arc::new(Suggester::new(&corpus)));
    drop(corpus);
    axum::serve(listener, routes).with_graceful_shutdown(stop_signal()).await?;
    Ok(())
}

/// Ends at SIGINT or SIGTERM.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

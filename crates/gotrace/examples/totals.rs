//! Prints what is in an execution trace of Go as JSON: events by kind, states of every goroutine, collections, stops.
//!
//! `cargo run --release --package tailtune-gotrace --example totals -- trace.out [--quiet]`; `--quiet` prints only how
//! many events there were, for measuring.

use std::error::Error;
use std::fs::File;
use std::io::Write;

use gotrace::{Limits, Summary};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("give the file of a trace")?;
    let is_quiet = arguments.next().is_some_and(|option| option == "--quiet");
    let mut out = std::io::stdout().lock();
    if is_quiet {
        let mut sink = (Summary::new(), gotrace::Delays::default());
        let outcome = gotrace::read(File::open(path)?, &Limits::default(), &mut sink)?;
        writeln!(out, "{} events", outcome.event_count())?;
        return Ok(());
    }
    let mut summary = Summary::with_goroutines(usize::MAX);
    let outcome = gotrace::read(File::open(path)?, &Limits::default(), &mut summary)?;
    serde_json::to_writer_pretty(&mut out, &summary.report(&outcome))?;
    writeln!(out)?;
    Ok(())
}

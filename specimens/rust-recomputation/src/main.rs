//! Tells what kind of line of a log a request asks for, and its fields.
//!
//! Planted: `planted::first_match` compiles the regular expressions, which never change, again for each request. That
//! is nearly all of a request's computing, and what the requests behind it wait for. The healthy twin compiles them
//! once.

#[cfg(feature = "healthy")]
mod healthy;
#[cfg(not(feature = "healthy"))]
mod planted;

#[cfg(feature = "healthy")]
use healthy::first_match;
use http_server::{Request, draw, threads};
#[cfg(not(feature = "healthy"))]
use planted::first_match;
use regex::Regex;

/// What lines look like, the more special ones first.
const SHAPES: [&str; 4] = [
    r"(?-u)^(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}) ERROR (?P<unit>[a-z0-9_.]{1,150})\[(?P<process>[0-9]{1,7})\]: (?P<text>[ -~]{0,700})$",
    r"(?-u)^(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}) WARN (?P<unit>[a-z0-9_.]{1,150}): (?P<text>[ -~]{0,700})$",
    r"(?-u)^(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}) (?P<method>GET|PUT|POST) (?P<path>[/a-z0-9]{1,300}) (?P<status>[0-9]{3})$",
    r"(?-u)^(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}) (?P<text>[ -~]{0,700})$",
];

fn main() -> std::io::Result<()> {
    threads::serve(answer)
}

fn answer(request: &Request) -> String {
    let line = line(draw::of(request.value("key")));
    first_match(&line).unwrap_or_else(|| "of no known shape\n".to_owned())
}

/// Returns a line of one of the shapes.
fn line(drawn: u64) -> String {
    let (day, number) = (1 + drawn % 28, drawn % 100_000);
    match drawn % 4 {
        0 => format!("2026-02-{day:02} ERROR storage.node7[{number}]: block {drawn:x} is unreadable"),
        1 => format!("2026-02-{day:02} WARN storage.node7: block {drawn:x} was read twice"),
        2 => format!("2026-02-{day:02} GET /blocks/{drawn:x} 200"),
        _ => format!("2026-02-{day:02} block {drawn:x} was moved"),
    }
}

/// Returns the fields of a line by name, nothing if the line has another shape.
fn fields(shape: &Regex, line: &str) -> Option<String> {
    let found = shape.captures(line)?;
    let named = shape.capture_names().flatten().filter_map(|name| Some((name, found.name(name)?.as_str())));
    Some(named.map(|(name, value)| format!("{name}: {value}\n")).collect())
}

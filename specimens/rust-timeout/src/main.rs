//! Answers what one of its backends says, and asks the next one if that takes too long.
//!
//! Planted: three of a hundred keys are first looked for at a backend that takes requests and never answers. They are
//! given up after 20 ms and asked for again elsewhere. The healthy twin does not have that backend in its list.

mod backend;
#[cfg(feature = "healthy")]
mod healthy;
#[cfg(not(feature = "healthy"))]
mod planted;

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Error, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

#[cfg(feature = "healthy")]
use healthy::order;
use http_server::{Request, draw, threads};
#[cfg(not(feature = "healthy"))]
use planted::order;

const PATIENCE: Duration = Duration::from_millis(20);

thread_local! {
    static KEPT: RefCell<HashMap<SocketAddr, BufReader<TcpStream>>> = RefCell::default();
}

/// Where backends are.
struct Backends {
    quick: SocketAddr,
    #[cfg_attr(feature = "healthy", expect(dead_code, reason = "it is there, and nobody asks it"))]
    stuck: SocketAddr,
}

fn main() -> Result<()> {
    let backends = Backends { quick: backend::answering()?, stuck: backend::silent()? };
    threads::serve(move |request| answer(&backends, request))
}

fn answer(backends: &Backends, request: &Request) -> String {
    let key = draw::of(request.value("key"));
    ask_with_retry(&order(backends, key), key).unwrap_or_else(|error| format!("no backend answers: {error}\n"))
}

/// Asks one backend after the other, until one answers.
#[inline(never)]
fn ask_with_retry(order: &[SocketAddr], key: u64) -> Result<String> {
    let mut last = Error::other("there is none");
    for &address in order {
        match ask(address, key) {
            Ok(text) => return Ok(text),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Asks on the connection that this thread has kept, or on a new one; one that was given up is closed.
#[inline(never)]
fn ask(address: SocketAddr, key: u64) -> Result<String> {
    let kept = KEPT.with_borrow_mut(|kept| kept.remove(&address));
    let mut backend = kept.map_or_else(|| connect(address), Ok)?;
    backend.get_mut().write_all(format!("{key:016x}\n").as_bytes())?;
    let mut text = String::new();
    backend.read_line(&mut text)?;
    KEPT.with_borrow_mut(|kept| kept.insert(address, backend));
    Ok(text)
}

fn connect(address: SocketAddr) -> Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(BufReader::new(stream))
}

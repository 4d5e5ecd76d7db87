//! A stand-in for the carrier: replicas of its tariff service on ports of their own.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use crate::carrier::Tariff;

const LIVE: usize = 3;

/// Where the carrier's replicas listen.
pub(crate) struct Fleet {
    pub(crate) live: Vec<SocketAddr>,
    /// Was taken out of service, but its process is still there.
    #[cfg_attr(feature = "healthy", expect(dead_code, reason = "the ring without it"))]
    pub(crate) retired: SocketAddr,
}

pub(crate) fn start() -> io::Result<Fleet> {
    let live = (0..LIVE).map(|_| listen(answer)).collect::<io::Result<_>>()?;
    Ok(Fleet { live, retired: listen(ignore)? })
}

fn listen(serve: fn(TcpStream) -> io::Result<()>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::Builder::new().name("replica".into()).spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream));
        }
    })?;
    Ok(address)
}

/// Answer each request of a connection.
fn answer(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut answers = stream.try_clone()?;
    let mut postcode = 0;
    for line in BufReader::new(stream).lines() {
        let line = line?;
        if let Some(target) = line.strip_prefix("GET /tariffs/") {
            let digits = target.split(' ').next().unwrap_or_default();
            postcode = digits.parse().map_err(io::Error::other)?;
        } else if line.is_empty() {
            let body = serde_json::to_string(&tariff(postcode))?;
            answers.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes())?;
        }
    }
    Ok(())
}

/// Take what comes until the client gives up.
fn ignore(mut stream: TcpStream) -> io::Result<()> {
    let mut chunk = [0; 1024];
    while stream.read(&mut chunk)? > 0 {}
    Ok(())
}

fn tariff(postcode: u32) -> Tariff {
    let code = u64::from(postcode);
    Tariff { base_cents: 390 + code % 7 * 50, step_cents: 35 + code % 11 * 5, days: 2 + code % 4 }
}

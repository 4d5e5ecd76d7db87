//! What stands in for the depots' scan store, on the loopback and with a thread of its own.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use std::{io, thread};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::time::sleep;

use crate::session::{END, GREETING};

/// Until a session is set up: rights are looked up, and memory is set aside.
const SETUP: Duration = Duration::from_millis(30);

/// How long the index takes for a parcel.
const LOOKUP: Duration = Duration::from_millis(1);

const EVENTS: [&str; 5] = ["accepted", "sorted", "loaded", "unloaded", "held"];

pub(crate) fn open() -> io::Result<SocketAddr> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let store = async move {
        let listener = TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(session(stream));
        }
    };
    thread::Builder::new().name("store".into()).spawn(move || -> io::Result<()> { runtime.block_on(store) })?;
    Ok(address)
}

async fn session(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    sleep(SETUP).await;
    stream.write_all(GREETING.as_bytes()).await?;
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let parcel = line.trim_end().strip_prefix("SCANS ").and_then(|number| number.parse().ok());
        sleep(LOOKUP).await;
        stream.write_all(scans(parcel.unwrap_or(0)).as_bytes()).await?;
        line.clear();
    }
    Ok(())
}

fn scans(parcel: u32) -> String {
    let mut answer = String::with_capacity(1024);
    for scan in 0..8 + parcel % 17 {
        let mixed = (parcel ^ scan).wrapping_mul(2_654_435_761) >> 12;
        let event = EVENTS[if scan == 0 { 0 } else { 1 + mixed as usize % 4 }];
        // Writing to a string does not fail.
        let _ = writeln!(answer, "{} {} {} {event}", mixed % 90 + 10, mixed % 24, scan * 97 + mixed % 90);
    }
    answer + END
}

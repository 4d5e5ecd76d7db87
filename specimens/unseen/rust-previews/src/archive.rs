//! The archive: its client, and what stands in for it on the loopback with a thread of its own.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use std::{io, thread};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::time::sleep;

/// Until the robot has fetched a medium.
const FETCHES: Duration = Duration::from_millis(60);

pub(crate) struct Archive {
    agent: ureq::Agent,
    address: SocketAddr,
}

impl Archive {
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self { agent: ureq::Agent::new_with_defaults(), address }
    }

    /// A volume's table of contents, a chapter a line.
    pub(crate) fn contents(&self, volume: u32) -> Result<String, ureq::Error> {
        let url = format!("http://{}/volumes/{volume}", self.address);
        self.agent.get(&url).call()?.body_mut().read_to_string()
    }
}

pub(crate) fn open() -> io::Result<SocketAddr> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let archive = async move {
        let listener = TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(readers_desk(stream));
        }
    };
    thread::Builder::new().name("archive".into()).spawn(move || -> io::Result<()> { runtime.block_on(archive) })?;
    Ok(address)
}

/// Answers one request after the other.
async fn readers_desk(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    let mut volume = 0;
    while stream.read_line(&mut line).await? > 0 {
        if let Some(asked) = line.strip_prefix("GET /volumes/") {
            volume = asked.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0);
        }
        if line == "\r\n" {
            sleep(FETCHES).await;
            let table = table(volume);
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{table}", table.len());
            stream.write_all(answer.as_bytes()).await?;
        }
        line.clear();
    }
    Ok(())
}

fn table(volume: u32) -> String {
    let mut table = String::with_capacity(1024);
    for chapter in 1..=10 + volume % 23 {
        // Writing to a string does not fail.
        let _ = writeln!(table, "chapter {chapter}, from page {}", chapter * 9 - volume % 7);
    }
    table
}

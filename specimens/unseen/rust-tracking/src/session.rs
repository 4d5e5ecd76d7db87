//! The scan store's protocol: it greets who connects; then come lines with questions and lines with answers.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

pub(crate) const GREETING: &str = "220 scan store\n";

/// What ends an answer.
pub(crate) const END: &str = ".\n";

#[derive(Serialize)]
pub(crate) struct Scan {
    pub(crate) depot: u32,
    pub(crate) belt: u32,
    minute: u32,
    event: String,
}

impl Scan {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.trim_end().split(' ');
        let mut number = || fields.next()?.parse().ok();
        let (depot, belt, minute) = (number()?, number()?, number()?);
        Some(Self { depot, belt, minute, event: fields.next()?.to_owned() })
    }
}

pub(crate) struct Session {
    stream: BufReader<TcpStream>,
}

impl Session {
    pub(crate) async fn open(store: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(store).await?;
        stream.set_nodelay(true)?;
        let mut session = Self { stream: BufReader::new(stream) };
        if session.line().await? != GREETING {
            return Err(io::Error::new(ErrorKind::InvalidData, "not a scan store"));
        }
        Ok(session)
    }

    pub(crate) async fn scans(&mut self, parcel: u32) -> io::Result<Vec<Scan>> {
        self.stream.write_all(format!("SCANS {parcel}\n").as_bytes()).await?;
        let mut scans = Vec::new();
        loop {
            let line = self.line().await?;
            if line == END {
                return Ok(scans);
            }
            scans.push(Scan::parse(&line).ok_or(io::Error::new(ErrorKind::InvalidData, "not a scan"))?);
        }
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line).await? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(line),
        }
    }
}

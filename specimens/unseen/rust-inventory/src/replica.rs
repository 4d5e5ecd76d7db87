//! A stand-in for the replica in another city: takes segments and acknowledges each of them.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// There, onto a disk, and back.
const TAKES: Duration = Duration::from_millis(40);

/// Starts it on a free port, which it tells.
pub(crate) fn start() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::Builder::new().name("replica".to_owned()).spawn(move || -> io::Result<()> {
        for stream in listener.incoming() {
            // A connection that breaks is opened again by the other side, if it wants to.
            let _ = take(stream?);
        }
        Ok(())
    })?;
    Ok(address)
}

fn take(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut segment = Vec::new();
    loop {
        let mut length = [0; 4];
        stream.read_exact(&mut length)?;
        segment.resize(u32::from_be_bytes(length) as usize, 0);
        stream.read_exact(&mut segment)?;
        thread::sleep(TAKES);
        stream.write_all(b"+")?;
    }
}

/// The other side: sends a segment and waits until it is acknowledged.
pub(crate) fn send(mut stream: &TcpStream, segment: &str) -> io::Result<()> {
    let length = u32::try_from(segment.len()).map_err(io::Error::other)?;
    let mut frame = length.to_be_bytes().to_vec();
    frame.extend_from_slice(segment.as_bytes());
    stream.write_all(&frame)?;
    stream.read_exact(&mut [0])
}

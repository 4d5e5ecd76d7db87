//! How segments get to the replica.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::thread;

use crossbeam_channel::Sender;

use crate::replica;

/// As many segments wait before their owner does: the replica is lost then.
const WAITING: usize = 256;

pub(crate) struct Shipping {
    segments: Sender<String>,
}

impl Shipping {
    pub(crate) fn to(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let (segments, sealed) = crossbeam_channel::bounded::<String>(WAITING);
        thread::Builder::new()
            .name("shipping".to_owned())
            .spawn(move || sealed.iter().try_for_each(|segment| replica::send(&stream, &segment)))?;
        Ok(Self { segments })
    }

    pub(crate) fn ship(&mut self, segment: String) -> io::Result<()> {
        self.segments.send(segment).map_err(io::Error::other)
    }
}

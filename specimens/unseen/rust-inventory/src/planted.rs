//! How segments get to the replica.

use std::io;
use std::net::{SocketAddr, TcpStream};

use crate::replica;

pub(crate) struct Shipping {
    stream: TcpStream,
}

impl Shipping {
    pub(crate) fn to(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream })
    }

    pub(crate) fn ship(&mut self, segment: String) -> io::Result<()> {
        replica::send(&self.stream, &segment)
    }
}

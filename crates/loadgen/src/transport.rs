//! A byte stream to the target, never waited for: TCP or a Unix socket, plain or with TLS.
//!
//! Made for edge-triggered events: a read that returns fewer bytes than asked for has emptied the socket, with
//! TLS as without.

mod tls;

use std::fmt;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;

use socket2::{Domain, SockAddr, Socket, Type};

pub use tls::TlsOptions;
use tls::{Client, Session};

/// Where the target listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A TCP port.
    Tcp(SocketAddr),
    /// The path of a Unix stream socket.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(formatter, "{address}"),
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
        }
    }
}

/// Opens transports to one address, all in the same way.
pub(crate) struct Dialer {
    address: SockAddr,
    tls: Option<Client>,
}

impl Dialer {
    /// `alpn`: what is offered to a server with TLS, the most wanted first.
    ///
    /// # Errors
    /// When the path of a Unix socket is too long, the server's name is not one, or trusted certificates
    /// cannot be read.
    pub(crate) fn new(
        address: &Address,
        tls: Option<&TlsOptions>,
        alpn: &[&[u8]],
    ) -> io::Result<Self> {
        Ok(Self {
            address: match address {
                Address::Tcp(address) => (*address).into(),
                Address::Unix(path) => SockAddr::unix(path)?,
            },
            tls: tls.map(|options| Client::new(options, alpn)).transpose()?,
        })
    }

    /// Whether what is sent is encrypted.
    pub(crate) const fn speaks_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Starts a connection without waiting for it.
    ///
    /// # Errors
    /// When it is refused at once or no socket can be had.
    pub(crate) fn connect(&self) -> io::Result<Transport> {
        let kind = Type::STREAM.nonblocking().cloexec();
        let socket = Socket::new(self.address.domain(), kind, None)?;
        if self.address.domain() != Domain::UNIX {
            socket.set_tcp_nodelay(true)?;
        }
        match socket.connect(&self.address) {
            // Only a Unix socket says so, when its backlog is full: no event would tell when it no longer is.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(io::Error::new(
                    io::ErrorKind::ConnectionRefused,
                    "the socket's backlog is full",
                ));
            }
            Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => return Err(error),
            _ => {}
        }
        Ok(Transport {
            socket,
            connected: false,
            tls: self.tls.as_ref().map(Client::session).transpose()?,
        })
    }
}

/// One stream.
pub(crate) struct Transport {
    socket: Socket,
    connected: bool,
    tls: Option<Box<Session>>,
}

impl Transport {
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Goes on with connecting and the TLS handshake; true once bytes may be written and read.
    ///
    /// # Errors
    /// Why it came to nothing, in words that can be shown.
    pub(crate) fn advance(&mut self) -> io::Result<bool> {
        if !self.connected && !self.is_connected()? {
            return Ok(false);
        }
        self.connected = true;
        match &mut self.tls {
            Some(session) => session.advance(&self.socket),
            None => Ok(true),
        }
    }

    fn is_connected(&self) -> io::Result<bool> {
        if let Some(error) = self.socket.take_error()? {
            return Err(error);
        }
        match self.socket.peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Reads what has come, decrypted. Fewer bytes than fit: for now there are no more. 0: the peer has closed.
    ///
    /// # Errors
    /// `WouldBlock` when nothing has come; `UnexpectedEof` when the peer closed without TLS's good-bye.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            Some(session) => session.read(&self.socket, buffer),
            None => (&self.socket).read(buffer),
        }
    }

    /// Reads only what is decrypted already: no event of the socket tells of it.
    ///
    /// # Errors
    /// `WouldBlock` when there is nothing.
    pub(crate) fn read_decrypted(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            Some(session) => session.read_decrypted(buffer),
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Takes bytes to be sent, as many as there is room for. With TLS they may still be on this side.
    ///
    /// # Errors
    /// `WouldBlock` when there is no room.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.tls {
            Some(session) => session.write(&self.socket, bytes),
            None => (&self.socket).write(bytes),
        }
    }

    /// Sends what TLS still holds.
    ///
    /// # Errors
    /// `WouldBlock` when the socket does not take all of it.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            Some(session) => session.flush(&self.socket),
            None => Ok(()),
        }
    }
}

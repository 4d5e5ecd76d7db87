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

use crate::sys::clock::{monotonic_of_real, now_ns};
use crate::sys::stamp;

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
    notes_arrivals: bool,
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
            notes_arrivals: false,
        })
    }

    /// Lets the kernel note when answers arrive, where it can: they may then be read later without seeming late.
    pub(crate) fn note_arrivals(&mut self) {
        self.notes_arrivals = self.tls.is_none() && self.address.domain() != Domain::UNIX;
    }

    /// Whether the time of an answer does not depend on when it is read.
    pub(crate) const fn notes_arrivals(&self) -> bool {
        self.notes_arrivals
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
        if self.notes_arrivals {
            stamp::enable(&socket)?;
        }
        let local = socket.local_addr().ok();
        let local = local.and_then(|address| address.as_socket());
        Ok(Transport {
            local_port: local.map_or(0, |address| address.port()),
            socket,
            connected: false,
            notes_arrivals: self.notes_arrivals,
            arrived_ns: 0,
            tls: self.tls.as_ref().map(Client::session).transpose()?,
        })
    }
}

/// One stream.
pub(crate) struct Transport {
    socket: Socket,
    local_port: u16,
    connected: bool,
    notes_arrivals: bool,
    /// When what was read last arrived; 0: not noted.
    arrived_ns: u64,
    tls: Option<Box<Session>>,
}

impl Transport {
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// The port of this end; 0: there is none.
    pub(crate) const fn local_port(&self) -> u16 {
        self.local_port
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
            None if self.notes_arrivals => {
                let (count, received_ns) = stamp::receive(&self.socket, buffer)?;
                self.arrived_ns = monotonic_of_real(received_ns);
                Ok(count)
            }
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

    /// When what was read last came: as the kernel noted, else now.
    pub(crate) fn arrived_ns(&self) -> u64 {
        if self.arrived_ns > 0 {
            self.arrived_ns
        } else {
            now_ns()
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

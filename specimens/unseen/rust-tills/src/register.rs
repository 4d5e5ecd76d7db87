//! Asks the register of members.

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crossbeam_queue::ArrayQueue;

/// How long to wait for an answer: customers do not like to.
const PATIENCE: Duration = Duration::from_millis(80);

const MOST_IDLE: usize = 32;

/// Where the register is, and connections to it that nobody uses right now.
pub(crate) struct Register {
    address: SocketAddr,
    idle: ArrayQueue<Connection>,
}

struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self(BufReader::with_capacity(128, stream)))
    }

    /// Sends a question, and returns what follows the member's number in the answer.
    fn ask(&mut self, member: u32) -> io::Result<String> {
        self.0.get_mut().write_all(format!("{member}\n").as_bytes())?;
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        let answered = line.trim_end().split_once(' ').filter(|(number, _)| number.parse() == Ok(member));
        answered.map(|(_, rest)| rest.to_owned()).ok_or(ErrorKind::InvalidData.into())
    }
}

impl Register {
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self { address, idle: ArrayQueue::new(MOST_IDLE) }
    }

    /// The points of a member, or nothing if there is no such account. A connection that fails is not used again.
    pub(crate) fn points(&self, member: u32) -> io::Result<Option<u32>> {
        let mut connection = self.idle.pop().map_or_else(|| Connection::open(self.address), Ok)?;
        let answer = connection.ask(member)?;
        // If there is no room, the connection is one too many, and is closed.
        let _ = self.idle.push(connection);
        Ok(answer.parse().ok())
    }
}

//! The archive: its client, and a stand-in for the service that keeps it, on a port of its own.
//!
//! A request is a number in a line; the answer is the length of the document in a line, and the document.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

use crate::ledger::Invoice;

/// Until the archive's robot has the right tape.
const SEEK: Duration = Duration::from_millis(40);
/// Far more than a seek; an archive that takes longer is down.
const PATIENCE: Duration = Duration::from_secs(2);

type Connection = BufReader<TcpStream>;

/// A client with a pool of connections.
pub(crate) struct Archive {
    address: SocketAddr,
    idle: Mutex<Vec<Connection>>,
}

impl Archive {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self { address, idle: Mutex::new(Vec::new()) }
    }

    /// The text of one invoice.
    pub(crate) fn read(&self, number: u32) -> io::Result<String> {
        let idle = self.idle.lock().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.dial()?,
        };
        let document = ask(&mut connection, number)?;
        // Only one that worked comes back.
        self.idle.lock().push(connection);
        Ok(document)
    }

    fn dial(&self) -> io::Result<Connection> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(BufReader::new(stream))
    }
}

fn ask(connection: &mut Connection, number: u32) -> io::Result<String> {
    connection.get_mut().write_all(format!("{number}\n").as_bytes())?;
    let mut length = String::new();
    connection.read_line(&mut length)?;
    let length: u64 = length.trim_end().parse().map_err(io::Error::other)?;
    let mut document = String::new();
    connection.take(length).read_to_string(&mut document)?;
    Ok(document)
}

/// Start the stand-in, and tell where it listens.
pub(crate) fn start() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::Builder::new().name("archive".into()).spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || keep(stream));
        }
    })?;
    Ok(address)
}

fn keep(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut answers = stream.try_clone()?;
    for line in BufReader::new(stream).lines() {
        let number = line?.parse().map_err(io::Error::other)?;
        thread::sleep(SEEK);
        let document = Invoice::made_up(number).render();
        answers.write_all(format!("{}\n{document}", document.len()).as_bytes())?;
    }
    Ok(())
}

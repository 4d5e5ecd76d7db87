//! The register of members, which elsewhere is a program of its own: it gets numbers of members, and answers with their
//! points, a line each.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use crate::ledger;

/// One account in so many was merged into another.
const MERGED: u32 = 25;

pub(crate) struct Directory;

pub(crate) struct Account {
    pub(crate) member: u32,
    pub(crate) points: u32,
}

impl Directory {
    pub(crate) fn account(&self, member: u32) -> Option<Account> {
        let mixed = member.wrapping_mul(2_654_435_761) >> 12;
        (!mixed.is_multiple_of(MERGED)).then_some(Account { member, points: mixed / MERGED % 9_000 })
    }

    /// Answers the questions of one connection.
    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut questions = BufReader::new(&stream);
        let mut line = String::new();
        while questions.read_line(&mut line)? > 0 {
            if let Some(reply) = line.trim_end().parse().ok().and_then(|member| ledger::reply(self, member)) {
                (&stream).write_all(reply.as_bytes())?;
            }
            line.clear();
        }
        Ok(())
    }
}

/// Starts the register, and says where it is.
pub(crate) fn start() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::Builder::new().name("register".to_owned()).spawn(move || -> io::Result<()> {
        for stream in listener.incoming() {
            let stream = stream?;
            thread::Builder::new().name("register-client".to_owned()).spawn(move || Directory.serve(stream))?;
        }
        Ok(())
    })?;
    Ok(address)
}

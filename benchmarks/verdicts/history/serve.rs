//! HTTP/1.1 with the standard library alone: one thread per connection, GET only, answers of plain text.

use std::io::{BufRead, BufReader, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

/// Answer `/work?n=N` on the port that is the first argument, until killed.
pub fn serve(answer: impl Fn(u64) -> String + Send + Sync + 'static) -> Result<()> {
    let port = std::env::args().nth(1).unwrap_or_default();
    let listener = TcpListener::bind(format!("127.0.0.1:{port}"))?;
    let answer = Arc::new(answer);
    for stream in listener.incoming() {
        let (stream, answer) = (stream?, Arc::clone(&answer));
        std::thread::spawn(move || talk(&stream, &*answer));
    }
    Ok(())
}

fn talk(stream: &TcpStream, answer: &impl Fn(u64) -> String) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(n) = asked(&mut reader)? {
        let body = answer(n);
        let length = body.len();
        let whole = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{body}");
        let mut stream = stream;
        stream.write_all(whole.as_bytes())?;
    }
    Ok(())
}

/// Read one request; its number, 0 where it has none, and nothing at the end of the connection.
fn asked(reader: &mut impl BufRead) -> Result<Option<u64>> {
    let (mut first, mut line) = (String::new(), String::new());
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let number = first.split_once("n=").and_then(|(_, rest)| rest.split(' ').next());
    Ok(Some(number.and_then(|digits| digits.parse().ok()).unwrap_or(0)))
}

/// Numbers that look random and are the same each time (xorshift64*, Vigna 2016).
pub struct Draws(pub u64);

impl Draws {
    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }

    /// A lower-case word of `shortest` to `longest` letters.
    pub fn word(&mut self, shortest: u64, longest: u64) -> String {
        let length = shortest + self.below(longest - shortest + 1);
        (0..length).map(|_| char::from(b'a' + self.below(26).min(self.below(26)) as u8)).collect()
    }
}

//! A connection as the engine drives it, but waiting.

use std::io;
use std::time::{Duration, Instant};

use crate::protocol::told::{Event, Told};
use crate::protocol::{Protocol, ProtocolError};
use crate::transport::{Address, Dialer, TlsOptions, Transport};

/// How long anything may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// Repeats `step` until it returns something.
pub(super) fn wait<T>(mut step: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(done) = step() {
            return done;
        }
        assert!(Instant::now() < deadline, "nothing more happens");
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Opens a transport and waits until it is open.
pub(super) fn dial(
    address: &Address,
    tls: Option<&TlsOptions>,
    alpn: &[&[u8]],
) -> io::Result<Transport> {
    let mut transport = Dialer::new(address, tls, alpn)?.connect()?;
    wait(|| match transport.advance() {
        Ok(false) => None,
        Ok(true) => Some(Ok(())),
        Err(error) => Some(Err(error)),
    })?;
    Ok(transport)
}

/// How a connection stands after some bytes were exchanged.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Idle,
    Moved,
    Closed,
    Failed(ProtocolError),
}

pub(super) struct Conversation<P> {
    transport: Transport,
    protocol: P,
    told: Told,
    out: Vec<u8>,
    closed: bool,
}

impl<P: Protocol> Conversation<P> {
    pub(super) fn new(transport: Transport, mut protocol: P) -> Self {
        let mut out = Vec::new();
        protocol.open(&mut out);
        Self {
            transport,
            protocol,
            told: Told::default(),
            out,
            closed: false,
        }
    }

    /// Waits until requests may be sent.
    pub(super) fn greet(&mut self) -> usize {
        self.until(|conversation| match conversation.protocol.room() {
            0 => None,
            room => Some(room),
        })
    }

    /// Sends requests and waits until each has ended; returns everything that was told.
    pub(super) fn ask(&mut self, payloads: &[Vec<u8>]) -> Vec<Event> {
        self.greet();
        for (tag, payload) in payloads.iter().enumerate() {
            self.protocol.send(tag as u32, payload, &mut self.out);
        }
        let ended = |events: &[Event]| {
            let ends = events
                .iter()
                .filter(|event| matches!(event, Event::Answered(..) | Event::Failed(_)));
            ends.count()
        };
        self.until(|conversation| {
            (conversation.closed || ended(&conversation.told.0) == payloads.len()).then_some(())
        });
        std::mem::take(&mut self.told.0)
    }

    /// Sends a request, waits for a first part of its body, and gives the request up.
    pub(super) fn ask_and_cancel(&mut self, payload: &[u8]) -> bool {
        self.greet();
        self.protocol.send(0, payload, &mut self.out);
        self.until(|conversation| {
            let events = &conversation.told.0;
            events
                .iter()
                .any(|event| matches!(event, Event::Body(..)))
                .then_some(())
        });
        self.told.0.clear();
        self.protocol.cancel(0, &mut self.out)
    }

    /// Waits until the peer has said that no further request may follow.
    pub(super) fn wait_for_goodbye(&mut self) {
        self.until(|conversation| (!conversation.protocol.reusable()).then_some(()));
    }

    fn until<T>(&mut self, mut done: impl FnMut(&mut Self) -> Option<T>) -> T {
        wait(|| {
            match self.turn() {
                Turn::Failed(error) => panic!("{error}"),
                Turn::Closed => self.closed = true,
                Turn::Idle | Turn::Moved => {}
            }
            done(self)
        })
    }

    /// Waits for the error that ends the conversation.
    pub(super) fn failure(&mut self, payload: &[u8]) -> ProtocolError {
        self.protocol.send(0, payload, &mut self.out);
        wait(|| match self.turn() {
            Turn::Failed(error) => Some(error),
            _ => None,
        })
    }

    fn turn(&mut self) -> Turn {
        self.write();
        let mut buffer = [0; 10_000];
        match self.transport.read(&mut buffer) {
            Ok(0) => Turn::Closed,
            Ok(count) => {
                let received = &buffer[..count];
                match self
                    .protocol
                    .receive(received, &mut self.told, &mut self.out)
                {
                    Ok(()) => Turn::Moved,
                    Err(error) => Turn::Failed(error),
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Turn::Idle,
            Err(_) => Turn::Closed,
        }
    }

    fn write(&mut self) {
        while !self.out.is_empty() {
            match self.transport.write(&self.out) {
                Ok(count) => drop(self.out.drain(..count)),
                Err(_) => break, // Full for now, or closed, which reading will tell.
            }
        }
        let _ = self.transport.flush();
    }
}

/// The status of an answer and its body, of events about one request.
pub(super) fn answer(events: &[Event]) -> Option<(u16, Vec<u8>)> {
    let mut body = Vec::new();
    for event in events {
        match event {
            Event::Body(_, bytes) => body.extend_from_slice(bytes),
            Event::Answered(_, status, _) => return Some((*status, body)),
            Event::Failed(_) => return None,
            Event::Begun(_) => {}
        }
    }
    None
}

/// A request of HTTP/2 as schedules hold it: no table, no Huffman code.
pub(super) fn http2_payload(fields: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        if *name == ":method" {
            block.push(2);
        } else {
            block.extend_from_slice(&[0, name.len() as u8]);
            block.extend_from_slice(name.as_bytes());
        }
        block.push(value.len() as u8);
        block.extend_from_slice(value.as_bytes());
    }
    let mut payload = (block.len() as u32).to_le_bytes().to_vec();
    payload.extend_from_slice(&block);
    payload.extend_from_slice(body);
    payload
}

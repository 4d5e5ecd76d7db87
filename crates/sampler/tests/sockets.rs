//! Calls on real connections of this very process, where the machine permits it.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use sampler::{SampleError, SocketCall, SocketCalls, SocketLog};

const READ: u8 = 0;
const WRITE: u8 = 1;
const CLOSE: u8 = 3;
const CONNECT: u8 = 4;

/// What the serving thread tells: its number, once it has connected.
fn own_number() -> i32 {
    let link = fs::read_link("/proc/thread-self").unwrap();
    link.file_name().unwrap().to_str().unwrap().parse().unwrap()
}

fn echo(mut stream: TcpStream, number: &Sender<i32>) {
    let mut buffer = [0; 4096];
    // Neither of these moves anything.
    stream.set_nonblocking(true).unwrap();
    assert!(stream.read(&mut buffer).is_err());
    stream.set_nonblocking(false).unwrap();
    number.send(own_number()).unwrap();
    assert!(stream.peek(&mut buffer).unwrap() > 0);
    loop {
        let count = stream.read(&mut buffer).unwrap();
        if count == 0 {
            return;
        }
        stream.write_all(&buffer[..count]).unwrap();
    }
}

fn opened(port: u16) -> Option<SocketCalls> {
    match SocketCalls::open(std::process::id().cast_signed(), port) {
        Ok(calls) => Some(calls),
        Err(SampleError::NoCalls(_)) => None,
        Err(error) => panic!("{error}"),
    }
}

/// Sends lines of these lengths to and fro over one connection. Returns the client's port and the server's thread.
fn converse(listener: TcpListener, lengths: &[usize]) -> (u16, i32) {
    let (number, numbers) = channel();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let server = thread::spawn(move || echo(listener.accept().unwrap().0, &number));
    let tid = numbers.recv().unwrap();
    for &length in lengths {
        client.write_all(&vec![b'x'; length]).unwrap();
        client.read_exact(&mut vec![0; length]).unwrap();
    }
    let port = client.local_addr().unwrap().port();
    drop(client);
    server.join().unwrap();
    (port, tid)
}

fn seen(lengths: &[usize]) -> Option<(SocketLog, u16, i32)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let mut calls = opened(listener.local_addr().unwrap().port())?;
    calls.start().unwrap();
    let (port, tid) = converse(listener, lengths);
    let mut log = calls.stop().unwrap();
    log.calls.retain(|call| call.kind != CONNECT);
    Some((log, port, tid))
}

#[test]
fn reads_writes_and_the_end_are_seen_from_the_server() {
    let Some((log, port, tid)) = seen(&[5, 900, 1]) else {
        return;
    };
    let told = |call: &SocketCall| (call.kind, call.bytes);
    let moved: Vec<_> = log.calls.iter().map(told).collect();
    let pairs = [5, 900, 1].map(|length| [(READ, length), (WRITE, length)]);
    let expected = [pairs.concat(), vec![(READ, 0), (CLOSE, 0)]].concat();
    assert_eq!(moved, expected);
    assert!(log.calls.is_sorted_by_key(|call| call.t_ns));
    for call in &log.calls {
        assert_eq!(call.pid.cast_unsigned(), std::process::id());
        assert_eq!((call.tid, call.peer_port), (tid, port));
    }
    assert_eq!(log.lost, 0);
}

#[test]
fn of_other_ports_only_the_opening_is_recorded() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let Some(mut calls) = opened(listener.local_addr().unwrap().port()) else {
        return;
    };
    calls.start().unwrap();
    let other = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = other.local_addr().unwrap().port();
    converse(other, &[5]);
    // Tests of this program run in one process, and their threads connect as well.
    let found = calls.stop().unwrap().calls;
    let own: Vec<_> = found
        .iter()
        .filter(|call| call.tid == own_number())
        .collect();
    assert!(found.iter().all(|call| call.kind == CONNECT));
    assert_eq!(own.len(), 1);
    assert_eq!(
        (own[0].kind, own[0].peer_port, own[0].bytes),
        (CONNECT, port, 0)
    );
}

#[test]
fn what_is_closed_before_anything_came_is_told_again() {
    let Some(mut calls) = opened(1) else { return };
    calls.start().unwrap();
    let other = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = other.local_addr().unwrap().port();
    for greeting in ["", "hello"] {
        let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let mut server = other.accept().unwrap().0;
        server.write_all(greeting.as_bytes()).unwrap();
        client.read_exact(&mut vec![0; greeting.len()]).unwrap();
        drop(client);
    }
    let found = calls.stop().unwrap().calls;
    let own = found.iter().filter(|call| call.peer_port == port);
    let told: Vec<_> = own.map(|call| (call.kind, call.bytes)).collect();
    let given_up = -i64::from(libc::ECANCELED);
    assert_eq!(told, [(CONNECT, 0), (CONNECT, given_up), (CONNECT, 0)]);
}

#[test]
fn it_is_started_once_and_stopped_once() {
    let Some(mut calls) = opened(1) else { return };
    assert!(matches!(calls.stop(), Err(SampleError::Order(_))));
    calls.start().unwrap();
    assert!(matches!(calls.start(), Err(SampleError::Order(_))));
    calls.stop().unwrap();
    assert!(matches!(calls.stop(), Err(SampleError::Order(_))));
    assert!(matches!(
        SocketCalls::open(i32::MAX, 1),
        Err(SampleError::NoProcess(_))
    ));
}

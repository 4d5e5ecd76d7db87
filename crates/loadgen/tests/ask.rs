//! Answers kept, from servers that behave and from servers that do not.
#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use crate::support::Scratch;
use loadgen::{Address, Ask, AskReport, Stop, ask};
use proptest::prelude::*;
use serde_json::{Value, json};

const RECORD: usize = 64;

/// One record of the file.
#[derive(Debug, PartialEq, Eq)]
struct Kept {
    number: u64,
    length: u64,
    operation: u16,
    status: u16,
    outcome: u8,
    cut: bool,
    body: Vec<u8>,
}

fn kept(file: &[u8]) -> Vec<Kept> {
    assert_eq!(&file[..8], b"TTANSW\n\0");
    let (mut rest, mut all) = (&file[16..], Vec::new());
    while !rest.is_empty() {
        let word = |at: usize| u64::from_le_bytes(rest[at..at + 8].try_into().unwrap());
        let short = |at: usize| u16::from_le_bytes(rest[at..at + 2].try_into().unwrap());
        let length = u32::from_le_bytes(rest[48..52].try_into().unwrap()) as usize;
        all.push(Kept {
            number: word(0),
            length: word(8),
            operation: short(52),
            status: short(54),
            outcome: rest[56],
            cut: rest[57] != 0,
            body: rest[RECORD..RECORD + length].to_vec(),
        });
        rest = &rest[RECORD + length..];
    }
    all
}

/// Starts a server that hands each connection to `converse`, with its number.
fn server(converse: impl Fn(TcpStream, usize) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let stream = stream.unwrap();
            stream
                .set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            converse(stream, number);
        }
    });
    port
}

/// Reads one request; false at the end of the stream.
fn heard(stream: &mut TcpStream) -> bool {
    stream
        .read(&mut [0; 4096])
        .is_ok_and(|received| received > 0)
}

fn operation(name: &str, weight: f64, timeout_ms: u64) -> Value {
    json!({
        "name": name, "weight": weight, "timeout_ns": timeout_ms * 1_000_000,
        "expect": {"status_low": 200, "status_high": 200, "body_contains": "", "body_sha256": ""},
        "method": "GET", "authority": "localhost", "path": [{"text": "/"}],
        "headers": [["Host", [{"text": "localhost"}]]], "body": null, "body_blobs": null,
        "grpc_method": "", "data": {}
    })
}

fn asked(
    scratch: &Scratch,
    schedule: PathBuf,
    port: u16,
    requests: u64,
    each: u64,
) -> (AskReport, Vec<Kept>) {
    let options = Ask {
        schedule,
        address: Address::Tcp(([127, 0, 0, 1], port).into()),
        tls: None,
        output: scratch.0.join("answers.bin"),
        requests,
        each,
        longest: Duration::from_secs(20),
    };
    let report = ask(&options, &Stop::new().unwrap()).unwrap();
    let file = std::fs::read(&options.output).unwrap();
    (report, kept(&file))
}

fn schedule(scratch: &Scratch, requests: u64, operations: &[Value]) -> PathBuf {
    scratch.compile(json!({"rate_per_s": 100.0, "duration_ns": requests * 10_000_000, "operations": operations}))
}

#[test]
fn answers_are_kept_in_the_order_of_the_schedule_on_one_connection() {
    let scratch = Scratch::new("in-order");
    let port = server(|mut stream, connection| {
        let mut count = 0;
        while heard(&mut stream) {
            count += 1;
            let body = format!("{connection}/{count}");
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
        }
    });
    let schedule = schedule(&scratch, 10, &[operation("get", 1.0, 5_000)]);
    let (report, answers) = asked(&scratch, schedule, port, 4, 0);
    let bodies: Vec<_> = answers
        .iter()
        .map(|one| String::from_utf8_lossy(&one.body))
        .collect();
    assert_eq!(bodies, ["0/1", "0/2", "0/3", "0/4"]);
    assert_eq!((report.asked, report.answered, report.cut), (4, 4, 0));
    assert!(!report.early && report.trouble.is_empty());
}

#[test]
fn rare_operations_get_their_share() {
    let scratch = Scratch::new("rare");
    let port = server(|mut stream, _| {
        while heard(&mut stream) {
            stream
                .write_all(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
                .unwrap();
        }
    });
    let operations = [
        operation("often", 50.0, 5_000),
        operation("rare", 1.0, 5_000),
    ];
    let schedule = schedule(&scratch, 3_000, &operations);
    let (_, answers) = asked(&scratch, schedule, port, 20, 15);
    assert!(answers.iter().filter(|one| one.operation == 1).count() >= 15);
    assert!(answers.iter().filter(|one| one.operation == 0).count() <= 20);
    assert!(answers.is_sorted_by_key(|one| one.number));
    assert!(
        answers
            .iter()
            .all(|one| (one.status, one.outcome) == (404, 1))
    );
}

#[test]
fn a_closed_connection_is_opened_again_and_a_lost_answer_is_told() {
    let scratch = Scratch::new("closing");
    let port = server(|mut stream, connection| {
        heard(&mut stream);
        let answer: &[u8] = match connection {
            0 => b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
            1 => b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut",
            2 => b"nonsense\r\n\r\n",
            _ => b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        };
        stream.write_all(answer).unwrap();
    });
    let schedule = schedule(&scratch, 5, &[operation("get", 1.0, 5_000)]);
    let (report, answers) = asked(&scratch, schedule, port, 5, 0);
    let outcomes: Vec<_> = answers.iter().map(|one| one.outcome).collect();
    assert_eq!(outcomes, [0, 3, 3, 0, 0]);
    assert_eq!(answers[0].body, b"until the end");
    assert!(
        report.trouble.contains("closed before"),
        "{}",
        report.trouble
    );
}

#[test]
fn an_endless_answer_costs_no_memory_and_ends_with_its_timeout() {
    let scratch = Scratch::new("endless");
    let port = server(|mut stream, _| {
        heard(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        std::thread::spawn(move || while stream.write_all(&[b'x'; 8192]).is_ok() {});
    });
    let schedule = schedule(&scratch, 2, &[operation("get", 1.0, 200)]);
    let (report, answers) = asked(&scratch, schedule, port, 2, 0);
    assert_eq!((report.asked, report.answered), (2, 0));
    assert!(
        answers
            .iter()
            .all(|one| one.outcome == 2 && one.cut && one.body.len() == 64 * 1024)
    );
}

#[test]
fn nobody_there_is_no_error() {
    let scratch = Scratch::new("nobody");
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let schedule = schedule(&scratch, 3, &[operation("get", 1.0, 200)]);
    let (report, answers) = asked(&scratch, schedule, port, 3, 0);
    assert!(answers.iter().all(|one| one.outcome == 3) && report.trouble.contains("refused"));
}

#[test]
fn a_stop_and_the_longest_time_end_it() {
    let scratch = Scratch::new("stopped");
    let port = server(|mut stream, _| {
        std::thread::spawn(move || while heard(&mut stream) {});
    });
    let mut options = Ask {
        schedule: schedule(&scratch, 3, &[operation("get", 1.0, 60_000)]),
        address: Address::Tcp(([127, 0, 0, 1], port).into()),
        tls: None,
        output: scratch.0.join("answers.bin"),
        requests: 3,
        each: 0,
        longest: Duration::from_millis(100),
    };
    let late = ask(&options, &Stop::new().unwrap()).unwrap();
    assert!(late.early && !late.interrupted && late.asked == 0);
    options.longest = Duration::from_secs(60);
    let stop = Stop::new().unwrap();
    stop.set();
    let stopped = ask(&options, &stop).unwrap();
    assert!(stopped.early && stopped.interrupted);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn hostile_answers_never_panic(
        protocol in prop::sample::select(vec!["http1", "http2", "grpc", "line", "length-prefixed", "resp"]),
        start in prop::sample::select(vec![&b""[..], b"HTTP/1.1 200 OK\r\n", b"\0\0\0\x04\0\0\0\0\0", b"$5\r\n", b"\0\0\0\x09"]),
        noise in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let scratch = Scratch::new(&format!("hostile-{protocol}"));
        let answer = [start, &noise].concat();
        let port = server(move |mut stream, _| {
            let _ = stream.write_all(&answer);
            let _ = stream.shutdown(std::net::Shutdown::Write);
        });
        let framed = matches!(protocol, "line" | "length-prefixed");
        let framing = framed.then(|| json!({"hello": null, "greeting_lines": 0, "answer_lines": 1,
            "skip_unasked": false, "prefix_bytes": 4, "big_endian": true, "includes_prefix": false}));
        let mut given = operation("get", 1.0, 300);
        if protocol != "http1" && protocol != "http2" {
            given["body"] = json!([{"text": "ask"}]);
        }
        if protocol == "grpc" {
            return Ok(()); // Its messages need descriptors; its frames are those of HTTP/2.
        }
        let schedule = scratch.compile(json!({"protocol": protocol, "framing": framing,
            "duration_ns": 30_000_000, "operations": [given]}));
        let (report, answers) = asked(&scratch, schedule, port, 3, 0);
        prop_assert!(report.asked == 3 && answers.len() == 3);
    }
}

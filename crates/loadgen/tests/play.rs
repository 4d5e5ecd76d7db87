//! Whole plays inside one process: the crate's public face.
#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::support::Scratch;
use loadgen::{
    Address, LoadError, LoadReport, NullServer, Pacing, Play, Stop, TIMER_ROWS, play, timer_errors,
};
use serde_json::json;

/// Starts a server that lives as long as the test process.
fn null_server() -> u16 {
    let server = NullServer::bind(0, 0).unwrap();
    let port = server.port().unwrap();
    std::thread::spawn(|| server.serve());
    port
}

fn options(schedule: PathBuf, port: u16, output: Option<&Path>) -> Play {
    Play {
        schedule,
        address: Address::Tcp(([127, 0, 0, 1], port).into()),
        tls: None,
        output: output.map(Path::to_owned),
        cpus: Vec::new(),
        threads: 1,
        pacing: Pacing::Precise,
        real_time: false,
        events: None,
    }
}

fn run(options: &Play) -> Result<LoadReport, LoadError> {
    play(options, &Stop::new().unwrap())
}

#[test]
fn a_play_sends_all_and_logs_all() {
    let scratch = Scratch::new("all");
    let options = options(
        scratch.schedule(500.0, 400_000_000, 16),
        null_server(),
        Some(&scratch.0),
    );
    let report = run(&options).unwrap();
    assert_eq!(
        (report.sent_requests, report.completed_requests),
        (200, 200)
    );
    assert_eq!(report.schedule_sha256.len(), 64);
    assert!(report.little_error < 0.01 && !report.interrupted);
    assert_eq!(
        std::fs::metadata(scratch.0.join("requests.bin"))
            .unwrap()
            .len(),
        16 + 200 * 56
    );
}

/// The connections of a play: number, port, when it was opened and closed.
fn connections(directory: &Path) -> Vec<(u32, u16, u64, u64)> {
    let file = std::fs::read(directory.join("connections.bin")).unwrap();
    let (head, records) = file.split_at(16);
    assert_eq!(head[..8], *b"TTCONN\n\0");
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap());
    let records = records.chunks(24).map(|record| {
        let rest = word(&record[16..]);
        let (number, port) = (rest as u32, (rest >> 32) as u16);
        (number, port, word(&record[..8]), word(&record[8..16]))
    });
    records.collect()
}

#[test]
fn every_connection_is_logged_with_its_port() {
    let scratch = Scratch::new("connections");
    let schedule = scratch.schedule(500.0, 400_000_000, 16);
    let report = run(&options(schedule, null_server(), Some(&scratch.0))).unwrap();
    let found = connections(&scratch.0);
    assert_eq!(found.len() as u64, report.peak_connections);
    for (place, (number, port, opened_ns, closed_ns)) in found.into_iter().enumerate() {
        assert_eq!((number as usize, closed_ns), (place, 0));
        assert!(port > 0 && opened_ns > 0 && opened_ns < report.started_ns + 400_000_000);
    }
}

#[test]
fn a_connection_that_is_closed_says_when() {
    let scratch = Scratch::new("closing");
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        }
    });
    let schedule = scratch.schedule(100.0, 200_000_000, 4);
    let report = run(&options(schedule, port, Some(&scratch.0))).unwrap();
    assert_eq!(report.completed_requests, 20);
    let found = connections(&scratch.0);
    assert!(found.len() >= 20);
    let closed = found.iter().filter(|(.., closed_ns)| *closed_ns > 0);
    for (_, port, opened_ns, closed_ns) in closed.clone() {
        assert!(*port > 0 && opened_ns < closed_ns);
    }
    assert!(closed.count() >= 20);
}

/// Starts a server that answers every request with `length` bytes as fast as they are taken.
fn generous_server(length: usize) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").into_bytes();
    answer.resize(answer.len() + length, b'x');
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream.unwrap(), Arc::clone(&answer));
            std::thread::spawn(move || {
                while stream.read(&mut [0; 4096]).is_ok_and(|count| count > 0)
                    && stream.write_all(&answer).is_ok()
                {}
            });
        }
    });
    port
}

#[test]
fn large_answers_are_read_to_their_end() {
    let scratch = Scratch::new("large");
    let report = run(&options(
        scratch.schedule(50.0, 200_000_000, 2),
        generous_server(30_000_000),
        None,
    ))
    .unwrap();
    assert_eq!((report.sent_requests, report.completed_requests), (10, 10));
}

#[test]
fn a_rate_beyond_one_connection_queues_and_still_sends_all() {
    let scratch = Scratch::new("queue");
    let report = run(&options(
        scratch.schedule(200_000.0, 50_000_000, 1),
        null_server(),
        None,
    ))
    .unwrap();
    assert_eq!(
        (report.sent_requests, report.completed_requests),
        (10_000, 10_000)
    );
    assert_eq!(report.peak_connections, 1);
    assert!(report.peak_client_queue > 0);
}

#[test]
fn a_stop_set_before_the_play_ends_it_at_once() {
    let scratch = Scratch::new("stop");
    let stop = Stop::new().unwrap();
    stop.set();
    let report = play(
        &options(
            scratch.schedule(1.0, 3_600_000_000_000, 1),
            null_server(),
            None,
        ),
        &stop,
    )
    .unwrap();
    assert!(report.interrupted);
    assert_eq!(report.little_error, 0.0);
}

#[test]
fn what_cannot_be_read_or_written_is_named() {
    let scratch = Scratch::new("errors");
    let absent = options(scratch.0.join("absent"), 1, None);
    assert!(run(&absent).unwrap_err().to_string().contains("absent"));
    let schedule = scratch.schedule(10.0, 100_000_000, 1);
    let nowhere = options(schedule.clone(), 1, Some(&scratch.0.join("nowhere")));
    assert!(matches!(
        run(&nowhere).unwrap_err(),
        LoadError::Write { .. }
    ));
    std::os::unix::fs::symlink("/dev/full", scratch.0.join("requests.bin")).unwrap();
    let full = options(schedule, null_server(), Some(&scratch.0));
    assert!(
        run(&full)
            .unwrap_err()
            .to_string()
            .contains("No space left")
    );
}

#[test]
fn the_timer_table_has_every_permitted_row() {
    let table = timer_errors(Duration::from_millis(30), None).unwrap();
    let all = TIMER_ROWS as usize;
    assert!(table.rows.len() == all || (table.rows.len() == all / 2 && !table.warnings.is_empty()));
    assert!(table.clock_cost_ns > 0.0);
    for row in &table.rows {
        assert!(row.wakes > 0 && row.p50_ns <= row.p99_ns && row.p99_ns <= row.max_ns);
    }
}

#[test]
fn several_engines_share_one_schedule() {
    let scratch = Scratch::new("threads");
    let schedule = scratch.schedule(2_000.0, 250_000_000, 7);
    let threads = Play {
        threads: 3,
        ..options(schedule, null_server(), Some(&scratch.0))
    };
    let report = run(&threads).unwrap();
    assert_eq!(report.threads, 3);
    assert_eq!(
        (report.sent_requests, report.completed_requests),
        (500, 500)
    );
    assert!(report.peak_connections <= 7);
    let log = std::fs::read(scratch.0.join("requests.bin")).unwrap();
    assert_eq!(log.len(), 16 + 500 * 56);
}

#[test]
fn a_closed_loop_sends_the_next_request_with_the_answer() {
    let scratch = Scratch::new("closed");
    let schedule = scratch.compile(json!({"arrival": "closed", "max_connections": 3}));
    let report = run(&options(schedule, null_server(), Some(&scratch.0))).unwrap();
    assert_eq!(
        (report.loop_kind.as_str(), report.peak_connections),
        ("closed", 3)
    );
    assert!(report.sent_requests > 3 && report.completed_requests == report.sent_requests);
    assert!(report.send_lag_ns.is_empty());
}

#[test]
fn a_closed_loop_against_nobody_fails_slowly() {
    let scratch = Scratch::new("nobody");
    let port = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let schedule = scratch.compile(json!({"arrival": "closed", "max_connections": 3}));
    let report = run(&options(schedule, port, None)).unwrap();
    assert_eq!((report.completed_requests, report.sent_requests), (0, 0));
    let errors = report.operations[0].connection_errors;
    assert!((1..1_000).contains(&errors), "{errors}");
    assert!(
        report.warnings.iter().any(|text| text.contains("refused")),
        "{:?}",
        report.warnings
    );
}

#[test]
fn a_session_waits_for_its_answers() {
    let scratch = Scratch::new("sessions");
    let three = json!({"dist": "constant", "value": 3.0});
    let schedule = scratch.compile(json!({
        "arrival": "sessions", "rate_per_s": 50.0, "duration_ns": 400_000_000,
        "sessions": {"requests": three, "think_s": {"dist": "constant", "value": 0.01}, "expected_latency_ns": 1_000},
    }));
    // Each answer takes far longer than is expected.
    let server = NullServer::bind(0, 30_000_000).unwrap();
    let port = server.port().unwrap();
    std::thread::spawn(|| server.serve());
    let report = run(&options(schedule, port, Some(&scratch.0))).unwrap();
    assert_eq!(report.loop_kind, "partly open");
    assert_eq!(report.completed_requests, report.scheduled_requests);
    // Held-up requests of a session left late, and say so.
    assert!(
        report.send_lag_ns["max"] > 30_000_000.0,
        "{:?}",
        report.send_lag_ns
    );
    assert!(report.little_error < 0.01);
}

//! Whole plays inside one process: the crate's public face.
#![allow(clippy::unwrap_used)]

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use loadgen::{LoadError, LoadReport, NullServer, Play, Stop, TIMER_ROWS, play, timer_errors};
use schedule::old::{Arrival, OperationSpec, Spec, compile};

/// A directory of its own for one test, removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("tailtune-play-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn schedule(&self, rate_per_s: f64, duration_ns: u64, max_connections: u32) -> PathBuf {
        let operation = OperationSpec {
            name: "get".into(),
            weight: 1.0,
            timeout_ns: 5_000_000_000,
            expected_status: 200,
        };
        let spec = Spec {
            arrival: Arrival::Constant,
            rate_per_s,
            duration_ns,
            seed: 1,
            max_connections,
            operations: vec![operation],
        };
        let path = self.0.join("schedule");
        let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec();
        compile(&spec, &[vec![request]], &mut File::create(&path).unwrap()).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

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
        address: ([127, 0, 0, 1], port).into(),
        output: output.map(Path::to_owned),
        cpu: None,
        spin: true,
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

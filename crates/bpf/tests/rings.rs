//! Records of a real program at a real tracepoint, where this is permitted.

#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]

use std::io::ErrorKind;
use std::thread::sleep;
use std::time::Duration;

use bpf::{Code, Program, Record, Register, Rings, Size};

const KIND: u32 = 7;
const BYTES: usize = 1 << 16;

/// Writes a record of `size` bytes at every context switch; the word behind the header says 42.
fn program(rings: &Rings, size: i32) -> Program {
    let mut code = Code::default();
    let end = code.label();
    rings.reserve(&mut code, -4, end);
    code.store_value(Size::Double, Record::START, 8, 42)
        .set(Register::R1, size);
    Rings::publish(&mut code, KIND);
    code.place(end).end();
    Program::load(&code.finish().unwrap()).unwrap()
}

/// Rings of all CPUs; `None`: this user may not have them.
fn rings() -> Option<Rings> {
    let cpus = std::thread::available_parallelism().unwrap().get().max(64);
    match Rings::new(cpus, BYTES) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            eprintln!("not permitted: {error}");
            None
        }
        rings => Some(rings.unwrap()),
    }
}

/// Makes context switches.
fn naps(count: u32) {
    (0..count).for_each(|_| sleep(Duration::from_micros(50)));
}

fn records(bytes: &[u8], size: usize) -> usize {
    let (records, rest) = (bytes.chunks_exact(size), bytes.len() % size);
    assert_eq!(rest, 0);
    for record in records.clone() {
        assert_eq!(record[..4], KIND.to_ne_bytes());
        assert_eq!(record[8..16], 42u64.to_ne_bytes());
    }
    records.len()
}

#[test]
fn records_come_whole_however_often_the_ring_goes_round() {
    let Some(mut rings) = rings() else { return };
    let program = program(&rings, 1000);
    let attached = program.attach(c"sched_switch").unwrap();
    let mut seen = 0;
    for _ in 0..100 {
        naps(20);
        let mut bytes = Vec::new();
        rings.drain(&mut bytes);
        seen += records(&bytes, 1000);
    }
    drop(attached);
    assert!(seen >= 2000, "{seen} of at least 2,000 switches");
}

#[test]
fn a_full_ring_counts_what_it_loses_and_keeps_what_it_has() {
    let Some(mut rings) = rings() else { return };
    let program = program(&rings, 4096);
    let attached = program.attach(c"sched_switch").unwrap();
    naps(500);
    drop(attached);
    let mut bytes = Vec::new();
    let filled = rings.drain(&mut bytes);
    assert!((0.9..=1.0).contains(&filled), "{filled}");
    assert!(records(&bytes, 4096) >= BYTES / 4096 - 1);
    let lost: u64 = rings.lost().into_iter().map(|(_, count)| count).sum();
    assert!(lost > 0);
    assert_eq!(rings.lost(), []);
}

#[test]
fn a_program_that_the_kernel_refuses_is_refused_with_its_reason() {
    if rings().is_none() {
        return;
    }
    let mut code = Code::default();
    code.load(Size::Double, Register::R1, Register::R9, 0).end();
    let refused = Program::load(&code.finish().unwrap()).err().unwrap();
    assert!(refused.to_string().contains("R9 !read_ok"), "{refused}");
}

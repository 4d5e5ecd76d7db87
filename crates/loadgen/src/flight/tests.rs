//! Requests in flight: tickets, deadlines and the integral behind Little's law.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use schedule::old::{Arrival, Entry, OperationSpec, Schedule, Spec, compile};

use super::*;

const SHORT_NS: u64 = 100;
const LONG_NS: u64 = 1_000;

fn schedule_bytes() -> Vec<u8> {
    let operation = |name: &str, timeout_ns| OperationSpec {
        name: name.into(),
        weight: 1.0,
        timeout_ns,
        expected_status: 200,
    };
    let spec = Spec {
        arrival: Arrival::Constant,
        rate_per_s: 1e7,
        duration_ns: 10_000,
        seed: 1,
        max_connections: 4,
        operations: vec![
            operation("long", LONG_NS),
            operation("short", SHORT_NS),
            operation("also short", SHORT_NS),
        ],
    };
    let pools = vec![vec![b"x".to_vec()]; 3];
    let mut bytes = Vec::new();
    compile(&spec, &pools, &mut bytes).unwrap();
    bytes
}

fn due(operation: u32, intended_ns: u64) -> Entry {
    Entry {
        intended_ns,
        payload: 0,
        operation,
    }
}

#[test]
fn there_is_room_for_all_requests_of_the_longest_time_out() {
    let bytes = schedule_bytes();
    let flight = Flight::new(&Schedule::open(&bytes).unwrap());
    assert!(flight.room() > (LONG_NS / 100) as usize); // constant gaps of 100 ns
}

#[test]
fn deadlines_come_in_order_across_time_outs_and_skip_the_ended() {
    let bytes = schedule_bytes();
    let mut flight = Flight::new(&Schedule::open(&bytes).unwrap());
    let long = flight.enter(0, due(0, 0), 0, 0);
    let short = flight.enter(1, due(1, 10), 0, 10);
    let later = flight.enter(2, due(2, 20), 0, 20);
    assert_eq!(flight.next_deadline(), Some((10 + SHORT_NS, short)));
    flight.leave(short, 30).unwrap();
    assert_eq!(flight.next_deadline(), Some((20 + SHORT_NS, later)));
    flight.leave(later, 40).unwrap();
    assert_eq!(flight.next_deadline(), Some((LONG_NS, long)));
    flight.leave(long, 50).unwrap();
    assert_eq!(flight.next_deadline(), None);
}

#[test]
fn a_ticket_is_void_once_its_request_ended_even_if_its_slot_is_used_again() {
    let bytes = schedule_bytes();
    let mut flight = Flight::new(&Schedule::open(&bytes).unwrap());
    let first = flight.enter(0, due(0, 0), 0, 0);
    assert_eq!(flight.leave(first, 5).unwrap().intended_ns, 0);
    let second = flight.enter(1, due(0, 7), 0, 7);
    assert!(flight.get(first).is_none());
    assert!(flight.leave(first, 9).is_none());
    assert_eq!(flight.get(second).unwrap().intended_ns, 7);
    assert_eq!(flight.count(), 1);
}

proptest! {
    /// Requests that each begin some time after the one before, are noticed late and last some time.
    #[test]
    fn the_integral_is_the_sum_of_the_stays(
        stays in prop::collection::vec((0_u64..500, 0_u64..800, 0_u64..2_000), 1..100),
    ) {
        let bytes = schedule_bytes();
        let mut flight = Flight::new(&Schedule::open(&bytes).unwrap());
        let (mut start, mut noticed) = (0, 0);
        let mut changes = Vec::new();
        for (entry, (gap, late, stay)) in stays.iter().enumerate() {
            start += gap;
            noticed = u64::max(noticed, start + late); // in the order of the schedule
            changes.push((noticed, 0, entry, start));
            changes.push((noticed + stay, 1, entry, start));
        }
        changes.sort_unstable();
        let mut tickets = vec![None; stays.len()];
        let mut expected = 0;
        for (at, leaving, entry, start) in &changes {
            if *leaving == 0 {
                tickets[*entry] = Some(flight.enter(*entry as u64, due(0, *start), 0, *at));
            } else {
                flight.leave(tickets[*entry].unwrap(), *at).unwrap();
                expected += u128::from(at - start);
            }
        }
        let end = changes.last().unwrap().0;
        prop_assert_eq!(flight.area_ns(end), expected);
        prop_assert_eq!(flight.count(), 0);
    }
}

#[test]
fn a_request_that_was_lost_shows_in_the_integral() {
    let bytes = schedule_bytes();
    let mut flight = Flight::new(&Schedule::open(&bytes).unwrap());
    let ended = flight.enter(0, due(0, 0), 0, 0);
    flight.enter(1, due(0, 10), 0, 10);
    flight.leave(ended, 20).unwrap();
    assert_eq!(flight.area_ns(100), 20 + 90);
    assert_eq!(flight.ages_ns(100).collect::<Vec<_>>(), [90]);
}

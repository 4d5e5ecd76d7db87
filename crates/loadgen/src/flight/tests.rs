//! Requests in flight: tickets, deadlines and the integral behind Little's law.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use schedule::Entry;

use super::*;

const SHORT_NS: u64 = 100;
const LONG_NS: u64 = 1_000;

fn flight() -> Flight {
    Flight::new(&[LONG_NS, SHORT_NS, SHORT_NS], 10)
}

/// Enters a request of an operation.
fn enter(flight: &mut Flight, operation: u16, intended_ns: u64, noticed_ns: u64) -> Ticket {
    let due = Entry {
        intended_ns: 0,
        operation,
        session: 0,
        think_ns: 0,
        ends_session: false,
    };
    flight.enter(&due, intended_ns, noticed_ns)
}

#[test]
fn room_is_reserved_within_reason() {
    assert!(flight().room() >= 10);
    assert!(Flight::new(&[LONG_NS], u64::MAX).room() < 1 << 20);
}

#[test]
fn what_a_waiting_request_sends_is_kept_with_it() {
    let mut flight = flight();
    let (first, second) = (enter(&mut flight, 0, 0, 0), enter(&mut flight, 0, 1, 1));
    flight.keep(first, b"first");
    flight.keep(second, b"second");
    assert_eq!(flight.payload(first), b"first");
    flight.leave(first, 2).unwrap();
    let third = enter(&mut flight, 0, 3, 3);
    flight.keep(third, b"3");
    assert_eq!(
        (flight.payload(third), flight.payload(second)),
        (&b"3"[..], &b"second"[..])
    );
}

#[test]
fn deadlines_come_in_order_across_time_outs_and_skip_the_ended() {
    let mut flight = flight();
    let long = enter(&mut flight, 0, 0, 0);
    let short = enter(&mut flight, 1, 10, 10);
    let later = enter(&mut flight, 2, 20, 20);
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
    let mut flight = flight();
    let first = enter(&mut flight, 0, 0, 0);
    assert_eq!(flight.leave(first, 5).unwrap().intended_ns, 0);
    let second = enter(&mut flight, 0, 7, 7);
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
        let mut flight = flight();
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
                tickets[*entry] = Some(enter(&mut flight, 0, *start, *at));
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
    let mut flight = flight();
    let ended = enter(&mut flight, 0, 0, 0);
    enter(&mut flight, 0, 10, 10);
    flight.leave(ended, 20).unwrap();
    assert_eq!(flight.area_ns(100), 20 + 90);
    assert_eq!(flight.ages_ns(100).collect::<Vec<_>>(), [90]);
}

#[test]
fn an_answer_that_is_read_late_counts_as_long_as_it_took() {
    let mut flight = flight();
    let first = enter(&mut flight, 0, 0, 0);
    let second = enter(&mut flight, 0, 50, 60);
    flight.leave(first, 20).unwrap();
    flight.leave(second, 90).unwrap();
    assert_eq!(flight.area_ns(100), 20 + 40);
}

//! When a parcel arrives, by how long such ways took others.

use serde::Serialize;

use crate::session::Scan;

/// Ways that are looked at for an estimate.
const WAYS: u32 = 40_000;

#[derive(Serialize)]
pub(crate) struct Arrival {
    parcel: u32,
    /// Minutes after the last scan: the earliest, the likely and the latest.
    minutes: [u32; 3],
    depots_left: u32,
}

/// Nothing is expected of a parcel that was never seen.
pub(crate) fn expected(parcel: u32, scans: &[Scan]) -> Option<Arrival> {
    let last = scans.last()?;
    let mut durations: Vec<u32> = (0..WAYS).filter_map(|way| duration(way, last, parcel)).collect();
    durations.sort_unstable();
    let at = |percent: usize| durations.get(durations.len() * percent / 100).copied().unwrap_or(1440);
    Some(Arrival { parcel, minutes: [at(5), at(50), at(95)], depots_left: parcel % 5 + 1 })
}

/// How long a way from that depot took, if it led to where the parcel goes.
fn duration(way: u32, last: &Scan, parcel: u32) -> Option<u32> {
    let mixed = way.wrapping_mul(2_654_435_761).rotate_left(last.depot % 16) ^ parcel;
    (mixed % 5 == parcel % 5).then_some(90 + mixed % 977 + last.belt * 3)
}

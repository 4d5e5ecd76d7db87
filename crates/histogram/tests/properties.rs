//! The histogram against sorted arrays.
#![allow(clippy::unwrap_used)]

use histogram::{BUCKETS, Histogram, LARGEST_NS, bucket_of, middle_of};
use proptest::prelude::*;

const RELATIVE_ERROR: f64 = 0.001;

/// Values spread evenly over the octaves, as latencies are, with some beyond the range.
fn values() -> impl Strategy<Value = Vec<u64>> {
    let value = (0_u32..38, any::<u64>())
        .prop_map(|(bits, noise)| (1_u64 << bits) + noise % (1_u64 << bits));
    prop::collection::vec(value, 1..400)
}

fn filled(values: &[u64]) -> Histogram {
    let mut histogram = Histogram::new();
    values.iter().for_each(|value| histogram.record(*value));
    histogram
}

fn nearest_rank(sorted: &[u64], q: f64) -> u64 {
    let rank = ((q * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len());
    sorted[rank - 1]
}

#[test]
fn every_bucket_boundary_maps_back_to_its_bucket() {
    for bucket in 0..BUCKETS {
        assert_eq!(bucket_of(middle_of(bucket)), bucket);
    }
    assert_eq!(bucket_of(LARGEST_NS), BUCKETS - 1);
    assert_eq!(bucket_of(LARGEST_NS + 1), BUCKETS - 1);
    const { assert!(LARGEST_NS > 60_000_000_000) };
}

#[test]
fn buckets_are_contiguous_over_the_octave_borders() {
    for bits in 9..36 {
        let border = 1_u64 << bits;
        assert_eq!(bucket_of(border), bucket_of(border - 1) + 1);
    }
}

#[test]
fn an_empty_histogram_answers_nothing() {
    let empty = Histogram::new();
    assert_eq!(empty.quantile(0.5), None);
    assert_eq!(empty.mean(), None);
    assert_eq!(empty.iter().count(), 0);
}

#[test]
fn values_beyond_the_range_are_clamped_and_counted() {
    let histogram = filled(&[LARGEST_NS, LARGEST_NS + 1, u64::MAX]);
    assert_eq!(histogram.clamped(), 2);
    assert_eq!(histogram.total(), 3);
    assert_eq!(histogram.iter().collect::<Vec<_>>(), vec![(BUCKETS - 1, 3)]);
    assert_eq!(histogram.max(), Some(u64::MAX));
}

proptest! {
    #[test]
    fn a_bucket_middle_is_within_a_thousandth(value in 1_u64..=LARGEST_NS) {
        let middle = middle_of(bucket_of(value)) as f64;
        prop_assert!((middle - value as f64).abs() <= RELATIVE_ERROR * value as f64);
    }

    #[test]
    fn larger_values_never_fall_into_smaller_buckets(a in any::<u64>(), b in any::<u64>()) {
        prop_assert!(bucket_of(a.min(b)) <= bucket_of(a.max(b)));
    }

    #[test]
    fn quantiles_agree_with_a_sorted_array(mut values in values(), q in 0.0_f64..=1.0) {
        let histogram = filled(&values);
        values.sort_unstable();
        let exact = nearest_rank(&values, q);
        let found = histogram.quantile(q).unwrap();
        let expected = exact.min(LARGEST_NS) as f64;
        let beyond_range = exact > LARGEST_NS;
        prop_assert!(beyond_range || (found as f64 - expected).abs() <= RELATIVE_ERROR * expected);
        prop_assert!(!beyond_range || found >= middle_of(BUCKETS - 1).min(values[0]));
    }

    #[test]
    fn exact_figures_are_exact(values in values()) {
        let histogram = filled(&values);
        prop_assert_eq!(histogram.total(), values.len() as u64);
        prop_assert_eq!(histogram.min(), values.iter().copied().min());
        prop_assert_eq!(histogram.max(), values.iter().copied().max());
        prop_assert_eq!(histogram.sum(), values.iter().map(|value| u128::from(*value)).sum::<u128>());
    }

    #[test]
    fn merging_equals_recording_everything_in_one(left in values(), right in values()) {
        let mut merged = filled(&left);
        merged.merge(&filled(&right));
        let together: Vec<u64> = left.iter().chain(&right).copied().collect();
        prop_assert_eq!(merged, filled(&together));
    }

    #[test]
    fn iteration_holds_every_count_once_in_order(values in values()) {
        let histogram = filled(&values);
        let rows: Vec<(usize, u64)> = histogram.iter().collect();
        prop_assert!(rows.windows(2).all(|pair| pair[0].0 < pair[1].0));
        prop_assert_eq!(rows.iter().map(|(_, count)| count).sum::<u64>(), values.len() as u64);
        for (bucket, count) in rows {
            prop_assert_eq!(values.iter().filter(|value| bucket_of(**value) == bucket).count() as u64, count);
        }
    }

    #[test]
    fn clearing_forgets_everything(values in values()) {
        let mut histogram = filled(&values);
        histogram.clear();
        prop_assert_eq!(histogram, Histogram::new());
    }
}

//! Distributions as HdrHistogram writes them: encoding V2, deflated, which all its implementations read.

use hdrhistogram::Histogram as Hdr;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};

/// Significant decimal digits: an HdrHistogram moves a value by at most 0.01 %, a tenth of our own buckets' width.
const DIGITS: u8 = 4;

/// Why a distribution cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HdrError(String);

impl std::fmt::Display for HdrError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for HdrError {}

/// Encodes values in ns with their counts as a compressed V2 histogram; a value of 0 counts as 1 ns.
///
/// # Errors
///
/// For values or counts that the format cannot carry.
pub fn encode_hdr(buckets: &[(u64, u64)]) -> Result<Vec<u8>, HdrError> {
    let told = |error: &dyn std::fmt::Display| {
        HdrError(format!("no HdrHistogram can be written: {error}"))
    };
    let largest = buckets.iter().map(|(value, _)| *value).max().unwrap_or(0);
    let mut histogram =
        Hdr::<u64>::new_with_max(largest.max(2), DIGITS).map_err(|error| told(&error))?;
    for (value, count) in buckets {
        histogram
            .record_n((*value).max(1), *count)
            .map_err(|error| told(&error))?;
    }
    let mut bytes = Vec::new();
    V2DeflateSerializer::new()
        .serialize(&histogram, &mut bytes)
        .map_err(|error| told(&error))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use hdrhistogram::serialization::Deserializer;

    fn read(bytes: &[u8]) -> Hdr<u64> {
        Deserializer::new().deserialize(&mut &bytes[..]).unwrap()
    }

    #[test]
    fn counts_and_values_come_back() {
        let back = read(&encode_hdr(&[(0, 1), (52_100, 7), (60_000_000_000, 2)]).unwrap());
        assert_eq!(back.len(), 10);
        assert_eq!(back.count_at(52_100), 7);
        assert!(back.max().abs_diff(60_000_000_000) < 6_000_000);
        assert!(back.value_at_quantile(0.5).abs_diff(52_100) < 6);
    }

    #[test]
    fn an_empty_distribution_is_an_empty_histogram() {
        assert_eq!(read(&encode_hdr(&[]).unwrap()).len(), 0);
    }

    #[test]
    fn the_ends_of_the_range_are_carried_or_refused() {
        for buckets in [[(u64::MAX, 1)], [(1, u64::MAX)]] {
            if let Ok(bytes) = encode_hdr(&buckets) {
                assert!(!bytes.is_empty());
            }
        }
    }
}

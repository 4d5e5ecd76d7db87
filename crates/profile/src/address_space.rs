//! What one process had mapped where.

use std::collections::BTreeMap;

/// Executable memory `[start, end)` that shows `mapping` of the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// First address.
    pub start: u64,
    /// First address behind it.
    pub end: u64,
    /// Row of [`crate::MappingTable`].
    pub mapping: u32,
}

/// Executable regions of a process, never overlapping: what is mapped later replaces what was there.
#[derive(Clone, Debug, Default)]
pub struct AddressSpace {
    regions: BTreeMap<u64, Region>,
}

impl AddressSpace {
    /// Maps a region, cutting away whatever it covers. Empty regions are ignored.
    pub fn map(&mut self, region: Region) {
        if region.start >= region.end {
            return;
        }
        for old in self.overlapping(region) {
            self.regions.remove(&old.start);
            if old.start < region.start {
                let end = region.start;
                self.regions.insert(old.start, Region { end, ..old });
            }
            if old.end > region.end {
                let start = region.end;
                self.regions.insert(start, Region { start, ..old });
            }
        }
        self.regions.insert(region.start, region);
    }

    /// The mapping that covers an address.
    #[must_use]
    pub fn find(&self, address: u64) -> Option<u32> {
        let (_, region) = self.regions.range(..=address).next_back()?;
        (address < region.end).then_some(region.mapping)
    }

    /// Whether nothing is known of the process.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.regions.is_empty()
    }

    fn overlapping(&self, region: Region) -> Vec<Region> {
        self.regions
            .range(..region.end)
            .rev()
            .map(|(_, old)| *old)
            .take_while(|old| old.end > region.start)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_latest_mapping_of_an_address_wins(spans in prop::collection::vec((0u64..200, 0u64..60), 0..40)) {
            let mut space = AddressSpace::default();
            let mut truth = [None; 260];
            for (mapping, &(start, length)) in spans.iter().enumerate() {
                let mapping = mapping as u32;
                space.map(Region { start, end: start + length, mapping });
                truth[start as usize..(start + length) as usize].fill(Some(mapping));
            }
            for (address, expected) in truth.iter().enumerate() {
                prop_assert_eq!(space.find(address as u64), *expected);
            }
        }
    }
}

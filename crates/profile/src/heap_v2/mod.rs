//! Heap profiles of jemalloc, the text format `heap_v2`.
//!
//! ```text
//! heap_v2/524288                       mean bytes between samples
//!   t*: 1: 82338 [180: 27005]          live objects: bytes [allocated since the start: bytes], all threads
//! @ 0x7f6fdfaa2630 0x559f07c3ba1f      a stack of return addresses, leaf first
//!   t*: 0: 0 [3: 49156]
//!   t1: 0: 0 [3: 49156]                the same of one thread; not read
//! MAPPED_LIBRARIES:                    then /proc/PID/maps
//! ```
//!
//! Format: jemalloc 5.3.0, `src/prof_data.c`, `prof_dump_print_cnts` and `prof_dump_gctx`.

mod parse;
#[cfg(test)]
mod tests;
mod unbias;

use std::collections::HashMap;

use crate::address_space::{AddressSpace, Region};
use crate::locations::NO_MAPPING;
use crate::mappings::MappingRow;
use crate::tables::Profile;
use parse::{Dump, Library};
use unbias::unbiased;

/// Names and units of the values, as Go's heap profiles have them.
const SAMPLE_TYPES: [(&str, &str); 4] = [
    ("alloc_objects", "count"),
    ("alloc_space", "bytes"),
    ("inuse_objects", "count"),
    ("inuse_space", "bytes"),
];

/// Why bytes are no heap profile, or two of them no difference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeapError {
    /// The first line is another one.
    #[error("it does not begin with heap_v2/ and the sampling distance in bytes")]
    NotHeapV2,
    /// Addresses or sampling of the two have nothing to do with one another.
    #[error("the two dumps are of different processes")]
    OtherProcess,
}

/// Objects and bytes.
#[derive(Clone, Copy, Default)]
struct Size {
    objects: f64,
    bytes: f64,
}

impl Profile {
    /// Reads a dump of jemalloc: what was allocated since the start, and what is alive, by stack.
    ///
    /// Counts are scaled up to what the samples stand for. With `earlier`, a dump of the same process, the
    /// `alloc_*` columns hold what was allocated between the two. Frames of jemalloc itself are left out. Addresses
    /// lie inside the call instruction and have no names yet. Lines that are not understood become a warning.
    ///
    /// # Errors
    /// [`HeapError`] if this is no such dump, or `earlier` is none of the same process.
    pub fn from_heap_v2(data: &[u8], earlier: Option<&[u8]>) -> Result<Self, HeapError> {
        let dump = Dump::parse(data)?;
        let before = earlier.map(Dump::parse).transpose()?;
        if before.as_ref().is_some_and(|one| !one.is_before(&dump)) {
            return Err(HeapError::OtherProcess);
        }
        let allocated_before: HashMap<&[u64], Size> = before.iter().flat_map(allocated).collect();
        let mut profile = Self::with_sample_types(&SAMPLE_TYPES);
        profile.period_type = profile.sample_type("space", "bytes");
        profile.period = i64::try_from(dump.rate).unwrap_or(i64::MAX);
        profile.default_sample_type = profile.strings.intern("alloc_space");
        let space = profile.map_libraries(&dump.libraries);
        for stack in &dump.stacks {
            let live = unbiased(stack.live, dump.rate);
            let since = allocated_before.get(stack.addresses.as_slice());
            let grown = unbiased(stack.allocated, dump.rate).minus(since.copied());
            let values = [grown.objects, grown.bytes, live.objects, live.bytes];
            // Rounded only here: small stacks would lose most of a difference of rounded counts.
            let values = values.map(|value| value.round() as i64);
            if values.iter().any(|&value| value != 0) {
                let locations = profile.callers(&stack.addresses, &space, &dump.libraries);
                profile.add(&locations, 0, &values);
            }
        }
        profile.warnings = dump.warnings();
        Ok(profile)
    }

    fn map_libraries(&mut self, libraries: &[Library]) -> AddressSpace {
        let mut space = AddressSpace::default();
        for library in libraries {
            let path = self.strings.intern(&library.path);
            let mapping = self.mappings.intern(MappingRow {
                start: library.start,
                limit: library.end,
                file_offset: library.file_offset,
                path,
                ..MappingRow::default()
            });
            space.map(Region {
                start: library.start,
                end: library.end,
                mapping,
            });
        }
        space
    }

    /// The locations of a stack from the caller of the allocator on.
    fn callers(
        &mut self,
        addresses: &[u64],
        space: &AddressSpace,
        libraries: &[Library],
    ) -> Vec<u32> {
        let allocator: Vec<&Library> = libraries.iter().filter(|one| one.is_jemalloc()).collect();
        // Every address is one of return, the leaf's too: the walk began in a function of jemalloc.
        let inside = addresses.iter().map(|address| address.saturating_sub(1));
        let callers = inside.skip_while(|&address| allocator.iter().any(|one| one.covers(address)));
        callers
            .map(|address| {
                let mapping = space.find(address).unwrap_or(NO_MAPPING);
                self.locations.intern(mapping, address)
            })
            .collect()
    }
}

impl Size {
    fn minus(self, before: Option<Self>) -> Self {
        let before = before.unwrap_or_default();
        Self {
            objects: (self.objects - before.objects).max(0.0),
            bytes: (self.bytes - before.bytes).max(0.0),
        }
    }
}

fn allocated(dump: &Dump) -> impl Iterator<Item = (&[u64], Size)> {
    let stacks = dump.stacks.iter();
    stacks.map(|stack| {
        (
            stack.addresses.as_slice(),
            unbiased(stack.allocated, dump.rate),
        )
    })
}

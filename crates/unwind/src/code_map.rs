//! What one process mapped where, with the tables of its code.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use framehop::aarch64::UnwinderAarch64;
use framehop::x86_64::UnwinderX86_64;
use framehop::{Module, Unwinder as _};

use crate::registers::Architecture;
use crate::sections::Sections;

/// More pieces of code than any process maps; further ones have no tables.
const MOST_MODULES: usize = 16_384;

#[derive(Clone)]
pub(crate) enum Tables {
    X86_64(UnwinderX86_64<Arc<[u8]>>),
    Aarch64(UnwinderAarch64<Arc<[u8]>>),
}

/// The code of a process: cheap to clone, as a fork does.
#[derive(Clone)]
pub struct CodeMap {
    pub(crate) tables: Tables,
    /// Executable memory: start → end, never overlapping.
    regions: BTreeMap<u64, u64>,
}

impl CodeMap {
    /// A process that has mapped nothing yet.
    #[must_use]
    pub fn new(architecture: Architecture) -> Self {
        let tables = match architecture {
            Architecture::X86_64 => Tables::X86_64(UnwinderX86_64::new()),
            Architecture::Aarch64 => Tables::Aarch64(UnwinderAarch64::new()),
        };
        Self {
            tables,
            regions: BTreeMap::new(),
        }
    }

    /// Executable memory `range` now shows a file from `file_offset` on. Without sections, for example
    /// generated code, frame pointers are all there is. Whatever was there before is gone.
    pub fn map(&mut self, range: Range<u64>, file_offset: u64, sections: Option<&Sections>) {
        if range.is_empty() || self.regions.len() >= MOST_MODULES {
            return;
        }
        self.unmap(&range);
        let sections = sections.filter(|sections| sections.has_tables());
        let placed = sections.and_then(|sections| {
            let bias = sections.bias(&range, file_offset)?;
            Some((sections, bias))
        });
        let Some((sections, bias)) = placed else {
            self.regions.insert(range.start, range.end);
            return;
        };
        let go_code = sections.go_code();
        let go_start = go_code
            .start
            .wrapping_add(bias)
            .clamp(range.start, range.end);
        let go_end = go_code.end.wrapping_add(bias).clamp(go_start, range.end);
        self.add(range.start..go_start, bias, sections);
        self.regions
            .extend((go_start < go_end).then_some((go_start, go_end)));
        self.add(go_end..range.end, bias, sections);
    }

    /// Whether code lies at an address.
    #[must_use]
    pub fn is_code(&self, address: u64) -> bool {
        let region = self.regions.range(..=address).next_back();
        region.is_some_and(|(_, &end)| address < end)
    }

    fn add(&mut self, range: Range<u64>, bias: u64, sections: &Sections) {
        if range.is_empty() {
            return;
        }
        self.regions.insert(range.start, range.end);
        let base = sections.base().wrapping_add(bias);
        let module = Module::new(String::new(), range, base, sections.explicit());
        match &mut self.tables {
            Tables::X86_64(tables) => tables.add_module(module),
            Tables::Aarch64(tables) => tables.add_module(module),
        }
    }

    /// Cuts a range away. What is left of a mapping that was cut keeps no tables: its code was replaced
    /// in part, as happens to generated code alone.
    fn unmap(&mut self, range: &Range<u64>) {
        let below = self.regions.range(..range.end).rev();
        let overlapping: Vec<(u64, u64)> = below
            .map(|(&start, &end)| (start, end))
            .take_while(|&(_, end)| end > range.start)
            .collect();
        for (start, end) in overlapping {
            self.regions.remove(&start);
            match &mut self.tables {
                Tables::X86_64(tables) => tables.remove_module(start),
                Tables::Aarch64(tables) => tables.remove_module(start),
            }
            let left = [(start, range.start), (range.end, end)];
            let left = left.into_iter().filter(|(start, end)| start < end);
            self.regions.extend(left);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn code_is_where_it_was_mapped(spans in prop::collection::vec((0u64..200, 0u64..60), 0..40)) {
            let mut map = CodeMap::new(Architecture::X86_64);
            let mut truth = [false; 260];
            for &(start, length) in &spans {
                map.map(start..start + length, 0, Some(&Sections::default()));
                truth[start as usize..(start + length) as usize].fill(true);
            }
            for (address, &is_code) in truth.iter().enumerate() {
                prop_assert_eq!(map.is_code(address as u64), is_code);
            }
        }
    }
}

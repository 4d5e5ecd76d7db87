//! Program headers and symbol tables.

use object::{Object, ObjectSegment, ObjectSymbol, SymbolKind};

/// Where the loader puts which part of the file.
pub(crate) struct Segments {
    /// (offset in file, size in file, virtual address)
    loads: Vec<(u64, u64, u64)>,
}

impl Segments {
    pub(crate) fn read(file: &object::File<'_>) -> Self {
        let loads = file.segments().map(|segment| {
            let (offset, size) = segment.file_range();
            (offset, size, segment.address())
        });
        Self {
            loads: loads.collect(),
        }
    }

    /// The virtual address, before any load bias, of an offset in the file.
    pub(crate) fn address(&self, file_offset: u64) -> Option<u64> {
        self.loads.iter().find_map(|&(offset, size, address)| {
            let inside = file_offset.checked_sub(offset)?;
            (inside < size).then(|| address.checked_add(inside))?
        })
    }
}

/// Function symbols, sorted by address.
pub(crate) struct Symbols<'data> {
    rows: Vec<Symbol<'data>>,
}

#[derive(Clone, Copy)]
struct Symbol<'data> {
    address: u64,
    size: u64,
    name: &'data str,
}

impl<'data> Symbols<'data> {
    pub(crate) fn read(file: &object::File<'data>) -> Self {
        let mut rows: Vec<Symbol<'data>> = file
            .symbols()
            .filter_map(|symbol| function(&symbol))
            .collect();
        if rows.is_empty() {
            rows = file
                .dynamic_symbols()
                .filter_map(|symbol| function(&symbol))
                .collect();
        }
        rows.sort_by_key(|row| (row.address, row.size));
        Self { rows }
    }

    /// The symbol that covers an address. One without a size reaches to the next.
    pub(crate) fn find(&self, address: u64) -> Option<&'data str> {
        let behind = self.rows.partition_point(|row| row.address <= address);
        let row = self.rows.get(behind.checked_sub(1)?)?;
        (row.size == 0 || address - row.address < row.size).then_some(row.name)
    }
}

fn function<'data>(symbol: &object::Symbol<'data, '_>) -> Option<Symbol<'data>> {
    let name = symbol.name().ok().filter(|name| !name.is_empty())?;
    let is_code = symbol.kind() == SymbolKind::Text && symbol.is_definition();
    is_code.then(|| Symbol {
        address: symbol.address(),
        size: symbol.size(),
        name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_that_claims_the_whole_address_space_covers_only_what_follows_it() {
        let segments = Segments {
            loads: vec![(0x1000, u64::MAX, 0x40_1000)],
        };
        assert_eq!(segments.address(0xfff), None);
        assert_eq!(segments.address(0x1010), Some(0x40_1010));
        assert_eq!(segments.address(u64::MAX), None);
    }
}

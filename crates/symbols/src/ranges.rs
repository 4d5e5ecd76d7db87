//! Where functions begin in stripped binaries: the unwind table survives stripping.

use gimli::{BaseAddresses, CieOrFde, EhFrame, EndianSlice, RunTimeEndian, UnwindSection};
use object::{Object, ObjectSection};

/// Address ranges of functions, sorted.
pub(crate) struct FunctionRanges {
    rows: Vec<(u64, u64)>,
}

impl FunctionRanges {
    /// Reads `.eh_frame`; empty where there is none, cut at the first damaged entry.
    pub(crate) fn read(file: &object::File<'_>) -> Self {
        let mut rows = Vec::new();
        if let Some(section) = file.section_by_name(".eh_frame")
            && let Ok(data) = section.data()
        {
            let endian = if file.is_little_endian() {
                RunTimeEndian::Little
            } else {
                RunTimeEndian::Big
            };
            let mut table = EhFrame::from(EndianSlice::new(data, endian));
            table.set_address_size(if file.is_64() { 8 } else { 4 });
            let text = file
                .section_by_name(".text")
                .map_or(0, |section| section.address());
            let bases = BaseAddresses::default()
                .set_eh_frame(section.address())
                .set_text(text);
            collect(&table, &bases, &mut rows);
        }
        rows.sort_unstable();
        Self { rows }
    }

    /// The beginning of the function that covers an address.
    pub(crate) fn start(&self, address: u64) -> Option<u64> {
        let behind = self.rows.partition_point(|&(start, _)| start <= address);
        let &(start, length) = self.rows.get(behind.checked_sub(1)?)?;
        (address - start < length).then_some(start)
    }
}

fn collect(
    table: &EhFrame<EndianSlice<'_, RunTimeEndian>>,
    bases: &BaseAddresses,
    rows: &mut Vec<(u64, u64)>,
) {
    let mut entries = table.entries(bases);
    while let Ok(Some(entry)) = entries.next() {
        let CieOrFde::Fde(partial) = entry else {
            continue;
        };
        if let Ok(entry) = partial.parse(EhFrame::cie_from_offset) {
            rows.push((entry.initial_address(), entry.len()));
        }
    }
}

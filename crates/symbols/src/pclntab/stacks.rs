//! How deep Go's stacks are at an instruction: the table that the runtime unwinds by (`pcsp`).

use std::ops::Range;

use super::Pclntab;
use super::header::Header;
use crate::image::Image;

/// Number of the field of a function's record that leads to its table of depths.
const DEPTHS: usize = 4;

impl Pclntab<'_> {
    /// Bytes between the stack pointer and the return address, before the instruction at an address.
    pub(super) fn depth(&self, address: u64) -> Option<u32> {
        let function = self.function(address)?;
        let table = self.record_field(&function, DEPTHS)?;
        u32::try_from(self.value(&function, table, address)?).ok()
    }
}

/// What Go's table says of the stack, for one binary whose bytes are kept elsewhere.
pub struct GoStacks {
    /// Where the table is in the file.
    table: Range<usize>,
    header: Header,
    text: u64,
    /// Offset and size in the file, and virtual address of each segment.
    segments: Vec<(u64, u64, u64)>,
}

impl GoStacks {
    /// Finds the table in the bytes of an ELF file; `None` if it is not one of Go.
    #[must_use]
    pub fn read(elf: &[u8]) -> Option<Self> {
        let file = object::File::parse(elf).ok()?;
        let image = Image::read(&file);
        let found = Pclntab::find(&file, &image)?;
        let start = found
            .data
            .as_ptr()
            .addr()
            .checked_sub(elf.as_ptr().addr())?;
        let segments = image.segments().iter().map(|segment| {
            let (offset, size) = segment.file_range;
            (offset, size, segment.address)
        });
        Some(Self {
            table: start..start.checked_add(found.data.len())?,
            header: found.header,
            text: found.text,
            segments: segments.collect(),
        })
    }

    /// Bytes between the stack pointer and the return address when the code at an offset of the file
    /// is about to run. `elf` is what was read; `None` outside of Go's code.
    #[must_use]
    pub fn depth(&self, elf: &[u8], file_offset: u64) -> Option<u32> {
        self.view(elf)?.depth(self.address(file_offset)?)
    }

    /// Whether Go's code stands at an offset of the file.
    #[must_use]
    pub fn is_code(&self, elf: &[u8], file_offset: u64) -> bool {
        let address = self.address(file_offset);
        let view = self.view(elf).zip(address);
        view.is_some_and(|(view, address)| view.function(address).is_some())
    }

    fn view<'data>(&self, elf: &'data [u8]) -> Option<Pclntab<'data>> {
        Some(Pclntab {
            data: elf.get(self.table.clone())?,
            header: self.header.clone(),
            text: self.text,
            inline_trees: &[],
        })
    }

    fn address(&self, file_offset: u64) -> Option<u64> {
        let mut found = self.segments.iter().filter_map(|&(offset, size, address)| {
            let inside = file_offset.checked_sub(offset)?;
            (inside < size).then(|| address.checked_add(inside))?
        });
        found.next()
    }
}

//! The sections of a binary that unwinding needs, taken out of it once and checked.

use std::ops::Range;
use std::sync::Arc;

use framehop::ExplicitModuleSectionInfo;
use gimli::{BaseAddresses, DebugFrame, EhFrame, EhFrameHdr, LittleEndian, Pointer};
use object::{Object, ObjectSection, ObjectSegment};

use crate::checked::{Bytes, Entries, entries};

/// Larger sections are left out: the tables of a browser have a tenth of this.
const MOST_SECTION_BYTES: u64 = 128 << 20;

/// Call frame information of one binary. Addresses are those that the file states.
#[derive(Clone, Debug, Default)]
pub struct Sections {
    /// Executable segments: (offset in file, size in file, address).
    code: Vec<(u64, u64, u64)>,
    /// The lowest address: framehop counts from there with 32 bits.
    base: u64,
    text: Range<u64>,
    eh_frame: Option<Part>,
    eh_frame_hdr: Option<Part>,
    debug_frame: Option<Part>,
    /// Code that no table describes, and that keeps frame pointers.
    go_code: Range<u64>,
}

#[derive(Clone, Debug)]
struct Part {
    address: Range<u64>,
    bytes: Arc<[u8]>,
}

impl Sections {
    /// Takes the sections out of the bytes of an ELF file, in time linear in their size. What cannot be
    /// read, or could not be executed in bounded time, is left out: frame pointers are used instead.
    #[must_use]
    pub fn of_elf(elf: &[u8]) -> Self {
        let Ok(file) = object::File::parse(elf) else {
            return Self::default();
        };
        let code = file
            .segments()
            .filter(|segment| segment.permissions().executable());
        let code = code.map(|segment| {
            let (offset, size) = segment.file_range();
            (offset, size, segment.address())
        });
        let mut sections = Self {
            code: code.collect(),
            base: file
                .segments()
                .map(|segment| segment.address())
                .min()
                .unwrap_or(0),
            text: range_of(&file, ".text"),
            eh_frame: part(&file, ".eh_frame"),
            eh_frame_hdr: part(&file, ".eh_frame_hdr"),
            debug_frame: part(&file, ".debug_frame"),
            go_code: 0..0,
        };
        let is_go = file.section_by_name(".gopclntab").is_some();
        sections.check(is_go);
        sections
    }

    /// Sections as if they came from a file: code at `text`, a table without an index.
    #[cfg(test)]
    pub(crate) fn of_parts(text: Range<u64>, name: &str, bytes: &[u8], is_go: bool) -> Self {
        let part = Part {
            address: 0x9000..0x9000 + bytes.len() as u64,
            bytes: Arc::from(bytes),
        };
        let mut sections = Self {
            code: vec![(text.start, text.end - text.start, text.start)],
            text,
            ..Self::default()
        };
        match name {
            ".eh_frame" => sections.eh_frame = Some(part),
            _ => sections.debug_frame = Some(part),
        }
        sections.check(is_go);
        sections
    }

    /// Whether there is anything but frame pointers to go by.
    #[must_use]
    pub fn has_tables(&self) -> bool {
        self.eh_frame.is_some() || self.debug_frame.is_some()
    }

    /// Bytes of memory that the tables take.
    #[must_use]
    pub fn table_bytes(&self) -> usize {
        let parts = [&self.eh_frame, &self.eh_frame_hdr, &self.debug_frame];
        let lengths = parts.into_iter().flatten().map(|part| part.bytes.len());
        lengths.sum()
    }

    /// How far from the stated addresses the code lies when `range` shows the file from `file_offset` on.
    /// Mappings begin at whole pages, and so before the segment that they are made for.
    pub(crate) fn bias(&self, range: &Range<u64>, file_offset: u64) -> Option<u64> {
        let end = file_offset.saturating_add(range.end - range.start);
        let is_shown = |&&(offset, size, _): &&(u64, u64, u64)| {
            offset < end && file_offset < offset.saturating_add(size)
        };
        let &(offset, _, address) = self.code.iter().find(is_shown)?;
        let stated = address.wrapping_add(file_offset).wrapping_sub(offset);
        Some(range.start.wrapping_sub(stated))
    }

    pub(crate) fn base(&self) -> u64 {
        self.base
    }

    pub(crate) fn go_code(&self) -> Range<u64> {
        self.go_code.clone()
    }

    pub(crate) fn explicit(&self) -> ExplicitModuleSectionInfo<Arc<[u8]>> {
        let address = |part: &Option<Part>| part.as_ref().map(|part| part.address.clone());
        let bytes = |part: &Option<Part>| part.as_ref().map(|part| Arc::clone(&part.bytes));
        ExplicitModuleSectionInfo {
            base_svma: self.base,
            text_svma: Some(self.text.clone()),
            eh_frame_svma: address(&self.eh_frame),
            eh_frame: bytes(&self.eh_frame),
            eh_frame_hdr_svma: address(&self.eh_frame_hdr),
            eh_frame_hdr: bytes(&self.eh_frame_hdr),
            debug_frame: bytes(&self.debug_frame),
            ..ExplicitModuleSectionInfo::default()
        }
    }

    fn check(&mut self, is_go: bool) {
        let bases = self.bases();
        let walked = self.eh_frame.as_ref().map(|part| {
            let mut section = EhFrame::new(&part.bytes, LittleEndian);
            section.set_address_size(8);
            entries(&section, &bases)
        });
        match walked {
            Some(Some(entries)) => {
                if !self.index_is_true(&bases, &entries) {
                    self.eh_frame_hdr = None;
                }
                if is_go {
                    self.go_code = largest_gap(&self.text, entries.functions);
                }
            }
            Some(None) => (self.eh_frame, self.eh_frame_hdr) = (None, None),
            None => self.eh_frame_hdr = None,
        }
        if is_go || self.eh_frame.is_some() || !self.debug_frame_is_safe(&bases) {
            self.debug_frame = None;
        }
    }

    fn bases(&self) -> BaseAddresses {
        let start = |part: &Option<Part>| part.as_ref().map_or(0, |part| part.address.start);
        BaseAddresses::default()
            .set_eh_frame(start(&self.eh_frame))
            .set_eh_frame_hdr(start(&self.eh_frame_hdr))
            .set_text(self.text.start)
    }

    /// Whether the index points at nothing but entries that were checked.
    fn index_is_true(&self, bases: &BaseAddresses, entries: &Entries) -> bool {
        let Some(part) = &self.eh_frame_hdr else {
            return true;
        };
        let Ok(header) = EhFrameHdr::new(&part.bytes, LittleEndian).parse(bases, 8) else {
            return false;
        };
        let (Some(table), Pointer::Direct(start)) = (header.table(), header.eh_frame_ptr()) else {
            return false;
        };
        let is_entry = |pointer| match pointer {
            Pointer::Direct(at) => at.checked_sub(start).is_some_and(|offset| {
                let offset = usize::try_from(offset).unwrap_or(usize::MAX);
                entries.offsets.binary_search(&offset).is_ok()
            }),
            Pointer::Indirect(_) => false,
        };
        let mut rows = table.iter(bases);
        loop {
            match rows.next() {
                Ok(Some((_, entry))) if is_entry(entry) => {}
                Ok(None) => return true,
                Ok(Some(_)) | Err(_) => return false,
            }
        }
    }

    fn debug_frame_is_safe(&self, bases: &BaseAddresses) -> bool {
        self.debug_frame.as_ref().is_some_and(|part| {
            let mut section: DebugFrame<Bytes<'_>> = DebugFrame::new(&part.bytes, LittleEndian);
            section.set_address_size(8);
            entries(&section, bases).is_some()
        })
    }
}

fn range_of(file: &object::File<'_>, name: &str) -> Range<u64> {
    file.section_by_name(name).map_or(0..0, |section| {
        section.address()..section.address().saturating_add(section.size())
    })
}

fn part(file: &object::File<'_>, name: &str) -> Option<Part> {
    let section = file.section_by_name(name)?;
    let is_plain = section.compressed_file_range().ok()?.format == object::CompressionFormat::None;
    let bytes = section.data().ok()?;
    let is_usable = is_plain && !bytes.is_empty() && bytes.len() as u64 <= MOST_SECTION_BYTES;
    is_usable.then(|| Part {
        address: range_of(file, name),
        bytes: Arc::from(bytes),
    })
}

/// The longest stretch of `text` that no function covers: linkers place all Go code in one piece.
fn largest_gap(text: &Range<u64>, mut functions: Vec<(u64, u64)>) -> Range<u64> {
    functions.sort_unstable();
    let (mut gap, mut covered) = (0..0, text.start);
    let end = std::iter::once((text.end, 0));
    for (start, length) in functions.into_iter().chain(end) {
        let start = start.min(text.end);
        if start.saturating_sub(covered) > gap.end - gap.start {
            gap = covered..start;
        }
        covered = covered.max(start.saturating_add(length));
    }
    gap
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_gap_is_where_no_function_is() {
        let functions = vec![(180, 40), (100, 10), (115, 5), (5, 3), (u64::MAX, u64::MAX)];
        assert_eq!(largest_gap(&(100..220), functions.clone()), 120..180);
        assert_eq!(largest_gap(&(100..300), functions), 220..300);
        assert_eq!(largest_gap(&(100..300), Vec::new()), 100..300);
        assert_eq!(largest_gap(&(0..0), vec![(0, 7)]), 0..0);
    }
}

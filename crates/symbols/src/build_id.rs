//! The identity that linkers write into a binary.

use object::elf::{FileHeader64, NoteType};
use object::read::elf::{
    ElfFile32, ElfFile64, FileHeader, NoteIterator, ProgramHeader, SectionHeader,
};
use object::{Endianness, FileKind};

/// Type of a build ID note of owner `Go`.
const GO_BUILD_ID: NoteType = NoteType(4);
/// Type of a build ID note of owner `GNU`.
const GNU_BUILD_ID: NoteType = object::elf::NT_GNU_BUILD_ID;

/// Build IDs of a file; empty where it has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildIds {
    /// Go's, as text.
    pub go: String,
    /// GNU's, in hex.
    pub gnu: String,
}

impl BuildIds {
    /// Go's if there is one, else GNU's.
    #[must_use]
    pub fn preferred(&self) -> &str {
        if self.go.is_empty() {
            &self.gnu
        } else {
            &self.go
        }
    }

    /// GNU's if there is one, as pprof files and separate debug files know it, else Go's.
    #[must_use]
    pub fn common(&self) -> &str {
        if self.gnu.is_empty() {
            &self.go
        } else {
            &self.gnu
        }
    }

    /// Whether a recorded build ID is one of these. Recordings pad short ones with zeros to 20 bytes.
    #[must_use]
    pub fn matches(&self, recorded: &str) -> bool {
        let is_padding =
            |rest: &str| recorded.len() == 40 && rest.bytes().all(|digit| digit == b'0');
        let is_gnu = !self.gnu.is_empty()
            && recorded
                .strip_prefix(self.gnu.as_str())
                .is_some_and(is_padding);
        is_gnu || recorded == self.gnu || recorded == self.go
    }
}

/// Returns the build ID of an ELF file: the Go build ID as text if it has one, else the GNU build
/// ID in hex; empty if it has neither or is no ELF file.
#[must_use]
pub fn build_id(data: &[u8]) -> String {
    build_ids(data).preferred().to_owned()
}

/// Returns both build IDs of an ELF file.
#[must_use]
pub fn build_ids(data: &[u8]) -> BuildIds {
    let found = match FileKind::parse(data) {
        Ok(FileKind::Elf64) => ElfFile64::<Endianness>::parse(data)
            .ok()
            .map(|file| find(file.elf_header(), file.endian(), data)),
        Ok(FileKind::Elf32) => ElfFile32::<Endianness>::parse(data)
            .ok()
            .map(|file| find(file.elf_header(), file.endian(), data)),
        _ => None,
    };
    found.unwrap_or_default()
}

/// Returns the GNU build ID in hex out of notes without a file around them, such as those of the
/// running kernel; empty if there is none.
#[must_use]
pub fn note_build_id(notes: &[u8]) -> String {
    let mut ids = BuildIds::default();
    let endian = Endianness::default();
    if let Ok(notes) = NoteIterator::<FileHeader64<Endianness>>::new(endian, 4, notes) {
        collect(notes, endian, &mut ids);
    }
    ids.gnu
}

/// Looks at sections and, for files without section headers, at segments.
fn find<H: FileHeader>(header: &H, endian: H::Endian, data: &[u8]) -> BuildIds {
    let mut ids = BuildIds::default();
    if let Ok(sections) = header.sections(endian, data) {
        for section in sections.iter() {
            if let Ok(Some(notes)) = section.notes(endian, data) {
                collect(notes, endian, &mut ids);
            }
        }
    }
    for segment in header.program_headers(endian, data).unwrap_or_default() {
        if let Ok(Some(notes)) = segment.notes(endian, data) {
            collect(notes, endian, &mut ids);
        }
    }
    ids
}

fn collect<H: FileHeader>(mut notes: NoteIterator<'_, H>, endian: H::Endian, ids: &mut BuildIds) {
    while let Ok(Some(note)) = notes.next() {
        match (note.name(), note.n_type(endian)) {
            (b"Go", GO_BUILD_ID) if ids.go.is_empty() => {
                ids.go = String::from_utf8_lossy(note.desc()).into_owned();
            }
            (b"GNU", GNU_BUILD_ID) if ids.gnu.is_empty() => ids.gnu = hex(note.desc()),
            _ => {}
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_identity_may_be_padded() {
        let ids = BuildIds {
            go: "a/b/c".to_owned(),
            gnu: "0123456789abcdef0123456789abcdef".to_owned(),
        };
        assert!(ids.matches("0123456789abcdef0123456789abcdef"));
        assert!(ids.matches("0123456789abcdef0123456789abcdef00000000"));
        assert!(ids.matches("a/b/c"));
        assert!(!ids.matches("0123456789abcdef0123456789abcdef00000001"));
        assert!(!ids.matches("0123456789abcdef"));
        assert!(!BuildIds::default().matches("0000000000000000000000000000000000000000"));
    }
}

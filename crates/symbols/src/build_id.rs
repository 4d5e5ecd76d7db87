//! The identity that linkers write into a binary.

use object::elf::NoteType;
use object::read::elf::{ElfFile32, ElfFile64, FileHeader, SectionHeader};
use object::{Endianness, FileKind};

/// Type of a build ID note of owner `Go`.
const GO_BUILD_ID: NoteType = NoteType(4);
/// Type of a build ID note of owner `GNU`.
const GNU_BUILD_ID: NoteType = object::elf::NT_GNU_BUILD_ID;

/// Returns the build ID of an ELF file: the Go build ID as text if it has one, else the GNU build
/// ID in hex; empty if it has neither or is no ELF file.
#[must_use]
pub fn build_id(data: &[u8]) -> String {
    let found = match FileKind::parse(data) {
        Ok(FileKind::Elf64) => ElfFile64::<Endianness>::parse(data)
            .ok()
            .and_then(|file| find(file.elf_header(), file.endian(), data)),
        Ok(FileKind::Elf32) => ElfFile32::<Endianness>::parse(data)
            .ok()
            .and_then(|file| find(file.elf_header(), file.endian(), data)),
        _ => None,
    };
    found.unwrap_or_default()
}

fn find<H: FileHeader>(header: &H, endian: H::Endian, data: &[u8]) -> Option<String> {
    let mut gnu = None;
    for section in header.sections(endian, data).ok()?.iter() {
        let Ok(Some(mut notes)) = section.notes(endian, data) else {
            continue;
        };
        while let Ok(Some(note)) = notes.next() {
            match (note.name(), note.n_type(endian)) {
                (b"Go", GO_BUILD_ID) => {
                    return Some(String::from_utf8_lossy(note.desc()).into_owned());
                }
                (b"GNU", GNU_BUILD_ID) => gnu = Some(hex(note.desc())),
                _ => {}
            }
        }
    }
    gnu
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

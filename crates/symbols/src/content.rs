//! What of a program is loaded: its identity where paths, build IDs and debug information differ.

use object::elf::{SHF_ALLOC, SHT_NOBITS};
use object::read::elf::{ElfFile32, ElfFile64, FileHeader, SectionHeader};
use object::{Endianness, FileKind};
use sha2::{Digest, Sha256};

/// Sections that are loaded but say only how the file was built.
const NOT_CONTENT: [&[u8]; 3] = [b".note.gnu.build-id", b".note.go.buildid", b".go.buildinfo"];

/// Returns the SHA-256, in hex, of the loaded code and data of an ELF file: name, address, size and bytes of each
/// section that is mapped into the process, without build IDs. Empty for what is no ELF file or has no sections.
///
/// Source: System V ABI, chapter 4, Sections.
#[must_use]
pub fn content_sha256(data: &[u8]) -> String {
    let found = match FileKind::parse(data) {
        Ok(FileKind::Elf64) => ElfFile64::<Endianness>::parse(data)
            .ok()
            .and_then(|file| digest(file.elf_header(), file.endian(), data)),
        Ok(FileKind::Elf32) => ElfFile32::<Endianness>::parse(data)
            .ok()
            .and_then(|file| digest(file.elf_header(), file.endian(), data)),
        _ => None,
    };
    found.unwrap_or_default()
}

fn digest<H: FileHeader>(header: &H, endian: H::Endian, data: &[u8]) -> Option<String> {
    let sections = header.sections(endian, data).ok()?;
    let mut hash = Sha256::new();
    let mut loaded = 0_usize;
    put(&mut hash, header.e_entry(endian).into());
    for section in sections.iter() {
        let name = sections.section_name(endian, section).ok()?;
        let flags = section.sh_flags(endian);
        if !flags.contains(SHF_ALLOC) || NOT_CONTENT.contains(&name) {
            continue;
        }
        loaded += 1;
        put(&mut hash, name.len() as u64);
        hash.update(name);
        put(&mut hash, section.sh_addr(endian).into());
        put(&mut hash, section.sh_size(endian).into());
        put(&mut hash, flags.0);
        if section.sh_type(endian) != SHT_NOBITS {
            hash.update(section.data(endian, data).ok()?);
        }
    }
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    (loaded > 0).then(|| hex(&hash.finalize()))
}

fn put(hash: &mut Sha256, number: u64) {
    hash.update(number.to_le_bytes());
}

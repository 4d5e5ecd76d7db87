//! Whether another allocator can be put in front of a program, told from its file.

use object::read::elf::{FileHeader, ProgramHeader};
use object::{Object, ObjectSymbol, elf};

use crate::build_id::build_id;

/// Functions of allocators that programs bring along, by one function of each.
const OWN_ALLOCATORS: [(&str, &str); 6] = [
    ("_rjem_malloc", "jemalloc"),
    ("je_malloc", "jemalloc"),
    ("mi_malloc", "mimalloc"),
    ("tc_malloc", "tcmalloc"),
    ("rpmalloc", "rpmalloc"),
    ("sn_malloc", "snmalloc"),
];

/// Why `malloc` of a program cannot be replaced by LD_PRELOAD; empty where nothing speaks against it.
///
/// Reads program headers and symbols. A stripped program with a linked-in allocator is not recognised.
#[must_use]
pub fn why_not_preloadable(data: &[u8]) -> String {
    let Ok(file) = object::File::parse(data) else {
        return "it is no ELF program (a script is run by another program)".to_owned();
    };
    if build_id(data).contains('/') || file.section_by_name(".go.buildinfo").is_some() {
        return "it is a Go program, whose runtime allocates by itself".to_owned();
    }
    match interpreter(data) {
        None => return "it is linked statically: the loader has no part in it".to_owned(),
        Some(path) if path.contains("ld-musl") => {
            return format!("it runs on musl ({path}), the library was built for glibc");
        }
        Some(_) => {}
    }
    own_allocator(&file)
}

fn own_allocator(file: &object::File<'_>) -> String {
    let symbols = file.symbols().chain(file.dynamic_symbols());
    let defined = symbols.filter(|symbol| symbol.is_definition());
    let names = defined.filter_map(|symbol| symbol.name().ok());
    for name in names {
        let found = OWN_ALLOCATORS
            .iter()
            .find(|(function, _)| name == *function);
        if let Some((function, allocator)) = found {
            return format!("it brings an allocator of its own: {allocator} (symbol {function})");
        }
        if name == "malloc" {
            return "it defines malloc itself".to_owned();
        }
    }
    String::new()
}

/// The path of the loader, PT_INTERP; absent in static programs.
fn interpreter(data: &[u8]) -> Option<String> {
    fn read<Elf: FileHeader<Endian = object::Endianness>>(data: &[u8]) -> Option<String> {
        let header = Elf::parse(data).ok()?;
        let endian = header.endian().ok()?;
        let segments = header.program_headers(endian, data).ok()?;
        let segment = segments
            .iter()
            .find(|one| one.p_type(endian) == elf::PT_INTERP)?;
        let path = segment.data(endian, data).ok()?;
        Some(
            String::from_utf8_lossy(path)
                .trim_end_matches('\0')
                .to_owned(),
        )
    }
    read::<elf::FileHeader64<object::Endianness>>(data)
        .or_else(|| read::<elf::FileHeader32<object::Endianness>>(data))
}

//! Names the code of small committed binaries, whole and damaged. Their source is `fixtures/inlined.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use object::{Object, ObjectSegment, ObjectSymbol};
use proptest::prelude::*;
use symbols::{Frame, KernelSymbols, Limits, Resolution, build_id, demangle, resolve};

const FULL: &[u8] = include_bytes!("fixtures/inlined-full.so");
const LINES: &[u8] = include_bytes!("fixtures/inlined-lines.so");
const SYMBOLS: &[u8] = include_bytes!("fixtures/inlined-symbols.so");

/// File offsets of all bytes of `work::burn`, found with another reader than the one under test uses.
fn burn(data: &[u8]) -> Vec<u64> {
    let file = object::File::parse(data).unwrap();
    let symbol = file
        .symbols()
        .find(|symbol| symbol.name().is_ok_and(|name| name.contains("burn")))
        .unwrap();
    let segment = file.segments().find(|segment| {
        (segment.address()..segment.address() + segment.size()).contains(&symbol.address())
    });
    let segment = segment.unwrap();
    let start = symbol.address() - segment.address() + segment.file_range().0;
    assert_ne!(
        start,
        symbol.address(),
        "the fixture should have offsets that differ from addresses"
    );
    (start..start + symbol.size()).collect()
}

fn resolved(data: &[u8], offsets: &[u64]) -> Resolution {
    resolve(data, "/opt/inlined.so", offsets, Limits::default())
}

fn functions(frames: &[Frame]) -> Vec<&str> {
    frames.iter().map(|frame| frame.function.as_str()).collect()
}

#[test]
fn full_debug_info_even_compressed_names_inlined_calls() {
    let resolution = resolved(FULL, &burn(FULL));
    assert_eq!(resolution.warning, "");
    let inlined: Vec<&Vec<Frame>> = resolution
        .frames
        .iter()
        .filter(|frames| frames.len() > 1)
        .collect();
    assert!(!inlined.is_empty());
    assert!(
        inlined
            .iter()
            .any(|frames| functions(frames)
                .ends_with(&["inlined::work::mix", "inlined::work::burn"]))
    );
    for frames in &resolution.frames {
        let physical = frames.last().unwrap();
        assert_eq!(
            (physical.function.as_str(), physical.start_line),
            ("inlined::work::burn", 12)
        );
        assert!(
            matches!(physical.file.as_str(), "" | "/build/inlined/src/lib.rs"),
            "{}",
            physical.file
        );
        assert!(
            physical.system_name.starts_with("_ZN7inlined4work4burn17h"),
            "{}",
            physical.system_name
        );
    }
}

#[test]
fn line_tables_alone_name_the_same_calls() {
    let (full, lines) = (
        resolved(FULL, &burn(FULL)).frames,
        resolved(LINES, &burn(LINES)).frames,
    );
    assert_eq!(
        full.len(),
        lines.len(),
        "the code should not depend on the debug info"
    );
    for (full, lines) in full.iter().zip(&lines) {
        assert_eq!(full.len(), lines.len(), "{full:?}");
        // Full debug info marks some instructions as belonging to no line.
        for (full, lines) in full.iter().zip(lines).filter(|(full, _)| full.line != 0) {
            assert_eq!(
                (&full.file, full.line),
                (&lines.file, lines.line),
                "{full:?}"
            );
        }
        assert_eq!(
            full.last().unwrap().function,
            lines.last().unwrap().function
        );
    }
    let names_module = |frames: &Vec<Frame>| {
        functions(frames).starts_with(&["inlined::mix", "inlined::work::burn"])
    };
    assert!(
        lines.iter().any(names_module),
        "the path of the file stands for the module"
    );
}

#[test]
fn the_symbol_table_names_the_physical_function() {
    for frames in resolved(SYMBOLS, &burn(SYMBOLS)).frames {
        assert_eq!(functions(&frames), ["inlined::work::burn"]);
    }
}

#[test]
fn unknown_code_is_named_by_its_place() {
    let resolution = resolved(SYMBOLS, &[0, 1 << 40]);
    assert_eq!(functions(&resolution.frames[0]), ["[inlined.so]+0x0"]);
    assert_eq!(
        functions(&resolution.frames[1]),
        ["[inlined.so]+0x10000000000"]
    );
    let resolution = resolved(b"no binary", &[0x40]);
    assert_eq!(functions(&resolution.frames[0]), ["[inlined.so]+0x40"]);
    assert!(resolution.warning.contains("not a readable binary"));
}

#[test]
fn a_stripped_function_is_known_by_where_it_begins() {
    let offsets = burn(SYMBOLS);
    let mut stripped = SYMBOLS.to_vec();
    erase_section_headers_of_symbols(&mut stripped);
    for frames in resolved(&stripped, &offsets).frames {
        assert_eq!(
            functions(&frames),
            [format!("[inlined.so]+{:#x}", offsets[0])]
        );
    }
}

/// Turns the symbol tables into sections of no known kind, as if they had been stripped.
fn erase_section_headers_of_symbols(data: &mut [u8]) {
    let headers = u64::from_le_bytes(data[0x28..0x30].try_into().unwrap()) as usize;
    let count = u16::from_le_bytes(data[0x3c..0x3e].try_into().unwrap());
    for header in (0..usize::from(count)).map(|row| headers + row * 64) {
        let kind = &mut data[header + 4..header + 8];
        if matches!(kind[0], 2 | 11) {
            kind.copy_from_slice(&[0xff, 0, 0, 0]);
        }
    }
}

#[test]
fn debug_info_beyond_the_limit_is_left_out_with_a_warning() {
    let resolution = resolve(
        FULL,
        "/opt/inlined.so",
        &burn(FULL),
        Limits { debug_bytes: 100 },
    );
    assert!(resolution.warning.contains("passes the limit"));
    assert!(
        resolution
            .frames
            .iter()
            .all(|frames| functions(frames) == ["inlined::work::burn"])
    );
}

#[test]
fn build_ids_are_read_where_there_are_any() {
    assert_eq!(build_id(b""), "");
    assert_eq!(build_id(b"\x7fELF"), "");
    let found = build_id(SYMBOLS);
    assert!(
        found.len() == 40 && found.bytes().all(|digit| digit.is_ascii_hexdigit()),
        "{found}"
    );
}

#[test]
fn truncated_binaries_never_panic() {
    for data in [FULL, LINES, SYMBOLS] {
        let offsets = burn(data);
        for length in 0..data.len() {
            let resolution = resolved(&data[..length], &offsets[..8]);
            assert!(resolution.frames.iter().all(|frames| !frames.is_empty()));
        }
    }
}

proptest! {
    #[test]
    fn flipped_bits_never_panic(
        full in any::<bool>(),
        flips in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
    ) {
        let original = if full { FULL } else { LINES };
        let offsets = burn(original);
        let mut data = original.to_vec();
        for flip in flips {
            let bit = flip.index(data.len() * 8);
            data[bit / 8] ^= 1 << (bit % 8);
        }
        let _ = build_id(&data);
        prop_assert_eq!(resolved(&data, &offsets).frames.len(), offsets.len());
    }

    #[test]
    fn names_and_kernel_symbols_of_any_text_never_panic(text in "(_ZN|_R|<|->|::<|[0-9]{1,3}|[a-z]|E|\\PC|\n| ){0,40}") {
        let _ = demangle(&text);
        prop_assert!(!KernelSymbols::parse(&text).resolve(1).function.is_empty());
    }
}

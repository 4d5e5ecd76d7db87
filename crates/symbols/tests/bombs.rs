//! Debug info of a few bytes that would cost gigabytes to read is refused before it is read.

#![allow(clippy::unwrap_used, missing_docs)]

use proptest::prelude::*;
use symbols::{Limits, resolve};

const LOW: u64 = 0x1000;

/// An ELF file with one loaded segment and these sections.
fn elf(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = vec![0; 64 + 56];
    let (mut names, mut headers) = (vec![0], vec![0; 64]);
    let mut add = |file: &mut Vec<u8>, kind: u32, name: &str, data: Option<&[u8]>| {
        let at = names.len() as u32;
        names.extend(name.bytes().chain([0]));
        let data = data.unwrap_or(&names).to_vec();
        headers.extend([at.to_le_bytes(), kind.to_le_bytes()].concat());
        for word in [0, 0, file.len() as u64, data.len() as u64, 0, 1, 0] {
            headers.extend(word.to_le_bytes());
        }
        file.extend(data);
    };
    for (name, data) in sections {
        add(&mut file, 1, name, Some(data));
    }
    add(&mut file, 3, ".shstrtab", None);
    let (at, count) = (file.len() as u64, headers.len() / 64);
    file.extend(headers);
    file[..8].copy_from_slice(b"\x7fELF\x02\x01\x01\0");
    let head = [3u16.to_le_bytes(), 62u16.to_le_bytes(), [1, 0], [0, 0]].concat();
    file[16..24].copy_from_slice(&head);
    file[32..40].copy_from_slice(&64u64.to_le_bytes());
    file[40..48].copy_from_slice(&at.to_le_bytes());
    for (at, number) in [
        (52, 64),
        (54, 56),
        (56, 1),
        (58, 64),
        (60, count),
        (62, count - 1),
    ] {
        file[at..at + 2].copy_from_slice(&(number as u16).to_le_bytes());
    }
    file[64..72].copy_from_slice(&[1, 0, 0, 0, 5, 0, 0, 0]);
    for (at, word) in [(96, 1 << 20), (104, 1 << 20), (112, 0x1000u64)] {
        file[at..at + 8].copy_from_slice(&word.to_le_bytes());
    }
    file
}

/// A unit of DWARF 4 with its length in front.
fn unit(entries: &[u8]) -> Vec<u8> {
    let head = [4, 0, 0, 0, 0, 0, 8];
    let length = (head.len() + entries.len()) as u32;
    [&length.to_le_bytes(), &head[..], entries].concat()
}

/// A unit's own entry: abbreviation 1 with the first address, a length of four bytes, and what follows.
fn whole(more: &[u8]) -> Vec<u8> {
    [
        &[1][..],
        &LOW.to_le_bytes(),
        &0xf_f000u32.to_le_bytes(),
        more,
    ]
    .concat()
}

/// Abbreviations after that of the unit, which has these attributes more.
fn abbreviations(unit: &[u8], others: &[u8]) -> Vec<u8> {
    [
        &[1, 0x11, 1, 0x11, 1, 0x12, 6][..],
        unit,
        &[0, 0],
        others,
        &[0],
    ]
    .concat()
}

fn lines(directory: &[u8], files: &[u8], program: &[u8]) -> Vec<u8> {
    let opcodes = [1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];
    let head = [&opcodes[..], directory, &[0], files, &[0]].concat();
    let start = [&[0, 9, 2][..], &LOW.to_le_bytes()].concat();
    let body = [
        &[4, 0],
        &(head.len() as u32).to_le_bytes()[..],
        &head,
        &start,
        program,
        &[0, 1, 1],
    ]
    .concat();
    [&(body.len() as u32).to_le_bytes()[..], &body].concat()
}

fn warning(sections: &[(&str, &[u8])]) -> String {
    let resolution = resolve(&elf(sections), "/bin/a", &[LOW, LOW + 4], Limits::default());
    assert_eq!(resolution.frames[0][0].function, "[a]+0x1000");
    resolution.warning
}

#[test]
fn small_debug_info_is_read() {
    let (info, kinds) = (unit(&whole(&[0; 4])), abbreviations(&[0x10, 0x17], &[]));
    let lines = lines(b"", b"a.c\0\0\0\0", &[0x22; 8]);
    let data = elf(&[
        (".debug_info", &info),
        (".debug_abbrev", &kinds),
        (".debug_line", &lines),
    ]);
    let resolution = resolve(&data, "/bin/a", &[LOW + 2], Limits::default());
    assert_eq!(
        (
            resolution.warning.as_str(),
            resolution.frames[0][0].file.as_str()
        ),
        ("", "a.c")
    );
}

#[test]
fn countless_units_are_refused() {
    let info = unit(&whole(&[])).repeat(300_000);
    let found = warning(&[
        (".debug_info", &info),
        (".debug_abbrev", &abbreviations(&[], &[])),
    ]);
    assert_eq!(found, "the debug info has more units than any program");
}

#[test]
fn countless_functions_and_shared_ranges_are_refused() {
    let expected = "the debug info has more functions and ranges than any program";
    let kinds = abbreviations(&[], &[2, 0x2e, 0, 0x55, 0x17, 0, 0]);
    let range = [1u64.to_le_bytes(), 2u64.to_le_bytes()].concat();
    let ranges = [range.repeat(5_000), vec![0; 16]].concat();
    let info = unit(&whole(&[2, 0, 0, 0, 0].repeat(20_000)));
    let sections = [
        (".debug_info", &info[..]),
        (".debug_abbrev", &kinds),
        (".debug_ranges", &ranges),
    ];
    assert_eq!(warning(&sections), expected);
    let kinds = abbreviations(&[], &[2, 0x2e, 0, 0, 0]);
    let info = unit(&whole(&vec![2; 4_100_000]));
    assert_eq!(
        warning(&[(".debug_info", &info), (".debug_abbrev", &kinds)]),
        expected
    );
}

#[test]
fn countless_lines_and_long_paths_are_refused() {
    let (info, kinds) = (unit(&whole(&[0; 4])), abbreviations(&[0x10, 0x17], &[]));
    let of = |lines: Vec<u8>| {
        warning(&[
            (".debug_info", &info),
            (".debug_abbrev", &kinds),
            (".debug_line", &lines),
        ])
    };
    let rows = lines(b"", b"a.c\0\0\0\0", &vec![0x22; 9_000_000]);
    assert_eq!(
        of(rows),
        "a unit of the debug info has more lines than any program"
    );
    let directory = [vec![b'd'; 1 << 20], vec![0]].concat();
    let paths = lines(&directory, &b"a\0\x01\0\0".repeat(100), &[0x22; 8]);
    assert_eq!(
        of(paths),
        "the debug info has longer paths than any program"
    );
    let names = lines(b"", &b"a\0\0\0\0".repeat(900_000), &[0x22; 8]);
    assert_eq!(
        of(names),
        "the debug info names more files in a unit than any program has"
    );
}

#[test]
fn units_that_share_large_tables_are_refused_or_share_them() {
    let kinds = abbreviations(&[0x10, 0x17], &[]);
    let info = unit(&whole(&[0; 4])).repeat(1_000);
    let lines = lines(b"", b"a.c\0\0\0\0", &vec![0x22; 1 << 20]);
    let found = warning(&[
        (".debug_info", &info),
        (".debug_abbrev", &kinds),
        (".debug_line", &lines),
    ]);
    assert_eq!(
        found,
        "units of the debug info share their lines, as no compiler makes them"
    );
    let many: Vec<u8> = (0..4_100_000u32).flat_map(|_| [2, 0x34, 0, 0, 0]).collect();
    let found = warning(&[
        (".debug_info", &info),
        (".debug_abbrev", &abbreviations(&[], &many)),
    ]);
    assert_eq!(
        found,
        "the debug info describes more kinds of entries than any program has"
    );
}

proptest! {
    #[test]
    fn debug_info_with_lying_fields_will_never_panic(
        lies in prop::collection::vec((0usize..4, any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        // A function with ranges, in it an inlined call that names itself as its origin.
        let others = [
            2, 0x2e, 1, 0x55, 0x17, 0x31, 0x13, 0, 0, 3, 0x1d, 0, 0x11, 1, 0x12, 6, 0x31, 0x13, 0x59, 0x0b, 0, 0,
        ];
        let call = [&[3][..], &LOW.to_le_bytes(), &8u32.to_le_bytes(), &37u32.to_le_bytes(), &[7]].concat();
        let function = [&[2, 0, 0, 0, 0, 28, 0, 0, 0][..], &call, &[0, 0]].concat();
        let range = [0u64, 0x1000, 0, 0].map(u64::to_le_bytes).concat();
        let mut parts = [
            unit(&whole(&[&[0; 4][..], &function].concat())),
            abbreviations(&[0x10, 0x17], &others),
            lines(b"d\0\0", b"a.c\0\x01\0\0b.c\0\0\0\0", &[0x22; 8]),
            range,
        ];
        for (part, at, byte) in lies {
            let length = parts[part].len();
            parts[part][at.index(length)] = byte;
        }
        let which = cut.index(4);
        let length = parts[which].len();
        parts[which].truncate(length - cut.index(length) / 4);
        let names = [".debug_info", ".debug_abbrev", ".debug_line", ".debug_ranges"];
        let sections: Vec<(&str, &[u8])> = names.into_iter().zip(parts.iter().map(Vec::as_slice)).collect();
        let offsets: Vec<u64> = (LOW - 1..LOW + 12).collect();
        let resolution = resolve(&elf(&sections), "/bin/a", &offsets, Limits::default());
        prop_assert!(resolution.frames.iter().all(|frames| !frames.is_empty()));
    }
}

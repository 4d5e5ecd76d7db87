//! The identity of what is loaded, on the program that this test is.

#![allow(clippy::unwrap_used)]

use object::{Object, ObjectSection};
use proptest::prelude::*;
use symbols::content_sha256;

fn own() -> Vec<u8> {
    std::fs::read(std::env::current_exe().unwrap()).unwrap()
}

fn changed(data: &[u8], section: &str) -> Vec<u8> {
    let file = object::File::parse(data).unwrap();
    let (at, size) = file.section_by_name(section).unwrap().file_range().unwrap();
    let mut copy = data.to_vec();
    copy[usize::try_from(at + size - 1).unwrap()] ^= 1;
    copy
}

#[test]
fn code_and_data_count_and_the_build_id_does_not() {
    let data = own();
    let content = content_sha256(&data);
    assert_eq!(content.len(), 64);
    for section in [".text", ".rodata", ".data"] {
        assert_ne!(
            content_sha256(&changed(&data, section)),
            content,
            "{section}"
        );
    }
    for section in [".symtab", ".strtab"] {
        assert_eq!(
            content_sha256(&changed(&data, section)),
            content,
            "{section}"
        );
    }
    if object::File::parse(&*data)
        .unwrap()
        .section_by_name(".note.gnu.build-id")
        .is_some()
    {
        assert_eq!(
            content_sha256(&changed(&data, ".note.gnu.build-id")),
            content
        );
    }
}

#[test]
fn what_is_no_program_has_no_content() {
    assert_eq!(content_sha256(b"#!/bin/sh\n"), "");
    assert_eq!(content_sha256(b""), "");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn damaged_programs_never_panic(at in 0_usize..4096, byte: u8, kept in 0_usize..70_000) {
        let mut data = own();
        data.truncate(kept.max(64));
        let length = data.len();
        data[at % length] = byte;
        let _ = content_sha256(&data);
    }
}

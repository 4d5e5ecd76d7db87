//! Whether an allocator can be preloaded, asked of real programs and of damaged ones.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use symbols::why_not_preloadable;

#[test]
fn a_program_of_the_system_allocator_takes_another() {
    let this = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    assert_eq!(why_not_preloadable(&this), "");
}

#[test]
fn a_script_does_not() {
    assert!(why_not_preloadable(b"#!/bin/sh\n").contains("no ELF program"));
}

proptest! {
    #[test]
    fn damaged_programs_never_panic(flips in prop::collection::vec((0usize..4096, any::<u8>()), 1..40)) {
        let mut data = std::fs::read("/bin/true").unwrap();
        for (place, byte) in flips {
            data[place] = byte;
        }
        let _ = why_not_preloadable(&data);
    }
}

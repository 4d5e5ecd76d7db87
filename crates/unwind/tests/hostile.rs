//! Tables, stacks and registers that lie.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::sync::LazyLock;

use object::{Object, ObjectSection};
use proptest::prelude::*;
use unwind::{Architecture, CodeMap, Registers, Sections, StackCopy, Unwinder};

/// A small program that every machine has.
static PROGRAM: LazyLock<Vec<u8>> = LazyLock::new(|| std::fs::read("/bin/true").unwrap());
const LOADED_AT: u64 = 0x5000_0000;

/// Bytes of the file that hold what is executed.
fn table_bytes() -> Vec<usize> {
    let file = object::File::parse(&**PROGRAM).unwrap();
    [".eh_frame", ".eh_frame_hdr"]
        .into_iter()
        .filter_map(|name| file.section_by_name(name)?.file_range())
        .flat_map(|(offset, size)| (offset..offset + size).map(|at| at as usize))
        .collect()
}

fn sample() -> impl Strategy<Value = (Vec<u64>, [u64; 4])> {
    // Words that look like code, like stack, and like neither.
    let word = prop_oneof![
        LOADED_AT..LOADED_AT + 0x8000,
        (0x7000_0000u64..0x7000_0800).prop_map(|at| at & !7),
        any::<u64>(),
        Just(u64::MAX - 7),
    ];
    (
        prop::collection::vec(word.clone(), 0..256),
        [word.clone(), word.clone(), word.clone(), word],
    )
}

fn unwind(sections: &Sections, words: &[u64], registers: [u64; 4]) -> Result<(), TestCaseError> {
    let stack: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    for architecture in [Architecture::X86_64, Architecture::Aarch64] {
        let mut code = CodeMap::new(architecture);
        code.map(LOADED_AT..LOADED_AT + 0x10_0000, 0, Some(sections));
        let (mut unwinder, mut chain) = (Unwinder::default(), Vec::new());
        for start in [0x7000_0000, registers[1]] {
            let registers = Registers {
                instruction: registers[0],
                stack: start,
                frame: registers[2],
                link: registers[3],
            };
            let copy = StackCopy {
                start,
                bytes: &stack,
                is_cut: true,
            };
            unwinder.chain(&code, &registers, &copy, &mut chain);
            prop_assert!((1..=1024).contains(&chain.len()));
            prop_assert!(chain[1..].iter().all(|&address| code.is_code(address - 1)));
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn flipped_tables_never_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
        (words, registers) in sample(),
    ) {
        let (mut elf, places) = (PROGRAM.clone(), table_bytes());
        for (place, byte) in flips {
            elf[places[place.index(places.len())]] = byte;
        }
        unwind(&Sections::of_elf(&elf), &words, registers)?;
    }

    #[test]
    fn flipped_and_truncated_binaries_never_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
        length in any::<prop::sample::Index>(),
        (words, registers) in sample(),
    ) {
        let mut elf = PROGRAM.clone();
        for (place, byte) in flips {
            let at = place.index(elf.len());
            elf[at] = byte;
        }
        // The headers are worth more flips than all the code.
        let at = length.index(64);
        elf[at] ^= 1;
        unwind(&Sections::of_elf(&elf), &words, registers)?;
        elf[at] ^= 1;
        elf.truncate(length.index(PROGRAM.len()));
        unwind(&Sections::of_elf(&elf), &words, registers)?;
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000), (words, registers) in sample()) {
        unwind(&Sections::of_elf(&bytes), &words, registers)?;
    }
}

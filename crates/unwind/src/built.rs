//! Tests on tables that are written here, for both architectures.

#![allow(clippy::unwrap_used)]

use std::ops::Range;

use gimli::write::{
    Address, CallFrameInstruction as Step, CommonInformationEntry, DebugFrame, EhFrame, EndianVec,
    Expression, FrameDescriptionEntry, FrameTable,
};
use gimli::{AArch64, Encoding, Format, LittleEndian, Register, X86_64};
use proptest::prelude::*;

use crate::{Architecture, CodeMap, End, Registers, Sections, StackCopy, Unwinder};

const STACK: u64 = 0x7000;

/// A table of functions with their steps, as it stands in section `name`.
fn table(
    return_address: Register,
    first: Step,
    functions: Vec<(Range<u64>, Vec<Step>)>,
    name: &str,
) -> Vec<u8> {
    let encoding = Encoding {
        format: Format::Dwarf32,
        version: 1,
        address_size: 8,
    };
    let mut common = CommonInformationEntry::new(encoding, 1, -8, return_address);
    common.add_instruction(first);
    if return_address == X86_64::RA {
        common.add_instruction(Step::Offset(X86_64::RA, -8));
    }
    let mut table = FrameTable::default();
    let common = table.add_cie(common);
    for (code, steps) in functions {
        let length = (code.end - code.start) as u32;
        let mut function = FrameDescriptionEntry::new(Address::Constant(code.start), length);
        for step in steps {
            function.add_instruction(0, step);
        }
        table.add_fde(common, function);
    }
    if name == ".eh_frame" {
        let mut section = EhFrame(EndianVec::new(LittleEndian));
        table.write_eh_frame(&mut section).unwrap();
        section.0.into_vec()
    } else {
        let mut section = DebugFrame(EndianVec::new(LittleEndian));
        table.write_debug_frame(&mut section).unwrap();
        section.0.into_vec()
    }
}

/// A leaf without frame at 0x1000, its caller at 0x1100, a first function at 0x1200.
fn x86_64_table(name: &str) -> Vec<u8> {
    let caller = vec![Step::CfaOffset(32), Step::Offset(X86_64::RBP, -16)];
    let functions = vec![
        (0x1000..0x1100, vec![Step::CfaOffset(24)]),
        (0x1100..0x1200, caller),
        (0x1200..0x1300, vec![Step::Undefined(X86_64::RA)]),
    ];
    table(X86_64::RA, Step::Cfa(X86_64::RSP, 8), functions, name)
}

fn chain(
    architecture: Architecture,
    sections: &Sections,
    registers: [u64; 3],
    words: &[u64],
) -> (Vec<u64>, End) {
    let mut code = CodeMap::new(architecture);
    code.map(0x1000..0x3000, 0x1000, Some(sections));
    let [instruction, frame, link] = registers;
    let registers = Registers {
        instruction,
        stack: STACK,
        frame,
        link,
    };
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let stack = StackCopy {
        start: STACK,
        bytes: &bytes,
        is_cut: true,
    };
    let (mut unwinder, mut chain) = (Unwinder::default(), Vec::new());
    // Twice, so that the remembered rules are used as well.
    unwinder.chain(&code, &registers, &stack, &mut chain);
    let end = unwinder.chain(&code, &registers, &stack, &mut chain);
    (chain, end)
}

#[test]
fn tables_of_x86_64_lead_through_code_that_uses_the_frame_pointer_for_data() {
    for name in [".eh_frame", ".debug_frame"] {
        let sections = Sections::of_parts(0x1000..0x3000, name, &x86_64_table(name), false);
        let words = [1, 2, 0x1180, 3, 4, 5, 0x1250];
        let found = chain(Architecture::X86_64, &sections, [0x1050, 0xdada, 0], &words);
        assert_eq!(
            found,
            (vec![0x1050, 0x1180, 0x1250], End::Complete),
            "{name}"
        );
        let found = chain(
            Architecture::X86_64,
            &sections,
            [0x1050, 0xdada, 0],
            &words[..6],
        );
        assert_eq!(found, (vec![0x1050, 0x1180], End::Truncated), "{name}");
        let found = chain(
            Architecture::X86_64,
            &sections,
            [0x1050, 0xdada, 0],
            &[1, 2, 0x9999],
        );
        assert_eq!(found, (vec![0x1050], End::Broken), "{name}");
    }
}

#[test]
fn a_leaf_of_aarch64_returns_by_its_link_register() {
    let (fp, lr) = (AArch64::X29, AArch64::X30);
    let caller = vec![
        Step::CfaOffset(32),
        Step::Offset(lr, -8),
        Step::Offset(fp, -16),
    ];
    let functions = vec![
        (0x1000..0x1100, vec![Step::CfaOffset(16)]),
        (0x1100..0x1200, caller),
        (0x1200..0x1300, vec![Step::Undefined(lr)]),
    ];
    let table = table(lr, Step::Cfa(AArch64::SP, 0), functions, ".eh_frame");
    let sections = Sections::of_parts(0x1000..0x3000, ".eh_frame", &table, false);
    // The signature of a signed return address stands above its 48 bits.
    let words = [1, 2, 3, 4, 0x7100, 0x00ab_0000_0000_1250, 0, 0];
    let found = chain(
        Architecture::Aarch64,
        &sections,
        [0x1050, 0xdada, 0x1180],
        &words,
    );
    assert_eq!(found, (vec![0x1050, 0x1180, 0x1250], End::Complete));
}

#[test]
fn go_code_keeps_frame_pointers_and_has_no_tables() {
    let table = x86_64_table(".eh_frame");
    let words = [0x1180, 0, 0, 0, 0, 0x2200];
    let at = [0x2000, STACK + 32, 0];
    let go = Sections::of_parts(0x1000..0x3000, ".eh_frame", &table, true);
    assert_eq!(
        chain(Architecture::X86_64, &go, at, &words),
        (vec![0x2000, 0x2200], End::Complete)
    );
    // Without knowing better, code that no table describes is taken for a leaf without a frame.
    let other = Sections::of_parts(0x1000..0x3000, ".eh_frame", &table, false);
    assert_eq!(
        chain(Architecture::X86_64, &other, at, &words).0[..2],
        [0x2000, 0x1180]
    );
    let debug_frame = self::x86_64_table(".debug_frame");
    let go = Sections::of_parts(0x1000..0x3000, ".debug_frame", &debug_frame, true);
    assert!(!go.has_tables());
}

#[test]
fn tables_that_could_compute_without_end_are_left_out() {
    let expression = |operations: &[u8]| {
        let step = Step::CfaExpression(Expression::raw(operations.to_vec()));
        let functions = vec![(0x1000..0x1100, vec![step])];
        table(
            X86_64::RA,
            Step::Cfa(X86_64::RSP, 8),
            functions,
            ".eh_frame",
        )
    };
    let is_used =
        |table: &[u8]| Sections::of_parts(0x1000..0x3000, ".eh_frame", table, false).has_tables();
    let stack_pointer_plus_8 = [0x77, 8];
    assert!(is_used(&expression(&stack_pointer_plus_8)));
    let skip_back_to_itself = [0x2f, 0xfd, 0xff];
    assert!(!is_used(&expression(&skip_back_to_itself)));
    let many_steps = vec![(0x1000..0x1100, vec![Step::CfaOffset(24); 40_000])];
    let many_steps = table(
        X86_64::RA,
        Step::Cfa(X86_64::RSP, 8),
        many_steps,
        ".eh_frame",
    );
    assert!(!is_used(&many_steps));
}

proptest! {
    #[test]
    fn flipped_and_truncated_tables_never_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        length in any::<prop::sample::Index>(),
        words in prop::collection::vec(prop_oneof![0x1000u64..0x1300, 0x7000u64..0x7100, any::<u64>()], 0..32),
        (at, frame, link) in (0x1000u64..0x1300, any::<u64>(), any::<u64>()),
    ) {
        for name in [".eh_frame", ".debug_frame"] {
            let mut table = x86_64_table(name);
            for (place, byte) in &flips {
                let at = place.index(table.len());
                table[at] = *byte;
            }
            for length in [table.len(), length.index(table.len())] {
                let sections = Sections::of_parts(0x1000..0x3000, name, &table[..length], false);
                for architecture in [Architecture::X86_64, Architecture::Aarch64] {
                    let (found, _) = chain(architecture, &sections, [at, frame, link], &words);
                    prop_assert!((1..=1024).contains(&found.len()));
                }
            }
        }
    }
}

//! Which entries of a table of call frame information may be executed.
//!
//! Whoever executes a table jumps from entry to entry by offsets that stand in it, interprets
//! instructions to the end of an entry, and computes expressions that may branch. All three could go
//! on without end, so tables are walked once before they are used, in linear time.

use gimli::{
    BaseAddresses, CallFrameInstruction, CallFrameInstructionIter, CieOrFde,
    CommonInformationEntry, Encoding, EndianSlice, LittleEndian, Operation, UnwindExpression,
    UnwindOffset, UnwindSection,
};

pub(crate) type Bytes<'a> = EndianSlice<'a, LittleEndian>;

/// Longest entry executed, in bytes. The longest of glibc, Go's and Rust's standard libraries have a
/// few thousand.
const MOST_ENTRY_BYTES: usize = 64 << 10;

/// What a walk over a table found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Entries {
    /// Offsets of the entries that describe functions, ascending.
    pub(crate) offsets: Vec<usize>,
    /// The code they describe: (first address, length).
    pub(crate) functions: Vec<(u64, u64)>,
}

/// Walks over a table. `None` if executing it could take without end.
pub(crate) fn entries<'a, S: UnwindSection<Bytes<'a>>>(
    section: &S,
    bases: &BaseAddresses,
) -> Option<Entries> {
    let mut found = Entries::default();
    let mut commons: Vec<CommonInformationEntry<Bytes<'a>>> = Vec::new();
    let mut walk = section.entries(bases);
    // What follows an entry that cannot be read is out of reach for whoever executes the table, too:
    // only offsets found here are used.
    while let Ok(Some(entry)) = walk.next() {
        match entry {
            CieOrFde::Cie(common) => {
                let instructions = common.instructions(section, bases);
                let is_short = common.entry_len() <= MOST_ENTRY_BYTES;
                if !is_short || may_loop(instructions, section, common.encoding()) {
                    return None;
                }
                commons.push(common);
            }
            CieOrFde::Fde(function) => {
                // An entry whose common part is none that was walked over.
                let at: usize = UnwindOffset::into(function.cie_offset());
                let common = commons.binary_search_by_key(&at, |common| common.offset());
                let common = commons.get(common.ok()?)?;
                let Ok(function) = function.parse(|_, _, _| Ok(common.clone())) else {
                    continue;
                };
                let instructions = function.instructions(section, bases);
                let is_short = function.entry_len() <= MOST_ENTRY_BYTES;
                if !is_short || may_loop(instructions, section, common.encoding()) {
                    return None;
                }
                found.offsets.push(function.offset());
                let code = (function.initial_address(), function.len());
                found.functions.push(code);
            }
        }
    }
    Some(found)
}

/// Whether computing an expression could go in circles: it branches. Compilers write none that do.
fn may_loop<'a, S: UnwindSection<Bytes<'a>>>(
    mut instructions: CallFrameInstructionIter<'_, Bytes<'a>>,
    section: &S,
    encoding: Encoding,
) -> bool {
    while let Ok(Some(instruction)) = instructions.next() {
        if expression(&instruction)
            .is_some_and(|expression| branches(&expression, section, encoding))
        {
            return true;
        }
    }
    false
}

fn expression(instruction: &CallFrameInstruction<usize>) -> Option<UnwindExpression<usize>> {
    match instruction {
        CallFrameInstruction::DefCfaExpression { expression }
        | CallFrameInstruction::Expression { expression, .. }
        | CallFrameInstruction::ValExpression { expression, .. } => Some(*expression),
        _ => None,
    }
}

fn branches<'a, S: UnwindSection<Bytes<'a>>>(
    expression: &UnwindExpression<usize>,
    section: &S,
    encoding: Encoding,
) -> bool {
    let Ok(expression) = expression.get(section) else {
        return false;
    };
    let mut operations = expression.operations(encoding);
    while let Ok(Some(operation)) = operations.next() {
        if matches!(operation, Operation::Bra { .. } | Operation::Skip { .. }) {
            return true;
        }
    }
    false
}

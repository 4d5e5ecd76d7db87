//! Walking from frame to frame.

use framehop::aarch64::{CacheAarch64, PtrAuthMask, UnwindRegsAarch64};
use framehop::x86_64::{CacheX86_64, UnwindRegsX86_64};
use framehop::{Error, FrameAddress};

use crate::code_map::{CodeMap, Tables};
use crate::registers::Registers;
use crate::stack::StackCopy;

/// Longest chain: a copy of 32 KiB seldom holds more.
const MOST_FRAMES: usize = 1_024;
/// User addresses of aarch64 have 48 bits; above them signed return addresses carry their signature.
const AARCH64_ADDRESS: PtrAuthMask = PtrAuthMask((1 << 48) - 1);

/// Why a chain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// At the thread's first function.
    Complete,
    /// The stack goes on above its copy, or is deeper than 1,024 frames: callers are missing.
    Truncated,
    /// Neither table nor frame pointer led to code.
    Broken,
}

/// Walks stacks, and remembers what the tables said of an address.
#[derive(Default)]
pub struct Unwinder {
    x86_64: CacheX86_64,
    aarch64: CacheAarch64,
}

impl Unwinder {
    /// Replaces `chain` by the addresses of a sample's calls, leaf first: the instruction pointer, then
    /// return addresses, all of them in code that `code` knows (but for the first).
    pub fn chain(
        &mut self,
        code: &CodeMap,
        registers: &Registers,
        stack: &StackCopy<'_>,
        chain: &mut Vec<u64>,
    ) -> End {
        let at = registers.instruction;
        chain.clear();
        chain.push(at);
        match &code.tables {
            Tables::X86_64(tables) => {
                let start = UnwindRegsX86_64::new(at, registers.stack, registers.frame);
                walk(tables, start, &mut self.x86_64, code, stack, chain)
            }
            Tables::Aarch64(tables) => {
                let start = UnwindRegsAarch64::new_with_ptr_auth_mask(
                    AARCH64_ADDRESS,
                    registers.link,
                    registers.stack,
                    registers.frame,
                );
                walk(tables, start, &mut self.aarch64, code, stack, chain)
            }
        }
    }
}

fn walk<U: framehop::Unwinder>(
    tables: &U,
    mut registers: U::UnwindRegs,
    cache: &mut U::Cache,
    code: &CodeMap,
    stack: &StackCopy<'_>,
    chain: &mut Vec<u64>,
) -> End {
    let mut address = FrameAddress::InstructionPointer(chain[0]);
    let mut read = |address| stack.word(address).ok_or(());
    while chain.len() < MOST_FRAMES {
        let caller = match tables.unwind_frame(address, &mut registers, cache, &mut read) {
            Ok(Some(caller)) => FrameAddress::from_return_address(caller),
            Ok(None) => None,
            Err(Error::CouldNotReadStack(at)) if stack.was_cut_before(at) => return End::Truncated,
            Err(_) => return End::Broken,
        };
        let Some(caller) = caller else {
            return End::Complete;
        };
        if !code.is_code(caller.address_for_lookup()) {
            return End::Broken;
        }
        chain.push(caller.address());
        address = caller;
    }
    End::Truncated
}

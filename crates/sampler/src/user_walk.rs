//! Walking the user's stack inside the kernel, by frame pointers.
//!
//! The kernel has a function for that, which believes any frame pointer. Code without uses the register otherwise, often
//! libraries do right before they enter the kernel, and reading at such an address costs as much as ten frames. Here a
//! frame pointer counts only if it points into the stack.

use bpf::{Code, Helper, If, Record, Register, Size, Types};

use crate::programs::{STACK, USER_BYTES};
use Register::{R0, R1, R2, R3, R6, R7, R10};
use Size::Double;

/// How far above the stack pointer a frame pointer may be.
const LARGEST_FRAME: i32 = 1 << 20;

/// Offsets on a program's stack, below those of its user.
const ARGUMENTS: i16 = -32;
const FRAME: i16 = -40;
/// The frame before, and behind it the return address, as they stand in memory.
const BEFORE: i16 = -56;
const RETURN: i16 = -48;
/// Copies of registers.
const STACK_POINTER: i16 = -64;
const INSTRUCTION: i16 = -72;

/// Where `pt_regs` keeps what is needed.
pub(crate) struct UserWalk {
    instruction: i32,
    stack: i32,
    frame: i32,
}

impl UserWalk {
    /// `None`: on another architecture than x86-64.
    pub(crate) fn new(types: &Types) -> Option<Self> {
        let offset = |field| types.offset("pt_regs", field);
        Some(Self {
            instruction: offset("ip")?,
            stack: offset("sp")?,
            frame: offset("bp")?,
        })
    }

    /// Writes code that appends return addresses to the stack of a record, which is `R7` bytes long so far, and adds
    /// their length to `R7`. Keeps `R6`, `R8` and `R9`.
    pub(crate) fn append(&self, code: &mut Code) {
        let (next, end) = (code.label(), code.label());
        code.store(Double, R10, ARGUMENTS, R6)
            .call(Helper::Task)
            .copy(R1, R0)
            .call(Helper::UserRegisters)
            .copy(R6, R0);
        for (offset, to) in [
            (self.instruction, INSTRUCTION),
            (self.stack, STACK_POINTER),
            (self.frame, FRAME),
        ] {
            code.load(Double, R1, R6, offset as i16)
                .store(Double, R10, to, R1);
        }
        code.load(Double, R1, R10, INSTRUCTION);
        push(code);
        // Without a frame pointer there is one address, as where the kernel finds none.
        code.load(Double, R1, R10, FRAME)
            .load(Double, R2, R10, STACK_POINTER)
            .subtract(R1, R2)
            .jump_if(R1, If::Above, LARGEST_FRAME, end)
            .set(R6, USER_BYTES / 8 - 1)
            .place(next);
        code.copy(R1, R10)
            .add(R1, BEFORE.into())
            .set(R2, 16)
            .load(Double, R3, R10, FRAME)
            .call(Helper::ReadUser)
            .jump_if(R0, If::Differs, 0, end)
            .load(Double, R1, R10, RETURN)
            .jump_if(R1, If::Equal, 0, end);
        push(code);
        code.load(Double, R1, R10, BEFORE)
            .jump_if(R1, If::Equal, 0, end)
            .store(Double, R10, FRAME, R1)
            .add(R6, -1)
            .jump_if(R6, If::Differs, 0, next)
            .place(end)
            .load(Double, R6, R10, ARGUMENTS);
    }
}

/// Appends the address in `R1`.
fn push(code: &mut Code) {
    code.copy(R2, Record::START)
        .add_register(R2, R7)
        .store(Double, R2, STACK as i16, R1)
        .add(R7, 8);
}

//! An assembler: instructions with labels.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// A register. `R1` holds the tracepoint's arguments at the start, `R1` to `R5` those of a call and `R0` its
/// result; a call keeps only `R6` to `R9`. `R10` is the end of 512 bytes of stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "said above")]
pub enum Register {
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    R7,
    R8,
    R9,
    R10,
}

/// How many bytes are loaded or stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Size {
    /// 4 bytes.
    Word = 0x00,
    /// 2 bytes.
    Half = 0x08,
    /// 8 bytes.
    Double = 0x18,
}

/// A function of the kernel that programs may call, by its number in `linux/bpf.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Helper {
    /// Map in `R1`, address of the key in `R2`: address of the value, or 0.
    Lookup = 1,
    /// Map, address of the key, address of the value, 0.
    Update = 2,
    /// Map, address of the key.
    Delete = 3,
    /// CLOCK_MONOTONIC nanoseconds.
    MonotonicNs = 5,
    /// The number of this CPU.
    Cpu = 8,
    /// Process shifted left by 32, and thread.
    PidAndTid = 14,
    /// Arguments of the tracepoint, address, bytes, flags: how many bytes of return addresses were written.
    Stack = 67,
    /// Address to write to, bytes, address in the process: 0, or an error where it cannot be read.
    ReadUser = 112,
    /// Address to write to, bytes, address in the kernel: 0, or an error.
    ReadKernel = 113,
    /// `task_struct` of the current thread.
    Task = 158,
    /// `task_struct`: the `pt_regs` that the thread had when it left user space.
    UserRegisters = 175,
}

/// When a jump is taken, by a register and a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum If {
    /// They are equal.
    Equal = 0x15,
    /// They differ.
    Differs = 0x55,
    /// The register is above, both without sign.
    Above = 0x25,
    /// The register is at least as large, both with a sign.
    AtLeast = 0x75,
}

/// A place to jump to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(usize);

/// One instruction: operation, two registers, an offset and a number.
#[derive(Clone, Copy, Debug)]
struct Instruction {
    operation: u8,
    to: u8,
    from: u8,
    offset: i16,
    value: i32,
}

/// A program being written.
#[derive(Debug, Default)]
pub struct Code {
    instructions: Vec<Instruction>,
    /// By label: the number of the instruction behind it.
    places: Vec<Option<usize>>,
    /// Instructions that jump, with where to.
    jumps: Vec<(usize, Label)>,
}

impl Code {
    fn push(&mut self, operation: u8, to: u8, from: u8, offset: i16, value: i32) -> &mut Self {
        self.instructions.push(Instruction {
            operation,
            to,
            from,
            offset,
            value,
        });
        self
    }

    /// `to = from`
    pub fn copy(&mut self, to: Register, from: Register) -> &mut Self {
        self.push(0xbf, to as u8, from as u8, 0, 0)
    }

    /// `to = value`
    pub fn set(&mut self, to: Register, value: i32) -> &mut Self {
        self.push(0xb7, to as u8, 0, 0, value)
    }

    /// `to += value`
    pub fn add(&mut self, to: Register, value: i32) -> &mut Self {
        self.push(0x07, to as u8, 0, 0, value)
    }

    /// `to += from`
    pub fn add_register(&mut self, to: Register, from: Register) -> &mut Self {
        self.push(0x0f, to as u8, from as u8, 0, 0)
    }

    /// `to -= from`
    pub fn subtract(&mut self, to: Register, from: Register) -> &mut Self {
        self.push(0x1f, to as u8, from as u8, 0, 0)
    }

    /// `to &= value`, whose sign bit fills the upper half.
    pub fn and(&mut self, to: Register, value: i32) -> &mut Self {
        self.push(0x57, to as u8, 0, 0, value)
    }

    /// `to >>= bits`, filled with zeros.
    pub fn shift_right(&mut self, to: Register, bits: i32) -> &mut Self {
        self.push(0x77, to as u8, 0, 0, bits)
    }

    /// Fills the upper half of `to` with the sign bit of the lower one.
    pub fn extend_sign(&mut self, to: Register) -> &mut Self {
        self.push(0x67, to as u8, 0, 0, 32)
            .push(0xc7, to as u8, 0, 0, 32)
    }

    /// `to = *(from + offset)`, filled with zeros.
    pub fn load(&mut self, size: Size, to: Register, from: Register, offset: i16) -> &mut Self {
        self.push(0x61 | size as u8, to as u8, from as u8, offset, 0)
    }

    /// `*(to + offset) = from`
    pub fn store(&mut self, size: Size, to: Register, offset: i16, from: Register) -> &mut Self {
        self.push(0x63 | size as u8, to as u8, from as u8, offset, 0)
    }

    /// `*(to + offset) = value`, with its sign.
    pub fn store_value(&mut self, size: Size, to: Register, offset: i16, value: i32) -> &mut Self {
        self.push(0x62 | size as u8, to as u8, 0, offset, value)
    }

    /// `*(to + offset) += from` on 8 bytes, seen by others behind everything stored before. `from` gets the value
    /// that was there.
    pub fn fetch_add(&mut self, to: Register, offset: i16, from: Register) -> &mut Self {
        self.push(0xdb, to as u8, from as u8, offset, 0x01)
    }

    /// `to` = a map, as helpers want it.
    pub fn map(&mut self, to: Register, map: BorrowedFd<'_>) -> &mut Self {
        // An instruction of double length; 1 stands for "the number is a file descriptor of a map".
        self.push(0x18, to as u8, 1, 0, map.as_raw_fd());
        self.push(0, 0, 0, 0, 0)
    }

    /// Calls a function of the kernel.
    pub fn call(&mut self, helper: Helper) -> &mut Self {
        self.push(0x85, 0, 0, 0, helper as i32)
    }

    /// A place that is set later by [`Code::place`].
    pub fn label(&mut self) -> Label {
        self.places.push(None);
        Label(self.places.len() - 1)
    }

    /// A label stands before what comes next.
    pub fn place(&mut self, label: Label) -> &mut Self {
        if let Some(place) = self.places.get_mut(label.0) {
            *place = Some(self.instructions.len());
        }
        self
    }

    /// Goes on at a label.
    pub fn jump(&mut self, to: Label) -> &mut Self {
        self.jumps.push((self.instructions.len(), to));
        self.push(0x05, 0, 0, 0, 0)
    }

    /// Goes on at a label if a register compares so to a number.
    pub fn jump_if(&mut self, register: Register, is: If, value: i32, to: Label) -> &mut Self {
        self.jumps.push((self.instructions.len(), to));
        self.push(is as u8, register as u8, 0, 0, value)
    }

    /// Ends with 0, which tells the kernel nothing.
    pub fn end(&mut self) -> &mut Self {
        self.set(Register::R0, 0);
        self.push(0x95, 0, 0, 0, 0)
    }

    /// The instructions as the kernel reads them, 8 bytes each in the machine's byte order.
    ///
    /// # Errors
    /// A label without a place, or a jump farther than 32,767 instructions.
    pub fn finish(mut self) -> io::Result<Vec<u64>> {
        for &(at, label) in &self.jumps {
            let place = self.places.get(label.0).copied().flatten();
            let place =
                place.ok_or_else(|| io::Error::other("a jump to a label without a place"))?;
            let distance = place as i64 - at as i64 - 1;
            let offset = i16::try_from(distance).map_err(io::Error::other)?;
            if let Some(jump) = self.instructions.get_mut(at) {
                jump.offset = offset;
            }
        }
        Ok(self.instructions.iter().map(Instruction::encoded).collect())
    }
}

impl Instruction {
    fn encoded(&self) -> u64 {
        let registers = if cfg!(target_endian = "big") {
            self.to << 4 | self.from
        } else {
            self.from << 4 | self.to
        };
        let [o0, o1] = self.offset.to_ne_bytes();
        let [v0, v1, v2, v3] = self.value.to_ne_bytes();
        u64::from_ne_bytes([self.operation, registers, o0, o1, v0, v1, v2, v3])
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Bytes as in RFC 9669, sections 3 to 5.
    #[test]
    fn instructions_are_as_in_the_standard() {
        let mut code = Code::default();
        let out = code.label();
        code.copy(Register::R6, Register::R1)
            .load(Size::Word, Register::R2, Register::R6, 28)
            .jump_if(Register::R2, If::Equal, 7, out)
            .store_value(Size::Double, Register::R10, -8, -512)
            .extend_sign(Register::R3)
            .place(out)
            .end();
        let bytes: Vec<[u8; 8]> = code
            .finish()
            .unwrap()
            .into_iter()
            .map(u64::to_ne_bytes)
            .collect();
        assert_eq!(
            bytes,
            [
                [0xbf, 0x16, 0, 0, 0, 0, 0, 0],
                [0x61, 0x62, 28, 0, 0, 0, 0, 0],
                [0x15, 0x02, 3, 0, 7, 0, 0, 0],
                [0x7a, 0x0a, 0xf8, 0xff, 0x00, 0xfe, 0xff, 0xff],
                [0x67, 0x03, 0, 0, 32, 0, 0, 0],
                [0xc7, 0x03, 0, 0, 32, 0, 0, 0],
                [0xb7, 0x00, 0, 0, 0, 0, 0, 0],
                [0x95, 0x00, 0, 0, 0, 0, 0, 0],
            ]
        );
    }

    #[test]
    fn a_label_needs_a_place() {
        let mut code = Code::default();
        let nowhere = code.label();
        code.jump(nowhere).end();
        assert!(code.finish().is_err());
    }
}

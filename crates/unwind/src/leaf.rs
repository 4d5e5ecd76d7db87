//! The caller that frame pointers step over.

use crate::registers::{Architecture, Registers};
use crate::stack::StackCopy;

/// The return address of code that has set up no frame, or none yet; `None` where frame pointers lead
/// to it, or where it lies outside of the copy.
///
/// `depth` is how many bytes the stack pointer lies below the return address. A function that calls
/// nothing keeps the frame pointer of its caller, so a chain by frame pointers goes on with the caller's
/// caller.
#[must_use]
pub fn caller_without_frame(
    architecture: Architecture,
    registers: &Registers,
    stack: &StackCopy<'_>,
    depth: u32,
) -> Option<u64> {
    match architecture {
        Architecture::X86_64 => {
            let place = registers.stack.checked_add(u64::from(depth))?;
            let by_frame = registers.frame.wrapping_add(8);
            (place != by_frame).then(|| stack.word(place))?
        }
        Architecture::Aarch64 => (depth == 0).then_some(registers.link),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(architecture: Architecture, frame: u64, depth: u32) -> Option<u64> {
        let words = [1u64, 2, 3].map(u64::to_le_bytes);
        let stack = StackCopy {
            start: 0x7000,
            bytes: words.as_flattened(),
            is_cut: true,
        };
        let registers = Registers {
            instruction: 0x1000,
            stack: stack.start,
            frame,
            link: 9,
        };
        caller_without_frame(architecture, &registers, &stack, depth)
    }

    #[test]
    fn only_what_has_no_frame_yet_is_stepped_over() {
        let x86_64 = Architecture::X86_64;
        assert_eq!(caller(x86_64, 0x7800, 0), Some(1));
        assert_eq!(
            caller(x86_64, 0x7800, 8),
            Some(2),
            "the frame is not its own yet"
        );
        assert_eq!(caller(x86_64, 0x7000, 8), None, "frame pointers lead there");
        assert_eq!(caller(x86_64, 0x7800, 24), None, "outside of the copy");
        assert_eq!(caller(x86_64, u64::MAX, u32::MAX), None);
        assert_eq!(caller(Architecture::Aarch64, 0x7800, 0), Some(9));
        assert_eq!(caller(Architecture::Aarch64, 0x7800, 32), None);
    }
}

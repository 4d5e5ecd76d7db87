//! Registers and copy of the stack as they stand at the end of a perf sample.

use crate::registers::{Architecture, Registers};
use crate::stack::StackCopy;

/// `PERF_SAMPLE_REGS_ABI_64`.
const ABI_64: u64 = 2;

/// Takes the end of a sample's record apart: registers (kind, then one word for each bit of `mask`), stack
/// (length, bytes, length that was there). `None` without either, as for threads of the kernel, and for
/// 32-bit code.
///
/// Format: `perf_event_open(2)`, `PERF_SAMPLE_REGS_USER` and `PERF_SAMPLE_STACK_USER`.
#[must_use]
pub fn registers_and_stack(
    architecture: Architecture,
    mask: u64,
    record: &[u8],
) -> Option<(Registers, StackCopy<'_>)> {
    let (words, _) = record.as_chunks::<8>();
    let word = |row: usize| words.get(row).map(|&bytes| u64::from_le_bytes(bytes));
    if word(0)? != ABI_64 {
        return None;
    }
    let count = mask.count_ones() as usize;
    let values: Vec<u64> = (1..=count).map_while(word).collect();
    let registers = Registers::from_sample(architecture, mask, &values)?;
    let copied = usize::try_from(word(count + 1)?).ok()?;
    let bytes = record.get((count + 2) * 8..)?;
    let (bytes, rest) = bytes.split_at_checked(copied)?;
    let there = u64::from_le_bytes(*rest.first_chunk::<8>()?);
    let stack = StackCopy {
        start: registers.stack,
        bytes: &bytes[..copied.min(usize::try_from(there).ok()?)],
        is_cut: there >= copied as u64,
    };
    Some((registers, stack))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(words: &[u64]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    #[test]
    fn registers_and_stack_are_taken_off_the_end_of_a_record() {
        let (x86_64, record) = (
            Architecture::X86_64,
            record(&[ABI_64, 3, 2, 1, 16, 7, 8, 8]),
        );
        let taken = |length| registers_and_stack(x86_64, x86_64.register_mask(), &record[..length]);
        let (registers, stack) = taken(record.len()).unwrap_or_else(|| unreachable!());
        assert_eq!((registers.instruction, registers.stack), (1, 2));
        assert_eq!(
            (stack.start, stack.bytes.len(), stack.is_cut),
            (2, 8, false)
        );
        assert!((0..record.len()).all(|length| taken(length).is_none()));
    }

    proptest! {
        #[test]
        fn any_record_will_never_panic(
            words in prop::collection::vec(prop_oneof![0u64..40, any::<u64>()], 0..20),
            mask in any::<u64>(),
        ) {
            let record = record(&words);
            for architecture in [Architecture::X86_64, Architecture::Aarch64] {
                for mask in [mask, architecture.register_mask()] {
                    if let Some((_, stack)) = registers_and_stack(architecture, mask, &record) {
                        prop_assert!(stack.bytes.len() <= record.len());
                    }
                }
            }
        }
    }
}

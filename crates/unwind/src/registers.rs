//! The few registers that unwinding needs, in the numbering of Linux perf events.

/// Instruction set of the sampled code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// 64-bit x86.
    X86_64,
    /// 64-bit Arm.
    Aarch64,
}

/// Numbers of `enum perf_event_x86_regs`: BP, SP, IP.
const X86_64: [u32; 3] = [6, 7, 8];
/// Numbers of `enum perf_event_arm_regs`: X29 (frame), LR, SP, PC.
const AARCH64: [u32; 4] = [29, 30, 31, 32];

impl Architecture {
    /// The one this code was compiled for; `None` if it is neither.
    #[must_use]
    pub const fn of_this_machine() -> Option<Self> {
        if cfg!(target_arch = "x86_64") {
            Some(Self::X86_64)
        } else if cfg!(target_arch = "aarch64") {
            Some(Self::Aarch64)
        } else {
            None
        }
    }

    /// Bit mask of the registers to ask for (`perf_event_attr.sample_regs_user`).
    #[must_use]
    pub fn register_mask(self) -> u64 {
        let numbers: &[u32] = match self {
            Self::X86_64 => &X86_64,
            Self::Aarch64 => &AARCH64,
        };
        numbers.iter().fold(0, |mask, number| mask | 1 << number)
    }
}

/// User registers at the moment of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registers {
    /// Instruction pointer.
    pub instruction: u64,
    /// Stack pointer.
    pub stack: u64,
    /// Frame pointer.
    pub frame: u64,
    /// Link register; 0 where there is none.
    pub link: u64,
}

impl Registers {
    /// Takes them out of a sample: the values in the order of the set bits of `mask`, which says what
    /// the sample holds. `None` if one that is needed is missing.
    #[must_use]
    pub fn from_sample(architecture: Architecture, mask: u64, values: &[u64]) -> Option<Self> {
        let value = |number: u32| {
            let bit = 1u64 << number;
            let before = (mask & (bit - 1)).count_ones() as usize;
            (mask & bit != 0).then(|| values.get(before).copied())?
        };
        match architecture {
            Architecture::X86_64 => Some(Self {
                frame: value(X86_64[0])?,
                stack: value(X86_64[1])?,
                instruction: value(X86_64[2])?,
                link: 0,
            }),
            Architecture::Aarch64 => Some(Self {
                frame: value(AARCH64[0])?,
                link: value(AARCH64[1])?,
                stack: value(AARCH64[2])?,
                instruction: value(AARCH64[3])?,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_the_order_of_the_bits() {
        let mask = Architecture::X86_64.register_mask();
        let registers = Registers::from_sample(Architecture::X86_64, mask, &[3, 2, 1]);
        let expected = Registers {
            instruction: 1,
            stack: 2,
            frame: 3,
            link: 0,
        };
        assert_eq!(registers, Some(expected));
        // More registers than needed, as other recorders ask for.
        let all: Vec<u64> = (0..33).collect();
        let registers = Registers::from_sample(Architecture::Aarch64, u64::MAX, &all);
        let expected = Registers {
            instruction: 32,
            stack: 31,
            frame: 29,
            link: 30,
        };
        assert_eq!(registers, Some(expected));
    }

    #[test]
    fn a_missing_register_is_no_zero() {
        let x86_64 = Architecture::X86_64;
        assert_eq!(
            Registers::from_sample(x86_64, x86_64.register_mask(), &[3, 2]),
            None
        );
        assert_eq!(Registers::from_sample(x86_64, 1 << 6, &[3, 2, 1]), None);
    }
}

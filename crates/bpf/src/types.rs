//! BTF, the kernel's description of its own types: where structures keep their fields, what tracepoints pass.
//!
//! Format: Documentation/bpf/btf.rst in the kernel's sources. Strings and types lie in two sections behind a header.

use std::fs;
use std::io;

const MAGIC: u16 = 0xeb9f;
const STRUCT: u32 = 4;
const UNION: u32 = 5;
const TYPEDEF: u32 = 8;
const FUNCTION_PROTOTYPE: u32 = 13;
const POINTER: u32 = 2;
/// How deep unnamed structures may stand within each other.
const DEPTH: u32 = 4;

/// The types of the running kernel.
pub struct Types {
    bytes: Vec<u8>,
    strings: usize,
    /// Offset of each type; numbers begin with 1.
    offsets: Vec<usize>,
}

impl Types {
    /// Reads `/sys/kernel/btf/vmlinux`, 5 to 10 MB.
    ///
    /// # Errors
    /// The kernel was built without it, or it cannot be read.
    pub fn of_the_kernel() -> io::Result<Self> {
        Self::parse(fs::read("/sys/kernel/btf/vmlinux")?)
    }

    /// Takes bytes in this format.
    ///
    /// # Errors
    /// They are of another format or byte order, or are cut off.
    pub fn parse(bytes: Vec<u8>) -> io::Result<Self> {
        let wrong = || io::Error::other("no description of the kernel's types");
        let header = |at| word(&bytes, at).ok_or_else(wrong);
        if half(&bytes, 0) != Some(MAGIC) {
            return Err(wrong());
        }
        let start = header(4)? as usize;
        let (types, length) = (header(8)? as usize, header(12)? as usize);
        let strings = start.saturating_add(header(16)? as usize);
        let begin = start.saturating_add(types);
        let end = begin.saturating_add(length).min(bytes.len());
        let mut found = Self {
            bytes,
            strings,
            offsets: Vec::new(),
        };
        found.index(begin, end).ok_or_else(wrong)?;
        Ok(found)
    }

    /// How many bytes a field lies behind the start of its structure, also one of an unnamed structure in it.
    #[must_use]
    pub fn offset(&self, structure: &str, field: &str) -> Option<i32> {
        let at = self.find(STRUCT, structure)?;
        i32::try_from(self.bits_before(at, field, DEPTH)? / 8).ok()
    }

    /// How many arguments a tracepoint passes to programs.
    #[must_use]
    pub fn arguments(&self, tracepoint: &str) -> Option<u32> {
        let mut at = self.find(TYPEDEF, &format!("btf_trace_{tracepoint}"))?;
        // The typedef is of a pointer to the function.
        for _ in 0..2 {
            at = self.at(word(&self.bytes, at + 8)?)?;
            let information = word(&self.bytes, at + 4)?;
            match kind(information) {
                POINTER => {}
                // The first argument is the tracepoint's own.
                FUNCTION_PROTOTYPE => return (information & 0xffff).checked_sub(1),
                _ => return None,
            }
        }
        None
    }

    /// How many bits a field lies behind the start of the structure at an offset.
    fn bits_before(&self, at: usize, field: &str, depth: u32) -> Option<u32> {
        let information = word(&self.bytes, at + 4)?;
        // With the uppermost bit of the information, the offset shares its word with the width of a bit field.
        let is_mixed = information >> 31 == 1;
        let mask = if is_mixed { 0xff_ffff } else { u32::MAX };
        let first = at + 12;
        let mut members = (0..information & 0xffff).map_while(|member| {
            let at = first + 12 * member as usize;
            let value = |behind| word(&self.bytes, at + behind);
            Some((value(0)?, value(4)?, value(8)? & mask))
        });
        members.find_map(|(name, number, bits)| {
            if self.is_text(name, field) {
                return Some(bits);
            }
            if name != 0 || depth == 0 {
                return None;
            }
            let inner = self.at(number).filter(|&at| self.has_members(at))?;
            bits.checked_add(self.bits_before(inner, field, depth - 1)?)
        })
    }

    fn has_members(&self, at: usize) -> bool {
        let information = word(&self.bytes, at + 4);
        information.is_some_and(|found| matches!(kind(found), STRUCT | UNION))
    }

    fn index(&mut self, mut at: usize, end: usize) -> Option<()> {
        while at < end {
            let information = word(&self.bytes, at + 4)?;
            let kind = kind(information);
            self.offsets.push(at);
            let each = match kind {
                // A whole number, a variable, a declaration's tag: one word more.
                1 | 14 | 17 => 4,
                3 => 12,
                // Structures, unions and 64-bit enumerations, sections: 12 for each member.
                4 | 5 | 15 | 19 => 12 * (information & 0xffff) as usize,
                6 | 13 => 8 * (information & 0xffff) as usize,
                2 | 7..=12 | 16 | 18 => 0,
                _ => return None,
            };
            at = at.checked_add(12 + each)?;
        }
        Some(())
    }

    /// Goes through all types: a handful is asked for.
    fn find(&self, wanted: u32, name: &str) -> Option<usize> {
        let mut offsets = self.offsets.iter().copied();
        offsets.find(|&at| {
            let is_kind = word(&self.bytes, at + 4).is_some_and(|found| kind(found) == wanted);
            is_kind && word(&self.bytes, at).is_some_and(|text| self.is_text(text, name))
        })
    }

    fn at(&self, number: u32) -> Option<usize> {
        self.offsets.get(number.checked_sub(1)? as usize).copied()
    }

    /// Whether a name stands at an offset of the strings.
    fn is_text(&self, offset: u32, name: &str) -> bool {
        let at = self.strings.checked_add(offset as usize);
        let rest = at.and_then(|at| self.bytes.get(at..));
        let rest = rest.and_then(|rest| rest.strip_prefix(name.as_bytes()));
        rest.is_some_and(|rest| rest.first() == Some(&0))
    }
}

fn kind(information: u32) -> u32 {
    information >> 24 & 0x1f
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_ne_bytes(*bytes))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    /// struct task { int state; int pid; }; typedef void (*btf_trace_switch)(void *, int, int);
    /// struct sock { int state; union { struct { int low; }; }; };
    fn small() -> Vec<u8> {
        let strings = b"\0task\0state\0pid\0btf_trace_switch\0int\0sock\0low\0";
        let name = |text: &[u8]| {
            let found = strings.windows(text.len()).position(|part| part == text);
            u32::try_from(found.unwrap()).unwrap()
        };
        let types: Vec<u32> = [
            vec![name(b"int\0"), 1 << 24, 4, 32],
            vec![name(b"task\0"), STRUCT << 24 | 2, 8],
            vec![name(b"state\0"), 1, 0, name(b"pid\0"), 1, 32],
            vec![0, FUNCTION_PROTOTYPE << 24 | 3, 0, 0, 4, 0, 1, 0, 1],
            vec![0, POINTER << 24, 3],
            vec![name(b"btf_trace_switch\0"), TYPEDEF << 24, 4],
            vec![0, STRUCT << 24 | 1, 4, name(b"low\0"), 1, 16],
            vec![0, UNION << 24 | 1, 4, 0, 6, 0],
            vec![name(b"sock\0"), STRUCT << 24 | 2, 12],
            vec![name(b"state\0"), 1, 0, 0, 7, 64],
        ]
        .concat();
        let length = u32::try_from(types.len() * 4).unwrap();
        let header = [24, 0, length, length, u32::try_from(strings.len()).unwrap()];
        let mut bytes = [&MAGIC.to_ne_bytes()[..], &[1, 0]].concat();
        let words = header.iter().chain(&types);
        words.for_each(|word| bytes.extend(word.to_ne_bytes()));
        bytes.extend(strings);
        bytes
    }

    #[test]
    fn fields_and_arguments_are_found_by_name() {
        let types = Types::parse(small()).unwrap();
        assert_eq!(types.offset("task", "pid"), Some(4));
        assert_eq!(types.offset("task", "tgid"), None);
        assert_eq!(types.offset("thread", "pid"), None);
        assert_eq!(types.offset("sock", "low"), Some(10));
        assert_eq!(types.offset("sock", "high"), None);
        assert_eq!(types.arguments("switch"), Some(2));
        assert_eq!(types.arguments("wakeup"), None);
    }

    proptest! {
        #[test]
        fn changed_bytes_never_panic(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
            length in any::<prop::sample::Index>(),
            whole: bool,
        ) {
            let mut bytes = small();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if !whole {
                bytes.truncate(length.index(bytes.len()));
            }
            if let Ok(types) = Types::parse(bytes) {
                let _ = types.offset("task", "pid");
                let _ = types.offset("sock", "low");
                let _ = types.arguments("switch");
            }
        }
    }
}

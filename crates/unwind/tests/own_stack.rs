//! Unwinds this very process, whose code has no frame pointers: tests are built without them.

#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs::{self, File};
use std::hint::black_box;
use std::os::unix::fs::FileExt;

use object::{Object, ObjectSymbol};
use unwind::{Architecture, CodeMap, End, Registers, Sections, StackCopy, Unwinder};

struct Sample {
    registers: Registers,
    stack: Vec<u8>,
}

impl Sample {
    /// What a sample of this thread would hold now.
    #[allow(unsafe_code)] // There is no other way to the registers.
    #[inline(never)]
    fn take(bytes: usize) -> Self {
        let (instruction, stack, frame): (u64, u64, u64);
        // SAFETY: three registers are copied, nothing is written.
        unsafe {
            std::arch::asm!("lea {}, [rip]", "mov {}, rsp", "mov {}, rbp",
                out(reg) instruction, out(reg) stack, out(reg) frame, options(nomem, nostack));
        }
        let mut copy = vec![0; bytes];
        let memory = File::open("/proc/self/mem").unwrap();
        let length = memory.read_at(&mut copy, stack).unwrap();
        copy.truncate(length);
        let registers = Registers {
            instruction,
            stack,
            frame,
            link: 0,
        };
        Self {
            registers,
            stack: copy,
        }
    }

    fn chain(&self, code: &CodeMap, unwinder: &mut Unwinder, bytes: usize) -> (Vec<u64>, End) {
        let stack = StackCopy {
            start: self.registers.stack,
            bytes: &self.stack[..bytes.min(self.stack.len())],
            is_cut: bytes < self.stack.len(),
        };
        let mut chain = Vec::new();
        let end = unwinder.chain(code, &self.registers, &stack, &mut chain);
        (chain, end)
    }
}

/// Uses the frame pointer for something else by keeping many values alive.
#[inline(never)]
fn descend(depth: u64) -> Sample {
    let kept: Vec<u64> = (0..depth).map(black_box).collect();
    let sample = if depth == 0 {
        Sample::take(64 << 10)
    } else {
        descend(depth - 1)
    };
    black_box(kept);
    sample
}

#[inline(never)]
fn begin() -> Sample {
    black_box(descend(20))
}

/// Executable lines of /proc/self/maps, with the sections of their files.
fn own_code() -> CodeMap {
    let mut code = CodeMap::new(Architecture::X86_64);
    for line in fs::read_to_string("/proc/self/maps").unwrap().lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if !words[1].contains('x') {
            continue;
        }
        let number = |text| u64::from_str_radix(text, 16).unwrap();
        let (start, end) = words[0].split_once('-').unwrap();
        let file = words.get(5).and_then(|path| fs::read(path).ok());
        let sections = file.map(|elf| Sections::of_elf(&elf));
        code.map(
            number(start)..number(end),
            number(words[2]),
            sections.as_ref(),
        );
    }
    code
}

/// How often each address lies in a function whose name holds `part`.
fn calls_of(part: &str, chain: &[u64]) -> usize {
    let path = std::env::current_exe().unwrap();
    let elf = fs::read(&path).unwrap();
    let file = object::File::parse(&*elf).unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let first = maps
        .lines()
        .find(|line| line.ends_with(path.to_str().unwrap()));
    let bias = u64::from_str_radix(first.unwrap().split_once('-').unwrap().0, 16).unwrap();
    let symbols = file
        .symbols()
        .filter(|symbol| symbol.name().is_ok_and(|name| name.contains(part)));
    let ranges: Vec<_> = symbols
        .map(|symbol| symbol.address() + bias..symbol.address() + bias + symbol.size())
        .collect();
    let is_inside = |address: &&u64| ranges.iter().any(|range| range.contains(&(**address - 1)));
    chain.iter().filter(is_inside).count()
}

#[test]
fn every_call_is_found_up_to_the_threads_first_function() {
    let sample = begin();
    let (chain, end) = sample.chain(&own_code(), &mut Unwinder::default(), usize::MAX);
    assert_eq!(end, End::Complete);
    assert_eq!(calls_of("descend", &chain), 21);
    assert_eq!(calls_of("own_stack5begin", &chain), 1);
}

#[test]
fn a_stack_that_was_cut_gives_the_first_calls_and_says_so() {
    let sample = begin();
    let (code, mut unwinder) = (own_code(), Unwinder::default());
    let (whole, _) = sample.chain(&code, &mut unwinder, usize::MAX);
    for bytes in [0, 7, 8, 100, 512, 1000] {
        let (part, end) = sample.chain(&code, &mut unwinder, bytes);
        assert_eq!(end, End::Truncated, "{bytes} bytes");
        assert!(part.len() < whole.len(), "{bytes} bytes");
        assert_eq!(part, whole[..part.len()], "{bytes} bytes");
    }
}

#[test]
fn without_tables_the_chain_breaks() {
    let sample = descend(5);
    let mut code = CodeMap::new(Architecture::X86_64);
    code.map(0x1000..u64::MAX, 0, None);
    let (chain, _) = sample.chain(&code, &mut Unwinder::default(), usize::MAX);
    assert!(calls_of("descend", &chain) < 6);
}

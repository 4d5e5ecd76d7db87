//! All addresses of one binary at once.

use std::cell::OnceCell;

use crate::Frame;
use crate::build_id::build_id;
use crate::dwarf::{Found, Lookup, Sections};
use crate::elf::{Segments, Symbols};
use crate::names::demangle;
use crate::ranges::FunctionRanges;

/// Bounds on what a binary may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest size of the debug sections after unpacking; larger ones are not used.
    pub debug_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            debug_bytes: 2 << 30,
        }
    }
}

/// What was found in a binary.
#[derive(Clone, Debug, Default)]
pub struct Resolution {
    /// For each address its frames, innermost call first, never empty.
    pub frames: Vec<Vec<Frame>>,
    /// Build ID; empty if it has none.
    pub build_id: String,
    /// What was damaged or left out; empty: nothing.
    pub warning: String,
}

/// Names the code at offsets of a file. `module` is used where nothing is known: `[module]+0xoffset`.
#[must_use]
pub fn resolve(data: &[u8], module: &str, file_offsets: &[u64], limits: Limits) -> Resolution {
    let file = match object::File::parse(data) {
        Ok(file) => file,
        Err(error) => {
            return unnamed(
                module,
                file_offsets,
                format!("not a readable binary: {error}"),
            );
        }
    };
    let mut warning = String::new();
    let sections = Sections::read(&file, limits.debug_bytes).unwrap_or_else(|reason| {
        warning = reason;
        None
    });
    let lookup = sections.as_ref().map(Sections::lookup).transpose();
    let lookup = lookup.unwrap_or_else(|error| {
        warning = format!("the debug info is damaged: {error}");
        None
    });
    let mut binary = Binary {
        module,
        file: &file,
        ranges: OnceCell::new(),
        segments: Segments::read(&file),
        symbols: Symbols::read(&file),
        lookup,
    };
    Resolution {
        frames: file_offsets
            .iter()
            .map(|&offset| binary.frames(offset))
            .collect(),
        build_id: build_id(data),
        warning,
    }
}

fn unnamed(module: &str, file_offsets: &[u64], warning: String) -> Resolution {
    let frames = file_offsets
        .iter()
        .map(|&offset| vec![placeholder(module, offset)]);
    Resolution {
        frames: frames.collect(),
        build_id: String::new(),
        warning,
    }
}

fn placeholder(module: &str, file_offset: u64) -> Frame {
    Frame {
        function: place(module, file_offset),
        ..Frame::default()
    }
}

fn place(module: &str, file_offset: u64) -> String {
    let file = module.rsplit('/').next().unwrap_or(module);
    let name = file.trim_start_matches('[').trim_end_matches(']');
    format!("[{name}]+{file_offset:#x}")
}

struct Binary<'a> {
    module: &'a str,
    file: &'a object::File<'a>,
    /// Read only when the symbol table does not know an address.
    ranges: OnceCell<FunctionRanges>,
    segments: Segments,
    symbols: Symbols<'a>,
    lookup: Option<Lookup<'a>>,
}

impl Binary<'_> {
    fn frames(&mut self, file_offset: u64) -> Vec<Frame> {
        let Some(address) = self.segments.address(file_offset) else {
            return vec![placeholder(self.module, file_offset)];
        };
        let found = self
            .lookup
            .as_mut()
            .and_then(|lookup| lookup.frames(address).ok());
        let mut found = found.unwrap_or_default();
        if found.is_empty() {
            found.push(Found::nothing());
        }
        if let Some(last) = found.last_mut().filter(|last| last.is_bare) {
            self.complete(&mut last.frame, address, file_offset);
        }
        found.into_iter().map(|found| found.frame).collect()
    }

    /// Names the physical function by the symbol table where the debug info has only a bare name, or none.
    fn complete(&self, frame: &mut Frame, address: u64, file_offset: u64) {
        if let Some(name) = self.symbols.find(address) {
            let demangled = demangle(name);
            frame.system_name = if demangled.is_some() {
                name.to_owned()
            } else {
                String::new()
            };
            frame.function = demangled.unwrap_or_else(|| name.to_owned());
        } else if frame.function.is_empty() {
            frame.function = self.unnamed_function(address, file_offset);
        }
    }

    /// A function without a name is known by where it begins, so that its samples come together.
    fn unnamed_function(&self, address: u64, file_offset: u64) -> String {
        let ranges = self.ranges.get_or_init(|| FunctionRanges::read(self.file));
        let start = ranges.start(address).unwrap_or(address);
        place(self.module, file_offset.saturating_sub(address - start))
    }
}

//! All addresses of one binary at once.

use std::cell::OnceCell;

use crate::Frame;
use crate::build_id::build_id;
use crate::dwarf::{Lookup, Sections};
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
        .map(|&offset| vec![fallback(module, offset)]);
    Resolution {
        frames: frames.collect(),
        build_id: String::new(),
        warning,
    }
}

fn fallback(module: &str, file_offset: u64) -> Frame {
    let module = module.rsplit('/').next().unwrap_or(module);
    let module = module.trim_start_matches('[').trim_end_matches(']');
    Frame {
        function: format!("[{module}]+{file_offset:#x}"),
        ..Frame::default()
    }
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
            return vec![fallback(self.module, file_offset)];
        };
        let frames = self.debug_frames(address);
        if !frames.is_empty() {
            return frames;
        }
        match self.symbols.find(address) {
            Some(name) => vec![from_symbol(name)],
            None => vec![self.unnamed_function(address, file_offset)],
        }
    }

    /// A function without a name is known by where it begins, so that its samples come together.
    fn unnamed_function(&self, address: u64, file_offset: u64) -> Frame {
        let ranges = self.ranges.get_or_init(|| FunctionRanges::read(self.file));
        let start = ranges.start(address).unwrap_or(address);
        fallback(self.module, file_offset.saturating_sub(address - start))
    }

    /// Frames from DWARF. The physical function, the last, takes its full name from the symbol
    /// table where the debug info has only a bare one.
    fn debug_frames(&mut self, address: u64) -> Vec<Frame> {
        let found = self
            .lookup
            .as_mut()
            .and_then(|lookup| lookup.frames(address).ok());
        let mut found = found.unwrap_or_default();
        if let Some(last) = found.last_mut().filter(|last| last.is_bare)
            && let Some(name) = self.symbols.find(address)
        {
            let symbol = from_symbol(name);
            last.frame.function = symbol.function;
            last.frame.system_name = symbol.system_name;
        }
        found.into_iter().map(|found| found.frame).collect()
    }
}

fn from_symbol(name: &str) -> Frame {
    let demangled = demangle(name);
    Frame {
        system_name: if demangled.is_some() {
            name.to_owned()
        } else {
            String::new()
        },
        function: demangled.unwrap_or_else(|| name.to_owned()),
        ..Frame::default()
    }
}

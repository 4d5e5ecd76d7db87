//! One binary with all that can name its code.

use std::collections::HashMap;
use std::sync::OnceLock;

use object::Object;

use crate::build_id::{BuildIds, build_ids};
use crate::dwarf::{Found, Lookup, Sections};
use crate::elf::Symbols;
use crate::image::Image;
use crate::names::demangle;
use crate::pclntab::Pclntab;
use crate::ranges::FunctionRanges;
use crate::{Frame, Limits, Resolution};

/// A binary, and a separate debug file if there is one. Threads may share it; each makes a
/// [`Resolver`] of its own.
pub struct Binary<'data> {
    module: String,
    ids: BuildIds,
    code: Option<Code<'data>>,
    /// What was damaged or left out.
    warning: OnceLock<String>,
}

struct Code<'data> {
    file: object::File<'data>,
    debug: Option<object::File<'data>>,
    limits: Limits,
    image: Image<'data>,
    /// Read when the first address needs them.
    symbols: OnceLock<Symbols<'data>>,
    go: Option<Pclntab<'data>>,
    /// Unpacked when the first address needs them.
    sections: OnceLock<Option<Sections<'data>>>,
    /// Read only when the symbol table does not know an address.
    ranges: OnceLock<FunctionRanges>,
}

impl<'data> Binary<'data> {
    /// Reads a binary. `module` is used where nothing is known: `[module]+0xoffset`. `debug` is the
    /// content of its separate debug file, empty if there is none.
    #[must_use]
    pub fn read(data: &'data [u8], debug: &'data [u8], module: &str, limits: Limits) -> Self {
        let warning = OnceLock::new();
        let code = match object::File::parse(data) {
            Ok(file) => Some(Code::read(file, debug, limits)),
            Err(error) => {
                let _ = warning.set(format!("not a readable binary: {error}"));
                None
            }
        };
        Self {
            module: module.to_owned(),
            ids: build_ids(data),
            code,
            warning,
        }
    }

    /// What identifies the binary.
    #[must_use]
    pub fn build_ids(&self) -> &BuildIds {
        &self.ids
    }

    /// Name and CRC-32 of the separate debug file that the binary asks for.
    #[must_use]
    pub fn debug_link(&self) -> Option<(&'data [u8], u32)> {
        self.code.as_ref()?.file.gnu_debuglink().ok()?
    }

    /// Whether names come from tables that a separate debug file could not better.
    #[must_use]
    pub fn has_debug_info(&self) -> bool {
        let code = self.code.as_ref();
        code.is_some_and(|code| code.go.is_some() || Sections::are_in(&code.file))
    }

    /// What was damaged or left out so far; empty: nothing.
    #[must_use]
    pub fn warning(&self) -> &str {
        self.warning.get().map_or("", |warning| warning)
    }

    /// Finds frames, with memory of what it has found.
    #[must_use]
    pub fn resolver(&self) -> Resolver<'_, 'data> {
        Resolver {
            binary: self,
            lookup: None,
            demangled: HashMap::new(),
        }
    }

    fn sections<'a>(&'a self, code: &'a Code<'data>) -> Option<&'a Sections<'data>> {
        let read = || {
            code.read_sections().unwrap_or_else(|reason| {
                let _ = self.warning.set(reason);
                None
            })
        };
        code.sections.get_or_init(read).as_ref()
    }
}

impl<'data> Code<'data> {
    fn read(file: object::File<'data>, debug: &'data [u8], limits: Limits) -> Self {
        let debug = object::File::parse(debug).ok();
        let image = Image::read(&file);
        let go = Pclntab::find(&file, &image);
        Self {
            file,
            debug,
            limits,
            image,
            symbols: OnceLock::new(),
            go,
            sections: OnceLock::new(),
            ranges: OnceLock::new(),
        }
    }

    fn symbols(&self) -> &Symbols<'data> {
        let read = || Symbols::read(&self.file, self.debug.as_ref());
        self.symbols.get_or_init(read)
    }

    fn read_sections(&self) -> Result<Option<Sections<'data>>, String> {
        let own = Sections::read(&self.file, self.limits.debug_bytes)?;
        match (&self.debug, own) {
            (Some(debug), None) => Sections::read(debug, self.limits.debug_bytes),
            (_, own) => Ok(own),
        }
    }
}

/// Names addresses of a [`Binary`], one at a time; quickest in the order of addresses.
pub struct Resolver<'a, 'data> {
    binary: &'a Binary<'data>,
    /// Made when the first address needs it.
    lookup: Option<Option<Lookup<'a>>>,
    demangled: HashMap<&'data str, Option<String>>,
}

impl<'a, 'data> Resolver<'a, 'data> {
    /// Frames at an offset of the file, innermost call first, never empty.
    pub fn frames(&mut self, file_offset: u64) -> Vec<Frame> {
        let binary = self.binary;
        let Some(code) = &binary.code else {
            return vec![placeholder(&binary.module, file_offset)];
        };
        let Some(address) = code.image.address(file_offset) else {
            return vec![placeholder(&binary.module, file_offset)];
        };
        let go = code
            .go
            .as_ref()
            .map(|go| go.frames(address))
            .unwrap_or_default();
        if go
            .last()
            .is_some_and(|physical| !physical.function.is_empty())
        {
            return go;
        }
        let mut found = self.debug_frames(code, address);
        if found.is_empty() {
            found.push(Found::nothing());
        }
        if let Some(last) = found.last_mut().filter(|last| last.is_bare) {
            self.complete(&mut last.frame, code, address, file_offset);
        }
        found.into_iter().map(|found| found.frame).collect()
    }

    fn debug_frames(&mut self, code: &'a Code<'data>, address: u64) -> Vec<Found> {
        let binary = self.binary;
        let lookup = self.lookup.get_or_insert_with(|| {
            let made = binary.sections(code)?.lookup();
            made.inspect_err(|error| {
                let _ = binary
                    .warning
                    .set(format!("the debug info is damaged: {error}"));
            })
            .ok()
        });
        let found = lookup
            .as_mut()
            .and_then(|lookup| lookup.frames(address).ok());
        found.unwrap_or_default()
    }

    /// Names the physical function by the symbol table where the debug info has only a bare name, or none.
    fn complete(&mut self, frame: &mut Frame, code: &Code<'data>, address: u64, file_offset: u64) {
        if let Some(name) = code.symbols().find(address) {
            let demangled = self.demangled.entry(name).or_insert_with(|| demangle(name));
            (frame.function, frame.system_name) = match demangled {
                Some(demangled) => (demangled.clone(), name.to_owned()),
                None => (name.to_owned(), String::new()),
            };
        } else if frame.function.is_empty() {
            // A function without a name is known by where it begins, so that its samples come together.
            let ranges = code.ranges.get_or_init(|| FunctionRanges::read(&code.file));
            let start = ranges.start(address).unwrap_or(address);
            let start = file_offset.saturating_sub(address - start);
            frame.function = place(&self.binary.module, start);
        }
    }
}

/// Names the code at offsets of a file. `module` is used where nothing is known: `[module]+0xoffset`.
#[must_use]
pub fn resolve(data: &[u8], module: &str, file_offsets: &[u64], limits: Limits) -> Resolution {
    let binary = Binary::read(data, &[], module, limits);
    let mut resolver = binary.resolver();
    let frames = file_offsets
        .iter()
        .map(|&offset| resolver.frames(offset))
        .collect();
    Resolution {
        frames,
        build_id: binary.build_ids().preferred().to_owned(),
        warning: binary.warning().to_owned(),
    }
}

fn placeholder(module: &str, file_offset: u64) -> Frame {
    Frame {
        function: place(module, file_offset),
        ..Frame::default()
    }
}

/// How an address without a name is called: `[libfoo.so]+0x1234`.
#[must_use]
pub fn place(module: &str, file_offset: u64) -> String {
    let file = module.rsplit('/').next().unwrap_or(module);
    let name = file.trim_start_matches('[').trim_end_matches(']');
    format!("[{name}]+{file_offset:#x}")
}

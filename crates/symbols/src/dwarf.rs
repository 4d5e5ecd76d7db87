//! DWARF: inlined calls, files and lines.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use addr2line::Context;
use gimli::{
    AbbreviationsCacheStrategy, AttributeValue, DwLang, Dwarf, DwarfSections, EndianSlice,
    RunTimeEndian, SectionId, UnitOffset, UnitRef, UnitSectionOffset,
};
use object::{CompressionFormat, Object, ObjectSection};

use crate::Frame;
use crate::dwarf_bounds::{Costs, costs};
use crate::names::{demangle, qualify};

/// No byte of deflated data stands for more: one bit for 258 bytes at best.
const MOST_DEFLATED: u64 = 1_032 * 2;

/// Bytes of lines and functions that one thread holds.
const MOST_HELD: u64 = 256 << 20;

type Slice<'a> = EndianSlice<'a, RunTimeEndian>;

/// The debug sections of a file, unpacked.
pub(crate) struct Sections<'data> {
    sections: DwarfSections<Cow<'data, [u8]>>,
    endian: RunTimeEndian,
    costs: Costs,
}

impl<'data> Sections<'data> {
    /// Whether the file has debug info.
    pub(crate) fn are_in(file: &object::File<'_>) -> bool {
        file.section_by_name(".debug_info").is_some()
    }

    /// Unpacks the debug sections; `None` without debug info, or when they pass `limit` bytes unpacked.
    pub(crate) fn read(file: &object::File<'data>, limit: u64) -> Result<Option<Self>, String> {
        if !Self::are_in(file) {
            return Ok(None);
        }
        let mut left = limit;
        let sections = DwarfSections::load(|id| unpacked(file, id, &mut left))?;
        let endian = if file.is_little_endian() {
            RunTimeEndian::Little
        } else {
            RunTimeEndian::Big
        };
        let mut read = Self {
            sections,
            endian,
            costs: Costs::new(),
        };
        read.costs = costs(&read.dwarf())?;
        Ok(Some(read))
    }

    fn dwarf(&self) -> Dwarf<Slice<'_>> {
        let mut dwarf = self
            .sections
            .borrow(|section| EndianSlice::new(section, self.endian));
        // Units share their tables of abbreviations; each would keep a copy.
        dwarf.populate_abbreviations_cache(AbbreviationsCacheStrategy::Duplicates);
        dwarf
    }

    pub(crate) fn lookup(&self) -> Result<Lookup<'_>, gimli::Error> {
        Ok(Lookup {
            sections: self,
            context: Context::from_dwarf(self.dwarf())?,
            units: HashSet::new(),
            spent: 0,
            start_lines: HashMap::new(),
            demangled: HashMap::new(),
        })
    }
}

fn unpacked<'data>(
    file: &object::File<'data>,
    id: SectionId,
    left: &mut u64,
) -> Result<Cow<'data, [u8]>, String> {
    // Where variables live, and macros, are not asked for.
    let unused = matches!(
        id,
        SectionId::DebugLoc
            | SectionId::DebugLocLists
            | SectionId::DebugMacinfo
            | SectionId::DebugMacro
    );
    let section = file.section_by_name(id.name()).filter(|_| !unused);
    let Some(section) = section else {
        return Ok(Cow::Borrowed(&[]));
    };
    let packed = section
        .compressed_data()
        .map_err(|error| error.to_string())?;
    // What is not packed is used where it is, and costs nothing.
    if packed.format == CompressionFormat::None {
        return Ok(Cow::Borrowed(packed.data));
    }
    let is_lie = packed.format == CompressionFormat::Zlib
        && packed.uncompressed_size / MOST_DEFLATED > packed.data.len() as u64;
    if is_lie || packed.uncompressed_size > *left {
        return Err(format!(
            "the unpacked section {} passes the limit for debug info",
            id.name()
        ));
    }
    *left -= packed.uncompressed_size;
    packed.decompress().map_err(|error| error.to_string())
}

/// Finds frames by address.
pub(crate) struct Lookup<'a> {
    sections: &'a Sections<'a>,
    context: Context<Slice<'a>>,
    /// Units that the context holds, and what they cost in bytes.
    units: HashSet<UnitSectionOffset>,
    spent: u64,
    start_lines: HashMap<(UnitSectionOffset, UnitOffset), u32>,
    demangled: HashMap<String, Option<String>>,
}

/// A frame, and whether its name lacks the path or is missing: then the symbol table may know better.
pub(crate) struct Found {
    pub(crate) frame: Frame,
    pub(crate) is_bare: bool,
}

impl Found {
    /// A frame of which nothing is known.
    pub(crate) fn nothing() -> Self {
        Self {
            frame: Frame::default(),
            is_bare: true,
        }
    }
}

impl Lookup<'_> {
    /// The context keeps every unit that it ever read: begins anew before that is too much.
    fn make_room(&mut self, address: u64) -> Result<(), gimli::Error> {
        let unit = self.context.find_dwarf_and_unit(address).skip_all_loads();
        let Some(unit) = unit.map(|unit| unit.header.offset()) else {
            return Ok(());
        };
        if self.units.contains(&unit) {
            return Ok(());
        }
        let cost = self.sections.costs.get(&unit).copied().unwrap_or(0);
        if self.spent + cost > MOST_HELD && self.spent > 0 {
            self.context = Context::from_dwarf(self.sections.dwarf())?;
            self.units.clear();
            self.spent = 0;
        }
        self.units.insert(unit);
        self.spent += cost;
        Ok(())
    }

    /// Frames at a virtual address, innermost call first; empty where there is no debug info.
    pub(crate) fn frames(&mut self, address: u64) -> Result<Vec<Found>, gimli::Error> {
        self.make_room(address)?;
        let mut found = Vec::new();
        let unit = self.context.find_dwarf_and_unit(address).skip_all_loads();
        let mut frames = self.context.find_frames(address).skip_all_loads()?;
        while let Some(frame) = frames.next()? {
            let location = frame.location.as_ref();
            let file = location
                .and_then(|location| location.file)
                .unwrap_or_default();
            let line = location.and_then(|location| location.line).unwrap_or(0);
            let mut one = match &frame.function {
                Some(function) => named(
                    &function.raw_name()?,
                    file,
                    function.language,
                    &mut self.demangled,
                ),
                None => Found::nothing(),
            };
            // Line 0 marks code that belongs to no line; its file is then left over from a neighbor.
            if line != 0 {
                (one.frame.line, one.frame.file) = (line, file.to_owned());
            }
            if let (Some(unit), Some(entry)) = (unit, frame.dw_die_offset) {
                let known = self.start_lines.entry((unit.header.offset(), entry));
                one.frame.start_line =
                    *known.or_insert_with(|| start_line(unit, entry).unwrap_or(0));
            }
            // Only the physical function, the last, can get a name from elsewhere.
            found.retain(|inlined: &Found| !inlined.frame.function.is_empty());
            found.push(one);
        }
        Ok(found)
    }
}

fn named(
    raw: &str,
    file: &str,
    language: Option<DwLang>,
    demangled: &mut HashMap<String, Option<String>>,
) -> Found {
    if !demangled.contains_key(raw) {
        demangled.insert(raw.to_owned(), demangle(raw));
    }
    let (function, is_bare) = match demangled.get(raw).and_then(Option::as_ref) {
        Some(function) => (function.clone(), false),
        None if language == Some(gimli::DW_LANG_Rust) => (qualify(raw, file), true),
        None => (raw.to_owned(), false),
    };
    let system_name = if function == raw {
        String::new()
    } else {
        raw.to_owned()
    };
    let frame = Frame {
        function,
        system_name,
        ..Frame::default()
    };
    Found { frame, is_bare }
}

/// The line of the declaration, behind at most a few references to abstract entries.
fn start_line(unit: UnitRef<'_, Slice<'_>>, entry: UnitOffset) -> Option<u32> {
    let mut offset = entry;
    for _ in 0..4 {
        let entry = unit.entry(offset).ok()?;
        if let Some(line) = entry.attr_value(gimli::DW_AT_decl_line) {
            return line.udata_value().and_then(|line| u32::try_from(line).ok());
        }
        let origin = entry
            .attr_value(gimli::DW_AT_abstract_origin)
            .or_else(|| entry.attr_value(gimli::DW_AT_specification))?;
        offset = match origin {
            AttributeValue::UnitRef(offset) => offset,
            AttributeValue::DebugInfoRef(offset) => offset.to_unit_offset(&unit.header)?,
            _ => return None,
        };
    }
    None
}

//! What debug info would cost once it is read, found out before: its tables are many times as large as
//! its bytes, and a few bytes can ask for the same table again and again.

use std::collections::{HashMap, HashSet};

use gimli::{
    Abbreviation, AttributeValue, Dwarf, EndianSlice, EntriesRaw, RangeListsOffset, Reader,
    RunTimeEndian, Section, Unit, UnitHeader, UnitSectionOffset, UnitType,
};

type Slice<'a> = EndianSlice<'a, RunTimeEndian>;
type Checked<T> = Result<T, &'static str>;

/// Compilers nest about 30 deep; whoever reads deeper entries calls itself for each level.
const MOST_NESTED: isize = 1_000;
/// The largest programs have some ten thousand, not counting those of types, which are never read.
const MOST_UNITS: usize = 250_000;
/// Kinds of entries, all tables together, and files of all units: this many, or more where the
/// entries are large, because compilers write some hundred bytes of entries for each.
const MOST_ABBREVIATIONS: usize = 4_000_000;
const MOST_FILES: usize = 20_000_000;
const ENTRY_BYTES_OF_EACH: usize = 64;
/// Functions, inlined calls and their address ranges in one unit, and ranges of units in a file.
const MOST_CALLS: u64 = 4_000_000;
const MOST_RANGES: u64 = 64_000_000;
/// Bytes in front of a line program, which name its files.
const MOST_FILE_BYTES: u64 = 4 << 20;
/// How often units share a line program on average; those that `dwz` splits off share some.
const MOST_SHARED: u64 = 64;
/// Bytes of the paths of one unit's files, joined with their directories.
const MOST_PATH_BYTES: u64 = 64 << 20;
/// Rows of one unit's line program, and program bytes up to which they need not be counted.
const MOST_ROWS: u64 = 8_000_000;
const FEW_ROW_BYTES: u64 = 4 << 20;

/// Bytes that reading a unit costs, by its place.
pub(crate) type Costs = HashMap<UnitSectionOffset, u64>;

/// Looks through all debug info once; an error says why it must not be read. What is damaged costs
/// nothing, because it cannot be read later either.
pub(crate) fn costs(dwarf: &Dwarf<Slice<'_>>) -> Checked<Costs> {
    check_abbreviations(dwarf)?;
    let mut totals = Totals::default();
    let mut costs = Costs::new();
    let mut units = dwarf.units();
    while let Ok(Some(header)) = units.next() {
        if is_of_types(&header) {
            continue;
        }
        if costs.len() >= MOST_UNITS {
            return Err("the debug info has more units than any program");
        }
        costs.insert(header.offset(), totals.add(dwarf, header)?);
    }
    Ok(costs)
}

/// The larger bound where there are many entries.
fn scaled(most: usize, dwarf: &Dwarf<Slice<'_>>) -> usize {
    most.max(dwarf.debug_info.reader().len() / ENTRY_BYTES_OF_EACH)
}

/// Whether the unit describes types only, which finding frames skips.
fn is_of_types(header: &UnitHeader<Slice<'_>>) -> bool {
    matches!(
        header.type_(),
        UnitType::Type { .. } | UnitType::SplitType { .. }
    )
}

/// Units may share a table, but two tables that overlap are none that a linker makes.
fn check_abbreviations(dwarf: &Dwarf<Slice<'_>>) -> Checked<()> {
    let mut seen = HashSet::new();
    let mut count = 0;
    let most = scaled(MOST_ABBREVIATIONS, dwarf);
    let mut units = dwarf.units();
    while let Ok(Some(header)) = units.next() {
        let offset = header.debug_abbrev_offset();
        if seen.insert(offset)
            && let Some(table) = from(dwarf.debug_abbrev.reader(), offset.0)
        {
            count += abbreviations(table, most - count)
                .ok_or("the debug info describes more kinds of entries than any program has")?;
        }
    }
    Ok(())
}

/// A section from an offset on.
fn from<'a>(section: &Slice<'a>, offset: usize) -> Option<Slice<'a>> {
    let rest = section.slice().get(offset..)?;
    Some(EndianSlice::new(rest, section.endian()))
}

/// The number of abbreviations in a table; `None` above `most`. A damaged one ends the table.
fn abbreviations(mut table: Slice<'_>, most: usize) -> Option<usize> {
    let mut count = 0;
    while table.read_uleb128().is_ok_and(|code| code != 0) {
        count += 1;
        if count > most {
            return None;
        }
        let head = table.read_uleb128().and_then(|_| table.read_u8());
        let mut is_end = head.is_err();
        while !is_end {
            let (Ok(name), Ok(form)) = (table.read_uleb128(), table.read_uleb128()) else {
                return Some(count);
            };
            if form == u64::from(gimli::DW_FORM_implicit_const.0) && table.read_sleb128().is_err() {
                return Some(count);
            }
            is_end = name == 0 && form == 0;
        }
    }
    Some(count)
}

/// Sums over the units so far.
#[derive(Default)]
struct Totals {
    unit_ranges: u64,
    ranges: u64,
    files: usize,
    line_bytes: u64,
}

impl Totals {
    /// Returns what reading this unit costs.
    fn add(&mut self, dwarf: &Dwarf<Slice<'_>>, header: UnitHeader<Slice<'_>>) -> Checked<u64> {
        self.line_header(dwarf, &header)?;
        let Ok(unit) = dwarf.unit(header) else {
            return Ok(0);
        };
        let calls = self.entries(dwarf, &unit)?;
        let lines = self.lines(dwarf, &unit)?;
        Ok(lines + calls * 128)
    }

    /// Measures the names of files before they are read, which reading the unit's head does already.
    fn line_header(
        &mut self,
        dwarf: &Dwarf<Slice<'_>>,
        header: &UnitHeader<Slice<'_>>,
    ) -> Checked<()> {
        let read = || {
            let abbreviations = dwarf.abbreviations(header).ok()?;
            let mut entries = header.entries_raw(&abbreviations, None).ok()?;
            let kind = entries.read_abbreviation().ok()??;
            let mut offset = None;
            for attribute in kind.attributes() {
                let read = entries.read_attribute(*attribute).ok()?;
                if let (gimli::DW_AT_stmt_list, AttributeValue::DebugLineRef(at)) =
                    (read.name(), read.value())
                {
                    offset = Some(at.0);
                }
            }
            let mut line = from(dwarf.debug_line.reader(), offset?)?;
            let (length, format) = line.read_initial_length().ok()?;
            let version = line.read_u16().ok()?;
            line.skip(if version >= 5 { 2 } else { 0 }).ok()?;
            let names = line.read_length(format).ok()?;
            Some((length as u64, (names as u64).min(line.len() as u64)))
        };
        let Some((program, names)) = read() else {
            return Ok(());
        };
        if names > MOST_FILE_BYTES {
            return Err("the debug info names more files in a unit than any program has");
        }
        self.line_bytes = self.line_bytes.saturating_add(program);
        if self.line_bytes > MOST_SHARED * dwarf.debug_line.reader().len() as u64 {
            return Err("units of the debug info share their lines, as no compiler makes them");
        }
        Ok(())
    }

    /// Counts functions, inlined calls and ranges; refuses entries that nest too deep.
    fn entries(&mut self, dwarf: &Dwarf<Slice<'_>>, unit: &Unit<Slice<'_>>) -> Checked<u64> {
        let mut calls = 0;
        let mut is_first = true;
        let Ok(mut entries) = unit.entries_raw(None) else {
            return Ok(0);
        };
        while !entries.is_empty() {
            if entries.next_depth() > MOST_NESTED {
                return Err("the debug info nests deeper than any compiler makes it");
            }
            let Ok(kind) = entries.read_abbreviation() else {
                break;
            };
            let Some(kind) = kind else { continue };
            let is_call = matches!(
                kind.tag(),
                gimli::DW_TAG_subprogram | gimli::DW_TAG_inlined_subroutine
            );
            if !is_call && !is_first {
                if entries.skip_attributes(kind.attributes()).is_err() {
                    break;
                }
                continue;
            }
            let Ok(offset) = ranges_of(unit, dwarf, &mut entries, kind) else {
                break;
            };
            let ranges = offset.map_or(0, |offset| count_ranges(dwarf, unit, offset));
            self.ranges += ranges;
            if is_first {
                self.unit_ranges += ranges;
            } else {
                calls += 1 + ranges;
            }
            is_first = false;
            if calls > MOST_CALLS || self.unit_ranges > MOST_CALLS || self.ranges > MOST_RANGES {
                return Err("the debug info has more functions and ranges than any program");
            }
        }
        Ok(calls)
    }

    /// Measures the files and rows of a unit.
    fn lines(&mut self, dwarf: &Dwarf<Slice<'_>>, unit: &Unit<Slice<'_>>) -> Checked<u64> {
        let Some(program) = &unit.line_program else {
            return Ok(0);
        };
        let header = program.header();
        let text = |value| {
            dwarf
                .attr_string(unit, value)
                .map_or(0, |text| text.len() as u64)
        };
        let own = unit.comp_dir.map_or(0, |directory| directory.len() as u64);
        let directories: Vec<u64> = header
            .include_directories()
            .iter()
            .map(|directory| text(*directory))
            .collect();
        let mut paths = 0;
        for file in header.file_names() {
            let directory = usize::try_from(file.directory_index()).ok();
            let base = usize::from(header.version() < 5);
            let directory = directory.and_then(|index| directories.get(index.checked_sub(base)?));
            paths += own + directory.unwrap_or(&0) + text(file.path_name());
            if paths > MOST_PATH_BYTES {
                return Err("the debug info has longer paths than any program");
            }
        }
        self.files += header.file_names().len();
        if self.files > scaled(MOST_FILES, dwarf) {
            return Err("the debug info names more files than any program has");
        }
        let bytes = header.raw_program_buf().len() as u64;
        let mut rows = bytes / 3;
        if bytes > FEW_ROW_BYTES {
            rows = 0;
            let mut all = program.clone().rows();
            while rows <= MOST_ROWS && all.next_row().is_ok_and(|row| row.is_some()) {
                rows += 1;
            }
            if rows > MOST_ROWS {
                return Err("a unit of the debug info has more lines than any program");
            }
        }
        Ok(paths + rows * 24)
    }
}

/// The list of address ranges that an entry refers to.
fn ranges_of<'a>(
    unit: &Unit<Slice<'a>>,
    dwarf: &Dwarf<Slice<'a>>,
    entries: &mut EntriesRaw<'_, Slice<'a>>,
    kind: &Abbreviation,
) -> Result<Option<RangeListsOffset>, gimli::Error> {
    let mut offset = None;
    for attribute in kind.attributes() {
        let read = entries.read_attribute(*attribute)?;
        if read.name() == gimli::DW_AT_ranges {
            offset = dwarf.attr_ranges_offset(unit, read.value())?;
        }
    }
    Ok(offset)
}

/// The length of a list of ranges, at most one more than a unit may have.
fn count_ranges(dwarf: &Dwarf<Slice<'_>>, unit: &Unit<Slice<'_>>, offset: RangeListsOffset) -> u64 {
    let Ok(mut ranges) = dwarf.ranges(unit, offset) else {
        return 0;
    };
    let mut count = 0;
    while count <= MOST_CALLS && ranges.next().is_ok_and(|range| range.is_some()) {
        count += 1;
    }
    count
}

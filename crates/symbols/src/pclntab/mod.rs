//! Go's table of functions, files, lines and inlined calls. The runtime needs it, so it survives
//! stripping.
//!
//! Layout: `runtime/symtab.go`, `runtime/symtabinl.go` and `debug/gosym/pclntab.go` of Go. Inlined
//! calls are read for Go 1.20 and later; older tables give the physical function, file and line.

mod bytes;
mod find;
mod header;
mod module_data;
mod stacks;

use crate::Frame;
use bytes::{text, varint};
use header::{Header, Version};
pub use stacks::GoStacks;

/// Deeper nesting than any compiler makes.
const MOST_INLINED: usize = 128;
/// Longer tables of values than those of the longest generated functions.
const MOST_STEPS: usize = 1 << 20;
/// `PCDATA_InlTreeIndex` and `FUNCDATA_InlTree` of `internal/abi/funcdata.go`.
const INLINE_INDEX: usize = 2;
const INLINE_TREE: usize = 3;
/// Size of an entry of the inline tree: function kind, name, parent's instruction, first line.
const INLINE_ENTRY: usize = 16;

/// The table of one binary.
pub(crate) struct Pclntab<'data> {
    data: &'data [u8],
    header: Header,
    /// Address of the first instruction: functions are told by their distance to it.
    text: u64,
    /// Where inline trees are counted from; empty where it was not found.
    inline_trees: &'data [u8],
}

/// A function, with where its record is.
struct Function {
    entry: u64,
    /// Length in bytes.
    length: u64,
    record: usize,
}

/// An inlined call.
struct Inlined {
    frame: Frame,
    /// Number of its entry in the inline tree.
    index: usize,
    /// Distance from the function's entry of an instruction whose line is that of the call.
    parent: u64,
}

impl Pclntab<'_> {
    /// Frames at a virtual address, innermost first; empty outside of Go's code.
    pub(crate) fn frames(&self, address: u64) -> Vec<Frame> {
        let Some(function) = self.function(address) else {
            return Vec::new();
        };
        let (mut frames, mut seen) = (Vec::new(), Vec::new());
        let mut address = address;
        while let Some(call) = self.inlined(&function, address) {
            // Compilers have written calls that are inlined into themselves.
            if seen.len() == MOST_INLINED || seen.contains(&call.index) {
                break;
            }
            seen.push(call.index);
            frames.push(self.placed(call.frame, &function, address));
            address = function.entry.saturating_add(call.parent);
        }
        let physical = self.physical(&function);
        frames.push(self.placed(physical, &function, address));
        frames
    }

    fn knows_inlined(&self) -> bool {
        self.header.version == Version::Go120 && !self.inline_trees.is_empty()
    }

    fn function(&self, address: u64) -> Option<Function> {
        let (mut low, mut high) = (0, self.header.functions);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.entry(middle)? <= address {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        self.row(low.checked_sub(1)?)
            .filter(|row| address - row.entry < row.length)
    }

    fn row(&self, number: usize) -> Option<Function> {
        let entry = self.entry(number)?;
        let at = self.header.table + number * self.header.row_size() + self.header.field_size();
        let record = self.field(at)?;
        // Older tables count from their beginning, newer ones from the table of functions.
        let base = if self.header.version == Version::Go12 {
            0
        } else {
            self.header.table
        };
        Some(Function {
            entry,
            length: self.entry(number + 1)?.checked_sub(entry)?,
            record: base.checked_add(usize::try_from(record).ok()?)?,
        })
    }

    /// Where a function begins; behind the last one: where it ends.
    fn entry(&self, number: usize) -> Option<u64> {
        let found = self.field(self.header.table + number * self.header.row_size())?;
        self.text.checked_add(found)
    }

    fn field(&self, at: usize) -> Option<u64> {
        if self.header.field_size() == 4 {
            return self.header.layout.u32(self.data, at).map(u64::from);
        }
        self.header.layout.word(self.data, at)
    }

    /// The field of a function's record behind its entry, counted from 1, each 4 bytes.
    fn record_field(&self, function: &Function, number: usize) -> Option<u32> {
        let at = function.record.checked_add(self.header.field_size())?;
        self.header
            .layout
            .u32(self.data, at.checked_add((number - 1) * 4)?)
    }

    fn physical(&self, function: &Function) -> Frame {
        let name = self
            .record_field(function, 1)
            .and_then(|offset| self.name(offset));
        let start_line = match self.header.version {
            Version::Go120 => self.record_field(function, 9).unwrap_or(0),
            _ => 0,
        };
        Frame {
            function: name.unwrap_or_default(),
            start_line: line(start_line),
            ..Frame::default()
        }
    }

    fn name(&self, offset: u32) -> Option<String> {
        let at = self.header.names.checked_add(offset as usize)?;
        text(self.data, at)
            .filter(|name| !name.is_empty())
            .map(without_type_arguments)
    }

    /// The innermost inlined call at an address of a function.
    fn inlined(&self, function: &Function, address: u64) -> Option<Inlined> {
        if !self.knows_inlined() {
            return None;
        }
        let tree = self.tree(function)?;
        let pcdata = function.record.checked_add(44 + 4 * INLINE_INDEX)?;
        if self.record_field(function, 7)? as usize <= INLINE_INDEX {
            return None;
        }
        let table = self.header.layout.u32(self.data, pcdata)?;
        let index = usize::try_from(self.value(function, table, address)?).ok()?;
        let entry = tree
            .get(index.checked_mul(INLINE_ENTRY)?..)?
            .get(..INLINE_ENTRY)?;
        let layout = self.header.layout;
        let frame = Frame {
            function: self.name(layout.u32(entry, 4)?)?,
            start_line: line(layout.u32(entry, 12)?),
            ..Frame::default()
        };
        Some(Inlined {
            frame,
            index,
            parent: u64::try_from(layout.i32(entry, 8)?).ok()?,
        })
    }

    /// The inline tree of a function, and what follows it; `None` if nothing is inlined there.
    fn tree(&self, function: &Function) -> Option<&[u8]> {
        let at = self.tree_offset(function)?;
        self.inline_trees.get(at as usize..)
    }

    fn tree_offset(&self, function: &Function) -> Option<u32> {
        let tables = *self.data.get(function.record.checked_add(43)?)?;
        if usize::from(tables) <= INLINE_TREE {
            return None;
        }
        let pcdata = self.record_field(function, 7)? as usize;
        let at = pcdata.checked_mul(4)?.checked_add(44 + 4 * INLINE_TREE)?;
        let offset = self
            .header
            .layout
            .u32(self.data, function.record.checked_add(at)?)?;
        (offset != u32::MAX).then_some(offset)
    }

    /// Adds file and line of an address of the function.
    fn placed(&self, mut frame: Frame, function: &Function, address: u64) -> Frame {
        let value = |field| self.value(function, self.record_field(function, field)?, address);
        frame.line = value(6)
            .and_then(|line| u32::try_from(line).ok())
            .unwrap_or(0);
        frame.file = value(5)
            .and_then(|number| self.file(function, number))
            .unwrap_or_default();
        frame
    }

    fn file(&self, function: &Function, number: i32) -> Option<String> {
        let number = usize::try_from(number).ok()?;
        let header = &self.header;
        if header.version == Version::Go12 {
            let end = header.table + header.functions * header.row_size() + header.field_size();
            let files = header.layout.u32(self.data, end)? as usize;
            let at = header
                .layout
                .u32(self.data, files.checked_add(number.checked_mul(4)?)?)?;
            return text(self.data, at as usize);
        }
        let row = number.checked_add(self.record_field(function, 8)? as usize)?;
        let at = header.units.checked_add(row.checked_mul(4)?)?;
        let offset = header.layout.u32(self.data, at)?;
        let known = (offset != u32::MAX).then_some(offset as usize)?;
        text(self.data, header.files.checked_add(known)?)
    }

    /// Value at an address, out of a table of differences: (zigzag of value, length in quanta) pairs.
    fn value(&self, function: &Function, table: u32, address: u64) -> Option<i32> {
        if table == 0 {
            return None;
        }
        let mut at = self.header.values.checked_add(table as usize)?;
        let (mut value, mut reached) = (-1_i32, function.entry);
        for _ in 0..MOST_STEPS {
            let change = varint(self.data, &mut at)?;
            if change == 0 && reached != function.entry {
                return None;
            }
            let change = (change >> 1).cast_signed() ^ -((change & 1).cast_signed());
            value = value.wrapping_add(change);
            let length = u64::from(varint(self.data, &mut at)?);
            reached = reached.checked_add(length * u64::from(self.header.quantum))?;
            if address < reached {
                return Some(value);
            }
        }
        None
    }
}

/// A line number; the table marks unknown ones by negative numbers.
fn line(number: u32) -> u32 {
    if i32::try_from(number).is_ok() {
        number
    } else {
        0
    }
}

/// Writes type arguments as Go's own profiles do: `main.F[...]`.
fn without_type_arguments(name: String) -> String {
    match (name.find('['), name.rfind(']')) {
        (Some(first), Some(last)) if first < last => {
            format!("{}[...]{}", &name[..first], &name[last + 1..])
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests;

//! The beginning of the table: version, sizes, and where its parts are.

use super::bytes::Layout;

/// Layouts of the table, by the release of Go that brought them.
///
/// Source: `internal/abi/symtab.go` and `debug/gosym/pclntab.go` of Go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    Go12,
    Go116,
    Go118,
    Go120,
}

/// A header that is consistent with the size of its table.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) version: Version,
    pub(super) layout: Layout,
    /// Instructions begin at multiples of so many bytes.
    pub(super) quantum: u32,
    pub(super) functions: usize,
    /// Address of the first instruction; 0 where the loader fills it in, and from Go 1.26 on.
    pub(super) text: u64,
    /// Offsets of the parts in the table.
    pub(super) names: usize,
    pub(super) units: usize,
    pub(super) files: usize,
    pub(super) values: usize,
    pub(super) table: usize,
}

impl Header {
    /// Reads the header; `None` if it is none, or claims more than the table holds.
    pub(super) fn parse(data: &[u8]) -> Option<Self> {
        let (version, big_endian) = magic(data)?;
        let (quantum, pointer) = (*data.get(6)?, usize::from(*data.get(7)?));
        if data.get(4..6)? != [0, 0] || !matches!(quantum, 1 | 2 | 4) || !matches!(pointer, 4 | 8) {
            return None;
        }
        let layout = Layout {
            big_endian,
            pointer,
        };
        let word = |number: usize| layout.word(data, 8 + number * pointer);
        let part = |number: usize| {
            let at = usize::try_from(word(number)?).ok()?;
            (at < data.len()).then_some(at)
        };
        let functions = usize::try_from(word(0)?).ok()?;
        let first = if version == Version::Go118 || version == Version::Go120 {
            3
        } else {
            2
        };
        let mut header = Self {
            version,
            layout,
            quantum: u32::from(quantum),
            functions,
            text: if first == 3 { word(2)? } else { 0 },
            names: 0,
            units: 0,
            files: 0,
            values: 0,
            table: 8 + pointer,
        };
        if version > Version::Go12 {
            header.names = part(first)?;
            header.units = part(first + 1)?;
            header.files = part(first + 2)?;
            header.values = part(first + 3)?;
            header.table = part(first + 4)?;
        }
        let rows = functions
            .checked_mul(header.row_size())?
            .checked_add(header.field_size())?;
        let fits = functions > 0 && rows <= data.len() - header.table;
        fits.then_some(header)
    }

    /// Size of a number in the table of functions.
    pub(super) fn field_size(&self) -> usize {
        if self.version >= Version::Go118 {
            4
        } else {
            self.layout.pointer
        }
    }

    /// Size of a row: where a function begins, and where more is told about it.
    pub(super) fn row_size(&self) -> usize {
        2 * self.field_size()
    }
}

fn magic(data: &[u8]) -> Option<(Version, bool)> {
    let bytes: [u8; 4] = data.get(..4)?.try_into().ok()?;
    let version = |number| match number {
        0xffff_fffb_u32 => Some(Version::Go12),
        0xffff_fffa => Some(Version::Go116),
        0xffff_fff0 => Some(Version::Go118),
        0xffff_fff1 => Some(Version::Go120),
        _ => None,
    };
    let little = version(u32::from_le_bytes(bytes)).map(|version| (version, false));
    little.or_else(|| version(u32::from_be_bytes(bytes)).map(|version| (version, true)))
}

//! Where the kernel puts the fields of its tracepoints: the `format` files of tracefs, which a
//! recording carries along (tools/perf/util/trace-event-read.c).

use std::collections::BTreeMap;

use super::fields::Fields;

const MAGIC: &[u8] = b"\x17\x08\x44tracing";
/// More than any kernel has; a file may claim anything.
const MOST_EVENTS: usize = 20_000;

/// Formats of tracepoints by their number, which is `config` of their event.
#[derive(Default)]
pub(crate) struct Tracepoints(BTreeMap<u64, Tracepoint>);

/// One tracepoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tracepoint {
    /// `system:name`.
    pub(crate) name: String,
    fields: BTreeMap<String, (usize, usize)>,
}

impl Tracepoints {
    /// Reads tracing data as far as it can be read.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let mut found = Self::default();
        // What was read before the end of damaged data is still good.
        let _ = found.read(Fields(bytes));
        found
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Tracepoint> {
        self.0.get(&number)
    }

    fn read(&mut self, mut fields: Fields<'_>) -> Option<()> {
        if fields.bytes(MAGIC.len() as u64)? != MAGIC {
            return None;
        }
        fields.text(); // version
        fields.skip(1 + 1 + 4)?; // byte order, size of a long, size of a page
        for _ in ["header_page", "header_event"] {
            fields.text();
            let length = fields.u64()?;
            fields.skip(length)?;
        }
        for _ in 0..fields.u32()? {
            let length = fields.u64()?;
            fields.skip(length)?;
        }
        for _ in 0..fields.u32()? {
            let system = String::from_utf8_lossy(fields.text()).into_owned();
            for _ in 0..fields.u32()? {
                let length = fields.u64()?;
                let format = String::from_utf8_lossy(fields.bytes(length)?);
                self.add(&system, &format);
            }
        }
        Some(())
    }

    fn add(&mut self, system: &str, format: &str) {
        let Some((number, tracepoint)) = parse_format(system, format) else {
            return;
        };
        if self.0.len() < MOST_EVENTS {
            self.0.insert(number, tracepoint);
        }
    }
}

fn parse_format(system: &str, format: &str) -> Option<(u64, Tracepoint)> {
    let value = |key: &str| format.lines().find_map(|line| line.strip_prefix(key));
    let number = value("ID:")?.trim().parse().ok()?;
    let name = format!("{system}:{}", value("name:")?.trim());
    let fields = format.lines().filter_map(parse_field).collect();
    Some((number, Tracepoint { name, fields }))
}

/// `field:char prev_comm[16];  offset:8;  size:16;  signed:0;`
fn parse_field(line: &str) -> Option<(String, (usize, usize))> {
    let mut parts = line.trim().split(';').map(str::trim);
    let declaration = parts.next()?.strip_prefix("field:")?;
    let name = declaration.rsplit(' ').next()?.split('[').next()?;
    let offset = parts.next()?.strip_prefix("offset:")?.parse().ok()?;
    let size = parts.next()?.strip_prefix("size:")?.parse().ok()?;
    Some((name.to_owned(), (offset, size)))
}

impl Tracepoint {
    /// Where a number lies in the raw data.
    pub(crate) fn number(&self, field: &str) -> Option<NumberField> {
        let &(offset, size) = self.fields.get(field)?;
        Some(NumberField { offset, size })
    }
}

/// Place of a number of four or eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NumberField {
    offset: usize,
    size: usize,
}

impl NumberField {
    pub(crate) fn read(self, raw: &[u8]) -> Option<i64> {
        let mut fields = Fields(raw.get(self.offset..)?);
        match self.size {
            4 => fields.i32().map(i64::from),
            8 => fields.u64().map(u64::cast_signed),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, clippy::panic)]

    use proptest::prelude::*;

    use super::*;

    const FORMAT: &str = "name: sched_wakeup\nID: 372\nformat:\n\
        \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n\
        \tfield:char comm[16];\toffset:8;\tsize:16;\tsigned:0;\n\
        \tfield:pid_t pid;\toffset:24;\tsize:4;\tsigned:1;\n\nprint fmt: \"x\"\n";

    fn data() -> Vec<u8> {
        let mut bytes = [MAGIC, b"0.6\0", &[0, 8], &4096u32.to_le_bytes()].concat();
        for name in ["header_page", "header_event"] {
            bytes.extend([name.as_bytes(), b"\0", &2u64.to_le_bytes(), b"xy"].concat());
        }
        bytes.extend(0u32.to_le_bytes());
        bytes.extend([&1u32.to_le_bytes()[..], b"sched\0", &1u32.to_le_bytes()].concat());
        bytes.extend((FORMAT.len() as u64).to_le_bytes());
        bytes.extend(FORMAT.as_bytes());
        bytes
    }

    #[test]
    fn fields_are_found_where_the_format_says() {
        let found = Tracepoints::parse(&data());
        let wakeup = found.get(372).expect("the event is there");
        assert_eq!(wakeup.name, "sched:sched_wakeup");
        let pid = wakeup.number("pid").expect("it has a pid");
        let mut raw = vec![0; 28];
        raw[24..].copy_from_slice(&(-5i32).to_le_bytes());
        assert_eq!(pid.read(&raw), Some(-5));
        assert_eq!(pid.read(&raw[..27]), None);
        assert_eq!(wakeup.number("comm").and_then(|comm| comm.read(&raw)), None);
    }

    proptest! {
        #[test]
        fn any_tracing_data_never_panic(cut in 0usize..400, at in 0usize..400, byte: u8) {
            let mut bytes = data();
            let length = bytes.len();
            bytes[at % length] = byte;
            bytes.truncate(cut);
            Tracepoints::parse(&bytes);
        }
    }
}

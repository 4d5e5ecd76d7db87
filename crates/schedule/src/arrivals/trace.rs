//! Replay of a trace: tab-separated text, read line by line.

use std::io::BufRead;

use super::Start;
use crate::ScheduleError;
use crate::spec::Spec;

/// Longest line in bytes.
const LONGEST_LINE: u64 = 1 << 20;
const NS_PER_S: u64 = 1_000_000_000;

/// A trace at one of its rows.
pub(crate) struct Trace<'a> {
    input: Box<dyn BufRead + 'a>,
    line: Vec<u8>,
    number: u64,
    columns: Vec<String>,
    fields: Vec<Vec<u8>>,
    time: usize,
    operation: Option<usize>,
    names: Vec<String>,
    zero_ns: Option<i128>,
    last_ns: Option<i128>,
    speed: f64,
    end_ns: u64,
}

impl<'a> Trace<'a> {
    /// Reads the names of the columns.
    pub(crate) fn open(input: Box<dyn BufRead + 'a>, spec: &Spec) -> Result<Self, ScheduleError> {
        let mut trace = Self {
            input,
            line: Vec::new(),
            number: 0,
            columns: Vec::new(),
            fields: Vec::new(),
            time: 0,
            operation: None,
            names: spec
                .operations
                .iter()
                .map(|found| found.name.clone())
                .collect(),
            zero_ns: None,
            last_ns: None,
            speed: spec.trace.map_or(1.0, |trace| trace.speed),
            end_ns: spec.duration_ns,
        };
        trace.read_columns()?;
        Ok(trace)
    }

    fn read_columns(&mut self) -> Result<(), ScheduleError> {
        if !self.read_line()? {
            return Err(self.problem("it is empty; the first line names the columns"));
        }
        let text = String::from_utf8(self.line.clone());
        let text = text.map_err(|_| self.problem("the names of the columns are not UTF-8"))?;
        self.columns = text.split('\t').map(str::to_owned).collect();
        self.fields = vec![Vec::new(); self.columns.len()];
        let time = self.column("t");
        self.time =
            time.ok_or_else(|| self.problem("there is no column `t` with the times in s"))?;
        self.operation = self.column("operation");
        if self.operation.is_none() && self.names.len() > 1 {
            return Err(self.problem("there is no column `operation`, and more than one operation"));
        }
        Ok(())
    }

    /// Returns the number of a column.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// The fields of the row that was returned last.
    pub(crate) fn fields(&self) -> &[Vec<u8>] {
        &self.fields
    }

    fn problem(&self, problem: impl Into<String>) -> ScheduleError {
        ScheduleError::Trace {
            line: self.number.max(1),
            problem: problem.into(),
        }
    }

    /// Reads a line without its end; false at the end of the file.
    fn read_line(&mut self) -> Result<bool, ScheduleError> {
        self.line.clear();
        self.number += 1;
        let mut bounded = std::io::Read::take(&mut self.input, LONGEST_LINE + 1);
        let read = bounded.read_until(b'\n', &mut self.line);
        if read.map_err(ScheduleError::Read)? == 0 {
            return Ok(false);
        }
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        } else if self.line.len() as u64 > LONGEST_LINE {
            return Err(self.problem("it is longer than 1 MiB"));
        }
        if self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        Ok(true)
    }

    /// Returns the next start, or nothing after the last row or the end of the time line.
    pub(crate) fn next(&mut self) -> Result<Option<Start>, ScheduleError> {
        loop {
            if !self.read_line()? {
                return Ok(None);
            }
            if !self.line.is_empty() {
                break;
            }
        }
        self.split()?;
        let at_ns = self.at_ns()?;
        let zero_ns = *self.zero_ns.get_or_insert(at_ns);
        if self.last_ns.is_some_and(|last_ns| at_ns < last_ns) {
            return Err(self.problem("its time lies before that of the line above"));
        }
        self.last_ns = Some(at_ns);
        let intended_ns = ((at_ns - zero_ns) as f64 / self.speed) as u64;
        let operation = Some(self.operation()?);
        Ok((intended_ns < self.end_ns).then_some(Start {
            operation,
            ..Start::at(intended_ns)
        }))
    }

    fn split(&mut self) -> Result<(), ScheduleError> {
        let mut found = 0;
        for field in self.line.split(|byte| *byte == b'\t') {
            if let Some(kept) = self.fields.get_mut(found) {
                unescape(field, kept);
            }
            found += 1;
        }
        if found == self.columns.len() {
            return Ok(());
        }
        let named = self.columns.len();
        Err(self.problem(format!("{found} columns, the first line names {named}")))
    }

    fn at_ns(&self) -> Result<i128, ScheduleError> {
        let field = &self.fields[self.time];
        parse_ns(field).ok_or_else(|| {
            let shown = String::from_utf8_lossy(&field[..field.len().min(40)]).into_owned();
            self.problem(format!("{shown:?} is not a time in s"))
        })
    }

    fn operation(&self) -> Result<u16, ScheduleError> {
        let Some(column) = self.operation else {
            return Ok(0);
        };
        let name = &self.fields[column];
        let found = self.names.iter().position(|known| known.as_bytes() == name);
        found.map(|index| index as u16).ok_or_else(|| {
            let shown = String::from_utf8_lossy(&name[..name.len().min(80)]).into_owned();
            self.problem(format!("operation {shown:?} is not one of the workload's"))
        })
    }
}

/// Undoes `\t`, `\n` and `\\`.
fn unescape(field: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut bytes = field.iter().copied();
    while let Some(byte) = bytes.next() {
        let meant = match byte {
            b'\\' => match bytes.next() {
                Some(b't') => b'\t',
                Some(b'n') => b'\n',
                Some(other) => other,
                None => b'\\',
            },
            plain => plain,
        };
        out.push(meant);
    }
}

/// Reads decimal seconds into ns without rounding; digits after the ninth are cut.
fn parse_ns(field: &[u8]) -> Option<i128> {
    let (negative, digits) = match field.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, field),
    };
    let point = digits.iter().position(|byte| *byte == b'.');
    let (whole, decimals) = match point {
        Some(point) => (&digits[..point], &digits[point + 1..]),
        None => (digits, &[][..]),
    };
    if whole.is_empty() || whole.len() > 15 {
        return None;
    }
    let mut total = 0_i128;
    for byte in whole {
        total = total * 10 + i128::from(digit(*byte)?);
    }
    total *= i128::from(NS_PER_S);
    let mut unit = i128::from(NS_PER_S) / 10;
    for byte in decimals {
        total += i128::from(digit(*byte)?) * unit;
        unit /= 10;
    }
    Some(if negative { -total } else { total })
}

fn digit(byte: u8) -> Option<u8> {
    byte.is_ascii_digit().then(|| byte - b'0')
}

#[cfg(test)]
mod tests {
    use super::{parse_ns, unescape};

    #[test]
    fn times_keep_their_nanoseconds() {
        assert_eq!(
            parse_ns(b"1700000000.123456789"),
            Some(1_700_000_000_123_456_789)
        );
        assert_eq!(parse_ns(b"0.5"), Some(500_000_000));
        assert_eq!(parse_ns(b"-2.25"), Some(-2_250_000_000));
        assert_eq!(parse_ns(b"7"), Some(7_000_000_000));
        for wrong in ["", ".", "1e3", "1,5", "nan", "--1", "1234567890123456"] {
            assert_eq!(parse_ns(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn escapes_are_undone() {
        let mut out = Vec::new();
        unescape(br"a\tb\\n\nc\", &mut out);
        assert_eq!(out, b"a\tb\\n\nc\\");
    }
}

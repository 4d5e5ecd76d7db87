//! The records that the kernel writes into the ring, for the fields that [`SAMPLE_TYPE`] asks for.

use crate::sys;

/// The fields of a sample, in the order in which they lie in the record.
pub(crate) const SAMPLE_TYPE: u64 =
    sys::SAMPLE_IP | sys::SAMPLE_TID | sys::SAMPLE_TIME | sys::SAMPLE_CPU | sys::SAMPLE_CALLCHAIN;

const PROT_EXEC: u32 = 4;
const MISC_COMM_EXEC: u16 = 1 << 13;

/// One record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Record<'a> {
    Sample {
        pid: i32,
        tid: i32,
        cpu: i32,
        t_ns: i64,
        chain: ChainBytes<'a>,
    },
    /// Executable memory was mapped.
    Map {
        pid: i32,
        start: u64,
        length: u64,
        file_offset: u64,
        path: &'a [u8],
    },
    /// A process (or thread, when both are equal) came to be.
    Fork { pid: i32, parent: i32 },
    /// The process replaced its program.
    Exec { pid: i32 },
    /// Records did not fit.
    Lost { count: u64 },
    /// The kernel paused sampling, because it took too much time.
    Throttled,
    /// Nothing of interest.
    Other,
}

/// A call chain as bytes of the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChainBytes<'a>(&'a [u8]);

impl ChainBytes<'_> {
    pub(crate) fn read_into(self, addresses: &mut Vec<u64>) {
        let (words, _) = self.0.as_chunks::<8>();
        addresses.clear();
        addresses.extend(words.iter().map(|&word| u64::from_ne_bytes(word)));
    }
}

/// A record with its time stamp and its bytes.
pub(crate) struct Timed<'a> {
    /// CLOCK_MONOTONIC nanoseconds.
    pub(crate) t_ns: i64,
    pub(crate) record: Record<'a>,
    pub(crate) bytes: &'a [u8],
}

/// Walks over the records in bytes taken from rings; ends at the first that cannot be one.
pub(crate) struct Records<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = Timed<'a>;

    fn next(&mut self) -> Option<Timed<'a>> {
        let mut header = Fields(self.0);
        let (kind, misc, size) = (header.u32()?, header.u16()?, header.u16()?);
        let (bytes, rest) = self
            .0
            .split_at_checked(usize::from(size))
            .filter(|_| size >= 8)?;
        self.0 = rest;
        let record = parse(kind, misc, Fields(&bytes[8..])).unwrap_or(Record::Other);
        let t_ns = match record {
            Record::Sample { t_ns, .. } => t_ns,
            _ => trailing_time(bytes).unwrap_or(0),
        };
        Some(Timed {
            t_ns,
            record,
            bytes,
        })
    }
}

/// Records other than samples end with thread, time and CPU, eight bytes each.
fn trailing_time(bytes: &[u8]) -> Option<i64> {
    let start = bytes.len().checked_sub(16)?;
    Fields(bytes.get(start..)?).u64().map(u64::cast_signed)
}

fn parse(kind: u32, misc: u16, mut fields: Fields<'_>) -> Option<Record<'_>> {
    match kind {
        2 => Some(Record::Lost {
            count: fields.skip(8)?.u64()?,
        }),
        3 if misc & MISC_COMM_EXEC != 0 => Some(Record::Exec { pid: fields.i32()? }),
        5 => Some(Record::Throttled),
        7 => Some(Record::Fork {
            pid: fields.i32()?,
            parent: fields.i32()?,
        }),
        9 => sample(fields),
        10 => map(fields),
        13 => Some(Record::Lost {
            count: fields.u64()?,
        }),
        _ => None,
    }
}

fn sample(mut fields: Fields<'_>) -> Option<Record<'_>> {
    fields.skip(8)?; // the instruction pointer leads the call chain as well
    let (pid, tid) = (fields.i32()?, fields.i32()?);
    let t_ns = fields.u64()?.cast_signed();
    let cpu = fields.i32()?;
    let length = usize::try_from(fields.skip(4)?.u64()?)
        .ok()?
        .checked_mul(8)?;
    let chain = ChainBytes(fields.0.get(..length)?);
    Some(Record::Sample {
        pid,
        tid,
        cpu,
        t_ns,
        chain,
    })
}

fn map(mut fields: Fields<'_>) -> Option<Record<'_>> {
    let pid = fields.i32()?;
    let start = fields.skip(4)?.u64()?;
    let (length, file_offset) = (fields.u64()?, fields.u64()?);
    let protection = fields.skip(24)?.u32()?;
    let text = fields.skip(4)?.0;
    let end = text
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(text.len());
    (protection & PROT_EXEC != 0).then_some(Record::Map {
        pid,
        start,
        length,
        file_offset,
        path: &text[..end],
    })
}

/// Reads numbers off the front of bytes.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn skip(&mut self, length: usize) -> Option<&mut Self> {
        self.0 = self.0.get(length..)?;
        Some(self)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_ne_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_ne_bytes)
    }

    fn i32(&mut self) -> Option<i32> {
        self.take().map(i32::from_ne_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_ne_bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(kind: u32, misc: u16, body: &[u8]) -> Vec<u8> {
        let size = (body.len() + 8) as u16;
        [
            &kind.to_ne_bytes()[..],
            &misc.to_ne_bytes(),
            &size.to_ne_bytes(),
            body,
        ]
        .concat()
    }

    fn words(numbers: &[u64]) -> Vec<u8> {
        numbers
            .iter()
            .flat_map(|number| number.to_ne_bytes())
            .collect()
    }

    fn pair(low: u32, high: u32) -> u64 {
        u64::from(low) | u64::from(high) << 32
    }

    #[test]
    fn a_sample_carries_thread_time_cpu_and_chain() {
        let body = words(&[0x1100, pair(7, 8), 99, pair(3, 0), 2, 0x1100, 0x1200]);
        let bytes = [
            record(9, 0, &body),
            record(2, 0, &words(&[1, 5, pair(7, 8), 100, 3])),
            record(1, 0, &[]),
        ]
        .concat();
        let timed: Vec<(i64, usize)> = Records(&bytes)
            .map(|timed| (timed.t_ns, timed.bytes.len()))
            .collect();
        assert_eq!(timed, [(99, 64), (100, 48), (0, 8)]);
        let records: Vec<Record<'_>> = Records(&bytes).map(|timed| timed.record).collect();
        let chain = words(&[0x1100, 0x1200]);
        let sample = Record::Sample {
            pid: 7,
            tid: 8,
            cpu: 3,
            t_ns: 99,
            chain: ChainBytes(&chain),
        };
        assert_eq!(records, [sample, Record::Lost { count: 5 }, Record::Other]);
    }

    #[test]
    fn only_executable_memory_counts() {
        let body = |protection| {
            let numbers = [
                pair(7, 7),
                0x1000,
                0x200,
                0x40,
                0,
                0,
                0,
                pair(protection, 2),
            ];
            [words(&numbers), b"/bin/a\0\0".to_vec()].concat()
        };
        let bytes = [record(10, 0, &body(5)), record(10, 0, &body(1))].concat();
        let records: Vec<Record<'_>> = Records(&bytes).map(|timed| timed.record).collect();
        let map = Record::Map {
            pid: 7,
            start: 0x1000,
            length: 0x200,
            file_offset: 0x40,
            path: b"/bin/a",
        };
        assert_eq!(records, [map, Record::Other]);
    }

    #[test]
    fn a_chain_longer_than_its_record_is_dropped() {
        let body = words(&[0x1100, pair(7, 8), 99, 3, u64::MAX, 0x1100]);
        let bytes = record(9, 0, &body);
        let records: Vec<Record<'_>> = Records(&bytes).map(|timed| timed.record).collect();
        assert_eq!(records, [Record::Other]);
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(Records(&bytes).count() <= bytes.len() / 8);
        }
    }
}

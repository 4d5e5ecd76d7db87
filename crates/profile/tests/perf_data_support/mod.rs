//! Makes perf.data files of records that perf would not write.
#![allow(clippy::expect_used)]

/// Length of the attributes of an event.
pub(crate) const ATTR: usize = 128;
/// IP, TID, TIME, CPU, CALLCHAIN.
const SAMPLE_TYPE: u64 = 1 | 1 << 1 | 1 << 2 | 1 << 7 | 1 << 5;
const SAMPLE_ID_ALL: u64 = 1 << 18;

/// Records of one event of the CPU clock.
#[derive(Default)]
pub(crate) struct Builder {
    /// What has been added so far.
    pub(crate) records: Vec<u8>,
}

impl Builder {
    /// Adds any bytes.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.records.extend_from_slice(bytes);
    }

    /// Adds a record.
    pub(crate) fn record(&mut self, kind: u32, misc: u16, body: &[u8]) {
        self.raw(&kind.to_le_bytes());
        self.raw(&misc.to_le_bytes());
        self.raw(&(body.len() as u16 + 8).to_le_bytes());
        self.raw(body);
    }

    /// Adds a sample of a process with one thread.
    pub(crate) fn sample(&mut self, pid: u64, time: u64, chain: &[u64]) {
        let mut body = words(&[0, pid | pid << 32, time, 0, chain.len() as u64]);
        body.extend(words(chain));
        self.record(9, 2, &body);
    }

    /// Adds an executable mapping, as old as can be.
    pub(crate) fn map(&mut self, pid: u64, start: u64, length: u64, path: &str) {
        let mut body = words(&[pid | pid << 32, start, length, 0]);
        body.extend(path.as_bytes());
        body.resize(body.len() / 8 * 8 + 8, 0);
        body.extend(words(&[pid | pid << 32, 0, 0]));
        self.record(1, 0, &body);
    }

    /// The whole file.
    pub(crate) fn file(&self) -> Vec<u8> {
        let mut attr = vec![0; ATTR + 16];
        attr[..4].copy_from_slice(&1u32.to_le_bytes());
        attr[4..8].copy_from_slice(&(ATTR as u32).to_le_bytes());
        attr[24..32].copy_from_slice(&SAMPLE_TYPE.to_le_bytes());
        attr[40..48].copy_from_slice(&SAMPLE_ID_ALL.to_le_bytes());
        let data = 104 + attr.len() as u64;
        let header = [
            104,
            attr.len() as u64,
            104,
            attr.len() as u64,
            data,
            self.records.len() as u64,
            0,
            0,
            0,
            0,
            0,
            0,
        ];
        [b"PERFILE2", &words(&header)[..], &attr, &self.records].concat()
    }
}

/// Numbers as a file holds them.
pub(crate) fn words(numbers: &[u64]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect()
}

/// Packs bytes with zstd.
pub(crate) fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packed = vec![0; zstd_safe::compress_bound(bytes.len())];
    let length = zstd_safe::compress(&mut packed[..], bytes, 1).expect("there is room");
    packed.truncate(length);
    packed
}

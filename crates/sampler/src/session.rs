//! The thread that empties the rings and folds what it finds.

use std::collections::HashSet;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use profile::{Chain, Folder};

use symbolize::{MapLine, Modules, executable_maps};

use crate::records::{Record, Records, Timed};
use crate::sys::{Ring, monotonic_ns};

/// Records younger than this wait for the next time, when those of all CPUs are sure to be there.
const YOUNG_NS: i64 = 1_000_000;
/// How often the rings are emptied. A ring of 512 KiB holds 100 ms of samples at 4 kHz with the
/// deepest stacks.
const INTERVAL: Duration = Duration::from_millis(100);

/// Everything collected so far.
pub(crate) struct Session {
    rings: Vec<Ring>,
    pub(crate) folder: Folder,
    pub(crate) modules: Modules,
    /// Processes to keep: the root and its descendants.
    family: HashSet<i32>,
    values: [i64; 2],
    throttled: u64,
    raw: Vec<u8>,
    addresses: Vec<u64>,
}

impl Session {
    /// Begins with the mappings that the processes have now; `values` is what one sample stands for.
    pub(crate) fn new(
        rings: Vec<Ring>,
        folder: Folder,
        root: i32,
        family: HashSet<i32>,
        values: [i64; 2],
    ) -> Self {
        let mut session = Self {
            rings,
            folder,
            modules: Modules::default(),
            family,
            values,
            throttled: 0,
            raw: Vec::new(),
            addresses: Vec::new(),
        };
        // The root first: viewers take the first mapping for the program.
        session.map_all(root);
        let others: Vec<i32> = session
            .family
            .iter()
            .copied()
            .filter(|&pid| pid != root)
            .collect();
        others.into_iter().for_each(|pid| session.map_all(pid));
        session
    }

    /// Collects until the other end of `stop` is dropped.
    pub(crate) fn run(mut self, stop: &Receiver<()>) -> Self {
        while stop.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
            self.drain(monotonic_ns() - YOUNG_NS);
        }
        self.drain(i64::MAX);
        self
    }

    /// What the reader must know, besides what the folder counts.
    pub(crate) fn warnings(&self) -> Option<String> {
        (self.throttled > 0).then(|| {
            let count = self.throttled;
            format!("the kernel paused sampling {count} times because it took too much time; samples are missing")
        })
    }

    /// Takes all records up to a time in the order of time: whichever ring they came by, a sample
    /// meets the mappings and processes as they were.
    fn drain(&mut self, until_ns: i64) {
        self.rings
            .iter_mut()
            .for_each(|ring| ring.drain(&mut self.raw));
        let raw = std::mem::take(&mut self.raw);
        let mut records: Vec<Timed<'_>> = Records(&raw).collect();
        records.sort_by_key(|timed| timed.t_ns);
        let young = records.split_off(records.partition_point(|timed| timed.t_ns <= until_ns));
        for timed in &records {
            self.take(&timed.record);
        }
        young
            .iter()
            .for_each(|timed| self.raw.extend_from_slice(timed.bytes));
    }

    fn take(&mut self, record: &Record<'_>) {
        match *record {
            Record::Sample { pid, .. } | Record::Map { pid, .. } if !self.family.contains(&pid) => {
            }
            Record::Sample {
                pid,
                tid,
                cpu,
                t_ns,
                chain,
            } => {
                chain.read_into(&mut self.addresses);
                let addresses = &self.addresses;
                let chain = Chain {
                    pid,
                    tid,
                    cpu,
                    t_ns,
                    addresses,
                };
                self.folder.sample(&chain, &self.values);
            }
            Record::Map {
                pid,
                start,
                length,
                file_offset,
                path,
            } => {
                let end = start.saturating_add(length);
                let path = String::from_utf8_lossy(path).into_owned();
                self.map(
                    pid,
                    &MapLine {
                        start,
                        end,
                        file_offset,
                        path,
                    },
                );
            }
            Record::Fork { pid, parent } if pid != parent => self.fork(parent, pid),
            Record::Exec { pid } => self.folder.forget(pid),
            Record::Lost { count } => self.folder.lost(count),
            Record::Throttled => self.throttled += 1,
            Record::Fork { .. } | Record::Other => {}
        }
    }

    /// A child belongs to the family if its parent does; else it may carry the number of one that ended.
    fn fork(&mut self, parent: i32, child: i32) {
        if self.family.contains(&parent) {
            self.family.insert(child);
            self.folder.fork(parent, child);
        } else if self.family.remove(&child) {
            self.folder.forget(child);
        }
    }

    fn map_all(&mut self, pid: i32) {
        for map in executable_maps(pid) {
            self.map(pid, &map);
        }
    }

    fn map(&mut self, pid: i32, map: &MapLine) {
        let path = match map.path.as_str() {
            "" | "//anon" => "[anon]",
            path => path,
        };
        self.folder
            .map(pid, map.start, map.end, map.file_offset, path);
        self.modules.hold(pid, map);
    }
}

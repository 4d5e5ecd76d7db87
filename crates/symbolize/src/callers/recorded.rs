//! The same for samples of a recording: by the binaries of its build IDs, where they are at hand.

use std::collections::HashMap;

use profile::{Mapped, Unwind};
use symbols::build_ids;
use unwind::Architecture;

use super::Callers;
use crate::binaries::open;
use crate::bytes::Bytes;
use crate::maps::MapLine;
use crate::modules::{Modules, VDSO};
use crate::options::Options;
use crate::symbolize::Source;

const MOST_BUILD_IDS: usize = 100_000;

/// Completes chains of samples that carry copies of their stacks, while a recording is read.
pub struct RecordedCallers<'a> {
    options: &'a Options,
    modules: Modules,
    build_ids: HashMap<String, String>,
    /// Made when the first mapping comes.
    callers: Option<Callers>,
}

impl<'a> RecordedCallers<'a> {
    /// Binaries are looked for where `options` say.
    #[must_use]
    pub fn new(options: &'a Options) -> Self {
        Self {
            options,
            modules: Modules::default(),
            build_ids: HashMap::new(),
            callers: None,
        }
    }

    /// Where callers came from, in words; `None` if no sample had a copy of its stack.
    #[must_use]
    pub fn comment(&self) -> Option<String> {
        self.callers.as_ref()?.comment()
    }
}

impl Unwind for RecordedCallers<'_> {
    fn map(&mut self, mapped: &Mapped<'_>) {
        let architecture = match mapped.is_arm {
            true => Architecture::Aarch64,
            false => Architecture::X86_64,
        };
        let line = MapLine {
            start: mapped.range.start,
            end: mapped.range.end,
            file_offset: mapped.file_offset,
            path: mapped.path.to_owned(),
        };
        let new = || Callers::new(architecture, true);
        self.callers.get_or_insert_with(new).map(mapped.pid, &line);
        if !mapped.build_id.is_empty() && self.build_ids.len() < MOST_BUILD_IDS {
            let (path, id) = (mapped.path.to_owned(), mapped.build_id.to_owned());
            self.build_ids.insert(path, id);
        }
    }

    fn fork(&mut self, parent: i32, child: i32) {
        if let Some(callers) = &mut self.callers {
            callers.fork(parent, child);
        }
    }

    fn forget(&mut self, pid: i32) {
        if let Some(callers) = &mut self.callers {
            callers.forget(pid);
        }
    }

    fn complete(&mut self, pid: i32, mask: u64, record: &[u8], addresses: &mut Vec<u64>) {
        let (modules, options, build_ids) = (&mut self.modules, self.options, &self.build_ids);
        let mut binaries = |path: &str| {
            let recorded = build_ids.get(path).cloned().unwrap_or_default();
            recorded_bytes(path, recorded, modules, options)
        };
        if let Some(callers) = &mut self.callers {
            callers.complete(pid, mask, record, &mut binaries, addresses);
        }
    }
}

/// The bytes of a binary of the recording. The vdso is that of this kernel: it must have the same build ID.
fn recorded_bytes(
    path: &str,
    recorded: String,
    modules: &mut Modules,
    options: &Options,
) -> Option<Bytes> {
    if path == VDSO {
        let bytes = Bytes::of_vdso();
        let is_same = !recorded.is_empty() && build_ids(&bytes).matches(&recorded);
        return is_same.then_some(bytes);
    }
    modules.hold_recorded(path);
    let source = Source {
        path: path.to_owned(),
        recorded,
    };
    open(&source, modules, options).ok().map(Bytes::mapped)
}

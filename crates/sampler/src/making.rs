//! What all our programs in the kernel share: the family's table, the rings, and how a record begins.
//!
//! They know by themselves which processes belong to the family, so no record of a new process comes too early.

use std::ffi::CStr;
use std::io;
use std::os::fd::AsFd;

use bpf::{
    Attached, Code, Helper, If, Label, Program, Record, Register, Rings, Size, Table, Types,
};

use crate::family::Family;
use crate::process::{self, online_cpus};
use Register::{R0, R1, R2, R3, R4, R6, R7, R10};
use Size::{Double, Word};

/// Processes that the sampled family may have.
const MOST_PROCESSES: u32 = 32_768;
/// How often /proc is read again where new processes are found each time.
const MOST_READINGS: usize = 8;

/// Offsets in a record; its header has 8 bytes.
const PROCESS: i16 = 8;
const THREAD: i16 = 12;
const TIME: i16 = 16;
const CPU: i16 = 24;

/// Offsets on a program's stack.
pub(crate) const SCRATCH: i16 = -4;
/// The process that a record is about.
pub(crate) const KEY: i16 = -8;
/// Thread and process, as they stand in `task_struct`.
pub(crate) const TASK: i16 = -16;
pub(crate) const TASK_PROCESS: i16 = -12;
const NOW: i16 = -24;
/// Below this, a program may keep what it wants.
pub(crate) const FREE: i16 = -24;

/// Programs with the table of those that they watch; detached until [`Programs::attach`].
pub(crate) struct Programs {
    programs: Vec<(&'static CStr, Program)>,
    family: Option<Table>,
    attached: Vec<Attached>,
}

impl Programs {
    /// Begins. Processes are still to be added.
    pub(crate) fn attach(&mut self) -> io::Result<()> {
        for (tracepoint, program) in self.programs.iter().rev() {
            self.attached.push(program.attach(tracepoint)?);
        }
        Ok(())
    }

    /// Whether one of them is for a tracepoint.
    pub(crate) fn has(&self, tracepoint: &CStr) -> bool {
        self.programs.iter().any(|(name, _)| *name == tracepoint)
    }

    /// Ends; what the rings hold can still be read.
    pub(crate) fn detach(&mut self) {
        self.attached.clear();
    }

    /// Adds the processes of a family; what they start later is in it by itself.
    ///
    /// One that is started while /proc is read, by another that is not added yet, may be neither found nor announced.
    /// So it is read again, until nobody new is found.
    pub(crate) fn watch(&self, family: &Family) -> io::Result<()> {
        self.add(family.present())?;
        let Family::Of(root, known) = family else {
            return Ok(());
        };
        let mut known = known.clone();
        for _ in 0..MOST_READINGS {
            let found = process::family(*root);
            let new: Vec<i32> = found.difference(&known).copied().collect();
            if new.is_empty() {
                break;
            }
            self.add(new.iter().copied())?;
            known.extend(new);
        }
        Ok(())
    }

    fn add(&self, processes: impl IntoIterator<Item = i32>) -> io::Result<()> {
        let Some(family) = &self.family else {
            return Ok(());
        };
        let mut processes = processes.into_iter();
        processes.try_for_each(|pid| family.insert(pid.cast_unsigned(), 1))
    }
}

/// What programs are made from.
pub(crate) struct Making {
    /// `None`: all processes.
    family: Option<Table>,
    rings: Rings,
    /// Of the thread's number in `task_struct`; that of the process follows.
    pid_offset: i32,
}

impl Making {
    /// Makes table and rings, these of `bytes` bytes each, a power of two.
    ///
    /// # Errors
    /// Not permitted (CAP_BPF and CAP_PERFMON, or root), or a kernel with other structures.
    pub(crate) fn new(types: &Types, whole_machine: bool, bytes: usize) -> io::Result<Self> {
        let offset = |field| types.offset("task_struct", field);
        let pid_offset = offset("pid").filter(|pid| offset("tgid") == Some(pid + 4));
        let pid_offset =
            pid_offset.ok_or_else(|| io::Error::other("task_struct is laid out otherwise"))?;
        Ok(Self {
            family: (!whole_machine)
                .then(|| Table::new(MOST_PROCESSES))
                .transpose()?,
            rings: Rings::new(cpus(), bytes)?,
            pid_offset,
        })
    }

    /// Of the thread's number in `task_struct`; that of the process follows.
    pub(crate) fn pid_offset(&self) -> i32 {
        self.pid_offset
    }

    /// Puts programs and what they share together, with one more program that keeps the family up to date.
    pub(crate) fn finish(
        self,
        mut programs: Vec<(&'static CStr, Program)>,
    ) -> io::Result<(Programs, Rings)> {
        if let Some(family) = &self.family {
            programs.push((c"sched_process_fork", self.fork(family)?));
        }
        let programs = Programs {
            programs,
            family: self.family,
            attached: Vec::new(),
        };
        Ok((programs, self.rings))
    }

    /// Writes code that notes the time.
    pub(crate) fn now(code: &mut Code) {
        code.call(Helper::MonotonicNs).store(Double, R10, NOW, R0);
    }

    /// Leaves the current thread in `R7` and its process at [`KEY`]; goes to `none` unless it is ours.
    pub(crate) fn current(&self, code: &mut Code, none: Label) {
        code.call(Helper::PidAndTid)
            .copy(R7, R0)
            .copy(R1, R0)
            .shift_right(R1, 32)
            .store(Word, R10, KEY, R1);
        self.only_ours(code, KEY, none);
    }

    /// Begins a record about the thread in `R7` of the process at `key`, at the noted time; goes to `none` without
    /// room. Keeps `R6` and `R7`; the rest of the record begins behind 28 bytes.
    pub(crate) fn begin(&self, code: &mut Code, key: i16, none: Label) {
        self.rings.reserve(code, SCRATCH, none);
        code.store(Word, Record::START, THREAD, R7)
            .load(Word, R1, R10, key)
            .store(Word, Record::START, PROCESS, R1)
            .load(Double, R1, R10, NOW)
            .store(Double, Record::START, TIME, R1)
            .load(Word, R1, R10, SCRATCH)
            .store(Word, Record::START, CPU, R1);
    }

    /// Copies thread and process of the `task_struct` that `R3` points to.
    pub(crate) fn read_task(&self, code: &mut Code, none: Label) {
        code.add(R3, self.pid_offset)
            .copy(R1, R10)
            .add(R1, TASK.into())
            .set(R2, 8)
            .call(Helper::ReadKernel)
            .jump_if(R0, If::Differs, 0, none);
    }

    /// Goes to `none` unless the process at `key` is of the family, or, if all are, not the idle one.
    pub(crate) fn only_ours(&self, code: &mut Code, key: i16, none: Label) {
        match &self.family {
            Some(family) => find(code, family, key, none),
            None => {
                code.load(Word, R1, R10, key)
                    .jump_if(R1, If::Equal, 0, none);
            }
        }
    }

    /// Arguments: the thread that starts another, and the new one. A child belongs to the family if its parent does;
    /// else it may carry the number of one that ended.
    fn fork(&self, family: &Table) -> io::Result<Program> {
        let mut code = Code::default();
        let (stranger, end) = (code.label(), code.label());
        code.copy(R6, R1).load(Double, R3, R6, 0);
        self.read_task(&mut code, end);
        code.load(Word, R7, R10, TASK_PROCESS)
            .load(Double, R3, R6, 8);
        self.read_task(&mut code, end);
        code.store(Word, R10, KEY, R7);
        find(&mut code, family, KEY, stranger);
        code.store_value(Word, R10, KEY, 1)
            .map(R1, family.as_fd())
            .copy(R2, R10)
            .add(R2, TASK_PROCESS.into())
            .copy(R3, R10)
            .add(R3, KEY.into())
            .set(R4, 0)
            .call(Helper::Update)
            .jump(end)
            .place(stranger)
            .map(R1, family.as_fd())
            .copy(R2, R10)
            .add(R2, TASK_PROCESS.into())
            .call(Helper::Delete)
            .place(end)
            .end();
        Program::load(&code.finish()?)
    }
}

/// So many CPUs have numbers: as many as are online, or more.
pub(crate) fn cpus() -> usize {
    online_cpus().into_iter().max().unwrap_or(0) as usize + 1
}

/// Goes to `none` unless the number at `key` is in the table.
fn find(code: &mut Code, table: &Table, key: i16, none: Label) {
    code.map(R1, table.as_fd())
        .copy(R2, R10)
        .add(R2, key.into())
        .call(Helper::Lookup)
        .jump_if(R0, If::Equal, 0, none);
}

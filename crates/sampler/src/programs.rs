//! Programs at the scheduler's tracepoints, which write down what the sampled processes do, and nothing of others.
//!
//! A record of a perf event takes the kernel longer than all that is of interest in it; these programs write just that,
//! straight into shared memory. They also know by themselves which processes belong to the family, so no record of a
//! new process comes too early.
//!
//! Kernel: 5.18 or later, when `sched_switch` began to pass the state in which a thread leaves.

use std::ffi::CStr;
use std::io;
use std::os::fd::AsFd;

use bpf::{
    Attached, Code, Helper, If, Label, Program, Record, Register, Rings, Size, Table, Types,
};

use profile::{CONTEXT_KERNEL, CONTEXT_USER};

use crate::process::online_cpus;
use crate::user_walk::UserWalk;
use Register::{R0, R1, R2, R3, R4, R6, R7, R10};
use Size::{Double, Word};

/// A thread left its CPU.
pub(crate) const LEFT: u32 = 0x7461_0001;
/// A thread came to a CPU.
pub(crate) const CAME: u32 = 0x7461_0002;
/// A thread may run again.
pub(crate) const WOKEN: u32 = 0x7461_0003;

/// Processes that the sampled family may have.
const MOST_PROCESSES: u32 = 32_768;

/// Offsets in a record; its header has 8 bytes. The stack follows, of [`LEFT`] only.
const PROCESS: i16 = 8;
const THREAD: i16 = 12;
const TIME: i16 = 16;
const CPU: i16 = 24;
/// Of [`LEFT`]: what the thread waits for, a bit each; 0: nothing, it could run on.
const STATE: i16 = 28;
pub(crate) const STACK: i32 = 32;

/// Bits of the state that say what a thread waits for.
const WAITS: i32 = 0xff;
/// The uninterruptible sleep, which is where the kernel's part of a stack says what the user's does not.
const UNINTERRUPTIBLE: i32 = 2;
/// What separates the parts of a stack, as in the chains of perf events; programs extend the sign.
const KERNEL_FOLLOWS: i32 = CONTEXT_KERNEL as i32;
const USER_FOLLOWS: i32 = CONTEXT_USER as i32;
/// Bytes of return addresses, 64 of the kernel and 127 of the user.
const KERNEL_BYTES: i32 = 64 * 8;
pub(crate) const USER_BYTES: i32 = 127 * 8;
/// Flag for [`Helper::Stack`].
const USER: i32 = 0x100;

/// Offsets on a program's stack.
const SCRATCH: i16 = -4;
const KEY: i16 = -8;
/// Thread and process, as they stand in `task_struct`.
const TASK: i16 = -16;
const TASK_PROCESS: i16 = -12;
const NOW: i16 = -24;

/// The programs with what they share with this process; detached until [`Programs::attach`].
pub(crate) struct Programs {
    programs: Vec<(&'static CStr, Program)>,
    family: Option<Table>,
    attached: Vec<Attached>,
}

/// What the programs are made from.
struct Making {
    /// `None`: all processes.
    family: Option<Table>,
    rings: Rings,
    /// Of the thread's number in `task_struct`; that of the process follows.
    pid_offset: i32,
    walk: Option<UserWalk>,
}

impl Programs {
    /// Loads them, and makes the rings that they write into, of `bytes` bytes each, a power of two.
    ///
    /// # Errors
    /// Not permitted (CAP_BPF and CAP_PERFMON, or root), or an older kernel.
    pub(crate) fn load(whole_machine: bool, bytes: usize) -> io::Result<(Self, Rings)> {
        let types = Types::of_the_kernel()?;
        if types.arguments("sched_switch") != Some(4) {
            return Err(io::Error::other(
                "sched_switch passes no state; Linux 5.18 does",
            ));
        }
        let offset = |field| types.offset("task_struct", field);
        let pid_offset = offset("pid").filter(|pid| offset("tgid") == Some(pid + 4));
        let pid_offset =
            pid_offset.ok_or_else(|| io::Error::other("task_struct is laid out otherwise"))?;
        let cpus = online_cpus().into_iter().max().unwrap_or(0) as usize + 1;
        let making = Making {
            family: (!whole_machine)
                .then(|| Table::new(MOST_PROCESSES))
                .transpose()?,
            rings: Rings::new(cpus, bytes)?,
            pid_offset,
            walk: UserWalk::new(&types),
        };
        let mut programs = vec![
            (c"sched_switch", making.switch()?),
            (c"sched_wakeup", making.wakeup()?),
        ];
        if let Some(family) = &making.family {
            programs.push((c"sched_process_fork", making.fork(family)?));
        }
        let detached = Self {
            programs,
            family: making.family,
            attached: Vec::new(),
        };
        Ok((detached, making.rings))
    }

    /// Begins. Processes are still to be added.
    pub(crate) fn attach(&mut self) -> io::Result<()> {
        for (tracepoint, program) in self.programs.iter().rev() {
            self.attached.push(program.attach(tracepoint)?);
        }
        Ok(())
    }

    /// Adds processes to the family; what they start later is in it by itself.
    pub(crate) fn add(&self, processes: impl IntoIterator<Item = i32>) -> io::Result<()> {
        let Some(family) = &self.family else {
            return Ok(());
        };
        let mut processes = processes.into_iter();
        processes.try_for_each(|pid| family.insert(pid.cast_unsigned(), 1))
    }
}

impl Making {
    /// Arguments: whether it was pre-empted, the thread that leaves, the one that comes, the state of the first.
    fn switch(&self) -> io::Result<Program> {
        let mut code = Code::default();
        let (comes, end) = (code.label(), code.label());
        code.copy(R6, R1)
            .call(Helper::MonotonicNs)
            .store(Double, R10, NOW, R0);
        code.call(Helper::PidAndTid)
            .copy(R7, R0)
            .copy(R1, R0)
            .shift_right(R1, 32)
            .store(Word, R10, KEY, R1);
        self.only_ours(&mut code, KEY, comes);
        self.rings.reserve(&mut code, SCRATCH, comes);
        code.store(Word, Record::START, THREAD, R7)
            .load(Word, R1, R10, KEY)
            .store(Word, Record::START, PROCESS, R1);
        time_and_cpu(&mut code);
        state(&mut code);
        self.stack(&mut code);
        code.copy(R1, R7).add(R1, STACK);
        Rings::publish(&mut code, LEFT);
        code.place(comes).load(Double, R3, R6, 16);
        self.record(&mut code, CAME, end);
        code.place(end).end();
        Program::load(&code.finish()?)
    }

    /// Argument: the thread.
    fn wakeup(&self) -> io::Result<Program> {
        let mut code = Code::default();
        let end = code.label();
        code.copy(R6, R1)
            .call(Helper::MonotonicNs)
            .store(Double, R10, NOW, R0);
        code.load(Double, R3, R6, 0);
        self.record(&mut code, WOKEN, end);
        code.place(end).end();
        Program::load(&code.finish()?)
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

    /// Writes the stack of the current thread, and leaves its length in bytes in `R7`.
    fn stack(&self, code: &mut Code) {
        let user = code.label();
        code.set(R7, 0)
            .load(Word, R1, Record::START, STATE)
            .and(R1, UNINTERRUPTIBLE)
            .jump_if(R1, If::Equal, 0, user);
        part(code, KERNEL_FOLLOWS, KERNEL_BYTES, 0);
        code.place(user);
        match &self.walk {
            Some(walk) => {
                marker(code, USER_FOLLOWS);
                code.add(R7, 8);
                walk.append(code);
            }
            None => part(code, USER_FOLLOWS, USER_BYTES, USER),
        }
    }

    /// A record without more about the thread whose `task_struct` `R3` points to; else goes to `none`.
    fn record(&self, code: &mut Code, kind: u32, none: Label) {
        self.read_task(code, none);
        code.load(Word, R7, R10, TASK);
        self.only_ours(code, TASK_PROCESS, none);
        self.rings.reserve(code, SCRATCH, none);
        code.store(Word, Record::START, THREAD, R7)
            .load(Word, R1, R10, TASK_PROCESS)
            .store(Word, Record::START, PROCESS, R1);
        time_and_cpu(code);
        code.store_value(Word, Record::START, STATE, 0)
            .set(R1, STACK);
        Rings::publish(code, kind);
    }

    /// Copies thread and process of the `task_struct` that `R3` points to.
    fn read_task(&self, code: &mut Code, none: Label) {
        code.add(R3, self.pid_offset)
            .copy(R1, R10)
            .add(R1, TASK.into())
            .set(R2, 8)
            .call(Helper::ReadKernel)
            .jump_if(R0, If::Differs, 0, none);
    }

    /// Goes to `none` unless the process at `key` is of the family, or, if all are, not the idle one.
    fn only_ours(&self, code: &mut Code, key: i16, none: Label) {
        match &self.family {
            Some(family) => find(code, family, key, none),
            None => {
                code.load(Word, R1, R10, key)
                    .jump_if(R1, If::Equal, 0, none);
            }
        }
    }
}

/// Goes to `none` unless the number at `key` is in the table.
fn find(code: &mut Code, table: &Table, key: i16, none: Label) {
    code.map(R1, table.as_fd())
        .copy(R2, R10)
        .add(R2, key.into())
        .call(Helper::Lookup)
        .jump_if(R0, If::Equal, 0, none);
}

fn time_and_cpu(code: &mut Code) {
    code.load(Double, R1, R10, NOW)
        .store(Double, Record::START, TIME, R1)
        .load(Word, R1, R10, SCRATCH)
        .store(Word, Record::START, CPU, R1);
}

/// Leaves the state of the thread that leaves in the record.
fn state(code: &mut Code) {
    let waits = code.label();
    code.load(Double, R2, R6, 24)
        .and(R2, WAITS)
        .load(Double, R1, R6, 0)
        .and(R1, 0xff)
        .jump_if(R1, If::Equal, 0, waits)
        .set(R2, 0)
        .place(waits)
        .store(Word, Record::START, STATE, R2);
}

/// Appends a part of the stack behind its marker, and adds its length to `R7`. A part that cannot be read is empty.
fn part(code: &mut Code, follows: i32, most: i32, flags: i32) {
    let found = code.label();
    marker(code, follows);
    code.add(R2, STACK + 8)
        .copy(R1, R6)
        .set(R3, most)
        .set(R4, flags)
        .call(Helper::Stack)
        .jump_if(R0, If::AtLeast, 0, found)
        .set(R0, 0)
        .place(found)
        .add(R0, 8)
        .add_register(R7, R0);
}

/// Writes what says which part follows, and leaves the address of the stack's end in `R2`.
fn marker(code: &mut Code, follows: i32) {
    code.copy(R2, Record::START)
        .add_register(R2, R7)
        .store_value(Double, R2, STACK as i16, follows);
}

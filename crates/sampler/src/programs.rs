//! Programs at the scheduler's tracepoints, which write down what the sampled processes do, and nothing of others.
//!
//! A record of a perf event takes the kernel longer than all that is of interest in it; these programs write just that,
//! straight into shared memory.
//!
//! Kernel: 5.18 or later, when `sched_switch` began to pass the state in which a thread leaves.

use std::ffi::CStr;
use std::io;

use bpf::{Code, Helper, If, Label, Program, Record, Register, Rings, Size, Types};

use profile::{CONTEXT_KERNEL, CONTEXT_USER};

use crate::contexts::{Contexts, SLOT};
use crate::making::{KEY, Making, Programs, SCRATCH, TASK, TASK_PROCESS, cpus};
use crate::user_walk::UserWalk;
use Register::{R0, R1, R2, R3, R4, R6, R7, R10};
use Size::{Double, Word};

/// A thread left its CPU.
pub(crate) const LEFT: u32 = 0x7461_0001;
/// A thread came to a CPU.
pub(crate) const CAME: u32 = 0x7461_0002;
/// A thread may run again.
pub(crate) const WOKEN: u32 = 0x7461_0003;
/// A thread is about to be woken.
pub(crate) const WAKING: u32 = 0x7461_0004;

/// Where [`WAKING`] is written. Left out, with all that keeps contexts, where the kernel lacks one of the tracepoints.
pub(crate) const TELLS_WAKERS: &CStr = c"sched_waking";

/// Offset in a record. Of [`LEFT`]: what the thread waits for, a bit each; 0: nothing, it could run on. Of [`WAKING`]: the
/// thread that wakes it. Of [`CAME`]: the thread that had the CPU before, and its process behind that.
const STATE: i16 = 28;
/// Of [`WAKING`]: the CPU's slot of [`Contexts`].
const CONTEXT: i16 = 32;
/// Of [`CAME`]: how the thread is called that had the CPU before.
const BEFORE_NAME: i16 = 40;
/// Bytes of a thread's name.
pub(crate) const NAME: usize = 16;
/// Offset of the stack, of [`LEFT`] only.
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

/// The programs at the scheduler's tracepoints.
struct Scheduler {
    making: Making,
    walk: Option<UserWalk>,
    contexts: Contexts,
    /// Of the thread's name in `task_struct`.
    name_offset: i32,
}

/// Loads them, and makes the rings that they write into, of `bytes` bytes each, a power of two.
///
/// # Errors
/// Not permitted (CAP_BPF and CAP_PERFMON, or root), or an older kernel.
pub(crate) fn load(whole_machine: bool, bytes: usize) -> io::Result<(Programs, Rings)> {
    let types = Types::of_the_kernel()?;
    if types.arguments("sched_switch") != Some(4) {
        return Err(io::Error::other(
            "sched_switch passes no state; Linux 5.18 does",
        ));
    }
    let scheduler = Scheduler::new(&types, whole_machine, bytes)?;
    let mut programs = vec![
        (c"sched_switch", scheduler.switch()?),
        (c"sched_wakeup", scheduler.wakeup()?),
    ];
    programs.extend(scheduler.wakers(&types)?);
    scheduler.making.finish(programs)
}

/// Loads those alone that tell who wakes threads, beside events that tell the rest.
///
/// # Errors
/// As [`load`], or a kernel without one of the tracepoints.
pub(crate) fn load_wakers(whole_machine: bool, bytes: usize) -> io::Result<(Programs, Rings)> {
    let types = Types::of_the_kernel()?;
    let scheduler = Scheduler::new(&types, whole_machine, bytes)?;
    let programs = scheduler.wakers(&types)?;
    if programs.is_empty() {
        return Err(io::Error::other("the kernel lacks a tracepoint"));
    }
    scheduler.making.finish(programs)
}

/// Whether the kernel has a tracepoint.
fn is_known(types: &Types, tracepoint: &CStr) -> bool {
    let name = tracepoint.to_str();
    name.is_ok_and(|name| types.arguments(name).is_some())
}

impl Scheduler {
    fn new(types: &Types, whole_machine: bool, bytes: usize) -> io::Result<Self> {
        Ok(Self {
            making: Making::new(types, whole_machine, bytes)?,
            walk: UserWalk::new(types),
            contexts: Contexts::new(cpus())?,
            name_offset: types
                .offset("task_struct", "comm")
                .ok_or_else(|| io::Error::other("task_struct is laid out otherwise"))?,
        })
    }

    /// The programs that tell who wakes threads; none where the kernel lacks one of their tracepoints.
    fn wakers(&self, types: &Types) -> io::Result<Vec<(&'static CStr, Program)>> {
        let mut wakers = vec![(TELLS_WAKERS, self.waking()?)];
        wakers.extend(self.contexts.programs()?);
        let all = wakers.iter().all(|(name, _)| is_known(types, name));
        Ok(if all { wakers } else { Vec::new() })
    }

    /// Arguments: whether it was pre-empted, the thread that leaves, the one that comes, the state of the first.
    fn switch(&self) -> io::Result<Program> {
        let mut code = Code::default();
        let (comes, end) = (code.label(), code.label());
        code.copy(R6, R1);
        Making::now(&mut code);
        self.making.current(&mut code, comes);
        self.making.begin(&mut code, KEY, comes);
        state(&mut code);
        self.stack(&mut code);
        code.copy(R1, R7).add(R1, STACK);
        Rings::publish(&mut code, LEFT);
        code.place(comes).load(Double, R3, R6, 16);
        self.begin(&mut code, end);
        self.before(&mut code);
        code.set(R1, i32::from(BEFORE_NAME) + NAME as i32);
        Rings::publish(&mut code, CAME);
        code.place(end).end();
        Program::load(&code.finish()?)
    }

    /// Argument: the thread.
    fn wakeup(&self) -> io::Result<Program> {
        let mut code = Code::default();
        let end = code.label();
        code.copy(R6, R1);
        Making::now(&mut code);
        code.load(Double, R3, R6, 0);
        self.begin(&mut code, end);
        code.store_value(Word, Record::START, STATE, 0)
            .set(R1, STACK);
        Rings::publish(&mut code, WOKEN);
        code.place(end).end();
        Program::load(&code.finish()?)
    }

    /// Argument: the thread. The tracepoint before, which is passed where the thread is woken, and not on the CPU that it
    /// goes to.
    fn waking(&self) -> io::Result<Program> {
        let mut code = Code::default();
        let end = code.label();
        code.copy(R6, R1);
        Making::now(&mut code);
        code.load(Double, R3, R6, 0);
        self.begin(&mut code, end);
        code.call(Helper::PidAndTid)
            .store(Word, Record::START, STATE, R0);
        self.contexts.copy(&mut code, SCRATCH, CONTEXT);
        code.set(R1, (CONTEXT + SLOT).into());
        Rings::publish(&mut code, WAKING);
        code.place(end).end();
        Program::load(&code.finish()?)
    }

    /// Writes who had the CPU before, the second argument, into a record; zeros where that cannot be read.
    fn before(&self, code: &mut Code) {
        let numbers = (self.making.pid_offset(), STATE, 8);
        let name = (self.name_offset, BEFORE_NAME, NAME as i32);
        code.store_value(Word, Record::START, STATE + 8, 0);
        for (offset, to, bytes) in [numbers, name] {
            code.load(Double, R3, R6, 8)
                .add(R3, offset)
                .copy(R1, Record::START)
                .add(R1, to.into())
                .set(R2, bytes)
                .call(Helper::ReadKernel);
        }
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

    /// Begins a record about the thread whose `task_struct` `R3` points to; goes to `none` unless it is ours.
    fn begin(&self, code: &mut Code, none: Label) {
        self.making.read_task(code, none);
        code.load(Word, R7, R10, TASK);
        self.making.only_ours(code, TASK_PROCESS, none);
        self.making.begin(code, TASK_PROCESS, none);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracepoints_that_the_kernel_lacks_are_noticed() {
        let Ok(types) = Types::of_the_kernel() else {
            return;
        };
        assert!(is_known(&types, c"sched_switch"));
        assert!(!is_known(&types, c"sched_nothing"));
    }
}

//! In which context a CPU is: programs that keep it in a slot for each CPU, for the one that writes down who wakes whom.
//!
//! The kernel's own counter (`preempt_count`) cannot be read everywhere, and does not tell a timer from a device, nor
//! packets that a thread sends to its own machine from others that came meanwhile.

use std::ffi::CStr;
use std::io;
use std::os::fd::AsFd;

use bpf::{Code, Helper, If, Label, Map, Program, Record, Register, Size};

use Register::{R0, R1, R2, R6, R10};
use Size::{Double, Word};

/// Offsets in a slot: 1 while a timer's function runs, a device's interrupt is handled, deferred work is done.
///
/// Timers are the high-resolution ones (`hrtimer`). Those of the timer wheel are not watched: deadlines of sockets end
/// there, but also TCP's delayed and repeated packets are sent, and these wake threads for other reasons.
///
/// Marks rather than counters. Timers nest only where one that is run as deferred work is interrupted by another: what the
/// first one wakes after that has no timer. Such timers are for packets, and end nobody's sleep. A counter would stay wrong
/// for good where the kernel leaves out a program because an interrupt came into the same one; a mark is right again with
/// the next timer.
const TIMER: i16 = 0;
const DEVICE: i16 = 4;
const DEFERRED: i16 = 8;
/// The thread that sent a packet to its own machine, which the deferred work has yet to receive; 0: none. What a network
/// card brought at the same moment is received in one go with it, and is taken for the thread's as well.
const SENDER: i16 = 12;
/// The kind of deferred work that receives packets (`NET_RX_SOFTIRQ`).
const RECEIVING: i32 = 3;
/// Bytes of a slot.
pub(crate) const SLOT: i16 = 16;
/// On a program's stack.
const KEY: i16 = -4;

/// A slot for each CPU.
pub(crate) struct Contexts {
    slots: Map,
}

impl Contexts {
    /// For CPUs 0 to `cpus` − 1, none of them in any context.
    pub(crate) fn new(cpus: usize) -> io::Result<Self> {
        let count = u32::try_from(cpus).map_err(io::Error::other)?;
        let slots = Map::array(SLOT.unsigned_abs().into(), count)?;
        Ok(Self { slots })
    }

    /// The programs that keep the slots, by tracepoint.
    pub(crate) fn programs(&self) -> io::Result<Vec<(&'static CStr, Program)>> {
        Ok(vec![
            (c"hrtimer_expire_entry", self.set(&[(TIMER, 1)])?),
            (c"hrtimer_expire_exit", self.set(&[(TIMER, 0)])?),
            (c"irq_handler_entry", self.set(&[(DEVICE, 1)])?),
            (c"irq_handler_exit", self.set(&[(DEVICE, 0)])?),
            (c"softirq_entry", self.set(&[(DEFERRED, 1)])?),
            (c"softirq_exit", self.done()?),
            (c"netif_rx", self.send()?),
        ])
    }

    /// Writes code that copies the slot of the CPU whose number stands at `key` into a record at `to`; zeros where there
    /// is none. Keeps `R6` to `R9`.
    pub(crate) fn copy(&self, code: &mut Code, key: i16, to: i16) {
        let none = code.label();
        let offsets = [TIMER, DEVICE, DEFERRED, SENDER];
        for offset in offsets {
            code.store_value(Word, Record::START, to + offset, 0);
        }
        self.find(code, key, none);
        for offset in offsets {
            code.load(Word, R1, R0, offset)
                .store(Word, Record::START, to + offset, R1);
        }
        code.place(none);
    }

    fn set(&self, values: &[(i16, i32)]) -> io::Result<Program> {
        let mut code = Code::default();
        let end = code.label();
        self.find_own(&mut code, end);
        for &(offset, value) in values {
            code.store_value(Word, R0, offset, value);
        }
        code.place(end).end();
        Program::load(&code.finish()?)
    }

    /// Argument: the kind of deferred work. Kinds follow each other, and the packets stay until theirs is done.
    fn done(&self) -> io::Result<Program> {
        let mut code = Code::default();
        let end = code.label();
        code.load(Double, R6, R1, 0);
        self.find_own(&mut code, end);
        code.store_value(Word, R0, DEFERRED, 0)
            .jump_if(R6, If::Differs, RECEIVING, end)
            .store_value(Word, R0, SENDER, 0)
            .place(end)
            .end();
        Program::load(&code.finish()?)
    }

    /// `netif_rx` is passed by loopback and by pairs of virtual devices, in the sender's call; network cards go other ways.
    /// Packets that are forwarded, come late, or acknowledge others pass it as well, with any thread on the CPU.
    fn send(&self) -> io::Result<Program> {
        let mut code = Code::default();
        let end = code.label();
        code.call(Helper::PidAndTid).copy(R6, R0);
        self.find_own(&mut code, end);
        for context in [TIMER, DEVICE, DEFERRED] {
            code.load(Word, R1, R0, context)
                .jump_if(R1, If::Differs, 0, end);
        }
        code.store(Word, R0, SENDER, R6).place(end).end();
        Program::load(&code.finish()?)
    }

    fn find_own(&self, code: &mut Code, none: Label) {
        code.call(Helper::Cpu).store(Word, R10, KEY, R0);
        self.find(code, KEY, none);
    }

    /// Leaves the address of a slot in `R0`; goes to `none` where there is none.
    fn find(&self, code: &mut Code, key: i16, none: Label) {
        code.map(R1, self.slots.as_fd())
            .copy(R2, R10)
            .add(R2, key.into())
            .call(Helper::Lookup)
            .jump_if(R0, If::Equal, 0, none);
    }
}

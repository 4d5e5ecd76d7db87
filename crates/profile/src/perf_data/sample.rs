//! One sample, taken apart.

use super::attributes::{
    Attributes, SAMPLE_BRANCH_STACK, SAMPLE_CALLCHAIN, SAMPLE_RAW, SAMPLE_READ, SAMPLE_REGS_USER,
    SAMPLE_STACK_USER,
};
use super::events::Event;
use super::fields::Fields;
use crate::context::{CONTEXT_KERNEL, CONTEXT_USER, user_mark};

const MISC_CPU_MODE: u16 = 7;

/// What reading needs of a sample.
pub(crate) struct Sample<'a> {
    pub(crate) pid: i32,
    pub(crate) tid: i32,
    pub(crate) cpu: i32,
    pub(crate) period: u64,
    /// What a tracepoint recorded.
    pub(crate) raw: &'a [u8],
    /// Registers and a copy of the thread's stack, at the end of the record; empty without.
    pub(crate) stack: &'a [u8],
}

impl<'a> Sample<'a> {
    /// Reads the bytes behind the record's header; the call chain goes into `addresses`, leaf first,
    /// with context marks. `None`: the record is too short for what it claims to hold.
    pub(crate) fn parse(
        event: &Event,
        misc: u16,
        body: &'a [u8],
        addresses: &mut Vec<u64>,
        is_arm: bool,
    ) -> Option<Self> {
        let (attributes, places) = (&event.attributes, event.sample);
        let (pid, tid) = places.thread(body);
        let period = places.number(places.period, body);
        let mut sample = Sample {
            pid,
            tid,
            cpu: places.cpu(body),
            period: period.unwrap_or(attributes.period),
            raw: &[],
            stack: &[],
        };
        let mut fields = Fields(body.get(places.length..)?);
        addresses.clear();
        if attributes.has(SAMPLE_READ) {
            skip_counts(&mut fields, attributes.read_format)?;
        }
        if attributes.has(SAMPLE_CALLCHAIN) {
            let length = fields.u64()?.checked_mul(8)?;
            let (chain, _) = fields.bytes(length)?.as_chunks::<8>();
            addresses.extend(chain.iter().map(|&address| u64::from_le_bytes(address)));
        } else if let Some(address) = places.number(places.ip, body) {
            addresses.extend([context(misc), address]);
        }
        if attributes.has(SAMPLE_RAW) {
            let length = u64::from(fields.u32()?);
            sample.raw = fields.bytes(length)?;
        }
        if attributes.has(SAMPLE_STACK_USER) {
            skip_branches(attributes, &mut fields)?;
            let leaf = user_leaf(attributes, fields, is_arm);
            if let Some(address) = leaf.filter(|_| user_mark(addresses).is_none()) {
                addresses.extend([CONTEXT_USER, address]);
            }
            sample.stack = leaf.map_or(&[], |_| fields.0);
        }
        Some(sample)
    }
}

fn context(misc: u16) -> u64 {
    match misc & MISC_CPU_MODE {
        1 => CONTEXT_KERNEL,
        2 => CONTEXT_USER,
        // A hypervisor or a guest, of which nothing is known here.
        _ => u64::MAX,
    }
}

/// Counters that were read with the sample (`struct read_format`).
fn skip_counts(fields: &mut Fields<'_>, format: u64) -> Option<()> {
    const TIMES: u64 = 3;
    const ID_AND_LOST: u64 = 1 << 2 | 1 << 4;
    const GROUP: u64 = 1 << 3;
    let times = u64::from((format & TIMES).count_ones());
    let each = 1 + u64::from((format & ID_AND_LOST).count_ones());
    let count = if format & GROUP == 0 {
        times + each
    } else {
        fields.u64()?.checked_mul(each)?.checked_add(times)?
    };
    fields.skip(count.checked_mul(8)?)?;
    Some(())
}

fn skip_branches(attributes: &Attributes, fields: &mut Fields<'_>) -> Option<()> {
    const HARDWARE_INDEX: u64 = 1 << 17;
    if attributes.has(SAMPLE_BRANCH_STACK) {
        let count = fields.u64()?;
        let index = u64::from(attributes.branch_sample_type & HARDWARE_INDEX != 0);
        fields.skip(count.checked_mul(24)?.checked_add(index * 8)?)?;
    }
    Some(())
}

/// The executing instruction of the user's code, from the registers that go before a stack copy.
fn user_leaf(attributes: &Attributes, mut fields: Fields<'_>, is_arm: bool) -> Option<u64> {
    if !attributes.has(SAMPLE_REGS_USER) || fields.u64()? == 0 {
        return None;
    }
    let counter = if is_arm { 32 } else { 8 };
    let registers = attributes.registers;
    if registers & 1 << counter == 0 {
        return None;
    }
    let before = (registers & ((1 << counter) - 1)).count_ones();
    fields.skip(u64::from(before) * 8)?.u64()
}

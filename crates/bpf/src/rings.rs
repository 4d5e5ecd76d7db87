//! A ring for each CPU: programs write records into it, and the process takes them out.
//!
//! A ring is a value of a mapped array, so writing needs no lock and no copy: a program asks for room, fills it in
//! place and publishes it. A record never wraps around; the last ones reach into spare room behind the ring's end.
//! Where the process takes too long, records are counted as lost, and what is there stays.
//!
//! A record begins as the records of perf events do: a word that tells its kind, two bytes of remarks, two bytes of
//! size. Sizes are multiples of 8.

// Memory shared with the kernel has no safe wrapper in std.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::code::{Code, Helper, If, Label, Register, Size};
use crate::kernel::Map;

/// Behind the end of each ring, at least as much as the longest record.
const SPARE: usize = 4096;
/// Bytes of a CPU's counters: a cache line, so that CPUs do not disturb each other.
const COUNTERS: usize = 64;
/// Bytes written so far, in the order of the counters.
const HEAD: i16 = 0;
/// Bytes taken out so far.
const TAIL: i16 = 8;
/// Records that found no room.
const LOST: i16 = 16;
/// Bytes of a record's beginning.
const HEADER: usize = 8;

/// Where a program writes a record: what [`Rings::reserve`] leaves in registers.
pub struct Record;

impl Record {
    /// The record's first byte.
    pub const START: Register = Register::R8;
    /// The counters of the CPU.
    const COUNTERS: Register = Register::R9;
}

/// The rings of all CPUs, as both sides see them.
pub struct Rings {
    counters: Map,
    values: Map,
    cpus: usize,
    /// Bytes of each ring, a power of two.
    bytes: usize,
    counters_at: Mapping,
    values_at: Mapping,
    /// Of `LOST`, by CPU, what has been reported.
    reported: Vec<u64>,
}

impl Rings {
    /// Rings of `bytes` bytes, a power of two from 64 KiB, for CPUs 0 to `cpus` − 1.
    ///
    /// # Errors
    /// Not permitted, or no memory.
    pub fn new(cpus: usize, bytes: usize) -> io::Result<Self> {
        if !bytes.is_power_of_two() || !(1 << 16..=1 << 30).contains(&bytes) {
            return Err(io::Error::other("a ring's size must be a power of two"));
        }
        let count = u32::try_from(cpus).map_err(io::Error::other)?;
        let counters = Map::array(COUNTERS as u32, count)?;
        let values = Map::array((bytes + SPARE) as u32, count)?;
        let read_write = libc::PROT_READ | libc::PROT_WRITE;
        Ok(Self {
            counters_at: Mapping::new(&counters, cpus * COUNTERS, read_write)?,
            values_at: Mapping::new(&values, cpus * (bytes + SPARE), libc::PROT_READ)?,
            counters,
            values,
            cpus,
            bytes,
            reported: vec![0; cpus],
        })
    }

    /// Writes code that asks for room for one record of at most 4 KiB on this CPU: afterwards [`Record::START`]
    /// points to it. Without room it counts the record as lost and goes to `none`. Uses `R0` to `R5`, `R8`, `R9` and
    /// the four bytes of the stack at `scratch`.
    pub fn reserve(&self, code: &mut Code, scratch: i16, none: Label) {
        use Register::{R0, R1, R2, R3, R10};
        let (record, counters) = (Record::START, Record::COUNTERS);
        let (room, full) = (code.label(), code.label());
        code.call(Helper::Cpu).store(Size::Word, R10, scratch, R0);
        for (map, found) in [(&self.counters, counters), (&self.values, record)] {
            code.map(R1, map.as_fd())
                .copy(R2, R10)
                .add(R2, scratch.into())
                .call(Helper::Lookup)
                .jump_if(R0, If::Equal, 0, none)
                .copy(found, R0);
        }
        code.load(Size::Double, R1, counters, HEAD)
            .copy(R2, R1)
            .load(Size::Double, R3, counters, TAIL)
            .subtract(R2, R3)
            .jump_if(R2, If::Above, (self.bytes - SPARE) as i32, full)
            .and(R1, (self.bytes - HEADER) as i32)
            .add_register(record, R1)
            .jump(room)
            .place(full)
            .set(R1, 1)
            .fetch_add(counters, LOST, R1)
            .jump(none)
            .place(room);
    }

    /// Writes code that hands a record over, whose size in bytes stands in `R1`: a multiple of 8, at least 8, at most
    /// 4 KiB. Uses `R1`.
    pub fn publish(code: &mut Code, kind: u32) {
        code.store_value(Size::Word, Record::START, 0, kind.cast_signed())
            .store_value(Size::Half, Record::START, 4, 0)
            .store(Size::Half, Record::START, 6, Register::R1)
            .fetch_add(Record::COUNTERS, HEAD, Register::R1);
    }

    /// Appends all records written so far to `out`, CPU by CPU, and frees their room. Returns which share of the
    /// fullest ring they took.
    pub fn drain(&mut self, out: &mut Vec<u8>) -> f64 {
        let taken = (0..self.cpus).map(|cpu| self.drain_one(cpu, out)).max();
        taken.unwrap_or(0) as f64 / self.bytes as f64
    }

    /// CPUs on which records found no room since the last call, with how many.
    pub fn lost(&mut self) -> Vec<(i32, u64)> {
        let mut found = Vec::new();
        for cpu in 0..self.cpus {
            let lost = self.counter(cpu, LOST).load(Ordering::Relaxed);
            let reported = std::mem::replace(&mut self.reported[cpu], lost);
            if lost != reported {
                found.push((cpu as i32, lost - reported));
            }
        }
        found
    }

    fn drain_one(&self, cpu: usize, out: &mut Vec<u8>) -> usize {
        let head = self.counter(cpu, HEAD).load(Ordering::Acquire);
        let began = self.counter(cpu, TAIL).load(Ordering::Relaxed);
        let mut tail = began;
        while tail < head {
            let at = cpu * (self.bytes + SPARE) + (tail as usize & (self.bytes - 1));
            // SAFETY: `at` lies inside a ring, and no record is longer than the spare room behind each ring. The
            // programs do not write between tail and head before the tail moves, which happens below.
            let rest =
                unsafe { std::slice::from_raw_parts(self.values_at.base.as_ptr().add(at), SPARE) };
            let size = usize::from(u16::from_ne_bytes([rest[6], rest[7]]));
            // Only our programs write here; a wrong size would mean that they are wrong.
            let Some(record) = rest.get(..size).filter(|_| size >= HEADER) else {
                tail = head;
                break;
            };
            out.extend_from_slice(record);
            tail += size as u64;
        }
        self.counter(cpu, TAIL).store(tail, Ordering::Release);
        (tail - began) as usize
    }

    fn counter(&self, cpu: usize, which: i16) -> &AtomicU64 {
        let at = cpu * COUNTERS + which as usize;
        // SAFETY: the counters are mapped as long as self lives, are 8-aligned, and the programs access them
        // atomically, or alone.
        unsafe { AtomicU64::from_ptr(self.counters_at.base.as_ptr().add(at).cast()) }
    }
}

/// A map's values in this process.
struct Mapping {
    base: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the mapping is owned by this value alone, and any thread may read it.
unsafe impl Send for Mapping {}

impl Mapping {
    fn new(map: &Map, bytes: usize, protection: libc::c_int) -> io::Result<Self> {
        let shared = libc::MAP_SHARED;
        let descriptor = map.as_fd().as_raw_fd();
        // SAFETY: a fresh mapping at an address of the kernel's choice; the descriptor is open.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                bytes,
                protection,
                shared,
                descriptor,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let base = NonNull::new(base.cast()).ok_or_else(io::Error::last_os_error)?;
        Ok(Self { base, bytes })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: exactly the range that was mapped; nothing borrows from it any more.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.bytes) };
    }
}

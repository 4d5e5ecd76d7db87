//! The system call: maps, programs, and tying these to tracepoints. All of them go with their descriptors.

// bpf(2) has no safe wrapper in std or libc.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

const MAP_CREATE: i32 = 0;
const MAP_UPDATE: i32 = 2;
const PROGRAM_LOAD: i32 = 5;
const RAW_TRACEPOINT_OPEN: i32 = 17;

const TABLE: u32 = 1;
const ARRAY: u32 = 2;
/// Its values can be mapped by a process.
const MAPPABLE: u32 = 1 << 10;
const RAW_TRACEPOINT: u32 = 17;
/// The helpers that read stacks and kernel memory are there only for programs under a licence that goes with the
/// GPL. The instructions handed over are therefore under MIT or GPL-2.0 at choice.
const LICENCE: &CStr = c"Dual MIT/GPL";
/// Of the kernel's explanation why it refused a program; the reason stands last.
const EXPLANATION: usize = 256 << 10;

/// The arguments of the call, as far as they are used here, in 8-byte words; the kernel wants the rest zero.
type Arguments = [u64; 18];

fn call(command: i32, arguments: &Arguments) -> io::Result<i32> {
    // SAFETY: the kernel reads as many bytes as said from a live value; addresses inside it are of values that live
    // during the call, which its callers see to.
    let outcome = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            arguments.as_ptr(),
            size_of::<Arguments>(),
        )
    };
    match i32::try_from(outcome) {
        Ok(outcome) if outcome >= 0 => Ok(outcome),
        _ => Err(io::Error::last_os_error()),
    }
}

fn open(command: i32, arguments: &Arguments) -> io::Result<OwnedFd> {
    let descriptor = call(command, arguments)?;
    // SAFETY: the call just returned this descriptor, so nobody else owns it. It closes on exec by itself.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// Two numbers of 4 bytes in the order in which they stand in memory.
fn pair(first: u32, second: u32) -> u64 {
    let [a, b, c, d] = first.to_ne_bytes();
    let [e, f, g, h] = second.to_ne_bytes();
    u64::from_ne_bytes([a, b, c, d, e, f, g, h])
}

/// Values by index, which the process maps.
pub struct Map {
    descriptor: OwnedFd,
}

impl Map {
    /// `count` values of `bytes` bytes each, zero at first.
    ///
    /// # Errors
    /// Not permitted, or no memory.
    pub fn array(bytes: u32, count: u32) -> io::Result<Self> {
        let mut arguments = Arguments::default();
        arguments[0] = pair(ARRAY, 4);
        arguments[1] = pair(bytes, count);
        arguments[2] = pair(MAPPABLE, 0);
        let descriptor = open(MAP_CREATE, &arguments)?;
        Ok(Self { descriptor })
    }
}

impl AsFd for Map {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// A set of numbers of 4 bytes, each with another one.
pub struct Table {
    descriptor: OwnedFd,
}

impl Table {
    /// Room for `most` numbers.
    ///
    /// # Errors
    /// Not permitted, or no memory.
    pub fn new(most: u32) -> io::Result<Self> {
        let mut arguments = Arguments::default();
        arguments[0] = pair(TABLE, 4);
        arguments[1] = pair(4, most);
        let descriptor = open(MAP_CREATE, &arguments)?;
        Ok(Self { descriptor })
    }

    /// Puts a number in.
    ///
    /// # Errors
    /// The table is full.
    pub fn insert(&self, key: u32, value: u32) -> io::Result<()> {
        let mut arguments = Arguments::default();
        arguments[0] = pair(self.descriptor.as_raw_fd().cast_unsigned(), 0);
        arguments[1] = (&raw const key) as u64;
        arguments[2] = (&raw const value) as u64;
        call(MAP_UPDATE, &arguments).map(drop)
    }
}

impl AsFd for Table {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// A program that the kernel has checked and compiled.
pub struct Program {
    descriptor: OwnedFd,
}

impl Program {
    /// Loads instructions.
    ///
    /// # Errors
    /// Not permitted, or the kernel's check refuses them; then its last line says why.
    pub fn load(instructions: &[u64]) -> io::Result<Self> {
        let mut arguments = Arguments::default();
        let count = u32::try_from(instructions.len()).map_err(io::Error::other)?;
        arguments[0] = pair(RAW_TRACEPOINT, count);
        arguments[1] = instructions.as_ptr() as u64;
        arguments[2] = LICENCE.as_ptr() as u64;
        let loaded = open(PROGRAM_LOAD, &arguments);
        let descriptor = loaded.map_err(|error| explained(error, arguments))?;
        Ok(Self { descriptor })
    }

    /// Runs the program wherever the kernel passes a tracepoint, until the result is dropped.
    ///
    /// # Errors
    /// There is no such tracepoint, or this is not permitted.
    pub fn attach(&self, tracepoint: &CStr) -> io::Result<Attached> {
        let mut arguments = Arguments::default();
        arguments[0] = tracepoint.as_ptr() as u64;
        arguments[1] = pair(self.descriptor.as_raw_fd().cast_unsigned(), 0);
        open(RAW_TRACEPOINT_OPEN, &arguments).map(Attached)
    }
}

/// A program at its tracepoint.
pub struct Attached(#[expect(dead_code, reason = "closing it is what detaches")] OwnedFd);

/// The error with the last line of the kernel's explanation, for which the program is tried once more.
fn explained(error: io::Error, mut arguments: Arguments) -> io::Error {
    if error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error() == Some(libc::EPERM)
    {
        return error;
    }
    let mut text = vec![0u8; EXPLANATION];
    arguments[3] = pair(1, EXPLANATION as u32);
    arguments[4] = text.as_mut_ptr() as u64;
    if open(PROGRAM_LOAD, &arguments).is_ok() {
        return error;
    }
    let text = String::from_utf8_lossy(&text);
    let lines = text.trim_end_matches('\0').lines();
    let reason = lines.rev().find(|line| !line.starts_with("processed "));
    match reason {
        Some(reason) if !reason.is_empty() => {
            io::Error::new(error.kind(), format!("{error}: {reason}"))
        }
        _ => error,
    }
}

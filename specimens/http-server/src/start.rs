//! What every specimen does first.

use std::ffi::c_int;
use std::io::{Error, ErrorKind, Result};

const SIGTERM: c_int = 15;

unsafe extern "C" {
    fn signal(number: c_int, handler: extern "C" fn(c_int)) -> usize;
    fn _exit(status: c_int) -> !;
}

/// Sees to it that SIGTERM ends the program with status 0, and returns the port of `--port`.
///
/// # Errors
/// If the arguments are anything but `--port` and a number.
pub(crate) fn start() -> Result<u16> {
    // SAFETY: both are functions of the C library with these types; the handler calls only what may be called in one.
    unsafe { signal(SIGTERM, end) };
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let port = match arguments.as_slice() {
        [name, port] if name == "--port" => port.parse().ok(),
        _ => None,
    };
    port.ok_or_else(|| Error::new(ErrorKind::InvalidInput, "expected --port and a number"))
}

extern "C" fn end(_number: c_int) {
    // SAFETY: it may be called in a handler of signals (signal-safety(7)), and does not return.
    unsafe { _exit(0) }
}

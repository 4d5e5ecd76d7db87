//! With a backend that is stuck.

use std::net::SocketAddr;

use crate::Backends;

/// Of a hundred keys.
const UNLUCKY: u64 = 3;

/// The planted cause.
pub(crate) fn order(backends: &Backends, key: u64) -> [SocketAddr; 3] {
    let first = if key % 100 < UNLUCKY { backends.stuck } else { backends.quick };
    [first, backends.quick, backends.quick]
}

//! With backends that answer.

use std::net::SocketAddr;

use crate::Backends;

pub(crate) fn order(backends: &Backends, _key: u64) -> [SocketAddr; 3] {
    [backends.quick; 3]
}

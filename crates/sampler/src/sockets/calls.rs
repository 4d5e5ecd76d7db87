//! From what the programs wrote to calls.

use super::programs::{CLOSE, CONNECT, READ, WRITE};
use crate::records::{Fields, HEADER, split_first, who};

/// The kernel's own codes for a call that a signal interrupted begin here; it is made again, so it was none.
const RESTART: i32 = 512;

/// A call of the service on one of its connections, or one to open another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SocketCall {
    /// CLOCK_MONOTONIC when it ended; of a connect, when it began.
    pub t_ns: i64,
    /// Thread.
    pub tid: i32,
    /// Its process.
    pub pid: i32,
    /// Index into `SOCKET_KINDS` of the bundle's schema: 0 a read, 1 a write, 3 a close or shutdown, 4 a connect.
    pub kind: u8,
    /// Port of the other end.
    pub peer_port: u16,
    /// Bytes that were moved; of a read, 0 at the end of the stream; negative: the error's number. Of a connect, ECANCELED
    /// where it is the end: closed before anything came.
    pub bytes: i64,
}

/// Walks over the calls in bytes taken from rings; ends at the first record that cannot be one.
pub(super) struct Calls<'a>(pub(super) &'a [u8]);

impl Iterator for Calls<'_> {
    type Item = SocketCall;

    fn next(&mut self) -> Option<SocketCall> {
        loop {
            let (kind, _, record) = split_first(&mut self.0)?;
            if let Some(call) = call(kind, &record[HEADER..]) {
                return Some(call);
            }
        }
    }
}

/// What one record says; `None`: it is another kind of record, or says too little.
fn call(kind: u32, body: &[u8]) -> Option<SocketCall> {
    if !matches!(kind, READ | WRITE | CLOSE | CONNECT) {
        return None;
    }
    let mut fields = Fields(body);
    let who = who(&mut fields)?;
    let result = fields.i32()?;
    let peer_port = u16::from_be_bytes(fields.take()?);
    (result > -RESTART).then_some(SocketCall {
        t_ns: who.t_ns,
        tid: who.tid,
        pid: who.pid,
        kind: (kind - READ) as u8,
        peer_port,
        bytes: result.into(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn record(kind: u32, result: i32) -> Vec<u8> {
        let mut bytes = kind.to_ne_bytes().to_vec();
        bytes.extend(0u16.to_ne_bytes());
        bytes.extend(40u16.to_ne_bytes());
        bytes.extend([7i32, 8].iter().flat_map(|number| number.to_ne_bytes()));
        bytes.extend(99i64.to_ne_bytes());
        let rest = [3i32, -1, result];
        bytes.extend(rest.iter().flat_map(|number| number.to_ne_bytes()));
        bytes.extend([0x12, 0x34, 0xff, 0xff]);
        bytes
    }

    #[test]
    fn every_field_comes_out_in_its_place() {
        let bytes = [
            record(READ, 5),
            record(WRITE, -104),
            record(CLOSE, 0),
            record(CONNECT, 0),
        ]
        .concat();
        let calls: Vec<_> = Calls(&bytes).collect();
        let first = SocketCall {
            t_ns: 99,
            tid: 8,
            pid: 7,
            kind: 0,
            peer_port: 0x1234,
            bytes: 5,
        };
        let rest = |kind, bytes| SocketCall {
            kind,
            bytes,
            ..first
        };
        assert_eq!(calls, [first, rest(1, -104), rest(3, 0), rest(4, 0)]);
    }

    #[test]
    fn what_is_no_call_is_passed_over() {
        let mut short = record(READ, 1)[..20].to_vec();
        short[6..8].copy_from_slice(&20u16.to_ne_bytes());
        let others = [
            record(READ + 2, 1),
            record(1, 1),
            record(READ, -512),
            record(CONNECT + 1, 0),
            short,
        ];
        let bytes = [others.concat(), record(READ, 1)].concat();
        assert_eq!(Calls(&bytes).count(), 1);
    }

    #[test]
    fn a_size_that_cannot_be_ends_the_walk() {
        for size in [0u16, 7, 41, u16::MAX] {
            let mut bytes = record(READ, 1);
            bytes[6..8].copy_from_slice(&size.to_ne_bytes());
            assert_eq!(Calls(&bytes).next(), None, "{size}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        ) {
            prop_assert!(Calls(&bytes).count() <= bytes.len() / HEADER);
            let mut good = [record(READ, 1), record(WRITE, 2), record(CLOSE, 3)].concat();
            for (at, byte) in changes {
                let at = at.index(good.len());
                good[at] = byte;
            }
            prop_assert!(Calls(&good).count() <= good.len() / HEADER);
        }
    }
}

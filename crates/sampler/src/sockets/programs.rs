//! Programs where the kernel ends a read or a write of a socket, which write down what the sampled processes do on the
//! connections of one port, and when they begin to open further ones, to whichever port.
//!
//! Kernel: 6.3 or later, when `sock_recv_length` and `sock_send_length` came. Whichever system call asked, it comes by,
//! in the thread that calls; so records of a CPU are written one after another, as the rings demand.

use std::io;

use bpf::{Code, Helper, If, Label, Program, Record, Register, Rings, Size, Types};

use crate::making::{FREE, KEY, Making, Programs};
use Register::{R0, R1, R2, R3, R6, R10};
use Size::{Double, Half, Word};

/// Kinds of records; behind the first, in the order of `SOCKET_KINDS` in the bundle's schema.
pub(super) const READ: u32 = 0x7461_0010;
pub(super) const WRITE: u32 = READ + 1;
pub(super) const CLOSE: u32 = READ + 3;
pub(super) const CONNECT: u32 = READ + 4;

/// Offsets in a record: what the call returned, and the peer's port as it stands in packets.
const RESULT: i16 = 32;
const PEER: i16 = 36;
const BYTES: i32 = 40;

/// Offsets on a program's stack: the peer's port, and behind it the own.
const PEER_PORT: i16 = FREE - 8;
const OWN_PORT: i16 = PEER_PORT + 2;
/// What a connection has received.
const RECEIVED: i16 = PEER_PORT - 8;

/// Flags of a call that leaves what it reads: MSG_PEEK, and MSG_ERRQUEUE, which reads other things.
const LEAVES: i32 = libc::MSG_PEEK | libc::MSG_ERRQUEUE;
/// State of a connection that only a call to connect leads to; the kernel knows the peer's port by then.
const SYN_SENT: i32 = 2;
/// States of a connection that only a call to close or shut down leads to.
const FIN_WAIT_1: i32 = 4;
const LAST_ACK: i32 = 9;

/// What the programs are made from.
struct Sockets {
    making: Making,
    /// Of the peer's port in `struct sock`; the own follows.
    ports_offset: i32,
    /// Of the own port as it stands in packets, in `struct inet_sock`, which begins with a `struct sock`.
    source_offset: i32,
    /// Of what was received, in `struct tcp_sock`, which begins with a `struct sock`.
    received_offset: Option<i32>,
    port: u16,
}

/// Loads programs that watch connections whose own port is `port`, and the opening of all others, and makes the rings that they write into, of `bytes`
/// bytes each, a power of two.
///
/// # Errors
/// Not permitted (CAP_BPF and CAP_PERFMON, or root), or an older kernel.
pub(super) fn load(port: u16, bytes: usize) -> io::Result<(Programs, Rings)> {
    let types = Types::of_the_kernel()?;
    let passes = |tracepoint| types.arguments(tracepoint) == Some(3);
    if !passes("sock_recv_length") || !passes("sock_send_length") {
        return Err(io::Error::other(
            "there is no tracepoint sock_recv_length; Linux 6.3 has it",
        ));
    }
    let offsets = ports_offset(&types).zip(types.offset("inet_sock", "inet_sport"));
    let (ports_offset, source_offset) =
        offsets.ok_or_else(|| io::Error::other("struct sock is laid out otherwise"))?;
    let sockets = Sockets {
        making: Making::new(&types, false, bytes)?,
        ports_offset,
        source_offset,
        received_offset: types.offset("tcp_sock", "bytes_received"),
        port,
    };
    let mut programs = vec![
        (c"sock_recv_length", sockets.call(READ)?),
        (c"sock_send_length", sockets.call(WRITE)?),
    ];
    if passes("inet_sock_set_state") {
        programs.push((c"inet_sock_set_state", sockets.close()?));
        programs.push((c"inet_sock_set_state", sockets.connect()?));
    }
    sockets.making.finish(programs)
}

fn ports_offset(types: &Types) -> Option<i32> {
    let common = types.offset("sock", "__sk_common")?;
    let peer = types.offset("sock_common", "skc_dport")?;
    let own = types.offset("sock_common", "skc_num")?;
    (own == peer + 2).then_some(common + peer)
}

impl Sockets {
    /// Arguments: the socket, what the call returns, its flags.
    fn call(&self, kind: u32) -> io::Result<Program> {
        let mut code = Code::default();
        let end = code.label();
        code.copy(R6, R1);
        self.only_port(&mut code, end);
        // Servers that wait by other means ask again until there is nothing; that is no call that did anything.
        code.load(Double, R1, R6, 8)
            .extend_sign(R1)
            .jump_if(R1, If::Equal, -libc::EAGAIN, end)
            .load(Double, R1, R6, 16)
            .and(R1, LEAVES)
            .jump_if(R1, If::Differs, 0, end);
        self.begin(&mut code, end);
        code.load(Double, R1, R6, 8)
            .store(Word, Record::START, RESULT, R1);
        publish(&mut code, kind);
        code.place(end).end();
        Program::load(&code.finish()?)
    }

    /// Arguments: the socket, its former state, the new one.
    fn close(&self) -> io::Result<Program> {
        let mut code = Code::default();
        let (closes, end) = (code.label(), code.label());
        code.copy(R6, R1)
            .load(Double, R1, R6, 16)
            .jump_if(R1, If::Equal, FIN_WAIT_1, closes)
            .jump_if(R1, If::Differs, LAST_ACK, end)
            .place(closes);
        self.only_port(&mut code, end);
        self.begin(&mut code, end);
        code.store_value(Word, Record::START, RESULT, 0);
        publish(&mut code, CLOSE);
        code.place(end).end();
        Program::load(&code.finish()?)
    }

    /// Arguments: the socket, its former state, the new one. Of connections that are opened: they have no own port yet.
    ///
    /// They are told once more where the service closes them before anything came.
    fn connect(&self) -> io::Result<Program> {
        let mut code = Code::default();
        let (opens, end) = (code.label(), code.label());
        code.copy(R6, R1)
            .load(Double, R1, R6, 16)
            .jump_if(R1, If::Equal, SYN_SENT, opens);
        if let Some(received) = self.received_offset {
            code.jump_if(R1, If::Differs, FIN_WAIT_1, end);
            read(&mut code, self.ports_offset, PEER_PORT, 4, end);
            code.load(Half, R1, R10, OWN_PORT)
                .jump_if(R1, If::Equal, self.port.into(), end);
            read(&mut code, received, RECEIVED, 8, end);
            code.load(Double, R1, R10, RECEIVED)
                .jump_if(R1, If::Differs, 0, end);
            self.opened(&mut code, -libc::ECANCELED, end);
        }
        code.jump(end).place(opens);
        read(&mut code, self.ports_offset, PEER_PORT, 2, end);
        self.opened(&mut code, 0, end);
        code.place(end).end();
        Program::load(&code.finish()?)
    }

    fn opened(&self, code: &mut Code, result: i32, none: Label) {
        self.begin(code, none);
        code.store_value(Word, Record::START, RESULT, result);
        publish(code, CONNECT);
    }

    /// Goes to `none` unless the socket that the first argument points to has our port. Notes the peer's.
    ///
    /// A connection that was reset or is closed on both sides has given its port back, and only remembers it.
    fn only_port(&self, code: &mut Code, none: Label) {
        let ours = code.label();
        read(code, self.ports_offset, PEER_PORT, 4, none);
        code.load(Half, R1, R10, OWN_PORT)
            .jump_if(R1, If::Equal, self.port.into(), ours)
            .jump_if(R1, If::Differs, 0, none)
            .load(Half, R1, R10, PEER_PORT)
            .jump_if(R1, If::Equal, 0, none);
        read(code, self.source_offset, OWN_PORT, 2, none);
        code.load(Half, R1, R10, OWN_PORT)
            .jump_if(R1, If::Differs, self.port.to_be().into(), none)
            .place(ours);
    }

    /// Begins a record about the current thread; goes to `none` unless it is ours.
    fn begin(&self, code: &mut Code, none: Label) {
        Making::now(code);
        self.making.current(code, none);
        self.making.begin(code, KEY, none);
    }
}

/// Copies bytes of what the first argument points to; goes to `none` where they cannot be read.
fn read(code: &mut Code, offset: i32, to: i16, bytes: i32, none: Label) {
    code.load(Double, R3, R6, 0)
        .add(R3, offset)
        .copy(R1, R10)
        .add(R1, to.into())
        .set(R2, bytes)
        .call(Helper::ReadKernel)
        .jump_if(R0, If::Differs, 0, none);
}

/// Completes a record with the peer's port, and hands it over.
fn publish(code: &mut Code, kind: u32) {
    code.load(Half, R1, R10, PEER_PORT)
        .store(Half, Record::START, PEER, R1)
        .set(R1, BYTES);
    Rings::publish(code, kind);
}

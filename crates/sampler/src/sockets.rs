//! The service's side of each request: when its threads read and wrote on connections with its port, and opened others.
//!
//! ```text
//! programs (where reads and writes of sockets end) ─► rings ─► calls (one thread drains and reads), in the order of time
//! ```

mod calls;
mod programs;

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bpf::Rings;

use crate::error::SampleError;
use crate::family::Family;
use crate::making::Programs;
use crate::process::{online_cpus, process_of};
use crate::session::next_interval;
use crate::sys::be_prompt;
use calls::Calls;

pub use calls::SocketCall;

/// How often the rings are emptied: the fuller they were, the sooner again.
const LONGEST: Duration = Duration::from_millis(25);
const SHORTEST: Duration = Duration::from_millis(2);
/// Bytes of a ring: a quarter of a second of 100,000 calls per second on one CPU.
const RING: usize = 1 << 20;
const SMALLEST_RING: usize = 1 << 16;
/// Bound on the rings of all CPUs.
const ALL_RINGS: usize = 64 << 20;
/// Calls that are kept, 270 MB of them; more are counted as lost.
const MOST_CALLS: usize = 1 << 23;

/// Records the calls of a process and its descendants on connections with one port of theirs, and their calls to open
/// others.
///
/// Accepting is no call here: it is the kernel that completes a connection, in whichever thread is on the CPU. Bytes that
/// splice takes off a socket are not seen either.
pub struct SocketCalls {
    pid: i32,
    programs: Programs,
    /// Until the start.
    rings: Option<Rings>,
    running: Option<Running>,
}

struct Running {
    /// Tells the thread that the recording ended.
    stop: Sender<()>,
    drained: JoinHandle<SocketLog>,
}

/// What came of recording, from `start` to `stop`.
#[derive(Clone, Debug, Default)]
pub struct SocketLog {
    /// The calls in the order in which they ended. Those that would have had to wait, and did not, are none.
    pub calls: Vec<SocketCall>,
    /// Calls for which there was no room.
    pub lost: u64,
}

impl SocketCalls {
    /// How calls are seen, in words.
    pub const NAME: &str =
        "BPF programs at sock_recv_length, sock_send_length and inet_sock_set_state";

    /// Loads the programs; nothing is recorded before `start`.
    ///
    /// # Errors
    /// No such process, not permitted, or a kernel without these tracepoints.
    pub fn open(pid: i32, port: u16) -> Result<Self, SampleError> {
        let pid = process_of(pid).ok_or(SampleError::NoProcess(pid))?;
        let loaded = programs::load(port, ring_bytes());
        let (programs, rings) = loaded.map_err(SampleError::NoCalls)?;
        Ok(Self {
            pid,
            programs,
            rings: Some(rings),
            running: None,
        })
    }

    /// Begins to record. A thread takes the calls out of the rings from now on.
    ///
    /// # Errors
    /// If it was started before, or the kernel refuses.
    pub fn start(&mut self) -> Result<(), SampleError> {
        let rings = self
            .rings
            .take()
            .ok_or(SampleError::Order("was started before"))?;
        self.programs
            .attach()
            .map_err(|error| SampleError::System("starting the programs", error))?;
        // After this point new processes announce themselves; those that are there already are read now.
        self.programs
            .watch(&Family::of(self.pid))
            .map_err(|error| SampleError::System("telling the programs what to watch", error))?;
        let (stop, stopped) = channel();
        let drained = thread::Builder::new()
            .name("tailtune-sockets".to_owned())
            .spawn(move || drain(rings, &stopped))
            .map_err(|error| SampleError::System("starting the draining thread", error))?;
        self.running = Some(Running { stop, drained });
        Ok(())
    }

    /// Ends recording. Works as well when the process has ended.
    ///
    /// # Errors
    /// If it is not running, or its thread ended early.
    pub fn stop(&mut self) -> Result<SocketLog, SampleError> {
        let running = self
            .running
            .take()
            .ok_or(SampleError::Order("is not running"))?;
        self.programs.detach();
        drop(running.stop);
        running.drained.join().map_err(|_| SampleError::Thread)
    }
}

impl Drop for SocketCalls {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            drop(running.stop);
            // The thread is gone after this, whether it ended well does not matter any more.
            let _ = running.drained.join();
        }
    }
}

/// A power of two.
fn ring_bytes() -> usize {
    let share = ALL_RINGS / online_cpus().len().next_power_of_two();
    share.clamp(SMALLEST_RING, RING)
}

/// Takes calls out of the rings until the other end of `stopped` is dropped.
fn drain(mut rings: Rings, stopped: &Receiver<()>) -> SocketLog {
    be_prompt();
    let mut log = SocketLog::default();
    let mut raw = Vec::new();
    let mut interval = LONGEST;
    loop {
        let is_over = stopped.recv_timeout(interval) != Err(RecvTimeoutError::Timeout);
        let filled = rings.drain(&mut raw);
        log.take(&raw);
        raw.clear();
        if is_over {
            break;
        }
        interval = next_interval(interval, filled).clamp(SHORTEST, LONGEST);
    }
    let lost: u64 = rings.lost().into_iter().map(|(_, count)| count).sum();
    log.lost += lost;
    log.calls.sort_by_key(|call| call.t_ns);
    log
}

impl SocketLog {
    fn take(&mut self, raw: &[u8]) {
        for call in Calls(raw) {
            if self.calls.len() < MOST_CALLS {
                self.calls.push(call);
            } else {
                self.lost += 1;
            }
        }
    }
}

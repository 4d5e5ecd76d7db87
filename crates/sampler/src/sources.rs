//! Where records come from: the rings of perf events, and those of our programs in the kernel.

use crate::records::Kinds;
use crate::spare::Spare;
use crate::sys::Ring;

/// All rings of a sampling.
#[derive(Default)]
pub(crate) struct Sources {
    /// Of perf events, one a CPU.
    pub(crate) events: Vec<Ring>,
    pub(crate) kinds: Kinds,
    /// Events to be opened if those have holes; they write into the same rings.
    pub(crate) spare: Spare,
    pub(crate) programs: Option<bpf::Rings>,
}

impl Sources {
    /// Appends all records written so far. Returns the share of the fullest ring.
    pub(crate) fn drain(&mut self, out: &mut Vec<u8>) -> f64 {
        let events = self.events.iter_mut().map(|ring| ring.drain(out));
        let filled = events.fold(0.0, f64::max);
        let programs = self.programs.as_mut().map(|rings| rings.drain(out));
        filled.max(programs.unwrap_or(0.0))
    }

    /// CPUs on which our programs could not write records since the last call, with how many. Perf events write
    /// that themselves.
    pub(crate) fn lost(&mut self) -> Vec<(i32, u64)> {
        self.programs
            .as_mut()
            .map_or_else(Vec::new, bpf::Rings::lost)
    }
}

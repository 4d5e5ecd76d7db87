//! Perf events if any may be opened, else `/proc`.

use crate::error::SampleError;
use crate::events::Wanted;
use crate::proc_sampling::ProcSampler;
use crate::sampler::Sampler;
use crate::sampling::Sampling;

/// Looking at threads this often is enough, and as much as its budget allows for a handful of them.
const MOST_LOOKS_HZ: u32 = 99;

/// Samples a process in the best way that is permitted.
pub enum BestSampler {
    /// By perf events.
    Events(Box<Sampler>),
    /// By looking at threads through `/proc`: states instead of stacks.
    Proc {
        /// The sampler.
        sampler: ProcSampler,
        /// Whether waits and states were asked for; they come at no price.
        off_cpu: bool,
    },
}

impl BestSampler {
    /// Finds the best way by trying; nothing is sampled before `start`.
    ///
    /// # Errors
    /// As [`Sampler::open`]; that nothing is permitted only if `/proc` shows nothing either, or the whole
    /// machine is wanted.
    pub fn open(pid: i32, wanted: Wanted) -> Result<Self, SampleError> {
        match Sampler::open(pid, wanted) {
            Err(refused @ SampleError::NotPermitted { .. }) if !wanted.whole_machine => {
                let frequency_hz = wanted.frequency_hz.clamp(1, MOST_LOOKS_HZ);
                let proc = ProcSampler::open(pid, frequency_hz);
                let off_cpu = wanted.off_cpu;
                proc.map_or(Err(refused), |sampler| Ok(Self::Proc { sampler, off_cpu }))
            }
            outcome => outcome.map(|sampler| Self::Events(Box::new(sampler))),
        }
    }

    /// The way that worked, in words.
    #[must_use]
    pub fn mode_name(&self) -> String {
        match self {
            Self::Events(sampler) => sampler.mode_name(),
            Self::Proc { .. } => ProcSampler::NAME.to_owned(),
        }
    }

    /// What is lost against the best way, with the remedy; empty: nothing.
    #[must_use]
    pub fn lost_note(&self) -> String {
        match self {
            Self::Events(sampler) => sampler.lost_note(),
            Self::Proc { sampler, .. } => sampler.lost_note(),
        }
    }

    /// Begins to sample.
    ///
    /// # Errors
    /// If it was started before, or the kernel refuses.
    pub fn start(&mut self) -> Result<(), SampleError> {
        match self {
            Self::Events(sampler) => sampler.start(),
            Self::Proc { sampler, .. } => sampler.start(),
        }
    }

    /// Ends sampling and names what was found.
    ///
    /// # Errors
    /// If it was not started, or its thread ended early.
    pub fn stop(&mut self) -> Result<Sampling, SampleError> {
        self.stop_telling(&mut |_, _| {})
    }

    /// As [`BestSampler::stop`], and tells how far naming is, as [`Sampler::stop_telling`]; states need none.
    ///
    /// # Errors
    /// As [`BestSampler::stop`].
    pub fn stop_telling(
        &mut self,
        naming: &mut dyn FnMut(usize, usize),
    ) -> Result<Sampling, SampleError> {
        match self {
            Self::Events(sampler) => sampler.stop_telling(naming),
            Self::Proc {
                sampler,
                off_cpu: true,
            } => sampler.stop(),
            Self::Proc { sampler, .. } => Ok(Sampling {
                off_cpu: None,
                threads: Vec::new(),
                ..sampler.stop()?
            }),
        }
    }
}

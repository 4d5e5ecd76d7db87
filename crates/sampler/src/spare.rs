//! Records of context switches, for when it turns out that the tracepoints have holes.
//!
//! Some kernels write no tracepoint in the context of some threads for as long as these live, and the idle
//! ones may be among them: then nobody is seen to come to a CPU that was idle, nor to be woken by its
//! interrupts. Records of context switches are written all the same, and on the side of the thread that comes.

use std::io;
use std::os::fd::OwnedFd;

use crate::sys::{self, Attributes};

/// Events that are not open until they are needed: even those that are off cost each switch something.
#[derive(Default)]
pub(crate) struct Spare {
    attributes: Attributes,
    /// CPUs, and the events that own their rings.
    owners: Vec<(i32, OwnedFd)>,
    events: Vec<OwnedFd>,
}

impl Spare {
    /// Will write into the rings of these events, one a CPU.
    pub(crate) fn new<'a>(
        attributes: Attributes,
        owners: impl Iterator<Item = (i32, &'a OwnedFd)>,
    ) -> io::Result<Self> {
        let owners = owners.map(|(cpu, owner)| Ok((cpu, owner.try_clone()?)));
        Ok(Self {
            attributes,
            owners: owners.collect::<io::Result<_>>()?,
            events: Vec::new(),
        })
    }

    /// Opens and starts the events; a second time it does nothing. A CPU that refuses stays without.
    pub(crate) fn start(&mut self) {
        for (cpu, owner) in self.owners.drain(..) {
            let opened = sys::open(&self.attributes, -1, cpu);
            let started = opened.and_then(|event| {
                sys::redirect(&event, &owner)?;
                sys::enable(&event)?;
                Ok(event)
            });
            self.events.extend(started);
        }
    }
}

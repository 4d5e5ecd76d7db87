//! The memory of all processes, as far as it is executable.

use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::address_space::{AddressSpace, Region};

/// Executable regions kept for one process; real ones have a few hundred at most.
const MOST_REGIONS: usize = 4_096;
/// Executable regions kept in all.
const MOST_REGIONS_IN_ALL: usize = 1_000_000;

/// One state of the memory of a process. Children share it with their parent until one of them maps
/// something.
#[derive(Clone, Default)]
pub(super) struct Space {
    regions: Arc<AddressSpace>,
    count: usize,
    /// Never given twice to different states.
    pub(super) state: u32,
}

impl Space {
    pub(super) fn find(&self, address: u64) -> Option<u32> {
        self.regions.find(address)
    }
}

/// Spaces by process.
pub(super) struct Processes {
    spaces: HashMap<i32, Space>,
    ended: VecDeque<i32>,
    most: usize,
    states: u32,
    regions: usize,
}

impl Processes {
    pub(super) fn new(most: usize) -> Self {
        Self {
            spaces: HashMap::new(),
            ended: VecDeque::new(),
            most,
            states: 0,
            regions: 0,
        }
    }

    pub(super) fn get(&self, pid: i32) -> Option<&Space> {
        self.spaces.get(&pid)
    }

    /// Returns whether there was room.
    pub(super) fn map(&mut self, pid: i32, region: Region) -> bool {
        if !self.has_room(pid) || self.regions >= MOST_REGIONS_IN_ALL {
            return false;
        }
        let space = self.spaces.entry(pid).or_default();
        if space.count >= MOST_REGIONS {
            return false;
        }
        Arc::make_mut(&mut space.regions).map(region);
        self.states = self.states.wrapping_add(1);
        space.state = self.states;
        space.count += 1;
        self.regions += 1;
        true
    }

    pub(super) fn fork(&mut self, parent: i32, child: i32) {
        if parent == child || !self.has_room(child) {
            return;
        }
        if let Some(space) = self.spaces.get(&parent).cloned() {
            self.forget(child);
            self.regions += space.count;
            self.spaces.insert(child, space);
        }
    }

    pub(super) fn forget(&mut self, pid: i32) {
        if let Some(space) = self.spaces.remove(&pid) {
            self.regions -= space.count;
        }
    }

    /// The process ended; late samples of it may follow, so it is forgotten only when room is needed.
    pub(super) fn end(&mut self, pid: i32) {
        if self.spaces.contains_key(&pid) && self.ended.len() < self.most {
            self.ended.push_back(pid);
        }
    }

    fn has_room(&mut self, pid: i32) -> bool {
        if self.spaces.contains_key(&pid) {
            return true;
        }
        while self.spaces.len() >= self.most {
            let Some(ended) = self.ended.pop_front() else {
                return false;
            };
            self.forget(ended);
        }
        true
    }
}

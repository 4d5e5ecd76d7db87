//! Stacks of names that are no addresses: thread, state, system call, kernel function.

use std::collections::HashMap;

use profile::{FrameRow, MappingRow, Profile};

/// Different frames kept; the names of further ones are summed in one a kind.
const MOST_FRAMES: usize = 20_000;

/// What a frame stands for. The mapping of each says that it is no function of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Thread,
    State,
    SystemCall,
    Kernel,
}

impl Kind {
    fn mapping(self) -> &'static str {
        match self {
            Self::Thread => "[thread]",
            Self::State => "[state]",
            Self::SystemCall => "[system call]",
            Self::Kernel => "[kernel]",
        }
    }
}

/// A profile with one location a name.
pub(crate) struct NamedStacks {
    pub(crate) profile: Profile,
    locations: HashMap<(Kind, String), u32>,
}

impl NamedStacks {
    pub(crate) fn new(sample_types: &[(&str, &str)]) -> Self {
        Self {
            profile: Profile::with_sample_types(sample_types),
            locations: HashMap::new(),
        }
    }

    /// The row of a stack, leaf first.
    pub(crate) fn stack(&mut self, frames: &[(Kind, &str)]) -> u32 {
        let locations: Vec<u32> = frames
            .iter()
            .map(|&(kind, name)| self.location(kind, name))
            .collect();
        let nothing = vec![0; self.profile.values.len()];
        self.profile.add(&locations, 0, &nothing)
    }

    /// Adds values, one a sample type, to a stack.
    pub(crate) fn add(&mut self, stack: u32, values: &[i64]) {
        for (column, value) in self.profile.values.iter_mut().zip(values) {
            if let Some(sum) = column.get_mut(stack as usize) {
                *sum = sum.saturating_add(*value);
            }
        }
    }

    fn location(&mut self, kind: Kind, name: &str) -> u32 {
        let key = (kind, name.to_owned());
        if let Some(&location) = self.locations.get(&key) {
            return location;
        }
        if self.locations.len() >= MOST_FRAMES && name != "[others]" {
            return self.location(kind, "[others]");
        }
        let profile = &mut self.profile;
        let module = profile.strings.intern(kind.mapping());
        let kernel = kind == Kind::Kernel;
        let mapping = profile.mappings.intern(MappingRow {
            path: module,
            kernel,
            ..MappingRow::default()
        });
        let frame = profile.frames.intern(FrameRow {
            function: profile.strings.intern(name),
            module,
            kernel,
            ..FrameRow::default()
        });
        // A number instead of an address keeps the rows apart in formats that go by address.
        let address = profile.locations.len() as u64 + 1;
        let location = profile.locations.push(mapping, address, [frame]);
        self.locations.insert(key, location);
        location
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_limit_are_summed() {
        let mut stacks = NamedStacks::new(&[("samples", "count")]);
        for number in 0..MOST_FRAMES + 100 {
            let stack = stacks.stack(&[(Kind::Thread, &number.to_string())]);
            stacks.add(stack, &[1]);
        }
        let profile = stacks.profile;
        assert_eq!(profile.stacks.len(), MOST_FRAMES + 1);
        assert_eq!(profile.values[0].last(), Some(&100));
        assert_eq!(profile.total(0), MOST_FRAMES as i64 + 100);
    }
}

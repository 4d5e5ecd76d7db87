//! The calls of a profile as a tree, for icicles.

use hashbrown::HashMap;

use crate::strings::StringId;
use crate::tables::Profile;

/// Calls in columns; row 0 is the root, every other row comes after its parent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallTree {
    /// Row of the caller; -1 for the root.
    pub parents: Vec<i32>,
    /// Names; empty for the root.
    pub functions: Vec<StringId>,
    /// Value of the stacks that end here.
    pub own: Vec<i64>,
    /// Value of the stacks that pass or end here.
    pub totals: Vec<i64>,
}

impl Profile {
    /// Joins the stacks of one value column by function: from callers to callees, or `bottom_up` from leaves to callers.
    ///
    /// Stacks without value are left out. There are at most as many rows as the stacks have frames.
    #[must_use]
    pub fn tree(&self, column: usize, bottom_up: bool) -> CallTree {
        let mut tree = CallTree::default();
        tree.add(-1, StringId::EMPTY);
        let mut rows: HashMap<(i32, StringId), i32> = HashMap::new();
        let values = self.values.get(column).map_or(&[][..], |values| values);
        for (stack, &value) in values.iter().enumerate().filter(|(_, value)| **value != 0) {
            let mut row = tree.count(0, value);
            let mut step = |frame: u32| {
                let function = self.frames.rows()[frame as usize].function;
                let next = *rows
                    .entry((row, function))
                    .or_insert_with(|| tree.add(row, function));
                row = tree.count(next, value);
            };
            let frames = self.stack_frames(stack as u32);
            if bottom_up {
                frames.for_each(&mut step);
            } else {
                frames.rev().for_each(&mut step);
            }
            let own = &mut tree.own[row as usize];
            *own = own.saturating_add(value);
        }
        tree
    }

    /// Which sample type to look at first: the one that the profile names, else the last; 0 without any.
    #[must_use]
    pub fn default_value(&self) -> usize {
        let named = |at: &usize| self.sample_types[*at].kind == self.default_sample_type;
        let last = self.sample_types.len().saturating_sub(1);
        (0..self.sample_types.len()).find(named).unwrap_or(last)
    }
}

impl CallTree {
    fn add(&mut self, parent: i32, function: StringId) -> i32 {
        self.parents.push(parent);
        self.functions.push(function);
        self.own.push(0);
        self.totals.push(0);
        i32::try_from(self.parents.len() - 1).unwrap_or(i32::MAX)
    }

    fn count(&mut self, row: i32, value: i64) -> i32 {
        let total = &mut self.totals[row as usize];
        *total = total.saturating_add(value);
        row
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::CallTree;
    use crate::{FrameRow, NO_MAPPING, Profile};

    /// A profile of these stacks, leaf first, of functions that are named by letters.
    fn profile(stacks: &[(&str, i64)]) -> Profile {
        let mut profile =
            Profile::with_sample_types(&[("samples", "count"), ("cpu", "nanoseconds")]);
        for (stack, value) in stacks {
            let mut locations = Vec::new();
            for name in stack.chars() {
                let frame = frame(&mut profile, name);
                locations.push(profile.locations.push(NO_MAPPING, 0, [frame]));
            }
            profile.add(&locations, 0, &[1, *value]);
        }
        profile
    }

    fn frame(profile: &mut Profile, name: char) -> u32 {
        let function = profile.strings.intern(&name.to_string());
        profile.frames.intern(FrameRow {
            function,
            ..FrameRow::default()
        })
    }

    fn told(profile: &Profile, tree: &CallTree) -> Vec<(i32, String, i64, i64)> {
        (0..tree.parents.len())
            .map(|row| {
                let name = profile.strings.text(tree.functions[row]).to_owned();
                (tree.parents[row], name, tree.own[row], tree.totals[row])
            })
            .collect()
    }

    fn row(parent: i32, name: &str, own: i64, total: i64) -> (i32, String, i64, i64) {
        (parent, name.to_owned(), own, total)
    }

    #[test]
    fn callers_hold_their_callees() {
        let profile = profile(&[("ba", 10), ("cba", 5), ("a", 1)]);
        let expected = [
            row(-1, "", 0, 16),
            row(0, "a", 1, 16),
            row(1, "b", 10, 15),
            row(2, "c", 5, 5),
        ];
        assert_eq!(told(&profile, &profile.tree(1, false)), expected);
    }

    #[test]
    fn leaves_hold_their_callers_bottom_up() {
        let profile = profile(&[("ba", 10), ("bc", 5)]);
        let expected = [
            row(-1, "", 0, 15),
            row(0, "b", 0, 15),
            row(1, "a", 10, 10),
            row(1, "c", 5, 5),
        ];
        assert_eq!(told(&profile, &profile.tree(1, true)), expected);
    }

    #[test]
    fn stacks_in_columns_are_the_stacks() {
        let profile = profile(&[("ba", 1), ("", 1), ("b", 1)]);
        let (lengths, frames) = profile.stack_columns();
        assert_eq!(lengths, [2, 0, 1]);
        assert_eq!(frames, [0, 1, 0]);
    }

    #[test]
    fn a_column_that_is_not_there_is_an_empty_tree() {
        assert_eq!(profile(&[("a", 1)]).tree(9, false).totals, [0]);
        assert_eq!(profile(&[]).default_value(), 1);
        assert_eq!(Profile::default().default_value(), 0);
    }

    proptest! {
        #[test]
        fn totals_are_own_values_and_those_below(
            stacks in prop::collection::vec(("[a-d]{0,6}", 0i64..100), 0..20),
            bottom_up: bool,
        ) {
            let stacks: Vec<(&str, i64)> = stacks.iter().map(|(stack, value)| (stack.as_str(), *value)).collect();
            let profile = profile(&stacks);
            let tree = profile.tree(1, bottom_up);
            let mut sums = tree.own.clone();
            for row in (1..sums.len()).rev() {
                prop_assert!((tree.parents[row] as usize) < row);
                sums[tree.parents[row] as usize] += sums[row];
            }
            prop_assert_eq!(sums, tree.totals);
            prop_assert_eq!(tree.own.iter().sum::<i64>(), profile.total(1));
        }
    }
}

//! Several profiles as one.

use hashbrown::HashMap;
use thiserror::Error;

use crate::frames::FrameRow;
use crate::labels::Label;
use crate::locations::NO_MAPPING;
use crate::mappings::MappingRow;
use crate::samples::SampleRow;
use crate::strings::StringId;
use crate::tables::{Profile, SampleType};

/// Why profiles cannot be merged.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MergeError {
    /// There is nothing to merge.
    #[error("there is no profile to merge")]
    Nothing,
    /// A profile counts other things than the first.
    #[error("profile {0} has other sample types than the first")]
    SampleTypes(usize),
}

impl Profile {
    /// Adds profiles up; each value counts `weight` times, -1 for what is to be taken away.
    ///
    /// Sample types must be the same, in any order. Equal addresses with equal frames become one
    /// location, equal stacks with equal labels one stack; a stack whose values all become 0 stays.
    /// What describes the whole is that of the first; durations and losses of those with positive
    /// weight are added. Single samples are kept if all weights are 1.
    ///
    /// # Errors
    /// No profile, or other sample types.
    pub fn merge(parts: &[(&Self, i64)]) -> Result<Self, MergeError> {
        let (first, _) = parts.first().ok_or(MergeError::Nothing)?;
        let mut merged = Self::default();
        merged.describe(first);
        let mut known = HashMap::new();
        let samples = parts.iter().all(|(_, weight)| *weight == 1);
        for (at, (part, weight)) in parts.iter().enumerate() {
            let mut rows = Rows::of(&mut merged, part, &mut known);
            let columns = rows
                .columns(&mut merged)
                .ok_or(MergeError::SampleTypes(at))?;
            rows.stacks(&mut merged, &columns, *weight);
            rows.surroundings(&mut merged, *weight);
            if samples {
                rows.samples(&mut merged, &columns);
            }
        }
        merged.samples.sort_by_time();
        Ok(merged)
    }

    /// What came after an earlier profile of the same process, both counted since its start.
    ///
    /// Stacks without a change are left out; values that are no counters may turn negative. It lasts from the one to
    /// the other. `net/http/pprof` does the same for `?seconds=`.
    ///
    /// # Errors
    /// Other sample types.
    pub fn since(&self, earlier: &Self) -> Result<Self, MergeError> {
        let all = Self::merge(&[(self, 1), (earlier, -1)])?;
        let mut difference = all.without_stacks();
        all.add_stacks(&mut difference, &vec![true; all.stacks.len()]);
        difference.duration_ns = self.time_ns.saturating_sub(earlier.time_ns).max(0);
        Ok(difference)
    }

    fn describe(&mut self, first: &Self) {
        for kind in &first.sample_types {
            let sample_type = self.copied_type(first, *kind);
            self.add_column(sample_type);
        }
        self.period_type = self.copied_type(first, first.period_type);
        self.period = first.period;
        self.time_ns = first.time_ns;
        self.default_sample_type = self.copied_text(first, first.default_sample_type);
        self.drop_frames = self.copied_text(first, first.drop_frames);
        self.keep_frames = self.copied_text(first, first.keep_frames);
        self.doc_url = self.copied_text(first, first.doc_url);
    }

    fn copied_text(&mut self, from: &Self, text: StringId) -> StringId {
        self.strings.intern(from.strings.text(text))
    }

    fn copied_type(&mut self, from: &Self, sample_type: SampleType) -> SampleType {
        SampleType {
            kind: self.copied_text(from, sample_type.kind),
            unit: self.copied_text(from, sample_type.unit),
        }
    }
}

/// Locations by mapping, address and frames.
type Known = HashMap<(u32, u64, Box<[u32]>), u32>;

/// Where the rows of one part are in the merged tables.
struct Rows<'a> {
    part: &'a Profile,
    strings: Vec<StringId>,
    locations: Vec<u32>,
    stacks: Vec<u32>,
}

impl<'a> Rows<'a> {
    fn of(merged: &mut Profile, part: &'a Profile, known: &mut Known) -> Self {
        let texts = part.strings.iter();
        let mut rows = Self {
            part,
            strings: texts.map(|text| merged.strings.intern(text)).collect(),
            locations: Vec::with_capacity(part.locations.len()),
            stacks: Vec::with_capacity(part.stacks.len()),
        };
        rows.locations(merged, known);
        rows
    }

    fn text(&self, id: StringId) -> StringId {
        self.strings.get(id.row()).copied().unwrap_or_default()
    }

    fn locations(&mut self, merged: &mut Profile, known: &mut Known) {
        let mappings = self.mappings(merged);
        let frames: Vec<u32> = self.frames(merged);
        let (at, addresses) = (
            self.part.locations.mappings(),
            self.part.locations.addresses(),
        );
        for (row, (&mapping, &address)) in at.iter().zip(addresses).enumerate() {
            let mapping = mappings
                .get(mapping as usize)
                .copied()
                .unwrap_or(NO_MAPPING);
            let own = self.part.locations.frames(row as u32).iter();
            let named: Box<[u32]> = own.map(|&frame| frames[frame as usize]).collect();
            let new = || {
                merged
                    .locations
                    .push(mapping, address, named.iter().copied())
            };
            let location = *known
                .entry((mapping, address, named.clone()))
                .or_insert_with(new);
            self.locations.push(location);
        }
    }

    fn mappings(&self, merged: &mut Profile) -> Vec<u32> {
        let rows = self.part.mappings.rows().iter();
        rows.map(|row| {
            merged.mappings.intern(MappingRow {
                path: self.text(row.path),
                build_id: self.text(row.build_id),
                ..*row
            })
        })
        .collect()
    }

    fn frames(&self, merged: &mut Profile) -> Vec<u32> {
        let rows = self.part.frames.rows().iter();
        rows.map(|row| {
            merged.frames.intern(FrameRow {
                function: self.text(row.function),
                system_name: self.text(row.system_name),
                file: self.text(row.file),
                module: self.text(row.module),
                ..*row
            })
        })
        .collect()
    }

    /// The column of the part for each column of the whole.
    fn columns(&self, merged: &mut Profile) -> Option<Vec<usize>> {
        let own: Vec<SampleType> = self
            .part
            .sample_types
            .iter()
            .map(|own| SampleType {
                kind: self.text(own.kind),
                unit: self.text(own.unit),
            })
            .collect();
        if own == merged.sample_types {
            return Some((0..own.len()).collect());
        }
        let place = |wanted: &SampleType| own.iter().position(|own| own == wanted);
        let columns: Option<Vec<usize>> = merged.sample_types.iter().map(place).collect();
        columns.filter(|columns| columns.len() == own.len())
    }

    fn stacks(&mut self, merged: &mut Profile, columns: &[usize], weight: i64) {
        let (mut locations, mut values) = (Vec::new(), Vec::new());
        for stack in 0..self.part.stacks.len() as u32 {
            let own = self.part.stacks.locations(stack).iter();
            locations.clear();
            locations.extend(own.map(|&location| self.locations[location as usize]));
            values.clear();
            values.extend(columns.iter().map(|&column| {
                let value = self.part.values[column].get(stack as usize);
                value.map_or(0, |value| value.saturating_mul(weight))
            }));
            let labels = self.labels(merged, self.part.stacks.labels(stack));
            self.stacks.push(merged.add(&locations, labels, &values));
        }
    }

    fn labels(&self, merged: &mut Profile, set: u32) -> u32 {
        let own = self.part.labels.get(set).iter();
        let labels: Vec<Label> = own
            .map(|label| Label {
                key: self.text(label.key),
                text: self.text(label.text),
                unit: self.text(label.unit),
                ..*label
            })
            .collect();
        merged.labels.intern(&labels)
    }

    fn surroundings(&self, merged: &mut Profile, weight: i64) {
        if weight > 0 {
            merged.duration_ns = merged.duration_ns.saturating_add(self.part.duration_ns);
            merged.lost = merged.lost.saturating_add(self.part.lost);
        }
        for &comment in &self.part.comments {
            let comment = self.text(comment);
            if !merged.comments.contains(&comment) {
                merged.comments.push(comment);
            }
        }
        for warning in &self.part.warnings {
            if !merged.warnings.contains(warning) {
                merged.warnings.push(warning.clone());
            }
        }
        let named: std::collections::HashSet<i32> =
            merged.threads.iter().map(|thread| thread.tid).collect();
        let new = self
            .part
            .threads
            .iter()
            .filter(|thread| !named.contains(&thread.tid));
        for &thread in new {
            let name = self.text(thread.name);
            merged.threads.push(crate::ThreadRow { name, ..thread });
        }
    }

    fn samples(&self, merged: &mut Profile, columns: &[usize]) {
        let own = &self.part.samples;
        let mut values = Vec::new();
        for row in 0..own.len() {
            values.clear();
            values.extend(columns.iter().map(|&column| own.value(row, column)));
            let sample = SampleRow {
                t_ns: own.t_ns[row],
                tid: own.tid[row],
                cpu: own.cpu[row],
                stack: self.stacks[own.stack[row] as usize],
            };
            merged.samples.push_counting(sample, &values);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::MergeError;
    use crate::{FrameRow, NO_MAPPING, Profile, SampleRow};

    /// A profile of one-letter functions, leaf first; letters get their rows in order of appearance.
    fn profile(stacks: &[(String, i64)]) -> Profile {
        let mut profile = Profile::with_sample_types(&[("cpu", "nanoseconds")]);
        for (stack, value) in stacks {
            let mut rows = Vec::new();
            for letter in stack.chars() {
                let function = profile.strings.intern(&letter.to_string());
                let frame = profile.frames.intern(FrameRow {
                    function,
                    ..FrameRow::default()
                });
                rows.push(profile.locations.push(NO_MAPPING, letter as u64, [frame]));
            }
            profile.add(&rows, 0, &[*value]);
        }
        profile.duration_ns = 10;
        profile
    }

    /// Collapsed lines in the order of the alphabet.
    fn told(profile: &Profile) -> Vec<String> {
        let mut lines: Vec<String> = profile.to_collapsed(0).lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }

    fn stacks() -> impl Strategy<Value = Vec<(String, i64)>> {
        prop::collection::vec(("[a-d]{1,5}", 1i64..100), 0..12)
    }

    proptest! {
        #[test]
        fn order_and_grouping_do_not_matter(a in stacks(), b in stacks(), c in stacks()) {
            let (a, b, c) = (profile(&a), profile(&b), profile(&c));
            let all = Profile::merge(&[(&a, 1), (&b, 1), (&c, 1)]).unwrap();
            let ab = Profile::merge(&[(&a, 1), (&b, 1)]).unwrap();
            let grouped = Profile::merge(&[(&c, 1), (&ab, 1)]).unwrap();
            prop_assert_eq!(told(&all), told(&grouped));
            prop_assert_eq!(all.total(0), a.total(0) + b.total(0) + c.total(0));
            prop_assert_eq!(all.duration_ns, 30);
        }

        #[test]
        fn what_is_taken_away_is_gone(a in stacks(), b in stacks()) {
            let (a, b) = (profile(&a), profile(&b));
            let both = Profile::merge(&[(&a, 1), (&b, 1)]).unwrap();
            let left = Profile::merge(&[(&both, 1), (&a, -1)]).unwrap();
            prop_assert_eq!(left.total(0), b.total(0));
            prop_assert_eq!(told(&both.since(&a).unwrap()), told(&b));
            let nothing = Profile::merge(&[(&a, 1), (&a, -1)]).unwrap();
            prop_assert!(nothing.values[0].iter().all(|value| *value == 0));
        }
    }

    #[test]
    fn samples_follow_their_stacks_in_the_order_of_time() {
        let mut parts = [profile(&[("ab".into(), 5)]), profile(&[("b".into(), 7)])];
        for (part, t_ns) in parts.iter_mut().zip([20, 10]) {
            part.samples.uniform = vec![part.total(0)];
            part.samples.push(SampleRow {
                t_ns,
                tid: 1,
                cpu: 0,
                stack: 0,
            });
        }
        let merged = Profile::merge(&[(&parts[0], 1), (&parts[1], 1)]).unwrap();
        assert_eq!(merged.samples.t_ns, [10, 20]);
        assert_eq!(merged.samples.stack, [1, 0]);
        assert_eq!(merged.samples.values, [vec![7, 5]]);
    }

    #[test]
    fn a_difference_has_what_changed_and_lasts_from_one_to_the_other() {
        let mut earlier = profile(&[("ab".into(), 5), ("b".into(), 7), ("c".into(), 8)]);
        let mut later = profile(&[("b".into(), 7), ("ab".into(), 9), ("c".into(), 3)]);
        (earlier.time_ns, later.time_ns) = (1_000, 4_000);
        let difference = later.since(&earlier).unwrap();
        assert_eq!(told(&difference), ["b;a 4", "c -5"]);
        assert_eq!((difference.time_ns, difference.duration_ns), (4_000, 3_000));
        assert_eq!(earlier.since(&later).unwrap().duration_ns, 0);
    }

    #[test]
    fn other_sample_types_are_refused_and_other_orders_are_not() {
        assert!(matches!(Profile::merge(&[]), Err(MergeError::Nothing)));
        let mut a = Profile::with_sample_types(&[("samples", "count"), ("cpu", "nanoseconds")]);
        let mut b = Profile::with_sample_types(&[("cpu", "nanoseconds"), ("samples", "count")]);
        let c = Profile::with_sample_types(&[("cpu", "nanoseconds")]);
        a.add(&[], 0, &[1, 10]);
        b.add(&[], 0, &[20, 2]);
        let merged = Profile::merge(&[(&a, 1), (&b, 1)]).unwrap();
        assert_eq!(merged.values, [vec![3], vec![30]]);
        assert!(matches!(
            Profile::merge(&[(&a, 1), (&c, 1)]),
            Err(MergeError::SampleTypes(1))
        ));
    }
}

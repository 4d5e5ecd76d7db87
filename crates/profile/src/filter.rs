//! Keeping a part of a profile: by functions, threads, labels and time.

use regex::Regex;

use crate::samples::{SampleRow, SampleTable};
use crate::stacks::StackTable;
use crate::tables::Profile;

/// Why a profile cannot be filtered.
#[derive(Debug, thiserror::Error)]
pub enum FilterError {
    /// A pattern is no regular expression.
    #[error("{0}")]
    Pattern(#[from] regex::Error),
    /// Sums carry neither threads nor times.
    #[error("the profile holds sums and no single samples, so that {0} are not known")]
    NoSamples(&'static str),
}

/// What is kept: all that is given must be true.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    focus: Option<Regex>,
    ignore: Option<Regex>,
    thread: Option<Regex>,
    label: Option<Regex>,
    begin_ns: Option<i64>,
    end_ns: Option<i64>,
}

/// A filter as it is written; empty patterns keep everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct FilterText<'a> {
    /// Some frame of a kept stack has a function, file or module that matches.
    pub focus: &'a str,
    /// No frame of a kept stack does.
    pub ignore: &'a str,
    /// Name or number of the thread.
    pub thread: &'a str,
    /// Some label, written `key:value`, matches.
    pub label: &'a str,
    /// Earliest, in ns after the first sample.
    pub begin_ns: Option<i64>,
    /// The end, in ns after the first sample; not kept itself.
    pub end_ns: Option<i64>,
}

impl Filter {
    /// Compiles a filter.
    ///
    /// # Errors
    /// When a pattern is no regular expression.
    pub fn new(text: FilterText<'_>) -> Result<Self, FilterError> {
        let compiled = |pattern: &str| {
            let given = (!pattern.is_empty()).then(|| Regex::new(pattern));
            given.transpose()
        };
        Ok(Self {
            focus: compiled(text.focus)?,
            ignore: compiled(text.ignore)?,
            thread: compiled(text.thread)?,
            label: compiled(text.label)?,
            begin_ns: text.begin_ns,
            end_ns: text.end_ns,
        })
    }
}

impl Profile {
    /// Returns the part of the profile that a filter keeps; stacks without value are left out.
    ///
    /// # Errors
    /// When threads or times are asked for and there are no single samples.
    pub fn filtered(&self, filter: &Filter) -> Result<Self, FilterError> {
        let stacks = self.kept_stacks(filter);
        if filter.thread.is_some() && self.samples.is_empty() {
            return Err(FilterError::NoSamples("threads"));
        }
        let by_time = filter.begin_ns.is_some() || filter.end_ns.is_some();
        if by_time && self.samples.is_empty() {
            return Err(FilterError::NoSamples("times"));
        }
        let mut kept = self.without_stacks();
        if filter.thread.is_some() || by_time {
            self.add_samples(&mut kept, filter, &stacks);
            kept.warnings.extend(self.unsampled_note());
        } else {
            self.add_stacks(&mut kept, &stacks);
        }
        if by_time {
            let end = filter.end_ns.unwrap_or(i64::MAX).min(self.duration_ns);
            kept.duration_ns = end.saturating_sub(filter.begin_ns.unwrap_or(0)).max(0);
        }
        Ok(kept)
    }

    /// What threads and times leave out, because it is known as a sum only.
    fn unsampled_note(&self) -> Option<String> {
        let share = |column: usize| {
            let rows = 0..self.samples.len();
            let sampled: i128 = rows
                .map(|row| i128::from(self.samples.value(row, column)))
                .sum();
            let total = i128::from(self.total(column));
            (total > 0).then(|| (total - sampled) as f64 / total as f64)
        };
        let missing = (0..self.values.len()).filter_map(share).fold(0.0, f64::max);
        (missing > 0.0).then(|| {
            format!(
                "{:.1} % of the profile are sums without single samples: a filter by thread or time leaves them out",
                missing * 100.0
            )
        })
    }

    pub(crate) fn without_stacks(&self) -> Self {
        Self {
            stacks: StackTable::default(),
            values: vec![Vec::new(); self.values.len()],
            samples: SampleTable {
                uniform: self.samples.uniform.clone(),
                ..SampleTable::default()
            },
            ..self.clone()
        }
    }

    /// For each stack, whether functions and labels keep it.
    fn kept_stacks(&self, filter: &Filter) -> Vec<bool> {
        let matching = |pattern: &Option<Regex>| -> Option<Vec<bool>> {
            let pattern = pattern.as_ref()?;
            let rows = self.frames.rows().iter();
            let texts = rows.map(|row| [row.function, row.file, row.module]);
            Some(
                texts
                    .map(|ids| {
                        ids.iter()
                            .any(|&id| pattern.is_match(self.strings.text(id)))
                    })
                    .collect(),
            )
        };
        let (focus, ignore) = (matching(&filter.focus), matching(&filter.ignore));
        let on_stack = |stack: u32, frames: &[bool]| {
            self.stack_frames(stack).any(|frame| frames[frame as usize])
        };
        (0..self.stacks.len() as u32)
            .map(|stack| {
                focus.as_ref().is_none_or(|found| on_stack(stack, found))
                    && !ignore.as_ref().is_some_and(|found| on_stack(stack, found))
                    && filter
                        .label
                        .as_ref()
                        .is_none_or(|label| self.is_labelled(stack, label))
            })
            .collect()
    }

    fn is_labelled(&self, stack: u32, pattern: &Regex) -> bool {
        let labels = self.labels.get(self.stacks.labels(stack)).iter();
        labels.into_iter().any(|label| {
            let (key, text) = (self.strings.text(label.key), self.strings.text(label.text));
            let value = if text.is_empty() {
                format!("{}{}", label.number, self.strings.text(label.unit))
            } else {
                text.to_owned()
            };
            pattern.is_match(&format!("{key}:{value}"))
        })
    }

    /// Adds the stacks that are marked, unless all their values are 0.
    pub(crate) fn add_stacks(&self, kept: &mut Self, stacks: &[bool]) {
        let mut rows = vec![None; stacks.len()];
        for stack in (0..stacks.len()).filter(|&stack| stacks[stack]) {
            let values: Vec<i64> = self
                .values
                .iter()
                .map(|column| column.get(stack).copied().unwrap_or(0))
                .collect();
            if values.iter().any(|&value| value != 0) {
                rows[stack] = Some(self.add_stack(kept, stack as u32, &values));
            }
        }
        for row in 0..self.samples.len() {
            let stack = rows
                .get(self.samples.stack[row] as usize)
                .copied()
                .flatten();
            if let Some(stack) = stack {
                self.add_sample(kept, row, stack);
            }
        }
    }

    fn add_samples(&self, kept: &mut Self, filter: &Filter, stacks: &[bool]) {
        let start = self.samples.t_ns.iter().min().copied().unwrap_or(0);
        let begin = filter
            .begin_ns
            .map_or(i64::MIN, |ns| start.saturating_add(ns));
        let end = filter
            .end_ns
            .map_or(i64::MAX, |ns| start.saturating_add(ns));
        let threads = filter
            .thread
            .as_ref()
            .map(|pattern| self.threads_named(pattern));
        for row in 0..self.samples.len() {
            let t_ns = self.samples.t_ns[row];
            let tid = self.samples.tid[row];
            let stack = self.samples.stack[row];
            let wanted = stacks.get(stack as usize).copied().unwrap_or(false)
                && (begin..end).contains(&t_ns)
                && threads.as_ref().is_none_or(|is_wanted| is_wanted(tid));
            if wanted {
                let columns = 0..self.values.len();
                let values: Vec<i64> = columns
                    .map(|column| self.samples.value(row, column))
                    .collect();
                let stack = self.add_stack(kept, stack, &values);
                self.add_sample(kept, row, stack);
            }
        }
    }

    fn threads_named(&self, pattern: &Regex) -> impl Fn(i32) -> bool {
        let named: std::collections::HashSet<i32> = self
            .threads
            .iter()
            .filter(|thread| pattern.is_match(self.strings.text(thread.name)))
            .map(|thread| thread.tid)
            .collect();
        let pattern = pattern.clone();
        move |tid| named.contains(&tid) || pattern.is_match(&tid.to_string())
    }

    fn add_stack(&self, kept: &mut Self, stack: u32, values: &[i64]) -> u32 {
        kept.add(
            self.stacks.locations(stack),
            self.stacks.labels(stack),
            values,
        )
    }

    fn add_sample(&self, kept: &mut Self, row: usize, stack: u32) {
        let sample = SampleRow {
            t_ns: self.samples.t_ns[row],
            tid: self.samples.tid[row],
            cpu: self.samples.cpu[row],
            stack,
        };
        if self.samples.values.is_empty() {
            kept.samples.push(sample);
        } else {
            let columns = 0..self.samples.values.len();
            let values: Vec<i64> = columns
                .map(|column| self.samples.value(row, column))
                .collect();
            kept.samples.push_with_values(sample, &values);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::threads::ThreadRow;
    use proptest::prelude::*;

    /// Samples of `(function, thread)`, one a second; each counts 1 and 10.
    fn profile(samples: &[(u8, i32)]) -> Profile {
        let mut profile =
            Profile::with_sample_types(&[("samples", "count"), ("cpu", "nanoseconds")]);
        profile.samples.uniform = vec![1, 10];
        profile.duration_ns = samples.len() as i64 * 1_000_000_000;
        for tid in 1..4 {
            let name = profile.strings.intern(&format!("worker{tid}"));
            profile.threads.push(ThreadRow { tid, pid: 1, name });
        }
        let mut names = Vec::new();
        for address in 0..=u64::from(u8::MAX) {
            profile.locations.intern(crate::NO_MAPPING, address);
            names.push(vec![crate::ResolvedFrame {
                function: format!("f{address}"),
                ..Default::default()
            }]);
        }
        profile.set_frames(names);
        for (second, &(function, tid)) in samples.iter().enumerate() {
            let stack = profile.add(&[u32::from(function), 0], 0, &[1, 10]);
            profile.samples.push(SampleRow {
                t_ns: second as i64 * 1_000_000_000,
                tid,
                cpu: 0,
                stack,
            });
        }
        profile
    }

    fn filtered(profile: &Profile, text: FilterText<'_>) -> Profile {
        profile.filtered(&Filter::new(text).unwrap()).unwrap()
    }

    #[test]
    fn sums_without_samples_are_left_out_with_a_warning() {
        let mut whole = profile(&[(1, 1), (2, 1), (1, 2), (3, 3)]);
        let by_thread = FilterText {
            thread: "worker",
            ..Default::default()
        };
        assert!(filtered(&whole, by_thread).warnings.is_empty());
        whole.add(&[9, 0], 0, &[4, 40]);
        let kept = filtered(&whole, by_thread);
        assert_eq!(kept.total(0), 4);
        assert!(
            kept.warnings[0].starts_with("50.0 % of the profile"),
            "{:?}",
            kept.warnings
        );
    }

    #[test]
    fn each_filter_keeps_its_part() {
        let profile = profile(&[(1, 1), (2, 1), (1, 2), (3, 3)]);
        let total = |text| filtered(&profile, text).total(0);
        assert_eq!(
            total(FilterText {
                focus: "^f1$",
                ..Default::default()
            }),
            2
        );
        assert_eq!(
            total(FilterText {
                ignore: "^f1$",
                ..Default::default()
            }),
            2
        );
        assert_eq!(
            total(FilterText {
                thread: "^worker1$",
                ..Default::default()
            }),
            2
        );
        assert_eq!(
            total(FilterText {
                thread: "^3$",
                ..Default::default()
            }),
            1
        );
        assert_eq!(
            total(FilterText {
                begin_ns: Some(1_000_000_000),
                ..Default::default()
            }),
            3
        );
        assert_eq!(
            total(FilterText {
                end_ns: Some(1_000_000_000),
                ..Default::default()
            }),
            1
        );
        assert_eq!(
            total(FilterText {
                label: "x",
                ..Default::default()
            }),
            0
        );
    }

    #[test]
    fn labels_match_as_key_and_value() {
        let mut profile = Profile::with_sample_types(&[("samples", "count")]);
        let (key, text) = (
            profile.strings.intern("route"),
            profile.strings.intern("/a"),
        );
        let set = profile.labels.intern(&[crate::Label {
            key,
            text,
            ..Default::default()
        }]);
        profile.add(&[], set, &[5]);
        profile.add(&[], 0, &[7]);
        let kept = filtered(
            &profile,
            FilterText {
                label: "^route:/a$",
                ..Default::default()
            },
        );
        assert_eq!(kept.total(0), 5);
    }

    #[test]
    fn sums_have_neither_threads_nor_times() {
        let profile = Profile::with_sample_types(&[("samples", "count")]);
        for text in [
            FilterText {
                thread: "x",
                ..Default::default()
            },
            FilterText {
                begin_ns: Some(0),
                ..Default::default()
            },
        ] {
            let refused = profile.filtered(&Filter::new(text).unwrap());
            assert!(matches!(refused, Err(FilterError::NoSamples(_))));
        }
        assert!(
            Filter::new(FilterText {
                focus: "(",
                ..Default::default()
            })
            .is_err()
        );
    }

    proptest! {
        #[test]
        fn what_is_kept_and_what_is_dropped_add_up(samples in prop::collection::vec((0u8..6, 1i32..4), 0..40), cut in 0i64..40) {
            let profile = profile(&samples);
            let focused = filtered(&profile, FilterText { focus: "^f2$", ..Default::default() });
            let ignored = filtered(&profile, FilterText { ignore: "^f2$", ..Default::default() });
            prop_assert_eq!(focused.total(1) + ignored.total(1), profile.total(1));
            prop_assert_eq!(focused.samples.len() + ignored.samples.len(), samples.len());
            if !samples.is_empty() {
                let cut = Some(cut * 1_000_000_000);
                let before = filtered(&profile, FilterText { end_ns: cut, ..Default::default() });
                let after = filtered(&profile, FilterText { begin_ns: cut, ..Default::default() });
                prop_assert_eq!(before.total(0) + after.total(0), profile.total(0));
            }
        }
    }
}

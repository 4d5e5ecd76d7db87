//! Reading collapsed text, line by line.

use std::io::{self, Read};

use crate::fold::FoldLimits;
use crate::lines::Lines;
use crate::named::{NamedFrame, NamedStacks};
use crate::tables::Profile;

/// Fractions become thousandths.
const THOUSAND: f64 = 1_000.0;

impl Profile {
    /// Reads collapsed text: `frame;frame count`, root first, with one count or two (before and after).
    ///
    /// Frames may end in `_[k]` (kernel), `_[i]` (inlined) or `_[j]` (generated code). Where counts have
    /// fractions, all values are thousandths. Empty lines and comments (`#`) are passed over; what is no
    /// stack is counted in a warning.
    ///
    /// # Errors
    /// If the source fails.
    pub fn from_collapsed(source: impl Read, limits: FoldLimits) -> io::Result<Self> {
        let mut lines = Lines::new(source);
        let mut reader = Reader {
            stacks: NamedStacks::new(limits),
            sums: Vec::new(),
            columns: 0,
            has_fractions: false,
            strange: 0,
            first_strange: 0,
        };
        loop {
            let offset = lines.offset();
            let Some(line) = lines.next()? else {
                break;
            };
            reader.line(offset, &String::from_utf8_lossy(line));
        }
        Ok(reader.finish())
    }
}

struct Reader {
    stacks: NamedStacks,
    /// By stack.
    sums: Vec<[f64; 2]>,
    /// Counts of a line, as the first one has them.
    columns: usize,
    has_fractions: bool,
    strange: u64,
    first_strange: u64,
}

impl Reader {
    fn line(&mut self, offset: u64, line: &str) {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            return;
        }
        if self.columns == 0 {
            self.columns = split(line, 2).map_or(1, |_| 2);
        }
        let Some((frames, counts)) = split(line, self.columns) else {
            if self.strange == 0 {
                self.first_strange = offset;
            }
            self.strange += 1;
            return;
        };
        let names: Vec<&str> = frames.split(';').filter(|name| !name.is_empty()).collect();
        let stack = self.stacks.stack(names.into_iter().rev().map(frame)) as usize;
        if self.sums.len() <= stack {
            self.sums.resize(stack + 1, [0.0; 2]);
        }
        for (sum, count) in self.sums[stack].iter_mut().zip(counts) {
            self.has_fractions |= count.fract() != 0.0;
            *sum += count;
        }
    }

    fn finish(mut self) -> Profile {
        let (unit, scale) = if self.has_fractions {
            ("thousandths", THOUSAND)
        } else {
            ("count", 1.0)
        };
        let kinds = if self.columns == 2 {
            &["before", "after"][..]
        } else {
            &["samples"]
        };
        for kind in kinds {
            let sample_type = self.stacks.profile.sample_type(kind, unit);
            self.stacks.profile.add_column(sample_type);
        }
        for (stack, sums) in (0..).zip(&self.sums) {
            // Beyond what a number holds, the largest one is taken.
            let values = sums.map(|sum| (sum * scale).round() as i64);
            self.stacks.add(stack, &values[..kinds.len()]);
        }
        let mut profile = self.stacks.finish();
        if self.strange > 0 {
            let note = format!(
                "{} lines are no stacks with a count and were passed over, the first at byte {}",
                self.strange, self.first_strange
            );
            profile.warnings.push(note);
        }
        profile
    }
}

/// Whether this could be a line of collapsed text.
pub(crate) fn is_line(line: &str) -> bool {
    split(line.trim_end(), 1).is_some()
}

/// Frames and counts; the second of two is 0 where one is asked for.
fn split(line: &str, columns: usize) -> Option<(&str, [f64; 2])> {
    let (frames, last) = last_count(line)?;
    if columns < 2 {
        return Some((frames, [last, 0.0]));
    }
    let (frames, first) = last_count(frames)?;
    Some((frames, [first, last]))
}

fn last_count(line: &str) -> Option<(&str, f64)> {
    let (frames, count) = line.rsplit_once([' ', '\t'])?;
    let is_number = count
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let count = count.parse().ok().filter(|_| is_number)?;
    let frames = frames.trim_end();
    (!frames.is_empty()).then_some((frames, count))
}

fn frame(name: &str) -> NamedFrame<'_> {
    let ends = |mark| name.strip_suffix(mark);
    let (kernel, inlined) = (ends("_[k]"), ends("_[i]"));
    NamedFrame {
        function: kernel.or(inlined).or(ends("_[j]")).unwrap_or(name),
        kernel: kernel.is_some(),
        inlined: inlined.is_some(),
        ..NamedFrame::default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, clippy::panic)]

    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Profile {
        Profile::from_collapsed(text.as_bytes(), FoldLimits::default()).expect("bytes can be read")
    }

    fn types(profile: &Profile) -> Vec<(&str, &str)> {
        let text = |id| profile.strings.text(id);
        profile
            .sample_types
            .iter()
            .map(|found| (text(found.kind), text(found.unit)))
            .collect()
    }

    #[test]
    fn lines_become_stacks() {
        let profile = read("# comment\n\nmain;a b;leaf 3\nmain;a b;leaf 4\r\nmain 1\nno count\n");
        assert_eq!(profile.to_collapsed(0), "main 1\nmain;a b;leaf 7\n");
        assert_eq!(profile.stacks.len(), 2);
        let note = "1 lines are no stacks with a count and were passed over, the first at byte 51";
        assert_eq!(profile.warnings, [note]);
    }

    #[test]
    fn marks_of_frames_are_understood() {
        let profile = read("main;inner_[i];sys_[k];gen_[j] 1\n");
        let frames: Vec<_> = profile
            .frames
            .rows()
            .iter()
            .map(|row| (profile.strings.text(row.function), row.kernel, row.inlined))
            .collect();
        let expected = [
            ("gen", false, false),
            ("sys", true, false),
            ("inner", false, true),
            ("main", false, false),
        ];
        assert_eq!(frames, expected);
        assert_eq!(
            profile.stacks.locations(0).len(),
            3,
            "an inlined frame shares its caller's location"
        );
    }

    #[test]
    fn two_counts_and_fractions_are_kept() {
        let profile = read("a;b 1 2\na;c 3 5\n");
        assert_eq!(types(&profile), [("before", "count"), ("after", "count")]);
        assert_eq!((profile.total(0), profile.total(1)), (4, 7));
        let profile = read("a;b 0.25\na;b 1e2\n");
        assert_eq!(types(&profile), [("samples", "thousandths")]);
        assert_eq!(profile.total(0), 100_250);
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(lines in prop::collection::btree_map("[a-c]{1,2}(;[a-c]{1,2}){0,3}", 1i64..1000, 0..20)) {
            let text: String = lines.iter().map(|(stack, count)| format!("{stack} {count}\n")).collect();
            prop_assert_eq!(read(&text).to_collapsed(0), text);
        }

        #[test]
        fn any_text_never_panic(text in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(&b"; 1\n_[ki]"[..])], 0..300)) {
            let _ = Profile::from_collapsed(&text[..], FoldLimits::default());
        }
    }
}

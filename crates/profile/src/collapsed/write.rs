//! Writing collapsed text.

use std::collections::BTreeMap;

use crate::tables::Profile;

impl Profile {
    /// Writes the values of one column as collapsed text, sorted, stacks of equal names summed.
    ///
    /// Semicolons and line breaks inside names become colons and spaces, so that every reader of
    /// the format splits the lines as they were meant. Stacks without value are left out.
    #[must_use]
    pub fn to_collapsed(&self, column: usize) -> String {
        let values = self.values.get(column).map_or(&[][..], |values| values);
        let names: Vec<String> = self
            .frames
            .rows()
            .iter()
            .map(|row| clean(self.strings.text(row.function)))
            .collect();
        let mut lines: BTreeMap<String, i64> = BTreeMap::new();
        for (stack, &value) in values.iter().enumerate().filter(|(_, value)| **value != 0) {
            let sum = lines.entry(self.line(stack as u32, &names)).or_default();
            *sum = sum.saturating_add(value);
        }
        lines
            .iter()
            .map(|(line, value)| format!("{line} {value}\n"))
            .collect()
    }

    fn line(&self, stack: u32, names: &[String]) -> String {
        let frames: Vec<&str> = self
            .stack_frames(stack)
            .rev()
            .map(|frame| names[frame as usize].as_str())
            .collect();
        if frames.is_empty() {
            "[unknown]".to_owned()
        } else {
            frames.join(";")
        }
    }
}

fn clean(name: &str) -> String {
    if name.is_empty() {
        return "[unknown]".to_owned();
    }
    name.replace(';', ":").replace(['\n', '\r'], " ")
}

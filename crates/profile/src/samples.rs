//! Single samples in the order in which they came.

/// When and where one stack was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleRow {
    /// CLOCK_MONOTONIC nanoseconds.
    pub t_ns: i64,
    /// Thread.
    pub tid: i32,
    /// CPU.
    pub cpu: i32,
    /// Row of [`crate::StackTable`].
    pub stack: u32,
}

/// Samples in columns; empty for formats that carry only sums.
#[derive(Clone, Default)]
pub struct SampleTable {
    /// CLOCK_MONOTONIC nanoseconds.
    pub t_ns: Vec<i64>,
    /// Thread.
    pub tid: Vec<i32>,
    /// CPU.
    pub cpu: Vec<i32>,
    /// Row of [`crate::StackTable`].
    pub stack: Vec<u32>,
    /// What each sample counts, one column a sample type; without columns every sample counts `uniform`.
    pub values: Vec<Vec<i64>>,
    /// What every sample counts where there are no columns, one number a sample type.
    pub uniform: Vec<i64>,
}

impl SampleTable {
    /// Adds a sample that counts `values`, one number a sample type.
    pub fn push_with_values(&mut self, row: SampleRow, values: &[i64]) {
        self.values.resize(values.len(), Vec::new());
        for (column, value) in self.values.iter_mut().zip(values) {
            column.resize(self.stack.len(), 0);
            column.push(*value);
        }
        self.push(row);
    }

    /// Adds a sample, and a column of values only once two samples count differently.
    pub(crate) fn push_counting(&mut self, row: SampleRow, values: &[i64]) {
        if self.is_empty() {
            self.uniform = values.to_vec();
        } else if self.values.is_empty() && self.uniform != values {
            let length = self.len();
            let filled = |&value: &i64| vec![value; length];
            self.values = self.uniform.iter().map(filled).collect();
            self.uniform.clear();
        }
        if self.uniform.is_empty() {
            self.push_with_values(row, values);
        } else {
            self.push(row);
        }
    }

    /// What a sample counts in the column of a sample type; 0 where there is none.
    #[must_use]
    pub fn value(&self, row: usize, column: usize) -> i64 {
        let own = self.values.get(column).and_then(|column| column.get(row));
        let value = if self.values.is_empty() {
            self.uniform.get(column)
        } else {
            own
        };
        value.copied().unwrap_or(0)
    }

    /// Sums of the squared values of a column, one for each of `stacks` stacks; empty without samples.
    ///
    /// The variance of a sum of sampled values, such as times off the CPU, is estimated by it (compound Poisson).
    #[must_use]
    pub fn squares(&self, column: usize, stacks: usize) -> Vec<f64> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut sums = vec![0.0; stacks];
        for (row, &stack) in self.stack.iter().enumerate() {
            if let Some(sum) = sums.get_mut(stack as usize) {
                let value = self.value(row, column) as f64;
                *sum += value * value;
            }
        }
        sums
    }

    /// Adds a sample that counts what all do.
    pub fn push(&mut self, row: SampleRow) {
        self.t_ns.push(row.t_ns);
        self.tid.push(row.tid);
        self.cpu.push(row.cpu);
        self.stack.push(row.stack);
    }

    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.stack.len()
    }

    /// Whether there are no samples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stack.is_empty()
    }

    /// Brings the rows into the order of time; rings of several CPUs are drained one after the other.
    pub fn sort_by_time(&mut self) {
        if self.t_ns.is_sorted() {
            return;
        }
        let mut order: Vec<u32> = (0..self.len() as u32).collect();
        order.sort_by_key(|&row| self.t_ns[row as usize]);
        self.t_ns = permuted(&self.t_ns, &order);
        self.tid = permuted(&self.tid, &order);
        self.cpu = permuted(&self.cpu, &order);
        self.stack = permuted(&self.stack, &order);
        for column in &mut self.values {
            *column = permuted(column, &order);
        }
    }
}

fn permuted<T: Copy>(column: &[T], order: &[u32]) -> Vec<T> {
    order.iter().map(|&row| column[row as usize]).collect()
}

#[cfg(test)]
mod tests {
    use super::{SampleRow, SampleTable};

    fn row(stack: u32) -> SampleRow {
        SampleRow {
            t_ns: 0,
            tid: 1,
            cpu: 0,
            stack,
        }
    }

    #[test]
    fn squares_are_summed_by_stack() {
        let mut table = SampleTable::default();
        assert!(table.squares(0, 2).is_empty());
        for (stack, value) in [(0, 3), (1, 10), (0, 4)] {
            table.push_with_values(row(stack), &[1, value]);
        }
        assert_eq!(table.squares(1, 2), [25.0, 100.0]);
        assert_eq!(table.squares(0, 2), [2.0, 1.0]);
        assert_eq!(
            table.squares(1, 1),
            [25.0],
            "a stack out of range is no panic"
        );
    }

    #[test]
    fn equal_values_need_no_column() {
        let mut table = SampleTable {
            uniform: vec![1, 5],
            ..SampleTable::default()
        };
        table.push(row(0));
        table.push(row(0));
        assert_eq!(table.squares(1, 1), [50.0]);
    }
}

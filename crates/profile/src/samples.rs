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

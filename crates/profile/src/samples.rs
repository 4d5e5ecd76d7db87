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
}

impl SampleTable {
    /// Adds a sample.
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
    }
}

fn permuted<T: Copy>(column: &[T], order: &[u32]) -> Vec<T> {
    order.iter().map(|&row| column[row as usize]).collect()
}

//! Values side by side.

/// The values in their order.
pub(crate) struct Readings {
    values: Vec<u64>,
}

impl Readings {
    pub(crate) fn new(values: Vec<u64>) -> Self {
        Self { values }
    }

    /// Sums the values of a window that begins at `from`; behind the last one comes the first.
    pub(crate) fn sum(&self, from: usize, window: usize) -> u64 {
        let (before, behind) = self.values.split_at(from.min(self.values.len()));
        behind.iter().chain(before).take(window).sum()
    }
}

//! How many starts fall into the busiest stretch of a length, in memory of one size.

/// Parts of a stretch that are counted separately.
const PARTS: u64 = 256;
/// A stretch that does not begin with a part touches one more.
const TOUCHED: usize = PARTS as usize + 1;

/// Upper bound for any stretch: the starts in the parts that it can touch.
#[derive(Clone, Debug)]
pub(crate) struct Busiest {
    part_ns: u64,
    counts: Vec<u64>,
    part: u64,
    sum: u64,
    most: u64,
}

impl Busiest {
    pub(crate) fn new(stretch_ns: u64) -> Self {
        Self {
            part_ns: stretch_ns.div_ceil(PARTS).max(1),
            counts: vec![0; TOUCHED],
            part: 0,
            sum: 0,
            most: 0,
        }
    }

    /// Counts a start; starts must not go backwards.
    pub(crate) fn add(&mut self, at_ns: u64) {
        let part = at_ns / self.part_ns;
        if part - self.part >= TOUCHED as u64 {
            self.counts.fill(0);
            self.sum = 0;
            self.part = part;
        }
        while self.part < part {
            self.part += 1;
            let passed = std::mem::take(&mut self.counts[self.part as usize % TOUCHED]);
            self.sum -= passed;
        }
        self.counts[part as usize % TOUCHED] += 1;
        self.sum += 1;
        self.most = self.most.max(self.sum);
    }

    pub(crate) const fn most(&self) -> u64 {
        self.most
    }
}

#[cfg(test)]
mod tests {
    use super::Busiest;

    #[test]
    fn it_bounds_the_busiest_stretch_from_above_and_closely() {
        let starts: Vec<u64> = (0..10_000_u64).map(|n| n * n % 977 + n * 100).collect();
        let mut starts = starts;
        starts.sort_unstable();
        for stretch in [1_u64, 255, 256, 10_000, 77_777, 10_000_000] {
            let mut busiest = Busiest::new(stretch);
            starts.iter().for_each(|start| busiest.add(*start));
            let exact = |width: u64| {
                let ends = (0..starts.len()).map(|end| {
                    let from = starts.partition_point(|at| at + width <= starts[end]);
                    end + 1 - from
                });
                ends.max().unwrap_or(0) as u64
            };
            assert!(busiest.most() >= exact(stretch));
            assert!(busiest.most() <= exact(257 * stretch.div_ceil(256)));
        }
    }
}

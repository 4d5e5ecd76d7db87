//! Which requests of a schedule are asked: those at its beginning, then what rare operations still lack.

/// Decides by the schedule alone, so that two services are asked the same.
pub(super) struct Choice {
    first: u64,
    each: u64,
    seen: u64,
    taken: Vec<u64>,
    /// Operations that were asked less than `each` times.
    lacking: usize,
}

impl Choice {
    /// Takes the `first` requests, and then those of operations that were taken less than `each` times.
    pub(super) fn new(operations: usize, first: u64, each: u64) -> Self {
        Self {
            first,
            each,
            seen: 0,
            taken: vec![0; operations],
            lacking: if each == 0 { 0 } else { operations },
        }
    }

    /// Whether nothing more is wanted.
    pub(super) const fn is_complete(&self) -> bool {
        self.seen >= self.first && self.lacking == 0
    }

    /// Whether the next request of the schedule is asked.
    pub(super) fn takes(&mut self, operation: u16) -> bool {
        let begins = self.seen < self.first;
        self.seen += 1;
        let Some(taken) = self.taken.get_mut(usize::from(operation)) else {
            return false;
        };
        let asked = begins || *taken < self.each;
        *taken += u64::from(asked);
        self.lacking -= usize::from(asked && *taken == self.each);
        asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_operations_are_asked_beyond_the_beginning() {
        let mut choice = Choice::new(2, 3, 2);
        let schedule = [0, 0, 0, 0, 1, 0, 1, 1];
        let taken: Vec<bool> = schedule.map(|one| choice.takes(one)).to_vec();
        assert_eq!(taken, [true, true, true, false, true, false, true, false]);
        assert!(choice.is_complete());
    }

    #[test]
    fn what_never_comes_keeps_it_open() {
        let mut choice = Choice::new(2, 1, 1);
        assert!(choice.takes(0) && !choice.is_complete() && !choice.takes(7));
        assert!(Choice::new(2, 0, 0).is_complete());
    }
}

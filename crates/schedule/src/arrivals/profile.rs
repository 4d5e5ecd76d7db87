//! Time rescaling: a process of unit rate becomes one whose rate follows a profile.
//!
//! The n-th start is due when the rate's integral reaches the n-th mark of the unit process; marks
//! are whole numbers for equal gaps, sums of exponential draws for Poisson (Lewis and Shedler 1976).

use super::shape::Stretch;
use crate::random::{Purpose, Random};
use crate::spec::{Shape, Spec};

/// The gaps of the unit process.
#[derive(Clone, Debug)]
enum Gaps {
    Equal { begun: bool },
    Exponential(Box<Random>),
}

/// What is left of a burst stretch whose lengths are drawn.
#[derive(Clone, Copy, Debug)]
struct RandomBurst {
    rates: [f64; 2],
    means_ns: [f64; 2],
    left_ns: u64,
    turn: usize,
}

impl RandomBurst {
    fn new(shape: &Shape) -> Option<Self> {
        match *shape {
            Shape::Burst {
                duration_ns,
                on_per_s,
                off_per_s,
                on_ns,
                off_ns,
                random: true,
            } => Some(Self {
                rates: [on_per_s, off_per_s],
                means_ns: [on_ns as f64, off_ns as f64],
                left_ns: duration_ns,
                turn: 0,
            }),
            _ => None,
        }
    }

    /// Returns the next stretch of one rate; at least 1 ns, so that every stretch leads on.
    fn next(&mut self, lengths: &mut Random) -> Option<Shape> {
        if self.left_ns == 0 {
            return None;
        }
        let drawn = (lengths.exponential() * self.means_ns[self.turn]) as u64;
        let duration_ns = drawn.clamp(1, self.left_ns);
        let rate_per_s = self.rates[self.turn];
        self.left_ns -= duration_ns;
        self.turn = 1 - self.turn;
        Some(Shape::Hold {
            duration_ns,
            rate_per_s,
        })
    }
}

/// Intended starts along a profile, rising, all below the duration.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    shapes: Vec<Shape>,
    next_shape: usize,
    burst: Option<RandomBurst>,
    lengths: Box<Random>,
    gaps: Gaps,
    stretch: Stretch,
    begin_ns: u64,
    reached: f64,
    last_ns: u64,
    end_ns: u64,
}

impl Profile {
    pub(crate) fn constant(spec: &Spec) -> Self {
        Self::new(spec, Gaps::Equal { begun: false })
    }

    pub(crate) fn poisson(spec: &Spec) -> Self {
        let random = Random::new(spec.seed, Purpose::Gaps);
        Self::new(spec, Gaps::Exponential(Box::new(random)))
    }

    fn new(spec: &Spec, gaps: Gaps) -> Self {
        let hold = Shape::Hold {
            duration_ns: spec.duration_ns,
            rate_per_s: spec.rate_per_s,
        };
        let nothing = Shape::Hold {
            duration_ns: 0,
            rate_per_s: 0.0,
        };
        let shapes = if spec.profile.is_empty() {
            vec![hold]
        } else {
            spec.profile.clone()
        };
        Self {
            shapes,
            next_shape: 0,
            burst: None,
            lengths: Box::new(Random::new(spec.seed, Purpose::Bursts)),
            gaps,
            stretch: Stretch::new(nothing),
            begin_ns: 0,
            reached: 0.0,
            last_ns: 0,
            end_ns: spec.duration_ns,
        }
    }

    fn gap(&mut self) -> f64 {
        match &mut self.gaps {
            Gaps::Equal { begun } => f64::from(u8::from(std::mem::replace(begun, true))),
            Gaps::Exponential(random) => random.exponential(),
        }
    }

    /// Goes to the stretch after this one; false when the time line ends.
    fn advance(&mut self) -> bool {
        self.begin_ns += self.stretch.shape.duration_ns();
        if self.begin_ns >= self.end_ns {
            return false;
        }
        let piece = self
            .burst
            .as_mut()
            .and_then(|burst| burst.next(&mut self.lengths));
        let shape = piece.unwrap_or_else(|| self.enter_shape());
        self.stretch = Stretch::new(shape);
        true
    }

    fn enter_shape(&mut self) -> Shape {
        let shape = self.shapes[self.next_shape];
        self.next_shape = (self.next_shape + 1) % self.shapes.len();
        self.burst = RandomBurst::new(&shape);
        let piece = self
            .burst
            .as_mut()
            .and_then(|burst| burst.next(&mut self.lengths));
        piece.unwrap_or(shape)
    }
}

impl Iterator for Profile {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.reached += self.gap();
        while self.reached >= self.stretch.expected {
            self.reached -= self.stretch.expected;
            if !self.advance() {
                self.reached = f64::INFINITY; // stays at its end
                self.begin_ns = self.end_ns;
                return None;
            }
        }
        let due = self.begin_ns + self.stretch.inverse(self.reached) as u64;
        self.last_ns = self.last_ns.max(due); // rounding must not turn the order
        (self.last_ns < self.end_ns).then_some(self.last_ns)
    }
}

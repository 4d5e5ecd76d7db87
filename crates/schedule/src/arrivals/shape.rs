//! Stretches of a rate profile: how many starts are expected, and the inverse, when the n-th is due.

use std::f64::consts::PI;

use crate::spec::Shape;

const NS_PER_S: f64 = 1e9;
/// More than bisection alone needs for all bits of a double.
const MAX_STEPS: u32 = 128;

/// A stretch whose rate is a known function of time; times in ns from its beginning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    pub(crate) shape: Shape,
    pub(crate) expected: f64,
}

impl Stretch {
    pub(crate) fn new(shape: Shape) -> Self {
        let expected = expected(&shape, shape.duration_ns() as f64);
        Self { shape, expected }
    }

    /// Returns the time before which `count` starts are expected, 0 <= count < `expected`.
    pub(crate) fn inverse(&self, count: f64) -> f64 {
        let length = self.shape.duration_ns() as f64;
        let due = match self.shape {
            Shape::Hold { rate_per_s, .. } => count * NS_PER_S / rate_per_s,
            Shape::Ramp {
                from_per_s,
                to_per_s,
                ..
            } => ramp_inverse(from_per_s, to_per_s, length, count),
            Shape::Sine {
                mean_per_s,
                amplitude_per_s,
                period_ns,
                ..
            } => sine_inverse(mean_per_s, amplitude_per_s, period_ns as f64, count),
            Shape::Burst {
                on_per_s,
                off_per_s,
                on_ns,
                off_ns,
                ..
            } => burst_inverse([on_per_s, off_per_s], [on_ns as f64, off_ns as f64], count),
        };
        due.clamp(0.0, length)
    }
}

/// Returns the number of starts expected in the first `time` ns; a random burst by its means.
pub(crate) fn expected(shape: &Shape, time: f64) -> f64 {
    let length = shape.duration_ns() as f64;
    match *shape {
        Shape::Hold { rate_per_s, .. } => rate_per_s * time / NS_PER_S,
        Shape::Ramp {
            from_per_s,
            to_per_s,
            ..
        } => {
            let end = from_per_s + (to_per_s - from_per_s) * (time / length);
            (from_per_s + end) / 2.0 * time / NS_PER_S
        }
        Shape::Sine {
            mean_per_s,
            amplitude_per_s,
            period_ns,
            ..
        } => sine_expected(mean_per_s, amplitude_per_s, period_ns as f64, time),
        Shape::Burst {
            on_per_s,
            off_per_s,
            on_ns,
            off_ns,
            ..
        } => burst_expected([on_per_s, off_per_s], [on_ns as f64, off_ns as f64], time),
    }
}

/// Solves `from t + (to - from) t² / 2 length = count`, in the form that does not cancel.
fn ramp_inverse(from: f64, to: f64, length: f64, count: f64) -> f64 {
    let count = count * NS_PER_S;
    let root = from * from + 2.0 * (to - from) / length * count;
    2.0 * count / (from + libm::sqrt(root.max(0.0)))
}

fn sine_expected(mean: f64, amplitude: f64, period: f64, time: f64) -> f64 {
    let whole = libm::floor(time / period);
    let angle = 2.0 * PI * ((time - whole * period) / period);
    let wave = amplitude * period / (2.0 * PI) * (1.0 - libm::cos(angle));
    (mean * time + wave) / NS_PER_S
}

/// Newton's method inside one wave, kept between the bounds known so far; stops below 1/1000 ns.
fn sine_inverse(mean: f64, amplitude: f64, period: f64, count: f64) -> f64 {
    let of_wave = mean * period / NS_PER_S;
    let whole = libm::floor(count / of_wave);
    let wanted = count - whole * of_wave;
    let (mut low, mut high) = (0.0, period);
    let mut time = wanted / of_wave * period;
    for _ in 0..MAX_STEPS {
        let excess = sine_expected(mean, amplitude, period, time) - wanted;
        if excess > 0.0 {
            high = time;
        } else {
            low = time;
        }
        let rate = (mean + amplitude * libm::sin(2.0 * PI * (time / period))) / NS_PER_S;
        let newton = time - excess / rate;
        let next = if newton > low && newton < high {
            newton
        } else {
            low + (high - low) / 2.0
        };
        if libm::fabs(next - time) < 1e-3 {
            return whole * period + next;
        }
        time = next;
    }
    whole * period + time
}

fn burst_expected(rates: [f64; 2], lengths: [f64; 2], time: f64) -> f64 {
    let turn = lengths[0] + lengths[1];
    let whole = libm::floor(time / turn);
    let inside = time - whole * turn;
    let on = inside.min(lengths[0]);
    let of_turn = rates[0] * lengths[0] + rates[1] * lengths[1];
    (whole * of_turn + rates[0] * on + rates[1] * (inside - on)) / NS_PER_S
}

fn burst_inverse(rates: [f64; 2], lengths: [f64; 2], count: f64) -> f64 {
    let on = rates[0] * lengths[0] / NS_PER_S;
    let of_turn = on + rates[1] * lengths[1] / NS_PER_S;
    let whole = libm::floor(count / of_turn);
    let begin = whole * (lengths[0] + lengths[1]);
    let inside = count - whole * of_turn;
    if inside < on {
        return begin + inside * NS_PER_S / rates[0];
    }
    if rates[1] > 0.0 {
        begin + lengths[0] + (inside - on) * NS_PER_S / rates[1]
    } else {
        begin + lengths[0] + lengths[1] // what rounding left over belongs to the next burst
    }
}

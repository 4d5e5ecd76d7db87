//! What varies from request to request: parts of templates and the generators they name.

use serde::Deserialize;

/// A distribution of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(tag = "dist", rename_all = "lowercase")]
pub enum Distribution {
    /// Always the same.
    Constant {
        /// The number.
        value: f64,
    },
    /// Even between two numbers.
    Uniform {
        /// Lowest.
        low: f64,
        /// Highest.
        high: f64,
    },
    /// Gaussian.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        sd: f64,
    },
    /// The logarithm is Gaussian.
    Lognormal {
        /// Median, > 0.
        median: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// Exponential.
    Exponential {
        /// Mean.
        mean: f64,
    },
    /// Power law (type I).
    Pareto {
        /// Lowest number, > 0.
        scale: f64,
        /// Tail index, > 0; small: heavy.
        shape: f64,
    },
}

/// A distribution, clamped.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Number {
    /// What is drawn from.
    #[serde(flatten)]
    pub distribution: Distribution,
    /// Draws below are raised to it.
    #[serde(default)]
    pub min: Option<f64>,
    /// Draws above are lowered to it.
    #[serde(default)]
    pub max: Option<f64>,
}

/// Where the values of one name come from.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Generator {
    /// An even draw from a list.
    Choice {
        /// The list; a value that stands twice counts twice.
        values: Vec<String>,
    },
    /// Ranks from 1 to `n`, rank k with a frequency proportional to k^-s.
    Zipf {
        /// Highest rank.
        n: u64,
        /// Exponent, at least 0.
        s: f64,
        /// `values[rank - 1]` in place of the rank.
        #[serde(default)]
        values: Option<Vec<String>>,
    },
    /// Random UUIDs (version 4).
    Uuid,
    /// Numbers in a row.
    Counter {
        /// The first.
        #[serde(default)]
        start: i64,
        /// From one to the next.
        #[serde(default = "one")]
        step: i64,
    },
    /// Decimal numbers.
    Number {
        /// What they are drawn from.
        #[serde(flatten)]
        number: Number,
        /// Digits after the point.
        #[serde(default)]
        digits: u8,
    },
    /// Random text.
    Text {
        /// Its length in bytes.
        size: Number,
        /// The characters it is made of.
        alphabet: String,
    },
    /// What the trace holds for this request.
    Trace {
        /// Name of the column.
        column: String,
    },
}

const fn one() -> i64 {
    1
}

/// How a value is written into a template.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encode {
    /// As it is.
    #[default]
    None,
    /// Everything but letters, digits, `_`, `.`, `-` and `~` as %XX.
    Percent,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Part {
    /// The same in every request.
    Text {
        /// What is written.
        text: String,
    },
    /// A value.
    Data {
        /// Name in the operation's data.
        data: String,
        /// How the value is written.
        #[serde(default)]
        encode: Encode,
    },
}

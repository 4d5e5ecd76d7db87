//! The processed profile of the Firefox Profiler.
//!
//! Format: `docs-developer/processed-profile-format.md` and `src/types/profile.ts` of the profiler's sources, at
//! version 54: tables in columns, each thread with its own. Later viewers bring older versions up to date.

mod thread;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::tables::Profile;
use thread::Tables;

/// Of the column layout; the viewer goes by this one.
const PREPROCESSED_VERSION: u32 = 54;
/// Of the unprocessed format that this one derives from.
const VERSION: u32 = 24;
const NS_PER_MS: f64 = 1e6;

/// One sample of a thread.
#[derive(Clone, Copy)]
struct Sample {
    /// Since the first sample of the profile.
    ms: f64,
    stack: u32,
    weight: i64,
}

#[derive(Serialize)]
struct File<'a> {
    meta: Value,
    libs: [u8; 0],
    pages: [u8; 0],
    counters: [u8; 0],
    threads: Vec<Tables<'a>>,
}

impl Profile {
    /// Writes one sample type as JSON for the Firefox Profiler.
    ///
    /// Single samples come at their times, each in its thread, with their values as weights. Without
    /// single samples there is one thread, and in it one sample a stack, spread evenly over the duration.
    /// Inlined calls keep their depth; categories tell the kernel from the program.
    ///
    /// # Errors
    ///
    /// If the text cannot be made, which no profile is known to cause.
    pub fn to_firefox(&self, name: &str, value: usize) -> Result<String, serde_json::Error> {
        let samples = if self.samples.is_empty() {
            BTreeMap::from([(0, self.summed_samples(value))])
        } else {
            self.single_samples(value)
        };
        let file = File {
            meta: self.firefox_meta(name, value),
            libs: [],
            pages: [],
            counters: [],
            threads: samples
                .iter()
                .map(|(&tid, samples)| {
                    Tables::new(self, name, tid, self.weight_type(value), samples)
                })
                .collect(),
        };
        serde_json::to_string(&file)
    }

    fn firefox_meta(&self, name: &str, value: usize) -> Value {
        let (kind, unit) = self.type_texts(value);
        let is_time = self.strings.text(self.period_type.unit) == "nanoseconds" && self.period > 0;
        let interval = if is_time {
            self.period as f64 / NS_PER_MS
        } else {
            1.0
        };
        json!({
            "version": VERSION,
            "preprocessedProfileVersion": PREPROCESSED_VERSION,
            "product": format!("{name} ({kind}, {unit})"),
            "interval": interval,
            "startTime": self.time_ns as f64 / NS_PER_MS,
            "processType": 0,
            "stackwalk": 1,
            "debug": false,
            "symbolicated": true,
            "usesOnlyOneStackType": true,
            "sourceCodeIsNotOnSearchfox": true,
            "categories": [
                {"name": "Other", "color": "grey", "subcategories": ["Other"]},
                {"name": "User", "color": "yellow", "subcategories": ["Other"]},
                {"name": "Kernel", "color": "orange", "subcategories": ["Other"]},
            ],
            "markerSchema": [],
            "extensions": {"length": 0, "baseURL": [], "id": [], "name": []},
            "sampleUnits": {"time": "ms", "eventDelay": "ms", "threadCPUDelta": "ns"},
        })
    }

    /// Kind and unit of a sample type; empty where there is none.
    fn type_texts(&self, value: usize) -> (&str, &str) {
        let found = self.sample_types.get(value).copied().unwrap_or_default();
        (self.strings.text(found.kind), self.strings.text(found.unit))
    }

    /// What the viewer calls the weights: it knows samples, milliseconds and bytes.
    fn weight_type(&self, value: usize) -> WeightType {
        match self.type_texts(value).1 {
            "nanoseconds" => WeightType::TracingMs,
            "bytes" => WeightType::Bytes,
            _ => WeightType::Samples,
        }
    }

    /// The single samples by thread, in the order of time; those without value are left out.
    fn single_samples(&self, value: usize) -> BTreeMap<i32, Vec<Sample>> {
        let table = &self.samples;
        let first = table.t_ns.iter().min().copied().unwrap_or(0);
        let mut threads: BTreeMap<i32, Vec<Sample>> = BTreeMap::new();
        for (row, ((&t_ns, &tid), &stack)) in table
            .t_ns
            .iter()
            .zip(&table.tid)
            .zip(&table.stack)
            .enumerate()
        {
            let weight = table.value(row, value);
            if weight != 0 {
                let ms = t_ns.saturating_sub(first) as f64 / NS_PER_MS;
                threads
                    .entry(tid)
                    .or_default()
                    .push(Sample { ms, stack, weight });
            }
        }
        for samples in threads.values_mut() {
            samples.sort_by(|one, other| one.ms.total_cmp(&other.ms));
        }
        threads
    }

    /// One sample a stack that has a value.
    fn summed_samples(&self, value: usize) -> Vec<Sample> {
        let values = self.values.get(value).map_or(&[][..], |values| values);
        let valued = || (0u32..).zip(values).filter(|(_, weight)| **weight != 0);
        let duration_ms = self.duration_ns.max(0) as f64 / NS_PER_MS;
        let count = valued().count().max(1) as f64;
        let step = if duration_ms > 0.0 {
            duration_ms / count
        } else {
            1.0
        };
        let sample = |(at, (stack, &weight)): (usize, (u32, &i64))| Sample {
            ms: at as f64 * step,
            stack,
            weight,
        };
        valued().enumerate().map(sample).collect()
    }
}

/// What the weights of samples mean to the viewer.
#[derive(Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum WeightType {
    Samples,
    TracingMs,
    Bytes,
}

impl WeightType {
    /// A value in the unit of the viewer.
    fn weight(self, value: i64) -> f64 {
        match self {
            Self::TracingMs => value as f64 / NS_PER_MS,
            Self::Samples | Self::Bytes => value as f64,
        }
    }
}

#[cfg(test)]
mod tests;

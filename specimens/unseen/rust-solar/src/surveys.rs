//! What all roofs of a district would yield.

use std::collections::HashMap;

use parking_lot::Mutex;
use rayon::prelude::*;
use serde::Serialize;

use crate::roofs;

#[derive(Clone, Copy, Serialize)]
pub(crate) struct Survey {
    district: u32,
    roofs: usize,
    kilowatt_hours: u32,
    best: u32,
}

#[derive(Serialize)]
pub(crate) struct Started {
    district: u32,
    roofs: usize,
}

impl Started {
    pub(crate) fn of(district: u32) -> Self {
        Self { district, roofs: roofs::of(district).len() }
    }
}

/// The last survey of each district.
#[derive(Default)]
pub(crate) struct Surveys {
    done: Mutex<HashMap<u32, Survey>>,
}

impl Surveys {
    pub(crate) fn last(&self, district: u32) -> Option<Survey> {
        self.done.lock().get(&district).copied()
    }

    pub(crate) fn renew(&self, district: u32) -> Survey {
        let yields: Vec<u32> = roofs::of(district).par_iter().map(|roof| roof.yields().year).collect();
        let survey = Survey {
            district,
            roofs: yields.len(),
            kilowatt_hours: yields.iter().sum(),
            best: yields.iter().copied().max().unwrap_or(0),
        };
        self.done.lock().insert(district, survey);
        survey
    }
}

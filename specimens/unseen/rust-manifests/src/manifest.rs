//! Lists of pallets: `code:kind:kilograms`, with semicolons between.

use std::fmt;

use serde::Serialize;

use crate::pallets::{Pallets, Seen};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    pub(crate) code: &'a str,
    kind: &'a str,
    pub(crate) kilograms: u32,
}

/// Which line of a list cannot be read.
pub(crate) struct Malformed(usize);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} cannot be read", self.0)
    }
}

#[derive(Default, Serialize)]
pub(crate) struct Checked {
    pallets: usize,
    kilograms: u32,
    repeated: u32,
    contradictions: Vec<String>,
}

#[derive(Default, Serialize)]
pub(crate) struct Weight {
    lines: usize,
    kilograms: u32,
    heaviest: u32,
}

#[derive(Serialize)]
pub(crate) struct Gate {
    gate: u32,
    minutes: u32,
}

/// Contradictions are not listed beyond this many: such a list is sent back anyway.
const ENOUGH: usize = 8;

fn lines(text: &str) -> impl Iterator<Item = Result<Line<'_>, Malformed>> {
    text.trim().split(';').enumerate().map(|(number, entry)| {
        let mut fields = entry.split(':');
        let (Some(code), Some(kind), Some(kilograms), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(Malformed(number + 1));
        };
        let kilograms = kilograms.parse().map_err(|_| Malformed(number + 1))?;
        Ok(Line { code, kind, kilograms })
    })
}

/// Looks for pallets that are listed more than once, and adds up the others.
pub(crate) fn check(text: &str) -> Result<Checked, Malformed> {
    let (mut pallets, mut checked) = (Pallets::default(), Checked::default());
    for line in lines(text) {
        let line = line?;
        match pallets.note(line) {
            Seen::New => {}
            Seen::Again => checked.repeated += 1,
            Seen::Otherwise(first) if checked.contradictions.len() < ENOUGH => {
                let Line { code, kind, kilograms } = line;
                checked
                    .contradictions
                    .push(format!("{code} is {} of {} kg and {kind} of {kilograms} kg", first.kind, first.kilograms));
            }
            Seen::Otherwise(_) => {}
        }
    }
    Ok(Checked { pallets: pallets.count(), kilograms: pallets.kilograms(), ..checked })
}

/// Adds up all lines, as they stand.
pub(crate) fn weigh(text: &str) -> Result<Weight, Malformed> {
    lines(text).try_fold(Weight::default(), |weight, line| {
        let kilograms = line?.kilograms;
        Ok(Weight {
            lines: weight.lines + 1,
            kilograms: weight.kilograms + kilograms,
            heaviest: weight.heaviest.max(kilograms),
        })
    })
}

/// Where a lorry is unloaded, and how long that takes.
pub(crate) fn gate(pallets: u32) -> Gate {
    Gate { gate: 1 + pallets % 12 + pallets / 40 % 3, minutes: 8 + pallets * 3 / 2 }
}

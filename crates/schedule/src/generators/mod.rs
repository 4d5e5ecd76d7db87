//! Generators: what a template's names stand for, request by request.

mod number;
mod text;
mod zipf;

use std::io::Write;

use self::text::Text;
use self::zipf::Zipf;
use crate::random::Random;
use crate::spec::{Generator, Number};
use crate::{ScheduleError, error::require};

pub(crate) use self::number::Draw;

/// A generator with its random stream.
#[derive(Debug)]
pub(crate) struct Source {
    kind: Kind,
    random: Random,
}

#[derive(Debug)]
enum Kind {
    Choice(Vec<String>),
    Zipf(Zipf, Option<Vec<String>>),
    Uuid,
    Counter { next: i64, step: i64 },
    Number { number: Number, digits: usize },
    Text(Text),
    Trace(usize),
}

impl Source {
    /// `column` finds the number of a trace's column.
    pub(crate) fn new(
        generator: &Generator,
        random: Random,
        column: impl FnOnce(&str) -> Option<usize>,
    ) -> Result<Self, ScheduleError> {
        let kind = match generator {
            Generator::Choice { values } => Kind::Choice(values.clone()),
            Generator::Zipf { n, s, values } => Kind::Zipf(Zipf::new(*n, *s), values.clone()),
            Generator::Uuid => Kind::Uuid,
            Generator::Counter { start, step } => Kind::Counter {
                next: *start,
                step: *step,
            },
            Generator::Number { number, digits } => Kind::Number {
                number: *number,
                digits: usize::from(*digits),
            },
            Generator::Text { size, alphabet } => Kind::Text(Text::new(*size, alphabet)),
            Generator::Trace { column: name } => {
                let found = column(name);
                require(found.is_some(), || {
                    format!("the trace has no column {name:?}")
                })?;
                Kind::Trace(found.unwrap_or(0))
            }
        };
        Ok(Self { kind, random })
    }

    /// Replaces `out` by the next value; `fields` is the trace's row.
    pub(crate) fn next(&mut self, fields: &[Vec<u8>], out: &mut Vec<u8>) {
        out.clear();
        match &mut self.kind {
            Kind::Choice(values) => {
                let drawn = self.random.below(values.len() as u64);
                out.extend_from_slice(values[drawn as usize].as_bytes());
            }
            Kind::Zipf(zipf, values) => {
                let rank = zipf.draw(&mut self.random);
                match values {
                    Some(values) => out.extend_from_slice(values[rank as usize - 1].as_bytes()),
                    None => print(out, format_args!("{rank}")),
                }
            }
            Kind::Uuid => uuid(&mut self.random, out),
            Kind::Counter { next, step } => {
                print(out, format_args!("{next}"));
                *next = next.wrapping_add(*step);
            }
            Kind::Number { number, digits } => {
                let drawn = number.draw(&mut self.random);
                print(out, format_args!("{drawn:.digits$}"));
            }
            Kind::Text(text) => text.next(&mut self.random, out),
            Kind::Trace(column) => {
                out.extend_from_slice(fields.get(*column).map_or(&[], Vec::as_slice));
            }
        }
    }
}

fn print(out: &mut Vec<u8>, arguments: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(arguments); // a vector takes everything
}

/// Writes a random UUID (RFC 9562, version 4).
fn uuid(random: &mut Random, out: &mut Vec<u8>) {
    let high = random.bits() & !0xf000 | 0x4000;
    let low = random.bits() >> 2 | 1 << 63;
    print(
        out,
        format_args!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        ),
    );
}

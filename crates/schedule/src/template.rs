//! Templates: fixed text and named values, filled in request by request.

use crate::ScheduleError;
use crate::spec::{Encode, Part};

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// A piece of a template whose names are numbered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(Vec<u8>),
    Value { slot: usize, percent: bool },
}

/// Pieces in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Template(pub(crate) Vec<Piece>);

impl Template {
    /// `names` lists the names in use; a name's place there is the slot of its value.
    pub(crate) fn new(parts: &[Part], names: &mut Vec<String>) -> Self {
        let pieces = parts.iter().map(|part| match part {
            Part::Text { text } => Piece::Text(text.as_bytes().to_vec()),
            Part::Data { data, encode } => Piece::Value {
                slot: slot(names, data),
                percent: *encode == Encode::Percent,
            },
        });
        Self(pieces.collect())
    }

    /// Appends the template with its values filled in.
    pub(crate) fn render(&self, values: &[Vec<u8>], out: &mut Vec<u8>) {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text),
                Piece::Value {
                    slot,
                    percent: false,
                } => out.extend_from_slice(&values[*slot]),
                Piece::Value {
                    slot,
                    percent: true,
                } => quote(&values[*slot], b"", out),
            }
        }
    }
}

fn slot(names: &mut Vec<String>, name: &str) -> usize {
    let known = names.iter().position(|known| known == name);
    known.unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    })
}

/// Appends `bytes`, all but unreserved characters (RFC 3986) and those of `safe` as %XX.
pub(crate) fn quote(bytes: &[u8], safe: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"_.-~".contains(byte) || safe.contains(byte) {
            out.push(*byte);
        } else {
            let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
            out.push(b'%');
            out.extend_from_slice(&digits);
        }
    }
}

/// Why a payload cannot be built; names the operation.
pub(crate) fn refusal(operation: &str, problem: impl std::fmt::Display) -> ScheduleError {
    ScheduleError::Spec(format!("operation {operation:?}: {problem}"))
}

//! RESP, the protocol of Redis: a command line becomes an array of bulk strings.
//!
//! Words are separated by white space of the template's own text; double quotes hold words
//! together. A value never separates or ends a word, whatever it holds. Text that begins with `*` is
//! taken for the protocol itself and sent as it is.

use std::io::Write;

use super::Request;
use crate::ScheduleError;
use crate::template::{Piece, refusal};

/// Appends one command; `scratch` is overwritten.
pub(super) fn command(
    request: &Request,
    values: &[Vec<u8>],
    scratch: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> Result<(), ScheduleError> {
    if matches!(request.body.0.first(), Some(Piece::Text(text)) if text.first() == Some(&b'*')) {
        request.body.render(values, out);
        return Ok(());
    }
    scratch.clear();
    let mut words = Words {
        out: scratch,
        count: 0,
        begun: None,
        quoted: false,
    };
    for piece in &request.body.0 {
        match piece {
            Piece::Text(text) => text.iter().for_each(|byte| words.text(*byte)),
            Piece::Value { slot, .. } => words.value(&values[*slot]),
        }
    }
    words.end();
    if words.quoted {
        return Err(refusal(&request.name, "a double quote is not closed"));
    }
    let count = words.count;
    if count == 0 {
        return Err(refusal(&request.name, "its body is no command"));
    }
    let _ = write!(out, "*{count}\r\n"); // a vector takes everything
    out.extend_from_slice(scratch);
    Ok(())
}

struct Words<'a> {
    out: &'a mut Vec<u8>,
    count: usize,
    begun: Option<Vec<u8>>,
    quoted: bool,
}

impl Words<'_> {
    fn text(&mut self, byte: u8) {
        match byte {
            b'"' => {
                self.quoted = !self.quoted;
                self.begun.get_or_insert_default();
            }
            b' ' | b'\t' | b'\r' | b'\n' if !self.quoted => self.end(),
            other => self.begun.get_or_insert_default().push(other),
        }
    }

    fn value(&mut self, value: &[u8]) {
        self.begun.get_or_insert_default().extend_from_slice(value);
    }

    fn end(&mut self) {
        if let Some(word) = self.begun.take() {
            let _ = write!(self.out, "${}\r\n", word.len()); // a vector takes everything
            self.out.extend_from_slice(&word);
            self.out.extend_from_slice(b"\r\n");
            self.count += 1;
        }
    }
}

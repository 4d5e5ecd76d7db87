//! Compiles on the way of each request.

use regex::Regex;

use crate::{SHAPES, fields};

/// The planted cause.
#[inline(never)]
pub(crate) fn first_match(line: &str) -> Option<String> {
    let shapes: Vec<Regex> = SHAPES.iter().filter_map(|shape| Regex::new(shape).ok()).collect();
    shapes.iter().find_map(|shape| fields(shape, line))
}

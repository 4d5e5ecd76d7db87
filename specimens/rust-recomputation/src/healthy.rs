//! Compiles once.

use std::sync::LazyLock;

use regex::Regex;

use crate::{SHAPES, fields};

static COMPILED: LazyLock<Vec<Regex>> =
    LazyLock::new(|| SHAPES.iter().filter_map(|shape| Regex::new(shape).ok()).collect());

pub(crate) fn first_match(line: &str) -> Option<String> {
    COMPILED.iter().find_map(|shape| fields(shape, line))
}

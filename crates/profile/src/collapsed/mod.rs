//! Collapsed text: one line a stack, root first, frames joined by semicolons, then the value.

mod read;
mod write;

pub(crate) use read::is_line;

//! All of this folder as one program, for each is linked anew.

mod compiling;
mod flat_memory;
mod golden;
mod hostile;
mod payloads;
mod statistics;
mod support;

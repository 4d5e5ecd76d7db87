//! Names for the addresses of a profile: finds and maps the binaries, and asks `symbols` for their frames.
//!
//! ```text
//! Profile ─► addresses by file ─► Modules (open files), debug files ─► symbols::Binary ─► Profile::set_frames
//!                                 kernel, vdso                          └─ cache ─┘
//! ```

mod binaries;
mod bytes;
mod cache;
mod callers;
mod debug_files;
mod files;
mod go;
mod kernel;
mod maps;
mod modules;
mod named;
mod options;
mod symbolize;

pub use bytes::Bytes;
pub use callers::{Binaries, Callers, RecordedCallers};
pub use maps::{MapLine, executable_maps};
pub use modules::Modules;
pub use options::Options;
pub use symbolize::symbolize;

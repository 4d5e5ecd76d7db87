//! Names for the addresses of a profile: finds and maps the binaries, and asks `symbols` for their frames; callers
//! that the kernel's chains lack, by what the same binaries say of the stack.
//!
//! ```text
//! Profile ─► addresses by file ─► Modules (open files), debug files ─► symbols::Binary ─► Profile::set_frames
//!                                 kernel, vdso                          └─ cache ─┘
//! registers and stack of a sample ─► Callers (live), RecordedCallers (perf.data) ─► its chain, completed
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

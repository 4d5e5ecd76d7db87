//! Names for the addresses of a profile: finds and maps the binaries, and asks `symbols` for their frames.
//!
//! ```text
//! Profile ─► places by binary ─► Modules (open files), kernel, vdso ─► symbols::resolve ─► Profile::set_frames
//! ```

mod bytes;
mod maps;
mod modules;
mod options;
mod symbolize;

pub use maps::{MapLine, executable_maps};
pub use modules::Modules;
pub use options::Options;
pub use symbolize::symbolize;

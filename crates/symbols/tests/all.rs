//! All of this folder as one program, for each is linked anew.

mod bombs;
mod content;
mod packed;
mod preload;
mod resolve;

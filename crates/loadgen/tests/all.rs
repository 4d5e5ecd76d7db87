//! All of this folder as one program, for each is linked anew.

mod ask;
mod play;
mod support;

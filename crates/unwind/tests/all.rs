//! All of this folder as one program, for each is linked anew.

mod hostile;
mod own_stack;

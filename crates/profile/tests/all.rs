//! All of this folder as one program, for each is linked anew.

mod bounds;
mod perf_data;
mod perf_data_support;
mod script;

//! Stack and sample tables, and the formats they are read from and written to.
//!
//! A [`Profile`] holds a few tables that refer to one another by row number:
//!
//! ```text
//! samples ─► stacks ─► locations ─► frames ─► strings
//!              │           └─► mappings ─► strings
//!              └─► values, label sets
//! ```
//!
//! A *stack* lists locations leaf first, a *location* is one address of one mapping, and its
//! *frames* are the calls that the compiler inlined there, innermost first, the physical function
//! last. Live samples, pprof files and what later formats bring all end in these tables.
//!
//! Pure: bytes in, bytes out. Hostile input gives an error, never a panic, in bounded memory.

#![forbid(unsafe_code)]

mod address_space;
mod collapsed;
mod context;
mod filter;
mod firefox;
mod fold;
mod frames;
mod group_sums;
mod heap_v2;
mod index;
mod labels;
mod lines;
mod locations;
mod mappings;
mod merge;
mod named;
mod perf_data;
mod pprof;
mod recorded_kernel;
mod repeats;
mod samples;
mod script;
mod sniff;
mod stacks;
mod strings;
mod tables;
mod threads;
mod tree;
mod unwind;
mod wire;

pub use address_space::{AddressSpace, Region};
pub use context::{CONTEXT_KERNEL, CONTEXT_USER, CONTEXTS, TRUNCATED, user_mark};
pub use filter::{Filter, FilterError, FilterText};
pub use fold::{Chain, FoldLimits, Folder};
pub use frames::{FrameRow, FrameTable};
pub use group_sums::group_sums;
pub use heap_v2::HeapError;
pub use labels::{Label, LabelSets};
pub use locations::{LocationTable, NO_MAPPING};
pub use mappings::{MappingRow, MappingTable};
pub use merge::MergeError;
pub use perf_data::PerfDataError;
pub use pprof::{PprofLimits, ReadError, WriteError};
pub use recorded_kernel::RecordedKernel;
pub use samples::{SampleRow, SampleTable};
pub use sniff::sniff;
pub use stacks::StackTable;
pub use strings::{StringId, StringTable};
pub use tables::{Profile, ResolvedFrame, SampleType};
pub use threads::ThreadRow;
pub use tree::CallTree;
pub use unwind::{Mapped, Unwind};

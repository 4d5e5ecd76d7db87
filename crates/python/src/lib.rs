//! Python bindings: conversions, the error table, and the release of the GIL; nothing else.

mod counters;
mod errors;
mod gotrace;
mod hdr;
mod heap;
mod load;
mod profile;
mod progress;
mod readers;
mod sampler;
mod schedule;
mod servers;
mod sockets;
mod speed;
mod symbols;
mod view;

/// The native core: load generation, sampling, symbols and profile tables.
#[pyo3::pymodule]
mod _native {
    /// Version of the native core, equal to the version of the Python package.
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_export]
    use super::hdr::encode_hdr;

    // Load side: histogram, schedule, loadgen.
    #[pymodule_export]
    use super::load::{StopSignal, ask, die_with_parent, play, replace_all, timer_error};
    #[pymodule_export]
    use super::schedule::{compile_protos, compile_schedule, grpc_methods};
    #[pymodule_export]
    use super::servers::{NullServer, QueueServer, WorkServer, spend_rounds};
    #[pymodule_export]
    use super::speed::SpeedGauge;
    #[pymodule_export]
    use super::view::view_schedule;

    // Seeing side: sampler, profile, symbols.
    #[pymodule_export]
    use super::counters::Counters;
    #[pymodule_export]
    use super::gotrace::{read_go_intervals, read_go_trace};
    #[pymodule_export]
    use super::heap::read_heap_v2;
    #[pymodule_export]
    use super::profile::{Profile, group_sums};
    #[pymodule_export]
    use super::readers::{profile_format, read_collapsed, read_perf_data, read_perf_script};
    #[pymodule_export]
    use super::sampler::{Sampler, Sampling, perf_capability};
    #[pymodule_export]
    use super::sockets::SocketCalls;
    #[pymodule_export]
    use super::symbols::{build_id, content_sha256, normalize_function, why_not_preloadable};
}

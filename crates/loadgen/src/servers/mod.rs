//! Servers of which it is known what they do: the floor of any measurement, queues that can be computed, and
//! work that is counted.
//!
//! The first two keep a journal of what they saw, a second witness beside the engine's own log.

mod clients;
mod http;
mod journal;
mod law;
mod null;
mod queue;
mod work;

pub use law::Law;
pub use null::NullServer;
pub use queue::QueueServer;
pub use work::{Work, WorkServer, spend_rounds};

//! Servers of which it is known what they do: the floor of any measurement, and queues that can be computed.
//!
//! They keep a journal of what they saw, a second witness beside the engine's own log.

mod clients;
mod http;
mod journal;
mod law;
mod null;
mod queue;

pub use law::Law;
pub use null::NullServer;
pub use queue::QueueServer;

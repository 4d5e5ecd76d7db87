//! Executes a schedule over sockets and measures latency from the intended start.
//!
//! One thread, bound to one CPU, does all sending and receiving on epoll ([`play`]); nothing in its
//! loop allocates, formats or waits for another thread. A second thread reads the schedule ahead, a third
//! turns ended requests into histograms, a log and live figures. No async runtime: those round timers to a
//! millisecond.

mod account;
mod ask;
mod checks;
mod closed;
mod connection;
mod engine;
mod feed;
mod files;
mod flight;
mod intervals;
mod limits;
mod link;
mod live;
mod log;
mod pacer;
mod play;
mod pool;
mod priority;
mod protocol;
#[cfg(test)]
mod real;
mod recorder;
mod replace;
mod report;
mod servers;
mod sessions;
mod speed;
mod start;
mod stop;
mod sys;
mod threads;
mod timer_error;
mod traffic;
mod transport;

pub use ask::{Ask, AskReport, ask};
pub use play::{LoadError, Pacing, Play, play};
pub use replace::{PatternError, Replacements};
pub use report::{LoadReport, OperationReport};
pub use servers::{Law, NullServer, QueueServer, Work, WorkServer, spend_rounds};
pub use speed::{Speed, SpeedGauge};
pub use stop::Stop;
pub use sys::process::die_with_parent;
pub use timer_error::{TIMER_ROWS, TimerErrors, timer_errors};
pub use transport::{Address, TlsOptions};

//! What a schedule is compiled from.

mod arrival;
mod check;
mod data;
mod numbers;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use arrival::{Arrival, SessionsSpec, Shape, TraceSpec};
pub use data::{Distribution, Encode, Generator, Number, Part};

/// Most operations and most connections: what 16 bits number.
pub(crate) const MOST: u32 = 65_535;
/// Longest duration and time-out: sums with clock readings stay far from overflow.
pub(crate) const LONGEST_NS: u64 = 7 * 24 * 3_600_000_000_000;
/// Most requests of a schedule.
pub(crate) const MOST_REQUESTS: f64 = 2e9;

/// What is spoken with the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// HTTP/1.1; a payload is a complete request.
    Http1,
    /// HTTP/2; a payload is the length of a header block (u32, little-endian), the block, the body.
    Http2,
    /// gRPC, unary; a payload as for HTTP/2, the body with its prefix of five bytes.
    Grpc,
    /// Text lines; a payload is what is written.
    Line,
    /// Frames with their length before them; a payload is one frame with its length.
    LengthPrefixed,
    /// The protocol of Redis; a payload is one command.
    Resp,
}

impl Protocol {
    /// The name as written in a workload.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http1 => "http1",
            Self::Http2 => "http2",
            Self::Grpc => "grpc",
            Self::Line => "line",
            Self::LengthPrefixed => "length-prefixed",
            Self::Resp => "resp",
        }
    }

    /// Whether answers carry an HTTP status.
    pub(crate) const fn is_http(self) -> bool {
        matches!(self, Self::Http1 | Self::Http2)
    }
}

/// Where messages of the raw protocols begin and end.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct FramingSpec {
    /// Index of the blob that is sent first on each connection (line).
    pub hello: Option<u32>,
    /// Lines that the server sends before anything is asked (line).
    pub greeting_lines: u32,
    /// Lines of an answer (line).
    pub answer_lines: u32,
    /// Whether lines that come while nothing is asked are passed over (line).
    pub skip_unasked: bool,
    /// Bytes of a length: 1, 2, 4 or 8 (length-prefixed).
    pub prefix_bytes: u8,
    /// Whether the length's most significant byte comes first.
    pub big_endian: bool,
    /// Whether the length counts its own bytes.
    pub includes_prefix: bool,
}

impl Default for FramingSpec {
    fn default() -> Self {
        Self {
            hello: None,
            greeting_lines: 0,
            answer_lines: 1,
            skip_unasked: false,
            prefix_bytes: 4,
            big_endian: true,
            includes_prefix: false,
        }
    }
}

/// What a good answer looks like.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ExpectSpec {
    /// Lowest good status.
    pub status_low: u16,
    /// Highest good status.
    pub status_high: u16,
    /// Text that the body holds; empty: any.
    pub body_contains: String,
    /// SHA-256 of the body in hex; empty: any.
    pub body_sha256: String,
}

impl Default for ExpectSpec {
    fn default() -> Self {
        Self {
            status_low: 0,
            status_high: u16::MAX,
            body_contains: String::new(),
            body_sha256: String::new(),
        }
    }
}

/// A run of blobs among which an operation draws its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct BlobRange {
    /// Index of the first.
    pub first: u32,
    /// Their number.
    pub count: u32,
}

/// One kind of request.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct OperationSpec {
    /// Name shown to people.
    pub name: String,
    /// Relative frequency, > 0.
    pub weight: f64,
    /// A request without a complete answer this long after its intended start is a time-out.
    pub timeout_ns: u64,
    /// What a good answer looks like.
    #[serde(default)]
    pub expect: ExpectSpec,
    /// HTTP method.
    #[serde(default = "get")]
    pub method: String,
    /// HTTP/2: the host named in a request.
    #[serde(default)]
    pub authority: String,
    /// HTTP path with its query.
    #[serde(default)]
    pub path: Vec<Part>,
    /// HTTP headers in order, without those that frame the body.
    #[serde(default)]
    pub headers: Vec<(String, Vec<Part>)>,
    /// The body, or what the raw protocols send.
    #[serde(default)]
    pub body: Option<Vec<Part>>,
    /// Blobs among which the body is drawn, in place of `body`.
    #[serde(default)]
    pub body_blobs: Option<BlobRange>,
    /// gRPC: `package.Service/Method`.
    #[serde(default)]
    pub grpc_method: String,
    /// The generators that parts name.
    #[serde(default)]
    pub data: BTreeMap<String, Generator>,
}

fn get() -> String {
    "GET".into()
}

/// A workload, everything in it but blobs, trace and descriptors.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Spec {
    /// Arrival process.
    pub arrival: Arrival,
    /// What is spoken.
    #[serde(default = "http1")]
    pub protocol: Protocol,
    /// Mean rate of intended starts, per second, where the profile is empty; closed, trace: unused.
    #[serde(default)]
    pub rate_per_s: f64,
    /// Starts are placed in `0..duration_ns`.
    pub duration_ns: u64,
    /// Fixes every draw.
    pub seed: u64,
    /// Cap of the connection pool that plays this schedule; closed: its number of connections.
    #[serde(default = "default_connections")]
    pub max_connections: u32,
    /// The rate over time; repeats when shorter than the duration.
    #[serde(default)]
    pub profile: Vec<Shape>,
    /// What a session is; for arrivals by sessions.
    #[serde(default)]
    pub sessions: Option<SessionsSpec>,
    /// How a trace is replayed; for arrivals by trace.
    #[serde(default)]
    pub trace: Option<TraceSpec>,
    /// Where messages of raw protocols begin and end.
    #[serde(default)]
    pub framing: Option<FramingSpec>,
    /// The operations.
    pub operations: Vec<OperationSpec>,
}

const fn http1() -> Protocol {
    Protocol::Http1
}

const fn default_connections() -> u32 {
    256
}

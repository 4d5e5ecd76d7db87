//! Compiling: two passes over the arrivals, the first to count, the second to write.

use std::io::Write;

use crate::arrivals::{OpenTrace, Starts};
use crate::busiest::Busiest;
use crate::encode::Messages;
use crate::error::require;
use crate::format::Header;
use crate::payloads::{Payloads, Pool};
use crate::random::{Purpose, Random};
use crate::spec::{Arrival, MOST_REQUESTS, Spec};
use crate::writer::{ChunkWriter, Hashing, operations};
use crate::{Framing, ScheduleError};

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    /// SHA-256 of the whole file, lower-case hex.
    pub sha256: String,
    /// Number of intended starts; closed: of the requests that are sent in turn.
    pub requests: u64,
    /// Length of the file.
    pub bytes: u64,
    /// Mean rate of intended starts, per second; closed: 0.
    pub mean_rate_per_s: f64,
}

/// Draws operations by weight.
struct Mix {
    cumulative: Vec<f64>,
    random: Random,
}

impl Mix {
    fn new(spec: &Spec) -> Self {
        let weights = spec.operations.iter().scan(0.0, |sum, operation| {
            *sum += operation.weight;
            Some(*sum)
        });
        Self {
            cumulative: weights.collect(),
            random: Random::new(spec.seed, Purpose::Operations),
        }
    }

    fn next(&mut self) -> u16 {
        let total = self.cumulative.last().copied().unwrap_or(0.0);
        let mark = self.random.unit() * total;
        let found = self.cumulative.partition_point(|sum| *sum <= mark);
        found.min(self.cumulative.len() - 1) as u16
    }
}

/// Compiles a schedule into `out`, which should be buffered.
///
/// `blobs` are the bodies that operations draw, `messages` encodes those of gRPC, `trace` is opened
/// twice for arrivals by trace. Memory does not grow with the number of requests.
///
/// # Errors
/// [`ScheduleError::Spec`] for impossible values, [`ScheduleError::Trace`] for a trace that cannot be
/// replayed, [`ScheduleError::Read`] and [`ScheduleError::Write`] when `trace` or `out` fails.
pub fn compile<'a, B: AsRef<[u8]>>(
    spec: &Spec,
    blobs: &'a [B],
    messages: Option<&'a dyn Messages>,
    trace: Option<OpenTrace<'a>>,
    out: impl Write,
) -> Result<Compiled, ScheduleError> {
    spec.check(blobs.len())?;
    let mut starts = Starts::new(spec, trace)?;
    let payloads = Payloads::new(spec, blobs, messages, |name| starts.column(name))?;
    let mut entries = Entries {
        mix: Mix::new(spec),
        payloads,
        chunk: ChunkWriter::new(spec.arrival),
    };
    let mut file = Hashing::new(out);
    let requests = if spec.arrival == Arrival::Closed {
        while !entries.chunk.is_full() {
            entries.push(&mut starts)?;
        }
        let requests = entries.chunk.len() as u64;
        let most = u64::from(spec.max_connections);
        put_head(
            &mut file,
            spec,
            blobs,
            &entries.payloads.pool,
            [requests, most],
        )?;
        requests
    } else {
        let counts = count(spec, trace)?;
        put_head(&mut file, spec, blobs, &entries.payloads.pool, counts)?;
        while entries.push(&mut starts)? {
            if entries.chunk.is_full() {
                entries.chunk.flush(&mut file)?;
            }
        }
        counts[0]
    };
    entries.chunk.flush(&mut file)?;
    let (sha256, bytes) = file.finish()?;
    let mean = requests as f64 * 1e9 / spec.duration_ns as f64;
    Ok(Compiled {
        sha256,
        requests,
        bytes,
        mean_rate_per_s: if spec.arrival == Arrival::Closed {
            0.0
        } else {
            mean
        },
    })
}

struct Entries<'a, B> {
    mix: Mix,
    payloads: Payloads<'a, B>,
    chunk: ChunkWriter,
}

impl<B: AsRef<[u8]>> Entries<'_, B> {
    /// Adds the next entry; false when there is none.
    fn push(&mut self, starts: &mut Starts<'_>) -> Result<bool, ScheduleError> {
        let Some(start) = starts.next()? else {
            return Ok(false);
        };
        let operation = start.operation.unwrap_or_else(|| self.mix.next());
        let blob = &mut self.chunk.blob;
        let place = self.payloads.next(operation, starts.fields(), blob)?;
        self.chunk.push(&start, operation, place);
        Ok(true)
    }
}

/// Returns the number of starts, and how many fall at most into the longest time-out.
fn count(spec: &Spec, trace: Option<OpenTrace<'_>>) -> Result<[u64; 2], ScheduleError> {
    let mut starts = Starts::new(spec, trace)?;
    let timeouts = spec.operations.iter().map(|operation| operation.timeout_ns);
    let mut busiest = Busiest::new(timeouts.max().unwrap_or(1));
    let mut requests = 0_u64;
    while let Some(start) = starts.next()? {
        requests += 1;
        require(requests as f64 <= MOST_REQUESTS, || {
            format!("more than {MOST_REQUESTS:.0} requests are too many")
        })?;
        busiest.add(start.intended_ns);
    }
    Ok([requests, busiest.most()])
}

fn put_head<W: Write, B: AsRef<[u8]>>(
    file: &mut Hashing<W>,
    spec: &Spec,
    blobs: &[B],
    pool: &Pool,
    [requests, most_within_timeout]: [u64; 2],
) -> Result<(), ScheduleError> {
    let framing = framing(spec, blobs);
    let section = operations(&spec.operations);
    let header = Header {
        arrival: spec.arrival,
        protocol: spec.protocol,
        seed: spec.seed,
        duration_ns: spec.duration_ns,
        max_connections: spec.max_connections,
        operations: spec.operations.len() as u32,
        requests,
        most_within_timeout,
        operations_bytes: section.len() as u64,
        pooled: pool.records.len() as u32,
        pooled_bytes: pool.bytes.len() as u64,
        framing,
    };
    file.put(&header.encode())?;
    file.put(&header.framing.hello)?;
    file.put(&section)?;
    for (length, operation) in &pool.records {
        file.put(&length.to_le_bytes())?;
        file.put(&u32::from(*operation).to_le_bytes())?;
    }
    file.put(&pool.bytes)
}

fn framing<B: AsRef<[u8]>>(spec: &Spec, blobs: &[B]) -> Framing {
    let given = spec.framing.clone().unwrap_or_default();
    let hello = given.hello.and_then(|hello| blobs.get(hello as usize));
    Framing {
        hello: hello.map_or_else(Vec::new, |hello| hello.as_ref().to_vec()),
        greeting_lines: given.greeting_lines,
        answer_lines: given.answer_lines,
        skip_unasked: given.skip_unasked,
        prefix_bytes: given.prefix_bytes,
        big_endian: given.big_endian,
        includes_prefix: given.includes_prefix,
    }
}

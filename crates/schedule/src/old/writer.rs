//! Compiling: two passes over the arrivals, the first to count, the second to write.

use std::io::Write;

use sha2::{Digest, Sha256};

use crate::old::arrivals::{Draws, Starts};
use crate::old::format::{Header, OPERATION_BYTES, padding};
use crate::old::{ScheduleError, Spec};

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// SHA-256 of the whole file, lower-case hex.
    pub sha256: String,
    /// Number of intended starts.
    pub requests: u64,
    /// Length of the file.
    pub bytes: u64,
}

/// Returns the SHA-256 of `bytes` as lower-case hex, as [`compile`] reports it.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| {
            [
                DIGITS[usize::from(byte >> 4)],
                DIGITS[usize::from(byte & 15)],
            ]
        })
        .map(char::from)
        .collect()
}

struct Hashing<'a, W> {
    out: &'a mut W,
    digest: Sha256,
    bytes: u64,
}

impl<W: Write> Hashing<'_, W> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), ScheduleError> {
        self.out.write_all(bytes)?;
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }
}

/// Compiles a schedule into `out`, which should be buffered.
///
/// `pools[i]` holds the complete request bytes among which operation `i` draws. Memory does not grow
/// with the number of requests.
///
/// # Errors
/// [`ScheduleError::Spec`] for impossible values, [`ScheduleError::Write`] when `out` fails.
pub fn compile<B: AsRef<[u8]>>(
    spec: &Spec,
    pools: &[Vec<B>],
    out: &mut impl Write,
) -> Result<Compiled, ScheduleError> {
    spec.check(pools)?;
    let header = header(spec, pools)?;
    let mut file = Hashing {
        out,
        digest: Sha256::new(),
        bytes: 0,
    };
    file.put(&header.encode())?;
    put_operations(&mut file, spec)?;
    put_payloads(&mut file, pools)?;
    put_entries(&mut file, spec, pools)?;
    file.out.flush()?;
    Ok(Compiled {
        sha256: hex(&file.digest.finalize()),
        requests: header.entries,
        bytes: file.bytes,
    })
}

fn header<B: AsRef<[u8]>>(spec: &Spec, pools: &[Vec<B>]) -> Result<Header, ScheduleError> {
    let payloads: u64 = pools.iter().map(|pool| pool.len() as u64).sum();
    if u32::try_from(payloads).is_err() {
        return Err(ScheduleError::Spec(format!(
            "{payloads} payloads are too many"
        )));
    }
    let names = spec.operations.iter().map(|operation| operation.name.len());
    Ok(Header {
        arrival: spec.arrival,
        seed: spec.seed,
        rate_per_s: spec.rate_per_s,
        duration_ns: spec.duration_ns,
        max_connections: spec.max_connections,
        operations: spec.operations.len() as u32,
        operations_bytes: names.map(|name| (OPERATION_BYTES + name) as u64).sum(),
        payloads,
        blob_bytes: pools
            .iter()
            .flatten()
            .map(|payload| payload.as_ref().len() as u64)
            .sum(),
        entries: Starts::new(spec).count() as u64,
    })
}

fn put_operations<W: Write>(file: &mut Hashing<'_, W>, spec: &Spec) -> Result<(), ScheduleError> {
    for operation in &spec.operations {
        file.put(&operation.weight.to_bits().to_le_bytes())?;
        file.put(&operation.timeout_ns.to_le_bytes())?;
        file.put(&operation.expected_status.to_le_bytes())?;
        file.put(&(operation.name.len() as u16).to_le_bytes())?;
        file.put(operation.name.as_bytes())?;
    }
    Ok(())
}

fn put_payloads<W: Write, B: AsRef<[u8]>>(
    file: &mut Hashing<'_, W>,
    pools: &[Vec<B>],
) -> Result<(), ScheduleError> {
    let mut offset = 0_u64;
    for (operation, pool) in pools.iter().enumerate() {
        for payload in pool {
            file.put(&offset.to_le_bytes())?;
            file.put(&(payload.as_ref().len() as u32).to_le_bytes())?;
            file.put(&(operation as u32).to_le_bytes())?;
            offset += payload.as_ref().len() as u64;
        }
    }
    for payload in pools.iter().flatten() {
        file.put(payload.as_ref())?;
    }
    let zeros = [0; 16];
    file.put(&zeros[..padding(file.bytes) as usize])
}

fn put_entries<W: Write, B>(
    file: &mut Hashing<'_, W>,
    spec: &Spec,
    pools: &[Vec<B>],
) -> Result<(), ScheduleError> {
    let spans = pools.iter().scan(0, |first, pool| {
        let span = (*first, pool.len() as u32);
        *first += pool.len() as u32;
        Some(span)
    });
    let mut draws = Draws::new(spec, spans.collect());
    for start in Starts::new(spec) {
        let (operation, payload) = draws.next();
        file.put(&start.to_le_bytes())?;
        file.put(&payload.to_le_bytes())?;
        file.put(&operation.to_le_bytes())?;
    }
    Ok(())
}

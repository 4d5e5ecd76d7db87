//! Payloads of operations: pools where few differ, built request by request where many do.

use crate::ScheduleError;
use crate::encode::{Encoder, Messages, Request};
use crate::generators::Source;
use crate::random::{Purpose, Random};
use crate::spec::{BlobRange, Generator, OperationSpec, Spec};
use crate::template::refusal;
use crate::writer::Place;

/// Different payloads up to which an operation has a pool.
const MOST_POOLED: usize = 2_000;
/// Most bytes of an operation's pool.
const MOST_POOL_BYTES: usize = 256 * 1024 * 1024;
/// Name of the stream that draws bodies; no placeholder has it.
const BODY: &str = "body file";

/// The pooled payloads of all operations.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    /// Length and operation of each.
    pub(crate) records: Vec<(u32, u16)>,
    pub(crate) bytes: Vec<u8>,
}

/// Where the payloads of an operation come from.
enum Feed {
    Pooled { first: u32, count: u32 },
    Built(Box<Builder>),
}

/// Builds a payload for each request.
struct Builder {
    request: Request,
    sources: Vec<Source>,
    values: Vec<Vec<u8>>,
    blobs: Option<BlobRange>,
    bodies: Random,
}

/// Payloads of a workload, in the order of its requests.
pub(crate) struct Payloads<'a, B> {
    pub(crate) pool: Pool,
    feeds: Vec<Feed>,
    encoder: Encoder<'a>,
    blobs: &'a [B],
    random: Random,
}

impl<'a, B: AsRef<[u8]>> Payloads<'a, B> {
    /// `column` finds the number of a trace's column.
    pub(crate) fn new(
        spec: &Spec,
        blobs: &'a [B],
        messages: Option<&'a dyn Messages>,
        column: impl Fn(&str) -> Option<usize>,
    ) -> Result<Self, ScheduleError> {
        let mut payloads = Self {
            pool: Pool::default(),
            feeds: Vec::new(),
            encoder: Encoder::new(spec, messages),
            blobs,
            random: Random::new(spec.seed, Purpose::Payloads),
        };
        for (number, operation) in spec.operations.iter().enumerate() {
            let (request, names) = Request::new(operation);
            let feed = match choices(operation, &names)? {
                Some(choices) => {
                    payloads.fill_pool(number as u16, &request, &choices, operation.body_blobs)?
                }
                None => {
                    let sources = sources(spec.seed, operation, &names, &column)?;
                    Feed::Built(Box::new(Builder {
                        request,
                        values: vec![Vec::new(); sources.len()],
                        sources,
                        blobs: operation.body_blobs,
                        bodies: Random::named(spec.seed, &operation.name, BODY),
                    }))
                }
            };
            payloads.feeds.push(feed);
        }
        Ok(payloads)
    }

    /// Encodes every combination of values and bodies once.
    fn fill_pool(
        &mut self,
        operation: u16,
        request: &Request,
        choices: &[&[String]],
        blobs: Option<BlobRange>,
    ) -> Result<Feed, ScheduleError> {
        let first = self.pool.records.len() as u32;
        let begin = self.pool.bytes.len();
        let bodies = blobs.map_or(1, |range| range.count as usize);
        let combinations = choices.iter().map(|values| values.len()).product::<usize>() * bodies;
        for combination in 0..combinations {
            let body = (combination % bodies) as u32;
            let blob = blobs.map(|range| self.blobs[(range.first + body) as usize].as_ref());
            let values = pick(choices, combination / bodies);
            let before = self.pool.bytes.len();
            self.encoder
                .encode(request, &values, blob, &mut self.pool.bytes)?;
            let length = (self.pool.bytes.len() - before) as u32;
            self.pool.records.push((length, operation));
            if self.pool.bytes.len() - begin > MOST_POOL_BYTES {
                return Err(refusal(
                    &request.name,
                    "its requests take more than 256 MiB",
                ));
            }
        }
        let count = combinations as u32;
        Ok(Feed::Pooled { first, count })
    }

    /// Draws or builds the next payload of an operation; `blob` takes what is built.
    pub(crate) fn next(
        &mut self,
        operation: u16,
        fields: &[Vec<u8>],
        blob: &mut Vec<u8>,
    ) -> Result<Place, ScheduleError> {
        match &mut self.feeds[usize::from(operation)] {
            Feed::Pooled { first, count } => {
                let drawn = self.random.below(u64::from(*count)) as u32;
                Ok(Place::Pool(*first + drawn))
            }
            Feed::Built(builder) => {
                let offset = blob.len();
                blob.extend_from_slice(&[0; 4]);
                builder.build(&mut self.encoder, self.blobs, fields, blob)?;
                let length = (blob.len() - offset - 4) as u32;
                blob[offset..offset + 4].copy_from_slice(&length.to_le_bytes());
                Ok(Place::Own(offset as u32))
            }
        }
    }
}

impl Builder {
    fn build<B: AsRef<[u8]>>(
        &mut self,
        encoder: &mut Encoder<'_>,
        blobs: &[B],
        fields: &[Vec<u8>],
        out: &mut Vec<u8>,
    ) -> Result<(), ScheduleError> {
        for (source, value) in self.sources.iter_mut().zip(&mut self.values) {
            source.next(fields, value);
        }
        let blob = self.blobs.map(|range| {
            let drawn = self.bodies.below(u64::from(range.count)) as u32;
            blobs[(range.first + drawn) as usize].as_ref()
        });
        encoder.encode(&self.request, &self.values, blob, out)
    }
}

/// Returns the lists of values of `names` if all combinations fit a pool.
fn choices<'a>(
    operation: &'a OperationSpec,
    names: &[String],
) -> Result<Option<Vec<&'a [String]>>, ScheduleError> {
    let mut count = operation.body_blobs.map_or(1, |range| range.count as usize);
    let mut all = Some(Vec::new());
    for name in names {
        let found = operation.data.get(name);
        let generator = found.ok_or_else(|| {
            refusal(
                &operation.name,
                format!("placeholder {{{name}}} has no data"),
            )
        })?;
        match (generator, &mut all) {
            (Generator::Choice { values }, Some(lists)) => {
                count = count.saturating_mul(values.len());
                lists.push(values.as_slice());
            }
            _ => all = None,
        }
    }
    Ok(all.filter(|_| count <= MOST_POOLED))
}

/// Returns one combination of values; the last name changes fastest.
fn pick(choices: &[&[String]], combination: usize) -> Vec<Vec<u8>> {
    let mut rest = combination;
    let mut values: Vec<Vec<u8>> = choices
        .iter()
        .rev()
        .map(|list| {
            let value = list[rest % list.len()].as_bytes().to_vec();
            rest /= list.len();
            value
        })
        .collect();
    values.reverse();
    values
}

fn sources(
    seed: u64,
    operation: &OperationSpec,
    names: &[String],
    column: &impl Fn(&str) -> Option<usize>,
) -> Result<Vec<Source>, ScheduleError> {
    let source = |name: &String| {
        let random = Random::named(seed, &operation.name, name);
        let source = Source::new(&operation.data[name], random, column);
        source.map_err(|error| refusal(&operation.name, format!("data {name:?}: {error}")))
    };
    names.iter().map(source).collect()
}

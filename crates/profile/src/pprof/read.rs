//! Reads pprof: gzip or raw, symbolised or not.

use std::io::Read;

use thiserror::Error;

use super::field;
use super::ids::Ids;
use crate::frames::FrameRow;
use crate::labels::Label;
use crate::locations::NO_MAPPING;
use crate::mappings::MappingRow;
use crate::strings::StringId;
use crate::tables::{Profile, SampleType};
use crate::wire::{Fields, Value, WireError};

/// Why bytes are not a usable pprof profile.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The gzip layer is damaged.
    #[error("the gzip layer is damaged: {0}")]
    Gzip(std::io::Error),
    /// Unpacked, the profile passes the limit.
    #[error("unpacked, the profile is larger than the limit of {0} bytes")]
    TooLarge(u64),
    /// The protobuf layer is damaged.
    #[error("the protobuf layer is damaged: {0}")]
    Wire(#[from] WireError),
    /// A part refers to another that is not there.
    #[error("a {from} refers to {to} {id}, which does not exist")]
    Dangling {
        /// What refers.
        from: &'static str,
        /// What is missing.
        to: &'static str,
        /// Its number.
        id: u64,
    },
    /// Two parts carry the same number.
    #[error("two {kind}s carry the number {id}, or it is 0")]
    Identity {
        /// What carries it.
        kind: &'static str,
        /// The number.
        id: u64,
    },
    /// The profile says nothing about what its values mean.
    #[error("the profile declares no sample types")]
    NoSampleTypes,
    /// The profile has more parts than the limits allow.
    #[error("the profile has more than {0} strings, functions, locations and mappings")]
    TooMany(u64),
    /// Locations with many lines occur in many stacks.
    #[error("the stacks have more than {MOST_FRAMES} frames")]
    Frames,
    /// A sample does not carry one value for each sample type.
    #[error("a sample carries {found} values, the profile declares {declared}")]
    ValueCount {
        /// Values of the sample.
        found: usize,
        /// Sample types.
        declared: usize,
    },
}

/// Frames of all stacks, inlined calls expanded; readers of the profile take four bytes for each.
const MOST_FRAMES: usize = 1 << 29;
/// Sample types that a profile has at most; Go writes four.
const MOST_TYPES: u64 = 1_000;

/// Bounds on what a profile may cost.
#[derive(Clone, Copy, Debug)]
pub struct PprofLimits {
    /// Largest size after unpacking. Tables take a small multiple of it.
    pub unpacked_bytes: u64,
    /// Strings, functions, locations, mappings, sample types and labels together: small on the wire, but not in tables.
    pub parts: u64,
}

impl Default for PprofLimits {
    fn default() -> Self {
        Self {
            unpacked_bytes: 512 << 20,
            parts: 16_000_000,
        }
    }
}

impl Profile {
    /// Reads a pprof profile, gzip or raw.
    ///
    /// Samples with equal stacks and labels are summed. Column numbers of lines and the
    /// "folded" mark of locations are not kept.
    ///
    /// # Errors
    /// Damaged or inconsistent data, or more than the limits allow.
    pub fn from_pprof(data: &[u8], limits: PprofLimits) -> Result<Self, ReadError> {
        if data.starts_with(&[0x1f, 0x8b]) {
            let mut unpacked = Vec::new();
            flate2::read::MultiGzDecoder::new(data)
                .take(limits.unpacked_bytes + 1)
                .read_to_end(&mut unpacked)
                .map_err(ReadError::Gzip)?;
            return Reader::read(&unpacked, limits);
        }
        Reader::read(data, limits)
    }
}

/// The values of one field of the message. Each pass over it costs little, for it skips by lengths;
/// keeping what it finds would cost a multiple of a message of empty parts.
fn each<'a>(message: &'a [u8], wanted: u64) -> impl Iterator<Item = Result<Value<'a>, WireError>> {
    let mut fields = Fields::new(message);
    std::iter::from_fn(move || {
        loop {
            match fields.next().transpose()? {
                Ok((number, value)) if number == wanted => return Some(Ok(value)),
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    })
}

/// Samples are left out: what they cost is near what they are on the wire.
fn check_parts(message: &[u8], most: u64) -> Result<(), ReadError> {
    let (mut parts, mut types) = (0, 0);
    let mut fields = Fields::new(message);
    while let Some((number, _)) = fields.next()? {
        parts += u64::from(number != field::SAMPLE);
        types += u64::from(number == field::SAMPLE_TYPE);
        if parts > most || types > MOST_TYPES {
            return Err(ReadError::TooMany(most));
        }
    }
    Ok(())
}

/// What the message says about the whole profile.
#[derive(Default)]
struct Header<'a> {
    sample_types: Vec<&'a [u8]>,
    period_type: Option<&'a [u8]>,
    comments: Vec<u64>,
    numbers: [u64; 16],
}

impl<'a> Header<'a> {
    fn read(message: &'a [u8]) -> Result<Self, WireError> {
        let mut header = Self::default();
        let mut fields = Fields::new(message);
        while let Some((number, value)) = fields.next()? {
            match number {
                field::SAMPLE_TYPE => header.sample_types.push(value.bytes(number)?),
                field::PERIOD_TYPE => header.period_type = Some(value.bytes(number)?),
                field::COMMENT => value.append_to(number, &mut header.comments)?,
                field::DROP_FRAMES..=field::DOC_URL => {
                    header.numbers[number as usize] = value.unsigned(number)?;
                }
                _ => {}
            }
        }
        Ok(header)
    }
}

#[derive(Clone, Copy, Default)]
struct FunctionPart {
    name: StringId,
    system_name: StringId,
    file: StringId,
    start_line: i32,
}

struct Reader {
    profile: Profile,
    strings: Vec<StringId>,
    mappings: Ids<u32>,
    functions: Ids<FunctionPart>,
    locations: Ids<u32>,
    scratch: Scratch,
    frames: usize,
}

/// Room for the parts of one sample, used again for the next.
#[derive(Default)]
struct Scratch {
    ids: Vec<u64>,
    numbers: Vec<u64>,
    locations: Vec<u32>,
    values: Vec<i64>,
    labels: Vec<Label>,
}

impl Scratch {
    fn clear(&mut self) {
        self.ids.clear();
        self.numbers.clear();
        self.locations.clear();
        self.values.clear();
        self.labels.clear();
    }
}

impl Reader {
    fn read(message: &[u8], limits: PprofLimits) -> Result<Profile, ReadError> {
        if message.len() as u64 > limits.unpacked_bytes {
            return Err(ReadError::TooLarge(limits.unpacked_bytes));
        }
        check_parts(message, limits.parts)?;
        let header = Header::read(message)?;
        let mut reader = Self {
            profile: Profile::default(),
            strings: Vec::new(),
            mappings: Ids::of("mapping"),
            functions: Ids::of("function"),
            locations: Ids::of("location"),
            scratch: Scratch::default(),
            frames: 0,
        };
        for text in each(message, field::STRING_TABLE) {
            let text = text?.text(field::STRING_TABLE)?;
            reader.strings.push(reader.profile.strings.intern(text));
        }
        reader.header(&header)?;
        reader.all(message, field::MAPPING, Self::mapping)?;
        reader.all(message, field::FUNCTION, Self::function)?;
        reader.all(message, field::LOCATION, Self::location)?;
        reader.all(message, field::SAMPLE, Self::sample)?;
        Ok(reader.profile)
    }

    fn all(
        &mut self,
        message: &[u8],
        field: u64,
        take: fn(&mut Self, &[u8]) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        each(message, field).try_for_each(|part| take(self, part?.bytes(field)?))
    }

    fn header(&mut self, header: &Header<'_>) -> Result<(), ReadError> {
        if header.sample_types.is_empty() {
            return Err(ReadError::NoSampleTypes);
        }
        for part in &header.sample_types {
            let sample_type = self.sample_type(part)?;
            self.profile.add_column(sample_type);
        }
        if let Some(part) = header.period_type {
            self.profile.period_type = self.sample_type(part)?;
        }
        for &comment in &header.comments {
            let comment = self.string("comment", comment)?;
            self.profile.comments.push(comment);
        }
        let number = |field: u64| header.numbers[field as usize];
        self.profile.time_ns = number(field::TIME_NANOS).cast_signed();
        self.profile.duration_ns = number(field::DURATION_NANOS).cast_signed();
        self.profile.period = number(field::PERIOD).cast_signed();
        self.profile.drop_frames = self.string("profile", number(field::DROP_FRAMES))?;
        self.profile.keep_frames = self.string("profile", number(field::KEEP_FRAMES))?;
        self.profile.default_sample_type =
            self.string("profile", number(field::DEFAULT_SAMPLE_TYPE))?;
        self.profile.doc_url = self.string("profile", number(field::DOC_URL))?;
        Ok(())
    }

    fn sample_type(&self, part: &[u8]) -> Result<SampleType, ReadError> {
        let [kind, unit] = numbers::<2>(part)?;
        Ok(SampleType {
            kind: self.string("sample type", kind)?,
            unit: self.string("sample type", unit)?,
        })
    }

    fn mapping(&mut self, part: &[u8]) -> Result<(), ReadError> {
        let [id, start, limit, file_offset, path, build_id] = numbers::<6>(part)?;
        let path = self.string("mapping", path)?;
        let row = self.profile.mappings.intern(MappingRow {
            start,
            limit,
            file_offset,
            path,
            build_id: self.string("mapping", build_id)?,
            kernel: is_kernel(self.profile.strings.text(path)),
        });
        self.mappings.note(id, row)
    }

    fn function(&mut self, part: &[u8]) -> Result<(), ReadError> {
        let [id, name, system_name, file, start_line] = numbers::<5>(part)?;
        let name = self.string("function", name)?;
        let system_name = self.string("function", system_name)?;
        let function = FunctionPart {
            name: if name.is_empty() { system_name } else { name },
            system_name: if name == system_name {
                StringId::EMPTY
            } else {
                system_name
            },
            file: self.string("function", file)?,
            start_line: line_number(start_line),
        };
        self.functions.note(id, function)
    }

    fn location(&mut self, part: &[u8]) -> Result<(), ReadError> {
        let [id, mapping, address] = numbers::<3>(part)?;
        let mapping = match mapping {
            0 => NO_MAPPING,
            mapping => self.mappings.look_up("location", mapping)?,
        };
        let mut lines = Vec::new();
        let mut fields = Fields::new(part);
        while let Some((number, value)) = fields.next()? {
            if number == 4 {
                lines.push(numbers::<2>(value.bytes(number)?)?);
            }
        }
        let mut frames = Vec::with_capacity(lines.len());
        for (depth, &[function, line]) in lines.iter().enumerate() {
            let function = self.functions.look_up("location", function)?;
            frames.push(self.frame(function, line, mapping, depth + 1 < lines.len()));
        }
        let row = self.profile.locations.push(mapping, address, frames);
        self.locations.note(id, row)
    }

    fn frame(&mut self, function: FunctionPart, line: u64, mapping: u32, inlined: bool) -> u32 {
        let mapping = self
            .profile
            .mappings
            .get(mapping)
            .copied()
            .unwrap_or_default();
        self.profile.frames.intern(FrameRow {
            function: function.name,
            system_name: function.system_name,
            file: function.file,
            module: mapping.path,
            line: line_number(line),
            start_line: function.start_line,
            inlined,
            kernel: mapping.kernel,
        })
    }

    fn sample(&mut self, part: &[u8]) -> Result<(), ReadError> {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        let mut fields = Fields::new(part);
        while let Some((number, value)) = fields.next()? {
            match number {
                1 => value.append_to(number, &mut scratch.ids)?,
                2 => value.append_to(number, &mut scratch.numbers)?,
                3 => scratch.labels.push(self.label(value.bytes(number)?)?),
                _ => {}
            }
        }
        let declared = self.profile.sample_types.len();
        if scratch.numbers.len() != declared {
            let found = scratch.numbers.len();
            return Err(ReadError::ValueCount { found, declared });
        }
        for &id in &scratch.ids {
            let row = self.locations.look_up("sample", id)?;
            self.frames += self.profile.locations.frames(row).len();
            scratch.locations.push(row);
        }
        if self.frames > MOST_FRAMES {
            return Err(ReadError::Frames);
        }
        let numbers = scratch.numbers.iter();
        scratch
            .values
            .extend(numbers.map(|&number| number.cast_signed()));
        let labels = self.profile.labels.intern(&scratch.labels);
        self.profile
            .add(&scratch.locations, labels, &scratch.values);
        self.scratch = scratch;
        Ok(())
    }

    fn label(&self, part: &[u8]) -> Result<Label, ReadError> {
        let [key, text, number, unit] = numbers::<4>(part)?;
        Ok(Label {
            key: self.string("label", key)?,
            text: self.string("label", text)?,
            number: number.cast_signed(),
            unit: self.string("label", unit)?,
        })
    }

    fn string(&self, from: &'static str, id: u64) -> Result<StringId, ReadError> {
        if id == 0 {
            return Ok(StringId::EMPTY);
        }
        let found = usize::try_from(id).ok().and_then(|id| self.strings.get(id));
        found.copied().ok_or(ReadError::Dangling {
            from,
            to: "string",
            id,
        })
    }
}

/// Reads the numeric fields 1 to N of a message; absent ones are 0, others are skipped.
fn numbers<const N: usize>(part: &[u8]) -> Result<[u64; N], WireError> {
    let mut numbers = [0; N];
    let mut fields = Fields::new(part);
    while let Some((number, value)) = fields.next()? {
        if (1..=N as u64).contains(&number) {
            numbers[number as usize - 1] = value.unsigned(number)?;
        }
    }
    Ok(numbers)
}

fn line_number(line: u64) -> i32 {
    let line = line
        .cast_signed()
        .clamp(i64::from(i32::MIN), i64::from(i32::MAX));
    line as i32
}

fn is_kernel(path: &str) -> bool {
    path.starts_with("[kernel") || path.starts_with("[guest.kernel")
}

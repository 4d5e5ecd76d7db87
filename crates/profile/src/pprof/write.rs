//! Writes pprof as `go tool pprof` reads it.

use std::collections::HashMap;
use std::io::Write;

use thiserror::Error;

use super::field;
use crate::frames::FrameRow;
use crate::locations::NO_MAPPING;
use crate::strings::StringId;
use crate::tables::{Profile, SampleType};
use crate::wire::Writer;

/// Why a profile cannot be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// Packing failed, which only happens without memory.
    #[error("packing the profile failed: {0}")]
    Gzip(#[from] std::io::Error),
}

/// A function as pprof separates it from the lines inside.
type FunctionKey = (StringId, StringId, StringId, i32);

impl Profile {
    /// Writes the profile as gzip'd pprof. Single samples are not part of the format.
    ///
    /// # Errors
    /// Only when packing fails.
    pub fn to_pprof(&self) -> Result<Vec<u8>, WriteError> {
        let packed = Vec::new();
        let mut encoder = flate2::write::GzEncoder::new(packed, flate2::Compression::default());
        encoder.write_all(&self.to_raw_pprof())?;
        Ok(encoder.finish()?)
    }

    /// Writes the protobuf message without gzip.
    #[must_use]
    pub fn to_raw_pprof(&self) -> Vec<u8> {
        let mut message = Writer::default();
        for &sample_type in &self.sample_types {
            message.message(field::SAMPLE_TYPE, &value_type(sample_type));
        }
        self.write_samples(&mut message);
        self.write_mappings(&mut message);
        self.write_locations(&mut message);
        for text in self.strings.iter() {
            message.bytes(field::STRING_TABLE, text.as_bytes());
        }
        self.write_header(&mut message);
        message.finish()
    }

    fn write_samples(&self, message: &mut Writer) {
        for stack in 0..self.stacks.len() as u32 {
            let values = self
                .values
                .iter()
                .map(|column| column.get(stack as usize).copied().unwrap_or(0));
            let locations = self.stacks.locations(stack);
            let mut sample = Writer::default();
            sample.packed(1, locations.iter().map(|&location| u64::from(location) + 1));
            sample.packed(2, values.map(i64::cast_unsigned));
            for label in self.labels.get(self.stacks.labels(stack)) {
                let mut part = Writer::default();
                part.number(1, u64::from(label.key.0));
                part.number(2, u64::from(label.text.0));
                part.signed(3, label.number);
                part.number(4, u64::from(label.unit.0));
                sample.message(3, &part);
            }
            message.message(field::SAMPLE, &sample);
        }
    }

    fn write_mappings(&self, message: &mut Writer) {
        let mut named = vec![false; self.mappings.rows().len()];
        for (row, &mapping) in self.locations.mappings().iter().enumerate() {
            if let Some(named) = named.get_mut(mapping as usize) {
                *named |= !self.locations.frames(row as u32).is_empty();
            }
        }
        for (row, mapping) in self.mappings.rows().iter().enumerate() {
            let mut part = Writer::default();
            part.number(1, row as u64 + 1);
            part.number(2, mapping.start);
            part.number(3, mapping.limit);
            part.number(4, mapping.file_offset);
            part.number(5, u64::from(mapping.path.0));
            part.number(6, u64::from(mapping.build_id.0));
            for has_names in 7..=10 {
                part.number(has_names, u64::from(named[row]));
            }
            message.message(field::MAPPING, &part);
        }
    }

    fn write_locations(&self, message: &mut Writer) {
        let mut functions: HashMap<FunctionKey, u64> = HashMap::new();
        let mut function_id = |message: &mut Writer, frame: &FrameRow| {
            let next = functions.len() as u64 + 1;
            let key = (
                frame.function,
                frame.system_name,
                frame.file,
                frame.start_line,
            );
            *functions.entry(key).or_insert_with(|| {
                message.message(field::FUNCTION, &function(next, frame));
                next
            })
        };
        for row in 0..self.locations.len() as u32 {
            let mapping = self.locations.mappings()[row as usize];
            let mut part = Writer::default();
            part.number(1, u64::from(row) + 1);
            part.number(
                2,
                if mapping == NO_MAPPING {
                    0
                } else {
                    u64::from(mapping) + 1
                },
            );
            part.number(3, self.locations.addresses()[row as usize]);
            for &frame in self.locations.frames(row) {
                let frame = &self.frames.rows()[frame as usize];
                let mut line = Writer::default();
                line.number(1, function_id(message, frame));
                line.signed(2, i64::from(frame.line));
                part.message(4, &line);
            }
            message.message(field::LOCATION, &part);
        }
    }

    fn write_header(&self, message: &mut Writer) {
        message.number(field::DROP_FRAMES, u64::from(self.drop_frames.0));
        message.number(field::KEEP_FRAMES, u64::from(self.keep_frames.0));
        message.signed(field::TIME_NANOS, self.time_ns);
        message.signed(field::DURATION_NANOS, self.duration_ns);
        if self.period_type != SampleType::default() {
            message.message(field::PERIOD_TYPE, &value_type(self.period_type));
        }
        message.signed(field::PERIOD, self.period);
        message.packed(
            field::COMMENT,
            self.comments.iter().map(|comment| u64::from(comment.0)),
        );
        message.number(
            field::DEFAULT_SAMPLE_TYPE,
            u64::from(self.default_sample_type.0),
        );
        message.number(field::DOC_URL, u64::from(self.doc_url.0));
    }
}

fn value_type(sample_type: SampleType) -> Writer {
    let mut part = Writer::default();
    part.number(1, u64::from(sample_type.kind.0));
    part.number(2, u64::from(sample_type.unit.0));
    part
}

fn function(id: u64, frame: &FrameRow) -> Writer {
    let system_name = if frame.system_name.is_empty() {
        frame.function
    } else {
        frame.system_name
    };
    let mut part = Writer::default();
    part.number(1, id);
    part.number(2, u64::from(frame.function.0));
    part.number(3, u64::from(system_name.0));
    part.number(4, u64::from(frame.file.0));
    part.signed(5, i64::from(frame.start_line));
    part
}

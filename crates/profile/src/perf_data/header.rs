//! What surrounds the records of a file: the header, the sections of attributes and of features
//! (tools/perf/Documentation/perf.data-file-format.txt).

use std::io::{Read, Seek, SeekFrom};

use super::error::PerfDataError;
use super::events::{Event, Events};
use super::fields::Fields;

const MAGIC: &[u8; 8] = b"PERFILE2";
/// Length of the header of a file, and of one that was written to a pipe.
const HEADER: u64 = 104;
const PIPE_HEADER: u64 = 16;
/// A section of attributes ends with the place of the event's numbers.
const PLACE: u64 = 16;
/// Sections are at most a few MB long; a file may claim anything.
const MOST_BYTES: u64 = 64 << 20;
const MOST_EVENTS: u64 = 4_096;

pub(crate) const FEATURE_TRACING_DATA: u64 = 1;
pub(crate) const FEATURE_BUILD_ID: u64 = 2;
pub(crate) const FEATURE_RELEASE: u64 = 4;
pub(crate) const FEATURE_ARCH: u64 = 6;
pub(crate) const FEATURE_EVENT_DESC: u64 = 12;

/// Where the records lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Records {
    pub(crate) begin: u64,
    /// Absent where only the end of the file ends them: written to a pipe, or never finished.
    pub(crate) end: Option<u64>,
}

/// A place in the file.
#[derive(Clone, Copy)]
struct Section {
    offset: u64,
    length: u64,
}

/// Reads everything but the records into `events`, and leaves the source at the first record.
pub(crate) fn read_header<R: Read + Seek>(
    source: &mut R,
    events: &mut Events,
) -> Result<Records, PerfDataError> {
    let begin = section(source, 0, PIPE_HEADER, true)?;
    check_magic(&begin)?;
    let length = Fields(&begin[8..]).u64().unwrap_or(0);
    if length == PIPE_HEADER {
        source.seek(SeekFrom::Start(PIPE_HEADER))?;
        return Ok(Records {
            begin: PIPE_HEADER,
            end: None,
        });
    }
    let header = section(source, 0, HEADER, true)?;
    let short = PerfDataError::Damaged {
        offset: header.len() as u64,
        what: "the file ends in its header",
    };
    let records = parse_header(source, &header, events)?.ok_or(short)?;
    source.seek(SeekFrom::Start(records.begin))?;
    Ok(records)
}

fn check_magic(begin: &[u8]) -> Result<(), PerfDataError> {
    let magic = begin.first_chunk::<8>().ok_or(PerfDataError::OtherFormat)?;
    let backwards: Vec<u8> = magic.iter().rev().copied().collect();
    match magic {
        MAGIC => Ok(()),
        _ if backwards == MAGIC => Err(PerfDataError::ByteOrder),
        b"PERFFILE" => Err(PerfDataError::TooOld),
        _ => Err(PerfDataError::OtherFormat),
    }
}

fn parse_header<R: Read + Seek>(
    source: &mut R,
    header: &[u8],
    events: &mut Events,
) -> Result<Option<Records>, PerfDataError> {
    let mut fields = Fields(header);
    let place = |fields: &mut Fields<'_>| {
        let (offset, length) = (fields.u64()?, fields.u64()?);
        Some(Section { offset, length })
    };
    let attribute_length = fields.skip(16).and_then(Fields::u64);
    let (Some(attribute_length), Some(attributes), Some(data)) =
        (attribute_length, place(&mut fields), place(&mut fields))
    else {
        return Ok(None);
    };
    read_attributes(source, attributes, attribute_length, events)?;
    let features = fields.skip(PLACE).and_then(Fields::u64).unwrap_or(0);
    let end = data.offset.saturating_add(data.length);
    if data.length > 0 {
        read_features(source, end, features, events)?;
    }
    Ok(Some(Records {
        begin: data.offset,
        end: (data.length > 0).then_some(end),
    }))
}

fn read_attributes<R: Read + Seek>(
    source: &mut R,
    place: Section,
    length: u64,
    events: &mut Events,
) -> Result<(), PerfDataError> {
    let damaged = |what| PerfDataError::Damaged {
        offset: place.offset,
        what,
    };
    let count = place.length.checked_div(length).unwrap_or(0);
    if length <= PLACE || count == 0 || count > MOST_EVENTS {
        return Err(damaged("the section of events has an impossible length"));
    }
    let bytes = section(source, place.offset, place.length, true)?;
    for entry in bytes.chunks_exact(length as usize) {
        let (attributes, mut ids) = (
            &entry[..(length - PLACE) as usize],
            Fields(&entry[(length - PLACE) as usize..]),
        );
        let ids = (ids.u64().unwrap_or(0), ids.u64().unwrap_or(0));
        let ids = section(source, ids.0, ids.1, false)?;
        let event =
            Event::parse(attributes, &ids).ok_or_else(|| damaged("an event is too short"))?;
        events.add(event);
    }
    Ok(())
}

/// Features follow the records, in the order of their bits; what cannot be read is passed over.
fn read_features<R: Read + Seek>(
    source: &mut R,
    offset: u64,
    features: u64,
    events: &mut Events,
) -> Result<(), PerfDataError> {
    let table = section(source, offset, u64::from(features.count_ones()) * 16, false)?;
    let mut places = Fields(&table);
    for feature in (0..64).filter(|feature| features & 1 << feature != 0) {
        let (Some(offset), Some(length)) = (places.u64(), places.u64()) else {
            break;
        };
        if [
            FEATURE_TRACING_DATA,
            FEATURE_BUILD_ID,
            FEATURE_RELEASE,
            FEATURE_ARCH,
            FEATURE_EVENT_DESC,
        ]
        .contains(&feature)
        {
            let bytes = section(source, offset, length, false)?;
            events.feature(feature, &bytes);
        }
    }
    Ok(())
}

/// The bytes of a section, as far as the source has them. Memory follows what is there, not what is claimed.
fn section<R: Read + Seek>(
    source: &mut R,
    offset: u64,
    length: u64,
    is_needed: bool,
) -> Result<Vec<u8>, PerfDataError> {
    let mut bytes = Vec::new();
    if length > MOST_BYTES {
        let what = "a section has an impossible length";
        return if is_needed {
            Err(PerfDataError::Damaged { offset, what })
        } else {
            Ok(bytes)
        };
    }
    if i64::try_from(offset).is_err() {
        return Ok(bytes);
    }
    source.seek(SeekFrom::Start(offset))?;
    source.by_ref().take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

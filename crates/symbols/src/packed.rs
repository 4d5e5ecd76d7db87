//! Frames of a binary in a compact form that can be kept: each text and each frame once.
//!
//! Layout: magic with version; CRC-32 of all that follows; identity; texts; frames; places. Numbers
//! are LEB128, a text is its length and its bytes, places are differences of offsets.

use std::collections::{BTreeMap, HashMap};

use crate::Frame;

const MAGIC: &[u8; 8] = b"ttnames\x01";

/// Bytes of text that unpacking may make of a file: a small one can name a long text many times.
const MOST_TEXT: usize = 1 << 30;

/// Bytes of frames unpacked: texts are packed once, however often frames repeat them.
const MOST_UNPACKED: usize = 1 << 30;

/// Frames by offset in the file.
pub type FramesByOffset = BTreeMap<u64, Vec<Frame>>;

/// Packs the frames of the binary that `identity` stands for.
#[must_use]
pub fn pack(identity: &str, frames: &FramesByOffset) -> Vec<u8> {
    let mut writer = Writer::default();
    let mut places = Vec::new();
    number(&mut places, frames.len() as u64);
    let mut before = 0;
    for (&offset, list) in frames {
        number(&mut places, offset - before);
        number(&mut places, list.len() as u64);
        for frame in list {
            number(&mut places, writer.frame(frame));
        }
        before = offset;
    }
    let mut body = Vec::new();
    text(&mut body, identity);
    number(&mut body, writer.texts.len() as u64);
    body.extend(writer.text_bytes);
    number(&mut body, writer.frames.len() as u64);
    body.extend(writer.frame_bytes);
    body.extend(places);
    let sum = crc32fast::hash(&body).to_le_bytes();
    [&MAGIC[..], &sum, &body].concat()
}

#[derive(Default)]
struct Writer<'a> {
    texts: HashMap<&'a str, u64>,
    text_bytes: Vec<u8>,
    frames: HashMap<[u64; 5], u64>,
    frame_bytes: Vec<u8>,
}

impl<'a> Writer<'a> {
    fn frame(&mut self, frame: &'a Frame) -> u64 {
        let row = [
            self.text(&frame.function),
            self.text(&frame.system_name),
            self.text(&frame.file),
            u64::from(frame.line),
            u64::from(frame.start_line),
        ];
        let next = self.frames.len() as u64;
        *self.frames.entry(row).or_insert_with(|| {
            row.iter()
                .for_each(|&value| number(&mut self.frame_bytes, value));
            next
        })
    }

    fn text(&mut self, value: &'a str) -> u64 {
        let next = self.texts.len() as u64;
        *self.texts.entry(value).or_insert_with(|| {
            text(&mut self.text_bytes, value);
            next
        })
    }
}

/// Unpacks frames; `None` if the data is damaged, of another version or of another binary,
/// or stands for too much.
#[must_use]
pub fn unpack(data: &[u8], identity: &str) -> Option<FramesByOffset> {
    let (sum, body) = data.strip_prefix(MAGIC)?.split_first_chunk::<4>()?;
    if crc32fast::hash(body) != u32::from_le_bytes(*sum) {
        return None;
    }
    let mut reader = Reader { rest: body };
    if reader.text()? != identity {
        return None;
    }
    let texts = reader.list(Reader::text)?;
    let mut room = MOST_UNPACKED;
    let frames = reader.list(|reader| {
        let mut text = || Some((*texts.get(reader.index()?)?).to_owned());
        let frame = Frame {
            function: text()?,
            system_name: text()?,
            file: text()?,
            line: u32::try_from(reader.number()?).ok()?,
            start_line: u32::try_from(reader.number()?).ok()?,
        };
        room = room.checked_sub(size(&frame))?;
        Some(frame)
    })?;
    let (mut before, mut left) = (0_u64, MOST_TEXT);
    let places = reader.list(|reader| {
        before = before.checked_add(reader.number()?)?;
        let list = reader.list(|reader| {
            let frame = frames.get(reader.index()?)?;
            let size = frame.function.len() + frame.system_name.len() + frame.file.len();
            left = left.checked_sub(size)?;
            Some(frame.clone())
        })?;
        (!list.is_empty()).then_some((before, list))
    })?;
    Some(places.into_iter().collect())
}

/// Bytes that a frame takes in memory.
fn size(frame: &Frame) -> usize {
    size_of::<Frame>() + frame.function.len() + frame.system_name.len() + frame.file.len()
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn index(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.index()?;
        let (text, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        std::str::from_utf8(text).ok()
    }

    /// Items after their number; each takes at least a byte, so a lie ends with the data.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let length = self.index()?;
        (0..length).map(|_| item(self)).collect()
    }
}

fn number(into: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        into.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

fn text(into: &mut Vec<u8>, value: &str) {
    number(into, value.len() as u64);
    into.extend_from_slice(value.as_bytes());
}

//! Records of `perf record -z`: one zstd stream in pieces, which ends only with the file.

use zstd_safe::{DCtx, InBuffer, OutBuffer, get_error_name};

/// Bytes unpacked at once.
const PIECE: usize = 1 << 17;
/// Real recordings unpack to five to fifty times their length; what goes beyond this was made to waste time.
const MOST_TIMES: u64 = 1_000;

/// The stream so far.
pub(crate) struct Unpacker {
    stream: Option<DCtx<'static>>,
    /// Unpacked bytes that are not yet a whole record.
    rest: Vec<u8>,
    piece: Vec<u8>,
    packed_bytes: u64,
    unpacked_bytes: u64,
}

impl Default for Unpacker {
    fn default() -> Self {
        Self {
            stream: DCtx::try_create(),
            rest: Vec::new(),
            piece: Vec::new(),
            packed_bytes: 0,
            unpacked_bytes: 0,
        }
    }
}

impl Unpacker {
    /// Unpacks a piece and calls `found` with each whole record in it.
    ///
    /// Records are passed on piece by piece, so that no length of what comes out costs memory. Errors
    /// say what is wrong with the stream.
    pub(crate) fn unpack(
        &mut self,
        packed: &[u8],
        found: &mut dyn FnMut(&[u8]),
    ) -> Result<(), &'static str> {
        let stream = self.stream.as_mut().ok_or("no memory to unpack zstd")?;
        let mut input = InBuffer::around(packed);
        self.piece.resize(PIECE, 0);
        self.packed_bytes += packed.len() as u64;
        loop {
            let mut output = OutBuffer::around(&mut self.piece[..]);
            stream
                .decompress_stream(&mut output, &mut input)
                .map_err(get_error_name)?;
            let length = output.pos();
            self.unpacked_bytes += length as u64;
            if self.unpacked_bytes > MOST_TIMES * self.packed_bytes + PIECE as u64 {
                return Err("unpacks to more than 1,000 times its length");
            }
            self.rest.extend_from_slice(&self.piece[..length]);
            let used = pass_records(&self.rest, found)?;
            self.rest.drain(..used);
            if length < PIECE && input.pos() == packed.len() {
                return Ok(());
            }
        }
    }
}

/// Passes on the whole records at the front of bytes and returns their length.
fn pass_records(bytes: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<usize, &'static str> {
    let mut used = 0;
    while let Some(&[.., low, high]) = bytes.get(used..used + 8) {
        let size = usize::from(u16::from_le_bytes([low, high]));
        if size < 8 {
            return Err("a record shorter than its header");
        }
        let Some(record) = bytes.get(used..used + size) else {
            break;
        };
        found(record);
        used += size;
    }
    Ok(used)
}

//! The file as the loader would lay it out: bytes by virtual address.

use object::{Object, ObjectSegment};

/// The loaded segments of a file.
pub(crate) struct Image<'data> {
    segments: Vec<Segment<'data>>,
}

pub(crate) struct Segment<'data> {
    /// Offset in the file, and size in it.
    pub(crate) file_range: (u64, u64),
    /// Virtual address of the first byte, before any load bias.
    pub(crate) address: u64,
    pub(crate) data: &'data [u8],
}

impl<'data> Image<'data> {
    pub(crate) fn read(file: &object::File<'data>) -> Self {
        let segments = file.segments().map(|segment| Segment {
            file_range: segment.file_range(),
            address: segment.address(),
            data: segment.data().unwrap_or_default(),
        });
        Self {
            segments: segments.collect(),
        }
    }

    pub(crate) fn segments(&self) -> &[Segment<'data>] {
        &self.segments
    }

    /// The virtual address of an offset in the file.
    pub(crate) fn address(&self, file_offset: u64) -> Option<u64> {
        self.segments.iter().find_map(|segment| {
            let (offset, size) = segment.file_range;
            let inside = file_offset.checked_sub(offset)?;
            (inside < size).then(|| segment.address.checked_add(inside))?
        })
    }

    /// All bytes from an address to the end of its segment; empty where nothing is loaded.
    pub(crate) fn from(&self, address: u64) -> &'data [u8] {
        let found = self.segments.iter().find_map(|segment| {
            let inside = usize::try_from(address.checked_sub(segment.address)?).ok()?;
            segment.data.get(inside..).filter(|data| !data.is_empty())
        });
        found.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_that_claims_the_whole_address_space_covers_only_what_follows_it() {
        let image = Image {
            segments: vec![Segment {
                file_range: (0x1000, u64::MAX),
                address: 0x40_1000,
                data: &[1, 2, 3],
            }],
        };
        assert_eq!(image.address(0xfff), None);
        assert_eq!(image.address(0x1010), Some(0x40_1010));
        assert_eq!(image.address(u64::MAX), None);
        assert_eq!(image.from(0x40_1001), [2, 3]);
        assert!(image.from(0x40_1003).is_empty());
        assert!(image.from(0).is_empty());
    }
}

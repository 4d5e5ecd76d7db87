//! Numbers of variable length: seven bits a byte, the lowest first.

/// Bytes of the longest number.
pub(crate) const LONGEST: usize = 10;

/// Reads the number at `at` and moves behind it; none where the bytes end within it, or it has more than 64 bits.
#[inline]
pub(crate) fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let first = *bytes.get(*at)?;
    if first < 0x80 {
        *at += 1;
        return Some(u64::from(first));
    }
    long(bytes, at)
}

fn long(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut number = 0u64;
    for (position, &byte) in bytes.get(*at..)?.iter().take(LONGEST).enumerate() {
        number = add(number, position, byte)?;
        if byte < 0x80 {
            *at += position + 1;
            return Some(number);
        }
    }
    None
}

/// Adds the byte at `position` of a number to it; none where it has no room.
#[inline]
pub(crate) fn add(number: u64, position: usize, byte: u8) -> Option<u64> {
    if position == LONGEST - 1 && byte > 1 {
        return None;
    }
    Some(number | u64::from(byte & 0x7f) << (7 * position))
}

#[cfg(test)]
mod tests {
    use super::varint;

    fn read(bytes: &[u8]) -> Option<(u64, usize)> {
        let mut at = 0;
        varint(bytes, &mut at).map(|number| (number, at))
    }

    #[test]
    fn numbers_of_all_lengths_are_read() {
        assert_eq!(read(&[0]), Some((0, 1)));
        assert_eq!(read(&[0x7f, 1]), Some((127, 1)));
        assert_eq!(read(&[0x80, 1]), Some((128, 2)));
        let largest = [[0xff; 9].as_slice(), &[1]].concat();
        assert_eq!(read(&largest), Some((u64::MAX, 10)));
    }

    #[test]
    fn cut_and_giant_numbers_are_none() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[0x80]), None);
        assert_eq!(read(&[0xff; 10]), None);
        assert_eq!(read(&[[0x80; 9].as_slice(), &[2]].concat()), None);
        assert_eq!(read(&[0x80; 64]), None);
    }
}

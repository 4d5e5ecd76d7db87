//! HPACK (RFC 7541) without a dynamic table: the same block is right at any time on any connection.

/// The static table (RFC 7541, appendix A), names and values; index 1 comes first.
const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

/// Appends a header field: an index where name and value are in the table, else a literal.
pub(super) fn field(name: &str, value: &[u8], out: &mut Vec<u8>) {
    let mut known = None;
    for (index, (static_name, static_value)) in (1_usize..).zip(STATIC) {
        if static_name == name {
            if static_value.as_bytes() == value && !value.is_empty() {
                return integer(0x80, 7, index, out);
            }
            known = known.or(Some(index));
        }
    }
    integer(0x00, 4, known.unwrap_or(0), out);
    if known.is_none() {
        string(name.as_bytes(), out);
    }
    string(value, out);
}

fn string(bytes: &[u8], out: &mut Vec<u8>) {
    integer(0x00, 7, bytes.len(), out);
    out.extend_from_slice(bytes);
}

/// Appends an integer whose first byte has `bits` bits of room beside `flags` (section 5.1).
fn integer(flags: u8, bits: u32, value: usize, out: &mut Vec<u8>) {
    let most = (1_usize << bits) - 1;
    if value < most {
        out.push(flags | value as u8);
        return;
    }
    out.push(flags | most as u8);
    let mut rest = value - most;
    while rest >= 128 {
        out.push((rest % 128) as u8 | 0x80);
        rest /= 128;
    }
    out.push(rest as u8);
}

#[cfg(test)]
mod tests {
    use super::{STATIC, field, integer};

    /// Examples of RFC 7541, appendix C.1 and C.2.
    #[test]
    fn the_standards_examples() {
        let mut out = Vec::new();
        integer(0, 5, 10, &mut out);
        integer(0, 5, 1337, &mut out);
        integer(0, 8, 42, &mut out);
        assert_eq!(out, [0x0a, 0x1f, 0x9a, 0x0a, 0x2a]);
        out.clear();
        field(":path", b"/sample/path", &mut out);
        assert_eq!(out, b"\x04\x0c/sample/path");
        out.clear();
        field(":method", b"GET", &mut out);
        assert_eq!(out, [0x82]);
        out.clear();
        field("x-a", b"b", &mut out);
        assert_eq!(out, b"\x00\x03x-a\x01b");
    }

    #[test]
    fn the_table_is_in_its_places() {
        assert_eq!(STATIC[7 - 1], (":scheme", "https"));
        assert_eq!(STATIC[28 - 1].0, "content-length");
        assert_eq!(STATIC[58 - 1].0, "user-agent");
    }
}

//! What a file is, from its first bytes.

use crate::collapsed;
use crate::script;

/// Formats by how they begin.
const BEGINNINGS: &[(&[u8], &str)] = &[
    (b"PERFILE2", "perf.data"),
    (b"2ELIFREP", "perf.data"),
    (b"PERFFILE", "perf.data"),
    (&[0x1f, 0x8b], "pprof"),
    (b"heap_v2/", "heap_v2"),
    (b"heap profile:", "heap profile"),
    (b"SIMPLEPERF", "simpleperf"),
];
/// Lines looked at in a text.
const LINES: usize = 50;

/// Names the format of a profile, given its first bytes (some kB): `pprof`, `perf.data`,
/// `perf-script`, `collapsed`, `heap_v2`, `heap profile`, `speedscope`, `firefox`, `simpleperf`,
/// `go-trace`; empty if it is none of these. Packed files (gzip) are taken for pprof.
#[must_use]
pub fn sniff(bytes: &[u8]) -> &'static str {
    if let Some((_, name)) = BEGINNINGS
        .iter()
        .find(|(begin, _)| bytes.starts_with(begin))
    {
        return name;
    }
    if is_go_trace(bytes) {
        return "go-trace";
    }
    let text = String::from_utf8_lossy(bytes);
    let begin = text.trim_start_matches('\u{feff}').trim_start();
    if begin.starts_with('{') {
        return json(begin);
    }
    if is_raw_pprof(bytes) {
        return "pprof";
    }
    if bytes.contains(&0) {
        return "";
    }
    let lines = begin
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let lines: Vec<&str> = lines.take(LINES).collect();
    if script::is_begin(&lines) {
        return "perf-script";
    }
    // The last line may be cut where the first bytes end.
    let whole = &lines[..lines.len().saturating_sub(1).max(1).min(lines.len())];
    if !whole.is_empty() && whole.iter().all(|line| collapsed::is_line(line)) {
        return "collapsed";
    }
    ""
}

fn json(text: &str) -> &'static str {
    if text.contains("speedscope.app")
        || text.contains("\"$schema\"") && text.contains("speedscope")
    {
        "speedscope"
    } else if text.contains("\"meta\"")
        && (text.contains("\"interval\"") || text.contains("\"preprocessedProfileVersion\""))
    {
        "firefox"
    } else {
        ""
    }
}

/// An execution trace begins with the version of Go that made its format: `go 1.26 trace` and three zeros.
fn is_go_trace(bytes: &[u8]) -> bool {
    bytes.starts_with(b"go 1.") && bytes.get(7..16) == Some(b" trace\0\0\0")
}

/// A pprof that was unpacked begins with its first sample type: field 1, a message of one or two small numbers.
fn is_raw_pprof(bytes: &[u8]) -> bool {
    let [0x0a, length, first, ..] = bytes else {
        return false;
    };
    let end = usize::from(*length) + 2;
    *length <= 8
        && matches!(first, 0x08 | 0x10)
        && bytes
            .get(end)
            .is_none_or(|next| matches!(next, 0x0a | 0x12))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formats_are_told_apart() {
        let script = "# ========\n# captured on\n#\ntiny  5721 [000] 15829.6: 1 cpu-clock: \n\t ffff a (b)\n";
        let cases: [(&[u8], &str); 14] = [
            (b"PERFILE2\x68", "perf.data"),
            (&[0x1f, 0x8b, 8], "pprof"),
            (&[0x0a, 4, 8, 1, 16, 2, 0x0a, 4], "pprof"),
            (script.as_bytes(), "perf-script"),
            (b"main;work 12\nmain;wait 3\nmain;c", "collapsed"),
            (b"one line 7", "collapsed"),
            (b"go 1.26 trace\0\0\0\x01", "go-trace"),
            (b"go 1.26 tracing\0\0\0", ""),
            (b"heap_v2/524288\n  t*: 1: 2", "heap_v2"),
            (
                b"heap profile: 3: 4 [5: 6] @ heap/1048576\n",
                "heap profile",
            ),
            (
                b"{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\"",
                "speedscope",
            ),
            (b"{\"meta\":{\"interval\":1,", "firefox"),
            (b"\x7fELF\0\0", ""),
            (b"some text\nwithout counts\n", ""),
        ];
        for (bytes, expected) in cases {
            assert_eq!(sniff(bytes), expected, "{}", String::from_utf8_lossy(bytes));
        }
        assert_eq!(sniff(b""), "");
    }

    proptest! {
        #[test]
        fn sniffing_any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[a-z0-9 :./;\n\t\\[\\]]{0,200}") {
            let _ = (sniff(&bytes), sniff(text.as_bytes()));
        }
    }
}

//! The lines of a call chain in the text of `perf script`.

use crate::named::NamedFrame;

/// What a line of a chain says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FrameLine<'a> {
    Frame(NamedFrame<'a>),
    /// The place in the source of the frame before.
    Source {
        file: &'a str,
        line: i32,
    },
}

/// Reads `address symbol+0xoffset (binary)`, `address symbol (inlined)`, or `file:line`.
pub(super) fn parse(line: &str) -> Option<FrameLine<'_>> {
    let line = line.trim();
    let (address, rest) = line.split_once(' ').unwrap_or((line, ""));
    let Ok(address) = u64::from_str_radix(address, 16) else {
        let (file, number) = line.rsplit_once(':')?;
        let line = number.parse().ok()?;
        return Some(FrameLine::Source { file, line });
    };
    let (symbol, binary) = split_binary(rest.trim());
    let inlined = binary == "inlined";
    let module = if inlined || binary == "[unknown]" {
        ""
    } else {
        binary
    };
    let kernel =
        address >> 63 == 1 || module.starts_with("[kernel") || module.starts_with("[guest.kernel");
    Some(FrameLine::Frame(NamedFrame {
        function: without_offset(symbol),
        module: if kernel && module.starts_with("[kernel") {
            "[kernel]"
        } else {
            module
        },
        address,
        inlined,
        kernel,
        ..NamedFrame::default()
    }))
}

/// The name of the binary is in the last brackets, and may hold brackets itself.
fn split_binary(text: &str) -> (&str, &str) {
    let Some(inner) = text.strip_suffix(')') else {
        return (text, "");
    };
    let end = inner.strip_suffix(" (deleted)").unwrap_or(inner).len();
    let open = if inner[..end].starts_with('(') && !inner[..end].contains(" (") {
        Some(0)
    } else {
        inner[..end].rfind(" (").map(|at| at + 1)
    };
    match open {
        Some(open) => (text[..open].trim_end(), &inner[open + 1..]),
        None => (text, ""),
    }
}

fn without_offset(symbol: &str) -> &str {
    let is_offset =
        |offset: &str| !offset.is_empty() && offset.bytes().all(|byte| byte.is_ascii_hexdigit());
    match symbol.rsplit_once("+0x") {
        Some((name, offset)) if is_offset(offset) => name,
        _ => symbol,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, clippy::panic)]

    use super::*;

    fn frame(line: &str) -> NamedFrame<'_> {
        match parse(line) {
            Some(FrameLine::Frame(frame)) => frame,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn names_and_binaries_may_hold_spaces_and_brackets() {
        let found = frame("\t  11c6 <a::B as c::D(u8)>::run+0x1e (/opt/my service (deleted))");
        let expected = NamedFrame {
            function: "<a::B as c::D(u8)>::run",
            module: "/opt/my service (deleted)",
            address: 0x11c6,
            ..NamedFrame::default()
        };
        assert_eq!(found, expected);
        let kernel = frame("ffffffff821f8b58 __schedule+0x618 ([kernel.kallsyms])");
        assert_eq!(
            (kernel.function, kernel.module, kernel.kernel),
            ("__schedule", "[kernel]", true)
        );
        let inlined = frame("  11c6 core::ptr::read (inlined)");
        assert_eq!(
            (inlined.function, inlined.module, inlined.inlined),
            ("core::ptr::read", "", true)
        );
        let unknown = frame("  7f00 [unknown] ([unknown])");
        assert_eq!((unknown.function, unknown.module), ("[unknown]", ""));
        assert_eq!(frame("7f00 ([vdso])").module, "[vdso]");
        assert_eq!(frame("7f00").function, "");
        assert_eq!(frame("7f00 f (").function, "f (");
        assert_eq!(
            parse("  main.rs:12"),
            Some(FrameLine::Source {
                file: "main.rs",
                line: 12
            })
        );
        assert_eq!(parse("  what else"), None);
    }
}

//! Kernel symbols from the text of `/proc/kallsyms`.

use std::ops::Range;

use crate::Frame;

/// Functions of the running kernel, sorted by address.
#[derive(Default)]
pub struct KernelSymbols {
    /// What to subtract from an address here for the one that is asked for.
    moved: u64,
    /// What can be asked for, where it is not everything.
    code: Option<Range<u64>>,
    addresses: Vec<u64>,
    names: Vec<String>,
}

impl KernelSymbols {
    /// Reads `/proc/kallsyms` text; empty when the kernel hides the addresses (all zeros).
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut symbols: Vec<(u64, String)> = text.lines().filter_map(parse_line).collect();
        symbols.sort_unstable();
        symbols.dedup_by_key(|(address, _)| *address);
        let (addresses, names) = symbols.into_iter().unzip();
        Self {
            addresses,
            names,
            ..Self::default()
        }
    }

    /// Reads it for the addresses of another boot of the same kernel, at which `symbol` lay at `address`, and the
    /// kernel's code without modules at `code`. Modules lie elsewhere at each boot: where the kernel was moved,
    /// their functions have no names.
    #[must_use]
    pub fn of_boot(text: &str, symbol: &str, address: u64, code: Range<u64>) -> Self {
        let mut found = Self::parse(text);
        let mut all = text.lines().filter_map(parse_line);
        if let Some((here, _)) = all.find(|(_, name)| name == symbol) {
            found.moved = here.wrapping_sub(address);
            found.code = (found.moved != 0).then_some(code);
        }
        found
    }

    /// Whether no addresses were readable.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }

    /// The function at an address; `[kernel]` when it is unknown.
    #[must_use]
    pub fn resolve(&self, address: u64) -> Frame {
        let is_known = self
            .code
            .as_ref()
            .is_none_or(|code| code.contains(&address));
        let here = if is_known {
            address.wrapping_add(self.moved)
        } else {
            0
        };
        let behind = self.addresses.partition_point(|&start| start <= here);
        let name = behind.checked_sub(1).and_then(|row| self.names.get(row));
        Frame {
            function: name.map_or("[kernel]", |name| name).to_owned(),
            ..Frame::default()
        }
    }
}

/// A line is `address type name [module]`; only functions (types t, T, w, W) count.
fn parse_line(line: &str) -> Option<(u64, String)> {
    let mut words = line.split_ascii_whitespace();
    let address = u64::from_str_radix(words.next()?, 16).ok()?;
    let is_function = matches!(words.next()?, "t" | "T" | "w" | "W");
    let name = words.next()?;
    (is_function && address != 0).then(|| (address, name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_before_an_address_is_named() {
        let text = "ffffffff81000010 T second\nffffffff81000000 t first\nffffffff81000008 D data\n\
                    ffffffffc0000000 t probe\t[module]\nbroken\n";
        let symbols = KernelSymbols::parse(text);
        assert_eq!(symbols.resolve(0xffff_ffff_8100_0000).function, "first");
        assert_eq!(symbols.resolve(0xffff_ffff_8100_000f).function, "first");
        assert_eq!(symbols.resolve(0xffff_ffff_8100_0011).function, "second");
        assert_eq!(symbols.resolve(0xffff_ffff_c000_0001).function, "probe");
        assert_eq!(symbols.resolve(0x10).function, "[kernel]");
    }

    #[test]
    fn a_kernel_that_another_boot_placed_elsewhere_is_named_without_its_modules() {
        let text = "ffffffff81000000 T _stext\nffffffff81000000 T _text\nffffffff81000040 T schedule\nffffffffc0000000 t probe\t[module]\n";
        let code = 0xffff_ffff_9200_0000..0xffff_ffff_9300_0000;
        let moved = KernelSymbols::of_boot(text, "_text", code.start, code.clone());
        let name = |address| moved.resolve(address).function;
        assert_eq!(name(code.start + 0x44), "schedule");
        assert_eq!(
            name(0xffff_ffff_8100_0044),
            "[kernel]",
            "it did not lie there"
        );
        assert_eq!(
            name(0xffff_ffff_c000_0004),
            "[kernel]",
            "a module lies elsewhere"
        );
        let same = KernelSymbols::of_boot(text, "_text", 0xffff_ffff_8100_0000, code);
        assert_eq!(same.resolve(0xffff_ffff_c000_0004).function, "probe");
    }

    #[test]
    fn hidden_addresses_name_nothing() {
        let symbols =
            KernelSymbols::parse("0000000000000000 T _text\n0000000000000000 T schedule\n");
        assert!(symbols.is_empty());
        assert_eq!(symbols.resolve(0xffff_ffff_8100_0000).function, "[kernel]");
    }
}

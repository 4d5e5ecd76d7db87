//! Names as people read them.

use cpp_demangle::{DemangleOptions, Symbol};

/// Demangles a Rust name without its hash and without type arguments, or a C++ name without its
/// parameters; `None` for other names.
///
/// All instances of a generic function get one name, whichever mangling the compiler used.
///
/// ```
/// assert_eq!(symbols::demangle("_ZN4main4work17h0123456789abcdefE").as_deref(), Some("main::work"));
/// assert_eq!(symbols::demangle("main.work"), None);
/// ```
#[must_use]
pub fn demangle(name: &str) -> Option<String> {
    if let Ok(name) = rustc_demangle::try_demangle(name) {
        return Some(without_arguments(&format!("{name:#}"), "::<"));
    }
    if !name.starts_with("_Z") || name.len() > MOST_MANGLED {
        return None;
    }
    let options = DemangleOptions::new().no_params().no_return_type();
    Symbol::new(name).ok()?.demangle_with_options(&options).ok()
}

/// Longer names stay as they are: a short one can stand for a very long text, a long one for more.
const MOST_MANGLED: usize = 16 << 10;

/// Removes each balanced group of type arguments that begins with `opening`, which ends in `<`.
fn without_arguments(name: &str, opening: &str) -> String {
    let mut kept = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find(opening) {
        let Some(length) = group_length(&rest[at + opening.len()..]) else {
            break;
        };
        kept.push_str(&rest[..at]);
        rest = &rest[at + opening.len() + length..];
    }
    kept.push_str(rest);
    kept
}

/// Length of a group of type arguments up to and with its closing bracket; `->` closes nothing.
fn group_length(arguments: &str) -> Option<usize> {
    let (mut depth, mut before) = (1, ' ');
    for (at, letter) in arguments.char_indices() {
        match letter {
            '<' => depth += 1,
            '>' if before != '-' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
        before = letter;
    }
    None
}

/// Puts the path that the source file stands for before a bare Rust name, and drops its type arguments.
///
/// Line tables without full debug info name inlined functions without their module: `write`
/// instead of `core::hash::sip::write`. The layout that Cargo prescribes gives the module back:
/// `…/<package>/src/<modules>.rs`. Modules inside a file and implementing types stay unknown.
pub(crate) fn qualify(name: &str, file: &str) -> String {
    let name = if name.starts_with('<') {
        name.to_owned()
    } else {
        without_arguments(name, "<")
    };
    match module_of(file) {
        Some(module) => format!("{module}::{name}"),
        None => name,
    }
}

fn module_of(file: &str) -> Option<String> {
    let (package, modules) = file.strip_suffix(".rs")?.rsplit_once("/src/")?;
    let package = without_version(package.rsplit('/').next()?);
    let mut parts = vec![package.replace('-', "_")];
    parts.extend(modules.split('/').map(str::to_owned));
    if matches!(
        parts.last().map(String::as_str),
        Some("mod" | "lib" | "main")
    ) {
        parts.pop();
    }
    Some(parts.join("::"))
}

/// `tokio-1.54.1` is `tokio`.
fn without_version(package: &str) -> &str {
    let is_version =
        |(_, rest): &(&str, &str)| rest.starts_with(|first: char| first.is_ascii_digit());
    let split = package
        .match_indices('-')
        .map(|(at, _)| (&package[..at], &package[at + 1..]));
    split
        .into_iter()
        .find(is_version)
        .map_or(package, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cargo_layout_gives_the_module_back() {
        let cases = [
            (
                "/rustc/59807616e/library/core/src/hash/sip.rs",
                "core::hash::sip::write",
            ),
            (
                "/home/u/.cargo/registry/src/index-1949/tokio-1.54.1/src/lib.rs",
                "tokio::write",
            ),
            (
                "/home/u/.cargo/registry/src/index-1949/md-5-0.10.6/src/a/mod.rs",
                "md::a::write",
            ),
            ("/home/u/rust-search/src/main.rs", "rust_search::write"),
            ("main.rs", "write"),
            ("/usr/include/stdio.h", "write"),
        ];
        for (file, expected) in cases {
            assert_eq!(qualify("write", file), expected, "{file}");
        }
    }

    #[test]
    fn both_manglings_lose_their_hashes() {
        let legacy = "_ZN4core3ops8function6FnOnce9call_once17h0123456789abcdefE";
        assert_eq!(
            demangle(legacy).as_deref(),
            Some("core::ops::function::FnOnce::call_once")
        );
        assert_eq!(
            demangle("_RNvCs4fqI2P2rA04_7example4work").as_deref(),
            Some("example::work")
        );
        assert_eq!(demangle("runtime.mallocgc"), None);
        assert_eq!(
            demangle("_ZN7rocksdb6DBImpl3GetERKNS_5SliceE").as_deref(),
            Some("rocksdb::DBImpl::Get")
        );
        assert_eq!(demangle("_Zbroken"), None);
    }

    #[test]
    fn type_arguments_are_dropped() {
        let cases = [
            (
                "a::f::<b::C<d>, fn(e) -> g>::{closure#0}",
                "::<",
                "a::f::{closure#0}",
            ),
            ("<a::B as c::D<e>>::f", "::<", "<a::B as c::D<e>>::f"),
            ("write<core::hash::sip::Sip13Rounds>", "<", "write"),
            ("a::broken::<b", "::<", "a::broken::<b"),
        ];
        for (name, opening, expected) in cases {
            assert_eq!(without_arguments(name, opening), expected);
        }
    }
}

//! Names that stay the same from one release to the next, so that profiles of two can be compared.

use std::borrow::Cow;

/// Returns a function's name without what compilers count or draw anew: Rust hashes, numbers of
/// closures and implementations; numbers of Go closures and wrappers, type arguments, major versions
/// and vendor directories in import paths; marks of C clones. A normalised name is its own normal
/// form. Places without a name (`[module]+0x10`) stay as they are.
///
/// ```
/// use symbols::normalize_function;
/// assert_eq!(normalize_function("a::b::{closure#2}"), "a::b::{closure}");
/// assert_eq!(normalize_function("example.com/m/v2.(*T).F.func1.2"), "example.com/m.(*T).F.func");
/// assert_eq!(normalize_function("fold.isra.0.cold"), "fold");
/// ```
#[must_use]
pub fn normalize_function(name: &str) -> String {
    let mut name = name.to_owned();
    if name.starts_with('[') {
        return name;
    }
    // One rule may lay bare what another removes. Each makes the name shorter, or ends its own need.
    loop {
        let shorter = normalized_once(&name);
        if shorter == name {
            return name;
        }
        name = shorter;
    }
}

fn normalized_once(name: &str) -> String {
    let name = without_clone_marks(name);
    if name.contains("::") || name.starts_with('{') {
        return rust(name);
    }
    go(name)
}

fn rust(name: &str) -> String {
    let name = name.replace("{{", "{").replace("}}", "}");
    without_numbers(without_hash(&name))
}

/// Without `::h` and 16 hexadecimal digits at the end.
fn without_hash(name: &str) -> &str {
    let is_hash =
        |hash: &str| hash.len() == 16 && hash.bytes().all(|digit| digit.is_ascii_hexdigit());
    match name.rsplit_once("::h") {
        Some((rest, hash)) if is_hash(hash) => rest,
        _ => name,
    }
}

/// Without the numbers of `{closure#0}`, `{impl#2}` and the like, and without the mark of the crate's
/// build: `alloc[8f2a6b1c0d3e4f56]::vec`.
fn without_numbers(name: &str) -> String {
    let mut kept = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find(['#', '[']) {
        let (before, mark) = rest.split_at(at);
        let inside = &mark[1..];
        let is_counted = mark.starts_with('#');
        let length = inside.bytes().take_while(u8::is_ascii_hexdigit).count();
        let after = &inside[length..];
        kept.push_str(before);
        if is_counted && length > 0 && after.starts_with('}') {
            rest = after;
        } else if !is_counted && length >= 8 && after.starts_with("]::") {
            rest = &after[1..];
        } else {
            kept.push_str(&mark[..1]);
            rest = inside;
        }
    }
    kept.push_str(rest);
    kept
}

fn without_clone_marks(name: &str) -> &str {
    let mut name = name;
    while let Some(shorter) = without_clone_mark(name) {
        name = shorter;
    }
    name
}

/// Compilers add `.isra.0`, `.constprop.1`, `.part.2`, `.cold`, `.llvm.123`; binutils write
/// ` [clone .isra.0]`.
fn without_clone_mark(name: &str) -> Option<&str> {
    if let Some(start) = name
        .ends_with(']')
        .then(|| name.rfind(" [clone "))
        .flatten()
    {
        return Some(&name[..start]);
    }
    let (rest, last) = name.rsplit_once('.')?;
    if rest.is_empty() || last == "cold" {
        return (!rest.is_empty()).then_some(rest);
    }
    if last.is_empty() || !last.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let (rest, mark) = rest.rsplit_once('.')?;
    let marks = ["isra", "constprop", "part", "cold", "llvm", "lto_priv"];
    (marks.contains(&mark) && !rest.is_empty()).then_some(rest)
}

fn go(name: &str) -> String {
    let name = without_type_arguments(name);
    let name = name
        .rsplit_once("/vendor/")
        .map_or(&*name, |(_, vendored)| vendored);
    let (path, local) = match name.rfind('/') {
        Some(slash) => name.split_at(slash + 1),
        None => ("", name),
    };
    let (element, function) = local
        .find('.')
        .map_or((local, ""), |dot| local.split_at(dot));
    if function.is_empty() {
        return name.to_owned();
    }
    let mut package = without_version(path).into_owned();
    if is_version(element) && package.ends_with('/') {
        package.pop();
    } else {
        package.push_str(element.split("%2ev").next().unwrap_or(element));
    }
    package + &without_counts(function)
}

fn without_type_arguments(name: &str) -> Cow<'_, str> {
    match (name.find('['), name.rfind(']')) {
        (Some(first), Some(last)) if first < last && &name[first..=last] != "[...]" => {
            Cow::Owned(format!("{}[...]{}", &name[..first], &name[last + 1..]))
        }
        _ => Cow::Borrowed(name),
    }
}

/// Without the elements of an import path that are major versions.
fn without_version(path: &str) -> Cow<'_, str> {
    if !path.split('/').any(is_version) {
        return Cow::Borrowed(path);
    }
    let kept: Vec<&str> = path
        .split('/')
        .filter(|element| !is_version(element))
        .collect();
    Cow::Owned(kept.join("/"))
}

/// `v2` and higher (there is no module `v1`, but packages are called so), or `v1%2e26%2e0`.
fn is_version(element: &str) -> bool {
    let Some(number) = element.strip_prefix('v') else {
        return false;
    };
    let mut parts = number.split("%2e");
    let is_number =
        |part: &str| !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit());
    parts.all(is_number) && !matches!(number, "0" | "1")
}

/// Without the numbers of closures and wrappers: `.func1.2`, `.gowrap1`, `-range1`, and without
/// `-fm` and `.abi0`, which are ways to enter the same function.
fn without_counts(function: &str) -> String {
    let mut kept = String::with_capacity(function.len());
    let mut rest = function;
    for suffix in ["-fm", ".abi0", ".abiinternal"] {
        rest = rest.strip_suffix(suffix).unwrap_or(rest);
    }
    while let Some(at) = rest.find(['.', '-']) {
        let (before, mark) = rest.split_at(at);
        kept.push_str(before);
        let marks = [".func", ".gowrap", ".deferwrap", "-range"];
        let found = marks
            .iter()
            .find_map(|word| Some((word, counted(mark.strip_prefix(word)?)?)));
        if let Some((word, after)) = found {
            if !kept.ends_with(word) {
                kept.push_str(word);
            }
            rest = after;
        } else {
            kept.push_str(&mark[..1]);
            rest = &mark[1..];
        }
    }
    kept.push_str(rest);
    kept
}

/// What follows a number, and more numbers each behind a dot; `None` if no number begins here, or a
/// word does that only begins with one.
fn counted(text: &str) -> Option<&str> {
    let mut rest = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let ends =
        |rest: &str| !rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_');
    if rest.len() == text.len() || !ends(rest) {
        return None;
    }
    while let Some(more) = rest.strip_prefix('.') {
        let after = more.trim_start_matches(|letter: char| letter.is_ascii_digit());
        if after.len() == more.len() || !ends(after) {
            break;
        }
        rest = after;
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_release_changes_is_gone() {
        let cases = [
            ("core::fmt::write::h0123456789abcdef", "core::fmt::write"),
            ("a::f::{{closure}}::h0123456789abcdef", "a::f::{closure}"),
            (
                "a::f::{closure#0}::{closure#12}",
                "a::f::{closure}::{closure}",
            ),
            ("a::{impl#3}::f", "a::{impl}::f"),
            ("alloc[8f2a6b1c0d3e4f56]::vec::push", "alloc::vec::push"),
            ("<[u8; 4] as a::B>::f", "<[u8; 4] as a::B>::f"),
            ("main.main.func1.2", "main.main.func"),
            ("main.main.func1.gowrap2", "main.main.func.gowrap"),
            ("main.(*T).Run.func1.func3", "main.(*T).Run.func"),
            ("main.(*T).Run-fm", "main.(*T).Run"),
            ("main.main-range1", "main.main-range"),
            (
                "main.Map[go.shape.int_0,go.shape.string_1].func2",
                "main.Map[...].func",
            ),
            ("main.Map[...]", "main.Map[...]"),
            (
                "sync.(*Map[go.shape.interface {},int]).Load",
                "sync.(*Map[...]).Load",
            ),
            ("{closure#1}", "{closure}"),
            ("main.function2", "main.function2"),
            ("main.func1x", "main.func1x"),
            ("runtime.memmove.abi0", "runtime.memmove"),
            ("example.com/m/v2.F", "example.com/m.F"),
            ("example.com/m/v3/inner.F", "example.com/m/inner.F"),
            ("k8s.io/api/core/v1.F", "k8s.io/api/core/v1.F"),
            ("gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml.Unmarshal"),
            ("a.io/semconv/v1%2e26%2e0.init", "a.io/semconv.init"),
            ("github.com/a/vendor/github.com/b/c.F", "github.com/b/c.F"),
            ("fold.isra.0", "fold"),
            ("fold.constprop.1.cold", "fold"),
            ("fold [clone .part.0] [clone .cold]", "fold"),
            ("a::b.llvm.1234567", "a::b"),
            ("[libc.so.6]+0x10", "[libc.so.6]+0x10"),
            ("", ""),
        ];
        for (name, expected) in cases {
            assert_eq!(normalize_function(name), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_normal_form_is_its_own(name in "(main|a/v2|b%2ev3|<|::|\\.func1|\\.2|\\.gowrap1|-range1|-fm|\\[x\\]|\\[\\.\\.\\.\\]|\\{|\\}|#1|/vendor/|\\.cold|\\.isra\\.0|::h0123456789abcdef|.){0,12}") {
            let once = normalize_function(&name);
            prop_assert_eq!(normalize_function(&once), once);
        }

        #[test]
        fn normalising_any_text_will_never_panic(name in "\\PC{0,60}") {
            let once = normalize_function(&name);
            prop_assert_eq!(normalize_function(&once), once);
        }
    }
}

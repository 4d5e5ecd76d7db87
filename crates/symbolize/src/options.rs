//! Where names may come from, and what they may cost.

use std::env;
use std::path::PathBuf;

use symbols::Limits;

/// How to name addresses.
#[derive(Clone, Debug)]
pub struct Options {
    /// Directory of the cache of names by build ID; `None`: nothing is kept.
    pub cache: Option<PathBuf>,
    /// Size in bytes that the cache may have; the oldest files go first.
    pub cache_bytes: u64,
    /// Directories with separate debug files, laid out as distributions do: `.build-id/xx/yyyy.debug`.
    pub debug_directories: Vec<PathBuf>,
    /// Directories with copies of binaries, as `perf record` keeps them: `.build-id/xx/yyyy/elf`. They
    /// are asked where a path shows another binary than was recorded.
    pub binary_directories: Vec<PathBuf>,
    /// Bounds on what a binary may cost.
    pub limits: Limits,
}

impl Default for Options {
    /// The cache of the user, and debug files of the system.
    fn default() -> Self {
        Self {
            cache: user_cache(),
            cache_bytes: 256 << 20,
            debug_directories: vec![PathBuf::from("/usr/lib/debug")],
            binary_directories: directory("HOME")
                .map(|home| home.join(".debug"))
                .into_iter()
                .collect(),
            limits: Limits::default(),
        }
    }
}

/// `$XDG_CACHE_HOME/tailtune/symbols`, or that of `~/.cache`; `None` without a home.
fn user_cache() -> Option<PathBuf> {
    let caches = directory("XDG_CACHE_HOME").or_else(|| Some(directory("HOME")?.join(".cache")));
    Some(caches?.join("tailtune/symbols"))
}

/// An absolute path out of the environment.
fn directory(variable: &str) -> Option<PathBuf> {
    env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
}

//! The way from a path to names: the file, its cache, its debug file.

use std::path::Path;

use memmap2::Mmap;
use symbols::{Binary, Frame, FramesByOffset, Limits, build_ids, place};

use crate::cache::Entry;
use crate::debug_files::{Origin, by_build_id, find, whole_copy};
use crate::files::map;
use crate::modules::{Modules, VDSO, vdso};
use crate::named::name;
use crate::options::Options;
use crate::symbolize::Source;

/// What was found about the addresses of a binary.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) frames: FramesByOffset,
    /// Empty where unknown.
    pub(crate) build_id: String,
    pub(crate) warnings: Vec<String>,
}

/// Names sorted offsets of a file. `progress` hears how many are named.
pub(crate) fn name_binary(
    source: &Source,
    offsets: &[u64],
    modules: &Modules,
    options: &Options,
    progress: &mut dyn FnMut(usize),
) -> Names {
    if source.path == VDSO {
        return name_vdso(offsets, &source.recorded, options.limits);
    }
    if !source.path.starts_with('/') {
        // No file: generated code, or a name of ours. The name itself says all there is.
        return every(offsets, |_| source.path.clone());
    }
    match open(source, modules, options) {
        Ok(data) => name_file(&data, source, offsets, modules, options, progress),
        Err(warning) => {
            let mut names = every(offsets, |offset| place(&source.path, offset));
            names.warnings.push(warning);
            names
        }
    }
}

/// The vdso of this kernel, unless another one was recorded.
fn name_vdso(offsets: &[u64], recorded: &str, limits: Limits) -> Names {
    let data = vdso();
    if !recorded.is_empty() && !build_ids(&data).matches(recorded) {
        return every(offsets, |offset| place(VDSO, offset));
    }
    let binary = Binary::read(&data, &[], VDSO, limits);
    Names {
        frames: name(&binary, offsets, &mut |_| ()),
        ..Names::default()
    }
}

fn every(offsets: &[u64], function: impl Fn(u64) -> String) -> Names {
    let frames = offsets.iter().map(|&offset| {
        let frame = Frame {
            function: function(offset),
            ..Frame::default()
        };
        (offset, vec![frame])
    });
    Names {
        frames: frames.collect(),
        ..Names::default()
    }
}

/// The file behind a path, unless it is another one than was recorded; then a copy that was kept of
/// the recorded one.
pub(crate) fn open(source: &Source, modules: &Modules, options: &Options) -> Result<Mmap, String> {
    let recorded = &source.recorded;
    let file = modules.file(&source.path).map(map);
    let found = match file {
        Some(Ok(data)) => {
            let ids = build_ids(&data);
            if recorded.is_empty() || ids.matches(recorded) {
                return Ok(data);
            }
            format!(
                "the file is another one than was recorded (build ID {}, recorded {recorded})",
                if ids.common().is_empty() {
                    "none"
                } else {
                    ids.common()
                }
            )
        }
        Some(Err(error)) => format!("the file could not be read: {error}"),
        None => "the file could not be opened".to_owned(),
    };
    let kept = options
        .binary_directories
        .iter()
        .find_map(|directory| kept(directory, recorded));
    kept.ok_or(found)
}

/// The copy of a binary that `perf record` keeps, or one among debug files.
fn kept(directory: &Path, build_id: &str) -> Option<Mmap> {
    let is_it = |data: &Mmap| build_ids(data).matches(build_id);
    let copy = by_build_id(directory, build_id, "/elf").filter(is_it);
    copy.or_else(|| by_build_id(directory, build_id, ".debug").filter(is_it))
}

fn name_file(
    data: &[u8],
    source: &Source,
    offsets: &[u64],
    modules: &Modules,
    options: &Options,
    progress: &mut dyn FnMut(usize),
) -> Names {
    let binary = Binary::read(data, &[], &source.path, options.limits);
    let build_id = binary.build_ids().common().to_owned();
    let origin = Origin {
        path: Path::new(source.path.trim_end_matches(" (deleted)")),
        root: modules.root(&source.path),
    };
    let debug = if binary.has_debug_info() {
        None
    } else {
        let found = find(&binary, &origin, &options.debug_directories);
        found.or_else(|| whole_copy(&binary, data.len(), &options.binary_directories))
    };
    let binary = match &debug {
        Some(debug) => Binary::read(data, debug, &source.path, options.limits),
        None => binary,
    };
    let cache = options.cache.as_ref().filter(|_| !build_id.is_empty());
    let entry = cache.map(|directory| {
        let identity = identity(
            &build_id,
            data.len(),
            debug.as_ref().map_or(0, |debug| debug.len()),
        );
        Entry::new(directory, options.cache_bytes, identity)
    });
    let mut frames = entry.as_ref().map(Entry::read).unwrap_or_default();
    let missing: Vec<u64> = offsets
        .iter()
        .copied()
        .filter(|offset| !frames.contains_key(offset))
        .collect();
    let mut named = offsets.len() - missing.len();
    let new = name(&binary, &missing, &mut |more| {
        named += more;
        progress(named);
    });
    let mut warnings = Vec::new();
    if !binary.warning().is_empty() {
        warnings.push(binary.warning().to_owned());
    }
    let is_news = !new.is_empty() && warnings.is_empty();
    frames.extend(new);
    if let Some(entry) = entry.filter(|_| is_news)
        && let Err(error) = entry.write(&frames)
    {
        warnings.push(format!("its names could not be kept: {error}"));
    }
    Names {
        frames,
        build_id,
        warnings,
    }
}

/// Names depend on the build, on what a stripped copy of it lacks, on the debug file, and on our rules.
fn identity(build_id: &str, size: usize, debug_size: usize) -> String {
    format!(
        "{build_id} {size:x} {debug_size:x} {}",
        env!("CARGO_PKG_VERSION")
    )
}

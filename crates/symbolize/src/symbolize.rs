//! Names for the addresses of a profile, one binary at a time.

// Binaries are mapped rather than read: only the touched part of a large one costs memory.
#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::fs::{self, File};

use memmap2::Mmap;
use profile::{Profile, ResolvedFrame};
use symbols::{Frame, KernelSymbols, Resolution};

use crate::modules::{Modules, VDSO, vdso};
use crate::options::Options;

/// Rows of the location table with their offsets in the file.
type Places = Vec<(usize, u64)>;

/// Gives every location of the profile its frames, and every mapping its build ID.
///
/// `progress` hears how many addresses are named, and of how many, from this thread.
pub fn symbolize(
    profile: &mut Profile,
    modules: &Modules,
    options: &Options,
    progress: &mut dyn FnMut(usize, usize),
) {
    let total = profile.locations.len();
    let mut frames = vec![Vec::new(); profile.locations.len()];
    let mut by_path: BTreeMap<String, Places> = BTreeMap::new();
    let mut kernel: Places = Vec::new();
    let addresses = profile.locations.addresses().iter().copied();
    for (row, (address, &mapping)) in addresses.zip(profile.locations.mappings()).enumerate() {
        match profile.mappings.get(mapping) {
            None => frames[row] = vec![plain("[unknown]")],
            Some(mapping) if mapping.kernel => kernel.push((row, address)),
            Some(mapping) => {
                let offset = address
                    .wrapping_sub(mapping.start)
                    .wrapping_add(mapping.file_offset);
                let path = profile.strings.text(mapping.path).to_owned();
                by_path.entry(path).or_default().push((row, offset));
            }
        }
    }
    name_kernel(&kernel, &mut frames);
    let mut done = total - by_path.values().map(Vec::len).sum::<usize>();
    for (path, places) in by_path {
        progress(done, total);
        let resolution = resolve(&path, &places, modules, options);
        done += places.len();
        note(profile, &path, &resolution);
        for (&(row, _), found) in places.iter().zip(resolution.frames) {
            frames[row] = found.into_iter().map(convert).collect();
        }
    }
    profile.set_frames(frames);
    progress(done, total);
}

fn name_kernel(places: &Places, frames: &mut [Vec<ResolvedFrame>]) {
    if places.is_empty() {
        return;
    }
    let text = fs::read_to_string("/proc/kallsyms").unwrap_or_default();
    let symbols = KernelSymbols::parse(&text);
    for &(row, address) in places {
        frames[row] = vec![convert(symbols.resolve(address))];
    }
}

fn resolve(path: &str, places: &Places, modules: &Modules, options: &Options) -> Resolution {
    let offsets: Vec<u64> = places.iter().map(|&(_, offset)| offset).collect();
    if path == VDSO {
        return symbols::resolve(&vdso(), path, &offsets, options.limits);
    }
    if !path.starts_with('/') {
        // No file: generated code, or a name of ours. The name itself says all there is.
        let frames = vec![
            vec![Frame {
                function: path.to_owned(),
                ..Frame::default()
            }];
            offsets.len()
        ];
        return Resolution {
            frames,
            ..Resolution::default()
        };
    }
    match modules.file(path).map(map) {
        Some(Ok(data)) => symbols::resolve(&data, path, &offsets, options.limits),
        _ => {
            let resolution = symbols::resolve(&[], path, &offsets, options.limits);
            Resolution {
                warning: "the file could not be opened".to_owned(),
                ..resolution
            }
        }
    }
}

pub(crate) fn map(file: &File) -> std::io::Result<Mmap> {
    // SAFETY: the kernel refuses writes to a running executable, and a replaced file is another one.
    // Only a library that is overwritten in place while its names are read could fault here; whoever
    // does that makes every process that runs it fault as well.
    unsafe { Mmap::map(file) }
}

fn note(profile: &mut Profile, path: &str, resolution: &Resolution) {
    let build_id = profile.strings.intern(&resolution.build_id);
    for mapping in 0..profile.mappings.rows().len() as u32 {
        let is_this = |row: &profile::MappingRow| profile.strings.text(row.path) == path;
        if profile.mappings.get(mapping).is_some_and(is_this) {
            profile.mappings.set_build_id(mapping, build_id);
        }
    }
    if !resolution.warning.is_empty() {
        profile
            .warnings
            .push(format!("{path}: {}", resolution.warning));
    }
}

fn plain(name: &str) -> ResolvedFrame {
    ResolvedFrame {
        function: name.to_owned(),
        ..ResolvedFrame::default()
    }
}

fn convert(frame: Frame) -> ResolvedFrame {
    ResolvedFrame {
        function: frame.function,
        system_name: frame.system_name,
        file: frame.file,
        line: frame.line,
        start_line: frame.start_line,
    }
}

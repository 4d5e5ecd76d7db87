//! Names for the addresses of a profile, one binary at a time.

use std::collections::BTreeMap;

use profile::{MappingRow, Profile, ResolvedFrame};
use symbols::{Frame, KernelSymbols};

use crate::binaries::{Names, name_binary};
use crate::kernel::kernel_symbols;
use crate::modules::Modules;
use crate::options::Options;

/// Rows of the location table with their offsets in the file.
type Places = Vec<(usize, u64)>;

/// A file as mappings name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source {
    pub(crate) path: String,
    /// Build ID that was recorded with the samples; empty where unknown.
    pub(crate) recorded: String,
}

/// Gives every location of the profile its frames, and every mapping its build ID.
///
/// A mapping that has a build ID already was recorded earlier: only a file with that build ID names
/// its code. `progress` hears how many addresses are named, and of how many, from this thread.
pub fn symbolize(
    profile: &mut Profile,
    modules: &Modules,
    options: &Options,
    progress: &mut dyn FnMut(usize, usize),
) {
    let total = profile.locations.len();
    let mut frames = vec![Vec::new(); total];
    let mut files: BTreeMap<Source, Places> = BTreeMap::new();
    let mut kernels: BTreeMap<Source, Places> = BTreeMap::new();
    let addresses = profile.locations.addresses().iter().copied();
    for (row, (address, &mapping)) in addresses.zip(profile.locations.mappings()).enumerate() {
        match profile.mappings.get(mapping) {
            None => frames[row] = vec![plain("[unknown]")],
            Some(mapping) if mapping.kernel => {
                let place = (row, address);
                kernels
                    .entry(source(profile, mapping))
                    .or_default()
                    .push(place);
            }
            Some(mapping) => {
                let offset = address
                    .wrapping_sub(mapping.start)
                    .wrapping_add(mapping.file_offset);
                files
                    .entry(source(profile, mapping))
                    .or_default()
                    .push((row, offset));
            }
        }
    }
    let mut done = total - files.values().map(Vec::len).sum::<usize>();
    for (source, places) in &kernels {
        name_kernel(profile, source, places, &mut frames);
    }
    for (source, places) in &files {
        progress(done, total);
        let mut offsets: Vec<u64> = places.iter().map(|&(_, offset)| offset).collect();
        offsets.sort_unstable();
        offsets.dedup();
        let mut step = |named: usize| progress((done + named).min(total), total);
        let names = name_binary(source, &offsets, modules, options, &mut step);
        for &(row, offset) in places {
            let found = names.frames.get(&offset).into_iter().flatten();
            frames[row] = found.cloned().map(convert).collect();
        }
        note(profile, source, &names);
        done += places.len();
    }
    profile.set_frames(frames);
    progress(done, total);
}

fn source(profile: &Profile, mapping: &MappingRow) -> Source {
    Source {
        path: profile.strings.text(mapping.path).to_owned(),
        recorded: profile.strings.text(mapping.build_id).to_owned(),
    }
}

fn name_kernel(
    profile: &mut Profile,
    source: &Source,
    places: &Places,
    frames: &mut [Vec<ResolvedFrame>],
) {
    // Modules have build IDs of their own, which say nothing of the kernel.
    let is_module = !source.path.starts_with("[kernel");
    let recorded = if is_module { "" } else { &source.recorded };
    let symbols =
        kernel_symbols(recorded, profile.recorded_kernel.as_ref()).unwrap_or_else(|warning| {
            profile.warnings.push(warning);
            KernelSymbols::default()
        });
    for &(row, address) in places {
        frames[row] = vec![convert(symbols.resolve(address))];
    }
}

/// Notes build ID and warning of a file.
fn note(profile: &mut Profile, source: &Source, names: &Names) {
    if source.recorded.is_empty() && !names.build_id.is_empty() {
        let build_id = profile.strings.intern(&names.build_id);
        for mapping in 0..profile.mappings.rows().len() as u32 {
            let is_this = |row: &MappingRow| {
                let path = profile.strings.text(row.path);
                path == source.path && profile.strings.text(row.build_id).is_empty()
            };
            if profile.mappings.get(mapping).is_some_and(is_this) {
                profile.mappings.set_build_id(mapping, build_id);
            }
        }
    }
    for warning in &names.warnings {
        profile.warnings.push(format!("{}: {warning}", source.path));
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

//! Names of small C programs, built on the fly: debug files, cache, recorded build IDs, hostile debug info.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::thread;

use profile::{MappingRow, Profile};
use symbolize::{Modules, Options, symbolize};

const PROGRAM: &str = "
static inline unsigned mix(unsigned value) { return (value ^ value >> 13) * 0x9E3779B1u; }
__attribute__((noinline)) unsigned burn(unsigned turns) {
    unsigned value = 1;
    for (unsigned turn = 0; turn < turns; turn++) value = mix(value ^ turn);
    return value;
}
int main(int count, char **arguments) { return burn(count + (int)(long)arguments) == 7; }
";

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = env::temp_dir().join(format!("tailtune-naming-{test}-{}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A program with debug info.
    fn program(&self) -> PathBuf {
        fs::write(self.file("program.c"), PROGRAM).unwrap();
        let (source, binary) = (self.file("program.c"), self.file("program"));
        run(
            "cc",
            &["-O2", "-g", "-Wl,--build-id", "-o"],
            &[&binary, &source],
        );
        binary
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn run(command: &str, options: &[&str], files: &[&Path]) {
    let done = Command::new(command)
        .args(options)
        .args(files)
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

/// Without the user's cache and the system's debug files.
fn options() -> Options {
    Options {
        cache: None,
        debug_directories: Vec::new(),
        binary_directories: Vec::new(),
        ..Options::default()
    }
}

struct Named {
    /// Functions at every 8th byte of the file, innermost first, with their lines.
    functions: Vec<Vec<(String, i32)>>,
    warnings: Vec<String>,
    build_id: String,
}

impl Named {
    fn knows(&self, chain: &[&str]) -> bool {
        let names = |frames: &Vec<(String, i32)>| {
            let lines = frames.iter().all(|(_, line)| *line > 0);
            lines
                && frames
                    .iter()
                    .map(|(name, _)| name.as_str())
                    .eq(chain.iter().copied())
        };
        self.functions.iter().any(names)
    }
}

fn named(binary: &Path, recorded: &str, options: &Options) -> Named {
    const START: u64 = 0x7000_0000;
    let size = fs::metadata(binary).unwrap().len();
    let mut profile = Profile::with_sample_types(&[("samples", "count")]);
    let row = MappingRow {
        start: START,
        limit: START + size,
        path: profile.strings.intern(binary.to_str().unwrap()),
        build_id: profile.strings.intern(recorded),
        ..MappingRow::default()
    };
    let mapping = profile.mappings.intern(row);
    for offset in (0..size).step_by(8) {
        profile.locations.intern(mapping, START + offset);
    }
    let mut modules = Modules::default();
    modules.hold_recorded(binary.to_str().unwrap());
    let mut heard = Vec::new();
    let mut progress = |done, total| heard.push((done, total));
    symbolize(&mut profile, &modules, options, &mut progress);
    let total = profile.locations.len();
    assert!(
        heard.is_sorted() && heard.last() == Some(&(total, total)),
        "{heard:?}"
    );
    let text = |frame: &u32| {
        let frame = profile.frames.rows()[*frame as usize];
        (profile.strings.text(frame.function).to_owned(), frame.line)
    };
    let functions =
        (0..total as u32).map(|row| profile.locations.frames(row).iter().map(text).collect());
    Named {
        functions: functions.collect(),
        build_id: profile
            .strings
            .text(profile.mappings.rows()[0].build_id)
            .to_owned(),
        warnings: profile.warnings.clone(),
    }
}

#[test]
fn separate_debug_files_name_a_stripped_program_as_its_own_debug_info_does() {
    let folder = Folder::new("debug");
    let (program, debug) = (folder.program(), folder.file("program.debug"));
    let whole = named(&program, "", &options());
    assert!(whole.knows(&["mix", "burn"]));
    run("objcopy", &["--only-keep-debug"], &[&program, &debug]);
    let link = format!("--add-gnu-debuglink={}", debug.display());
    run("objcopy", &["--strip-all", &link], &[&program]);
    let size = named(&program, "", &options()).functions.len();
    assert_eq!(
        named(&program, "", &options()).functions,
        whole.functions[..size],
        "beside the program"
    );

    let hidden = folder.file(".debug/program.debug");
    fs::create_dir(hidden.parent().unwrap()).unwrap();
    fs::rename(&debug, &hidden).unwrap();
    assert!(
        named(&program, "", &options()).knows(&["mix", "burn"]),
        "in .debug"
    );

    let (head, rest) = whole.build_id.split_at(2);
    let by_id = folder.file(&format!("usr/.build-id/{head}/{rest}.debug"));
    fs::create_dir_all(by_id.parent().unwrap()).unwrap();
    fs::rename(&hidden, &by_id).unwrap();
    assert!(
        !named(&program, "", &options()).knows(&["mix", "burn"]),
        "none is left in the places of before"
    );
    let with_directory = Options {
        debug_directories: vec![folder.file("usr")],
        ..options()
    };
    assert!(
        named(&program, "", &with_directory).knows(&["mix", "burn"]),
        "by build ID"
    );
}

#[test]
fn a_debug_file_of_another_build_is_not_used() {
    let folder = Folder::new("sum");
    let (program, debug) = (folder.program(), folder.file("program.debug"));
    run("objcopy", &["--only-keep-debug"], &[&program, &debug]);
    let link = format!("--add-gnu-debuglink={}", debug.display());
    run("objcopy", &["--strip-all", &link], &[&program]);
    let mut data = fs::read(&debug).unwrap();
    data.push(0);
    fs::write(&debug, data).unwrap();
    assert!(!named(&program, "", &options()).knows(&["mix", "burn"]));
}

#[test]
fn names_are_kept_and_damaged_or_foreign_files_do_no_harm() {
    let folder = Folder::new("cache");
    let program = folder.program();
    let caching = Options {
        cache: Some(folder.file("cache")),
        ..options()
    };
    let kept = || -> Vec<PathBuf> {
        let files = fs::read_dir(folder.file("cache")).unwrap();
        files.map(|file| file.unwrap().path()).collect()
    };
    let plain = named(&program, "", &options()).functions;
    let several: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| named(&program, "", &caching).functions))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(several.iter().all(|functions| *functions == plain));
    let [file] = &kept()[..] else {
        panic!("one file should be kept: {:?}", kept())
    };
    let written = fs::read(file).unwrap();

    let modified = fs::metadata(file).unwrap().modified().unwrap();
    assert_eq!(named(&program, "", &caching).functions, plain);
    assert_eq!(
        fs::metadata(file).unwrap().modified().unwrap(),
        modified,
        "nothing is new, nothing is written"
    );

    for damaged in [&written[..written.len() / 2], b"foreign"] {
        fs::write(file, damaged).unwrap();
        assert_eq!(named(&program, "", &caching).functions, plain);
        assert_eq!(fs::read(file).unwrap(), written, "it is written anew");
    }

    fs::write(folder.file("cache/notes.txt"), "mine").unwrap();
    let tiny = Options {
        cache_bytes: 10,
        ..caching.clone()
    };
    fs::remove_file(file).unwrap();
    assert_eq!(named(&program, "", &tiny).functions, plain);
    assert_eq!(
        kept(),
        [folder.file("cache/notes.txt")],
        "what is too large goes, what is not ours stays"
    );
}

#[test]
fn only_the_recorded_build_names_code() {
    let folder = Folder::new("recorded");
    let program = folder.program();
    let build_id = named(&program, "", &options()).build_id;
    assert!(named(&program, &build_id, &options()).knows(&["mix", "burn"]));

    let other = "00112233445566778899aabbccddeeff00112233";
    let refused = named(&program, other, &options());
    assert!(!refused.knows(&["mix", "burn"]));
    assert!(
        refused
            .functions
            .iter()
            .all(|frames| frames[0].0.starts_with("[program]+0x"))
    );
    assert!(
        matches!(&refused.warnings[..], [one] if one.contains("program: ") && one.contains(other) && one.contains(&build_id)),
        "{:?}",
        refused.warnings
    );

    let (head, rest) = build_id.split_at(2);
    let copy = folder.file(&format!("copies/.build-id/{head}/{rest}/elf"));
    fs::create_dir_all(copy.parent().unwrap()).unwrap();
    fs::copy(&program, &copy).unwrap();
    let with_copies = Options {
        binary_directories: vec![folder.file("copies")],
        ..options()
    };
    run("strip", &[], &[&program]);
    assert!(!named(&program, &build_id, &options()).knows(&["mix", "burn"]));
    assert!(
        named(&program, &build_id, &with_copies).knows(&["mix", "burn"]),
        "stripped since"
    );
    fs::write(&program, vec![0; 20_000]).unwrap();
    assert!(
        named(&program, &build_id, &with_copies).knows(&["mix", "burn"]),
        "replaced since"
    );
}

/// Debug info whose inlined calls nest deeper than a reader's stack, in assembly.
fn nested(levels: usize) -> String {
    format!(
        "
.globl main
.type main, @function
.balign 16
main: .fill 31, 1, 0x90
ret
end:
.section .debug_abbrev,\"\",@progbits
.uleb128 1, 0x11; .byte 1; .uleb128 0x11, 1, 0x12, 7, 0, 0
.uleb128 2, 0x2e; .byte 1; .uleb128 0x3, 8, 0x11, 1, 0x12, 7, 0, 0
.uleb128 3, 0x1d; .byte 1; .uleb128 0x3, 8, 0x11, 1, 0x12, 7, 0, 0
.byte 0
.section .debug_info,\"\",@progbits
.long last - first
first: .value 4
.long 0
.byte 8
.uleb128 1; .quad main; .quad end - main
.uleb128 2; .asciz \"main\"; .quad main; .quad end - main
.rept {levels}; .uleb128 3; .asciz \"call\"; .quad main; .quad end - main; .endr
.zero {levels} + 2
last:
.section .note.GNU-stack,\"\",@progbits
"
    )
}

#[test]
fn calls_nested_too_deep_are_left_out() {
    let folder = Folder::new("nested");
    for (levels, frames) in [(10, 11), (100_000, 1)] {
        fs::write(folder.file("nested.s"), nested(levels)).unwrap();
        let binary = folder.file("nested");
        run("cc", &["-o"], &[&binary, &folder.file("nested.s")]);
        let found = named(&binary, "", &options());
        let main =
            |frames: &&Vec<(String, i32)>| frames.last().is_some_and(|(name, _)| name == "main");
        assert_eq!(
            found.functions.iter().find(main).map(Vec::len),
            Some(frames),
            "{levels}"
        );
    }
}

//! The same traces through Go's own reader: counts and times must be equal, to the nanosecond.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, missing_docs)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use gotrace::{GoroutineReport, Limits, Report, SpanReport, Summary};
use serde_json::{Value, json};

/// Options of the workload, and its environment.
type Case = (
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
);

/// Programs, built in a folder that goes with the test.
struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Nothing, and a message, where there is no Go or its modules cannot be had.
    fn build(name: &str) -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("gotrace-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for programs");
        let programs = Self { folder };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/go");
        let mut build = Command::new("go");
        build
            .arg("build")
            .arg("-o")
            .arg(&programs.folder)
            .arg("./...")
            .current_dir(source);
        match build.output() {
            Err(error) => eprintln!("skipped: go cannot be started: {error}"),
            Ok(built) if !built.status.success() => {
                let told = String::from_utf8_lossy(&built.stderr);
                assert!(
                    is_about_modules(&told),
                    "the programs do not compile: {told}"
                );
                eprintln!("skipped: modules cannot be had: {told}");
            }
            Ok(_) => return Some(programs),
        }
        None
    }

    /// Traces the workload.
    fn trace(&self, options: &[&str], environment: &[(&str, &str)]) -> PathBuf {
        let path = self.folder.join("trace.out");
        let done = Command::new(self.folder.join("workload"))
            .args(options)
            .arg(&path)
            .envs(environment.iter().copied())
            .output()
            .expect("the workload starts");
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        path
    }

    /// What Go's reader says of a trace.
    fn reference(&self, trace: &Path) -> Value {
        let read = Command::new(self.folder.join("reference"))
            .arg(trace)
            .output()
            .expect("the reference starts");
        assert!(
            read.status.success(),
            "{}",
            String::from_utf8_lossy(&read.stderr)
        );
        serde_json::from_slice(&read.stdout).expect("it prints JSON")
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn is_about_modules(told: &str) -> bool {
    [
        "dial tcp",
        "no such host",
        "connection refused",
        "toolchain not available",
        "requires go",
    ]
    .iter()
    .any(|sign| told.contains(sign))
}

fn ours(trace: &Path) -> Report {
    let mut summary = Summary::with_goroutines(usize::MAX);
    let file = std::fs::File::open(trace).expect("the trace is there");
    let outcome = gotrace::read(file, &Limits::default(), &mut summary).expect("it can be read");
    summary.report(&outcome)
}

/// A report in the form in which the reference prints.
fn as_reference(report: &Report) -> Value {
    let mut goroutines: BTreeMap<String, Vec<&GoroutineReport>> = BTreeMap::new();
    for one in &report.goroutines {
        goroutines
            .entry(one.goroutine.to_string())
            .or_default()
            .push(one);
    }
    for all in goroutines.values_mut() {
        all.sort_by_key(|one| one.begin_ns);
    }
    let goroutines: BTreeMap<String, Vec<Value>> = goroutines
        .into_iter()
        .map(|(number, all)| (number, all.into_iter().map(goroutine).collect()))
        .collect();
    let procs: BTreeMap<String, (u64, u64)> = report
        .procs
        .iter()
        .map(|one| (one.proc.to_string(), (one.running_ns, one.count)))
        .collect();
    let mut ranges: BTreeMap<String, Value> = report
        .stops
        .iter()
        .map(|one| (format!("stop-the-world ({})", one.name), span(one)))
        .collect();
    for (name, one) in [
        ("GC concurrent mark phase", &report.gc.mark),
        ("GC incremental sweep", &report.gc.sweep),
        ("GC mark assist", &report.gc.assist),
    ] {
        if one.count > 0 {
            ranges.insert(name.to_owned(), span(one));
        }
    }
    json!({
        "events": report.events,
        "begin_ns": report.begin_ns,
        "end_ns": report.end_ns,
        "goroutines": goroutines,
        "procs": procs,
        "ranges": ranges,
        "regions": spans(&report.regions),
        "tasks": spans(&report.tasks),
        "samples": report.cpu_samples,
        "clock": report.clock,
    })
}

fn goroutine(one: &GoroutineReport) -> Value {
    let states: BTreeMap<&str, Value> = one
        .states
        .iter()
        .filter(|row| row.count > 0)
        .map(|row| (row.state, tally(row.ns, row.count, row.longest_ns)))
        .collect();
    let reasons: BTreeMap<String, Value> = one
        .reasons
        .iter()
        .map(|row| {
            (
                format!("{}/{}", row.state, row.reason),
                tally(row.ns, row.count, row.longest_ns),
            )
        })
        .collect();
    json!({
        "name": one.name,
        "begin_ns": one.begin_ns,
        "end_ns": one.end_ns,
        "states": states,
        "reasons": reasons,
    })
}

fn spans(all: &[SpanReport]) -> BTreeMap<String, Value> {
    all.iter()
        .map(|one| (one.name.clone(), span(one)))
        .collect()
}

fn span(one: &SpanReport) -> Value {
    tally(one.ns, one.count, one.longest_ns)
}

fn tally(ns: u64, count: u64, longest_ns: u64) -> Value {
    json!({"ns": ns, "count": count, "longest_ns": longest_ns})
}

/// Reduces processors of the reference to what a report has of them.
fn without_longest(mut reference: Value) -> Value {
    if let Some(procs) = reference["procs"].as_object_mut() {
        for row in procs.values_mut() {
            *row = json!([row["ns"], row["count"]]);
        }
    }
    reference
}

fn assert_equal(ours: &Value, reference: &Value) {
    for (key, expected) in reference.as_object().expect("an object") {
        let (Some(ours), Some(theirs)) = (ours[key].as_object(), expected.as_object()) else {
            assert_eq!(&ours[key], expected, "{key}");
            continue;
        };
        let keys: Vec<&String> = ours.keys().collect();
        assert_eq!(keys, theirs.keys().collect::<Vec<_>>(), "{key}");
        for (name, expected) in theirs {
            assert_eq!(&ours[name], expected, "{key}: {name}");
        }
    }
}

/// What Go's reader said of the kept traces is kept, too.
#[test]
fn kept_traces_of_all_versions_are_read_as_go_reads_them() {
    for version in ["1.22", "1.23", "1.25", "1.26"] {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        let report = ours(&data.join(format!("go{version}.trace")));
        assert_eq!(
            (report.version.as_str(), report.warnings.len()),
            (version, 0)
        );
        let kept = std::fs::read(data.join(format!("go{version}.json"))).expect("it is kept");
        let reference = serde_json::from_slice(&kept).expect("it is JSON");
        assert_equal(&as_reference(&report), &without_longest(reference));
    }
}

#[test]
fn states_and_counts_equal_those_of_gos_reader() {
    let Some(programs) = Programs::build("reference") else {
        return;
    };
    let cases: [Case; 5] = [
        (&[], &[]),
        (&["-profile", "-rounds", "300", "-workers", "4"], &[]),
        (&["-rounds", "20", "-workers", "20"], &[("GOMAXPROCS", "1")]),
        (&["-rounds", "20", "-workers", "20"], &[("GOMAXPROCS", "8")]),
        (
            &["-rounds", "5"],
            &[("GODEBUG", "traceallocfree=1,traceadvanceperiod=5000000")],
        ),
    ];
    for (options, environment) in cases {
        let trace = programs.trace(options, environment);
        let report = ours(&trace);
        assert_eq!(report.warnings, [""; 0], "{options:?} {environment:?}");
        let reference = without_longest(programs.reference(&trace));
        assert_equal(&as_reference(&report), &reference);
        assert!(report.goroutine_count > 50, "{}", report.goroutine_count);
    }
}

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use serde_json::Value;

use crate::frames::FrameRow;
use crate::locations::NO_MAPPING;
use crate::samples::SampleRow;
use crate::tables::Profile;
use crate::threads::ThreadRow;

/// Names that JSON must escape.
const NAMES: [&str; 4] = ["main", "a\"b\\c", "line\nend\u{1}", "größe<T>"];

/// Stacks of locations by number; location 3 has one call inlined.
fn profile(stacks: &[Vec<u32>], timed: bool) -> Profile {
    let mut profile = Profile::with_sample_types(&[("samples", "count"), ("cpu", "nanoseconds")]);
    for (at, name) in NAMES.iter().enumerate() {
        let mut row = FrameRow {
            function: profile.strings.intern(name),
            file: profile.strings.intern("main.c"),
            module: profile.strings.intern("/bin/a"),
            line: at as i32,
            kernel: at == 0,
            ..FrameRow::default()
        };
        let outer = profile.frames.intern(row);
        row.inlined = true;
        let inner = profile.frames.intern(row);
        let inlined = if at == 3 {
            vec![inner, outer]
        } else {
            vec![outer]
        };
        profile.locations.push(NO_MAPPING, at as u64, inlined);
    }
    let name = profile.strings.intern("worker");
    profile.threads.push(ThreadRow {
        tid: 7,
        pid: 5,
        name,
    });
    profile.samples.uniform = vec![1, 2_000_000];
    for (at, stack) in stacks.iter().enumerate() {
        let stack = profile.add(stack, 0, &[1, 2_000_000]);
        if timed {
            let (t_ns, tid) = (at as i64 * 1_000_000 + 5, if at % 2 == 0 { 7 } else { 8 });
            profile.samples.push(SampleRow {
                t_ns,
                tid,
                cpu: 0,
                stack,
            });
        }
    }
    profile
}

fn written(profile: &Profile, value: usize) -> Value {
    serde_json::from_str(&profile.to_firefox("app", value).unwrap()).unwrap()
}

fn column<'a>(table: &'a Value, name: &str) -> &'a [Value] {
    table[name].as_array().unwrap()
}

fn check_indices(column: &[Value], rows: &Value) {
    let rows = rows.as_u64().unwrap();
    for index in column.iter().filter(|index| !index.is_null()) {
        assert!(
            *index == -1 || index.as_u64().unwrap() < rows,
            "{index} of {rows}"
        );
    }
}

/// Whatever the viewer relies on without looking.
fn check(thread: &Value) {
    for (name, table) in thread.as_object().unwrap() {
        let Some(length) = table.get("length") else {
            continue;
        };
        for (of, column) in table.as_object().unwrap() {
            if let Some(column) = column.as_array() {
                assert_eq!(column.len() as u64, length.as_u64().unwrap(), "{name}.{of}");
            }
        }
    }
    let [stacks, frames, funcs, resources] =
        ["stackTable", "frameTable", "funcTable", "resourceTable"].map(|name| &thread[name]);
    let texts = Value::from(column(thread, "stringArray").len());
    check_indices(column(&thread["samples"], "stack"), &stacks["length"]);
    check_indices(column(stacks, "frame"), &frames["length"]);
    check_indices(column(frames, "func"), &funcs["length"]);
    check_indices(column(funcs, "resource"), &resources["length"]);
    for names in [
        column(funcs, "name"),
        column(funcs, "fileName"),
        column(resources, "name"),
    ] {
        check_indices(names, &texts);
    }
    for (row, prefix) in column(stacks, "prefix").iter().enumerate() {
        assert!(prefix.is_null() || prefix.as_u64().unwrap() < row as u64);
    }
    let times = column(&thread["samples"], "time");
    assert!(times.is_sorted_by_key(|time| time.as_f64().unwrap()));
}

/// Names of a sample's calls, leaf first, with their inline depths.
fn calls(thread: &Value, sample: usize) -> Vec<(String, u64)> {
    let (stacks, frames, funcs) = (
        &thread["stackTable"],
        &thread["frameTable"],
        &thread["funcTable"],
    );
    let mut found = Vec::new();
    let mut next = thread["samples"]["stack"][sample].as_u64();
    while let Some(stack) = next {
        let frame = stacks["frame"][stack as usize].as_u64().unwrap() as usize;
        let func = frames["func"][frame].as_u64().unwrap() as usize;
        let name = funcs["name"][func].as_u64().unwrap() as usize;
        let name = thread["stringArray"][name].as_str().unwrap().to_owned();
        found.push((name, frames["inlineDepth"][frame].as_u64().unwrap()));
        next = stacks["prefix"][stack as usize].as_u64();
    }
    found
}

#[test]
fn threads_have_their_samples_in_time_with_inline_depths_and_categories() {
    let file = written(&profile(&[vec![3, 1, 0], vec![2], vec![1, 0]], true), 1);
    assert_eq!(file["meta"]["version"], 24);
    assert_eq!(file["meta"]["preprocessedProfileVersion"], 54);
    let threads = column(&file, "threads");
    threads.iter().for_each(check);
    let [named, unnamed] = threads else {
        panic!("two threads")
    };
    assert_eq!(
        (&named["name"], &named["pid"], &named["tid"]),
        (&"worker".into(), &"5".into(), &7.into())
    );
    assert_eq!(unnamed["name"], "thread 8");
    assert_eq!(named["samples"]["time"], serde_json::json!([0.0, 2.0]));
    assert_eq!(named["samples"]["weight"], serde_json::json!([2.0, 2.0]));
    assert_eq!(named["samples"]["weightType"], "tracing-ms");
    let found: Vec<_> = [(3, 1), (3, 0), (1, 0), (0, 0)]
        .map(|(at, depth)| (NAMES[at].to_owned(), depth))
        .into();
    assert_eq!(calls(named, 0), found);
    let root = named["stackTable"]["frame"][0].as_u64().unwrap() as usize;
    let category = named["frameTable"]["category"][root].as_u64().unwrap() as usize;
    assert_eq!(file["meta"]["categories"][category]["name"], "Kernel");
}

#[test]
fn sums_are_one_thread_with_a_sample_a_stack() {
    let mut sums = profile(&[vec![2], vec![1, 0], vec![2]], false);
    sums.duration_ns = 10_000_000;
    let file = written(&sums, 0);
    let [thread] = column(&file, "threads") else {
        panic!("one thread")
    };
    check(thread);
    assert_eq!(thread["name"], "app");
    assert_eq!(thread["samples"]["weight"], serde_json::json!([2.0, 1.0]));
    assert_eq!(thread["samples"]["time"], serde_json::json!([0.0, 5.0]));
    assert_eq!(thread["samples"]["weightType"], "samples");
}

proptest! {
    #[test]
    fn tables_hold_together(
        stacks in prop::collection::vec(prop::collection::vec(0u32..4, 0..6), 0..20),
        timed: bool,
        value in 0usize..3,
    ) {
        let file = written(&profile(&stacks, timed), value);
        let threads = column(&file, "threads");
        threads.iter().for_each(check);
        let count: usize = threads.iter().map(|thread| column(&thread["samples"], "stack").len()).sum();
        prop_assert!(count <= stacks.len());
        if timed && value < 2 {
            prop_assert_eq!(count, stacks.len());
        }
    }
}

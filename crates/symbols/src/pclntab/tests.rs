//! A table made by hand: `main.outer` with `main.middle` and in it `main.leaf` inlined, then `main.next`.

use super::header::Header;
use super::*;
use proptest::prelude::*;

const TEXT: u64 = 0x40_1000;

/// Places of the table's parts; 72 is the size of the header.
const NAMES: usize = 72;
const UNITS: usize = NAMES + 64;
const FILES: usize = UNITS + 8;
const VALUES: usize = FILES + 16;
const TABLE: usize = VALUES + 64;
const OUTER: usize = TABLE + 32;

struct Parts {
    table: Vec<u8>,
    trees: Vec<u8>,
}

fn parts() -> Parts {
    let names = b"\0main.outer\0main.middle\0main.leaf\0main.next\0main.G[int]\0";
    let files = b"a.go\0b.go\0";
    let mut values = vec![0];
    let mut sequence = |pairs: &[(i32, u8)]| {
        let at = values.len() as u32;
        for &(change, length) in pairs {
            values.extend([((change << 1) ^ (change >> 31)) as u8, length]);
        }
        values.push(0);
        at
    };
    let lines = sequence(&[(11, 16), (10, 16), (20, 32)]); // 10, 20, 40
    let file = sequence(&[(1, 32), (1, 32)]); // a.go, b.go
    let inlined = sequence(&[(0, 16), (1, 16), (1, 32)]); // none, call 0, call 1
    let depths = sequence(&[(1, 4), (40, 60)]); // 0, 40
    let mut table = vec![0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8];
    for word in [2, 2, TEXT as usize, NAMES, UNITS, FILES, VALUES, TABLE] {
        table.extend((word as u64).to_le_bytes());
    }
    put(&mut table, NAMES, names);
    put(&mut table, UNITS, &[0, 0, 0, 0, 5, 0, 0, 0]);
    put(&mut table, FILES, files);
    put(&mut table, VALUES, &values);
    // Entry of each function with its record's distance from the table; the end.
    put_numbers(&mut table, TABLE, &[0, 32, 64, 128, 96]);
    // Entry, name, arguments, deferred return, stack, file, line, pcdata, unit, first line, function data.
    put_numbers(
        &mut table,
        OUTER,
        &[0, 1, 0, 0, depths, file, lines, 3, 0, 9, 4 << 24],
    );
    put_numbers(
        &mut table,
        OUTER + 44,
        &[0, 0, inlined, u32::MAX, u32::MAX, u32::MAX, 0],
    );
    put_numbers(
        &mut table,
        OUTER + 96,
        &[64, 34, 0, 0, 0, file, lines, 0, 0, 50, 0],
    );
    let mut trees = Vec::new();
    // Function kind, name, instruction of the call, first line.
    put_numbers(&mut trees, 0, &[0, 12, 4, 19, 0, 24, 20, 39]);
    Parts { table, trees }
}

fn put(into: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if into.len() < at + bytes.len() {
        into.resize(at + bytes.len(), 0);
    }
    into[at..at + bytes.len()].copy_from_slice(bytes);
}

fn put_numbers(into: &mut Vec<u8>, at: usize, numbers: &[u32]) {
    let bytes: Vec<u8> = numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    put(into, at, &bytes);
}

fn table(parts: &Parts) -> Option<Pclntab<'_>> {
    Some(Pclntab {
        data: &parts.table,
        header: Header::parse(&parts.table)?,
        text: TEXT,
        inline_trees: &parts.trees,
    })
}

fn frames(parts: &Parts, distance: u64) -> Option<Vec<Frame>> {
    Some(table(parts)?.frames(TEXT.wrapping_add(distance)))
}

fn told(parts: &Parts, distance: u64) -> Vec<(String, String, u32, u32)> {
    let frames = frames(parts, distance).unwrap_or_default();
    let tell = |frame: Frame| (frame.function, frame.file, frame.line, frame.start_line);
    frames.into_iter().map(tell).collect()
}

fn row(function: &str, file: &str, line: u32, start_line: u32) -> (String, String, u32, u32) {
    (function.to_owned(), file.to_owned(), line, start_line)
}

#[test]
fn inlined_calls_have_the_lines_of_their_calls() {
    let parts = parts();
    assert_eq!(told(&parts, 0), [row("main.outer", "a.go", 10, 9)]);
    let middle = row("main.middle", "a.go", 20, 19);
    let outer = row("main.outer", "a.go", 10, 9);
    assert_eq!(told(&parts, 20), [middle.clone(), outer.clone()]);
    assert_eq!(
        told(&parts, 63),
        [row("main.leaf", "b.go", 40, 39), middle, outer]
    );
    assert_eq!(told(&parts, 64), [row("main.next", "a.go", 10, 50)]);
}

#[test]
fn outside_of_the_code_nothing_is_named() {
    assert!(told(&parts(), 96).is_empty());
    assert_eq!(frames(&parts(), 0u64.wrapping_sub(1)), Some(Vec::new()));
}

#[test]
fn stacks_are_as_deep_as_their_table_says() {
    let parts = parts();
    let depth = |distance| table(&parts)?.depth(TEXT + distance);
    let depths: Vec<Option<u32>> = [0, 3, 4, 63, 64, 96].map(depth).into();
    let known = [Some(0), Some(0), Some(40), Some(40), None, None];
    assert_eq!(depths, known, "the second function has no table");
}

#[test]
fn a_cycle_of_inlined_calls_ends() {
    let mut parts = parts();
    put_numbers(&mut parts.trees, 8, &[40]);
    let functions: Vec<String> = told(&parts, 40).into_iter().map(|row| row.0).collect();
    assert_eq!(functions, ["main.leaf", "main.middle", "main.outer"]);
}

#[test]
fn type_arguments_are_written_as_the_runtime_writes_them() {
    assert_eq!(
        without_type_arguments("main.G[go.shape.int].func1".to_owned()),
        "main.G[...].func1"
    );
    assert_eq!(without_type_arguments("main.g".to_owned()), "main.g");
}

#[test]
fn counts_that_pass_the_table_are_refused() {
    let parts = parts();
    for count in [0, 1 << 20, u64::MAX / 8, u64::MAX] {
        let mut table = parts.table.clone();
        put(&mut table, 8, &count.to_le_bytes());
        assert!(Header::parse(&table).is_none(), "{count}");
    }
    for length in 0..TABLE + 20 {
        assert!(Header::parse(&parts.table[..length]).is_none(), "{length}");
    }
}

proptest! {
    #[test]
    fn tables_with_flipped_bits_never_panic(
        flips in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
        cut in any::<prop::sample::Index>(),
        distance in any::<u64>(),
    ) {
        let mut parts = parts();
        for flip in flips {
            let (bits, target) = (parts.table.len() * 8, flip.index((parts.table.len() + parts.trees.len()) * 8));
            let byte = if target < bits { &mut parts.table[target / 8] } else { &mut parts.trees[(target - bits) / 8] };
            *byte ^= 1 << (target % 8);
        }
        let kept = parts.table.len() - cut.index(64);
        parts.table.truncate(kept);
        for distance in [0, 20, 40, 63, 64, 95, distance % 1024] {
            if let Some(frames) = frames(&parts, distance) {
                prop_assert!(frames.len() <= MOST_INLINED + 1);
                let _ = table(&parts).and_then(|table| table.depth(TEXT + distance));
            }
        }
    }
}

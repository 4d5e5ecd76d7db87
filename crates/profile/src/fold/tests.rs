use super::*;

const K: u64 = CONTEXT_KERNEL;
const U: u64 = CONTEXT_USER;

fn folder(limits: FoldLimits) -> Folder {
    let mut folder = Folder::new(Profile::with_sample_types(&[("samples", "count")]), limits);
    folder.map(7, 0x1000, 0x2000, 0, "/bin/a");
    folder
}

fn fold(folder: &mut Folder, addresses: &[u64]) {
    let chain = Chain {
        pid: 7,
        tid: 8,
        cpu: 0,
        t_ns: 5,
        addresses,
    };
    folder.sample(&chain, &[1]);
}

fn stacks(profile: &Profile) -> Vec<(Vec<u64>, i64)> {
    let addresses = profile.locations.addresses();
    (0..profile.stacks.len() as u32)
        .map(|stack| {
            let stack_addresses = profile
                .stacks
                .locations(stack)
                .iter()
                .map(|&row| addresses[row as usize]);
            (stack_addresses.collect(), profile.values[0][stack as usize])
        })
        .collect()
}

#[test]
fn callers_are_looked_up_inside_the_call() {
    let mut folder = folder(FoldLimits::default());
    fold(
        &mut folder,
        &[K, 0xffff_8000, 0xffff_9000, U, 0x1100, 0x1200, 0x1200],
    );
    let profile = folder.finish();
    let expected = vec![0xffff_8000, 0xffff_8fff, 0x1100, 0x11ff, 0x11ff];
    assert_eq!(stacks(&profile), [(expected, 1)]);
    let mappings: Vec<bool> = profile
        .mappings
        .rows()
        .iter()
        .map(|row| row.kernel)
        .collect();
    assert_eq!(mappings, [false, true]);
}

#[test]
fn a_chain_ends_where_it_leaves_the_code() {
    let mut folder = folder(FoldLimits::default());
    fold(&mut folder, &[U, 0x1100, 0x1200, 0x9999, 0x9999, 0x1200]);
    fold(&mut folder, &[U, 0x1100, 0x1200, 0x9999]);
    fold(&mut folder, &[U, 0x1100, 0x1200]);
    fold(&mut folder, &[U, 0x9999]);
    let profile = folder.finish();
    assert_eq!(
        stacks(&profile),
        [(vec![0x1100, 0x11ff], 3), (vec![0x9999], 1)]
    );
    let expected =
        "3 of 4 samples (75.0 %) do not show their callers: code without frame pointers, mostly a";
    assert_eq!(profile.warnings, [expected]);
}

#[test]
fn a_chain_that_its_copy_cut_off_says_so() {
    let mut folder = folder(FoldLimits::default());
    fold(&mut folder, &[U, 0x1100, 0x1200, TRUNCATED]);
    let profile = folder.finish();
    assert_eq!(stacks(&profile), [(vec![0x1100, 0x11ff, 0], 1)]);
    assert_eq!(profile.warnings.len(), 1);
}

#[test]
fn complete_chains_give_no_warning() {
    let mut folder = folder(FoldLimits::default());
    fold(&mut folder, &[U, 0x1100, 0x1200]);
    fold(&mut folder, &[K, 0xffff_8000]);
    assert_eq!(folder.finish().warnings, Vec::<String>::new());
}

#[test]
fn memory_is_bounded_and_nothing_is_dropped_silently() {
    let limits = FoldLimits {
        samples: 3,
        stacks: 2,
        ..FoldLimits::default()
    };
    let mut folder = folder(limits);
    for address in [0x1001, 0x1002, 0x1003, 0x1004, 0x1001] {
        fold(&mut folder, &[K, address]);
    }
    let profile = folder.finish();
    assert_eq!(profile.total(0), 5);
    assert_eq!(
        stacks(&profile),
        [(vec![0x1001], 2), (vec![0x1002], 1), (vec![0], 2)]
    );
    assert_eq!(profile.samples.len(), 3);
    assert_eq!(profile.warnings.len(), 2);
}

#[test]
fn a_child_begins_with_its_parents_mappings_and_loses_them_with_exec() {
    let mut folder = folder(FoldLimits::default());
    folder.fork(7, 9);
    let chain = Chain {
        pid: 9,
        tid: 9,
        cpu: 1,
        t_ns: 1,
        addresses: &[U, 0x1100],
    };
    folder.sample(&chain, &[1]);
    folder.forget(9);
    folder.sample(&chain, &[1]);
    let profile = folder.finish();
    assert_eq!(profile.locations.mappings(), [0, NO_MAPPING]);
}

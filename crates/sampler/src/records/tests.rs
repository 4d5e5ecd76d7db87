use proptest::prelude::*;

use super::*;

const CPU_EVENT: u64 = 40;
const WAKEUP_EVENT: u64 = 41;

fn kinds() -> Kinds {
    HashMap::from([(CPU_EVENT, Kind::Cpu), (WAKEUP_EVENT, Kind::Wakeup)])
}

fn record(kind: u32, misc: u16, body: &[u8]) -> Vec<u8> {
    let size = (body.len() + 8) as u16;
    [
        &kind.to_ne_bytes()[..],
        &misc.to_ne_bytes(),
        &size.to_ne_bytes(),
        body,
    ]
    .concat()
}

fn words(numbers: &[u64]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_ne_bytes())
        .collect()
}

fn pair(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

fn parsed(bytes: &[u8], check: impl FnOnce(&[Timed<'_>])) {
    let kinds = kinds();
    let records: Vec<Timed<'_>> = Records {
        bytes,
        kinds: &kinds,
    }
    .collect();
    check(&records);
}

const WHO: Who = Who {
    pid: 7,
    tid: 8,
    cpu: 3,
    t_ns: 99,
};

fn tail() -> [u64; 4] {
    [pair(7, 8), 99, 3, CPU_EVENT]
}

#[test]
fn the_event_says_which_fields_a_sample_has() {
    let chain = [&[CPU_EVENT, pair(7, 8), 99, 3, 2, 0x1100, 0x1200][..]].concat();
    let mut wakeup = words(&[WAKEUP_EVENT, pair(7, 8), 99, 3]);
    wakeup.extend([12u32, 1, 2, 3].iter().flat_map(|word| word.to_ne_bytes()));
    let bytes = [record(9, 0, &words(&chain)), record(9, 0, &wakeup)].concat();
    parsed(&bytes, |records| {
        let chain = words(&[0x1100, 0x1200]);
        let (kind, raw) = (Kind::Cpu, &[][..]);
        let chain = ChainBytes(&chain);
        assert_eq!(
            records[0].record,
            Record::Sample {
                kind,
                chain,
                raw,
                stack: raw
            }
        );
        let fields = match records[1].record {
            Record::Sample { kind, raw, .. } => Some((kind, raw_i32(raw, 8), raw_i32(raw, 9))),
            _ => None,
        };
        assert_eq!(fields, Some((Kind::Wakeup, Some(3), None)));
        assert!(records.iter().all(|timed| timed.who == WHO));
    });
}

#[test]
fn other_records_end_with_who_and_when() {
    let with_tail = |body: &[u64]| words(&[body, &tail()].concat());
    let bytes = [
        record(2, 0, &with_tail(&[1, 5])),
        record(14, MISC_SWITCH_OUT, &with_tail(&[])),
        record(
            14,
            MISC_SWITCH_OUT | MISC_SWITCH_OUT_PREEMPTED,
            &with_tail(&[]),
        ),
        record(15, 0, &with_tail(&[pair(1, 1)])),
        record(7, 0, &with_tail(&[pair(9, 7), pair(10, 8), 99])),
    ]
    .concat();
    parsed(&bytes, |records| {
        let expected = [
            Record::Lost { count: 5 },
            Record::SwitchOut { preempted: false },
            Record::SwitchOut { preempted: true },
            Record::SwitchIn(None),
            Record::Fork {
                pid: 9,
                tid: 10,
                parent: 7,
                parent_tid: 8,
            },
        ];
        assert!(
            records
                .iter()
                .map(|timed| &timed.record)
                .eq(expected.iter())
        );
        assert!(records.iter().all(|timed| timed.who == WHO));
    });
}

#[test]
fn only_executable_memory_counts() {
    let body = |protection| {
        let numbers = [
            pair(7, 7),
            0x1000,
            0x200,
            0x40,
            0,
            0,
            0,
            pair(protection, 2),
        ];
        [words(&numbers), b"/bin/a\0\0".to_vec(), words(&tail())].concat()
    };
    let bytes = [record(10, 0, &body(5)), record(10, 0, &body(1))].concat();
    parsed(&bytes, |records| {
        let map = Record::Map {
            pid: 7,
            start: 0x1000,
            length: 0x200,
            file_offset: 0x40,
            path: b"/bin/a",
        };
        assert_eq!(records[0].record, map);
        assert_eq!(records[1].record, Record::Other);
    });
}

#[test]
fn a_chain_longer_than_its_record_is_dropped() {
    let body = words(&[CPU_EVENT, pair(7, 8), 99, 3, u64::MAX, 0x1100]);
    parsed(&record(9, 0, &body), |records| {
        assert_eq!(records[0].record, Record::Other);
    });
}

proptest! {
    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let kinds = kinds();
        let count = Records { bytes: &bytes, kinds: &kinds }.count();
        prop_assert!(count <= bytes.len() / 8);
    }
}

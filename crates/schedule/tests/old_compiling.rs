//! Compiling: the same bytes everywhere, and arrivals as asked.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use schedule::old::{
    Arrival, Compiled, OperationSpec, Schedule, ScheduleError, Spec, compile, sha256,
};

fn operation(name: &str, weight: f64) -> OperationSpec {
    OperationSpec {
        name: name.into(),
        weight,
        timeout_ns: 10_000_000_000,
        expected_status: 200,
    }
}

fn spec(arrival: Arrival, rate_per_s: f64, seed: u64) -> Spec {
    Spec {
        arrival,
        rate_per_s,
        duration_ns: 10_000_000_000,
        seed,
        max_connections: 64,
        operations: vec![operation("render", 3.0), operation("search", 1.0)],
    }
}

fn pools() -> Vec<Vec<Vec<u8>>> {
    vec![
        vec![
            b"GET /a HTTP/1.1\r\n\r\n".to_vec(),
            b"GET /b HTTP/1.1\r\n\r\n".to_vec(),
        ],
        vec![b"GET /search HTTP/1.1\r\n\r\n".to_vec()],
    ]
}

fn compiled(spec: &Spec) -> (Vec<u8>, Compiled) {
    let mut bytes = Vec::new();
    let info = compile(spec, &pools(), &mut bytes).unwrap();
    (bytes, info)
}

#[test]
fn a_fixed_workload_has_a_fixed_hash_on_every_machine() {
    let (_, poisson) = compiled(&spec(Arrival::Poisson, 1_000.0, 1));
    let (_, constant) = compiled(&spec(Arrival::Constant, 300.0, 1));
    assert_eq!(
        poisson.sha256,
        "d7c9ad4dfab226f906ffdc308a5ac9fbbde76f4ba461603fd9ab7f0b377403b4"
    );
    assert_eq!(
        constant.sha256,
        "dfefb4b3bab780ad9edc4751b221411de6cb0f5d592b0b349003a3f7ec132736"
    );
}

#[test]
fn the_reported_hash_size_and_count_are_those_of_the_file() {
    let (bytes, info) = compiled(&spec(Arrival::Poisson, 500.0, 3));
    let schedule = Schedule::open(&bytes).unwrap();
    assert_eq!(info.sha256, sha256(&bytes));
    assert_eq!(info.bytes, bytes.len() as u64);
    assert_eq!(info.requests, schedule.len() as u64);
}

#[test]
fn what_went_in_comes_out() {
    let original = spec(Arrival::Poisson, 500.0, 3);
    let (bytes, _) = compiled(&original);
    let schedule = Schedule::open(&bytes).unwrap();
    assert_eq!(schedule.rate_per_s(), 500.0);
    assert_eq!(schedule.seed(), 3);
    assert_eq!(schedule.max_connections(), 64);
    assert_eq!(schedule.arrival(), Arrival::Poisson);
    let names: Vec<&str> = schedule
        .operations()
        .iter()
        .map(|found| found.name)
        .collect();
    assert_eq!(names, ["render", "search"]);
    for entry in schedule.entries() {
        let allowed = &pools()[entry.operation as usize];
        assert!(
            allowed
                .iter()
                .any(|payload| payload == schedule.payload(entry.payload))
        );
    }
}

#[test]
fn constant_arrivals_have_equal_gaps_from_zero() {
    let (bytes, _) = compiled(&spec(Arrival::Constant, 250.0, 1));
    let schedule = Schedule::open(&bytes).unwrap();
    assert_eq!(schedule.len(), 2_500);
    for (index, entry) in schedule.entries().enumerate() {
        assert_eq!(entry.intended_ns, index as u64 * 4_000_000);
    }
}

#[test]
fn poisson_gaps_are_exponential() {
    let (bytes, _) = compiled(&Spec {
        duration_ns: 100_000_000_000,
        ..spec(Arrival::Poisson, 1_000.0, 11)
    });
    let schedule = Schedule::open(&bytes).unwrap();
    let starts: Vec<u64> = schedule.entries().map(|entry| entry.intended_ns).collect();
    let mut gaps: Vec<f64> = starts
        .windows(2)
        .map(|pair| (pair[1] - pair[0]) as f64 / 1e6)
        .collect();
    gaps.sort_by(f64::total_cmp);
    let count = gaps.len() as f64;
    let distance = gaps
        .iter()
        .enumerate()
        .map(|(rank, gap)| ((rank as f64 + 0.5) / count - (1.0 - (-gap).exp())).abs());
    // Kolmogorov-Smirnov at 1e-6 for 100,000 gaps of mean 1 ms.
    assert!(distance.fold(0.0, f64::max) < 2.7 / count.sqrt());
}

#[test]
fn weights_set_the_mix_and_leave_the_arrivals_alone() {
    let original = spec(Arrival::Poisson, 2_000.0, 5);
    let mut lighter = original.clone();
    lighter.operations[0].weight = 1.0;
    let (first, second) = (compiled(&original).0, compiled(&lighter).0);
    let (first, second) = (
        Schedule::open(&first).unwrap(),
        Schedule::open(&second).unwrap(),
    );
    let starts = |schedule: &Schedule<'_>| {
        schedule
            .entries()
            .map(|entry| entry.intended_ns)
            .collect::<Vec<_>>()
    };
    let share = |schedule: &Schedule<'_>| {
        schedule
            .entries()
            .filter(|entry| entry.operation == 0)
            .count() as f64
            / schedule.len() as f64
    };
    assert_eq!(starts(&first), starts(&second));
    assert!((share(&first) - 0.75).abs() < 0.02);
    assert!((share(&second) - 0.5).abs() < 0.02);
}

#[test]
fn impossible_workloads_are_refused_by_name() {
    let good = spec(Arrival::Poisson, 100.0, 1);
    let refused = |change: fn(&mut Spec), word: &str| {
        let mut bad = good.clone();
        change(&mut bad);
        let error = compile(&bad, &pools(), &mut Vec::new()).unwrap_err();
        assert!(
            matches!(error, ScheduleError::Spec(_)) && error.to_string().contains(word),
            "{error}"
        );
    };
    refused(|bad| bad.rate_per_s = 0.0, "rate");
    refused(|bad| bad.rate_per_s = f64::NAN, "rate");
    refused(|bad| bad.rate_per_s = 1e12, "requests");
    refused(|bad| bad.duration_ns = 0, "duration");
    refused(|bad| bad.max_connections = 0, "max_connections");
    refused(|bad| bad.operations[1].weight = 0.0, "search");
    refused(|bad| bad.operations[1].timeout_ns = 0, "time-out");
    refused(|bad| bad.operations[0].expected_status = 42, "status");
    refused(|bad| bad.operations.truncate(1), "pools");
    let error = compile::<Vec<u8>>(&good, &[vec![], vec![]], &mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("no payload"));
}

#[test]
fn a_failing_disk_is_an_error_not_a_panic() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("No space left on device"))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let error = compile(&spec(Arrival::Poisson, 100.0, 1), &pools(), &mut Full).unwrap_err();
    assert!(error.to_string().contains("No space left"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_workload_compiles_twice_to_the_same_readable_bytes(
        rate in 0.1_f64..5_000.0, seed in any::<u64>(), poisson in any::<bool>(), duration_ns in 1_u64..3_000_000_000,
    ) {
        let arrival = if poisson { Arrival::Poisson } else { Arrival::Constant };
        let spec = Spec { duration_ns, ..spec(arrival, rate, seed) };
        let (first, second) = (compiled(&spec), compiled(&spec));
        prop_assert_eq!(&first, &second);
        prop_assert!(Schedule::open(&first.0).is_ok());
    }
}

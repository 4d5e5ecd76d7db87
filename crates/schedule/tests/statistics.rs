//! Arrivals and generators follow their distributions; seeds are fixed, so a test passes or fails for good.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use crate::support::{ReadBack, operation, through};
use serde_json::{Value, json};

const SECOND: u64 = 1_000_000_000;

fn starts(back: &ReadBack) -> Vec<u64> {
    back.entries.iter().map(|entry| entry.intended_ns).collect()
}

/// Count within five standard deviations of a Poisson count.
fn agrees(count: usize, expected: f64) {
    let deviation = (count as f64 - expected).abs() / expected.sqrt();
    assert!(
        deviation < 5.0,
        "{count} for {expected}: {deviation} standard deviations"
    );
}

fn within(starts: &[u64], from_s: f64, to_s: f64) -> usize {
    let place = |at: f64| starts.partition_point(|start| *start < (at * 1e9) as u64);
    place(to_s) - place(from_s)
}

/// Largest distance of the sample's distribution function from `cdf`, times the root of n.
fn kolmogorov(mut sample: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    sample.sort_by(f64::total_cmp);
    let n = sample.len() as f64;
    let distances = sample.iter().enumerate().map(|(index, x)| {
        let (low, high) = (index as f64 / n, (index + 1) as f64 / n);
        (cdf(*x) - low).abs().max((high - cdf(*x)).abs())
    });
    distances.fold(0.0, f64::max) * n.sqrt()
}

#[test]
fn gaps_are_exponential() {
    let starts = starts(&through(
        json!({"rate_per_s": 20_000.0, "duration_ns": 5 * SECOND}),
    ));
    agrees(starts.len(), 100_000.0);
    let gaps = starts
        .windows(2)
        .map(|pair| (pair[1] - pair[0]) as f64 / 1e9)
        .collect();
    let distance = kolmogorov(gaps, |gap| 1.0 - (-20_000.0 * gap).exp());
    assert!(distance < 1.95, "{distance}"); // 0.1 % of right ones are farther
}

fn shapes() -> Value {
    json!([
        {"shape": "hold", "duration_ns": SECOND, "rate_per_s": 2_000.0},
        {"shape": "ramp", "duration_ns": 2 * SECOND, "from_per_s": 2_000.0, "to_per_s": 10_000.0},
        {"shape": "sine", "duration_ns": 2 * SECOND, "mean_per_s": 5_000.0, "amplitude_per_s": 5_000.0, "period_ns": SECOND},
        {"shape": "burst", "duration_ns": 2 * SECOND, "on_per_s": 9_000.0, "off_per_s": 0.0,
         "on_ns": SECOND / 4, "off_ns": SECOND / 4},
    ])
}

/// (from, to, expected) of stretches of `shapes`, by integrals on paper.
const STRETCHES: [(f64, f64, f64); 10] = [
    (0.0, 1.0, 2_000.0),
    (1.0, 2.0, 4_000.0),
    (2.0, 3.0, 8_000.0),
    (3.0, 3.5, 2_500.0 + 5_000.0 / std::f64::consts::PI),
    (3.5, 4.0, 2_500.0 - 5_000.0 / std::f64::consts::PI),
    (4.0, 5.0, 5_000.0),
    (5.0, 5.25, 2_250.0),
    (5.25, 5.5, 0.0),
    (6.5, 6.75, 2_250.0),
    (7.0, 8.0, 2_000.0), // the profile repeats
];

#[test]
fn poisson_arrivals_follow_a_profile() {
    let starts = starts(&through(
        json!({"profile": shapes(), "duration_ns": 8 * SECOND}),
    ));
    for (from, to, expected) in STRETCHES {
        if expected > 0.0 {
            agrees(within(&starts, from, to), expected);
        } else {
            assert_eq!(within(&starts, from, to), 0);
        }
    }
}

#[test]
fn equal_gaps_follow_a_profile_exactly() {
    let back =
        through(json!({"arrival": "constant", "profile": shapes(), "duration_ns": 8 * SECOND}));
    let starts = starts(&back);
    for (from, to, expected) in STRETCHES {
        let count = within(&starts, from, to) as f64;
        assert!(
            (count - expected).abs() <= 1.0,
            "{from} to {to}: {count} for {expected}"
        );
    }
}

#[test]
fn rescaled_gaps_are_exponential_again() {
    let back = through(json!({"duration_ns": 2 * SECOND, "profile": [
        {"shape": "sine", "duration_ns": 2 * SECOND, "mean_per_s": 30_000.0, "amplitude_per_s": 29_000.0, "period_ns": SECOND / 3},
    ]}));
    let integral = |t: f64| {
        let wave = 2.0 * std::f64::consts::PI * 3.0;
        30_000.0 * t + 29_000.0 / wave * (1.0 - (wave * t).cos())
    };
    let marks: Vec<f64> = starts(&back)
        .iter()
        .map(|start| integral(*start as f64 / 1e9))
        .collect();
    let gaps = marks.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(kolmogorov(gaps, |gap| 1.0 - (-gap).exp()) < 1.95);
}

#[test]
fn random_bursts_have_their_means() {
    let back = through(json!({"duration_ns": 400 * SECOND, "profile": [
        {"shape": "burst", "duration_ns": 400 * SECOND, "on_per_s": 400.0, "off_per_s": 0.0,
         "on_ns": SECOND / 20, "off_ns": SECOND / 10, "random": true},
    ]}));
    let starts = starts(&back);
    let mean = 400.0 / 3.0 * 400.0;
    assert!(
        (starts.len() as f64 / mean - 1.0).abs() < 0.06,
        "{}",
        starts.len()
    );
    let counts: Vec<f64> = (0..4_000)
        .map(|n| within(&starts, f64::from(n) / 10.0, f64::from(n + 1) / 10.0) as f64)
        .collect();
    let average = counts.iter().sum::<f64>() / 4_000.0;
    let variance = counts
        .iter()
        .map(|count| (count - average).powi(2))
        .sum::<f64>()
        / 4_000.0;
    assert!(variance / average > 5.0, "{}", variance / average); // Poisson: 1
}

#[test]
fn sessions_begin_at_their_rate_and_think_as_told() {
    let back = through(json!({
        "arrival": "sessions", "rate_per_s": 500.0, "duration_ns": 20 * SECOND,
        "sessions": {"requests": {"dist": "constant", "value": 4.0},
                     "think_s": {"dist": "exponential", "mean": 0.05}, "expected_latency_ns": 1_000_000},
    }));
    let begun = back
        .entries
        .iter()
        .filter(|entry| entry.think_ns == 0)
        .count();
    agrees(begun, 10_000.0);
    let thinks: Vec<f64> = back
        .entries
        .iter()
        .filter(|entry| entry.think_ns > 0)
        .map(|entry| entry.think_ns as f64 / 1e9)
        .collect();
    assert!(kolmogorov(thinks, |think| 1.0 - (-think / 0.05).exp()) < 1.95);
}

/// Requests whose path is one value of `generator`.
fn values(generator: &Value, requests: u64) -> Vec<String> {
    let back = through(json!({
        "arrival": "constant", "rate_per_s": requests as f64, "duration_ns": SECOND,
        "operations": [operation(json!({"path": [{"text": "/"}, {"data": "x", "encode": "none"}], "data": {"x": generator}}))],
    }));
    let path = |payload: &Vec<u8>| {
        let text = String::from_utf8(payload.clone()).unwrap();
        text.split(' ').nth(1).unwrap()[1..].to_owned()
    };
    back.payloads.iter().map(path).collect()
}

fn numbers(generator: &Value) -> Vec<f64> {
    values(generator, 50_000)
        .iter()
        .map(|value| value.parse().unwrap())
        .collect()
}

#[test]
fn ranks_follow_zipfs_law() {
    for (n, s) in [
        (1, 1.0),
        (10, 0.0),
        (1_000, 0.8),
        (1_000, 1.0),
        (1_000_000, 1.2),
        (50, 3.0),
    ] {
        let drawn = numbers(&json!({"kind": "zipf", "n": n, "s": s}));
        let total: f64 = (1..=n).map(|rank| f64::from(rank).powf(-s)).sum();
        let mut counts = BTreeMap::new();
        drawn
            .iter()
            .for_each(|rank| *counts.entry(*rank as i32).or_insert(0) += 1);
        assert!(counts.keys().all(|rank| (1..=n).contains(rank)));
        for rank in (1..=n)
            .take_while(|rank| f64::from(*rank).powf(-s) / total * 5e4 > 50.0)
            .take(40)
        {
            agrees(counts[&rank], f64::from(rank).powf(-s) / total * 5e4);
        }
    }
    let huge = numbers(&json!({"kind": "zipf", "n": 1_u64 << 53, "s": 0.5}));
    assert!(huge.iter().all(|rank| (1.0..=9.1e15).contains(rank)));
}

#[test]
fn numbers_follow_their_distributions() {
    let distance = |number: Value, cdf: &dyn Fn(f64) -> f64| {
        let mut generator = number;
        generator["kind"] = json!("number");
        generator["digits"] = json!(12);
        kolmogorov(numbers(&generator), cdf)
    };
    let normal = |z: f64| 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2);
    assert!(
        distance(json!({"dist": "uniform", "low": 2.0, "high": 6.0}), &|x| (x
            - 2.0)
            / 4.0)
            < 1.95
    );
    assert!(
        distance(json!({"dist": "exponential", "mean": 3.0}), &|x| 1.0
            - (-x / 3.0).exp())
            < 1.95
    );
    assert!(
        distance(json!({"dist": "normal", "mean": 5.0, "sd": 2.0}), &|x| {
            normal((x - 5.0) / 2.0)
        }) < 1.95
    );
    assert!(
        distance(
            json!({"dist": "lognormal", "median": 5.0, "sigma": 0.7}),
            &|x| normal((x / 5.0).ln() / 0.7)
        ) < 1.95
    );
    assert!(
        distance(
            json!({"dist": "pareto", "scale": 2.0, "shape": 1.5}),
            &|x| 1.0 - (2.0 / x).powf(1.5)
        ) < 1.95
    );
    let clamped = numbers(
        &json!({"kind": "number", "dist": "normal", "mean": 0.0, "sd": 9.0, "min": -1.0, "max": 2.0}),
    );
    assert!(clamped.iter().all(|x| (-1.0..=2.0).contains(x)));
}

#[test]
fn choices_counters_texts_and_uuids_are_what_they_say() {
    let many: Vec<String> = (0..5_000).map(|n| n.to_string()).collect();
    let mut counts = BTreeMap::new();
    for value in values(&json!({"kind": "choice", "values": many}), 100_000) {
        *counts.entry(value).or_insert(0.0) += 1.0;
    }
    let squares: f64 = (0..5_000)
        .map(|n| (counts.get(&n.to_string()).unwrap_or(&0.0) - 20.0_f64).powi(2) / 20.0)
        .sum();
    assert!(
        (squares - 5_000.0).abs() < 5.0 * 10_000.0_f64.sqrt(),
        "{squares}"
    ); // chi squared
    assert_eq!(
        values(&json!({"kind": "counter", "start": 5, "step": -3}), 4),
        ["5", "2", "-1", "-4"]
    );
    for text in values(
        &json!({"kind": "text", "size": {"dist": "constant", "value": 33.0}, "alphabet": "xyz"}),
        100,
    ) {
        assert!(text.len() == 33 && text.bytes().all(|byte| b"xyz".contains(&byte)));
    }
    let uuids = values(&json!({"kind": "uuid"}), 1_000);
    for uuid in &uuids {
        let marks: Vec<usize> = uuid.match_indices('-').map(|(at, _)| at).collect();
        assert_eq!((uuid.len(), marks), (36, vec![8, 13, 18, 23]));
        assert!(&uuid[14..15] == "4" && "89ab".contains(&uuid[19..20]));
    }
    assert_eq!(
        uuids
            .iter()
            .collect::<std::collections::BTreeSet<_>>()
            .len(),
        1_000
    );
}

#[test]
fn operations_are_drawn_by_weight_and_have_streams_of_their_own() {
    let id = json!({"path": [{"text": "/"}, {"data": "id"}], "data": {"id": {"kind": "uuid"}}, "weight": 3.0});
    let both = through(
        json!({"rate_per_s": 50_000.0, "operations": [operation(id.clone()), operation(json!({"name": "b"}))]}),
    );
    let first = both
        .entries
        .iter()
        .filter(|entry| entry.operation == 0)
        .count();
    agrees(first, both.entries.len() as f64 * 0.75);
    let alone = through(json!({"rate_per_s": 50_000.0, "operations": [operation(id)]}));
    let own = both
        .payloads
        .iter()
        .zip(&both.entries)
        .filter(|(_, entry)| entry.operation == 0);
    assert!(
        own.map(|(payload, _)| payload)
            .eq(alone.payloads.iter().take(first))
    );
}

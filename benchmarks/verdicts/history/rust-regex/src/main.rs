//! A service that reads 100 log lines, each with the pattern of its program: 200 patterns with groups.

use std::sync::Mutex;

use regex::Regex;

#[path = "../../serve.rs"]
mod serve;

const SHAPE: &str =
    r"^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]+):([0-9]+):[0-9]+ [a-z]+\[([0-9]+)\]: NAME ([a-z]+)=([0-9]+) (?:took|cost) ([0-9]+) ms$";

fn main() -> std::io::Result<()> {
    let mut draws = serve::Draws(1);
    let programs: Vec<String> = (0..200).map(|n| format!("{}{n}", draws.word(4, 9))).collect();
    let patterns: Vec<Regex> = programs
        .iter()
        .map(|name| Regex::new(&SHAPE.replace("NAME", name)).expect("the shape is a valid pattern"))
        .collect();
    let patterns = Mutex::new(patterns); // one search at a time: how many caches there are depends on no chance
    serve::serve(move |n| {
        let mut draws = serve::Draws(n + 1);
        let patterns = patterns.lock().expect("no search panics");
        let mut sum = 0;
        for _ in 0..100 {
            let which = draws.below(200) as usize;
            let line = line(&mut draws, &programs[which]);
            if let Some(groups) = patterns[which].captures(&line) {
                sum += groups[8].parse::<u64>().unwrap_or(0) + groups[9].parse::<u64>().unwrap_or(0);
                sum += groups[6].len() as u64 + groups[7].len() as u64;
            }
        }
        format!("{sum}\n")
    })
}

fn line(draws: &mut serve::Draws, program: &str) -> String {
    let (day, hour, minute) = (10 + draws.below(18), 10 + draws.below(13), 10 + draws.below(49));
    let (process, key, value, took) = (draws.below(99_999), draws.word(3, 8), draws.below(1_000_000), draws.below(900));
    format!("2024-03-{day}T{hour}:{minute}:07 daemon[{process}]: {program} {key}={value} took {took} ms")
}

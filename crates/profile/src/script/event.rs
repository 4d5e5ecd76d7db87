//! The line that begins a sample in the text of `perf script`.

/// What the line says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct EventLine<'a> {
    pub(super) comm: &'a str,
    /// -1 where unknown.
    pub(super) pid: i32,
    /// -1 where unknown.
    pub(super) tid: i32,
    /// -1 where unknown.
    pub(super) cpu: i32,
    /// ns; 0 where unknown.
    pub(super) t_ns: i64,
    /// 1 where unknown.
    pub(super) period: i64,
    /// Without modifiers; empty where unknown.
    pub(super) event: &'a str,
    /// What follows the event: for samples without call chain, their only frame.
    pub(super) rest: &'a str,
}

/// Reads the fields that are there: `comm pid/tid [cpu] time: period event: …`.
///
/// Names of programs may contain spaces and numbers, so the line is read from its time or its event
/// backwards. `None`: this is no such line.
pub(super) fn parse(line: &str) -> Option<EventLine<'_>> {
    let words = words(line);
    let time = words.iter().position(|&(_, word)| time_ns(word).is_some());
    let thread = match time {
        Some(time) => time.checked_sub(1)?,
        None => thread_without_time(&words)?,
    };
    let is_cpu = |word: &str| word.starts_with('[') && word.ends_with(']');
    let mut found = EventLine {
        pid: -1,
        cpu: -1,
        period: 1,
        t_ns: time.and_then(|time| time_ns(words[time].1)).unwrap_or(0),
        ..EventLine::default()
    };
    let (mut thread, mut next) = (thread, time.map_or(thread + 1, |time| time + 1));
    if is_cpu(words[thread].1) {
        found.cpu = words[thread]
            .1
            .trim_matches(['[', ']'])
            .parse()
            .unwrap_or(-1);
        thread = thread.checked_sub(1)?;
    } else if let Some(&(_, word)) = words
        .get(next)
        .filter(|(_, word)| time.is_none() && is_cpu(word))
    {
        found.cpu = word.trim_matches(['[', ']']).parse().unwrap_or(-1);
        next += 1;
    }
    (found.pid, found.tid) = thread_numbers(words[thread].1)?;
    found.comm = line[..words[thread].0].trim();
    if let Some(period) = words.get(next).and_then(|(_, word)| word.parse().ok()) {
        found.period = period;
        next += 1;
    }
    if let Some(&(start, word)) = words.get(next)
        && word.ends_with(':')
    {
        found.event = event_name(word);
        found.rest = line[start + word.len()..].trim();
    }
    Some(found)
}

/// Words with their places.
fn words(line: &str) -> Vec<(usize, &str)> {
    let place = |word: &str| word.as_ptr() as usize - line.as_ptr() as usize;
    line.split_ascii_whitespace()
        .map(|word| (place(word), word))
        .collect()
}

/// `123.456789:`
fn time_ns(word: &str) -> Option<i64> {
    let (seconds, fraction) = word.strip_suffix(':')?.split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(seconds) || !is_number(fraction) || fraction.len() > 9 {
        return None;
    }
    let scale = 10i64.pow(9 - fraction.len() as u32);
    let seconds: i64 = seconds.parse().ok()?;
    seconds
        .checked_mul(1_000_000_000)?
        .checked_add(fraction.parse::<i64>().ok()? * scale)
}

/// `123` or `123/456`.
fn thread_numbers(word: &str) -> Option<(i32, i32)> {
    match word.split_once('/') {
        Some((pid, tid)) => Some((pid.parse().ok()?, tid.parse().ok()?)),
        None => Some((-1, word.parse().ok()?)),
    }
}

/// The first number behind the name.
fn thread_without_time(words: &[(usize, &str)]) -> Option<usize> {
    let found = words
        .iter()
        .skip(1)
        .position(|(_, word)| thread_numbers(word).is_some());
    found.map(|found| found + 1)
}

/// Modifiers of counters, such as `cycles:u:`, are left out; those of tracepoints are part of their names.
fn event_name(word: &str) -> &str {
    let name = word.trim_end_matches(':');
    match name.split_once(':') {
        Some((counter, modifiers))
            if modifiers
                .bytes()
                .all(|byte| b"ukhGHpPSDIWeb".contains(&byte)) =>
        {
            counter
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn usual_layouts_are_read() {
        let line =
            parse("tiny  5721 [001] 15829.637501:    1250000 cpu-clock:u: ").expect("a line");
        let expected = EventLine {
            comm: "tiny",
            pid: -1,
            tid: 5721,
            cpu: 1,
            t_ns: 15_829_637_501_000,
            period: 1_250_000,
            event: "cpu-clock",
            rest: "",
        };
        assert_eq!(line, expected);
        let line =
            parse("opt cgu.0 12 70/71 1.5: sched:sched_switch: prev_comm=a b").expect("a line");
        assert_eq!(
            (line.comm, line.pid, line.tid, line.cpu),
            ("opt cgu.0 12", 70, 71, -1)
        );
        assert_eq!(
            (line.event, line.rest, line.t_ns),
            ("sched:sched_switch", "prev_comm=a b", 1_500_000_000)
        );
        let line = parse("a b  9 [000] cycles: ").expect("a line");
        assert_eq!(
            (line.comm, line.tid, line.cpu, line.event),
            ("a b", 9, 0, "cycles")
        );
        let line = parse("a  9 cycles: ffff main (/a)").expect("a line");
        assert_eq!(
            (line.tid, line.event, line.rest),
            (9, "cycles", "ffff main (/a)")
        );
        assert_eq!(parse("no sample at all"), None);
        assert_eq!(parse("1.5:"), None);
    }
}

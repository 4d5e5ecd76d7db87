//! What `/proc` tells of processes: threads, descendants, executable mappings.

use std::collections::{HashMap, HashSet};
use std::fs;

/// The process that a process or thread number belongs to; `None` if there is none.
pub(crate) fn process_of(id: i32) -> Option<i32> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Tgid:"))?;
    line.trim().parse().ok()
}

/// Threads of a process; empty if it ended.
pub(crate) fn threads(pid: i32) -> Vec<i32> {
    numbers_in(&format!("/proc/{pid}/task"))
}

/// The name of a thread; empty if it ended.
pub(crate) fn thread_name(pid: i32, tid: i32) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/task/{tid}/comm")).unwrap_or_default();
    name.trim_end_matches('\n').to_owned()
}

/// Whether a thread sleeps now, rather than to run or want to; `None` if it ended.
pub(crate) fn is_asleep(pid: i32, tid: i32) -> Option<bool> {
    let stat = fs::read_to_string(format!("/proc/{pid}/task/{tid}/stat")).ok()?;
    let (_, fields) = split_stat(&stat)?;
    Some(!fields.starts_with('R'))
}

/// How long a thread waited for a CPU so far, in nanoseconds; `None` if it ended, or the kernel does not count that.
pub(crate) fn waited_for_cpu_ns(pid: i32, tid: i32) -> Option<i64> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{tid}/schedstat")).ok()?;
    let mut numbers = text.split_whitespace().map(|word| word.parse::<i64>());
    let (ran, waited) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    (ran > 0 || waited > 0).then_some(waited)
}

/// All processes that can be seen.
pub(crate) fn processes() -> Vec<i32> {
    numbers_in("/proc")
}

/// The process with all its descendants, as far as they can be seen.
pub(crate) fn family(root: i32) -> HashSet<i32> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for pid in processes() {
        if let Some(parent) = parent_of(pid) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut family = HashSet::from([root]);
    let mut open = vec![root];
    while let Some(pid) = open.pop() {
        let new = children.remove(&pid).unwrap_or_default();
        open.extend(new.into_iter().filter(|&child| family.insert(child)));
    }
    family
}

/// CPUs that are online; CPU 0 if that cannot be read.
pub(crate) fn online_cpus() -> Vec<i32> {
    let text = fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default();
    let cpus = parse_cpus(&text);
    if cpus.is_empty() { vec![0] } else { cpus }
}

/// `kernel.perf_event_paranoid` as text, or `unknown`.
pub(crate) fn paranoid() -> String {
    let text = fs::read_to_string("/proc/sys/kernel/perf_event_paranoid");
    text.map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned())
}

fn numbers_in(folder: &str) -> Vec<i32> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

fn parent_of(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = split_stat(&stat)?;
    fields.split(' ').nth(1)?.parse().ok()
}

/// Splits a `stat` file into number with name, and the fields from the state on.
///
/// The name may hold anything, even parentheses; the fields begin behind the last one.
pub(crate) fn split_stat(text: &str) -> Option<(&str, &str)> {
    text.rsplit_once(") ")
}

/// Reads a list such as `0-3,8`.
fn parse_cpus(text: &str) -> Vec<i32> {
    let mut cpus = Vec::new();
    for part in text.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        if let (Ok(first), Ok(last)) = (first.parse::<i32>(), last.parse::<i32>()) {
            cpus.extend(first..=last);
        }
    }
    cpus
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_lists_may_have_gaps() {
        assert_eq!(parse_cpus("0-2,5\n"), [0, 1, 2, 5]);
        assert!(parse_cpus("").is_empty());
    }

    #[test]
    fn this_process_is_found_with_its_code() {
        let pid = std::process::id().cast_signed();
        assert_eq!(process_of(pid), Some(pid));
        assert!(threads(pid).contains(&pid));
        assert!(family(pid).contains(&pid));
        assert!(waited_for_cpu_ns(pid, pid).is_none_or(|waited| waited >= 0));
        assert_eq!(waited_for_cpu_ns(pid, -1), None);
    }
}

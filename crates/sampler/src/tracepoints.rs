//! The kernel's description of its tracepoints: their numbers, and where their fields lie.

use std::fs;
use std::io;
use std::path::Path;

/// Where the scheduler's tracepoints keep the fields that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layouts {
    pub(crate) prev_comm: usize,
    pub(crate) prev_pid: usize,
    pub(crate) prev_state: usize,
    pub(crate) next_pid: usize,
    /// Of `sched_wakeup` and `sched_wakeup_new`, which are alike.
    pub(crate) woken_pid: usize,
}

impl Layouts {
    /// Reads the layouts of the running kernel.
    ///
    /// # Errors
    /// The tracing file system is not mounted, not readable, or lacks a field.
    pub(crate) fn read() -> io::Result<Self> {
        let switch = read("sched/sched_switch", "format")?;
        let wakeup = read("sched/sched_wakeup", "format")?;
        let field = |format: &str, name: &str| {
            offset(format, name)
                .ok_or_else(|| io::Error::other(format!("the tracepoint has no field {name}")))
        };
        Ok(Self {
            prev_comm: field(&switch, "prev_comm")?,
            prev_pid: field(&switch, "prev_pid")?,
            prev_state: field(&switch, "prev_state")?,
            next_pid: field(&switch, "next_pid")?,
            woken_pid: field(&wakeup, "pid")?,
        })
    }
}

/// The number of a tracepoint such as `sched/sched_switch`.
///
/// # Errors
/// The tracing file system is not mounted, or not readable.
pub(crate) fn id(name: &str) -> io::Result<u64> {
    read(name, "id")?.trim().parse().map_err(io::Error::other)
}

fn read(tracepoint: &str, file: &str) -> io::Result<String> {
    let folders = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];
    let path = |folder| Path::new(folder).join("events").join(tracepoint).join(file);
    let text = folders
        .into_iter()
        .find_map(|folder| fs::read_to_string(path(folder)).ok());
    text.ok_or_else(|| {
        io::Error::other("/sys/kernel/tracing is not mounted, or readable by root only")
    })
}

/// The offset of a field in lines such as `field:pid_t prev_pid; offset:24; size:4; signed:1;`.
fn offset(format: &str, name: &str) -> Option<usize> {
    let line = format.lines().find(|line| {
        let declaration = line.trim_start().strip_prefix("field:");
        let declaration = declaration.and_then(|rest| rest.split(';').next());
        let word = declaration.and_then(|text| text.rsplit(' ').next());
        // Of an array, the length stands behind its name.
        word.and_then(|word| word.split('[').next()) == Some(name)
    })?;
    let (_, rest) = line.split_once("offset:")?;
    rest.split(';').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let format = "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n\
                      \tfield:char comm[16];\toffset:8;\tsize:16;\tsigned:0;\n\
                      \tfield:pid_t pid;\toffset:24;\tsize:4;\tsigned:1;\n";
        assert_eq!(offset(format, "pid"), Some(24));
        assert_eq!(offset(format, "common_pid"), Some(4));
        assert_eq!(offset(format, "comm"), Some(8));
        assert_eq!(offset(format, "prev_pid"), None);
    }
}

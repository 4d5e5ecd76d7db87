//! The names of threads, in bounded memory.

use std::collections::{HashMap, HashSet};

use profile::{Profile, ThreadRow};

use crate::process;

const MOST: usize = 200_000;
const LONGEST: usize = 64;

/// Threads that are or were there, with their processes and their last names.
#[derive(Default)]
pub(crate) struct Names(HashMap<i32, (i32, Box<str>)>);

impl Names {
    /// The threads that a process has now.
    pub(crate) fn add_all(&mut self, pid: i32) {
        for tid in process::threads(pid) {
            self.set(pid, tid, process::thread_name(pid, tid).as_bytes());
        }
    }

    /// A thread took a name. Beyond a bound, new threads get none.
    pub(crate) fn set(&mut self, pid: i32, tid: i32, name: &[u8]) {
        if self.0.len() < MOST || self.0.contains_key(&tid) {
            let name = String::from_utf8_lossy(&name[..name.len().min(LONGEST)]).into();
            self.0.insert(tid, (pid, name));
        }
    }

    /// A new thread has the name of the one that made it, until it takes another.
    pub(crate) fn inherit(&mut self, pid: i32, tid: i32, maker: i32) {
        if let Some((_, name)) = self.0.get(&maker).cloned() {
            self.set(pid, tid, name.as_bytes());
        }
    }

    /// Gives a profile the threads that its samples are of.
    pub(crate) fn note(&self, profile: &mut Profile) {
        let seen: HashSet<i32> = profile.samples.tid.iter().copied().collect();
        let mut seen: Vec<i32> = seen.into_iter().collect();
        seen.sort_unstable();
        for tid in seen {
            if let Some((pid, name)) = self.0.get(&tid) {
                let name = profile.strings.intern(name);
                profile.threads.push(ThreadRow {
                    tid,
                    pid: *pid,
                    name,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use profile::SampleRow;

    use super::*;

    #[test]
    fn a_profile_gets_the_threads_of_its_samples() {
        let mut names = Names::default();
        names.set(7, 7, b"main");
        names.inherit(7, 8, 7);
        names.inherit(7, 9, 7);
        names.set(7, 9, b"worker");
        let mut profile = Profile::with_sample_types(&[("samples", "count")]);
        for tid in [9, 8, 9, 10] {
            profile.samples.push(SampleRow {
                t_ns: 0,
                tid,
                cpu: 0,
                stack: 0,
            });
        }
        names.note(&mut profile);
        let rows = profile.threads.iter();
        let rows = rows.map(|row| (row.tid, row.pid, profile.strings.text(row.name)));
        assert_eq!(rows.collect::<Vec<_>>(), [(8, 7, "main"), (9, 7, "worker")]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut names = Names::default();
        (0..MOST as i32 + 5).for_each(|tid| names.set(1, tid, &[b'x'; 100]));
        assert_eq!(names.0.len(), MOST);
        assert_eq!(names.0[&0].1.len(), LONGEST);
    }
}

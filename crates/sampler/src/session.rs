//! The thread that empties the rings and folds what it finds.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use profile::{Chain, Folder};

use symbolize::{Callers, MapLine, Modules, executable_maps};
use unwind::Architecture;

use crate::family::Family;
use crate::names::Names;
use crate::records::{ChainBytes, Kind, Record, Records, Timed, Who};
use crate::sources::Sources;
use crate::spare::Spare;
use crate::switches::Switches;
use crate::sys::{be_prompt, monotonic_ns};

/// Records younger than this wait for the next time, when those of all CPUs are sure to be there: a virtual
/// CPU may be stopped for many milliseconds between the time stamp of a record and its end.
const YOUNG_NS: i64 = 50_000_000;
/// How often the rings are emptied: the fuller they were, the sooner again.
const LONGEST: Duration = Duration::from_millis(100);
const LONGEST_OFF_CPU: Duration = Duration::from_millis(25);
const SHORTEST: Duration = Duration::from_millis(2);

/// Everything collected so far.
pub(crate) struct Session {
    sources: Sources,
    pub(crate) on_cpu: Option<Folder>,
    /// With the values of one sample.
    pub(crate) event: Option<(Folder, Vec<i64>)>,
    pub(crate) switches: Option<Switches>,
    /// `None` on an architecture that is not known.
    pub(crate) callers: Option<Callers>,
    pub(crate) modules: Modules,
    pub(crate) names: Names,
    family: Family,
    period_ns: i64,
    pub(crate) lost: u64,
    pub(crate) throttled: u64,
    raw: Vec<u8>,
    addresses: Vec<u64>,
}

/// What the records are folded into; `None` where not wanted.
pub(crate) struct Folders {
    pub(crate) on_cpu: Option<Folder>,
    /// With the values of one sample.
    pub(crate) event: Option<(Folder, Vec<i64>)>,
    pub(crate) switches: Option<Switches>,
    /// Completes the chains.
    pub(crate) callers: Option<Callers>,
}

impl Session {
    /// Begins with the mappings and threads that the processes have now.
    pub(crate) fn new(sources: Sources, folders: Folders, family: Family, period_ns: i64) -> Self {
        let mut session = Self {
            sources,
            on_cpu: folders.on_cpu,
            event: folders.event,
            switches: folders.switches,
            callers: folders.callers,
            modules: Modules::default(),
            names: Names::default(),
            family,
            period_ns,
            lost: 0,
            throttled: 0,
            raw: Vec::new(),
            addresses: Vec::new(),
        };
        for pid in session.family.present() {
            if let Some(switches) = &mut session.switches {
                switches.add(pid);
            }
            session.map_all(pid);
            session.names.add_all(pid);
        }
        session
    }

    /// Collects until `stop` says when the sampling ended, or its other end is dropped. Returns that time.
    pub(crate) fn run(mut self, stop: &Receiver<i64>) -> (Self, i64) {
        let mut longest = LONGEST;
        if self.switches.is_some() {
            be_prompt();
            longest = LONGEST_OFF_CPU;
        }
        if self.callers.as_ref().is_some_and(Callers::has_tables) {
            longest = LONGEST_OFF_CPU;
        }
        let mut interval = LONGEST_OFF_CPU;
        loop {
            match stop.recv_timeout(interval) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(ended_ns) => {
                    self.sources.spare = Spare::default();
                    self.drain(ended_ns);
                    return (self, ended_ns);
                }
                Err(RecvTimeoutError::Disconnected) => return (self, monotonic_ns()),
            }
            let filled = self.drain(monotonic_ns() - YOUNG_NS);
            interval = next_interval(interval, filled).clamp(SHORTEST, longest);
            if self.switches.as_ref().is_some_and(Switches::has_holes) {
                self.sources.spare.start();
            }
        }
    }

    /// Takes all records up to a time in the order of time: whichever ring they came by, a sample
    /// meets the mappings and processes as they were. Returns the share of the fullest ring.
    fn drain(&mut self, until_ns: i64) -> f64 {
        let mut raw = std::mem::take(&mut self.raw);
        let mut sources = std::mem::take(&mut self.sources);
        let filled = sources.drain(&mut raw);
        let mut records: Vec<Timed<'_>> = Records {
            bytes: &raw,
            kinds: &sources.kinds,
        }
        .collect();
        records.sort_by_key(|timed| timed.who.t_ns);
        let young = records.split_off(records.partition_point(|timed| timed.who.t_ns <= until_ns));
        for timed in &records {
            self.take(timed.who, &timed.record);
        }
        young
            .iter()
            .for_each(|timed| self.raw.extend_from_slice(timed.bytes));
        for (cpu, count) in sources.lost() {
            // They were lost between the last that fitted and now.
            let who = Who {
                cpu,
                t_ns: monotonic_ns(),
                ..Who::default()
            };
            self.take(who, &Record::Lost { count });
        }
        self.sources = sources;
        filled
    }

    fn take(&mut self, who: Who, record: &Record<'_>) {
        match *record {
            Record::Sample {
                kind,
                chain,
                raw,
                stack,
            } => {
                if self.family.contains(who.pid) {
                    self.read_chain(who.pid, chain, stack);
                }
                self.sample(who, kind, raw);
            }
            Record::Left { state, chain } => {
                chain.read_into(&mut self.addresses);
                if let Some(switches) = begun(&mut self.switches, who) {
                    switches.left(who, &chain_of(who, &self.addresses), state);
                }
            }
            Record::Waking(waker) => {
                if let Some(switches) = self.switches(who) {
                    switches.waking(who, waker);
                }
            }
            Record::Woken => {
                if let Some(switches) = self.switches(who) {
                    switches.woken(who);
                }
            }
            Record::SwitchIn(before) => {
                if let Some(switches) = self.switches(who) {
                    switches.comes(who, before);
                }
            }
            Record::SwitchOut { preempted } => {
                if let Some(switches) = self.switches(who) {
                    switches.leaves_without_stack(who, preempted);
                }
            }
            Record::Map {
                pid,
                start,
                length,
                file_offset,
                path,
            } if self.family.contains(pid) => {
                let end = start.saturating_add(length);
                let path = String::from_utf8_lossy(path).into_owned();
                self.map(
                    pid,
                    &MapLine {
                        start,
                        end,
                        file_offset,
                        path,
                    },
                );
            }
            Record::Fork {
                pid,
                tid,
                parent,
                parent_tid,
            } => {
                if pid != parent {
                    self.fork(parent, pid);
                }
                if self.family.contains(pid) {
                    self.names.inherit(pid, tid, parent_tid);
                    if let Some(switches) = self.switches(who) {
                        switches.born(pid, tid, parent_tid, who.t_ns);
                    }
                }
            }
            Record::Exit { pid, tid } if self.family.contains(pid) => {
                if let Some(switches) = self.switches(who) {
                    switches.ends(tid, who.t_ns);
                }
            }
            Record::Name {
                pid,
                tid,
                name,
                exec,
            } => {
                if exec {
                    self.forget(pid);
                }
                if self.family.contains(pid) {
                    self.names.set(pid, tid, name);
                }
                if let Some(switches) = self.switches(who) {
                    switches.named(pid, tid, name, exec, who.t_ns);
                }
            }
            Record::Lost { count } => {
                self.lost = self.lost.saturating_add(count);
                self.each_folder(|folder| folder.lost(count));
                if let Some(switches) = self.switches(who) {
                    switches.lost(who);
                }
            }
            Record::Throttled => self.throttled += 1,
            Record::Map { .. } | Record::Exit { .. } | Record::Other => {}
        }
    }

    fn read_chain(&mut self, pid: i32, chain: ChainBytes<'_>, stack: &[u8]) {
        chain.read_into(&mut self.addresses);
        let mask = Architecture::of_this_machine().map_or(0, Architecture::register_mask);
        if let Some(callers) = &mut self.callers {
            let mut binaries = |path: &str| self.modules.bytes(path);
            callers.complete(pid, mask, stack, &mut binaries, &mut self.addresses);
        }
    }

    fn sample(&mut self, who: Who, kind: Kind, raw: &[u8]) {
        let is_ours = self.family.contains(who.pid);
        let chain = is_ours.then(|| chain_of(who, &self.addresses));
        let switches = begun(&mut self.switches, who);
        match (kind, chain, switches) {
            (Kind::Cpu | Kind::CpuWithStack, Some(chain), switches) => {
                if let Some(folder) = &mut self.on_cpu {
                    folder.sample(&chain, &[1, self.period_ns]);
                }
                if let Some(switches) = switches {
                    switches.seen_running(who.tid);
                }
            }
            (Kind::Event, Some(chain), _) => {
                if let Some((folder, values)) = &mut self.event {
                    folder.sample(&chain, values);
                }
            }
            // Others count as well: they go where one of ours comes, and wake it.
            (Kind::Switch | Kind::SwitchWithStack, chain, Some(switches)) => {
                switches.switch(who, chain.as_ref(), raw)
            }
            (Kind::Wakeup, _, Some(switches)) => switches.wakeup(who.t_ns, raw),
            _ => {}
        }
    }

    /// A child belongs to the family if its parent does; else it may carry the number of one that ended.
    fn fork(&mut self, parent: i32, child: i32) {
        if self.family.contains(parent) {
            self.family.insert(child);
            self.each_folder(|folder| folder.fork(parent, child));
            if let Some(callers) = &mut self.callers {
                callers.fork(parent, child);
            }
        } else if self.family.remove(child) {
            self.forget(child);
        }
    }

    fn forget(&mut self, pid: i32) {
        self.each_folder(|folder| folder.forget(pid));
        if let Some(callers) = &mut self.callers {
            callers.forget(pid);
        }
    }

    fn switches(&mut self, who: Who) -> Option<&mut Switches> {
        begun(&mut self.switches, who)
    }

    fn map_all(&mut self, pid: i32) {
        for map in executable_maps(pid) {
            self.map(pid, &map);
        }
    }

    fn map(&mut self, pid: i32, map: &MapLine) {
        let path = match self.modules.hold(pid, map) {
            path if path.is_empty() || path == "//anon" => "[anon]".to_owned(),
            path => path,
        };
        self.each_folder(|folder| {
            folder.map(pid, map.start, map.end, map.file_offset, &path);
        });
        if let Some(callers) = &mut self.callers {
            callers.map(pid, &MapLine { path, ..*map });
        }
    }

    fn each_folder(&mut self, action: impl FnMut(&mut Folder)) {
        let off_cpu = self.switches.as_mut().map(|switches| &mut switches.folder);
        let event = self.event.as_mut().map(|(folder, _)| folder);
        let folders = [self.on_cpu.as_mut(), event, off_cpu];
        folders.into_iter().flatten().for_each(action);
    }
}

/// Takes what happened since the sampling began; before, some events were on and others not yet.
fn begun(switches: &mut Option<Switches>, who: Who) -> Option<&mut Switches> {
    let switches = switches.as_mut();
    switches.filter(|switches| who.t_ns >= switches.began_ns)
}

fn chain_of(who: Who, addresses: &[u64]) -> Chain<'_> {
    Chain {
        pid: who.pid,
        tid: who.tid,
        cpu: who.cpu,
        t_ns: who.t_ns,
        addresses,
    }
}

/// Half as long if the fullest ring was a quarter full, twice as long if it was nearly empty.
pub(crate) fn next_interval(interval: Duration, filled: f64) -> Duration {
    if filled > 0.25 {
        interval / 2
    } else if filled < 0.06 {
        interval * 2
    } else {
        interval
    }
}

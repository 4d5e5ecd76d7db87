//! From records in the order of time to a profile.

use hashbrown::HashMap;

use super::LONGEST_PATH;
use super::attributes::SAMPLE_STACK_USER;
use super::columns::Columns;
use super::events::{Event, Events, Role};
use super::fields::Fields;
use super::sample::Sample;
use super::switches::{Interval, Switches};
use crate::context::user_mark;
use crate::fold::{Chain, FoldLimits, Folder};
use crate::recorded_kernel::RecordedKernel;
use crate::tables::Profile;
use crate::threads::ThreadRow;
use crate::unwind::{Mapped, Unwind};

const MMAP: u32 = 1;
const LOST: u32 = 2;
const COMM: u32 = 3;
const EXIT: u32 = 4;
const THROTTLE: u32 = 5;
const FORK: u32 = 7;
pub(crate) const SAMPLE: u32 = 9;
const MMAP2: u32 = 10;
const LOST_SAMPLES: u32 = 13;
const SWITCH: u32 = 14;
const SWITCH_CPU_WIDE: u32 = 15;

/// The file that stands for the kernel's code, as perf names it.
const KERNEL_CODE: &str = "[kernel.kallsyms]";

const MISC_COMM_EXEC: u16 = 1 << 13;
const MISC_MMAP_DATA: u16 = 1 << 13;
const MISC_FORK_EXEC: u16 = 1 << 13;
const MISC_SWITCH_OUT: u16 = 1 << 13;
const MISC_MMAP_BUILD_ID: u16 = 1 << 14;
const PROT_EXEC: u32 = 4;

const MOST_THREAD_NAMES: usize = 200_000;

/// Collects what the records say.
pub(crate) struct Collector<'a> {
    folder: Folder,
    callers: &'a mut dyn Unwind,
    kernel: RecordedKernel,
    columns: Option<Columns>,
    switches: Switches,
    threads: HashMap<i32, (i32, Box<str>)>,
    addresses: Vec<u64>,
    first: Option<i64>,
    last: i64,
    pub(crate) samples: u64,
    damaged: u64,
    throttled: u64,
    without_callers: u64,
    skipped_switches: u64,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(limits: FoldLimits, callers: &'a mut dyn Unwind) -> Self {
        Self {
            folder: Folder::new(Profile::default(), limits),
            callers,
            kernel: RecordedKernel::default(),
            columns: None,
            switches: Switches::default(),
            threads: HashMap::new(),
            addresses: Vec::new(),
            first: None,
            last: 0,
            samples: 0,
            damaged: 0,
            throttled: 0,
            without_callers: 0,
            skipped_switches: 0,
        }
    }

    /// Takes in a record; `time` is 0 where it has none, `event` is that of a sample.
    pub(crate) fn record(&mut self, events: &mut Events, time: u64, event: u16, record: &[u8]) {
        let mut header = Fields(record);
        let (Some(kind), Some(misc), Some(_)) = (header.u32(), header.u16(), header.u16()) else {
            return;
        };
        let time = time.cast_signed().max(0);
        self.last = self.last.max(time);
        let taken = if kind == SAMPLE {
            self.sample(events, usize::from(event), time, misc, header.0)
        } else {
            self.other(events, time, kind, misc, header.0)
        };
        self.damaged += u64::from(taken.is_none());
    }

    fn sample(
        &mut self,
        events: &Events,
        number: usize,
        time: i64,
        misc: u16,
        body: &[u8],
    ) -> Option<()> {
        let event = events.all().get(number)?;
        let mut addresses = std::mem::take(&mut self.addresses);
        let is_arm = events.architecture == "aarch64";
        let sample = Sample::parse(event, misc, body, &mut addresses, is_arm);
        let counted = sample.and_then(|sample| {
            if !sample.stack.is_empty() {
                self.complete(event.attributes.registers, &sample, &mut addresses);
            }
            let chain = Chain {
                pid: sample.pid,
                tid: sample.tid,
                cpu: sample.cpu,
                t_ns: time,
                addresses: &addresses,
            };
            self.chain(events, number, &sample, &chain)
        });
        self.addresses = addresses;
        counted
    }

    fn complete(&mut self, mask: u64, sample: &Sample<'_>, addresses: &mut Vec<u64>) {
        let (pid, stack) = (sample.pid, sample.stack);
        self.callers.complete(pid, mask, stack, addresses);
        self.without_callers +=
            u64::from(user_mark(addresses).is_none_or(|mark| mark + 2 >= addresses.len()));
    }

    fn chain(
        &mut self,
        events: &Events,
        number: usize,
        sample: &Sample<'_>,
        chain: &Chain<'_>,
    ) -> Option<()> {
        let time = chain.t_ns;
        self.first.get_or_insert(time);
        self.samples += 1;
        let profile = self.folder.profile_mut();
        let columns = self
            .columns
            .get_or_insert_with(|| Columns::new(events, profile));
        match columns.role(number) {
            Role::None => return Some(()),
            Role::Wakeup { pid } => {
                let woken = pid.read(sample.raw)?;
                self.switches.wake(i32::try_from(woken).ok()?, time);
                if columns.away.is_some() {
                    return Some(());
                }
            }
            Role::Switch {
                prev_pid,
                prev_state,
                next_pid,
            } => {
                let left = i32::try_from(prev_pid.read(sample.raw)?).ok()?;
                let state = prev_state.read(sample.raw)?;
                let entered = i32::try_from(next_pid.read(sample.raw)?).ok()?;
                self.skipped_switches += sample.period.saturating_sub(1);
                self.switch(chain, left, is_runnable(state), entered);
                return Some(());
            }
            Role::Clock | Role::Counter | Role::Fault | Role::Other => {}
        }
        let stack = self.folder.stack(chain);
        let values = columns.sample(number, sample.period);
        self.folder.count(chain.row(stack), values);
        Some(())
    }

    /// The idle task is no thread that waits for anything; its times off are left out.
    fn switch(&mut self, chain: &Chain<'_>, left: i32, is_runnable: bool, entered: i32) {
        let back = self.switches.enter(entered, chain.t_ns);
        self.interval(back);
        if left != 0 {
            let stack = self.folder.stack(chain);
            let before = self.switches.leave(left, chain.row(stack), is_runnable);
            self.interval(before);
        }
    }

    fn interval(&mut self, interval: Option<Interval>) {
        if let (Some(found), Some(columns)) = (interval, &mut self.columns) {
            let values = columns.time_off(found.blocked_ns, found.runnable_ns);
            self.folder.count(found.row, values);
        }
    }

    fn other(
        &mut self,
        events: &mut Events,
        time: i64,
        kind: u32,
        misc: u16,
        body: &[u8],
    ) -> Option<()> {
        let mut fields = Fields(body);
        match kind {
            MMAP if misc & MISC_MMAP_DATA == 0 => {
                let (pid, start) = (fields.i32()?, fields.skip(4)?.u64()?);
                let (length, offset) = (fields.u64()?, fields.u64()?);
                self.map(events, (pid, start, length, offset), fields.text());
            }
            MMAP2 => self.map2(events, misc, fields)?,
            LOST => self.folder.lost(fields.skip(8)?.u64()?),
            LOST_SAMPLES => self.folder.lost(fields.u64()?),
            COMM => {
                let (pid, tid) = (fields.i32()?, fields.i32()?);
                if misc & MISC_COMM_EXEC != 0 {
                    self.folder.forget(pid);
                    self.callers.forget(pid);
                }
                self.name(pid, tid, fields.text());
            }
            FORK | EXIT => {
                let (pid, parent, tid) = (fields.i32()?, fields.i32()?, fields.i32()?);
                if kind == EXIT && pid == tid {
                    self.folder.end(pid);
                    self.callers.forget(pid);
                } else if kind == FORK && misc & MISC_FORK_EXEC == 0 {
                    self.folder.fork(parent, pid);
                    if parent != pid {
                        self.callers.fork(parent, pid);
                    }
                    self.inherit_name(pid, tid, fields.i32()?);
                }
            }
            SWITCH | SWITCH_CPU_WIDE if misc & MISC_SWITCH_OUT == 0 => {
                let (places, trailer) = events.trailer(body)?;
                let back = self.switches.enter(places.thread(trailer).1, time);
                self.interval(back);
            }
            THROTTLE => self.throttled += 1,
            _ => {}
        }
        Some(())
    }

    fn map2(&mut self, events: &mut Events, misc: u16, mut fields: Fields<'_>) -> Option<()> {
        let (pid, start) = (fields.i32()?, fields.skip(4)?.u64()?);
        let (length, offset) = (fields.u64()?, fields.u64()?);
        let file = fields.bytes(24)?;
        let protection = fields.u32()?;
        let path = fields.skip(4)?.text();
        if protection & PROT_EXEC != 0 {
            if misc & MISC_MMAP_BUILD_ID != 0 {
                let length = usize::from(file[0].min(20));
                events.note_build_id(path, &file[4..4 + length]);
            }
            self.map(events, (pid, start, length, offset), path);
        }
        Some(())
    }

    /// The kernel's own mappings are those of process -1; its addresses need none.
    fn map(
        &mut self,
        events: &Events,
        (pid, start, length, file_offset): (i32, u64, u64, u64),
        path: &[u8],
    ) {
        let limit = start.saturating_add(length);
        let path = String::from_utf8_lossy(&path[..path.len().min(LONGEST_PATH)]);
        if pid < 0 {
            // Its code, and in place of the offset in a file the address of the symbol that the name ends in.
            if let Some(symbol) = path.strip_prefix(KERNEL_CODE) {
                symbol.clone_into(&mut self.kernel.symbol);
                (self.kernel.address, self.kernel.code) = (file_offset, start..limit);
            }
            return;
        }
        // Memory without a file, in which generated code lies, is named like a file by the kernel.
        let path = if path == "//anon" {
            "[anonymous]"
        } else {
            &path
        };
        self.folder.map(pid, start, limit, file_offset, path);
        let has_stacks = |event: &Event| event.attributes.has(SAMPLE_STACK_USER);
        if events.all().iter().any(has_stacks) {
            self.callers.map(&Mapped {
                pid,
                range: start..limit,
                file_offset,
                path,
                build_id: events.build_ids.get(path).map_or("", |id| id),
                is_arm: events.architecture == "aarch64",
            });
        }
    }

    fn name(&mut self, pid: i32, tid: i32, name: &[u8]) {
        if self.threads.len() < MOST_THREAD_NAMES || self.threads.contains_key(&tid) {
            let name = String::from_utf8_lossy(&name[..name.len().min(64)]).into();
            self.threads.insert(tid, (pid, name));
        }
    }

    /// A new thread has the name of the one that made it, until it takes another.
    fn inherit_name(&mut self, pid: i32, tid: i32, maker: i32) {
        if let Some((_, name)) = self.threads.get(&maker).cloned() {
            self.name(pid, tid, name.as_bytes());
        }
    }

    /// Ends the collection.
    pub(crate) fn finish(mut self, events: &Events) -> Profile {
        for rest in self.switches.finish(self.last) {
            self.interval(Some(rest));
        }
        let notes = self.notes();
        let (first, last) = (self.first.unwrap_or(self.last), self.last);
        let columns = self.columns;
        let mut profile = self.folder.finish();
        profile.warnings.extend(notes);
        profile.duration_ns = last.saturating_sub(first);
        if columns.is_none() {
            Columns::new(events, &mut profile);
        }
        if let Some(clock) = events
            .all()
            .iter()
            .zip(0..)
            .find(|(_, number)| events.role(*number) == Role::Clock)
        {
            profile.period = i64::try_from(clock.0.attributes.period).unwrap_or(0);
            profile.period_type = profile.sample_type("cpu", "nanoseconds");
        }
        profile.recorded_kernel = Some(RecordedKernel {
            release: events.release.clone(),
            ..self.kernel
        });
        note_threads(&mut profile, self.threads);
        note_build_ids(&mut profile, events);
        profile
    }

    fn notes(&self) -> Vec<String> {
        let switches = &self.switches;
        let away = switches.with_end + switches.without_end + switches.cut;
        let mut notes = Vec::new();
        let mut note = |count: u64, text: &str| {
            if count > 0 {
                notes.push(format!("{count} {text}"));
            }
        };
        note(self.damaged, "records are damaged and were passed over");
        note(
            self.throttled,
            "times the kernel paused sampling, because it took too much time",
        );
        note(
            self.without_callers,
            "samples carry a copy of their stack, in which no callers were found: their binaries are not at hand, \
             or the copies too short",
        );
        note(
            self.skipped_switches,
            "switches were not recorded, because a frequency was given: record with -c 1",
        );
        // A few threads are always off when the recording begins or ends.
        if switches.without_end * 100 > away {
            note(
                switches.without_end,
                "times off the CPU have no known end and count as 0 ns: record the whole machine (-a), \
                 or with --switch-events",
            );
        }
        if switches.with_end > 0 && !switches.knows_wakeups {
            notes.push(
                "there are no wake-ups in the recording: waiting for a CPU after one counts as blocked \
                 (record sched:sched_wakeup as well)"
                    .to_owned(),
            );
        }
        notes
    }
}

/// `prev_state` of a thread that could go on is R, or R+ when it was preempted.
fn is_runnable(state: i64) -> bool {
    state & 0xff == 0
}

fn note_threads(profile: &mut Profile, names: HashMap<i32, (i32, Box<str>)>) {
    let mut seen = profile.samples.tid.clone();
    seen.sort_unstable();
    seen.dedup();
    for tid in seen {
        if let Some((pid, name)) = names.get(&tid) {
            let row = ThreadRow {
                tid,
                pid: *pid,
                name: profile.strings.intern(name),
            };
            profile.threads.push(row);
        }
    }
}

fn note_build_ids(profile: &mut Profile, events: &Events) {
    for mapping in 0..profile.mappings.rows().len() as u32 {
        let row = profile.mappings.get(mapping);
        let path = row.map(|row| match row.kernel {
            true => KERNEL_CODE,
            false => profile.strings.text(row.path),
        });
        if let Some(id) = path.and_then(|path| events.build_ids.get(path)) {
            let id = profile.strings.intern(id);
            profile.mappings.set_build_id(mapping, id);
        }
    }
}

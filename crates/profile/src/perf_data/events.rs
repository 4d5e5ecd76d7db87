//! The events of a recording: which one a record belongs to, and what its samples mean.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::LONGEST_PATH;
use super::attributes::{Attributes, Places};
use super::fields::{Fields, u64_at};
use super::header::{
    FEATURE_ARCH, FEATURE_BUILD_ID, FEATURE_EVENT_DESC, FEATURE_RELEASE, FEATURE_TRACING_DATA,
};
use super::tracing::{NumberField, Tracepoints};

const KIND_HARDWARE: u32 = 0;
const KIND_SOFTWARE: u32 = 1;
const KIND_TRACEPOINT: u32 = 2;
/// The event of a record of which that is not known.
pub(crate) const UNKNOWN: u16 = u16::MAX;
const MOST_EVENTS: usize = 4_096;
const MOST_IDS: usize = 4 << 20;
const MOST_BUILD_IDS: usize = 100_000;
/// Bytes of the paths with build IDs.
const MOST_PATH_BYTES: usize = 32 << 20;
const MISC_BUILD_ID_SIZE: u16 = 1 << 15;

/// One event.
pub(crate) struct Event {
    pub(crate) attributes: Attributes,
    pub(crate) sample: Places,
    trailer: Places,
    name: String,
    ids: Vec<u64>,
}

/// What the samples of an event are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Of the time on a CPU; the period is in nanoseconds.
    Clock,
    /// Of what a processor counts.
    Counter,
    /// A thread left its CPU.
    Switch {
        prev_pid: NumberField,
        prev_state: NumberField,
        next_pid: NumberField,
    },
    /// A thread became runnable.
    Wakeup { pid: NumberField },
    /// A page was missing.
    Fault,
    /// Something else that happened.
    Other,
    /// Nothing: a placeholder of perf itself.
    None,
}

impl Event {
    pub(crate) fn parse(attributes: &[u8], ids: &[u8]) -> Option<Self> {
        let attributes = Attributes::parse(attributes)?;
        let (ids, _) = ids.as_chunks::<8>();
        Some(Self {
            sample: attributes.sample_places(),
            trailer: attributes.trailer_places(),
            attributes,
            name: String::new(),
            ids: ids.iter().map(|&id| u64::from_le_bytes(id)).collect(),
        })
    }
}

/// All events, with what else the recording says of itself.
#[derive(Default)]
pub(crate) struct Events {
    events: Vec<Event>,
    by_id: HashMap<u64, u16>,
    tracepoints: Tracepoints,
    /// Build IDs in hex by path.
    pub(crate) build_ids: BTreeMap<String, String>,
    path_bytes: usize,
    pub(crate) architecture: String,
    /// Release of the kernel.
    pub(crate) release: String,
}

impl Events {
    pub(crate) fn add(&mut self, event: Event) {
        let number = self.events.len();
        if number < MOST_EVENTS && self.by_id.len() + event.ids.len() <= MOST_IDS {
            let ids = event.ids.iter().map(|&id| (id, number as u16));
            self.by_id.extend(ids);
            self.events.push(event);
        }
    }

    pub(crate) fn all(&self) -> &[Event] {
        &self.events
    }

    /// The event and the time of a record, from the bytes behind its header; 0 where it has no time.
    pub(crate) fn find(&self, is_sample: bool, body: &[u8]) -> Option<(u16, u64)> {
        if !is_sample {
            let (places, trailer) = self.trailer(body)?;
            return Some((UNKNOWN, places.time(trailer).unwrap_or(0)));
        }
        let first = self.events.first()?;
        let mut number = 0;
        if self.events.len() > 1 && first.sample.id.is_some() {
            let id = first.sample.number(first.sample.id, body)?;
            number = *self.by_id.get(&id)?;
        }
        let event = self.events.get(usize::from(number))?;
        Some((number, event.sample.time(body).unwrap_or(0)))
    }

    /// The fields that end a record other than a sample. Where events differ in them, an identifier
    /// of the event comes last.
    pub(crate) fn trailer<'a>(&self, body: &'a [u8]) -> Option<(Places, &'a [u8])> {
        let id = u64_at(body, body.len().checked_sub(8)?)?;
        let number = self.by_id.get(&id).copied().unwrap_or(0);
        let trailer = self.events.get(usize::from(number))?.trailer;
        let start = body.len().checked_sub(trailer.length)?;
        (trailer.length > 0).then(|| (trailer, &body[start..]))
    }

    /// Takes in a feature of the file.
    pub(crate) fn feature(&mut self, feature: u64, bytes: &[u8]) {
        match feature {
            FEATURE_TRACING_DATA => self.tracepoints = Tracepoints::parse(bytes),
            FEATURE_BUILD_ID => self.build_ids(bytes),
            FEATURE_ARCH => self.architecture = text(bytes),
            FEATURE_RELEASE => self.release = text(bytes),
            FEATURE_EVENT_DESC => {
                // Events without a name are named after their numbers.
                let _ = self.descriptions(Fields(bytes));
            }
            _ => {}
        }
    }

    fn descriptions(&mut self, mut fields: Fields<'_>) -> Option<()> {
        let count = fields.u32()?;
        let length = u64::from(fields.u32()?);
        for number in 0..count as usize {
            fields.skip(length)?;
            let ids = fields.u32()?;
            let name = fields.sized_text()?;
            fields.skip(u64::from(ids).checked_mul(8)?)?;
            self.events.get_mut(number)?.name = String::from_utf8_lossy(name).into_owned();
        }
        Some(())
    }

    /// A record that says more of an event: of its name is all that matters.
    pub(crate) fn update(&mut self, mut body: Fields<'_>) -> Option<()> {
        const NAME: u64 = 2;
        let (what, id) = (body.u64()?, body.u64()?);
        if what == NAME {
            let number = *self.by_id.get(&id)?;
            self.events.get_mut(usize::from(number))?.name =
                String::from_utf8_lossy(body.text()).into_owned();
        }
        Some(())
    }

    fn build_ids(&mut self, mut bytes: &[u8]) {
        while let Some(&[.., low, high]) = bytes.get(..8) {
            let size = usize::from(u16::from_le_bytes([low, high]));
            let Some(record) = bytes.get(..size.max(8)) else {
                break;
            };
            let _ = self.build_id(record);
            bytes = &bytes[record.len()..];
        }
    }

    /// A record with the build ID of one file.
    pub(crate) fn build_id(&mut self, record: &[u8]) -> Option<()> {
        let mut fields = Fields(record);
        let misc = fields.skip(4)?.u16()?;
        let id = fields.skip(2 + 4)?.bytes(24)?;
        let length = if misc & MISC_BUILD_ID_SIZE == 0 {
            20
        } else {
            id[20].min(20)
        };
        self.note_build_id(fields.text(), &id[..usize::from(length)]);
        Some(())
    }

    pub(crate) fn note_build_id(&mut self, path: &[u8], id: &[u8]) {
        let path = &path[..path.len().min(LONGEST_PATH)];
        let has_room = self.build_ids.len() < MOST_BUILD_IDS && self.path_bytes < MOST_PATH_BYTES;
        if has_room && !id.is_empty() {
            let hex = id.iter().map(|byte| format!("{byte:02x}")).collect();
            let path = String::from_utf8_lossy(path).into_owned();
            self.path_bytes += path.len();
            self.build_ids.insert(path, hex);
        }
    }

    /// The name of an event as perf prints it, without the modifiers of counters.
    pub(crate) fn name(&self, number: usize) -> String {
        let Some(event) = self.events.get(number) else {
            return "event".to_owned();
        };
        let (kind, config) = (event.attributes.kind, event.attributes.config);
        if kind == KIND_TRACEPOINT {
            let known = self.tracepoints.get(config).map(|found| found.name.clone());
            let otherwise = || format!("tracepoint {config}");
            return known
                .or_else(|| (!event.name.is_empty()).then(|| event.name.clone()))
                .unwrap_or_else(otherwise);
        }
        let given = event.name.split(':').next().unwrap_or_default();
        let known = match (kind, config) {
            (KIND_SOFTWARE, 0) => "cpu-clock",
            (KIND_SOFTWARE, 1) => "task-clock",
            (KIND_SOFTWARE, 3) => "context-switches",
            (KIND_SOFTWARE, 4) => "cpu-migrations",
            (KIND_HARDWARE, 0) => "cycles",
            (KIND_HARDWARE, 1) => "instructions",
            _ => "event",
        };
        if given.is_empty() { known } else { given }.to_owned()
    }

    pub(crate) fn role(&self, number: usize) -> Role {
        let Some(event) = self.events.get(number) else {
            return Role::None;
        };
        match (event.attributes.kind, event.attributes.config) {
            (KIND_SOFTWARE, 0 | 1) => Role::Clock,
            (KIND_SOFTWARE, 2 | 5 | 6) => Role::Fault,
            (KIND_SOFTWARE, 9 | 10) => Role::None,
            (KIND_SOFTWARE, _) => Role::Other,
            (KIND_TRACEPOINT, number) => self.tracepoint_role(number).unwrap_or(Role::Other),
            _ => Role::Counter,
        }
    }

    fn tracepoint_role(&self, number: u64) -> Option<Role> {
        let tracepoint = self.tracepoints.get(number)?;
        let field = |name| tracepoint.number(name);
        match tracepoint.name.as_str() {
            "sched:sched_switch" => Some(Role::Switch {
                prev_pid: field("prev_pid")?,
                prev_state: field("prev_state")?,
                next_pid: field("next_pid")?,
            }),
            "sched:sched_wakeup" | "sched:sched_wakeup_new" | "sched:sched_waking" => {
                Some(Role::Wakeup { pid: field("pid")? })
            }
            _ => None,
        }
    }
}
/// The text of a feature that is one.
fn text(bytes: &[u8]) -> String {
    let text = Fields(bytes).sized_text().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_ids_of_long_paths_are_kept_as_far_as_there_is_room() {
        let mut events = Events::default();
        for file in 0..20_000 {
            let path = format!("/{file}/{}", "a".repeat(8_000));
            events.note_build_id(path.as_bytes(), &[1; 20]);
        }
        let bytes: usize = events.build_ids.keys().map(String::len).sum();
        assert!(
            bytes <= MOST_PATH_BYTES + LONGEST_PATH,
            "{bytes} bytes of paths"
        );
    }
}

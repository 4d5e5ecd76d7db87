//! From bytes to what a sink is told.

use std::io::Read;

use crate::batches::{Ending, Generations};
use crate::dictionary::Dictionary;
use crate::events::COUNTED;
use crate::frontier::Frontier;
use crate::generation::{ClockSnapshot, Generation, RawSample};
use crate::limits::{Limits, TraceError};
use crate::machine::{Machine, Step, Troubles};
use crate::names::Names;
use crate::sink::Sink;

/// What is known once a trace was read.
pub struct Outcome {
    /// Texts and stacks that the sink was told by number.
    pub names: Names,
    /// Format: 26 is that of Go 1.26.
    pub version: u32,
    /// Bytes read.
    pub bytes: u64,
    /// Generations played.
    pub generations: u64,
    /// Beginning, ns of the trace's clock.
    pub begin_ns: u64,
    /// The last event.
    pub end_ns: u64,
    /// Clocks as the first generation read them; traces since Go 1.25 have them.
    pub clock: Option<ClockSnapshot>,
    /// How many events there are of each kind, by the names of Go's reader; none of these is 0.
    pub events: Vec<(&'static str, u64)>,
    /// What must be known before the numbers are believed.
    pub warnings: Vec<String>,
}

impl Outcome {
    /// Events of all kinds.
    #[must_use]
    pub fn event_count(&self) -> u64 {
        self.events.iter().map(|&(_, count)| count).sum()
    }
}

/// Reads an execution trace of Go 1.22 or later, and tells the sink what is in it.
///
/// Memory depends on the largest generation and on what exists at once, not on the length of the trace. A trace that
/// is cut, damaged from some place on, or lacks batches is read as far as it goes; the outcome's warnings say so.
///
/// # Errors
/// If it is no such trace, the source fails, or a limit is exceeded; what the sink was told until then is true.
pub fn read<S: Sink>(
    source: impl Read,
    limits: &Limits,
    sink: &mut S,
) -> Result<Outcome, TraceError> {
    let mut generations = Generations::open(source, limits)?;
    let mut player = Player {
        machine: Machine::new(sink, limits),
        frontier: Frontier::default(),
        stopped: 0,
    };
    let mut generation = Generation::default();
    let (mut played, mut clock) = (0, None);
    while generations.read(&mut generation)? {
        player.play(&mut generation)?;
        clock = clock.or(generation.clock);
        played += 1;
    }
    player.machine.finish();
    let warnings = Warnings::of(&generations, &player, played);
    let Player { machine, .. } = player;
    let counted = COUNTED.iter().copied().zip(machine.counts);
    Ok(Outcome {
        names: machine.names,
        version: generations.version,
        bytes: generations.bytes(),
        generations: played,
        begin_ns: machine.begin_ns,
        end_ns: machine.end_ns,
        clock,
        events: counted.filter(|&(_, count)| count > 0).collect(),
        warnings: warnings.texts,
    })
}

struct Player<'s, S> {
    machine: Machine<'s, S>,
    frontier: Frontier,
    /// Generations of which the end could not be put in order.
    stopped: u64,
}

impl<S: Sink> Player<'_, S> {
    /// Plays the events of a generation in their order.
    fn play(&mut self, generation: &mut Generation) -> Result<(), TraceError> {
        self.machine.begin(generation);
        let machine = &mut self.machine;
        let mut failed = None;
        self.frontier.start(generation, |number| {
            machine.thread_row(number).unwrap_or_else(|error| {
                failed = Some(error);
                0
            })
        });
        if let Some(error) = failed {
            return Err(error);
        }
        // Texts and stacks are remembered as they are looked up, while events are read.
        let mut dictionary = std::mem::take(&mut generation.dictionary);
        let mut samples = generation.samples.iter().peekable();
        loop {
            let next = self.frontier.time();
            let due = |sample: &&RawSample| next.is_none_or(|at| sample.time < at);
            if let Some(sample) = samples.next_if(due) {
                self.machine.sample(sample, &mut dictionary);
                continue;
            }
            if next.is_none() || !self.step(generation, &mut dictionary) {
                break;
            }
            if self.machine.has_failed() {
                break;
            }
        }
        self.machine.troubles.missing += dictionary.missing;
        generation.dictionary = dictionary;
        self.machine.take_failure().map_or(Ok(()), Err)
    }

    /// Plays the next event; false if there is none that can be.
    #[inline]
    fn step(&mut self, generation: &Generation, dictionary: &mut Dictionary) -> bool {
        if self.try_at(0, generation, dictionary) {
            return true;
        }
        self.frontier.sort();
        for place in 1..self.frontier.len() {
            if self.try_at(place, generation, dictionary) {
                return true;
            }
        }
        if !generation.is_whole {
            // What the others wait for comes behind the cut.
            self.stopped += 1;
            return false;
        }
        if let Some(cursor) = self.frontier.cursor(0) {
            let step = self.machine.force(&cursor.event, cursor.thread, dictionary);
            self.machine.troubles.broken += u64::from(step != Step::Done);
        }
        self.frontier.forward(0, generation);
        true
    }

    /// Plays the event at a place of the frontier; false if something has to come before it.
    #[inline]
    fn try_at(
        &mut self,
        place: usize,
        generation: &Generation,
        dictionary: &mut Dictionary,
    ) -> bool {
        let Some(cursor) = self.frontier.cursor(place) else {
            return false;
        };
        match self
            .machine
            .advance(&cursor.event, cursor.thread, dictionary)
        {
            Step::Later => return false,
            Step::Broken => self.machine.troubles.broken += 1,
            Step::Done => {}
        }
        self.frontier.forward(place, generation);
        true
    }
}

/// What is told of what was missing, damaged or too much.
#[derive(Default)]
struct Warnings {
    texts: Vec<String>,
}

impl Warnings {
    fn of<R: Read, S: Sink>(
        generations: &Generations<R>,
        player: &Player<'_, S>,
        played: u64,
    ) -> Self {
        let mut warnings = Self::default();
        match generations.ending {
            Some(Ending::Cut) => warnings.say("the trace was cut within its last generation"),
            Some(Ending::Damaged(at)) => warnings.say(&format!(
                "byte {at} begins no batch: nothing is read from there on"
            )),
            Some(Ending::Whole) | None => {}
        }
        if played == 0 && generations.timeless == 0 {
            warnings.say("the trace holds no events");
        }
        let Troubles {
            broken,
            forced,
            repaired,
            missing,
        } = player.machine.troubles;
        warnings.count(
            generations.timeless,
            "generations left out, since they say nothing of their clock",
        );
        warnings.count(
            player.stopped,
            "incomplete generations, which end where the order of events is no longer known",
        );
        let damaged = generations.damaged + player.frontier.damaged;
        warnings.count(damaged, "damaged batches, of which the rest is left out");
        warnings.count(
            forced,
            "events that follow on what is lost, in the order of their times alone",
        );
        warnings.count(
            broken,
            "events left out, since they contradict what is known",
        );
        warnings.count(
            repaired,
            "states set right, since they were other ones than events had told",
        );
        warnings.count(missing, "texts or stacks that are missing");
        warnings.count(
            player.machine.names.refused(),
            "texts or stacks left empty, since they are beyond the limit",
        );
        warnings
    }

    fn count(&mut self, count: u64, what: &str) {
        if count > 0 {
            self.say(&format!("{what}: {count}"));
        }
    }

    fn say(&mut self, text: &str) {
        self.texts.push(text.to_owned());
    }
}

//! The scheduling of the engine's thread. It ends with the thread, so there is nothing to restore.

use crate::pacer::Shares;
use crate::sys::thread;

/// Above ordinary threads, below everything else that is real-time.
const FIFO_PRIORITY: i32 = 2;
const BEST_NICE: i32 = -20;
/// The shortest time slice that the kernel grants.
const SLICE_NS: u64 = 100_000;
/// Part of the kernel's real-time budget up to which the engine spins, and up to which it may work.
const BUDGET_SHARES: Shares = Shares {
    spinning: 0.75,
    working: 0.95,
    preemptible: false,
};
const ORDINARY_SHARES: Shares = Shares {
    spinning: 0.5,
    working: 1.0,
    preemptible: true,
};

/// What was permitted.
#[derive(Debug)]
pub(crate) struct Priority {
    real_time: bool,
    /// Real-time priority was there and is gone.
    pub(crate) demoted: bool,
    /// `fifo` or `other (nice N)`.
    pub(crate) scheduling: String,
    pub(crate) warnings: Vec<String>,
}

impl Priority {
    /// Gives the calling thread the best scheduling that is permitted. `real_time`: try FIFO first.
    pub(crate) fn raise(real_time: bool) -> Self {
        let refusal = if real_time {
            thread::set_fifo(FIFO_PRIORITY).err()
        } else {
            None
        };
        if real_time && refusal.is_none() {
            return Self {
                real_time: true,
                demoted: false,
                scheduling: "fifo".into(),
                warnings: Vec::new(),
            };
        }
        // Both are attempts: what came of them is in the report.
        let _ = thread::set_nice(BEST_NICE);
        let _ = thread::set_timer_slack(1);
        let _ = thread::set_slice(SLICE_NS);
        let warning = refusal.map(|error| {
            format!(
                "real-time priority is not permitted ({error}): on a busy machine requests may leave milliseconds \
                 late; run as root, or grant CAP_SYS_NICE, or raise the real-time limit (`ulimit -r 2`)"
            )
        });
        Self {
            real_time: false,
            demoted: false,
            scheduling: ordinary(),
            warnings: warning.into_iter().collect(),
        }
    }

    /// Whether the thread runs at once when it wakes.
    pub(crate) const fn is_real_time(&self) -> bool {
        self.real_time
    }

    /// Parts of each second that the thread may be busy.
    pub(crate) fn shares(&self) -> Shares {
        if !self.real_time {
            return ORDINARY_SHARES;
        }
        let budget = real_time_budget();
        Shares {
            spinning: BUDGET_SHARES.spinning * budget,
            working: BUDGET_SHARES.working * budget,
            ..BUDGET_SHARES
        }
    }

    /// Goes back to ordinary scheduling for the rest of the play.
    pub(crate) fn give_up(&mut self) {
        if !self.real_time {
            return;
        }
        match thread::set_ordinary() {
            Ok(()) => {
                let _ = thread::set_timer_slack(1); // Attempts, as in `raise`.
                let _ = thread::set_slice(SLICE_NS);
                self.note_demotion();
            }
            Err(error) => self
                .warnings
                .push(format!("real-time priority could not be given up: {error}")),
        }
    }

    /// Looks whether the thread still has the priority it was given, for the kernel may have taken it.
    pub(crate) fn confirm(&mut self) {
        if self.real_time && !thread::is_fifo() {
            self.note_demotion();
        }
    }

    fn note_demotion(&mut self) {
        self.real_time = false;
        self.demoted = true;
        self.scheduling = format!("{} after fifo", ordinary());
        self.warnings.push(
            "the engine was busy without a pause for about a second and lost its real-time priority: \
             the rate is more than one thread can send"
                .into(),
        );
    }
}

fn ordinary() -> String {
    format!("other (nice {})", thread::nice())
}

/// Part of each second that the kernel lets real-time threads run.
fn real_time_budget() -> f64 {
    let read = |name: &str| -> Option<f64> {
        let path = format!("/proc/sys/kernel/sched_rt_{name}_us");
        std::fs::read_to_string(path).ok()?.trim().parse().ok()
    };
    match (read("runtime"), read("period")) {
        (Some(runtime), Some(period)) if runtime >= 0.0 && period > 0.0 => {
            (runtime / period).min(1.0)
        }
        _ => 0.95,
    }
}

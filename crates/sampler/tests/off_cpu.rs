//! States and off-CPU stacks of this very process, in each way that the machine permits.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::HashMap;
use std::fs;
use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use profile::Profile;
use sampler::{
    Context, Event, Mode, OffCpu, SampleError, Sampled, Sampler, Sampling, ThreadTimes, Waker,
    Wanted,
};

/// The tests share one process, and so would see each other's threads.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

const OFF_CPU: Wanted = Wanted {
    frequency_hz: 99,
    off_cpu: true,
    event: Some(Sampled {
        event: Event::PAGE_FAULTS,
        period: 1,
    }),
    dwarf: false,
    whole_machine: false,
};

fn pid() -> i32 {
    std::process::id().cast_signed()
}

#[inline(never)]
fn spin_until(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        black_box((0..10_000u64).fold(1u64, |sum, turn| sum.wrapping_mul(turn | 1)));
    }
}

#[inline(never)]
fn nap_often(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(2));
        black_box(stop);
    }
}

#[inline(never)]
fn wait_long(gate: &Receiver<()>) {
    assert!(gate.recv().is_err());
    black_box(gate);
}

fn named<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> thread::JoinHandle<T> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .unwrap()
}

/// CPU time and wait for a CPU of each thread so far, by name, as the kernel counts it.
fn schedstat() -> HashMap<String, (i64, i64)> {
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let read =
        |file: &str, task: &fs::DirEntry| fs::read_to_string(task.path().join(file)).unwrap();
    tasks
        .map(|task| {
            let numbers = read("schedstat", &task);
            let mut numbers = numbers.split_whitespace().map(|word| word.parse().unwrap());
            let times = (numbers.next().unwrap(), numbers.next().unwrap());
            (read("comm", &task).trim().to_owned(), times)
        })
        .collect()
}

struct Seen {
    sampling: Sampling,
    /// Differences of `schedstat`, over a slightly longer time.
    truth: HashMap<String, (i64, i64)>,
}

/// Two spinners, a napper, and a thread that waits from before the sampling until after its end.
fn run(sampler: &mut Sampler) -> Seen {
    let stop = Arc::new(AtomicBool::new(false));
    let (gate, waiting) = channel();
    let waiter = named("waiter", move || wait_long(&waiting));
    let spinner = |name| {
        let stop = Arc::clone(&stop);
        named(name, move || spin_until(&stop))
    };
    let early = spinner("early");
    thread::sleep(Duration::from_millis(20));
    let before = schedstat();
    sampler.start().unwrap();
    let late = spinner("late");
    let napper = named("napper", {
        let stop = Arc::clone(&stop);
        move || nap_often(&stop)
    });
    thread::sleep(Duration::from_millis(600));
    // Before the end of sampling, which takes time to name addresses.
    let after = schedstat();
    let sampling = sampler.stop().unwrap();
    stop.store(true, Ordering::Relaxed);
    drop(gate);
    [early, late, napper, waiter]
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    let truth = after
        .into_iter()
        .map(|(name, (ran, waited))| {
            let (ran_before, waited_before) = before.get(&name).copied().unwrap_or_default();
            (name, (ran - ran_before, waited - waited_before))
        })
        .collect();
    Seen { sampling, truth }
}

fn thread_of<'a>(sampling: &'a Sampling, name: &str) -> &'a ThreadTimes {
    let row = sampling.threads.iter().find(|row| row.name == name);
    row.unwrap_or_else(|| panic!("no thread {name} in {:?}", sampling.threads))
}

fn share(part: i64, whole: i64) -> f64 {
    part as f64 / whole as f64
}

/// Sum of a value column over the stacks that contain a function.
fn value_in(profile: &Profile, column: usize, function: &str) -> i64 {
    let frames = profile.frames.rows();
    let contains = |stack| {
        let name = |frame: u32| profile.strings.text(frames[frame as usize].function);
        profile
            .stack_frames(stack)
            .any(|frame| name(frame).contains(function))
    };
    let stacks = (0..profile.stacks.len() as u32).filter(|&stack| contains(stack));
    stacks
        .map(|stack| profile.values[column][stack as usize])
        .sum()
}

fn assert_conserved(sampling: &Sampling) {
    let profile = sampling.off_cpu.as_ref().unwrap();
    for row in &sampling.threads {
        let sum = row.on_cpu_ns + row.runnable_ns + row.blocked_ns + row.residue_ns;
        assert_eq!(row.wall_ns, sum, "{row:?}");
    }
    let sum = |value: fn(&ThreadTimes) -> i64| sampling.threads.iter().map(value).sum::<i64>();
    let of_threads = [
        sum(|row| row.switches.cast_signed()),
        sum(|row| row.blocked_ns),
        sum(|row| row.runnable_ns),
    ];
    let [switches, blocked, runnable] = of_threads;
    let of_stacks = [0, 1, 2].map(|column| profile.total(column));
    assert_eq!(of_stacks[0], switches);
    // Without its wake-up, a wait is blocked at its stack, and split by the kernel's account in the thread.
    let (less, more) = (of_stacks[1] - blocked, runnable - of_stacks[2]);
    assert!(more >= 0 && less >= more, "{of_stacks:?} {of_threads:?}");
    assert!(less - more <= sum(|row| row.residue_ns));
}

/// Whether the kernel wrote every record. A busy machine may lose some, and some virtual machines write none in
/// the idle task of one CPU; then the warnings must say so, and shares of time cannot be asked for.
fn is_whole(sampling: &Sampling) -> bool {
    let sum = |value: fn(&ThreadTimes) -> i64| sampling.threads.iter().map(value).sum::<i64>();
    let residue = share(sum(|row| row.residue_ns), sum(|row| row.wall_ns));
    let is_told = sampling
        .warnings
        .iter()
        .any(|warning| warning.contains("lost") || warning.contains("no state"));
    let is_whole = sampling.lost == 0 && residue <= 0.01;
    assert!(is_whole || is_told, "{:?}", sampling.warnings);
    let rows = &mut sampling.threads.iter();
    is_whole && rows.all(|row| share(row.residue_ns, row.wall_ns) < 0.02)
}

fn opened(mode: Mode, off_cpu: OffCpu) -> Option<Sampler> {
    match Sampler::open_off_cpu(pid(), OFF_CPU, mode, off_cpu) {
        Ok(sampler) => Some(sampler),
        Err(SampleError::NotPermitted { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn tracepoints_tell_states_and_stacks() {
    let _turn = ONE_AT_A_TIME.lock().unwrap();
    let Some(mut sampler) = opened(Mode::EveryCpu, OffCpu::Tracepoints) else {
        return;
    };
    let Seen { sampling, truth } = run(&mut sampler);
    assert_conserved(&sampling);
    if !is_whole(&sampling) {
        return;
    }
    for name in ["early", "late"] {
        let (row, (ran, waited)) = (thread_of(&sampling, name), truth[name]);
        assert!(share(row.residue_ns, row.wall_ns) < 0.02, "{row:?}");
        assert!(share(row.blocked_ns, row.wall_ns) < 0.05, "{row:?}");
        let differs = (row.on_cpu_ns - ran).abs() + (row.runnable_ns - waited).abs();
        assert!(
            share(differs, row.wall_ns) < 0.1,
            "{row:?} but {ran} {waited}"
        );
    }
    let napper = thread_of(&sampling, "napper");
    assert!(napper.switches > 20, "{napper:?}");
    assert!(
        share(napper.residue_ns, napper.wall_ns) < 0.02,
        "{napper:?}"
    );
    let off_cpu = sampling.off_cpu.as_ref().unwrap();
    let napped = value_in(off_cpu, 1, "nap_often");
    assert!(
        share(napped, napper.blocked_ns) > 0.9,
        "{napped} of {napper:?}"
    );
    assert_eq!(value_in(off_cpu, 1, "wait_long"), 0, "it left before");
    let waiter = thread_of(&sampling, "waiter");
    assert_eq!((waiter.blocked_ns, waiter.switches), (waiter.wall_ns, 0));
    assert!(sampling.on_cpu.unwrap().total(0) > 0);
    assert!(sampling.event.unwrap().total(0) > 0);
}

#[test]
fn switch_records_tell_states_without_stacks() {
    let _turn = ONE_AT_A_TIME.lock().unwrap();
    for mode in Mode::ALL {
        let Some(mut sampler) = opened(mode, OffCpu::SwitchRecords) else {
            continue;
        };
        let Seen { sampling, truth } = run(&mut sampler);
        assert_conserved(&sampling);
        if !is_whole(&sampling) {
            continue;
        }
        for name in ["early", "late"] {
            let (row, (ran, _)) = (thread_of(&sampling, name), truth[name]);
            assert!(share(row.residue_ns, row.wall_ns) < 0.02, "{row:?}");
            assert!(
                share((row.on_cpu_ns - ran).abs(), row.wall_ns) < 0.1,
                "{mode:?}: {row:?} but {ran}"
            );
        }
        let napper = thread_of(&sampling, "napper");
        assert!(napper.switches > 20, "{mode:?}: {napper:?}");
        let off_cpu = sampling.off_cpu.as_ref().unwrap();
        let without = value_in(off_cpu, 1, "[off-CPU]");
        assert!(
            without >= napper.blocked_ns / 2,
            "{mode:?}: {without} of {napper:?}"
        );
    }
}

#[test]
fn threads_that_come_and_go_are_accounted_to_their_end() {
    let _turn = ONE_AT_A_TIME.lock().unwrap();
    let Some(mut sampler) = opened(Mode::EveryCpu, OffCpu::Tracepoints) else {
        return;
    };
    sampler.start().unwrap();
    for _ in 0..1_500 {
        named("brief", || black_box(1)).join().unwrap();
    }
    let sampling = sampler.stop().unwrap();
    assert_conserved(&sampling);
    let own = sampling
        .threads
        .iter()
        .filter(|row| row.name == "brief")
        .count();
    assert!(
        (900..=1_000).contains(&own),
        "{own} threads have their own row"
    );
    let rest = sampling.threads.last().unwrap();
    assert_eq!(rest.name, "[ended threads]");
    assert!(
        sampling
            .warnings
            .iter()
            .any(|text| text.contains("summed in one row"))
    );
}

#[test]
fn the_whole_machine_contains_this_process_and_others() {
    let _turn = ONE_AT_A_TIME.lock().unwrap();
    let wanted = Wanted {
        whole_machine: true,
        ..OFF_CPU
    };
    let Ok(mut sampler) = Sampler::open(pid(), wanted) else {
        return;
    };
    sampler.start().unwrap();
    thread::sleep(Duration::from_millis(100));
    let sampling = sampler.stop().unwrap();
    let pids: std::collections::HashSet<i32> = sampling.threads.iter().map(|row| row.pid).collect();
    assert!(pids.contains(&pid()) && pids.len() > 1);
}

/// Who woke a thread, as far as that is known.
fn wakers_of(sampling: &Sampling, name: &str) -> Vec<Waker> {
    let tid = thread_of(sampling, name).tid;
    let rows = sampling.ends.rows.iter();
    let wakers = rows.filter(|end| end.tid == tid).map(|end| end.waker);
    wakers.filter(|waker| *waker != Waker::default()).collect()
}

#[test]
fn what_ended_a_wait_is_told_also_beside_events() {
    let _turn = ONE_AT_A_TIME.lock().unwrap();
    // Events need tracefs, which is not mounted everywhere.
    let ways = [OffCpu::Programs, OffCpu::Tracepoints];
    let samplers = ways
        .into_iter()
        .filter_map(|way| opened(Mode::EveryCpu, way));
    for sampler in samplers {
        if !sampler.lost_note().contains("who wakes a thread") {
            assert_wakers_are_told(sampler);
        }
    }
}

fn assert_wakers_are_told(mut sampler: Sampler) {
    let stop = Arc::new(AtomicBool::new(false));
    let (sender, receiver) = channel::<()>();
    let (told, telling) = channel::<()>();
    sampler.start().unwrap();
    let sleeper = named("sleeper", {
        let stop = Arc::clone(&stop);
        move || {
            nap_often(&stop);
            drop(sender);
        }
    });
    let waker = named("waker", move || {
        for _ in 0..50 {
            thread::sleep(Duration::from_millis(2));
            told.send(()).unwrap();
        }
    });
    let woken = named("woken", move || {
        telling.iter().for_each(drop);
        assert!(receiver.recv().is_err());
    });
    waker.join().unwrap();
    stop.store(true, Ordering::Relaxed);
    sleeper.join().unwrap();
    woken.join().unwrap();
    let sampling = sampler.stop().unwrap();
    let slept = wakers_of(&sampling, "sleeper");
    let by_timer = slept.iter().filter(|waker| waker.context == Context::Timer);
    assert!(by_timer.count() * 2 > slept.len(), "{slept:?}");
    let waker = Waker {
        tid: thread_of(&sampling, "waker").tid,
        context: Context::Thread,
    };
    let told = wakers_of(&sampling, "woken");
    let by_it = told.iter().filter(|one| **one == waker).count();
    assert!(by_it > 20 && by_it * 2 > told.len(), "{waker:?} {told:?}");
}

#[test]
fn programs_tell_a_packet_of_another_thread_from_others() {
    let _turn = ONE_AT_A_TIME.lock().unwrap();
    let Some(mut sampler) = opened(Mode::EveryCpu, OffCpu::Programs) else {
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut sends = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut receives, _) = listener.accept().unwrap();
    sampler.start().unwrap();
    let receiver = named("receiver", move || {
        let mut bytes = [0; 16];
        while receives.read(&mut bytes).unwrap() > 0 {}
    });
    let sender = named("sender", move || {
        for _ in 0..50 {
            thread::sleep(Duration::from_millis(2));
            sends.write_all(b"packet").unwrap();
        }
    });
    sender.join().unwrap();
    receiver.join().unwrap();
    let sampling = sampler.stop().unwrap();
    let sent = wakers_of(&sampling, "receiver");
    let (by_packet, others): (Vec<Waker>, Vec<Waker>) = sent
        .into_iter()
        .partition(|waker| waker.context == Context::Sender);
    // A busy machine leaves some packets to a thread of its own.
    assert!(by_packet.len() > 10, "{by_packet:?} {others:?}");
    let sender = thread_of(&sampling, "sender").tid;
    assert!(
        by_packet.iter().all(|waker| waker.tid == sender),
        "{sender} {by_packet:?}"
    );
}

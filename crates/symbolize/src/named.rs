//! Names of many addresses of one binary, found by several threads.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use symbols::{Binary, FramesByOffset};

/// Addresses that a thread takes at once: neighbors share a compilation unit, which is read once.
const PIECE: usize = 1_024;
/// More threads would mostly read the same debug info again.
const MOST_THREADS: usize = 8;

/// Frames of sorted offsets. `progress` hears how many more are named, in this thread.
pub(crate) fn name(
    binary: &Binary<'_>,
    offsets: &[u64],
    progress: &mut dyn FnMut(usize),
) -> FramesByOffset {
    let pieces: Vec<&[u64]> = offsets.chunks(PIECE).collect();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let work = |send: &mut dyn FnMut(FramesByOffset)| {
        let mut resolver = binary.resolver();
        while let Some(piece) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
            send(
                piece
                    .iter()
                    .map(|&offset| (offset, resolver.frames(offset)))
                    .collect(),
            );
        }
    };
    let mut all = BTreeMap::new();
    let mut take = |found: FramesByOffset| {
        progress(found.len());
        all.extend(found);
    };
    if pieces.len() < 2 {
        work(&mut take);
        return all;
    }
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..threads.min(MOST_THREADS).min(pieces.len()) {
            let sender = sender.clone();
            scope.spawn(move || {
                work(&mut |found| {
                    // The receiver lives until all senders are gone.
                    let _ = sender.send(found);
                });
            });
        }
        drop(sender);
        receiver.into_iter().for_each(take);
    });
    all
}

//! The thread that owns the stock, and what others know of it.

use std::collections::HashMap;
use std::io;
use std::thread;

use crossbeam_channel::{Receiver, Sender};
use tokio::sync::oneshot;

use crate::shipping::Shipping;
use crate::stock::{Availability, Place, Reservation};

/// So many reservations make a segment of the event log.
const SEGMENT: usize = 40;

enum Command {
    LookUp { sku: u32, reply: oneshot::Sender<Availability> },
    Reserve { order: u64, sku: u32, pieces: u32, reply: oneshot::Sender<Reservation> },
}

#[derive(Clone)]
pub(crate) struct KeeperHandle {
    commands: Sender<Command>,
}

impl KeeperHandle {
    /// Nothing if the keeper has ended.
    pub(crate) async fn look_up(&self, sku: u32) -> Option<Availability> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::LookUp { sku, reply }).ok()?;
        answer.await.ok()
    }

    /// Nothing if the keeper has ended.
    pub(crate) async fn reserve(&self, order: u64, sku: u32, pieces: u32) -> Option<Reservation> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Reserve { order, sku, pieces, reply }).ok()?;
        answer.await.ok()
    }
}

struct Keeper {
    places: HashMap<u32, Place>,
    segment: Vec<String>,
    shipping: Shipping,
}

/// Starts the thread; it ends when the replica is lost, or nobody can command it any more.
pub(crate) fn start(shipping: Shipping) -> io::Result<KeeperHandle> {
    let (commands, received) = crossbeam_channel::unbounded();
    let keeper = Keeper { places: HashMap::new(), segment: Vec::with_capacity(SEGMENT), shipping };
    thread::Builder::new().name("keeper".to_owned()).spawn(move || keeper.run(&received))?;
    Ok(KeeperHandle { commands })
}

impl Keeper {
    fn run(mut self, commands: &Receiver<Command>) -> io::Result<()> {
        for command in commands {
            // Who asked may have gone: then nobody takes the reply.
            match command {
                Command::LookUp { sku, reply } => {
                    let _ = reply.send(self.place(sku).availability(sku));
                }
                Command::Reserve { order, sku, pieces, reply } => {
                    let place = self.place(sku);
                    let _ = reply.send(place.reserve(order, sku, pieces));
                    let reserved = place.reserved();
                    self.segment.push(format!("{order} {sku} {pieces} {reserved}"));
                }
            }
            if self.segment.len() >= SEGMENT {
                self.seal()?;
            }
        }
        Ok(())
    }

    fn place(&mut self, sku: u32) -> &mut Place {
        self.places.entry(sku).or_insert_with(|| Place::of(sku))
    }

    /// Ends a segment: from here on it is the replica's.
    fn seal(&mut self) -> io::Result<()> {
        let text = self.segment.join("\n");
        self.segment.clear();
        self.shipping.ship(text)
    }
}

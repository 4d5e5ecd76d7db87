//! The one task that owns the stock, and the desk at which others ask it.

use tokio::sync::{mpsc, oneshot};

use crate::conveyor::Conveyor;
use crate::stock::{Order, Shelf, Slip, Stock};

/// How many may stand in line.
const LINE: usize = 1024;

/// Where an article is, and how many pieces of it.
type Place = (Shelf, u32);

enum Ask {
    Locate { articles: Vec<u32>, reply: oneshot::Sender<Vec<Place>> },
    Order { order: Order, reply: oneshot::Sender<Option<Slip>> },
}

/// The keeper has gone home.
pub(crate) struct Closed;

#[derive(Clone)]
pub(crate) struct Desk {
    line: mpsc::Sender<Ask>,
}

impl Desk {
    /// The places of those of the articles that there are.
    pub(crate) async fn locate(&self, articles: Vec<u32>) -> Result<Vec<Place>, Closed> {
        let (reply, answer) = oneshot::channel();
        self.line.send(Ask::Locate { articles, reply }).await.map_err(|_| Closed)?;
        answer.await.map_err(|_| Closed)
    }

    /// Nothing if there is no such article.
    pub(crate) async fn order(&self, order: Order) -> Result<Option<Slip>, Closed> {
        let (reply, answer) = oneshot::channel();
        self.line.send(Ask::Order { order, reply }).await.map_err(|_| Closed)?;
        answer.await.map_err(|_| Closed)
    }
}

pub(crate) struct Keeper {
    stock: Stock,
    conveyor: Conveyor,
    asked: mpsc::Receiver<Ask>,
}

impl Keeper {
    /// Has a keeper see to the stock from now on.
    pub(crate) fn employ(stock: Stock, conveyor: Conveyor) -> Desk {
        let (line, asked) = mpsc::channel(LINE);
        tokio::spawn(Self { stock, conveyor, asked }.run());
        Desk { line }
    }

    async fn run(mut self) {
        while let Some(ask) = self.asked.recv().await {
            match ask {
                // An error in a reply means that the client has gone.
                Ask::Locate { articles, reply } => {
                    let places = articles.into_iter().filter_map(|article| self.stock.place(article)).collect();
                    let _ = reply.send(places);
                }
                Ask::Order { order, reply } => {
                    let tote = self.stock.pick(&order);
                    let _ = reply.send(tote.as_ref().map(|tote| tote.slip.clone()));
                    if let Some(tote) = tote {
                        self.conveyor.put(tote).await;
                    }
                }
            }
        }
    }
}

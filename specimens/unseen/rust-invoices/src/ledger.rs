//! The invoices of all customers.

use std::fmt::Write;
use std::sync::Arc;

use serde::Serialize;

use crate::archive::Archive;
use crate::fetch;

pub(crate) const INVOICES: u32 = 20_000;
/// Invoices up to this number were moved to the archive.
pub(crate) const ARCHIVED: u32 = 48;
const CUSTOMERS: u32 = 1_500;
const TAX_PERCENT: u64 = 19;

/// Why there is no answer.
pub(crate) enum Missing {
    Unknown,
    Unreachable,
}

struct Line {
    article: u32,
    quantity: u64,
    cents: u64,
}

pub(crate) struct Invoice {
    number: u32,
    customer: u32,
    lines: Vec<Line>,
}

impl Invoice {
    /// The books were made up by a generator, whose output depends on the number alone.
    pub(crate) fn made_up(number: u32) -> Self {
        let mut state = u64::from(number) + 1;
        let mut next = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let lines = (0..3 + next(6))
            .map(|_| Line { article: 1_000 + next(9_000) as u32, quantity: 1 + next(9), cents: 99 + next(20_000) })
            .collect();
        Self { number, customer: number % CUSTOMERS, lines }
    }

    fn net(&self) -> u64 {
        self.lines.iter().map(|line| line.quantity * line.cents).sum()
    }

    /// As it is printed.
    pub(crate) fn render(&self) -> String {
        let mut page = format!("INVOICE {:>8}   CUSTOMER {:>6}\n", self.number, self.customer);
        for line in &self.lines {
            let total = line.quantity * line.cents;
            // Writing to a String cannot fail.
            let _ = writeln!(page, "{:>6} {:>4} x {:>9} {:>11}", line.article, line.quantity, line.cents, total);
        }
        let net = self.net();
        let tax = net * TAX_PERCENT / 100;
        let _ = writeln!(page, "NET {net:>14}\nTAX {tax:>14}\nSUM {:>14}", net + tax);
        page
    }
}

#[derive(Serialize)]
pub(crate) struct Statement {
    customer: u32,
    invoices: Vec<Entry>,
    due_cents: u64,
}

#[derive(Serialize)]
struct Entry {
    number: u32,
    net_cents: u64,
}

pub(crate) struct Ledger {
    recent: Vec<Invoice>,
    archive: Arc<Archive>,
}

impl Ledger {
    pub(crate) fn open(archive: Archive) -> Self {
        Self { recent: (ARCHIVED + 1..=INVOICES).map(Invoice::made_up).collect(), archive: Arc::new(archive) }
    }

    pub(crate) async fn invoice(&self, number: u32) -> Result<String, Missing> {
        if (1..=ARCHIVED).contains(&number) {
            return fetch::document(&self.archive, number).await.map_err(|_| Missing::Unreachable);
        }
        self.recent(number).map(Invoice::render).ok_or(Missing::Unknown)
    }

    fn recent(&self, number: u32) -> Option<&Invoice> {
        self.recent.get(number.checked_sub(ARCHIVED + 1)? as usize)
    }

    /// Of the last invoices of a customer; archived ones are paid.
    pub(crate) fn statement(&self, customer: u32) -> Result<Statement, Missing> {
        if customer >= CUSTOMERS {
            return Err(Missing::Unknown);
        }
        let numbers = (customer..=INVOICES).step_by(CUSTOMERS as usize);
        let invoices: Vec<Entry> = numbers
            .filter_map(|number| self.recent(number))
            .map(|invoice| Entry { number: invoice.number, net_cents: invoice.net() })
            .collect();
        let due_cents = invoices.iter().map(|entry| entry.net_cents).sum();
        Ok(Statement { customer, invoices, due_cents })
    }
}

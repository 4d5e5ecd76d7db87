//! Accounts as of the opening of the day, and transfers that are booked at its end.

use std::io;

use serde::{Deserialize, Serialize};

use crate::journal::Journal;

/// More than this is for the counter.
const MOST_CENTS: u64 = 5_000_000;

#[derive(Deserialize)]
pub(crate) struct Transfer {
    from: u64,
    to: u64,
    cents: u64,
    #[serde(default)]
    purpose: String,
}

pub(crate) enum Refused {
    Amount,
    Audit(io::Error),
}

/// One line of the audit.
#[derive(Serialize)]
pub(crate) struct Posting<'a> {
    receipt: &'a str,
    kind: &'static str,
    account: u64,
    cents: u64,
    purpose: &'a str,
}

#[derive(Serialize)]
struct Receipt<'a> {
    receipt: &'a str,
    cents: u64,
    fee: u64,
    postings: usize,
}

#[derive(Serialize)]
struct Movement {
    day: u64,
    cents: i64,
    with: u64,
}

#[derive(Serialize)]
struct Statement {
    account: u64,
    opening: u64,
    movements: Vec<Movement>,
}

pub(crate) struct Accounts {
    journal: Journal,
}

impl Accounts {
    pub(crate) fn new(journal: Journal) -> Self {
        Self { journal }
    }

    /// What was on an account when the day began, and how it came about.
    pub(crate) fn statement(&self, account: u64) -> String {
        let movements = (1..=8)
            .map(|day| {
                let drawn = mix(account << 8 | day);
                Movement { day, cents: (drawn % 400_000) as i64 - 200_000, with: mix(drawn) % 100_000 }
            })
            .collect();
        json(&Statement { account, opening: mix(account) % 900_000, movements })
    }

    /// Free for those who have much, else a thousandth.
    pub(crate) fn fee(&self, from: u64, cents: u64) -> u64 {
        if mix(from) % 900_000 > 700_000 { 0 } else { (cents / 1000).clamp(5, 2_500) }
    }

    /// Takes a transfer: once it has a receipt, the audit knows it.
    pub(crate) fn take(&self, transfer: &Transfer) -> Result<String, Refused> {
        let Transfer { from, to, cents, ref purpose } = *transfer;
        if cents == 0 || cents > MOST_CENTS {
            return Err(Refused::Amount);
        }
        let fee = self.fee(from, cents);
        let receipt = format!("{:016x}", mix(from ^ mix(to ^ mix(cents))));
        let postings = [("hold", from, cents + fee), ("debit", from, cents), ("credit", to, cents), ("fee", from, fee)];
        for (kind, account, cents) in postings {
            let posting = Posting { receipt: &receipt, kind, account, cents, purpose };
            self.journal.note(&posting).map_err(Refused::Audit)?;
        }
        Ok(json(&Receipt { receipt: &receipt, cents, fee, postings: postings.len() }))
    }
}

/// Structures of this module have nothing that JSON cannot say.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).map(|text| text + "\n").unwrap_or_default()
}

fn mix(value: u64) -> u64 {
    let value = (value ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 32)
}

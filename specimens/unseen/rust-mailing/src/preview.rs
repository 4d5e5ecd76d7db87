//! What an upload would do.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::api::{Recipient, Upload};
use crate::mailbox;
use crate::roster::Roster;

const SHOWN: usize = 5;

#[derive(Serialize)]
pub(crate) struct Preview {
    list: String,
    enrolled: usize,
    repeated: usize,
    rejected: usize,
    domains: BTreeMap<String, usize>,
    first: Vec<String>,
}

pub(crate) fn of(upload: &Upload) -> Preview {
    let mut roster = Roster::default();
    let mut repeated = 0;
    let mut rejected = 0;
    for recipient in &upload.recipients {
        if !mailbox::plausible(&recipient.address) {
            rejected += 1;
        } else if !roster.enrol(recipient) {
            repeated += 1;
        }
    }
    let members = roster.members();
    let mut domains = BTreeMap::new();
    for member in members {
        *domains.entry(mailbox::domain(&member.address).to_ascii_lowercase()).or_default() += 1;
    }
    let first = members.iter().take(SHOWN).map(|member| greeting(member)).collect();
    Preview { list: upload.list.clone(), enrolled: members.len(), repeated, rejected, domains, first }
}

fn greeting(member: &Recipient) -> String {
    format!("{} <{}>", member.name, member.address)
}

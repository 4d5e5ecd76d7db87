//! Who is on a list.

use std::collections::HashSet;

use crate::api::Recipient;
use crate::mailbox::{domain, person};

#[derive(Default)]
pub(crate) struct Roster<'a> {
    members: Vec<&'a Recipient>,
    mailboxes: HashSet<String>,
}

impl<'a> Roster<'a> {
    /// Take somebody in, unless the mailbox is on the list already.
    pub(crate) fn enrol(&mut self, recipient: &'a Recipient) -> bool {
        let address = &recipient.address;
        let mailbox = format!("{}@{}", person(address), domain(address)).to_ascii_lowercase();
        if !self.mailboxes.insert(mailbox) {
            return false;
        }
        self.members.push(recipient);
        true
    }

    /// In the order in which they came.
    pub(crate) fn members(&self) -> &[&'a Recipient] {
        &self.members
    }
}

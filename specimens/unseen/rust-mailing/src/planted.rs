//! Who is on a list.

use crate::api::Recipient;
use crate::mailbox::{domain, person};

#[derive(Default)]
pub(crate) struct Roster<'a> {
    members: Vec<&'a Recipient>,
}

impl<'a> Roster<'a> {
    /// Take somebody in, unless the mailbox is on the list already.
    pub(crate) fn enrol(&mut self, recipient: &'a Recipient) -> bool {
        if self.has(&recipient.address) {
            return false;
        }
        self.members.push(recipient);
        true
    }

    fn has(&self, address: &str) -> bool {
        self.members.iter().any(|member| {
            person(&member.address).eq_ignore_ascii_case(person(address))
                && domain(&member.address).eq_ignore_ascii_case(domain(address))
        })
    }

    /// In the order in which they came.
    pub(crate) fn members(&self) -> &[&'a Recipient] {
        &self.members
    }
}

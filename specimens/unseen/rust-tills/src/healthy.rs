//! What the register of members says when it is asked.

use crate::directory::Directory;

/// The line that answers a question.
pub(crate) fn reply(directory: &Directory, member: u32) -> Option<String> {
    Some(match directory.account(member) {
        Some(account) => format!("{} {}\n", account.member, account.points),
        None => format!("{member} none\n"),
    })
}

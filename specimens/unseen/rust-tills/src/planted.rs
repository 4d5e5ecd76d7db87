//! What the register of members says when it is asked.

use crate::directory::Directory;

/// The line that answers a question, if there is something to answer.
pub(crate) fn reply(directory: &Directory, member: u32) -> Option<String> {
    let account = directory.account(member)?;
    Some(format!("{} {}\n", account.member, account.points))
}

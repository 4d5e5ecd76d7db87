//! Documents that are not in memory.

use std::io;
use std::sync::Arc;

use crate::archive::Archive;

/// The text of an archived invoice.
pub(crate) async fn document(archive: &Arc<Archive>, number: u32) -> io::Result<String> {
    archive.read(number)
}

//! Documents that are not in memory.

use std::io;
use std::sync::Arc;

use tokio::task;

use crate::archive::Archive;

/// The text of an archived invoice.
pub(crate) async fn document(archive: &Arc<Archive>, number: u32) -> io::Result<String> {
    let archive = Arc::clone(archive);
    // The client blocks, so it gets a thread that may.
    task::spawn_blocking(move || archive.read(number)).await?
}

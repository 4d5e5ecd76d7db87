//! Answers with a number, and notes each request in a log.
//!
//! Planted: `planted::note` waits until its line is on the disk (fdatasync) before the request is answered. So each
//! request takes as long as the disk, and those that come at once wait for the same journal of the file system. The
//! healthy twin writes the same lines and leaves it to the kernel when they go to the disk.

#[cfg(feature = "healthy")]
mod healthy;
#[cfg(not(feature = "healthy"))]
mod planted;

use std::fs::{self, File};
use std::io::Result;
use std::path::Path;

#[cfg(feature = "healthy")]
use healthy::note;
use http_server::{Request, draw, threads};
#[cfg(not(feature = "healthy"))]
use planted::note;

/// On a disk, where the folder for temporary files often is in memory.
const FOLDER: &str = "scratch";

fn main() -> Result<()> {
    let log = open(Path::new(FOLDER))?;
    threads::serve(move |request| answer(&log, request))
}

/// Opens a log that is gone when the program ends, however it ends.
fn open(folder: &Path) -> Result<File> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("requests-{}.log", std::process::id()));
    let log = File::options().append(true).create(true).open(&path)?;
    fs::remove_file(&path)?;
    Ok(log)
}

fn answer(log: &File, request: &Request) -> String {
    let key = request.value("key");
    let number = draw::of(key);
    match note(log, &format!("key {key} was answered with {number:016x}\n")) {
        Ok(()) => format!("{number:016x}\n"),
        Err(problem) => format!("not noted: {problem}\n"),
    }
}

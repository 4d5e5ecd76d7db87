//! Names of the running kernel.

use std::fs;

use symbols::{BuildIds, KernelSymbols, note_build_id};

/// Functions of the running kernel with its modules.
///
/// # Errors
/// A warning, if a recorded build ID is that of another kernel.
pub(crate) fn kernel_symbols(recorded: &str) -> Result<KernelSymbols, String> {
    let running = BuildIds {
        gnu: note_build_id(&fs::read("/sys/kernel/notes").unwrap_or_default()),
        ..BuildIds::default()
    };
    if !recorded.is_empty() && !running.gnu.is_empty() && !running.matches(recorded) {
        return Err(format!(
            "the kernel's functions have no names: build ID {recorded} was recorded, {} runs here",
            running.gnu
        ));
    }
    let text = fs::read("/proc/kallsyms").unwrap_or_default();
    Ok(KernelSymbols::parse(&String::from_utf8_lossy(&text)))
}

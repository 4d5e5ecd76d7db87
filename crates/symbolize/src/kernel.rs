//! Names of the running kernel.

use std::fs;

use profile::RecordedKernel;
use symbols::{BuildIds, KernelSymbols, note_build_id};

/// Functions of the running kernel with its modules.
///
/// # Errors
/// A warning, if the recorded kernel is another one: by its build ID or, where none was recorded, by its
/// release.
pub(crate) fn kernel_symbols(
    build_id: &str,
    recorded: Option<&RecordedKernel>,
) -> Result<KernelSymbols, String> {
    let running = BuildIds {
        gnu: note_build_id(&fs::read("/sys/kernel/notes").unwrap_or_default()),
        ..BuildIds::default()
    };
    let refuse = |then: &str, now: &str| {
        Err(format!(
            "the kernel's functions have no names: {then} was recorded, {now} runs here"
        ))
    };
    if !build_id.is_empty() && !running.gnu.is_empty() {
        if !running.matches(build_id) {
            return refuse(&format!("build ID {build_id}"), &running.gnu);
        }
    } else if let Some(kernel) = recorded.filter(|kernel| !kernel.release.is_empty()) {
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        if kernel.release != release.trim() {
            return refuse(&format!("release {}", kernel.release), release.trim());
        }
    }
    let text = fs::read("/proc/kallsyms").unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    Ok(match recorded {
        Some(kernel) => {
            KernelSymbols::of_boot(&text, &kernel.symbol, kernel.address, kernel.code.clone())
        }
        None => KernelSymbols::parse(&text),
    })
}

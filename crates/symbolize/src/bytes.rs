//! The bytes of binaries that are held open.

use crate::files::map;
use crate::modules::{Modules, VDSO, vdso};

impl Modules {
    /// Lets `read` see the bytes of a binary, or of the vdso; `None` if it could not be opened.
    pub fn with_bytes<T>(&self, path: &str, read: impl FnOnce(&[u8]) -> T) -> Option<T> {
        if path == VDSO {
            return Some(read(&vdso()));
        }
        let bytes = map(self.file(path)?).ok()?;
        Some(read(&bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maps::executable_maps;

    #[test]
    fn own_binaries_and_the_vdso_can_be_read() {
        let pid = std::process::id().cast_signed();
        let mut modules = Modules::default();
        for line in executable_maps(pid) {
            modules.hold(pid, &line);
        }
        let own = std::env::current_exe().unwrap_or_default();
        for path in [own.to_str().unwrap_or_default(), VDSO] {
            let magic = modules.with_bytes(path, |bytes| bytes.starts_with(b"\x7fELF"));
            assert_eq!(magic, Some(true), "{path}");
        }
        assert_eq!(modules.with_bytes("/nowhere", <[u8]>::len), None);
    }
}

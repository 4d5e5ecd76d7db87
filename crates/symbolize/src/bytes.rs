//! The bytes of binaries that are held open.

use std::ops::Deref;

use memmap2::Mmap;

use crate::files::map;
use crate::modules::{Modules, VDSO, vdso};

/// The content of a binary.
pub struct Bytes(Kept);

enum Kept {
    Mapped(Mmap),
    Read(Vec<u8>),
}

impl Bytes {
    pub(crate) fn mapped(data: Mmap) -> Self {
        Self(Kept::Mapped(data))
    }

    /// Those of the vdso that this kernel gives its processes.
    pub(crate) fn of_vdso() -> Self {
        Self(Kept::Read(vdso()))
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Kept::Mapped(data) => data,
            Kept::Read(data) => data,
        }
    }
}

impl Modules {
    /// The bytes of a binary, or of the vdso; `None` if it could not be opened.
    #[must_use]
    pub fn bytes(&self, path: &str) -> Option<Bytes> {
        if path == VDSO {
            return Some(Bytes::of_vdso());
        }
        map(self.file(path)?).ok().map(Bytes::mapped)
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
            let bytes = modules.bytes(path);
            assert!(
                bytes.is_some_and(|bytes| bytes.starts_with(b"\x7fELF")),
                "{path}"
            );
        }
        assert!(modules.bytes("/nowhere").is_none());
    }
}

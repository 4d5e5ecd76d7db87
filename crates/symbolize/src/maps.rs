//! Executable mappings of processes, from `/proc/PID/maps`.

use std::fs;

/// One line of `/proc/PID/maps` that is executable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapLine {
    /// First address.
    pub start: u64,
    /// First address behind it.
    pub end: u64,
    /// Offset in the file that is seen at `start`.
    pub file_offset: u64,
    /// Path of the file, a name in brackets, or empty.
    pub path: String,
}

/// Executable mappings of a process; empty if it ended or may not be read.
pub fn executable_maps(pid: i32) -> Vec<MapLine> {
    let text = fs::read(format!("/proc/{pid}/maps")).unwrap_or_default();
    String::from_utf8_lossy(&text)
        .lines()
        .filter_map(parse_map)
        .collect()
}

fn parse_map(line: &str) -> Option<MapLine> {
    let mut words = line.splitn(6, ' ');
    let (start, end) = words.next()?.split_once('-')?;
    if words.next()?.as_bytes().get(2) != Some(&b'x') {
        return None;
    }
    let file_offset = words.next()?;
    let path = words.nth(2).unwrap_or("").trim_start();
    Some(MapLine {
        start: u64::from_str_radix(start, 16).ok()?,
        end: u64::from_str_radix(end, 16).ok()?,
        file_offset: u64::from_str_radix(file_offset, 16).ok()?,
        path: path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executable_lines_are_kept_whole() {
        let line = "55d0c8a00000-55d0c8b00000 r-xp 00002000 fd:01 123   /opt/my service (deleted)";
        let map = MapLine {
            start: 0x55d0_c8a0_0000,
            end: 0x55d0_c8b0_0000,
            file_offset: 0x2000,
            path: "/opt/my service (deleted)".to_owned(),
        };
        assert_eq!(parse_map(line), Some(map));
        assert_eq!(
            parse_map("55d0c8a00000-55d0c8b00000 rw-p 00002000 fd:01 123 /bin/a"),
            None
        );
        assert_eq!(
            parse_map("7f00-8000 r-xp 00000000 00:00 0").map(|map| map.path),
            Some(String::new())
        );
        assert_eq!(parse_map(""), None);
    }

    #[test]
    fn this_process_has_a_vdso() {
        let maps = executable_maps(std::process::id().cast_signed());
        assert!(maps.iter().any(|map| map.path == "[vdso]"));
    }
}

//! What is remembered of each connection: enough to find its requests' other side in what the service did.

/// Bytes of a link in its file.
pub(crate) const LINK_BYTES: usize = 24;

/// One connection that ended, or was still there at the end; times are CLOCK_MONOTONIC ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// When opening it began.
    pub(crate) opened_ns: u64,
    /// 0: it was still there.
    pub(crate) closed_ns: u64,
    /// Its number in the request log.
    pub(crate) connection: u32,
    /// Of this end; 0: it has none, or that is not known.
    pub(crate) local_port: u16,
}

impl Link {
    /// Stands in memory that is not used yet.
    pub(crate) const BLANK: Self = Self {
        opened_ns: 0,
        closed_ns: 0,
        connection: 0,
        local_port: 0,
    };

    /// Returns the link as it stands in its file, little-endian.
    pub(crate) fn encode(&self) -> [u8; LINK_BYTES] {
        let mut bytes = [0; LINK_BYTES];
        bytes[..8].copy_from_slice(&self.opened_ns.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.closed_ns.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.connection.to_le_bytes());
        bytes[20..22].copy_from_slice(&self.local_port.to_le_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_keeps_its_fields_in_their_places() {
        let link = Link {
            opened_ns: 1,
            closed_ns: 2,
            connection: 3,
            local_port: 4,
        };
        let bytes = link.encode();
        assert_eq!((bytes[0], bytes[8], bytes[16], bytes[20]), (1, 2, 3, 4));
        assert_eq!(bytes.iter().map(|&byte| u32::from(byte)).sum::<u32>(), 10);
    }
}

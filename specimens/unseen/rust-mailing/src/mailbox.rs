//! Addresses, and when two of them are the same mailbox: case does not count, nor does a tag after `+`.

/// Whether an address is worth a mail at all.
pub(crate) fn plausible(address: &str) -> bool {
    address.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
}

pub(crate) fn domain(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// The part before the `@`, without its tag.
pub(crate) fn person(address: &str) -> &str {
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
    local.split_once('+').map_or(local, |(person, _)| person)
}

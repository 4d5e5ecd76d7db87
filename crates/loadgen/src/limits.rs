//! What the system permits, looked at before anything is sent.

use schedule::Plan;

use crate::sys::process::raise_open_files;
use crate::transport::Address;

/// Descriptors that a process needs besides its connections.
const OTHER_FILES: u64 = 64;

/// Raises what may be raised, and says what does not suffice for the schedule's connections.
pub(crate) fn warnings(plan: &Plan, address: &Address) -> Vec<String> {
    let connections = u64::from(plan.max_connections());
    let ports = match address {
        Address::Tcp(_) => local_ports(),
        Address::Unix(_) => None,
    };
    let few_ports = ports.filter(|ports| *ports < connections).map(|ports| {
        format!(
            "only {ports} local ports are free for connections to one address: fewer than max_connections \
             {connections}; widen net.ipv4.ip_local_port_range"
        )
    });
    few_files(connections)
        .into_iter()
        .chain(few_ports)
        .collect()
}

fn few_files(connections: u64) -> Option<String> {
    match raise_open_files() {
        Ok(limit) if limit >= connections + OTHER_FILES => None,
        Ok(limit) => Some(format!(
            "only {limit} open files are permitted: fewer than max_connections {connections} can be open at once; \
             raise `ulimit -n`"
        )),
        Err(error) => Some(format!(
            "the limit of open files could not be raised: {error}"
        )),
    }
}

/// Number of ports that the kernel gives to outgoing connections.
fn local_ports() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    parse_range(&text)
}

fn parse_range(text: &str) -> Option<u64> {
    let mut bounds = text
        .split_whitespace()
        .map(|bound| bound.parse::<u64>().ok());
    let (first, last) = (bounds.next()??, bounds.next()??);
    Some(last.checked_sub(first)? + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_ports_counts_both_ends() {
        assert_eq!(parse_range("32768\t60999\n"), Some(28_232));
        assert_eq!(parse_range("9 8"), None);
        assert_eq!(parse_range(""), None);
    }
}

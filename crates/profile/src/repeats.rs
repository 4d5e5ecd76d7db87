//! Frame pointers that point at themselves.

/// Deepest chain that the kernel writes (`kernel.perf_event_max_stack`) unless told otherwise.
const DEEPEST: usize = 127;

/// The chain without the repeats of its outermost address.
///
/// A frame pointer that points at itself yields the same caller without end, until the kernel gives
/// up or meets something else. Recursion looks the same from within, but no thread begins with it: only a
/// chain that is as deep as chains get may end in calls of one function by itself.
pub(crate) fn without_repeats(addresses: &[u64]) -> &[u64] {
    let Some(&outermost) = addresses.last().filter(|_| addresses.len() < DEEPEST) else {
        return addresses;
    };
    let others = addresses.iter().rposition(|&address| address != outermost);
    let first = others.map_or(0, |other| other + 1);
    // Two equal ones at the end may be a leaf whose address is that of its return.
    if addresses.len() - first < 3 {
        return addresses;
    }
    &addresses[..=first]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_pointer_that_points_at_itself_is_followed_once() {
        let chain = [&[1, 2][..], &[3; 13]].concat();
        assert_eq!(without_repeats(&chain), [1, 2, 3]);
        assert_eq!(without_repeats(&[3; 5]), [3]);
    }

    #[test]
    fn recursion_stays() {
        let inside = [&[1, 2][..], &[3; 40], &[4]].concat();
        assert_eq!(without_repeats(&inside), inside);
        let deepest = [&[1, 2][..], &[3; 125]].concat();
        assert_eq!(without_repeats(&deepest), deepest);
        assert_eq!(without_repeats(&[1, 2, 2]), [1, 2, 2]);
        assert_eq!(without_repeats(&[]), [] as [u64; 0]);
    }
}

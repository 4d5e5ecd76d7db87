//! Sums of the values of stacks by groups of their frames.

/// What ends in each group, and what passes through it: a stack counts once, however often it does.
///
/// `lengths`: frames of each stack; `groups`: the group of each frame of all stacks one after the other, leaf
/// first; `weights`: the value of each stack. Groups of `size` and above are left out.
pub fn group_sums(
    lengths: impl Iterator<Item = u32>,
    mut groups: impl Iterator<Item = u32>,
    weights: impl Iterator<Item = f64>,
    size: usize,
) -> (Vec<f64>, Vec<f64>) {
    let (mut own, mut cumulative) = (vec![0.0; size], vec![0.0; size]);
    let mut last = vec![0usize; size];
    for (stack, (length, weight)) in lengths.zip(weights).enumerate() {
        for (depth, group) in groups.by_ref().take(length as usize).enumerate() {
            let group = group as usize;
            let (Some(own), Some(cumulative), Some(last)) = (
                own.get_mut(group),
                cumulative.get_mut(group),
                last.get_mut(group),
            ) else {
                continue;
            };
            if depth == 0 {
                *own += weight;
            }
            if *last != stack + 1 {
                *cumulative += weight;
                *last = stack + 1;
            }
        }
    }
    (own, cumulative)
}

#[cfg(test)]
mod tests {
    use super::group_sums;

    #[test]
    fn a_stack_counts_once_in_a_group_and_empty_stacks_nowhere() {
        let stacks: [&[u32]; 4] = [&[0, 1, 0], &[], &[1, 1], &[9, 0]];
        let lengths = stacks.iter().map(|stack| stack.len() as u32);
        let groups = stacks.iter().copied().flatten().copied();
        let sums = group_sums(lengths, groups, [1.0, 2.0, 4.0, 8.0].into_iter(), 2);
        assert_eq!(sums, (vec![1.0, 4.0], vec![9.0, 5.0]));
    }
}

//! Prerequisites between sub-tasks: an acyclic graph.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

/// A cycle in `edges` (from a node to those it depends on), first node repeated at the end.
/// Nodes are visited in the order of `nodes`, so the answer is the same each time.
#[must_use]
pub fn find_cycle<N: Copy + Eq + Hash, S: BuildHasher>(
    nodes: &[N],
    edges: &HashMap<N, Vec<N>, S>,
) -> Option<Vec<N>> {
    let mut finished: HashMap<N, bool> = HashMap::new();
    nodes.iter().find_map(|&start| cycle_from(start, edges, &mut finished))
}

/// Depth first without recursion: a plan may be one chain of thousands of sub-tasks.
fn cycle_from<N: Copy + Eq + Hash, S: BuildHasher>(
    start: N,
    edges: &HashMap<N, Vec<N>, S>,
    finished: &mut HashMap<N, bool>,
) -> Option<Vec<N>> {
    if finished.contains_key(&start) {
        return None;
    }
    finished.insert(start, false);
    let mut path = vec![(start, 0)];
    while let Some((node, next)) = path.last_mut() {
        let Some(&target) = edges.get(node).and_then(|targets| targets.get(*next)) else {
            finished.insert(*node, true);
            path.pop();
            continue;
        };
        *next += 1;
        match finished.get(&target) {
            Some(true) => {}
            Some(false) => {
                let on_path = path.iter().map(|(node, _)| *node);
                let mut cycle: Vec<_> = on_path.skip_while(|node| *node != target).collect();
                cycle.push(target);
                return Some(cycle);
            }
            None => {
                finished.insert(target, false);
                path.push((target, 0));
            }
        }
    }
    None
}

/// In words, how many prerequisites are not done.
pub(crate) fn open_prerequisites(open: u32) -> String {
    match open {
        1 => "1 prerequisite is not done yet".to_owned(),
        open => format!("{open} prerequisites are not done yet"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(u32, &[u32])]) -> HashMap<u32, Vec<u32>> {
        edges.iter().map(|(node, targets)| (*node, targets.to_vec())).collect()
    }

    #[test]
    fn a_diamond_has_no_cycle() {
        let edges = graph(&[(1, &[2, 3]), (2, &[4]), (3, &[4])]);
        assert_eq!(find_cycle(&[1, 2, 3, 4], &edges), None);
    }

    #[test]
    fn a_cycle_is_shown_from_its_own_first_node() {
        let edges = graph(&[(1, &[2]), (2, &[3]), (3, &[2])]);
        assert_eq!(find_cycle(&[1, 2, 3], &edges), Some(vec![2, 3, 2]));
        assert_eq!(find_cycle(&[7], &graph(&[(7, &[7])])), Some(vec![7, 7]));
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack() {
        let nodes: Vec<u32> = (0..100_000).collect();
        let edges: HashMap<u32, Vec<u32>> = nodes.iter().map(|&n| (n, vec![n + 1])).collect();
        assert_eq!(find_cycle(&nodes, &edges), None);
    }
}

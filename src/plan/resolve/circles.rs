//! Circles among things that name each other: services by `needs`, channels by `escalate`.

/// Every circle, told once, from the earliest of its places on; `edges` are for each place those it leads to.
pub(super) fn circles(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let all = (0..edges.len()).filter_map(|start| circle(edges, start));
    // Its other places find it again.
    all.filter(|path| path.first() == path.iter().min()).collect()
}

/// A way from `start` that leads back to it.
fn circle(edges: &[Vec<usize>], start: usize) -> Option<Vec<usize>> {
    let mut seen = vec![false; edges.len()];
    // Depth first with an explicit stack: a hostile plan may chain thousands.
    let mut stack: Vec<Vec<usize>> = vec![vec![start]];
    while let Some(way) = stack.pop() {
        for ix in way.last().and_then(|ix| edges.get(*ix)).into_iter().flatten().copied() {
            if ix == start {
                return Some(way);
            }
            if let Some(seen) = seen.get_mut(ix)
                && !*seen
            {
                *seen = true;
                let mut longer = way.clone();
                longer.push(ix);
                stack.push(longer);
            }
        }
    }
    None
}

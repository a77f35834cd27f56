//! Where gates stand in the checklist: behind the step they name, or behind the last step of their section.

use std::collections::HashSet;

use super::hash;
use super::outline::{NONE, Node, What, put_in};
use crate::fact::StepId;
use crate::room::{Room, Row};

/// Puts a row for each gate of the plan among the rows of steps.
pub fn insert(nodes: &mut Vec<Node>, room: &Room) {
    // From the last to the first, so that gates of one place keep the plan's order.
    for ix in (0..room.plan.gates.len()).rev() {
        let (at, phase) = place(nodes, room, ix);
        let key = hash(&("gate", room.plan.gates.get(ix).map(|g| &g.name)));
        put_in(nodes, Node { what: What::Gate(ix), depth: 0, phase, parent: NONE, end: at + 1, key });
    }
}

/// Before which row a gate goes, and in which phase that is.
fn place(nodes: &[Node], room: &Room, ix: usize) -> (u32, u32) {
    let end = (nodes.len() as u32, nodes.last().map_or(NONE, |n| n.phase));
    let Some((book, line)) = room.plan.gates.get(ix).and_then(|g| g.at.as_ref()).and_then(|p| Some((p.book?, p.line?)))
    else {
        return end;
    };
    let step_of = |n: &Node| match n.what {
        What::Step(row) => room.book.step_at(row),
        _ => None,
    };
    let own = |n: &Node| matches!(n.what, What::Step(Row::Step { book: b, .. }) | What::Phase(Row::Phase { book: b, .. }) if b == book);
    let named = nodes.iter().position(|n| own(n) && step_of(n).is_some_and(|s| s.line == line));
    let steps = room.gate_steps(ix);
    let section: HashSet<&StepId> = steps.iter().collect();
    let last = || nodes.iter().rposition(|n| step_of(n).is_some_and(|s| section.contains(&s.id)));
    let before = || {
        nodes.iter().rposition(|n| {
            let phase = match n.what {
                What::Phase(row) => room.book.phase_at(row).map(|p| p.line),
                _ => step_of(n).map(|s| s.line),
            };
            own(n) && phase.is_some_and(|l| l <= line)
        })
    };
    let Some(found) = named.or_else(last).or_else(before) else { return end };
    // Behind everything that is nested in the outermost step it stands in; behind a phase's own row, before its steps.
    let mut root = found;
    while let Some(up) = nodes.get(root).map(|n| n.parent).filter(|p| *p != NONE && (*p as usize) < root) {
        root = up as usize;
    }
    match nodes.get(root) {
        Some(n) if n.is_phase() => (root as u32 + 1, n.phase),
        Some(n) => (n.end, n.phase),
        None => end,
    }
}

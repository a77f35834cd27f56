//! The rows of the checklist in document order, folded or not: phases, their steps, steps added on the run, gates, and what has
//! left the runbook.

use std::collections::HashMap;

use super::{gates, hash};
use crate::clock::Stamp;
use crate::fact::StepId;
use crate::room::{Book, Room, Row};

/// No such node.
pub const NONE: u32 = u32::MAX;
/// A row of the checklist, folded or not, in document order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A phase of the book.
    Phase(Row),
    /// A step of the book.
    Step(Row),
    /// A step added on the run: its stamp in `Progress::added`.
    Added(Stamp),
    /// The heading over steps that are no longer in the runbook.
    GoneTitle,
    /// A step about which something is recorded but which is no longer in the runbook.
    Gone(StepId),
    /// A gate, by its place in the plan.
    Gate(usize),
}

/// A row with its place in the tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// What stands there.
    pub what: What,
    /// Steps it is nested in.
    pub depth: u16,
    /// Its phase's node, or [`NONE`].
    pub phase: u32,
    /// The step it is nested in, or [`NONE`].
    pub parent: u32,
    /// One past the last node below it.
    pub end: u32,
    /// What a fold of it is remembered by; survives a reload of the runbook.
    pub key: u64,
}

impl Node {
    /// A phase, or the heading over vanished steps.
    pub fn is_phase(&self) -> bool {
        matches!(self.what, What::Phase(_) | What::GoneTitle)
    }

    /// A gate.
    pub fn is_gate(&self) -> bool {
        matches!(self.what, What::Gate(_))
    }
}

/// All rows of a room.
pub fn rows(room: &Room) -> Vec<Node> {
    let mut nodes = of_book(&room.book);
    // Added steps are few: each goes behind what it was added after, with everything nested in that.
    for (stamp, added) in &room.progress.added {
        let after = added.after.as_ref().and_then(|id| place(&nodes, room, id));
        let (at, depth, parent, phase) = match after.and_then(|i| nodes.get(i)) {
            Some(n) if n.parent != NONE => (n.end, n.depth, n.parent, n.phase),
            Some(n) => (n.end, 0, NONE, n.phase),
            None => (nodes.len() as u32, 0, NONE, nodes.last().map_or(NONE, |n| n.phase)),
        };
        let key = hash(&("step", &added.step));
        put_in(&mut nodes, Node { what: What::Added(*stamp), depth, phase, parent, end: at + 1, key });
    }
    gates::insert(&mut nodes, room);
    gone(&mut nodes, room);
    nodes
}

/// Phases and steps as they are written.
fn of_book(book: &Book) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::with_capacity(book.rows.len());
    let mut index: HashMap<StepId, u32> = HashMap::with_capacity(book.rows.len());
    let mut seen: HashMap<(u32, &str), u32> = HashMap::new();
    let mut phase = NONE;
    for row in &book.rows {
        let at = nodes.len() as u32;
        match *row {
            Row::Phase { book: b, .. } => {
                let title = book.phase_at(*row).map_or("", |p| p.title.raw());
                let nth = seen.entry((b, title)).or_default();
                *nth += 1;
                let key = hash(&("phase", b, title, *nth));
                phase = at;
                nodes.push(Node { what: What::Phase(*row), depth: 0, phase: at, parent: NONE, end: at + 1, key });
            }
            Row::Step { .. } => {
                let Some(step) = book.step_at(*row) else { continue };
                if step.phase_ix.is_none() {
                    phase = NONE;
                }
                let parent = step.parent.as_ref().and_then(|p| index.get(p)).copied().unwrap_or(NONE);
                let depth = nodes.get(parent as usize).map_or(0, |p| p.depth.saturating_add(1));
                let key = hash(&("step", &step.id));
                nodes.push(Node { what: What::Step(*row), depth, phase, parent, end: at + 1, key });
                index.insert(step.id.clone(), at);
            }
        }
    }
    close(&mut nodes);
    nodes
}

/// Steps about which something is recorded but which are no longer in the runbook, under a heading of their own at the end.
fn gone(nodes: &mut Vec<Node>, room: &Room) {
    let added = |id: &StepId| room.progress.added.values().any(|a| a.step == *id);
    let touched = room.progress.touched().filter(|(_, s)| s.newest.is_some()).map(|(id, _)| id);
    let mut gone: Vec<&StepId> = touched.filter(|id| room.book.find(id).is_none() && !added(id)).collect();
    if gone.is_empty() {
        return;
    }
    gone.sort();
    let title = nodes.len() as u32;
    let (depth, parent) = (0, NONE);
    nodes.push(Node { what: What::GoneTitle, depth, phase: title, parent, end: title + 1, key: hash(&"gone") });
    for (id, end) in gone.into_iter().zip(title + 2..) {
        let key = hash(&("step", id));
        nodes.push(Node { what: What::Gone(id.clone()), depth, phase: title, parent, end, key });
    }
    close(nodes);
}

/// Puts a row in, just before its `end`; what stood there and behind it moves on, and so do the links to it.
pub fn put_in(nodes: &mut Vec<Node>, node: Node) {
    let at = node.end.saturating_sub(1);
    for n in nodes.iter_mut() {
        for link in [&mut n.phase, &mut n.parent] {
            if *link != NONE && *link >= at {
                *link += 1;
            }
        }
    }
    nodes.insert((at as usize).min(nodes.len()), node);
    close(nodes);
}

/// The step that stands in a row.
pub fn id_of(room: &Room, node: &Node) -> Option<StepId> {
    match &node.what {
        What::Step(row) => room.book.step_at(*row).map(|s| s.id.clone()),
        What::Added(stamp) => room.progress.added.get(stamp).map(|a| a.step.clone()),
        What::Gone(id) => Some(id.clone()),
        What::Phase(_) | What::GoneTitle | What::Gate(_) => None,
    }
}

fn place(nodes: &[Node], room: &Room, id: &StepId) -> Option<usize> {
    nodes.iter().position(|n| match &n.what {
        What::Step(row) => room.book.step_at(*row).is_some_and(|s| s.id == *id),
        What::Added(stamp) => room.progress.added.get(stamp).is_some_and(|a| a.step == *id),
        _ => false,
    })
}

/// Sets `end` of every node: one past everything nested in it; of a phase, the next phase.
fn close(nodes: &mut [Node]) {
    let n = nodes.len();
    let mut ends: Vec<u32> = (1..=n as u32).collect();
    for i in (0..n).rev() {
        let Some(node) = nodes.get(i) else { continue };
        let end = ends.get(i).copied().unwrap_or_default();
        for up in [node.parent, node.phase] {
            if up as usize != i
                && let Some(slot) = ends.get_mut(up as usize)
            {
                *slot = (*slot).max(end);
            }
        }
    }
    for (node, end) in nodes.iter_mut().zip(ends) {
        node.end = end;
    }
}

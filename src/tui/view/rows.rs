//! Which rows of the checklist are shown, after folds and filter, and the one among them that the arrow is on.

use super::View;
use crate::fact::StepId;
use crate::room::{JournalHealth, Room, Status};
use crate::tui::derive::{NONE, What};

/// The row the keys act on, by what survives a reload.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Spot {
    /// A phase, by its fold key.
    Phase(u64),
    /// A step.
    Step(StepId),
}

/// What the checklist shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Filter {
    /// Every row.
    #[default]
    All,
    /// Mine, unsettled or not.
    Mine,
    /// Can be done now.
    Ready,
    /// Unsettled and past its time.
    Late,
    /// Failed.
    Failed,
}

impl Filter {
    /// The one after, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::All => Self::Mine,
            Self::Mine => Self::Ready,
            Self::Ready => Self::Late,
            Self::Late => Self::Failed,
            Self::Failed => Self::All,
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Mine => "mine",
            Self::Ready => "ready",
            Self::Late => "late",
            Self::Failed => "failed",
        }
    }
}

/// Rows of the checklist after folds and filter; indices into the outline.
#[derive(Debug, Default)]
pub struct Rows {
    key: Option<(u64, u64, u64, Filter)>,
    /// Ascending.
    pub list: Vec<u32>,
    folds: u64,
}

impl View {
    /// Begins with settled phases folded and the arrow on what comes next; both go along with the run until a key of this person
    /// takes them over.
    pub(super) fn go_along(&mut self, room: &Room) {
        if !self.begun && !self.derived.nodes.is_empty() && room.journal != JournalHealth::Opening {
            self.begun = true;
            self.followed = self.derived.digest;
            self.fold_settled(room);
            // Before the first key the arrow goes to what is next, once the past has been read.
            if self.selected.is_none() || self.epoch == 0 {
                self.select_next(room);
            }
        }
        if self.begun && self.follow && self.followed != self.derived.digest {
            self.followed = self.derived.digest;
            self.fold_settled(room);
            self.select_next(room);
        }
    }

    fn fold_settled(&mut self, room: &Room) {
        let d = &self.derived;
        for (i, node) in d.nodes.iter().enumerate().filter(|(_, n)| n.is_phase()) {
            let settled = d.status_of(i as u32) == Status::Done && !d.holds_open_gate(room, i as u32);
            if settled && self.folded.insert(node.key) {
                self.rows.folds += 1;
            }
        }
    }

    /// The rows anew where what they depend on changed; one of them is always selected.
    pub(super) fn refresh_rows(&mut self, room: &Room) {
        // Only filters other than "all" look at statuses, so a tick does not rebuild twelve thousand rows.
        let digest = if self.filter == Filter::All { 0 } else { self.derived.digest };
        let key = (self.derived.outline, self.rows.folds, digest, self.filter);
        if self.rows.key != Some(key) {
            self.rows.key = Some(key);
            self.rebuild_rows(room);
        }
        if self.selected.is_none()
            && let Some(first) = self.rows.list.first()
        {
            self.select_node(room, *first);
        }
    }

    fn rebuild_rows(&mut self, room: &Room) {
        let d = &self.derived;
        let list = &mut self.rows.list;
        list.clear();
        let n = d.nodes.len() as u32;
        let mut i = 0;
        if self.filter == Filter::All {
            while let Some(node) = d.node(i) {
                list.push(i);
                i = if self.folded.contains(&node.key) && node.end > i + 1 { node.end } else { i + 1 };
            }
            return;
        }
        let now = room.now.utc;
        let ready = if self.filter == Filter::Ready { d.ready(room) } else { Vec::new() };
        let mut phase = NONE;
        for i in 0..n {
            let fits = d.is_leaf(i)
                && match self.filter {
                    Filter::All => true,
                    Filter::Mine => d.mine(room, i),
                    Filter::Ready => ready.binary_search(&i).is_ok(),
                    Filter::Late => d.is_late(i, now),
                    Filter::Failed => d.status_of(i) == Status::Failed,
                };
            let Some(node) = d.node(i).filter(|_| fits) else { continue };
            if node.phase != phase && node.phase != NONE {
                phase = node.phase;
                list.push(phase);
            }
            list.push(i);
        }
    }

    /// Folds and unfolds change which rows there are.
    pub(in crate::tui) fn refold(&mut self) {
        self.rows.folds += 1;
    }

    /// The selected node, whether it is shown or not.
    pub fn selected_node(&self) -> Option<u32> {
        match self.selected.as_ref()? {
            Spot::Step(id) => self.derived.node_of(id),
            Spot::Phase(key) => self.derived.nodes.iter().position(|n| n.key == *key).map(|i| i as u32),
        }
    }

    /// The selected row among those shown: its own, else that of what it is folded in, else the nearest above.
    pub fn selected_row(&self) -> usize {
        let Some(node) = self.selected_node() else { return 0 };
        match self.rows.list.binary_search(&node) {
            Ok(row) => row,
            Err(row) => row.saturating_sub(1),
        }
    }

    /// The node of the selected row.
    pub fn current(&self) -> Option<u32> {
        self.rows.list.get(self.selected_row()).copied()
    }

    /// The gate of the selected row, by its place in the plan.
    pub fn gate_selected(&self) -> Option<usize> {
        match self.derived.node(self.current()?)?.what {
            What::Gate(ix) => Some(ix),
            _ => None,
        }
    }

    /// The step of the selected row.
    pub fn current_step(&self, room: &Room) -> Option<StepId> {
        self.derived.id(room, self.current()?)
    }

    /// Selects a node.
    pub(in crate::tui) fn select_node(&mut self, room: &Room, node: u32) {
        let Some(n) = self.derived.node(node) else { return };
        self.selected = Some(match self.derived.id(room, node) {
            Some(id) => Spot::Step(id),
            None => Spot::Phase(n.key),
        });
    }

    /// The arrow goes to what is next for this person, else to what is next in the run.
    fn select_next(&mut self, room: &Room) {
        let next = if self.derived.next_mine == NONE { self.derived.next } else { self.derived.next_mine };
        self.select_node(room, next);
    }

    /// Selects a row among those shown.
    pub(in crate::tui) fn select_row(&mut self, room: &Room, row: usize) {
        let last = self.rows.list.len().saturating_sub(1);
        if let Some(node) = self.rows.list.get(row.min(last)).copied() {
            self.select_node(room, node);
        }
    }

    /// Unfolds whatever hides a node, and takes the filter off when that hides it.
    pub(in crate::tui) fn reveal(&mut self, room: &Room, node: u32) {
        let mut up = node;
        let mut changed = false;
        while let Some(n) = self.derived.node(up) {
            let above = if n.parent == NONE { n.phase } else { n.parent };
            if above == NONE || above == up {
                break;
            }
            up = above;
            changed |= self.derived.node(up).is_some_and(|n| self.folded.remove(&n.key));
        }
        if changed {
            self.refold();
            self.refresh(room);
        }
        if self.filter != Filter::All && self.rows.list.binary_search(&node).is_err() {
            self.filter = Filter::All;
            self.refresh(room);
        }
        self.select_node(room, node);
    }
}

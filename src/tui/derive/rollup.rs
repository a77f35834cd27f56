//! What becomes of the rows: each step's status, groups and phases rolled up from it, what is next, what is late.

use std::collections::HashSet;

use super::{Derived, NEVER, NONE, Node, What};
use crate::room::{Room, Status};

impl Derived {
    /// The statuses anew: of steps as they were marked, of groups and phases as their leaves are.
    pub(super) fn roll_up(&mut self, room: &Room) {
        let n = self.nodes.len();
        let mut status: Vec<Status> = Vec::with_capacity(n);
        for node in &self.nodes {
            status.push(match &node.what {
                What::Step(row) if self.book.step_at(*row).is_some_and(|s| room.left_out.contains(&s.id)) => {
                    Status::LeftOut
                }
                What::Step(row) if self.book.step_at(*row).and_then(|s| s.checked) == Some(true) => Status::InFile,
                _ => Status::Todo,
            });
        }
        self.owners.clear();
        let mut said = HashSet::new();
        for (id, state) in room.progress.touched() {
            let Some(&at) = self.index.get(id) else { continue };
            if state.newest.is_some() {
                if let Some(slot) = status.get_mut(at as usize) {
                    *slot = state.status;
                }
                said.insert(at);
            }
            if let Some(owner) = &state.owner {
                self.owners.insert(at, owner.raw().to_owned());
            }
        }
        // From the last to the first, so that a group's leaves are known before the group.
        let mut counts = vec![(0_u32, 0_u32); n];
        let mut begun = vec![(false, false); n];
        self.failed = 0;
        self.done = (0, 0);
        for i in (0..n).rev() {
            let Some(node) = self.nodes.get(i) else { continue };
            if node.is_phase() || node.is_gate() {
                continue;
            }
            let leaf = node.end as usize == i + 1;
            let own = status.get(i).copied().unwrap_or_default();
            let (count, (begun_here, failed_here)) = if leaf {
                self.failed += u32::from(own == Status::Failed);
                if own == Status::LeftOut {
                    ((0, 0), (false, false))
                } else {
                    ((u32::from(own.settled()), 1), (own != Status::Todo, own == Status::Failed))
                }
            } else {
                let count = counts.get(i).copied().unwrap_or_default();
                let (some, failed) = begun.get(i).copied().unwrap_or_default();
                let rolled = if own == Status::LeftOut || said.contains(&(i as u32)) && own != Status::Todo {
                    own
                } else if count.0 == count.1 {
                    Status::Done
                } else if failed {
                    Status::Failed
                } else if some {
                    Status::Running
                } else {
                    Status::Todo
                };
                if let Some(slot) = status.get_mut(i) {
                    *slot = rolled;
                }
                (count, (some, failed))
            };
            if let Some(slot) = counts.get_mut(i) {
                *slot = count;
            }
            if leaf {
                self.done = (self.done.0 + count.0, self.done.1 + count.1);
            }
            let up = if node.parent == NONE { node.phase } else { node.parent };
            if let Some(slot) = counts.get_mut(up as usize) {
                *slot = (slot.0 + count.0, slot.1 + count.1);
            }
            if let Some(slot) = begun.get_mut(up as usize) {
                *slot = (slot.0 || begun_here, slot.1 || failed_here);
            }
        }
        for (i, _) in self.nodes.iter().enumerate().filter(|(_, n)| n.is_phase()) {
            let (done, all) = counts.get(i).copied().unwrap_or_default();
            let (some, failed) = begun.get(i).copied().unwrap_or_default();
            if let Some(slot) = status.get_mut(i) {
                *slot = match (done == all && all > 0, failed, some) {
                    (true, ..) => Status::Done,
                    (_, true, _) => Status::Failed,
                    (_, _, true) => Status::Running,
                    _ => Status::Todo,
                };
            }
        }
        self.status = status;
        self.counts = counts;
    }

    /// What is next, as the room sees it.
    pub(super) fn find_next(&mut self, room: &Room) {
        let next = room.next_step();
        self.next = next.as_ref().and_then(|n| self.node_of(&n.step)).unwrap_or(NONE);
        self.next_mine = if next.is_some_and(|n| n.mine) { self.next } else { NONE };
    }

    /// How many leaves are late, and when the next one will be.
    pub(super) fn count_late(&mut self, now: i64) {
        self.late = 0;
        self.late_at = NEVER;
        for (i, due) in self.overdue.iter().enumerate() {
            if *due == NEVER || !self.is_leaf(i as u32) || self.status_of(i as u32).settled() {
                continue;
            }
            if *due < now {
                self.late += 1;
            } else {
                self.late_at = self.late_at.min(*due + 1);
            }
        }
    }
}

/// When a row is due, and when it is late: by how long it takes later.
pub fn due_of(room: &Room, node: &Node) -> (i64, i64) {
    let (due, takes) = match &node.what {
        What::Step(row) => room.book.step_at(*row).map_or((None, 0), |s| (room.due(s), s.estimate.unwrap_or(0))),
        What::Phase(row) => (room.book.phase_at(*row).and_then(|p| room.phase_due(p)), 0),
        _ => (None, 0),
    };
    due.map_or((NEVER, NEVER), |at| {
        let ms = at.timestamp_millis();
        (ms, ms.saturating_add(i64::try_from(takes).unwrap_or(0).saturating_mul(1_000)))
    })
}

//! What the screen shows of steps but nobody recorded: rows in order, roll-ups, what is due, late, ready, mine and next.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::clock::Stamp;
use crate::fact::{Fact, StepId};
use crate::plan::Plan;
use crate::plan::schedule::Order;
use crate::room::{self, Book, Room, Row, Status};
use crate::runbook::{Phase, Step};

/// No such node.
pub const NONE: u32 = u32::MAX;
/// Not due at any time.
pub const NEVER: i64 = i64::MAX;

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

/// What is on its way to the journal for one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The word for what was asked.
    pub word: &'static str,
    /// Could not be written yet.
    pub not_saved: bool,
}

/// Everything derived from steps; kept between frames and brought up to date by [`Derived::refresh`].
#[derive(Debug, Default)]
pub struct Derived {
    book: Arc<Book>,
    plan: Arc<Plan>,
    steps: Option<u64>,
    shape: (u64, usize),
    t0: Option<DateTime<Utc>>,
    times: u64,
    /// Grows when rows change their places.
    pub outline: u64,
    /// Grows when statuses, counts or lateness change.
    pub digest: u64,
    /// Rows.
    pub nodes: Vec<Node>,
    index: HashMap<StepId, u32>,
    /// Status of each node; of a group, rolled up.
    pub status: Vec<Status>,
    /// Leaves settled and all leaves below each node; of a leaf, itself.
    pub counts: Vec<(u32, u32)>,
    /// When each node is due, in milliseconds since the epoch, or [`NEVER`].
    pub due: Vec<i64>,
    /// When each node is late, with the time it takes added; or [`NEVER`].
    overdue: Vec<i64>,
    /// Owners given on the run.
    owners: HashMap<u32, String>,
    /// Drafts under way.
    pub pending: HashMap<StepId, Pending>,
    /// Leaves settled, leaves at all.
    pub done: (u32, u32),
    /// Leaves that are late.
    pub late: u32,
    /// Leaves that failed.
    pub failed: u32,
    late_at: i64,
    /// Gates among the rows.
    pub gates: usize,
    /// The leaf to do next, whoever does it.
    pub next: u32,
    /// The leaf to do next that is mine.
    pub next_mine: u32,
    haystack: Option<(u64, Vec<Box<str>>)>,
}

impl Derived {
    /// Brings everything up to date; costs nothing when nothing changed.
    pub fn refresh(&mut self, room: &Room) {
        let gone =
            || room.progress.touched().filter(|(id, s)| s.newest.is_some() && room.book.find(id).is_none()).count();
        let regated = !Arc::ptr_eq(&self.plan, &room.plan) && (self.gates > 0 || !room.plan.gates.is_empty());
        let reshaped =
            !Arc::ptr_eq(&self.book, &room.book) || regated || self.nodes.is_empty() && !room.book.rows.is_empty();
        let steps_changed = self.steps != Some(room.revision.steps);
        if reshaped || steps_changed {
            // A step that is renamed takes along what was added behind it.
            let added: Vec<_> = room.progress.added.values().map(|a| (&a.step, &a.after)).collect();
            let shape = (if added.is_empty() { 0 } else { hash(&added) }, gone());
            if reshaped || shape != self.shape {
                self.book = Arc::clone(&room.book);
                self.shape = shape;
                self.build(room);
                self.t0 = None;
                self.due.clear();
            }
        }
        let t0 = room.t0();
        let retimed = self.due.len() != self.nodes.len()
            || t0 != self.t0
            || self.times != room.revision.times
            || !Arc::ptr_eq(&self.plan, &room.plan);
        if retimed {
            self.t0 = t0;
            self.times = room.revision.times;
            self.plan = Arc::clone(&room.plan);
            (self.due, self.overdue) = self.nodes.iter().map(|n| due_of(room, n)).unzip();
        }
        let now = room.now.utc.timestamp_millis();
        if reshaped || steps_changed || retimed {
            self.steps = Some(room.revision.steps);
            self.fold_statuses(room);
            self.find_next(room);
        }
        if reshaped || steps_changed || retimed || now >= self.late_at {
            self.count_late(now);
            self.digest += 1;
        }
    }

    fn build(&mut self, room: &Room) {
        self.outline += 1;
        let book = &room.book;
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
        // Added steps are few: each goes behind what it was added after, with everything nested in that.
        for (stamp, added) in &room.progress.added {
            let after = added.after.as_ref().and_then(|id| place(&nodes, room, id));
            let (at, depth, parent, phase) = match after.and_then(|i| nodes.get(i)) {
                Some(n) if n.parent != NONE => (n.end, n.depth, n.parent, n.phase),
                Some(n) => (n.end, 0, NONE, n.phase),
                None => (nodes.len() as u32, 0, NONE, nodes.last().map_or(NONE, |n| n.phase)),
            };
            for n in &mut nodes {
                for link in [&mut n.phase, &mut n.parent] {
                    if *link != NONE && *link >= at {
                        *link += 1;
                    }
                }
            }
            let node = Node {
                what: What::Added(*stamp),
                depth,
                phase,
                parent,
                end: at + 1,
                key: hash(&("step", &added.step)),
            };
            nodes.insert(at as usize, node);
            close(&mut nodes);
        }
        self.gates = room.plan.gates.len();
        super::gate_rows::insert(&mut nodes, room);
        let mut gone: Vec<&StepId> = room
            .progress
            .touched()
            .filter(|(id, s)| {
                s.newest.is_some() && book.find(id).is_none() && !room.progress.added.values().any(|a| a.step == **id)
            })
            .map(|(id, _)| id)
            .collect();
        gone.sort();
        if !gone.is_empty() {
            let title = nodes.len() as u32;
            nodes.push(Node {
                what: What::GoneTitle,
                depth: 0,
                phase: title,
                parent: NONE,
                end: title + 1,
                key: hash(&"gone"),
            });
            for id in gone {
                let end = nodes.len() as u32 + 1;
                nodes.push(Node {
                    what: What::Gone(id.clone()),
                    depth: 0,
                    phase: title,
                    parent: NONE,
                    end,
                    key: hash(&("step", id)),
                });
            }
            close(&mut nodes);
        }
        self.index = nodes.iter().enumerate().filter_map(|(i, n)| Some((id_of(room, n)?, i as u32))).collect();
        self.nodes = nodes;
    }

    fn fold_statuses(&mut self, room: &Room) {
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
        for (i, node) in self.nodes.iter().enumerate().filter(|(_, n)| n.is_phase()) {
            let (done, all) = counts.get(i).copied().unwrap_or_default();
            let (some, failed) = begun.get(i).copied().unwrap_or_default();
            let _ = node;
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
        self.pending.clear();
        for unsaved in room.unsaved.values() {
            let Some(step) = unsaved.draft.fact.step() else { continue };
            let word = match &unsaved.draft.fact {
                Fact::StepMarked { mark, .. } => room::apply::mark_word(*mark),
                Fact::StepTicked(_) => room::apply::mark_word(crate::fact::Mark::Done),
                Fact::Noted { .. } => "note",
                Fact::StepOwned { .. } => "owner",
                Fact::CommandStarted(_) => "run",
                _ => "new",
            };
            self.pending.insert(step.clone(), Pending { word, not_saved: unsaved.trouble.is_some() });
        }
    }

    /// What is next, as the room sees it.
    fn find_next(&mut self, room: &Room) {
        let next = room.next_step();
        self.next = next.as_ref().and_then(|n| self.node_of(&n.step)).unwrap_or(NONE);
        self.next_mine = if next.is_some_and(|n| n.mine) { self.next } else { NONE };
    }

    fn count_late(&mut self, now: i64) {
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

    /// The phase the run is in: that of the next step.
    pub fn current_phase(&self) -> Option<u32> {
        self.node(self.next).map(|n| n.phase).filter(|p| *p != NONE)
    }

    /// The node of a step.
    pub fn node_of(&self, id: &StepId) -> Option<u32> {
        self.index.get(id).copied()
    }

    /// The node.
    pub fn node(&self, i: u32) -> Option<&Node> {
        self.nodes.get(i as usize)
    }

    /// Whether nothing is nested in it and it is a step.
    pub fn is_leaf(&self, i: u32) -> bool {
        self.node(i).is_some_and(|n| !n.is_phase() && !n.is_gate() && n.end == i + 1)
    }

    /// Its status; of a group or phase, rolled up.
    pub fn status_of(&self, i: u32) -> Status {
        self.status.get(i as usize).copied().unwrap_or_default()
    }

    /// Whether a gate stands below a row that is not decided: it must not be folded out of sight.
    pub fn holds_open_gate(&self, room: &Room, i: u32) -> bool {
        let below = self.node(i).and_then(|n| self.nodes.get(i as usize..n.end as usize)).unwrap_or_default();
        below.iter().any(|n| match n.what {
            What::Gate(ix) => room.gate_is_open(ix),
            _ => false,
        })
    }

    /// When it is due.
    pub fn due_at(&self, i: u32) -> Option<DateTime<Utc>> {
        self.due.get(i as usize).filter(|ms| **ms != NEVER).and_then(|ms| DateTime::from_timestamp_millis(*ms))
    }

    /// Unsettled and past its time.
    pub fn is_late(&self, i: u32, now: DateTime<Utc>) -> bool {
        self.is_leaf(i)
            && !self.status_of(i).settled()
            && self.overdue.get(i as usize).is_some_and(|at| *at < now.timestamp_millis())
    }

    /// Who is to do it: the owner given on the run, else the role written in the runbook. Escaped.
    pub fn owner(&self, room: &Room, i: u32) -> String {
        match self.owners.get(&i) {
            Some(owner) => crate::text::escape(owner),
            None => self.step(room, i).and_then(|s| s.role.as_ref()).map(ToString::to_string).unwrap_or_default(),
        }
    }

    /// Whether it is for the person at this terminal.
    pub fn mine(&self, room: &Room, i: u32) -> bool {
        match (self.step(room, i), self.owners.get(&i)) {
            (Some(step), _) => room.mine(step),
            (None, Some(owner)) => owner.eq_ignore_ascii_case(room.me.author.person.raw()),
            (None, None) => false,
        }
    }

    /// Leaves that can be done now, in order: unsettled, and with nothing open before them where their list is ordered.
    pub fn ready(&self, room: &Room) -> Vec<u32> {
        let strict = room.plan.room.order == Order::Strict;
        let mut open = HashSet::new();
        let mut out = Vec::new();
        for i in (0..self.nodes.len() as u32).filter(|i| self.is_leaf(*i) && !self.status_of(*i).settled()) {
            let Some(node) = self.node(i) else { continue };
            let step = self.step(room, i);
            let ordered = step.is_some_and(|s| room.keeps_order(s));
            // Where the plan is strict, a section is one list, whatever its steps are.
            let list = if strict { (NONE, None) } else { (node.parent, step.map(|s| s.kind)) };
            if !ordered || open.insert((node.phase, list)) {
                out.push(i);
            }
        }
        out
    }

    /// The step as written; none for phases, added and vanished steps.
    pub fn step<'a>(&self, room: &'a Room, i: u32) -> Option<&'a Step> {
        match self.node(i)?.what {
            What::Step(row) => room.book.step_at(row),
            _ => None,
        }
    }

    /// The phase as written.
    pub fn phase<'a>(&self, room: &'a Room, i: u32) -> Option<&'a Phase> {
        match self.node(i)?.what {
            What::Phase(row) => room.book.phase_at(row),
            _ => None,
        }
    }

    /// Identity of a step's node.
    pub fn id(&self, room: &Room, i: u32) -> Option<StepId> {
        id_of(room, self.node(i)?)
    }

    /// What a row says, escaped.
    pub fn text(&self, room: &Room, i: u32) -> String {
        match self.node(i).map(|n| &n.what) {
            Some(What::Phase(row)) => room.book.phase_at(*row).map(|p| p.title.to_string()).unwrap_or_default(),
            Some(What::Step(row)) => room.book.step_at(*row).map(|s| room.shown(&s.text)).unwrap_or_default(),
            Some(What::Added(stamp)) => room.progress.added.get(stamp).map(|a| a.text.to_string()).unwrap_or_default(),
            Some(What::GoneTitle) => "No longer in the runbook".to_owned(),
            Some(What::Gone(id)) => room.step_text(id).unwrap_or_else(|| format!("step {id}")),
            Some(What::Gate(ix)) => room.plan.gates.get(*ix).map(|g| crate::text::escape(&g.name)).unwrap_or_default(),
            None => String::new(),
        }
    }

    /// Nodes whose text holds `query`, ignoring case; the texts are lowered once for each outline.
    pub fn find(&mut self, room: &Room, query: &str) -> Vec<u32> {
        let query = query.to_lowercase();
        if query.is_empty() {
            return Vec::new();
        }
        if self.haystack.as_ref().is_none_or(|(outline, _)| *outline != self.outline) {
            let texts =
                (0..self.nodes.len() as u32).map(|i| self.text(room, i).to_lowercase().into_boxed_str()).collect();
            self.haystack = Some((self.outline, texts));
        }
        let Some((_, texts)) = &self.haystack else { return Vec::new() };
        texts.iter().enumerate().filter(|(_, text)| text.contains(&query)).map(|(i, _)| i as u32).collect()
    }
}

fn id_of(room: &Room, node: &Node) -> Option<StepId> {
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
pub(super) fn close(nodes: &mut [Node]) {
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

fn due_of(room: &Room, node: &Node) -> (i64, i64) {
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

/// A hash within this process.
pub fn hash<T: Hash>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

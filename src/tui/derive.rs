//! What the screen shows of steps but nobody recorded: rows in order, roll-ups, what is due, late, ready, mine and next.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::fact::{Fact, StepId};
use crate::plan::Plan;
use crate::plan::schedule::Order;
use crate::room::{self, Book, Room, Status};
use crate::runbook::{Phase, Step};

mod gates;
mod outline;
mod rollup;

pub use outline::{NONE, Node, What};

/// Not due at any time.
pub const NEVER: i64 = i64::MAX;

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
    /// Cells of the longest role that a step names.
    pub widest_role: u16,
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
                self.outline += 1;
                self.gates = room.plan.gates.len();
                self.nodes = outline::rows(room);
                let index = self.nodes.iter().zip(0..).filter_map(|(n, i)| Some((outline::id_of(room, n)?, i)));
                self.index = index.collect();
                let roles = (0..self.nodes.len() as u32).filter_map(|i| self.step(room, i)?.role.as_ref());
                self.widest_role =
                    roles.map(|role| crate::text::cells(&role.to_string()) as u16).max().unwrap_or_default();
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
            (self.due, self.overdue) = self.nodes.iter().map(|n| rollup::due_of(room, n)).unzip();
        }
        let now = room.now.utc.timestamp_millis();
        if reshaped || steps_changed || retimed {
            self.steps = Some(room.revision.steps);
            self.roll_up(room);
            self.find_next(room);
            self.find_pending(room);
        }
        if reshaped || steps_changed || retimed || now >= self.late_at {
            self.count_late(now);
            self.digest += 1;
        }
    }

    /// What is on its way to the journal.
    fn find_pending(&mut self, room: &Room) {
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
        outline::id_of(room, self.node(i)?)
    }

    /// What a row says, escaped. A role in brackets at its end stands in the owner's column already.
    pub fn text(&self, room: &Room, i: u32) -> String {
        let mut text = self.full_text(room, i);
        if let Some(role) = self.step(room, i).and_then(|step| step.role.as_ref()) {
            let stem =
                text.trim_end_matches('.').strip_suffix(')').and_then(|t| t.strip_suffix(role.to_string().as_str()));
            if let Some(stem) = stem.and_then(|t| t.strip_suffix('(')).map(str::trim_end).filter(|t| !t.is_empty()) {
                text.truncate(stem.len());
            }
        }
        text
    }

    fn full_text(&self, room: &Room, i: u32) -> String {
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
                (0..self.nodes.len() as u32).map(|i| self.full_text(room, i).to_lowercase().into_boxed_str()).collect();
            self.haystack = Some((self.outline, texts));
        }
        let Some((_, texts)) = &self.haystack else { return Vec::new() };
        texts.iter().enumerate().filter(|(_, text)| text.contains(&query)).map(|(i, _)| i as u32).collect()
    }
}

/// A hash within this process.
pub fn hash<T: Hash>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

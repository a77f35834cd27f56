//! What one person's screen looks like: one plain struct, changed by keys and, for offsets alone, by drawing.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tui_input::Input;

use super::derive::{Derived, NONE, What};
use super::keys::Keymap;
use super::layout::{LayoutName, Pane, Plot};
use super::on_key::After;
use super::run_sheet::RunSheet;
use super::widgets::glyphs::Charset;
use crate::clock::{Now, Stamp, Writer};
use crate::fact::gate::Vote;
use crate::fact::retreat::Choice;
use crate::fact::{CallKind, StepId};
use crate::probe::series::Series;
use crate::room::{Intent, Room, Status};

/// Toasts kept at most.
const TOASTS: usize = 3;
/// How long a toast stays.
const TOAST_FOR: Duration = Duration::from_secs(6);

/// What one person's screen looks like.
#[derive(Debug)]
pub struct View {
    /// Which arrangement of panes.
    pub layout: LayoutName,
    /// The pane that has the keys.
    pub focus: Pane,
    /// Shows the focused pane alone.
    pub zoom: bool,
    /// What the keys mean now.
    pub mode: Mode,
    /// What the checklist shows.
    pub filter: Filter,
    /// The row the keys act on.
    pub selected: Option<Spot>,
    /// Phases and groups that are folded, by [`super::derive::Node::key`].
    pub folded: HashSet<u64>,
    /// What the detail pane is about.
    pub detail: Detail,
    /// The selected service, by its place in the plan.
    pub service: usize,
    /// The selected alarm; none is the first.
    pub alarm: Option<Alarmed>,
    /// A find that is on.
    pub find: Option<Find>,
    /// How far back charts reach.
    pub span: Duration,
    /// Columns of the cross-hair from the right end of the charts, where it is on.
    pub hair: Option<u16>,
    /// Charts as they were, while collection goes on.
    pub frozen: Option<Frozen>,
    /// What the terminal can show.
    pub charset: Charset,
    /// Whether the mouse does anything; off by default.
    pub mouse: bool,
    /// The keys in force, for hints and help.
    pub keymap: Arc<Keymap>,
    /// Rows scrolled away at the top of each pane, by [`Pane::index`].
    pub scroll: [usize; Pane::COUNT],
    /// Short messages, oldest first.
    pub toasts: VecDeque<Toast>,
    /// What is derived from steps, kept between frames.
    pub derived: Derived,
    /// Grows with each key that may change what is drawn.
    pub(super) epoch: u64,
    /// Rows of the checklist after folds and filter.
    pub(super) rows: Rows,
    /// Where each pane was drawn last, with its key.
    pub(super) drawn: Vec<(Plot, u64)>,
    /// What was drawn over the panes last time.
    pub(super) covered: Vec<Rect>,
    /// What the whole screen depends on.
    pub(super) frame: u64,
    pub(super) scratch: Option<Buffer>,
    /// Height of the pane each scroll offset belongs to, as drawn last.
    pub(super) heights: [u16; Pane::COUNT],
    /// Begun with: settled phases folded, the next step selected.
    pub(super) begun: bool,
    /// Until somebody moves the arrow or changes a step it goes along with what comes next, and settled phases fold. Never
    /// after a key of this person: a second press must not tick another step than the first.
    pub follow: bool,
    /// The statuses that were followed last.
    pub(super) followed: u64,
    /// When the newest timer was called out that is known here; none before the past was read.
    rung: Option<Stamp>,
    /// The newest change of level that was called out; none before the first look.
    levelled: Option<Stamp>,
    /// Whether the bell is to ring with the next frame.
    bell: bool,
}

/// Before every entry.
const NEVER: Stamp = Stamp { ms: i64::MIN, n: 0, writer: Writer(0) };

/// The row the keys act on, by what survives a reload.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Spot {
    /// A phase, by its fold key.
    Phase(u64),
    /// A step.
    Step(StepId),
}

/// Where the line of a prompt comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Line {
    /// Put there for the person: what is typed first replaces it.
    Offered,
    /// Typed, or made one's own by moving in it.
    #[default]
    Typed,
}

/// What the keys mean now.
#[derive(Clone, Debug, Default)]
pub enum Mode {
    /// Moving and acting.
    #[default]
    Normal,
    /// Typing what to find.
    Find(Input),
    /// Typing one line.
    Prompt {
        /// What for.
        purpose: Purpose,
        /// The line so far.
        input: Input,
        /// Who wrote it.
        line: Line,
    },
    /// One of several, by a letter; anything else cancels.
    Choose {
        /// Shown above.
        title: String,
        /// Letter, what it says, what it does.
        options: Vec<(char, String, Next)>,
        /// Input is ignored for 300 ms from here.
        opened: Now,
    },
    /// Yes, or anything else cancels.
    Confirm {
        /// What would be done, in full.
        question: String,
        /// What a yes does.
        then: Box<Next>,
        /// Input is ignored for 300 ms from here.
        opened: Now,
    },
    /// Every key with its meaning.
    Help,
    /// Finding an action by its words.
    Palette {
        /// The words so far.
        input: Input,
        /// The chosen line.
        at: usize,
    },
    /// A gate with what can be done there; any other key closes it.
    Gate {
        /// Its name.
        gate: String,
        /// Input is ignored for 300 ms from here.
        opened: Now,
    },
    /// What a step's command would do, before it does it.
    Run(Box<RunSheet>),
    /// Rollbacks or breakers with what can be done there; any other key closes it.
    Way {
        /// Which sheet.
        sheet: Sheet,
        /// The row chosen.
        at: usize,
        /// Input is ignored for 300 ms from here.
        opened: Now,
    },
}

/// A sheet of ways back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sheet {
    /// Levels and rollback plans.
    Rollbacks,
    /// Emergency breakers.
    Breakers,
    /// Steps whose command was aborted.
    Aborted,
}

/// What a dialog leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Ask for a line.
    Prompt(Purpose),
    /// Ask the room.
    Do(Intent),
    /// Ask first.
    Confirm(String, Intent),
    /// Ask which phase to go back to.
    Recycle,
    /// Leave.
    Quit,
    /// Leave when no run of this process goes on.
    LeaveAfter(After),
    /// Choose a symptom to declare.
    Declare,
    /// Show what a step would run.
    Run(StepId),
    /// Show the ways back.
    Rollbacks,
}

/// What a typed line is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Note on a step, or on the room.
    Note(Option<StepId>),
    /// Why it failed.
    Fail(StepId),
    /// Why it is left out.
    Skip(StepId),
    /// Why it does not apply.
    NotApplicable(StepId),
    /// Why it is waived.
    Waive(StepId),
    /// Whose it is.
    Owner(StepId),
    /// A new step, after this one.
    Add(Option<StepId>),
    /// The moment of T-0.
    T0,
    /// A word on taking an alert on.
    Acknowledge(String),
    /// For how long and why an alert is silenced; none is all of them.
    Silence(Option<String>),
    /// Why everybody is paged.
    PageAll,
    /// Why the clock is held, and for how long.
    Hold,
    /// Of what a timer reminds, and when.
    Timer,
    /// By how much a window is extended, and why.
    Extend(String),
    /// Why the clock goes back to a phase.
    Recycle(String),
    /// What is answered to a call.
    Answer(CallKind, String),
    /// Why a step is ticked out of its turn.
    TickAnyway(StepId),
    /// Why a step is begun out of its turn.
    StartAnyway(StepId),
    /// A word on a vote on a gate.
    Vote(String, Vote),
    /// Why a gate is decided NO-GO.
    NoGo(String),
    /// Why a gate is decided GO against what is computed.
    Override(String),
    /// Why a gate is opened again.
    Reopen(String),
    /// The word that fires a rollback plan.
    FireRollback(String, Option<String>),
    /// Why a rollback plan is given up.
    AbortRollback(String),
    /// Why it is decided so about a level.
    DecideLevel(String, Choice),
    /// What was seen: level, symptom.
    Declare(String, String),
    /// Why a symptom is withdrawn: level, symptom.
    Withdraw(String, String),
    /// The word that fires a breaker, and why.
    Pull(String, String),
    /// The answer to a parameter.
    Param(String),
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

/// What the detail pane is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Detail {
    /// The selected step.
    #[default]
    Step,
    /// The selected service.
    Service,
    /// The selected alert.
    Alert,
    /// The board about itself.
    Board,
}

/// What an alarm is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Alarmed {
    /// An alert of a rule, by its name.
    Alert(String),
    /// Several of one rule that stand alike, by the name they share.
    Kind(String),
    /// A service, by its place in the plan.
    Service(usize),
    /// A metric, by its place in the plan.
    Metric(usize),
}

/// A find that is on.
#[derive(Clone, Debug, Default)]
pub struct Find {
    /// What is sought.
    pub query: String,
    /// Nodes that hold it, in order.
    pub matches: Vec<u32>,
    /// For which outline the matches hold.
    pub outline: u64,
}

/// A short message.
#[derive(Clone, Debug)]
pub struct Toast {
    /// What.
    pub text: String,
    /// How bad.
    pub tone: Tone,
    /// Since when.
    pub at: Now,
}

/// How bad a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Worth knowing.
    Quiet,
    /// Refused, or in trouble.
    Bad,
}

/// Charts as they were.
#[derive(Clone, Debug)]
pub struct Frozen {
    /// Since when.
    pub at: Now,
    /// Series of the plan's metrics at that moment.
    pub metrics: Vec<Series>,
}

/// Rows of the checklist after folds and filter; indices into the outline.
#[derive(Debug, Default)]
pub struct Rows {
    key: Option<(u64, u64, u64, Filter)>,
    /// Ascending.
    pub list: Vec<u32>,
    folds: u64,
}

impl Default for View {
    fn default() -> Self {
        Self::new()
    }
}

impl View {
    /// The commander's layout with the checklist in focus.
    pub fn new() -> Self {
        Self {
            layout: LayoutName::Commander,
            focus: Pane::Checklist,
            zoom: false,
            mode: Mode::Normal,
            filter: Filter::All,
            selected: None,
            folded: HashSet::new(),
            detail: Detail::Step,
            service: 0,
            alarm: None,
            find: None,
            span: Duration::from_mins(30),
            hair: None,
            frozen: None,
            charset: Charset::Braille,
            mouse: false,
            keymap: Arc::new(Keymap::load(&[]).unwrap_or_default()),
            scroll: [0; Pane::COUNT],
            toasts: VecDeque::new(),
            derived: Derived::default(),
            epoch: 0,
            rows: Rows::default(),
            drawn: Vec::new(),
            covered: Vec::new(),
            frame: 0,
            scratch: None,
            heights: [0; Pane::COUNT],
            begun: false,
            follow: true,
            followed: 0,
            rung: None,
            levelled: None,
            bell: false,
        }
    }

    /// Everything is drawn again with the next frame: after a change of theme, a resume, a resize.
    pub fn invalidate(&mut self) {
        self.drawn.clear();
        self.frame = 0;
    }

    /// Shows a short message for a few seconds; more than three push the oldest out.
    pub fn toast(&mut self, now: Now, tone: Tone, text: impl Into<String>) {
        while self.toasts.len() >= TOASTS {
            self.toasts.pop_front();
        }
        self.toasts.push_back(Toast { text: text.into(), tone, at: now });
    }

    /// Calls out timers that ran out since the last time; those of before this screen was opened are the past.
    fn call_out(&mut self, room: &Room) {
        if room.journal == crate::room::JournalHealth::Opening {
            return;
        }
        let timers = || room.progress.schedule.timers.values().filter_map(|timer| Some((timer.rang?, timer)));
        let newest = timers().map(|(stamp, _)| stamp).max().unwrap_or(NEVER);
        if let Some(known) = self.rung.replace(newest) {
            let new = timers().filter(|(stamp, timer)| *stamp > known && timer.ended.is_none());
            let says: Vec<String> = new.filter_map(|(_, t)| t.set.as_ref().map(|set| set.text.to_string())).collect();
            for text in says {
                self.bell = true;
                self.toast(room.now, Tone::Bad, format!("TIMER {text}"));
            }
        }
    }

    /// Calls out a level that the room came onto since the last time, with the way back that is the cheapest.
    fn call_level(&mut self, room: &Room) {
        if room.journal == crate::room::JournalHealth::Opening {
            return;
        }
        let Some((stamp, to, _)) = room.progress.retreat.level() else {
            self.levelled.get_or_insert(NEVER);
            return;
        };
        if self.levelled.replace(stamp).is_some_and(|known| stamp > known)
            && let Some(level) = to
        {
            let way = room.recommended().and_then(|ix| room.plan.rollbacks.get(ix));
            let way = way.map(|plan| format!("; the cheapest way back is \"{}\"", plan.name)).unwrap_or_default();
            self.bell = true;
            self.toast(room.now, Tone::Bad, format!("LEVEL {level}{way}: R decides"));
        }
    }

    /// Whether the bell is to ring; once for each time.
    pub fn take_bell(&mut self) -> bool {
        std::mem::take(&mut self.bell)
    }

    /// Drops messages that have been shown long enough.
    pub(super) fn expire_toasts(&mut self, now: Now) {
        self.toasts.retain(|t| now.since(t.at) < TOAST_FOR);
    }

    /// Brings derived rows up to date; called before drawing and before a key is understood.
    pub fn refresh(&mut self, room: &Room) {
        self.derived.refresh(room);
        if let Mode::Run(sheet) = &mut self.mode {
            super::run_sheet::refresh(room, sheet);
        }
        self.call_out(room);
        self.call_level(room);
        if !self.begun && !self.derived.nodes.is_empty() && room.journal != crate::room::JournalHealth::Opening {
            self.begun = true;
            for (i, node) in self.derived.nodes.iter().enumerate().filter(|(_, n)| n.is_phase()) {
                if self.derived.status_of(i as u32) == Status::Done && !self.derived.holds_open_gate(room, i as u32) {
                    self.folded.insert(node.key);
                }
            }
            self.rows.folds += 1;
            self.followed = self.derived.digest;
            // Before the first key the arrow goes to what is next, once the past has been read.
            if self.selected.is_none() || self.epoch == 0 {
                self.select_next(room);
            }
        }
        if self.begun && self.follow && self.followed != self.derived.digest {
            self.followed = self.derived.digest;
            for (i, node) in self.derived.nodes.iter().enumerate().filter(|(_, n)| n.is_phase()) {
                let settled =
                    self.derived.status_of(i as u32) == Status::Done && !self.derived.holds_open_gate(room, i as u32);
                if settled && self.folded.insert(node.key) {
                    self.rows.folds += 1;
                }
            }
            self.select_next(room);
        }
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
        if let Some(mut find) = self.find.take() {
            if find.outline != self.derived.outline {
                find.matches = self.derived.find(room, &find.query);
                find.outline = self.derived.outline;
            }
            self.find = Some(find);
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
    pub(super) fn refold(&mut self) {
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
    pub(super) fn select_node(&mut self, room: &Room, node: u32) {
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
    pub(super) fn select_row(&mut self, room: &Room, row: usize) {
        let last = self.rows.list.len().saturating_sub(1);
        if let Some(node) = self.rows.list.get(row.min(last)).copied() {
            self.select_node(room, node);
        }
    }

    /// Unfolds whatever hides a node, and takes the filter off when that hides it.
    pub(super) fn reveal(&mut self, room: &Room, node: u32) {
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

    /// Where a pane was drawn last.
    pub fn region(&self, pane: Pane) -> Option<Rect> {
        self.drawn.iter().find(|(p, _)| p.pane == pane).map(|(p, _)| p.area)
    }
}

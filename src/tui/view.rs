//! What one person's screen looks like: one plain struct, changed by keys and, for offsets alone, by drawing.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::derive::Derived;
use super::keys::Keymap;
use super::layout::{LayoutName, Pane, Plot};
use super::widgets::glyphs::Charset;
use crate::clock::{Now, Stamp};
use crate::probe::series::Series;
use crate::room::Room;

mod messages;
mod mode;
mod rows;

pub use messages::{Toast, Tone};
pub use mode::{Line, Mode, Next, Purpose, Sheet};
pub use rows::{Filter, Rows, Spot};

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

/// Charts as they were.
#[derive(Clone, Debug)]
pub struct Frozen {
    /// Since when.
    pub at: Now,
    /// Series of the plan's metrics at that moment.
    pub metrics: Vec<Series>,
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

    /// Brings derived rows up to date; called before drawing and before a key is understood.
    pub fn refresh(&mut self, room: &Room) {
        self.derived.refresh(room);
        if let Mode::Run(sheet) = &mut self.mode {
            super::run_sheet::refresh(room, sheet);
        }
        self.call_out(room);
        self.go_along(room);
        self.refresh_rows(room);
        if let Some(find) = self.find.as_mut().filter(|find| find.outline != self.derived.outline) {
            find.matches = self.derived.find(room, &find.query);
            find.outline = self.derived.outline;
        }
    }

    /// Where a pane was drawn last.
    pub fn region(&self, pane: Pane) -> Option<Rect> {
        self.drawn.iter().find(|(p, _)| p.pane == pane).map(|(p, _)| p.area)
    }
}

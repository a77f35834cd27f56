//! What is true now: runbook, plan, progress and live readings, and the verbs that change them.
//!
//! [`decide`] reads and says what to record or refuses; [`apply`] folds entries into [`Progress`] and is its only writer;
//! [`observe::observe`] and [`observe::tick`] write [`Live`]. None of them does anything: effects come back as data. Time is an argument.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use uuid::Uuid;

use crate::clock::Now;
use crate::fact::{Author, Draft, StepId};
use crate::plan::Plan;
use crate::plan::decisions::WindowPlan;
use crate::runbook::Runbook;
use crate::text::Untrusted;

pub mod abort;
mod ageing;
pub mod alarms;
pub mod alert;
mod alert_intents;
pub mod alerts;
mod amount;
mod anchor;
pub mod apply;
pub mod attempts;
pub mod baseline;
pub mod book;
pub mod bound;
pub mod calls;
pub mod causes;
mod clock_intents;
pub mod clocks;
pub mod command;
pub mod decide;
mod environments;
pub mod episodes;
pub mod expect;
pub mod forecast;
mod foreign;
mod forward;
pub mod heard;
pub mod hold;
mod intent;
pub mod judge;
mod launch;
pub mod live;
mod next_back;
pub mod next_for;
pub mod observe;
pub mod order;
pub mod params;
pub mod profile;
pub mod quoting;
pub mod recycle;
pub mod renames;
mod runs;
pub mod schedule;
pub mod slo;
mod step_intents;
pub mod steps;
pub mod timers;
pub mod trust;
mod upkeep;
pub mod verdict;
pub mod versions;
pub mod windows;

mod asked;
pub mod ballots;
pub mod dwell;
pub mod evidence;
pub mod gate;
pub mod gates;
pub mod vote;

pub mod breaker;
pub mod level;
pub mod retreat;
pub mod rollback;
mod way_back;

pub use apply::{Loaded, Marking, Progress, Status, StepState};
pub use book::{Book, Row};
pub use decide::Refusal;
pub use intent::{Confirmed, Intent};
pub use live::{Live, MetricLive, RunLive, ServiceLive, SloLive, VerdictLive, Watch, Whose};
pub use steps::{Next, Rollup};
pub use versions::{Running, Versions};

/// Everything one process knows of the room.
#[derive(Debug)]
pub struct Room {
    /// Who sits here.
    pub me: Me,
    /// The runbooks as read.
    pub book: Arc<Book>,
    /// The plan in force.
    pub plan: Arc<Plan>,
    /// What has been recorded.
    pub progress: Progress,
    /// What is measured.
    pub live: Live,
    /// Handed to the journal and not yet durable, by id; shown as pending, or as not saved.
    pub unsaved: BTreeMap<Uuid, Unsaved>,
    /// Whether the journal can write.
    pub journal: JournalHealth,
    /// The newest reading of the clocks.
    pub now: Now,
    /// How many times faster than the network the room's clock runs: 1 in earnest, more in a rehearsal. Answers take as
    /// long as ever, so silence is given that much more of the room's time.
    pub speed: u32,
    /// What changed, for whoever draws.
    pub revision: Revision,
    /// The newest trouble of an edge that people should see, in words.
    pub trouble: Option<String>,
    /// Steps that the profile in force leaves out.
    pub left_out: HashSet<StepId>,
    /// The windows of the plan, for as long as the profile in force watches.
    pub watched: Vec<WindowPlan>,
    /// Why the plan file as it stands on disk is not in force; one line each.
    pub plan_trouble: Vec<String>,
    /// What the steps said that have left the runbook while something is recorded of them.
    pub gone: HashMap<StepId, Untrusted>,
    /// When phases began whose times are counted from there, by file and phase.
    pub begun: HashMap<(u32, u32), chrono::DateTime<chrono::Utc>>,
    /// Where commands run.
    pub site: Site,
}

/// Whether what is done here is done for real.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Earnest {
    /// It is.
    #[default]
    Real,
    /// A rehearsal: commands are shown and not run.
    Rehearsal,
    /// On a make-believe production: its own tool runs, which can reach nothing else, and no other command does.
    MakeBelieve,
}

/// Where this process runs commands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// The folder of the plan, absolute.
    pub folder: PathBuf,
    /// The machine's name.
    pub host: String,
    /// Whether they run at all.
    pub earnest: Earnest,
    /// Whether there is a terminal that can be handed over.
    pub screen: Screen,
}

/// Whether this process has a screen of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Screen {
    /// It has none.
    #[default]
    None,
    /// A person sits in front of it.
    Here,
}

/// Who sits at this process.
#[derive(Clone, Debug)]
pub struct Me {
    /// Name and role that go into entries.
    pub author: Author,
    /// Cannot record anything.
    pub read_only: bool,
}

/// A draft on its way to the journal.
#[derive(Clone, Debug)]
pub struct Unsaved {
    /// What.
    pub draft: Draft,
    /// Since when.
    pub since: Now,
    /// Why it could not be written; `None` while it is only under way.
    pub trouble: Option<String>,
}

/// Whether the journal can write.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum JournalHealth {
    /// Still reading the past.
    #[default]
    Opening,
    /// Entries are durable when they come home.
    Safe,
    /// Nothing is acknowledged until it is back; why.
    Broken(String),
}

/// Counters that grow when the part they name changes; a pane draws again when one it reads has grown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Revision {
    /// Steps, owners, notes, unsaved, runbook.
    pub steps: u64,
    /// Timeline.
    pub timeline: u64,
    /// Service states and readings.
    pub services: u64,
    /// Metric values.
    pub metrics: u64,
    /// Verdict, watch, journal health, T-0.
    pub header: u64,
    /// Alerts, silences, notices, the baseline.
    pub alerts: u64,
    /// When things are due, other than by T-0: anchors of phases, jumps of the clock.
    pub times: u64,
    /// Runs of commands and their output.
    pub runs: u64,
}

/// What the room wants done; `app` does it.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Record these; they come home as entries.
    Append(Vec<Draft>),
}

impl Room {
    /// A room before its first entry.
    pub fn new(me: Me, book: Arc<Book>, plan: Arc<Plan>, now: Now) -> Self {
        let live = Live::new(&plan, now);
        let mut room = Self {
            me,
            book,
            progress: Progress::default(),
            live,
            plan,
            unsaved: BTreeMap::new(),
            journal: JournalHealth::Opening,
            now,
            speed: 1,
            revision: Revision::default(),
            trouble: None,
            left_out: HashSet::new(),
            watched: Vec::new(),
            plan_trouble: Vec::new(),
            gone: HashMap::new(),
            begun: HashMap::new(),
            site: Site::default(),
        };
        room.apply_profile();
        room
    }

    /// Takes another runbook and plan; what is measured is kept by name.
    pub fn replace(&mut self, book: Book, plan: Plan) {
        let old = std::mem::replace(&mut self.book, Arc::new(book));
        self.remember_gone(&old);
        self.replan(plan);
    }

    /// Takes another plan; what is measured is kept by name.
    pub fn replan(&mut self, plan: Plan) {
        let mut live = Live::new(&plan, self.now);
        let old = std::mem::replace(&mut self.plan, Arc::new(plan));
        for (service, kept) in old.services.iter().zip(std::mem::take(&mut self.live.services)) {
            if let Some(ix) =
                self.plan.services.iter().position(|s| s.name == service.name && s.target == service.target)
                && let Some(slot) = live.services.get_mut(ix)
            {
                *slot = kept;
            }
        }
        for (metric, kept) in old.metrics.iter().zip(std::mem::take(&mut self.live.metrics)) {
            if let Some(ix) = self.plan.metrics.iter().position(|m| m.name == metric.name && m.unit == metric.unit)
                && let Some(slot) = live.metrics.get_mut(ix)
            {
                *slot = kept;
            }
        }
        slo::keep(&old, std::mem::take(&mut self.live.slos), &self.plan, &mut live.slos);
        gate::keep(&old, std::mem::take(&mut self.live.gates), &self.plan, &mut live.gates);
        bound::keep(&old, std::mem::take(&mut self.live.bound), &self.plan, &mut live.bound);
        level::keep(&old, std::mem::take(&mut self.live.levels), &self.plan, &mut live.levels);
        alerts::keep(&old, &self.plan, &mut self.live, &mut live);
        live.watch = std::mem::take(&mut self.live.watch);
        live.verdict = self.live.verdict.clone();
        live.keep_clocks(&self.live);
        live.runs = std::mem::take(&mut self.live.runs);
        live.aborts = std::mem::take(&mut self.live.aborts);
        live.silencing = self.live.silencing;
        live.telling = std::mem::take(&mut self.live.telling);
        live.heard = std::mem::take(&mut self.live.heard);
        live.rules_asked = self.live.rules_asked;
        live.parting = std::mem::take(&mut self.live.parting);
        live.moved = std::mem::take(&mut self.live.moved);
        self.live = live;
        alerts::part(self, &old);
        self.apply_profile();
        self.find_begun();
        let r = &mut self.revision;
        for counter in [&mut r.steps, &mut r.timeline, &mut r.services, &mut r.metrics, &mut r.header, &mut r.alerts] {
            *counter += 1;
        }
    }

    /// Keeps the words of steps of earlier runbooks about which something is recorded and which the book no longer has.
    pub fn remember_gone(&mut self, old: &Book) {
        let gone = old.steps().filter(|s| self.book.find(&s.id).is_none() && self.progress.step(&s.id).is_some());
        self.gone.extend(gone.map(|s| (s.id.clone(), s.text.clone())));
    }

    /// The state of a step as recorded, or as ticked in the file.
    pub fn step(&self, id: &StepId) -> StepState {
        let mut state = self.progress.step(id).cloned().unwrap_or_default();
        if state.newest.is_none() {
            state.status = self.status(id);
        }
        state
    }

    /// Where a step stands.
    pub fn status(&self, id: &StepId) -> Status {
        match self.progress.step(id) {
            Some(state) if state.newest.is_some() => state.status,
            _ if self.left_out.contains(id) => Status::LeftOut,
            _ if self.book.checked(id) => Status::InFile,
            _ => Status::Todo,
        }
    }

    /// The newest draft on its way for this step, if any.
    pub fn pending(&self, id: &StepId) -> Option<&Unsaved> {
        self.unsaved.values().filter(|u| u.draft.fact.step() == Some(id)).max_by_key(|u| u.since.mono)
    }
}

/// Runbooks by path.
pub type Runbooks = HashMap<String, Runbook>;

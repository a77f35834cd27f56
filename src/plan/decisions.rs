//! What a plan says about decisions: rules, gates, windows, levels, rollbacks, breakers, profiles. Kept as checked, for later.

use std::time::Duration;

use serde::Serialize;

use crate::clock::Offset;
use crate::condition::{Condition, ServiceRef};
use crate::notice::Severity;
use crate::plan::{seconds, seconds_opt};

/// `[[rule]]`.
#[derive(Clone, Debug, Serialize)]
pub struct RulePlan {
    /// Its name.
    pub name: String,
    /// What raises it.
    pub when: Condition,
    /// It must hold this long.
    #[serde(rename = "for", serialize_with = "seconds")]
    pub for_: Duration,
    /// It stays raised this long after.
    #[serde(serialize_with = "seconds")]
    pub keep_for: Duration,
    /// How bad it is.
    pub severity: Severity,
    /// Channels, by name.
    pub notify: Vec<String>,
    /// A heading of the runbook that says what to do.
    pub runbook: Option<Place>,
    /// The service that it speaks of, where the plan says so or the condition names one: what that one needs inhibits it.
    pub service: Option<ServiceRef>,
    /// What it is when nobody can tell.
    pub no_data: NoData,
    /// Whether it stays firing until somebody acknowledged it.
    pub latch: bool,
    /// It is judged only within these windows; none is always.
    pub windows: Vec<String>,
    /// It is judged only while one of these headings has something begun and something left; none is always.
    pub phases: Vec<Place>,
}

/// What a rule is when its condition is unknown for longer than `for`, and a minute at least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoData {
    /// Nothing of its own.
    Ignore,
    /// An alert to look at.
    #[default]
    Warn,
    /// An alert that wakes somebody.
    Page,
}

/// `[[maintenance]]`: what is expected to be down, bound to steps and not to a clock.
#[derive(Clone, Debug, Serialize)]
pub struct MaintenancePlan {
    /// Its name.
    pub name: String,
    /// Which services; empty is all.
    pub services: Vec<String>,
    /// Rules that rest meanwhile.
    pub rules: Vec<String>,
    /// It begins when this step is begun or done.
    pub from: Place,
    /// It ends when this step is done.
    pub until: Place,
}

/// `[baseline]`: the stretch before T-0 that later values are compared with.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct BaselinePlan {
    /// From T-0.
    pub from: Offset,
    /// From T-0; it is taken then.
    pub until: Offset,
    /// How far samples may lie off the baseline before a rank test counts, as a share of it.
    pub tolerance: f64,
}

/// `[[gate]]`.
#[derive(Clone, Debug, Serialize)]
pub struct GatePlan {
    /// Its name.
    pub name: String,
    /// A heading or step of the runbook.
    pub at: Option<Place>,
    /// What must hold.
    pub criteria: Vec<Condition>,
    /// Healthy time with data.
    #[serde(serialize_with = "seconds")]
    pub dwell: Duration,
    /// Roles that vote.
    pub votes: Vec<String>,
    /// How many of them it takes; none is all. A standing NO-GO blocks whatever the others say.
    pub quorum: Option<u32>,
    /// When it must be decided.
    pub deadline: Option<Offset>,
    /// What a breach does to the healthy time so far.
    pub on_breach: OnBreach,
    /// A value or answer older than this is no data; none leaves it to the pace of polling.
    #[serde(serialize_with = "seconds_opt")]
    pub max_age: Option<Duration>,
    /// Samples of a metric within the dwell, or a minute where that is shorter, below which it is no data.
    pub min_samples: u32,
}

/// What a breach does to a gate's healthy time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnBreach {
    /// It begins anew.
    #[default]
    Reset,
    /// It stands still.
    Pause,
}

/// `[[window]]`.
#[derive(Clone, Debug, Serialize)]
pub struct WindowPlan {
    /// `critical`, `enhanced`, `normal` …
    pub name: String,
    /// From T-0.
    pub from: Offset,
    /// From T-0.
    pub until: Offset,
    /// Polling within it.
    #[serde(serialize_with = "seconds_opt")]
    pub every: Option<Duration>,
    /// Who says regularly that all is well.
    pub check_in: Option<CheckIn>,
    /// Channels that hear of a check-in that was missed, by name.
    pub notify: Vec<String>,
}

/// `check_in = { every, role }`.
#[derive(Clone, Debug, Serialize)]
pub struct CheckIn {
    /// From one to the next.
    #[serde(serialize_with = "seconds")]
    pub every: Duration,
    /// Who.
    pub role: Option<String>,
}

/// `[[level]]`.
#[derive(Clone, Debug, Serialize)]
pub struct LevelPlan {
    /// `1`, `2`, `3`.
    pub name: String,
    /// Any of these puts the room on it.
    pub when: Vec<Condition>,
    /// Time to decide.
    #[serde(serialize_with = "seconds_opt")]
    pub decide_within: Option<Duration>,
    /// What to say.
    pub say: Option<String>,
    /// A symptom must hold this long to put the room on it.
    #[serde(rename = "for", serialize_with = "seconds")]
    pub for_: Duration,
    /// All of them must not hold, with data, for this long to leave it.
    #[serde(serialize_with = "seconds")]
    pub keep_for: Duration,
    /// Symptoms that people declare, and that no metric shows.
    pub declare: Vec<String>,
    /// What the room does by itself; it may only abort.
    pub auto: Auto,
}

/// What a level does by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Auto {
    /// It says what it would do, and people do it.
    #[default]
    Advise,
    /// It arms the cheapest plan that still works.
    Arm,
    /// It arms, counts down for all to see, and fires unless somebody says no.
    FireAfter(#[serde(serialize_with = "seconds")] Duration),
}

/// `[[rollback]]`.
#[derive(Clone, Debug, Serialize)]
pub struct RollbackPlan {
    /// Its name.
    pub name: String,
    /// A heading of the runbook.
    pub steps: Place,
    /// How long it takes.
    #[serde(serialize_with = "seconds_opt")]
    pub takes: Option<Duration>,
    /// Levels it answers.
    pub for_levels: Vec<String>,
    /// The word to type to fire it; none is its name.
    pub confirm: Option<String>,
    /// How many people must arm it.
    pub hands: Hands,
    /// Once this step, or any of this heading, is begun, it does not work any more.
    pub until: Option<Place>,
    /// What each service goes back to.
    pub targets: Vec<TargetPlan>,
    /// What must hold afterwards.
    pub verify: Vec<Condition>,
    /// That must hold this long, with data.
    #[serde(serialize_with = "seconds")]
    pub dwell: Duration,
}

/// How many people it takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hands {
    /// One.
    #[default]
    One,
    /// Two different people.
    Two,
}

impl Hands {
    /// As a number.
    pub fn count(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

/// `{ service, to }`: what a service goes back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TargetPlan {
    /// The service's name.
    pub service: String,
    /// The version, image or tag.
    pub to: String,
}

/// `[[breaker]]`.
#[derive(Clone, Debug, Serialize)]
pub struct BreakerPlan {
    /// Its name.
    pub name: String,
    /// What runs, as written: filled in when it runs.
    pub run: String,
    /// The word to type.
    pub confirm: String,
    /// Who may.
    pub role: Option<String>,
    /// What it cuts off, in words.
    pub blast: Option<String>,
    /// How many people it takes.
    pub hands: Hands,
    /// After it fired it rests this long.
    #[serde(serialize_with = "seconds")]
    pub cooldown: Duration,
    /// What should hold once it has worked.
    pub check: Option<Condition>,
}

/// `[[abort]]`: what stops a command while it runs.
#[derive(Clone, Debug, Serialize)]
pub struct AbortPlan {
    /// Its name.
    pub name: String,
    /// The step, or the heading of steps, whose commands it stops.
    pub at: Place,
    /// What stops them.
    pub when: Condition,
    /// It must hold this long, with data.
    #[serde(rename = "for", serialize_with = "seconds")]
    pub for_: Duration,
}

/// `[[tick]]`: a step that the room ticks by itself.
#[derive(Clone, Debug, Serialize)]
pub struct TickPlan {
    /// The step.
    pub step: Place,
    /// What it is bound to.
    pub when: Condition,
    /// It must hold this long, with data, from when it is the step's turn.
    #[serde(rename = "for", serialize_with = "seconds")]
    pub for_: Duration,
}

/// `[[profile]]`: a variant of the same runbook.
#[derive(Clone, Debug, Serialize)]
pub struct ProfilePlan {
    /// Its name.
    pub name: String,
    /// Headings that are done; empty means all.
    pub phases: Vec<Place>,
    /// Headings that are left out.
    pub skip: Vec<Place>,
    /// How long to watch afterwards.
    #[serde(serialize_with = "seconds_opt")]
    pub monitor: Option<Duration>,
}

/// A heading or step of a runbook that the plan names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// As the plan names it.
    pub name: String,
    /// Index of the runbook; none when no runbook was there to check against.
    pub book: Option<u32>,
    /// Its line, 1-based.
    pub line: Option<u32>,
}

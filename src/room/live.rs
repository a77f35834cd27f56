//! What is measured now: services, metrics, the verdict, and who watches. Refilled from the tape after a restart.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::alerts::{ForeignLive, Many, Parting, RuleLive, Sweep};
use super::baseline::Ranked;
use super::bound::BoundLive;
use super::forecast::Forecast;
use super::gate::GateLive;
use super::heard::Heard;
use super::level::LevelsLive;
use super::versions::Versions;
use crate::clock::Now;
use crate::fact::{Author, ServiceState, Verdict};
use crate::notice::Delivery;
use crate::plan::Plan;
use crate::probe::counter::Totals;
use crate::probe::series::Series;
use crate::probe::{Phases, Point, Pulse, ServiceReading};

/// Readings of one process; changed by `observe` and `tick` alone.
#[derive(Debug)]
pub struct Live {
    /// In the plan's order.
    pub services: Vec<ServiceLive>,
    /// In the plan's order.
    pub metrics: Vec<MetricLive>,
    /// Objectives with a budget, in the plan's order.
    pub slos: Vec<SloLive>,
    /// Whether to go on.
    pub verdict: VerdictLive,
    /// Who polls and judges.
    pub watch: Watch,
    /// How polling itself goes.
    pub polling: PollingLive,
    /// Rules, in the plan's order.
    pub rules: Vec<RuleLive>,
    /// Metrics that conditions compare by rank, by their place in the plan.
    pub ranks: HashMap<u32, Ranked>,
    /// Rules of rule files, in the plan's order.
    pub imported: Vec<Many>,
    /// What sources say of their own alerts; one for each source, in the plan's order.
    pub foreign: Vec<ForeignLive>,
    /// A silence that is being created elsewhere.
    pub silencing: Option<Uuid>,
    /// Whether it was looked for alerts whose rule has left the plan.
    pub sweep: Sweep,
    /// What is heard of each source beside its values, by its name.
    pub heard: HashMap<String, Heard>,
    /// How telling goes, of notices that are not told yet.
    pub telling: HashMap<Uuid, Delivery>,
    /// When rules or the alerts of others were last asked for, by whoever watched.
    pub rules_asked: Option<DateTime<Utc>>,
    /// What a channel that leads elsewhere now left open where it led before.
    pub parting: Vec<Parting>,
    /// When a channel began to lead elsewhere, by its name.
    pub moved: HashMap<String, DateTime<Utc>>,
    /// From one asking to the next, where a window in force says so.
    pub pace: Option<Duration>,
    /// When the pace changed last.
    pub paced: Option<Now>,
    /// The pace before that.
    pub pace_before: Option<Duration>,
    /// When this machine woke up, or its wall clock was set, last.
    pub awake: Option<DateTime<Utc>>,
    /// When this process took the watch over after a time in which nobody looked.
    pub back: Option<DateTime<Utc>>,
    /// The last jump of this machine's clocks, in words.
    pub jumped: Option<(Now, String)>,
    /// When it will be over, and until when going on is safe.
    pub forecast: Forecast,
    /// What the forecast was made of: steps, times, and the moment.
    pub(super) forecast_of: Option<(u64, u64, Now)>,
    /// Gates, in the plan's order.
    pub gates: Vec<GateLive>,
    /// Levels and rollbacks, as judged here.
    pub levels: LevelsLive,
    /// Conditions that abort a run, by run and condition: since when each holds, and when that was last seen.
    pub aborts: HashMap<(Uuid, String), (Now, Now)>,
    /// Steps that are bound to conditions, in the plan's order.
    pub bound: Vec<BoundLive>,
    /// What is heard of runs that go on, while this process hears of them.
    pub runs: HashMap<Uuid, RunLive>,
}

/// A run that goes on.
#[derive(Clone, Debug, Default)]
pub struct RunLive {
    /// The shim that answers for it, once it began.
    pub pid: Option<u32>,
    /// Who looks after it.
    pub whose: Whose,
    /// Whether it stands still, ctrl-z having been typed while it had the terminal.
    pub paused: bool,
    /// What it wrote, as people may see it, one line each.
    pub lines: Vec<String>,
    /// How many bytes it wrote.
    pub written: u64,
}

/// Who looks after a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Whose {
    /// This process began it.
    #[default]
    Mine,
    /// Another process of this machine began it, and is there.
    Others,
    /// Whoever began it is gone, or nothing is known of them yet.
    Nobodys,
}

/// A service.
#[derive(Debug)]
pub struct ServiceLive {
    /// State.
    pub state: ServiceState,
    /// In this state since.
    pub since: Now,
    /// Why, in words; empty when up.
    pub reason: String,
    /// When it was last asked.
    pub asked: Option<Now>,
    /// How long the last answer took.
    pub took: Option<Duration>,
    /// The last answer of any kind.
    pub last: Option<ServiceReading>,
    /// Why the last asking taught nothing; `None` when it did.
    pub unknown: Option<String>,
    /// The versions that answered in the last minute.
    pub versions: Versions,
    /// Failures in a row.
    pub failures: u32,
    /// Seconds each passing answer took.
    pub latency: Series,
    /// The state last recorded in the journal.
    pub announced: ServiceState,
    /// 1 for each asking that passed, 0 for each that failed; none for no data.
    pub passes: Series,
}

impl ServiceLive {
    /// Where the time of the last answer went.
    pub fn phases(&self) -> Phases {
        self.last.as_ref().map(|r| r.phases).unwrap_or_default()
    }
}

/// A metric.
#[derive(Debug)]
pub struct MetricLive {
    /// Values in the metric's unit.
    pub series: Series,
    /// When a value last came.
    pub fresh: Option<Now>,
    /// Why there is no value now.
    pub trouble: Option<String>,
    /// Whether the value is older than two intervals.
    pub stale: bool,
    /// Whether the objective holds; `None` without data or objective.
    pub holds: Option<bool>,
    /// Since when `holds` is what it is.
    pub since: Now,
    /// Index of the band the value is in: 0 below the first edge.
    pub band: Option<usize>,
}

/// How polling itself goes, as last told; nothing where another process polls.
#[derive(Clone, Copy, Debug, Default)]
pub struct PollingLive {
    /// What the pollers said.
    pub pulse: Pulse,
    /// When.
    pub at: Option<Now>,
    /// When an asking was missed last.
    pub missed_at: Option<Now>,
}

/// What was counted for an objective: its hidden queries in the plan's order.
#[derive(Clone, Debug, Default)]
pub struct SloLive {
    /// One for each hidden query.
    pub counts: Vec<CountLive>,
}

/// The answers to one hidden query.
#[derive(Clone, Debug, Default)]
pub struct CountLive {
    /// The last value.
    pub value: Option<Point>,
    /// A running total over time, where that is what the query reads.
    pub totals: Totals,
    /// When a value last came.
    pub fresh: Option<Now>,
    /// Why there is no value now.
    pub trouble: Option<String>,
}

/// The verdict with its reason.
#[derive(Clone, Debug, PartialEq)]
pub struct VerdictLive {
    /// GO, NO-GO or WAIT.
    pub verdict: Verdict,
    /// Why, in words.
    pub reason: String,
    /// Since when.
    pub since: Now,
}

/// Who polls and judges for the room.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Watch {
    /// Nobody knows yet.
    #[default]
    Unknown,
    /// This process.
    Me {
        /// The lease's epoch.
        epoch: u64,
    },
    /// Another process.
    Other {
        /// The lease's epoch.
        epoch: u64,
        /// Who, where known.
        by: Option<Author>,
    },
    /// The lease ran out and nobody took it.
    Nobody,
}

impl Live {
    /// Nothing measured yet.
    pub fn new(plan: &Plan, now: Now) -> Self {
        Self {
            services: plan.services.iter().map(|_| ServiceLive::new(now)).collect(),
            metrics: plan.metrics.iter().map(|_| MetricLive::new(now)).collect(),
            slos: plan.slos.iter().enumerate().map(|(ix, _)| SloLive::new(plan, ix)).collect(),
            verdict: VerdictLive { verdict: Verdict::Wait, reason: "starting".to_owned(), since: now },
            watch: Watch::Unknown,
            polling: PollingLive::default(),
            rules: plan.rules.iter().map(|_| RuleLive::default()).collect(),
            ranks: HashMap::new(),
            imported: plan.imported.iter().map(|_| Many::new(now)).collect(),
            foreign: plan.sources.iter().map(|_| ForeignLive::new(now)).collect(),
            silencing: None,
            rules_asked: None,
            parting: Vec::new(),
            moved: HashMap::new(),
            sweep: Sweep::Due,
            heard: HashMap::new(),
            telling: HashMap::new(),
            pace: None,
            paced: None,
            pace_before: None,
            awake: None,
            back: None,
            jumped: None,
            forecast: Forecast::default(),
            forecast_of: None,
            gates: plan.gates.iter().map(|_| GateLive::default()).collect(),
            bound: Vec::new(),
            aborts: HashMap::new(),
            runs: HashMap::new(),
            levels: LevelsLive::default(),
        }
    }

    /// Takes over what is known of this machine's clocks.
    pub(super) fn keep_clocks(&mut self, old: &Self) {
        (self.awake, self.back) = (old.awake, old.back);
        self.jumped.clone_from(&old.jumped);
        (self.pace, self.paced, self.pace_before) = (old.pace, old.paced, old.pace_before);
    }
}

impl ServiceLive {
    fn new(now: Now) -> Self {
        Self {
            state: ServiceState::Pending,
            since: now,
            reason: "not asked yet".to_owned(),
            asked: None,
            took: None,
            last: None,
            unknown: None,
            versions: Versions::default(),
            failures: 0,
            latency: Series::new(),
            announced: ServiceState::Pending,
            passes: Series::new(),
        }
    }
}

impl SloLive {
    fn new(plan: &Plan, ix: usize) -> Self {
        let own = plan.hidden.iter().filter(|h| h.slo == ix);
        Self { counts: own.map(|_| CountLive::default()).collect() }
    }
}

impl MetricLive {
    fn new(now: Now) -> Self {
        Self { series: Series::new(), fresh: None, trouble: None, stale: false, holds: None, since: now, band: None }
    }
}

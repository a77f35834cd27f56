//! What the room is set up to do: a resolved `warroom.toml`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use crate::condition::Threshold;
use crate::finding::Finding;
use crate::probe::{Probe, Request};
use crate::runbook::Runbook;
use crate::secret::{Filled, Masks};
use crate::text::{escape, is_plain};

pub mod abort;
pub mod decisions;
pub mod draft;
pub mod interpreter;
mod raw;
mod resolve;
pub mod rules;
pub mod schedule;
pub mod slo;
pub(crate) mod table;

use schedule::{DrumbeatPlan, HoldPlan, Order, PhasePlan};
use slo::{HiddenPlan, SloPlan};

use decisions::{
    AbortPlan, BaselinePlan, BreakerPlan, GatePlan, LevelPlan, MaintenancePlan, ProfilePlan, RollbackPlan, RulePlan,
    TickPlan, WindowPlan,
};
use interpreter::Interpreter;
use rules::{ImportedRule, RecordingRule};

/// Asking faster than this only hurts.
const FASTEST: Duration = Duration::from_millis(50);

/// A resolved plan: every default filled in, every name checked. Secrets show as `***`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Plan {
    /// The room.
    pub room: RoomPlan,
    /// Declared parameters, in file order.
    pub params: Vec<Param>,
    /// Roles, in file order; empty lets everybody do everything.
    pub roles: Vec<RolePlan>,
    /// Monitored services, in file order.
    pub services: Vec<ServicePlan>,
    /// Where metrics come from.
    pub sources: Vec<SourcePlan>,
    /// Metrics, in file order.
    pub metrics: Vec<MetricPlan>,
    /// Objectives with a budget, in file order.
    pub slos: Vec<SloPlan>,
    /// Queries that are asked for objectives and are no metrics of their own.
    #[serde(skip)]
    pub hidden: Vec<HiddenPlan>,
    /// Log files and streams; parsed, not yet followed.
    pub logs: Vec<LogPlan>,
    /// Channels.
    pub notify: Vec<NotifyPlan>,
    /// Who hears that the room is still judging.
    pub heartbeat: Option<HeartbeatPlan>,
    /// Alert rules.
    pub rules: Vec<RulePlan>,
    /// Alert rules of Prometheus rule files.
    pub imported: Vec<ImportedRule>,
    /// Recording rules of Prometheus rule files: listed, not evaluated.
    pub recordings: Vec<RecordingRule>,
    /// What is expected to be down, by steps.
    pub maintenance: Vec<MaintenancePlan>,
    /// Where the baseline is taken.
    pub baseline: Option<BaselinePlan>,
    /// Decisions.
    pub gates: Vec<GatePlan>,
    /// Critical, enhanced, normal.
    pub windows: Vec<WindowPlan>,
    /// How bad it is.
    pub levels: Vec<LevelPlan>,
    /// Ways back.
    pub rollbacks: Vec<RollbackPlan>,
    /// Emergency switches.
    pub breakers: Vec<BreakerPlan>,
    /// What stops a command while it runs.
    pub aborts: Vec<AbortPlan>,
    /// Steps that the room ticks by itself.
    pub ticks: Vec<TickPlan>,
    /// Variants of the runbook.
    pub profiles: Vec<ProfilePlan>,
    /// Planned stops of the T-clock, in file order.
    pub holds: Vec<HoldPlan>,
    /// Phases whose times are counted from elsewhere.
    pub phases: Vec<PhasePlan>,
    /// What is to be said again and again.
    pub drumbeats: Vec<DrumbeatPlan>,
    /// Every probe of services and metrics; [`crate::probe::ProbeId`] is the index.
    #[serde(skip)]
    pub probes: Vec<Probe>,
    /// Every secret value that was filled in.
    #[serde(skip)]
    pub masks: Masks,
    /// SHA-256 of the file's bytes and, where it names rule files, of theirs; hex; empty without a file.
    pub sha256: String,
}

/// `[room]`.
#[derive(Clone, Debug, Serialize)]
pub struct RoomPlan {
    /// Shown in the header; default: the runbook's title or the folder's name.
    pub name: String,
    /// Markdown files, relative to the plan's folder.
    pub runbook: Vec<String>,
    /// Planned T-0.
    pub t0: Option<DateTime<Utc>>,
    /// Maintenance window from T-0.
    #[serde(serialize_with = "seconds_opt")]
    pub window: Option<Duration>,
    /// `prod`, `stage` …
    pub environment: Option<String>,
    /// Zone of clock times without one.
    #[serde(serialize_with = "zone_name")]
    pub zone: Tz,
    /// Further zones in the header.
    #[serde(serialize_with = "zone_names")]
    pub show_zones: Vec<Tz>,
    /// The variant of the runbook, where none is chosen at the start.
    pub profile: Option<String>,
    /// Where the journal is kept, instead of the state folder.
    pub journal: Option<String>,
    /// Group that may share the journal (0660 instead of 0600).
    pub group: Option<String>,
    /// Variables that children get beside PATH, HOME, LANG and TZ.
    pub env: Vec<String>,
    /// How strictly steps keep their order.
    pub order: Order,
    /// What reads the fences of a language, where it is not the shell.
    pub run: Vec<Interpreter>,
}

impl Default for RoomPlan {
    fn default() -> Self {
        Self {
            name: String::new(),
            runbook: Vec::new(),
            t0: None,
            window: None,
            environment: None,
            zone: Tz::UTC,
            show_zones: Vec::new(),
            profile: None,
            journal: None,
            group: None,
            env: Vec::new(),
            order: Order::Warn,
            run: Vec::new(),
        }
    }
}

/// `[params] name = …`; kept for commands.
#[derive(Clone, Debug, Serialize)]
pub struct Param {
    /// The name in `${name}`.
    pub name: String,
    /// What to ask.
    pub ask: Option<String>,
    /// A regular expression that the answer must match.
    pub r#match: Option<String>,
    /// The same, read; nothing where there is none, or where it could not be read, which is a finding.
    #[serde(skip)]
    pub pattern: Option<regex::Regex>,
    /// What stands for it in the runbook, beside `${name}` and `<name>`: `vX.Y.Z`.
    pub placeholders: Vec<String>,
    /// Whether the value is an answer rather than the plan's own.
    #[serde(skip)]
    pub answered: bool,
    /// The value, where the plan gives one.
    pub value: Option<Filled>,
}

/// Characters of an answer.
const LONGEST: usize = 256;

impl Param {
    /// Whether the value is asked for: the plan itself gives none.
    pub fn asked(&self) -> bool {
        self.answered || self.value.is_none()
    }

    /// Whether an answer can be taken; if not, why, with the answer as it was given.
    pub fn takes(&self, answer: &str) -> Result<(), String> {
        if answer.is_empty() || answer.chars().count() > LONGEST || !is_plain(answer) {
            return Err(format!("write 1 to {LONGEST} plain characters on one line"));
        }
        match &self.pattern {
            Some(pattern) if !pattern.is_match(answer) => {
                Err(format!("\"{answer}\" does not match {}", escape(pattern.as_str())))
            }
            _ => Ok(()),
        }
    }
}

/// `[[role]]`.
#[derive(Clone, Debug, Serialize)]
pub struct RolePlan {
    /// Its name.
    pub name: String,
    /// Who may take it.
    pub people: Vec<String>,
    /// What it decides: `gates`, `rollback`, `breakers`.
    pub decides: Vec<String>,
    /// Which commands it may run, `read` and `mutate`; without a word all that look only, and changes where it decides.
    pub runs: Option<Vec<String>>,
}

impl RolePlan {
    /// Whether it may run commands that look only (`read`) or change something (`mutate`).
    pub fn may_run(&self, class: &str) -> bool {
        match &self.runs {
            Some(runs) => runs.iter().any(|r| r == class),
            None => class == "read" || !self.decides.is_empty(),
        }
    }
}

/// `[[service]]`.
#[derive(Clone, Debug, Serialize)]
pub struct ServicePlan {
    /// Its name.
    pub name: String,
    /// Where it is asked, as text for people, secrets masked.
    pub target: String,
    /// From one asking to the next.
    #[serde(serialize_with = "seconds")]
    pub every: Duration,
    /// Deadline of one asking.
    #[serde(serialize_with = "seconds")]
    pub timeout: Duration,
    /// A failure is confirmed by this many more in a row; default 1.
    pub retries: u32,
    /// Services whose failure explains this one's.
    pub needs: Vec<String>,
    /// How it is asked: `http`, `refused`, `state`, `burst`, `blue and green`, `tcp`, `tls`, `command`, `table`, `fresh` or
    /// `secret`.
    pub kind: &'static str,
    /// The version that should be running.
    pub target_version: Option<String>,
}

/// `[source.NAME]`.
#[derive(Clone, Debug, Serialize)]
pub struct SourcePlan {
    /// Its name.
    pub name: String,
    /// `scrape`, `prometheus` or `alertmanager`.
    pub kind: &'static str,
    /// Where, secrets masked.
    pub target: String,
    /// Prometheus rule files, relative to the plan's folder.
    pub rules: Vec<RulesOf>,
    /// Channels for what those rules fire and for the source's own alerts.
    pub notify: Vec<String>,
    /// Whether the source's own alerts are read.
    pub alerts: OwnAlerts,
    /// From one asking to the next.
    #[serde(serialize_with = "seconds")]
    pub every: Duration,
    /// Deadline of one asking.
    #[serde(serialize_with = "seconds")]
    pub timeout: Duration,
    /// How it is asked.
    #[serde(skip)]
    pub request: Option<Request>,
}

/// A rule file that a source names.
#[derive(Clone, Debug, Serialize)]
pub struct RulesOf {
    /// Relative to the plan's folder.
    pub path: String,
    /// The bytes of the plan where it is named.
    #[serde(skip)]
    pub span: std::ops::Range<usize>,
}

/// Whether the alerts that a source judges itself are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnAlerts {
    /// They are left alone.
    #[default]
    Left,
    /// They are shown.
    Read,
}

/// `[[metric]]`.
#[derive(Clone, Debug, Serialize)]
pub struct MetricPlan {
    /// Its name.
    pub name: String,
    /// Its unit, as shown.
    pub unit: Option<String>,
    /// What to show it as: the first metric named error-like or latency-like gets the matching pane.
    pub query: Option<String>,
    /// Name of its source, `probe`, `json` or `command`.
    pub source: String,
    /// What should hold.
    pub objective: Option<Threshold>,
    /// Band edges in the metric's unit, ascending: `[a, b) [b, c) [c, …)`.
    pub bands: Vec<f64>,
    /// From one value to the next.
    #[serde(serialize_with = "seconds")]
    pub every: Duration,
    /// For `from = "probe"`: what is taken from the services' own samples.
    pub from_probe: Option<FromProbe>,
}

/// What a metric takes from the services' own samples, over the last minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FromProbe {
    /// Share of askings that passed, in %; of one service or of all.
    SuccessRate(Option<String>),
    /// Share of askings that failed, in %.
    ErrorRate(Option<String>),
    /// Quantile of the time taken, in ms: 0.5, 0.95 or 0.99 times 100.
    Latency(u8, Option<String>),
}

/// `[[log]]`.
#[derive(Clone, Debug, Serialize)]
pub struct LogPlan {
    /// Its name.
    pub name: String,
    /// A file to follow.
    pub file: Option<String>,
    /// A command whose output is followed.
    pub command: Option<Filled>,
    /// Regular expressions that raise an alarm.
    pub alarm: Vec<String>,
}

/// `[notify.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotifyPlan {
    /// Its name.
    pub name: String,
    /// Where it goes.
    #[serde(flatten)]
    pub way: Way,
    /// Who is told next while nobody has acknowledged, in file order.
    pub escalate: Vec<Escalation>,
    /// Which alerts are one notice.
    pub group_by: GroupBy,
    /// Whether it hears of what is changed on purpose.
    #[serde(skip_serializing_if = "Changes::is_left")]
    pub changes: Changes,
}

/// Whether a channel hears of commands, decisions, levels, rollbacks and breakers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Changes {
    /// It does not.
    #[default]
    Left,
    /// It does; nobody is woken by it.
    Told,
}

impl Changes {
    /// Whether it does not.
    pub fn is_left(&self) -> bool {
        *self == Self::Left
    }
}

/// Which alerts are told in one notice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupBy {
    /// None: each alert is told by itself.
    None,
    /// Those of one rule of a rule file, and those of one name that a source judges.
    #[default]
    Rule,
    /// The same, and those of rules that speak of one service.
    Service,
}

/// Where a channel goes, with what opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Way {
    /// PagerDuty's Events API v2.
    #[serde(rename = "pagerduty")]
    PagerDuty {
        /// The integration's key.
        routing_key: Filled,
        /// What stands before `/v2/enqueue`, instead of PagerDuty's own address: a relay.
        url: Option<Filled>,
    },
    /// A Slack webhook, or what takes the same.
    Slack {
        /// Its URL; whoever has it can write.
        webhook: Filled,
    },
    /// Whatever takes Alertmanager's webhook, version 4.
    Webhook {
        /// Its URL; whoever has it can call.
        url: Filled,
    },
    /// A program of this machine.
    Command {
        /// Program and arguments; never through a shell.
        argv: Vec<Filled>,
        /// Variables beside PATH, HOME, LANG and TZ.
        #[serde(skip)]
        env: Vec<(String, Filled)>,
    },
}

impl Way {
    /// Its word in the plan.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::PagerDuty { .. } => "pagerduty",
            Self::Slack { .. } => "slack",
            Self::Webhook { .. } => "webhook",
            Self::Command { .. } => "command",
        }
    }
}

/// One of `escalate = [{ after = "5m", to = "cto" }]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Escalation {
    /// Counted from the first telling; over zero.
    #[serde(serialize_with = "seconds")]
    pub after: Duration,
    /// Name of the channel.
    pub to: String,
}

/// `[heartbeat]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeartbeatPlan {
    /// Called with GET; whoever has it can call.
    pub url: Filled,
    /// From one call to the next, at least.
    #[serde(serialize_with = "seconds")]
    pub every: Duration,
}

/// What a plan is made from. Nothing here reads a file or a variable by itself.
pub struct Input<'a> {
    /// The plan's path as given; findings name it, its folder names a room that has no name.
    pub path: &'a str,
    /// The file's text.
    pub text: &'a str,
    /// Where `${NAME}`, `{ file = … }` and `{ cmd = … }` are looked up.
    pub outside: &'a Outside<'a>,
    /// The runbooks that [`runbook_paths`] names, already read; empty skips the checks of headings.
    pub runbooks: &'a [Runbook],
}

/// The world as a plan may ask it, once, at load.
pub struct Outside<'a> {
    /// A variable's value, if set.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// A file's text (relative to the plan's folder), or why there is none.
    pub file: &'a dyn Fn(&str) -> Result<String, String>,
    /// What a command prints, or why it failed.
    pub cmd: &'a dyn Fn(&str) -> Result<String, String>,
}

/// A plan and what was found in reading it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What could be made of it; complete only when no finding is of level error.
    pub plan: Plan,
    /// In order of place. One of level error means: do not use the plan.
    pub findings: Vec<Finding>,
}

impl Loaded {
    /// Whether the plan may be used.
    pub fn usable(&self) -> bool {
        self.findings.iter().all(|f| f.level != crate::finding::Level::Error)
    }
}

/// Reads, checks and resolves a `warroom.toml`. Never fails: what is wrong is in the findings, all of it at once.
pub fn load(input: &Input<'_>) -> Loaded {
    resolve::load(input, &[])
}

/// The same with what was answered to parameters that the plan asks for: name and value. An answer that no longer fits is
/// none.
pub fn load_answered(input: &Input<'_>, answers: &[(String, String)]) -> Loaded {
    resolve::load(input, answers)
}

/// The runbooks a plan names (`[room] runbook`), as written, so that they can be read before [`load`]; empty when the text
/// is too broken to tell.
pub fn runbook_paths(text: &str) -> Vec<String> {
    runbook_places(text).into_iter().map(|(name, _)| name).collect()
}

/// The same with the bytes of the plan where each is named.
pub fn runbook_places(text: &str) -> Vec<(String, std::ops::Range<usize>)> {
    resolve::runbook_places(text)
}

/// The plan of a Markdown file alone: no probes, everybody may do everything.
pub fn bare(runbook_path: &str, title: &str) -> Plan {
    let name = if title.trim().is_empty() { stem(runbook_path) } else { title.trim().to_owned() };
    Plan { room: RoomPlan { name, runbook: vec![runbook_path.to_owned()], ..RoomPlan::default() }, ..Plan::default() }
}

/// A file's name without folder and ending.
fn stem(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| if stem.is_empty() { name } else { stem }).to_owned()
}

impl Plan {
    /// Probes that ask about services rather than metrics.
    pub fn service_probes(&self) -> impl Iterator<Item = &Probe> {
        self.probes.iter().filter(|p| p.ask.service().is_some())
    }
}

fn seconds<S: serde::Serializer>(d: &Duration, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_f64(d.as_secs_f64())
}

#[expect(clippy::ref_option, reason = "serde hands out a reference to the field")]
fn seconds_opt<S: serde::Serializer>(d: &Option<Duration>, s: S) -> Result<S::Ok, S::Error> {
    d.map(|d| d.as_secs_f64()).serialize(s)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out a reference to the field")]
fn zone_name<S: serde::Serializer>(z: &Tz, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(z.name())
}

fn zone_names<S: serde::Serializer>(z: &[Tz], s: S) -> Result<S::Ok, S::Error> {
    s.collect_seq(z.iter().map(|z| z.name()))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

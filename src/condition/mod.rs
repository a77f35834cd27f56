//! The little language of objectives, rules, gates and levels: what should hold, judged with three values.
//!
//! ```text
//! error rate < 1%                 a metric against a number in its own unit, or in one that converts to it
//! rps in 100..500                 half-open, as bands are; [100, 500] takes both ends in; 100 <= rps < 500 says the same
//! error rate <= 1.2 * baseline    against its own mean before T-0
//! p95 above baseline              by a rank test and its effect; also `below`, `like`
//! count of failures over 1m > 100 how much a counter grew, its resets counted; also `… over 10m above baseline`
//! rps has data                    the one question that a missing number answers
//! services up · api up · api is down · api version is "2.0.0"
//! availability burns · availability overspent · availability within budget
//! steps done · gate "deploy" go · gate deploy is no-go
//! … and … · … or … · not … · ( … ) · 2 of (…, …, …)
//! ```

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::fact::{ServiceState, Verdict};
use crate::probe::{MetricIx, ServiceIx};

mod parse;
mod value;

pub use value::{parse_value, units};

/// `< 1%`, `<= 500ms`, `== 0`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Threshold {
    /// Comparator.
    pub op: Op,
    /// In the metric's own unit.
    pub value: f64,
    /// As written, for people.
    pub text: String,
}

/// A comparator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Op {
    /// `<`
    #[serde(rename = "<")]
    Lt,
    /// `<=`
    #[serde(rename = "<=")]
    Le,
    /// `>`
    #[serde(rename = ">")]
    Gt,
    /// `>=`
    #[serde(rename = ">=")]
    Ge,
    /// `==`
    #[serde(rename = "==")]
    Eq,
}

impl Op {
    /// Whether `left op right`.
    pub fn compare(self, left: f64, right: f64) -> bool {
        match self {
            Self::Lt => left < right,
            Self::Le => left <= right,
            Self::Gt => left > right,
            Self::Ge => left >= right,
            Self::Eq => left == right,
        }
    }

    /// The same with the sides changed: `a < b` is `b > a`.
    fn turned(self) -> Self {
        match self {
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            Self::Eq => Self::Eq,
        }
    }

    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Eq => "==",
        }
    }
}

impl Threshold {
    /// Whether `value` satisfies it; `None` when there is no value.
    pub fn holds(&self, value: Option<f64>) -> Option<bool> {
        let value = value.filter(|v| v.is_finite())?;
        Some(self.op.compare(value, self.value))
    }

    /// Reads `< 1%`, `<=500 ms`, `== 0` for a metric of the given unit; the number is converted into it. A number without
    /// a unit is in the metric's own.
    pub fn parse(text: &str, unit: Option<&str>) -> Result<Self, ConditionError> {
        let (op, right) = parse::comparator(text, 0)?;
        let value = parse_value(text.get(right..).unwrap_or_default(), unit).map_err(|e| e.moved(right))?;
        Ok(Self { op, value, text: text.trim().to_owned() })
    }
}

/// What a rule, gate or level asks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Condition {
    /// As written, for people.
    pub text: String,
    /// What it means.
    #[serde(flatten)]
    pub expr: Expr,
}

/// A condition as a tree.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Expr {
    /// Every one holds.
    All {
        /// Two at least.
        of: Vec<Expr>,
    },
    /// One holds at least.
    Any {
        /// Two at least.
        of: Vec<Expr>,
    },
    /// So many of them hold at least.
    Some {
        /// How many.
        need: usize,
        /// As many at least.
        of: Vec<Expr>,
    },
    /// It does not hold.
    Not {
        /// What.
        of: Box<Expr>,
    },
    /// A leaf.
    #[serde(untagged)]
    Test(Test),
}

impl Expr {
    /// Whether it holds, given the leaves; unknown is neither: false and unknown is false, true or unknown is true, and all
    /// else with an unknown in it is unknown (Kleene's strong logic).
    pub fn holds(&self, leaf: &mut impl FnMut(&Test) -> Option<bool>) -> Option<bool> {
        match self {
            Self::Test(test) => leaf(test),
            Self::Not { of } => of.holds(leaf).map(|known| !known),
            Self::All { of } => together(of, true, leaf),
            Self::Any { of } => together(of, false, leaf),
            Self::Some { need, of } => {
                let found: Vec<Option<bool>> = of.iter().map(|one| one.holds(leaf)).collect();
                let count = |what| found.iter().filter(|one| **one == what).count();
                let (hold, unknown) = (count(Some(true)), count(None));
                // What is unknown may turn out either way, and counts for neither.
                if hold >= *need {
                    Some(true)
                } else if hold + unknown < *need {
                    Some(false)
                } else {
                    None
                }
            }
        }
    }

    /// Its leaves, in the order they were written.
    pub fn leaves(&self) -> Vec<&Test> {
        match self {
            Self::Test(test) => vec![test],
            Self::Not { of } => of.leaves(),
            Self::All { of } | Self::Any { of } | Self::Some { of, .. } => of.iter().flat_map(Self::leaves).collect(),
        }
    }
}

/// All of them, where `all`, else any: the first that is otherwise settles it, else one unknown makes all unknown.
fn together(of: &[Expr], all: bool, leaf: &mut impl FnMut(&Test) -> Option<bool>) -> Option<bool> {
    let mut so_far = Some(all);
    for one in of {
        match one.holds(leaf) {
            Some(known) if known == all => {}
            Some(known) => return Some(known),
            None => so_far = None,
        }
    }
    so_far
}

/// A metric that a condition names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricRef {
    /// Its place in the plan.
    pub ix: MetricIx,
    /// Its name.
    pub name: Arc<str>,
}

/// A service that a condition names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceRef {
    /// Its place in the plan.
    pub ix: ServiceIx,
    /// Its name.
    pub name: Arc<str>,
}

impl Serialize for MetricRef {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.name)
    }
}

impl Serialize for ServiceRef {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.name)
    }
}

/// A leaf of a condition.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Test {
    /// Every service that is not in maintenance is up; slow, or of another version than it should be, is not up.
    ServicesUp,
    /// One service is in a state.
    Service {
        /// Which.
        service: ServiceRef,
        /// The state.
        state: ServiceState,
    },
    /// One service runs a version.
    Version {
        /// Which.
        service: ServiceRef,
        /// The version, letter by letter.
        version: String,
    },
    /// Every step of the place is done; without a place, of the room.
    StepsDone,
    /// A metric against a number.
    Metric {
        /// Which.
        metric: MetricRef,
        /// What should hold.
        threshold: Threshold,
    },
    /// A metric within a range.
    Within {
        /// Which.
        metric: MetricRef,
        /// In the metric's unit; belongs to the range.
        from: f64,
        /// In the metric's unit.
        until: f64,
        /// Whether `until` belongs to it.
        closed: bool,
    },
    /// A metric against the mean of its own baseline.
    Baseline {
        /// Which.
        metric: MetricRef,
        /// Comparator.
        op: Op,
        /// Times the baseline.
        factor: f64,
    },
    /// A metric's last samples against those of its baseline, by rank.
    Ranks {
        /// Which.
        metric: MetricRef,
        /// Where they lie.
        side: Side,
    },
    /// How much a counter grew within a window, resets counted.
    Count {
        /// Which.
        metric: MetricRef,
        /// The window.
        #[serde(serialize_with = "seconds")]
        over: Duration,
        /// What should hold of the growth.
        threshold: Threshold,
    },
    /// How much a counter grew within a window against its baseline, by an exact test: for what is rare.
    CountRanks {
        /// Which.
        metric: MetricRef,
        /// The window.
        #[serde(serialize_with = "seconds")]
        over: Duration,
        /// Where the growth lies.
        side: Side,
    },
    /// An objective with a budget.
    Slo {
        /// Which.
        slo: SloRef,
        /// What is asked of it.
        asks: SloAsk,
    },
    /// A metric has a current value. Never unknown.
    HasData {
        /// Which.
        metric: MetricRef,
    },
    /// Another gate has come to a verdict; unknown while that waits.
    Gate {
        /// Which.
        gate: GateRef,
        /// GO or NO-GO.
        verdict: Verdict,
    },
}

/// A gate that a condition names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateRef {
    /// Its place in the plan.
    pub ix: usize,
    /// Its name.
    pub name: Arc<str>,
}

impl Serialize for GateRef {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.name)
    }
}

/// An objective with a budget that a condition names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SloRef {
    /// Its place in the plan.
    pub ix: usize,
    /// Its name.
    pub name: Arc<str>,
}

impl Serialize for SloRef {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.name)
    }
}

/// What is asked of an objective with a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SloAsk {
    /// Some pair of windows burns too fast.
    Burns,
    /// The cutover has spent more than it may.
    Overspent,
    /// Neither the period's budget nor what the cutover may spend is used up.
    WithinBudget,
}

/// Where samples lie against those of the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Higher, by more than chance and more than the tolerance.
    Above,
    /// Lower, likewise.
    Below,
    /// Neither.
    Like,
}

impl Side {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Above => "above",
            Self::Below => "below",
            Self::Like => "like",
        }
    }
}

impl Test {
    /// The metric it looks at, if any.
    pub fn metric(&self) -> Option<&MetricRef> {
        match self {
            Self::Metric { metric, .. }
            | Self::Within { metric, .. }
            | Self::Baseline { metric, .. }
            | Self::Ranks { metric, .. }
            | Self::Count { metric, .. }
            | Self::CountRanks { metric, .. }
            | Self::HasData { metric } => Some(metric),
            _ => None,
        }
    }

    /// The service it looks at, if it is one.
    pub fn service(&self) -> Option<&ServiceRef> {
        match self {
            Self::Service { service, .. } | Self::Version { service, .. } => Some(service),
            _ => None,
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServicesUp => f.write_str("services up"),
            Self::Service { service, state } => write!(f, "{} is {state}", service.name),
            Self::Version { service, version } => write!(f, "{} version is {version}", service.name),
            Self::StepsDone => f.write_str("steps done"),
            Self::Metric { metric, threshold } => write!(f, "{} {}", metric.name, threshold.text),
            Self::Within { metric, from, until, closed: false } => write!(f, "{} in {from}..{until}", metric.name),
            Self::Within { metric, from, until, closed: true } => write!(f, "{} in [{from}, {until}]", metric.name),
            Self::Baseline { metric, op, factor } if *factor == 1.0 => {
                write!(f, "{} {} baseline", metric.name, op.sign())
            }
            Self::Baseline { metric, op, factor } => write!(f, "{} {} {factor} * baseline", metric.name, op.sign()),
            Self::Ranks { metric, side } => write!(f, "{} {} baseline", metric.name, side.word()),
            Self::CountRanks { metric, over, side } => {
                let over = crate::clock::duration_text(*over);
                write!(f, "count of {} over {over} {} baseline", metric.name, side.word())
            }
            Self::Count { metric, over, threshold } => {
                write!(f, "count of {} over {} {}", metric.name, crate::clock::duration_text(*over), threshold.text)
            }
            Self::HasData { metric } => write!(f, "{} has data", metric.name),
            Self::Gate { gate, verdict } => write!(f, "gate {} {verdict}", gate.name),
            Self::Slo { slo, asks: SloAsk::Burns } => write!(f, "{} burns", slo.name),
            Self::Slo { slo, asks: SloAsk::Overspent } => write!(f, "{} overspent", slo.name),
            Self::Slo { slo, asks: SloAsk::WithinBudget } => write!(f, "{} within budget", slo.name),
        }
    }
}

/// Which names a condition may use, each list in the plan's order.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// Metrics with their units.
    pub metrics: &'a [(String, Option<String>)],
    /// Services.
    pub services: &'a [String],
    /// Objectives with a budget.
    pub slos: &'a [String],
    /// Gates; none where another gate cannot be asked for.
    pub gates: Option<&'a [String]>,
}

impl Condition {
    /// Reads a condition; names are looked up in `names`.
    pub fn parse(text: &str, names: Names<'_>) -> Result<Self, ConditionError> {
        Ok(Self { text: text.trim().to_owned(), expr: parse::expr(text, names)? })
    }
}

/// Where `words` stand in `text`; all of it when they do not.
fn part(text: &str, words: &str) -> Range<usize> {
    match text.find(words) {
        Some(at) if !words.is_empty() => at..at + words.len(),
        _ => 0..text.len(),
    }
}

fn seconds<S: serde::Serializer>(d: &Duration, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_f64(d.as_secs_f64())
}

/// Why a condition cannot be used, where in its text, and what to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConditionError {
    /// What kind of trouble.
    pub kind: Trouble,
    /// What is wrong.
    pub message: String,
    /// What to write instead; empty for unknown names, whose candidates the caller knows.
    pub help: String,
    /// Bytes of the condition's text.
    pub span: Range<usize>,
}

/// What kind of trouble a condition has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It cannot be read.
    Unreadable,
    /// Its units do not fit.
    Unit,
    /// It names a metric that does not exist.
    UnknownMetric(String),
    /// It names a service that does not exist.
    UnknownService(String),
    /// It names a gate that does not exist.
    UnknownGate(String),
}

impl ConditionError {
    fn unreadable(message: String, help: &str, span: Range<usize>) -> Self {
        Self { kind: Trouble::Unreadable, message, help: help.to_owned(), span }
    }

    fn unit(message: String, help: String, span: Range<usize>) -> Self {
        Self { kind: Trouble::Unit, message, help, span }
    }

    fn moved(mut self, by: usize) -> Self {
        self.span = self.span.start + by..self.span.end + by;
        self
    }
}

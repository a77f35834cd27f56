//! What a plan says about objectives with a budget, and the hidden queries that count for them.

use std::time::Duration;

use serde::Serialize;

use crate::clock::duration_text;
use crate::plan::{Plan, seconds};
use crate::probe::MetricIx;
use crate::probe::slo::{Objective, PAIRS};

/// `[[slo]]`.
#[derive(Clone, Debug, Serialize)]
pub struct SloPlan {
    /// Its name.
    pub name: String,
    /// The target as written: `99.9%`.
    pub target: String,
    /// The target and its period as numbers.
    #[serde(skip)]
    pub objective: Objective,
    /// Over how long it must hold.
    #[serde(serialize_with = "seconds")]
    pub period: Duration,
    /// Name of the source that is asked.
    pub source: String,
    /// Which requests are selected beside all.
    pub counts: Counts,
    /// Selector of all requests.
    pub total: String,
    /// Failures that the cutover may cause.
    pub spend: Option<u64>,
    /// `info`, `warn`, `page` or `rollback`.
    pub severity: &'static str,
    /// Channels, by name.
    pub notify: Vec<String>,
}

/// Which requests a selector counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Counts {
    /// Those that failed.
    Bad(String),
    /// Those that did not: what failed is the rest.
    Good(String),
}

/// A query that is asked for an objective and shown nowhere by itself. Its [`MetricIx`] is its place in [`Plan::hidden`] after
/// the last metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HiddenPlan {
    /// Its objective's index.
    pub slo: usize,
    /// Which of the objective's hidden queries it is.
    pub place: usize,
    /// What it selects.
    pub side: Side,
    /// What it reads.
    pub reads: HiddenReads,
    /// Its name on the tape; another query has another name.
    pub name: String,
    /// From one value to the next.
    pub every: Duration,
}

/// Which of an objective's two selectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// `bad` or `good`.
    Part,
    /// `total`.
    All,
}

/// What a hidden query reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HiddenReads {
    /// The running total since the poller began.
    Running,
    /// How much the counter grew in this long, as a Prometheus says.
    Increase(Duration),
}

impl HiddenReads {
    /// In a word or two, for its name.
    pub fn word(self) -> String {
        match self {
            Self::Running => "total".to_owned(),
            Self::Increase(range) => format!("in {}", duration_text(range)),
        }
    }
}

/// The windows that an objective is judged over: those of the pairs and its period, each once, shortest first.
pub fn windows(period: Duration) -> Vec<Duration> {
    let mut all: Vec<Duration> = PAIRS.iter().flat_map(|pair| [pair.short, pair.long]).chain([period]).collect();
    all.sort_unstable();
    all.dedup();
    all
}

impl Plan {
    /// The hidden query of this index, if it is one.
    pub fn hidden_query(&self, ix: MetricIx) -> Option<&HiddenPlan> {
        self.hidden.get((ix.0 as usize).checked_sub(self.metrics.len())?)
    }

    /// What the tape calls a metric or a hidden query.
    pub fn taped_name(&self, ix: MetricIx) -> Option<&str> {
        let metric = self.metrics.get(ix.0 as usize).map(|m| m.name.as_str());
        metric.or_else(|| self.hidden_query(ix).map(|h| h.name.as_str()))
    }

    /// The metric or hidden query that the tape calls so.
    pub fn taped(&self, name: &str) -> Option<MetricIx> {
        let metric = self.metrics.iter().position(|m| m.name == name);
        let hidden = || self.hidden.iter().position(|h| h.name == name).map(|at| at + self.metrics.len());
        metric.or_else(hidden).map(|ix| MetricIx(ix as u32))
    }
}

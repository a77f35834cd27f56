//! The baseline: how things were before T-0, and how they compare with it now.

use chrono::{DateTime, TimeDelta, Utc};

use super::Room;
use crate::condition::Test;
use crate::fact::{Captured, Fact};
use crate::probe::MetricIx;
use crate::text::Untrusted;

/// Samples below which nothing is said (Kayenta's best practices ask for fifty).
pub const LEAST: usize = 50;
/// Values kept of one metric.
const KEPT: usize = 360;
/// Metrics kept of one room; those that a condition compares come first.
const METRICS: usize = 64;
/// The stretch that a key takes, back from now.
pub const BY_KEY: TimeDelta = TimeDelta::minutes(30);

impl Room {
    /// The samples of a stretch of time of every metric that has any, thinned evenly.
    pub fn capture(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Fact {
        let compared: Vec<u32> = self.compared().map(|ix| ix.0).collect();
        let mut order: Vec<usize> = (0..self.plan.metrics.len()).collect();
        order.sort_by_key(|ix| !compared.contains(&(*ix as u32)));
        let metrics = order.into_iter().take(METRICS).filter_map(|ix| {
            let (plan, live) = (self.plan.metrics.get(ix)?, self.live.metrics.get(ix)?);
            let values: Vec<f64> = live.series.between(from, until).collect();
            let step = values.len().div_ceil(KEPT).max(1);
            let values: Vec<f64> = values.into_iter().step_by(step).collect();
            (!values.is_empty()).then(|| Captured { metric: Untrusted::new(plan.name.clone()), values })
        });
        Fact::BaselineTaken { from, until, metrics: metrics.collect() }
    }

    /// What the plan's conditions compare with a baseline.
    fn compared(&self) -> impl Iterator<Item = MetricIx> + '_ {
        let plan = &self.plan;
        let conditions = plan.rules.iter().map(|r| &r.when).chain(plan.gates.iter().flat_map(|g| &g.criteria));
        conditions.chain(plan.levels.iter().flat_map(|l| &l.when)).flat_map(|c| c.expr.leaves()).filter_map(|test| {
            matches!(test, Test::Baseline { .. } | Test::Ranks { .. }).then(|| test.metric().map(|m| m.ix)).flatten()
        })
    }

    /// The baseline's samples of a metric; empty without any.
    pub fn baseline_of(&self, metric: MetricIx) -> &[f64] {
        let Some(plan) = self.plan.metrics.get(metric.0 as usize) else { return &[] };
        let taken = self.progress.baseline.as_ref().map(|b| b.metrics.as_slice()).unwrap_or_default();
        taken.iter().find(|c| c.metric.raw() == plan.name).map(|c| c.values.as_slice()).unwrap_or_default()
    }

    /// The mean of a metric's baseline; nothing when it holds too few points.
    pub fn baseline_mean(&self, metric: MetricIx) -> Option<f64> {
        let values = self.baseline_of(metric);
        (values.len() >= LEAST).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }

    /// Why there is no mean to compare with.
    pub fn no_baseline(&self, metric: MetricIx) -> String {
        match (self.progress.baseline.is_some(), self.baseline_of(metric).len()) {
            (false, _) => "has no baseline yet".to_owned(),
            (true, n) => format!("has too few points in its baseline: {n} of {LEAST}"),
        }
    }

    /// What a baseline is taken for when its time has come: the plan says from when until when, T-0 is known, and none of
    /// that time has been taken yet.
    pub fn baseline_due(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let (plan, t0) = (self.plan.baseline.as_ref()?, self.t0()?);
        let at = |offset: crate::clock::Offset| t0.checked_add_signed(TimeDelta::try_seconds(offset.0)?);
        let (from, until) = (at(plan.from)?, at(plan.until)?);
        let taken = self.progress.baseline.as_ref().is_some_and(|b| b.from == from || b.stamp.utc() >= until);
        // Later than an hour after its end nothing of it may be left to take.
        let now = self.now.utc;
        (!taken && now >= until && now < until + TimeDelta::hours(1)).then_some((from, until))
    }
}

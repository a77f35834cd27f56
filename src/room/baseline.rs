//! The baseline: how things were before T-0, and how they compare with it now.

use chrono::{DateTime, TimeDelta, Utc};

use super::Room;
use crate::clock::Stamp;
use crate::condition::{Condition, Side, Test};
use crate::fact::{Captured, Fact};
use crate::probe::MetricIx;
use crate::probe::compare::{Comparison, Counted, Difference, NEED, TOLERANCE, compare_rates, compare_within};
use crate::text::Untrusted;

/// Values kept of one metric.
const KEPT: usize = 360;
/// Metrics kept of one room; those that a condition compares come first.
const METRICS: usize = 64;
/// The stretch that a key takes, back from now.
pub const BY_KEY: TimeDelta = TimeDelta::minutes(30);

impl Room {
    /// The samples of a stretch of time of every metric that has any, thinned evenly.
    pub fn capture(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Fact {
        // What was not measured was not compared: the stretch begins with the first sample in it.
        let first = self.live.metrics.iter().filter_map(|m| m.series.first_from(from)).min();
        let from = first.map_or(from, |first| first.clamp(from, until));
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
        self.conditions().flat_map(|c| c.expr.leaves()).filter_map(|test| {
            matches!(test, Test::Baseline { .. } | Test::Ranks { .. } | Test::CountRanks { .. })
                .then(|| test.metric().map(|m| m.ix))
                .flatten()
        })
    }

    /// Every condition of the plan.
    fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let plan = &self.plan;
        let rules = plan.rules.iter().map(|r| &r.when);
        let ticks = plan.ticks.iter().map(|t| &t.when);
        let gates = plan.gates.iter().flat_map(|g| &g.criteria);
        let aborts = plan.aborts.iter().map(|a| &a.when);
        let after =
            plan.rollbacks.iter().flat_map(|r| &r.verify).chain(plan.breakers.iter().filter_map(|b| b.check.as_ref()));
        rules.chain(gates).chain(plan.levels.iter().flat_map(|l| &l.when)).chain(ticks).chain(aborts).chain(after)
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
        (values.len() >= NEED).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }

    /// Why there is no mean to compare with.
    pub fn no_baseline(&self, metric: MetricIx) -> String {
        match (self.progress.baseline.is_some(), self.baseline_of(metric).len()) {
            (false, _) => "has no baseline yet".to_owned(),
            (true, n) => format!("has too few points in its baseline: {n} of {NEED}"),
        }
    }

    /// What a baseline is taken for when its time has come: the plan says from when until when, T-0 is known, and none of
    /// that time has been taken yet.
    pub fn baseline_due(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let (plan, t0) = (self.plan.baseline.as_ref()?, self.t0()?);
        let at = |offset: crate::clock::Offset| t0.checked_add_signed(TimeDelta::try_seconds(offset.0)?);
        let (from, until) = (at(plan.from)?, at(plan.until)?);
        let taken = self.progress.baseline.as_ref().is_some_and(|b| b.stamp.utc() >= until);
        // Later than an hour after its end nothing of it may be left to take.
        let now = self.now.utc;
        (!taken && now >= until && now < until + TimeDelta::hours(1)).then_some((from, until))
    }
}

/// How far back the window reaches that is compared with a baseline; never before T-0 or before the baseline's end.
const WINDOW: TimeDelta = TimeDelta::minutes(10);

/// Compares anew what conditions compare by rank, where a sample came since the last time.
pub fn rank(room: &mut Room) {
    if room.progress.baseline.is_none() {
        room.live.ranks.clear();
        return;
    }
    let asked: Vec<MetricIx> = room.ranked_metrics().collect();
    for ix in asked {
        let newest = room.live.metrics.get(ix.0 as usize).and_then(|m| m.series.last()).map(|p| p.at);
        let stamp = room.progress.baseline.as_ref().map(|b| b.stamp);
        let known = room.live.ranks.get(&ix.0);
        if known.is_none_or(|known| known.newest != newest || Some(known.baseline) != stamp)
            && let Some(baseline) = stamp
        {
            let comparison = room.compared_now(ix);
            room.live.ranks.insert(ix.0, Ranked { newest, baseline, comparison });
        }
    }
}

/// A comparison with what it was made of.
#[derive(Clone, Copy, Debug)]
pub struct Ranked {
    newest: Option<DateTime<Utc>>,
    baseline: Stamp,
    comparison: Comparison,
}

impl Room {
    fn ranked_metrics(&self) -> impl Iterator<Item = MetricIx> + '_ {
        let conditions = self.conditions().flat_map(|c| c.expr.leaves());
        conditions.filter_map(|test| match test {
            Test::Ranks { metric, .. } => Some(metric.ix),
            _ => None,
        })
    }

    /// The last ten minutes of a metric against its baseline; samples of the baseline itself, and those before T-0, are no
    /// part of them.
    pub fn compared_now(&self, metric: MetricIx) -> Comparison {
        let now = self.now.utc;
        let live = self.live.metrics.get(metric.0 as usize).filter(|live| live.current().is_some());
        let taken = self.progress.baseline.as_ref().map(|b| b.until);
        let from = taken.into_iter().chain(self.t0()).filter(|at| *at <= now).fold(now - WINDOW, DateTime::max);
        let samples: Vec<f64> = live.map(|live| live.series.since(now, now - from).collect()).unwrap_or_default();
        let tolerance = self.plan.baseline.map_or(TOLERANCE, |b| b.tolerance);
        compare_within(self.baseline_of(metric), &samples, tolerance)
    }

    /// Where a metric's last samples lie against its baseline; nothing where too few points say so.
    pub fn ranked(&self, metric: MetricIx) -> Option<Side> {
        self.live.metrics.get(metric.0 as usize)?.current()?;
        // What only a sentence of the runbook compares is compared when somebody asks.
        let known = self.live.ranks.get(&metric.0).map(|known| known.comparison);
        match known.unwrap_or_else(|| self.compared_now(metric)) {
            Comparison::TooFewPoints { .. } => None,
            Comparison::Compared(it) => Some(match it.verdict {
                Difference::Higher => Side::Above,
                Difference::Lower => Side::Below,
                Difference::Same => Side::Like,
            }),
        }
    }

    /// Where a counter's growth within a window lies against its growth in the baseline, by the exact test of two rates; nothing
    /// without a baseline of it. Few events are enough: that they are few is what the test counts.
    pub fn rare(&self, metric: MetricIx, growth: f64, over: std::time::Duration) -> Option<Side> {
        let taken = self.progress.baseline.as_ref()?;
        let values = self.baseline_of(metric);
        if values.len() < 2 {
            return None;
        }
        let steps = values.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?)));
        let before: f64 = steps.map(|(a, b)| if b < a { b } else { b - a }).sum();
        let seconds = (taken.until - taken.from).num_milliseconds() as f64 / 1000.0;
        let whole = |n: f64| n.round().clamp(0.0, 1e15) as u64;
        match compare_rates(whole(before), seconds, whole(growth), over.as_secs_f64()) {
            Counted::NoTraffic => None,
            Counted::Compared { verdict: Difference::Higher, .. } => Some(Side::Above),
            Counted::Compared { verdict: Difference::Lower, .. } => Some(Side::Below),
            Counted::Compared { verdict: Difference::Same, .. } => Some(Side::Like),
        }
    }

    /// How a metric compares with its baseline, in words: `is 1.4 times the baseline, higher (p 0.0003, 92% of pairs above)`.
    pub fn ranks_words(&self, metric: MetricIx) -> String {
        if self.progress.baseline.is_none() {
            return self.no_baseline(metric);
        }
        match self.live.ranks.get(&metric.0).map(|r| r.comparison) {
            None => "was not compared yet".to_owned(),
            Some(Comparison::TooFewPoints { have, need }) => format!("has too few points: {have} of {need}"),
            Some(Comparison::Compared(it)) => {
                let much = match it.ratio {
                    Some(ratio) => format!("{ratio:.2} times the baseline"),
                    None => format!("{:+.3} from a baseline of 0", it.shift),
                };
                let p = if it.p < 0.0001 { "p under 0.0001".to_owned() } else { format!("p {:.4}", it.p) };
                format!("is {much}, {} ({p}, {:.0}% of pairs above)", it.verdict.word(), it.chance_above * 100.0)
            }
        }
    }
}

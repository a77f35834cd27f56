//! The last minutes of a metric against its baseline, by a rank test; too few points are said, and never pass.

use chrono::TimeDelta;

use super::Room;
use crate::condition::Side;
use crate::probe::MetricIx;
use crate::probe::compare::{Comparison, Difference, NEED, compare};

/// What is compared with the baseline, back from now: 120 points at one each five seconds.
const WINDOW: TimeDelta = TimeDelta::minutes(10);

impl Room {
    /// How a metric's last ten minutes compare with its baseline; `None` without a baseline. They reach back to the baseline's
    /// end at most, so that it is not compared with itself; a metric that is stale or in trouble has no points.
    pub fn against_baseline(&self, metric: MetricIx) -> Option<Comparison> {
        let old = self.baseline_of(metric);
        let until = self.progress.baseline.as_ref()?.until;
        let live = self.live.metrics.get(metric.0 as usize)?;
        // The end of a stretch is not in it, but the newest sample counts.
        let now = self.now.utc + TimeDelta::milliseconds(1);
        let fresh = live.current().is_some();
        let last: Vec<f64> =
            if fresh { live.series.between(until.max(now - WINDOW), now).collect() } else { Vec::new() };
        (!old.is_empty()).then(|| compare(old, &last))
    }

    /// Where a metric's last samples lie against its baseline; nothing where too few points say so.
    pub fn ranked(&self, metric: MetricIx) -> Option<Side> {
        match self.against_baseline(metric)? {
            Comparison::TooFewPoints { .. } => None,
            Comparison::Compared(it) => Some(match it.verdict {
                Difference::Higher => Side::Above,
                Difference::Lower => Side::Below,
                Difference::Same => Side::Like,
            }),
        }
    }

    /// Why nothing can be said of ranks.
    pub fn no_ranks(&self, metric: MetricIx) -> String {
        if self.baseline_of(metric).len() < NEED {
            return self.no_baseline(metric);
        }
        match self.against_baseline(metric) {
            Some(Comparison::TooFewPoints { have, need }) => format!("has too few points since then: {have} of {need}"),
            _ => "has no data".to_owned(),
        }
    }
}

/// A comparison in words: `1.4 times the baseline, higher (p 0.0003, 92% of pairs above)`.
pub fn words(comparison: &Comparison) -> String {
    match comparison {
        Comparison::TooFewPoints { have, need } => format!("too few points: {have} of {need}"),
        Comparison::Compared(it) => {
            let much = match it.ratio {
                Some(ratio) => format!("{ratio:.2} times the baseline"),
                None => format!("{:+.3} from a baseline of 0", it.shift),
            };
            let p = if it.p < 0.0001 { "p under 0.0001".to_owned() } else { format!("p {:.4}", it.p) };
            format!("{much}, {} ({p}, {:.0}% of pairs above)", it.verdict.word(), it.chance_above * 100.0)
        }
    }
}

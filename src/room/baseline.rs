//! The baseline: what each metric was in a span before T-0, and how its last window compares with that.

use chrono::{DateTime, TimeDelta, Utc};

use super::Room;
use crate::probe::compare::{Comparison, NEED, compare, median};

/// What one metric was in a span.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// The metric's name.
    pub name: String,
    /// Its samples, oldest first, in its unit; at most the 720 that are kept as they came.
    pub samples: Vec<f64>,
    /// Their median; `None` without samples.
    pub median: Option<f64>,
}

impl Baseline {
    /// Of these samples.
    pub fn of(name: &str, samples: Vec<f64>) -> Self {
        let mut sorted = samples.clone();
        sorted.sort_by(f64::total_cmp);
        let median = (!sorted.is_empty()).then(|| median(&sorted));
        Self { name: name.to_owned(), samples, median }
    }
}

/// A metric against its baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Against {
    /// The metric's name.
    pub name: String,
    /// How its last window compares.
    pub comparison: Comparison,
}

/// Cuts every metric's samples out of a span, its beginning left out and its end in, in the plan's order. A metric that was not
/// measured then has none.
pub fn take(room: &Room, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Baseline> {
    let all = room.plan.metrics.iter().zip(&room.live.metrics);
    all.map(|(plan, live)| Baseline::of(&plan.name, live.series.since(until, until - from).collect())).collect()
}

/// The span of `length` before T-0 that a baseline is cut out of; `None` without T-0 or while T-0 is ahead.
pub fn span(room: &Room, length: TimeDelta) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let t0 = room.t0().filter(|t0| *t0 <= room.now.utc)?;
    Some((t0 - length, t0))
}

/// Compares the last `window` of every metric that has a baseline with it. A window reaches back to T-0 at most, so that what
/// was before is not compared with itself; a metric that is gone, stale or in trouble has no points.
pub fn against(room: &Room, baselines: &[Baseline], window: TimeDelta) -> Vec<Against> {
    let now = room.now.utc;
    let window = room.t0().filter(|t0| *t0 <= now).map_or(window, |t0| window.min(now - t0));
    let each = |old: &Baseline| {
        let ix = room.plan.metrics.iter().position(|m| m.name == old.name);
        let live = ix.and_then(|ix| room.live.metrics.get(ix)).filter(|live| live.current().is_some());
        let samples: Vec<f64> = live.map(|live| live.series.since(now, window).collect()).unwrap_or_default();
        Against { name: old.name.clone(), comparison: compare(&old.samples, &samples) }
    };
    baselines.iter().map(each).collect()
}

/// A comparison in words: `1.4 times the baseline, higher (p 0.0003, 92% of pairs above)`.
pub fn words(comparison: &Comparison) -> String {
    match comparison {
        Comparison::TooFewPoints { have, .. } => format!("too few points: {have} of {NEED}"),
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

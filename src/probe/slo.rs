//! Objectives with a budget: how many failures one allows, how fast they are spent, and how many a cutover may spend.

use std::time::Duration;

use super::counter::Completeness;

const HOUR: Duration = Duration::from_hours(1);

/// Two windows that are judged together, and the share of a period's budget that may go in the longer one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Says that it matters.
    pub long: Duration,
    /// Says that it goes on.
    pub short: Duration,
    /// Of the period's budget, in %, in the long window.
    pub budget_percent: f64,
}

/// The four pairs, the most urgent first. (Google, "The Site Reliability Workbook", Alerting on SLOs; as slok/sloth has them in
/// google-30d.yaml.)
pub const PAIRS: [Pair; 4] = [
    Pair { long: HOUR, short: Duration::from_mins(5), budget_percent: 2.0 },
    Pair { long: Duration::from_hours(6), short: Duration::from_mins(30), budget_percent: 5.0 },
    Pair { long: Duration::from_hours(24), short: Duration::from_hours(2), budget_percent: 10.0 },
    Pair { long: Duration::from_hours(72), short: Duration::from_hours(6), budget_percent: 10.0 },
];

impl Pair {
    /// How many times faster than even the budget may go: budget % · period / 100 / long window. 14.4, 6, 3 and 1 for 30 days.
    pub fn factor(&self, period: Duration) -> f64 {
        self.budget_percent * period.as_secs_f64() / 100.0 / self.long.as_secs_f64()
    }
}

/// What must hold: so many of all requests succeed over a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Objective {
    percent: f64,
    period: Duration,
}

impl Objective {
    /// `percent` of all succeed, over 0 and under 100; `None` otherwise, or for a period of nothing.
    pub fn new(percent: f64, period: Duration) -> Option<Self> {
        (percent > 0.0 && percent < 100.0 && !period.is_zero()).then_some(Self { percent, period })
    }

    /// The target, in %.
    pub fn percent(&self) -> f64 {
        self.percent
    }

    /// Over how long it must hold.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// The share that may fail, 0 to 1. 100 − 99.9 is not 0.1 in binary: what was typed has far fewer digits than it is rounded
    /// to here.
    pub fn allowance(&self) -> f64 {
        ((100.0 - self.percent) * 1e10).round() / 1e12
    }
}

/// What was counted in one window.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// Failures and all requests.
    Counted {
        /// Failures.
        bad: f64,
        /// All.
        total: f64,
    },
    /// Why nothing is known. Never a pass, never a zero.
    NoData(String),
}

impl Seen {
    /// The share of requests that failed, 0 to 1, or why there is none: without requests there is no share.
    pub fn share(&self) -> Result<f64, String> {
        let (bad, total) = self.counts()?;
        if total > 0.0 { Ok((bad / total).clamp(0.0, 1.0)) } else { Err("no traffic".to_owned()) }
    }

    fn counts(&self) -> Result<(f64, f64), String> {
        match self {
            Self::Counted { bad, total } if bad.is_finite() && total.is_finite() => Ok((bad.max(0.0), total.max(0.0))),
            Self::Counted { .. } => Err("no number".to_owned()),
            Self::NoData(why) => Err(why.clone()),
        }
    }
}

/// How a pair of windows stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BurnState {
    /// Both windows burn faster than the factor.
    Firing,
    /// Both are known and at least one does not.
    Quiet,
    /// One is not known: why.
    NoData(String),
}

/// One pair of windows, judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Burn {
    /// Which.
    pub pair: Pair,
    /// Its factor for the objective's period.
    pub factor: f64,
    /// Burn in the long window: 1 spends the budget in exactly the period.
    pub long: Option<f64>,
    /// Burn in the short window.
    pub short: Option<f64>,
    /// The judgement.
    pub state: BurnState,
}

/// Judges a pair: it fires only when the long AND the short window fail more than factor · (1 − target).
pub fn burn(objective: &Objective, pair: Pair, long: &Seen, short: &Seen) -> Burn {
    let factor = pair.factor(objective.period);
    let allowance = objective.allowance();
    let (long, short) = (long.share(), short.share());
    let state = match (&long, &short) {
        (Ok(long), Ok(short)) if *long > factor * allowance && *short > factor * allowance => BurnState::Firing,
        (Ok(_), Ok(_)) => BurnState::Quiet,
        (Err(why), _) | (_, Err(why)) => BurnState::NoData(why.clone()),
    };
    let rate = |share: Result<f64, String>| share.ok().map(|share| share / allowance);
    Burn { pair, factor, long: rate(long), short: rate(short), state }
}

/// A period's budget, computed from what was counted in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// Failures that all requests of the period allow: (1 − target) · total.
    pub allowed: f64,
    /// Failures that happened.
    pub spent: f64,
    /// `allowed − spent`; negative when overdrawn.
    pub left: f64,
    /// `left / allowed`, 1 when nothing is spent; negative when overdrawn.
    pub share_left: f64,
    /// How long it lasts.
    pub lasts: Lasts,
}

/// How long what is left of a budget lasts if failures go on as they do now.
#[derive(Clone, Debug, PartialEq)]
pub enum Lasts {
    /// So many minutes.
    Minutes(f64),
    /// Nothing fails at present.
    NothingFails,
    /// Nothing is left.
    Spent,
    /// The present rate is not known: why.
    NoData(String),
}

/// The budget of a period, and how long it lasts at the rate of the `present` window of length `span`.
pub fn budget(objective: &Objective, period: &Seen, present: &Seen, span: Duration) -> Result<Budget, String> {
    let (spent, total) = period.counts()?;
    if total <= 0.0 {
        return Err("no traffic".to_owned());
    }
    let allowed = objective.allowance() * total;
    let left = allowed - spent;
    let lasts = match present.counts() {
        _ if left <= 0.0 => Lasts::Spent,
        Err(why) => Lasts::NoData(why),
        Ok((bad, _)) if bad <= 0.0 => Lasts::NothingFails,
        Ok((bad, _)) => Lasts::Minutes(left / (bad / (span.as_secs_f64() / 60.0))),
    };
    Ok(Budget { allowed, spent, left, share_left: left / allowed, lasts })
}

/// What a cutover has spent of the failures that it may cause.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spend {
    /// Failures it may cause.
    pub allowed: u64,
    /// Failures since it began; whole where the counter is.
    pub spent: f64,
    /// Whether that is all of them.
    pub count: Completeness,
}

impl Spend {
    /// How many are left; negative when overdrawn. Where the count may be too low, at most so many.
    pub fn left(&self) -> f64 {
        self.allowed as f64 - self.spent
    }

    /// Whether more is spent than may be.
    pub fn is_overdrawn(&self) -> bool {
        self.spent > self.allowed as f64
    }
}

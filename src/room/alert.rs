//! One alert over time: inactive, pending, firing. What holds comes in with three values; the clocks of `for` and `keep_for`
//! run only while there is data.
//!
//! Without gaps these are Prometheus's rules (prometheus/prometheus, docs/configuration/alerting_rules.md and
//! rules/alerting.go): pending since the first evaluation that holds, firing at the first that lies `for` after it, one that
//! does not hold ends pending at once, and a firing alert ends when `keep_for` has passed since the first that did not hold.
//! A missing value is neither: it stops both clocks, and never ends what fires.

use std::time::Duration;

use crate::clock::Now;

/// What a rule asks of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// It must hold this long.
    pub for_: Duration,
    /// It stays firing this long after it last held.
    pub keep_for: Duration,
    /// A pending alert that has no data for this long begins anew.
    pub patience: Duration,
    /// Whether it stays firing until somebody acknowledged it.
    pub latch: bool,
}

/// Where an alert stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It does not hold.
    #[default]
    Inactive,
    /// It holds, not yet for long enough.
    Pending,
    /// It has held for long enough, or did and is kept.
    Firing,
}

/// A change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Inactive to pending.
    Begun,
    /// To firing.
    Fired,
    /// Pending to inactive.
    Withdrawn,
    /// Firing to inactive.
    Resolved,
}

/// An alert as evaluated so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alert {
    /// Where it stands.
    pub state: State,
    /// Since when; none while it was never evaluated.
    pub since: Option<Now>,
    /// Pending: for how long it has held, with data.
    pub held: Duration,
    /// Firing: for how long it has not held, with data.
    pub clear: Duration,
    /// The last evaluation and what it gave.
    pub last: Option<(Now, Option<bool>)>,
    /// Without data since; none while there is data.
    pub blind: Option<Now>,
}

impl Alert {
    /// Takes one evaluation in. Evaluations come in order of time; one that is not later than the last is dropped.
    pub fn step(&mut self, terms: &Terms, now: Now, holds: Option<bool>, acknowledged: bool) -> Option<Change> {
        let (gap, before) = match self.last {
            Some((last, _)) if now.mono <= last.mono => return None,
            Some((last, before)) => (now.since(last), before),
            None => (Duration::ZERO, None),
        };
        self.last = Some((now, holds));
        // A stretch of time counts when both its ends said the same.
        let ran = |same: bool| if before == Some(same) && holds == Some(same) { gap } else { Duration::ZERO };
        self.blind = if holds.is_some() { None } else { self.blind.or(Some(now)) };
        match (self.state, holds) {
            (State::Inactive, Some(true)) => {
                self.held = Duration::ZERO;
                Some(if terms.for_.is_zero() {
                    self.enter(State::Firing, now, Change::Fired)
                } else {
                    self.enter(State::Pending, now, Change::Begun)
                })
            }
            (State::Pending, Some(true)) => {
                self.held += ran(true);
                (self.held >= terms.for_).then(|| self.enter(State::Firing, now, Change::Fired))
            }
            (State::Pending, Some(false)) => Some(self.enter(State::Inactive, now, Change::Withdrawn)),
            (State::Pending, None) => {
                if self.blind.is_some_and(|since| now.since(since) >= terms.patience) {
                    self.held = Duration::ZERO;
                }
                None
            }
            (State::Firing, Some(true)) => {
                self.clear = Duration::ZERO;
                None
            }
            (State::Firing, Some(false)) => {
                self.clear += ran(false);
                let over = self.clear >= terms.keep_for && (!terms.latch || acknowledged);
                over.then(|| self.enter(State::Inactive, now, Change::Resolved))
            }
            (State::Inactive, _) | (State::Firing, None) => None,
        }
    }

    fn enter(&mut self, state: State, now: Now, change: Change) -> Change {
        self.state = state;
        self.since = Some(now);
        self.clear = Duration::ZERO;
        change
    }

    /// An alert as another process left it: `held` is how long it had been pending when it was last evaluated. The time in
    /// which nobody looked does not count.
    pub fn restored(state: State, since: Now, held: Duration) -> Self {
        Self { state, since: Some(since), held, ..Self::default() }
    }
}

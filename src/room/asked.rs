//! The conditions of one gate, asked with its own terms: steps before it, how old a value may be, how many samples it takes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;

use super::Room;
use super::judge::{self, Look};
use crate::clock::age;
use crate::condition::{Condition, Expr, Test};
use crate::fact::Verdict;
use crate::fact::gate::Stand;
use crate::plan::decisions::GatePlan;

/// The conditions of a gate, asked with its own terms.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The room.
    pub room: &'a Room,
    /// The gate as planned.
    pub plan: &'a GatePlan,
    /// Steps before it: settled, all.
    pub steps: (u32, u32),
    /// Verdicts on the gates it asks for, each found once.
    pub others: &'a Others,
}

/// Verdicts on gates by their place in the plan.
pub(super) type Others = RefCell<BTreeMap<usize, Verdict>>;

impl Asked<'_> {
    fn leaf(&self, test: &Test) -> Option<bool> {
        if *test == Test::StepsDone {
            let (done, all) = self.steps;
            return (all > 0).then_some(done == all);
        }
        if let Test::Gate { gate, verdict } = test {
            let known = self.others.borrow().get(&gate.ix).copied();
            let found = known.or_else(|| {
                let found = self.room.reckon_with(gate.ix, self.others)?.verdict;
                self.others.borrow_mut().insert(gate.ix, found);
                Some(found)
            })?;
            return (found != Verdict::Wait).then_some(found == *verdict);
        }
        if self.unfit(test).is_some() {
            return matches!(test, Test::HasData { .. }).then_some(false);
        }
        judge::leaf(self.room, test, None)
    }

    /// Whether a leaf is one that people bring about: steps, and gates that are still to come to a verdict.
    fn waited_for(&self, test: &Test) -> bool {
        match test {
            Test::StepsDone => true,
            Test::Gate { .. } => self.leaf(test).is_none(),
            _ => false,
        }
    }

    /// How a criterion stands. Steps that are not done, and gates that wait, break nothing: they are waited for.
    pub fn stand(&self, expr: &Expr) -> Stand {
        match expr.holds(&mut |test| self.leaf(test)) {
            Some(true) => return Stand::Holds,
            found => {
                let known = |steps: Option<bool>| {
                    expr.holds(&mut |test| if self.waited_for(test) { steps } else { self.leaf(test) })
                };
                let some = self.steps.1 > 0 || !expr.leaves().contains(&&Test::StepsDone);
                if found == Some(false) && known(None) == Some(false) {
                    return Stand::Broken;
                }
                if some && known(Some(true)) == Some(true) {
                    return Stand::Waiting;
                }
            }
        }
        Stand::Blind
    }

    /// Why a value does not count though there is one: too old, or too few samples.
    fn unfit(&self, test: &Test) -> Option<String> {
        let now = self.room.now;
        let too_old = |name: &str, old: Duration| {
            let most = self.plan.max_age.filter(|most| old > *most)?;
            Some(format!("{name} is {} old, {} at most", age(old), age(most)))
        };
        if let Some(metric) = test.metric() {
            let live = self.room.live.metrics.get(metric.ix.0 as usize)?;
            let last = live.series.last()?;
            if let Some(why) = too_old(&metric.name, (now.utc - last.at).to_std().unwrap_or_default()) {
                return Some(why);
            }
            let n = self.samples(metric.ix.0);
            let few = n < self.plan.min_samples as usize && live.current().is_some();
            return few.then(|| format!("{} has {n} of {} samples", metric.name, self.plan.min_samples));
        }
        let services = self.room.plan.services.iter().zip(&self.room.live.services);
        let mut asked = services.filter(|(plan, _)| match test {
            Test::ServicesUp => true,
            _ => test.service().is_some_and(|s| *s.name == *plan.name),
        });
        asked.find_map(|(plan, live)| {
            let rests = live.state == crate::fact::ServiceState::Maintenance;
            let at = live.asked.filter(|_| !rests)?;
            too_old(&plan.name, now.since(at))
        })
    }

    /// Samples of a metric within the dwell, or a minute where that is shorter.
    fn samples(&self, metric: u32) -> usize {
        let span = self.room.dwell(self.plan).max(Duration::from_mins(1));
        let span = TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX);
        let live = self.room.live.metrics.get(metric as usize);
        live.map_or(0, |live| live.series.since(self.room.now.utc, span).count())
    }

    /// What a criterion found: of several leaves the first that made it so.
    pub fn look(&self, condition: &Condition, stand: Stand) -> Look {
        let leaves = condition.expr.leaves();
        let whole = condition.expr.holds(&mut |test| self.leaf(test));
        let told = leaves.iter().find(|test| self.leaf(test) == whole).or(leaves.first());
        let mut look = told.map_or_else(
            || judge::look(self.room, &Test::StepsDone, None),
            |test| {
                let mut look = judge::look(self.room, test, None);
                if **test == Test::StepsDone {
                    let (done, all) = self.steps;
                    (look.value, look.threshold) = (Some(f64::from(done)), Some(f64::from(all)));
                    look.words = format!("{done} of {all} steps done");
                    if all == 0 {
                        "no step stands before it".clone_into(&mut look.words);
                    }
                }
                if let Some(metric) = test.metric() {
                    look.samples = self.samples(metric.ix.0);
                }
                if let Some(why) = self.unfit(test) {
                    look.words = why;
                }
                look
            },
        );
        look.text.clone_from(&condition.text);
        look.holds = match stand {
            Stand::Holds => Some(true),
            Stand::Blind => None,
            Stand::Broken | Stand::Waiting => Some(false),
        };
        look.state = match look.holds {
            Some(true) => "pass",
            Some(false) => "fail",
            None => "no data",
        };
        look
    }
}

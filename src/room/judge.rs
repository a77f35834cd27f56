//! What a condition finds in the room: whether it holds, with three values, and what it looked at.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{MetricLive, Room, slo, verdict};
use crate::condition::{Expr, Side, Test};
use crate::fact::{ServiceState, Verdict};
use crate::plan::MetricPlan;
use crate::plan::decisions::{Place, RulePlan};

/// One leaf of a condition with what it found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Look {
    /// As written.
    pub text: String,
    /// Whether it holds.
    #[serde(skip)]
    pub holds: Option<bool>,
    /// `pass`, `fail` or `no data`.
    pub state: &'static str,
    /// The number it looked at, in its unit.
    pub value: Option<f64>,
    /// The number it was compared with.
    pub threshold: Option<f64>,
    /// The unit of both.
    pub unit: Option<String>,
    /// Samples behind the value.
    pub samples: usize,
    /// Seconds since the newest of them.
    pub age: Option<f64>,
    /// Where the value comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// In words: `error rate 1.2% > 0.5%`, `p95 has no data for 40 s`.
    pub words: String,
}

/// Whether an expression holds; `place` is the section whose steps `steps done` means, none for all steps.
pub fn holds(room: &Room, expr: &Expr, place: Option<&Place>) -> Option<bool> {
    expr.holds(&mut |test| leaf(room, test, place))
}

/// The last moment of a stretch at which an expression did not hold, by the samples there are of it: values and answers as they
/// were then. What else a condition may ask for is not on the tape, and breaks nothing.
pub(super) fn last_broken(
    room: &Room,
    expr: &Expr,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let series = room.live.metrics.iter().map(|m| &m.series).chain(room.live.services.iter().map(|s| &s.passes));
    let mut moments: Vec<DateTime<Utc>> = series.flat_map(|series| series.times(from, until)).collect();
    moments.sort_unstable();
    moments.dedup();
    moments.into_iter().rev().find(|at| expr.holds(&mut |test| leaf_at(room, test, *at)) == Some(false))
}

/// Whether a leaf held at a moment, of those that ask for values and answers.
fn leaf_at(room: &Room, test: &Test, at: DateTime<Utc>) -> Option<bool> {
    let value = |ix: u32| {
        let (plan, live) = metric(room, ix)?;
        live.series.at(at, room.pace(plan.every) * 2)
    };
    let failed = |ix: usize| {
        let (plan, live) = (room.plan.services.get(ix)?, room.live.services.get(ix)?);
        Some(live.passes.at(at, room.service_pace(plan) * 2)? < 1.0)
    };
    match test {
        Test::Metric { metric, threshold } => threshold.holds(value(metric.ix.0)),
        Test::Within { metric, from, until, closed } => {
            let value = value(metric.ix.0)?;
            Some(value >= *from && (value < *until || *closed && value == *until))
        }
        Test::Baseline { metric, op, factor } => {
            let against = room.baseline_mean(metric.ix)? * factor;
            value(metric.ix.0).map(|value| op.compare(value, against))
        }
        Test::ServicesUp => (0..room.plan.services.len()).any(|ix| failed(ix) == Some(true)).then_some(false),
        Test::Service { service, state: ServiceState::Up } => {
            (failed(service.ix.0 as usize) == Some(true)).then_some(false)
        }
        _ => None,
    }
}

/// What each leaf found, in the order they were written.
pub fn looks(room: &Room, expr: &Expr, place: Option<&Place>) -> Vec<Look> {
    expr.leaves().into_iter().map(|test| look(room, test, place)).collect()
}

/// The stretch over which a rule looks: its `for`, and a minute at least.
pub fn window(rule: &RulePlan) -> Duration {
    rule.for_.max(Duration::from_mins(1))
}

/// What each leaf of a rule found, with the samples of its window.
pub fn looks_of(room: &Room, rule: &RulePlan) -> Vec<Look> {
    let day = Duration::from_hours(24);
    let span = chrono::TimeDelta::from_std(window(rule).min(day)).unwrap_or_default();
    let leaves = rule.when.expr.leaves().into_iter();
    let with_samples = leaves.map(|test| {
        let mut look = look(room, test, None);
        let metric = test.metric().and_then(|m| Some(&room.live.metrics.get(m.ix.0 as usize)?.series));
        let service = || test.service().and_then(|s| Some(&room.live.services.get(s.ix.0 as usize)?.passes));
        if let Some(series) = metric.or_else(service) {
            look.samples = series.since(room.now.utc, span).count();
        }
        look
    });
    with_samples.collect()
}

/// The leaves that make an expression what it is, in words: those that hold where it holds, those that do not where it does
/// not, those without data where it is unknown.
pub fn words(room: &Room, expr: &Expr, place: Option<&Place>) -> String {
    let whole = holds(room, expr, place);
    let mut said: Vec<String> = Vec::new();
    because(room, expr, place, whole, &mut said);
    said.join(", ")
}

fn because(room: &Room, expr: &Expr, place: Option<&Place>, whole: Option<bool>, said: &mut Vec<String>) {
    match expr {
        Expr::Test(test) => {
            if leaf(room, test, place) == whole {
                said.push(look(room, test, place).words);
            }
        }
        Expr::Not { of } => because(room, of, place, whole.map(|known| !known), said),
        Expr::All { of } | Expr::Any { of } | Expr::Some { of, .. } => {
            for one in of.iter().filter(|one| holds(room, one, place) == whole) {
                because(room, one, place, whole, said);
            }
        }
    }
}

/// Whether a leaf holds.
pub(super) fn leaf(room: &Room, test: &Test, place: Option<&Place>) -> Option<bool> {
    match test {
        Test::ServicesUp => services_up(room),
        Test::Service { service, state } => {
            let live = room.live.services.get(service.ix.0 as usize)?;
            match live.state {
                ServiceState::Pending => None,
                ServiceState::Stale if *state != ServiceState::Stale => None,
                now => Some(now == *state),
            }
        }
        Test::Version { service, version } => {
            let live = room.live.services.get(service.ix.0 as usize)?;
            if matches!(live.state, ServiceState::Pending | ServiceState::Stale) {
                return None;
            }
            live.last.as_ref()?.version.as_ref().map(|found| found.raw() == version)
        }
        Test::StepsDone => steps_done(room, place),
        Test::Metric { metric, threshold } => threshold.holds(current(room, metric.ix.0)),
        Test::Within { metric, from, until, closed } => {
            let value = current(room, metric.ix.0)?;
            Some(value >= *from && (value < *until || *closed && value == *until))
        }
        Test::Baseline { metric, op, factor } => {
            let against = room.baseline_mean(metric.ix)? * factor;
            current(room, metric.ix.0).map(|value| op.compare(value, against))
        }
        Test::Ranks { metric, side } => room.ranked(metric.ix).map(|found| found == *side),
        Test::Count { metric, over, threshold } => {
            let (growth, whole) = growth(room, metric.ix.0, *over)?;
            let holds = threshold.op.compare(growth, threshold.value);
            // A count only grows: what is over the line already is over it however much was not seen.
            let settled = whole || holds && matches!(threshold.op.sign(), ">" | ">=");
            settled.then_some(holds)
        }
        Test::CountRanks { metric, over, side } => {
            let (growth, whole) = growth(room, metric.ix.0, *over)?;
            whole.then(|| room.rare(metric.ix, growth, *over)).flatten().map(|found| found == *side)
        }
        Test::HasData { metric } => Some(current(room, metric.ix.0).is_some()),
        Test::Slo { slo, asks } => slo::judge(room, slo.ix)?.answer(*asks),
        Test::Gate { gate, verdict } => match room.reckon(gate.ix)?.verdict {
            Verdict::Wait => None,
            known => Some(known == *verdict),
        },
    }
}

fn metric(room: &Room, ix: u32) -> Option<(&MetricPlan, &MetricLive)> {
    Some((room.plan.metrics.get(ix as usize)?, room.live.metrics.get(ix as usize)?))
}

fn current(room: &Room, ix: u32) -> Option<f64> {
    metric(room, ix)?.1.current()
}

/// How much a counter grew within `over`, and whether all of that time was seen; nothing without a current value.
fn growth(room: &Room, ix: u32, over: Duration) -> Option<(f64, bool)> {
    let (_, live) = metric(room, ix)?;
    live.current()?;
    live.series.growth(room.now.utc, chrono::TimeDelta::from_std(over).ok()?)
}

fn services_up(room: &Room) -> Option<bool> {
    let mut judged = false;
    let mut unknown = false;
    for live in &room.live.services {
        match live.state {
            ServiceState::Maintenance => continue,
            ServiceState::Up => {}
            ServiceState::Down | ServiceState::Degraded => return Some(false),
            ServiceState::Pending | ServiceState::Stale => unknown = true,
        }
        judged = true;
    }
    (judged && !unknown).then_some(true)
}

fn steps_done(room: &Room, place: Option<&Place>) -> Option<bool> {
    let (done, total) = room.steps_of(place);
    (total > 0).then_some(done == total)
}

/// What a leaf found.
pub(super) fn look(room: &Room, test: &Test, place: Option<&Place>) -> Look {
    let holds = leaf(room, test, place);
    let state = match holds {
        Some(true) => "pass",
        Some(false) => "fail",
        None => "no data",
    };
    let found = test.metric().and_then(|m| metric(room, m.ix.0));
    let mut look = Look {
        text: test.to_string(),
        holds,
        state,
        value: None,
        threshold: None,
        unit: found.and_then(|(plan, _)| plan.unit.clone()),
        samples: 0,
        age: None,
        source: found.map(|(plan, _)| plan.source.clone()),
        words: String::new(),
    };
    if let Some((plan, live)) = found {
        look.value = live.current();
        look.samples = usize::from(look.value.is_some());
        look.age = live.series.last().map(|p| (room.now.utc - p.at).num_milliseconds() as f64 / 1000.0);
        look.words = match look.value {
            Some(value) => of_metric(room, test, &mut look, plan, value),
            None => format!("{} {}", plan.name, verdict::missing(room, live)),
        };
        return look;
    }
    look.words = match test {
        Test::ServicesUp => services_words(room),
        Test::Gate { gate, .. } => {
            room.reckon(gate.ix).map_or_else(|| test.to_string(), |it| format!("gate {} {}", gate.name, it.verdict))
        }
        Test::Slo { slo, .. } => slo::judge(room, slo.ix)
            .map_or_else(|| test.to_string(), |now| format!("{}: {}", slo.name, slo::sentence(&now))),
        Test::StepsDone => {
            let (done, total) = room.steps_of(place);
            (look.value, look.threshold) = (Some(f64::from(done)), Some(f64::from(total)));
            if total == 0 { "no step to be done".to_owned() } else { format!("{done} of {total} steps done") }
        }
        _ => test.service().and_then(|s| room.live.services.get(s.ix.0 as usize).map(|live| (s, live))).map_or_else(
            || test.to_string(),
            |(service, live)| {
                look.samples = usize::from(live.last.is_some());
                look.age = live.asked.map(|at| room.now.since(at).as_secs_f64());
                match (test, live.last.as_ref().and_then(|r| r.version.as_ref())) {
                    (Test::Version { .. }, Some(found)) => format!("{} runs {found}", service.name),
                    (Test::Version { .. }, None) => format!("{} does not say its version", service.name),
                    _ if live.reason.is_empty() => format!("{} {}", service.name, live.state),
                    _ => format!("{} {}, {}", service.name, live.state, live.reason),
                }
            },
        ),
    };
    look
}

/// The words for a metric that has a value; fills in what it was compared with.
fn of_metric(room: &Room, test: &Test, look: &mut Look, plan: &MetricPlan, value: f64) -> String {
    let said = |v: f64| verdict::number(plan, v);
    let against = |threshold: f64| {
        let relation = match value.total_cmp(&threshold) {
            std::cmp::Ordering::Less => "<",
            std::cmp::Ordering::Equal => "=",
            std::cmp::Ordering::Greater => ">",
        };
        format!("{} {} {relation} {}", plan.name, said(value), verdict::bound(plan, threshold))
    };
    match test {
        Test::Metric { threshold, .. } => {
            look.threshold = Some(threshold.value);
            against(threshold.value)
        }
        Test::Within { from, until, .. } => {
            look.threshold = Some(if value < *from { *from } else { *until });
            {
                let bound = |v| verdict::bound(plan, v);
                format!("{} {}, {} to {} asked for", plan.name, said(value), bound(*from), bound(*until))
            }
        }
        Test::Baseline { metric, factor, .. } => match room.baseline_mean(metric.ix) {
            Some(mean) => {
                look.threshold = Some(mean * factor);
                format!("{}, the baseline being {}", against(mean * factor), verdict::bound(plan, mean))
            }
            None => format!("{} {}", plan.name, room.no_baseline(metric.ix)),
        },
        Test::Ranks { metric, .. } => format!("{} {}", plan.name, room.ranks_words(metric.ix)),
        Test::Count { metric, over, threshold } => {
            let over_words = crate::clock::duration_text(*over);
            look.threshold = Some(threshold.value);
            look.value = None;
            match growth(room, metric.ix.0, *over) {
                Some((growth, whole)) => {
                    look.value = Some(growth);
                    let seen = if whole { "" } else { ", as far as seen" };
                    format!("{} grew by {growth} in {over_words}{seen}, {} asked for", plan.name, threshold.text)
                }
                None => format!("{} was not seen for {over_words}", plan.name),
            }
        }
        Test::CountRanks { metric, over, .. } => {
            look.value = None;
            let over_words = crate::clock::duration_text(*over);
            match growth(room, metric.ix.0, *over) {
                Some((growth, true)) => {
                    look.value = Some(growth);
                    let stands = room.rare(metric.ix, growth, *over).map_or("not to be compared with", Side::word);
                    format!("{} grew by {growth} in {over_words}, {stands} its baseline", plan.name)
                }
                _ => format!("{} was not seen for {over_words}", plan.name),
            }
        }
        _ => format!("{} {}", plan.name, said(value)),
    }
}

fn services_words(room: &Room) -> String {
    let wrong: Vec<String> = room
        .plan
        .services
        .iter()
        .zip(&room.live.services)
        .filter(|(_, live)| !matches!(live.state, ServiceState::Up | ServiceState::Maintenance))
        .map(|(plan, live)| format!("{} {}", plan.name, live.state))
        .collect();
    if wrong.is_empty() { "services up".to_owned() } else { wrong.join(", ") }
}

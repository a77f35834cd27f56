//! The T-clock: T-0 in force, holds that stop it, and what ends them.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::schedule::Began;
use super::{Room, alerts};
use crate::clock::{Offset, clock_span};
use crate::fact::{Draft, Fact, HoldUntil, Verdict};
use crate::plan::schedule::{HoldExit, HoldPlan};
use crate::text::{Untrusted, escape};

/// A planned hold that nobody was there to begin is not begun later than this after its time.
const GRACE: i64 = 60;

/// A stop of the clock that lasts.
#[derive(Clone, Debug, PartialEq)]
pub struct HoldNow {
    /// Its identity.
    pub id: Uuid,
    /// Since when the clock stands.
    pub since: DateTime<Utc>,
    /// For how long it has stood.
    pub lasted: Duration,
    /// Why, escaped.
    pub reason: String,
    /// What is waited for, in words.
    pub waits: String,
}

impl Room {
    /// T-0 in force: the last one set or recycled to, else the plan's, moved by as long as the clock has stood since; in
    /// whole seconds while it stands.
    pub fn t0(&self) -> Option<DateTime<Utc>> {
        let (fixed, standing) = self.t0_and_standing()?;
        Some(standing.map_or(fixed, |since| fixed + TimeDelta::seconds((self.now.utc - since).num_seconds().max(0))))
    }

    /// Where the T-clock stands; `None` without T-0.
    pub fn t(&self) -> Option<Offset> {
        let (fixed, standing) = self.t0_and_standing()?;
        Some(Offset::between(fixed, standing.unwrap_or(self.now.utc)))
    }

    /// T-0 as announced: the last one that somebody set, else the plan's; neither holds nor recycles move it.
    pub fn announced_t0(&self) -> Option<DateTime<Utc>> {
        match &self.progress.t0 {
            Some((_, t0)) => *t0,
            None => self.plan.room.t0,
        }
    }

    /// By how much holds and recycles have moved what was announced.
    pub fn slipped(&self) -> TimeDelta {
        self.t0().zip(self.announced_t0()).map_or(TimeDelta::zero(), |(t0, announced)| t0 - announced)
    }

    /// The hold that stops the clock; the longest, where several do.
    pub fn hold(&self) -> Option<HoldNow> {
        let (id, began) = self.progress.schedule.open_holds().into_iter().next()?;
        let lasted = (self.now.utc - began.at).to_std().unwrap_or_default();
        Some(HoldNow { id, since: began.at, lasted, reason: began.reason.to_string(), waits: self.waits(began) })
    }

    /// T-0 without the time of a hold that lasts, and since when the clock stands.
    fn t0_and_standing(&self) -> Option<(DateTime<Utc>, Option<DateTime<Utc>>)> {
        let (from, base) = self.anchor()?;
        let schedule = &self.progress.schedule;
        // Also where this machine's clock is behind that of whoever held it, or was set back since: it stands all the same.
        let standing = schedule.open_holds().first().map(|(_, began)| began.at.max(from));
        let until = standing.unwrap_or(self.now.utc);
        let held = if from < until { schedule.held(from, until) } else { TimeDelta::zero() };
        Some((base.checked_add_signed(held)?, standing))
    }

    /// Since when the countdown is as it is, and T-0 as it was then.
    fn anchor(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let recycled = self.progress.schedule.recycled.as_ref();
        match (&self.progress.t0, recycled) {
            (Some((stamp, t0)), recycled) if recycled.is_none_or(|r| r.stamp < *stamp) => Some((stamp.utc(), (*t0)?)),
            (_, Some(recycled)) => Some((recycled.at, recycled.t0)),
            _ => Some((DateTime::UNIX_EPOCH, self.plan.room.t0?)),
        }
    }

    fn waits(&self, began: &Began) -> String {
        match &began.until {
            HoldUntil::Said => "waiting for somebody who decides".to_owned(),
            HoldUntil::Time { at } => {
                let left = (*at - self.now.utc).to_std().unwrap_or_default();
                format!("goes on in {}", clock_span(left))
            }
            HoldUntil::Gate { gate } => format!("waiting for gate {}", escape(gate)),
            HoldUntil::Steps { not_before } => {
                let open = self.open_before(began.at);
                let left = not_before.and_then(|at| (at - self.now.utc).to_std().ok());
                match (open, left) {
                    (0, Some(left)) => format!("goes on in {}", clock_span(left)),
                    (0, None) => "going on".to_owned(),
                    (1, _) => "waiting for 1 step".to_owned(),
                    (n, _) => format!("waiting for {n} steps"),
                }
            }
        }
    }

    /// Open steps that were due by the moment at which the clock stopped, by themselves or by their phase.
    fn open_before(&self, stopped: DateTime<Utc>) -> usize {
        let moved = (self.now.utc - stopped).max(TimeDelta::zero());
        let due = |step: &crate::runbook::Step| {
            let own = self.due(step);
            own.or_else(|| self.book.phase_of(&step.id).and_then(|phase| self.phase_due(phase)))
        };
        let open = self.book.leaves().filter(|step| !self.status(&step.id).settled());
        open.filter(|step| due(step).is_some_and(|at| at - moved <= stopped)).count()
    }

    /// Whether what a hold waits for has come; `None` where that is for people to say.
    fn over(&self, began: &Began) -> Option<String> {
        match &began.until {
            HoldUntil::Said => None,
            HoldUntil::Time { at } => (self.now.utc >= *at).then(|| "its time is over".to_owned()),
            HoldUntil::Gate { gate } => self.gate_passed(gate).then(|| format!("gate {} is GO", escape(gate))),
            HoldUntil::Steps { not_before } => {
                let time = not_before.is_none_or(|at| self.now.utc >= at);
                (time && self.open_before(began.at) == 0).then(|| "every step before it is settled".to_owned())
            }
        }
    }

    /// Whether a gate of the plan was decided GO and nothing has been seen since that speaks against it. What is only computed
    /// is no decision.
    fn gate_passed(&self, gate: &str) -> bool {
        let passed = self.gate_named(gate).filter(|ix| !self.gate_is_open(*ix));
        passed.and_then(|ix| self.reckon(ix)).is_some_and(|it| it.verdict == Verdict::Go)
    }
}

/// What the watch records of holds: planned ones whose time has come, and those whose end has.
pub fn judge(room: &Room) -> Vec<Draft> {
    let mut out = Vec::new();
    for (id, began) in room.progress.schedule.open_holds() {
        if let Some(why) = room.over(began) {
            let at = match &began.until {
                HoldUntil::Time { at } => *at,
                _ => room.now.utc,
            };
            out.extend(once(
                room,
                &["hold ends", &id.to_string()],
                Fact::HoldEnded { hold: id, at, reason: Untrusted::new(why) },
            ));
        }
    }
    let Some(((from, _), t)) = room.anchor().zip(room.t()) else { return out };
    if room.hold().is_some() {
        return out;
    }
    for plan in &room.plan.holds {
        let since = t.0 - plan.at.0;
        if (0..=GRACE * i64::from(room.speed)).contains(&since) {
            out.extend(begin(room, plan, from));
        }
    }
    out
}

/// A planned hold of this countdown, unless it was held already.
fn begin(room: &Room, plan: &HoldPlan, countdown: DateTime<Utc>) -> Option<Draft> {
    let words = ["hold", &plan.name, &plan.at.0.to_string(), &countdown.timestamp_millis().to_string()];
    let hold = alerts::identity(&words);
    if room.progress.schedule.holds.contains_key(&hold) {
        return None;
    }
    let at = room.t0()?.checked_add_signed(TimeDelta::try_seconds(plan.at.0)?)?.min(room.now.utc);
    let end = plan.for_.and_then(|span| at.checked_add_signed(TimeDelta::from_std(span).ok()?));
    let until = match (&plan.until, end) {
        (HoldExit::Time, Some(at)) => HoldUntil::Time { at },
        (HoldExit::Steps, end) => HoldUntil::Steps { not_before: end },
        (HoldExit::Gate(gate), _) => HoldUntil::Gate { gate: gate.clone() },
        (HoldExit::Go | HoldExit::Time, _) => HoldUntil::Said,
    };
    once(room, &words, Fact::HoldBegan { hold, at, reason: Untrusted::new(plan.name.clone()), until })
}

/// A draft whose identity follows from words, unless it is on its way already.
pub(super) fn once(room: &Room, words: &[&str], fact: Fact) -> Option<Draft> {
    let mut all = vec!["once"];
    all.extend(words);
    let id = alerts::identity(&all);
    (!room.unsaved.contains_key(&id)).then(|| Draft { id, by: room.me.author.clone(), fact })
}

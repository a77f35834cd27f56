//! Emergency breakers as they stand: what they cut off, who has asked, how long they rest, and whether the last one worked.

use std::time::Duration;

use super::decide::{Refusal, refuse};
use super::retreat::Pulled;
use super::{JournalHealth, Room, judge, way_back};
use crate::fact::{Fact, StepId};
use crate::plan::decisions::{BreakerPlan, Hands};
use crate::text::{Untrusted, escape};

/// A breaker as it stands.
#[derive(Clone, Debug)]
pub struct BreakerNow {
    /// Its place in the plan.
    pub ix: usize,
    /// Its name.
    pub name: String,
    /// What it cuts off, in the plan's words.
    pub blast: Option<String>,
    /// Whose it is.
    pub role: Option<String>,
    /// How many people it takes.
    pub hands: Hands,
    /// SHA-256, hex, over exactly what it would run now.
    pub hash: String,
    /// Who asked for it and waits for a second person.
    pub asked: Option<Pulled>,
    /// When it was last fired.
    pub fired: Option<Pulled>,
    /// How long it still rests.
    pub cooling: Option<Duration>,
    /// How its command goes, or went, the last time; in words.
    pub run: Option<String>,
    /// Whether what should hold after it fired does, and in words; none before, or where the plan names nothing.
    pub check: Option<(Option<bool>, String)>,
}

impl BreakerNow {
    /// Who fired it last.
    pub fn last_by(&self) -> String {
        self.fired.as_ref().map_or_else(|| "nobody".to_owned(), |p| p.by.person.to_string())
    }
}

impl Room {
    /// The place of a breaker, by its name, case apart.
    pub fn breaker_named(&self, name: &str) -> Option<usize> {
        self.plan.breakers.iter().position(|b| b.name.eq_ignore_ascii_case(name))
    }

    /// The breaker whose command runs under an identity.
    pub(super) fn breaker_of(&self, id: &StepId) -> Option<&BreakerPlan> {
        self.plan.breakers.iter().find(|plan| identity(plan) == *id)
    }

    /// What a breaker would run, secrets masked.
    pub fn breaker_runs(&self, ix: usize) -> Option<String> {
        self.plan.breakers.get(ix).map(|plan| self.breaker_run(plan).script.shown().to_owned())
    }

    /// How a breaker's command goes, or went, the last time.
    fn breaker_went(&self, plan: &BreakerPlan) -> Option<String> {
        let attempts = self.progress.attempts(&identity(plan));
        let (_, newest) = attempts.last()?;
        Some(match newest.end() {
            None => "its command is running".to_owned(),
            Some((_, end)) => format!("its command {}: {}", end.verdict, end.why),
        })
    }

    /// Every breaker, in the plan's order.
    pub fn breakers(&self) -> Vec<BreakerNow> {
        (0..self.plan.breakers.len()).filter_map(|ix| self.breaker(ix)).collect()
    }

    /// One breaker.
    pub fn breaker(&self, ix: usize) -> Option<BreakerNow> {
        let plan = self.plan.breakers.get(ix)?;
        let fired = self.progress.retreat.broken(&plan.name).cloned();
        let ago = fired.as_ref().map(|p| (self.now.utc - p.stamp.utc()).to_std().unwrap_or_default());
        let check = fired.as_ref().and(plan.check.as_ref()).map(|condition| {
            let holds = judge::holds(self, &condition.expr, None);
            (holds, judge::words(self, &condition.expr, None))
        });
        let hash = self.breaker_run(plan).hash;
        Some(BreakerNow {
            ix,
            name: plan.name.clone(),
            blast: plan.blast.clone(),
            role: plan.role.clone(),
            hands: plan.hands,
            run: self.breaker_went(plan),
            asked: way_back::still_asked(self, &plan.name, &hash),
            hash,
            cooling: ago.and_then(|ago| plan.cooldown.checked_sub(ago)).filter(|left| !left.is_zero()),
            fired,
            check,
        })
    }
}

/// Under which identity a breaker's command runs; no step of a runbook is called like that.
pub(super) fn identity(plan: &BreakerPlan) -> StepId {
    StepId::from(format!("breaker: {}", plan.name).as_str())
}

/// What firing a breaker records: that it is fired, and that its command starts, which runs as a step's does.
pub(super) fn launch(room: &Room, plan: &BreakerPlan, reason: Untrusted) -> Result<Vec<Fact>, Refusal> {
    let no = |why: &str| refuse(&format!("breaker {}: {why}", escape(&plan.name)));
    let planned = room.breaker_run(plan);
    if let Some(why) = planned.blocked.first() {
        return no(&format!("it cannot run: {why}"));
    }
    if room.journal == JournalHealth::Opening {
        return no("the journal is still being read; nothing runs before");
    }
    if let Some((_, going_on)) = room.progress.running(&planned.step)
        && let Some((_, who, _)) = &going_on.started
    {
        return no(&format!("it is being run by {}", who.person));
    }
    let started = super::launch::fact(room, &planned, Some(&reason));
    Ok(vec![Fact::BreakerFired { breaker: Untrusted::new(plan.name.clone()), reason }, started])
}

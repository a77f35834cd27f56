//! Emergency breakers as they stand: what they cut off, who has asked, how long they rest, and whether the last one worked.

use std::time::Duration;

use super::decide::{Refusal, refuse};
use super::retreat::Pulled;
use super::{Room, judge, way_back};
use crate::fact::Fact;
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
    /// Who asked for it and waits for a second person.
    pub asked: Option<Pulled>,
    /// When it was last fired.
    pub fired: Option<Pulled>,
    /// How long it still rests.
    pub cooling: Option<Duration>,
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
        Some(BreakerNow {
            ix,
            name: plan.name.clone(),
            blast: plan.blast.clone(),
            role: plan.role.clone(),
            hands: plan.hands,
            asked: way_back::still_asked(self, &plan.name),
            cooling: ago.and_then(|ago| plan.cooldown.checked_sub(ago)).filter(|left| !left.is_zero()),
            fired,
            check,
        })
    }
}

/// What firing a breaker records. Its command is run as a step's is; where this program runs none, a person does, in a shell.
pub(super) fn launch(_room: &Room, plan: &BreakerPlan, _reason: Untrusted) -> Result<Vec<Fact>, Refusal> {
    refuse(&format!(
        "breaker {}: commands are not run from here; run it in a shell and note it: {}",
        escape(&plan.name),
        escape(&plan.run)
    ))
}

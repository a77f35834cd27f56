//! Phases whose times are counted from when they really began.

use chrono::{DateTime, TimeDelta, Utc};

use super::Room;
use crate::fact::Mark;
use crate::plan::schedule::Anchor;
use crate::runbook::{At, Step};

impl Room {
    /// When the phases began whose times the plan counts from there; called when a mark or the plan changes.
    pub fn find_begun(&mut self) {
        if self.plan.phases.is_empty() && self.begun.is_empty() {
            return;
        }
        let mut begun = std::collections::HashMap::new();
        for place in self.plan.phases.iter().filter(|p| p.anchor == Anchor::Actual).map(|p| &p.at) {
            let Some(book) = place.book else { continue };
            let Some(runbook) = self.book.runbooks.get(book as usize) else { continue };
            let Some(phase) = runbook.phases.iter().position(|p| Some(p.line) == place.line) else { continue };
            let own = runbook.steps.iter().filter(|s| s.phase_ix == Some(phase as u32));
            if let Some(first) = own.filter_map(|s| self.first_mark(s)).min() {
                begun.insert((book, phase as u32), first);
            }
        }
        if begun != self.begun {
            self.begun = begun;
            self.revision.times += 1;
        }
    }

    /// When a step was first begun or done since it was last opened.
    fn first_mark(&self, step: &Step) -> Option<DateTime<Utc>> {
        let mut first = None;
        for marking in self.progress.marks(&step.id) {
            first = if marking.mark == Mark::Todo { None } else { first.or(Some(marking.stamp.utc())) };
        }
        first
    }

    /// The moment of an offset in a phase that is counted from its real beginning, once it has begun.
    pub(super) fn anchored(&self, step: &Step, at: &At) -> Option<DateTime<Utc>> {
        if self.begun.is_empty() {
            return None;
        }
        let book = self.book.runbooks.iter().position(|b| b.steps.iter().any(|s| std::ptr::eq(s, step)))?;
        let place = (u32::try_from(book).ok()?, step.phase_ix?);
        let begun = *self.begun.get(&place)?;
        let phase = self.book.runbooks.get(book)?.phases.get(place.1 as usize)?;
        let (At::T { t }, Some(At::T { t: from })) = (at, &phase.at) else { return None };
        let held = self.progress.schedule.held(begun, self.now.utc);
        begun.checked_add_signed(TimeDelta::try_seconds(t.checked_sub(*from)?)?)?.checked_add_signed(held)
    }
}

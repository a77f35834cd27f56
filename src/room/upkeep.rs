//! Maintenance and sections: what is expected to be down, and what of the runbook is under way.

use super::{Room, Status};
use crate::plan::decisions::{MaintenancePlan, Place};
use crate::runbook::Step;

impl Room {
    /// Whether a maintenance lasts: the step or section it begins with is begun or done, that which ends it is not done.
    pub fn lasts(&self, maintenance: &MaintenancePlan) -> bool {
        let begun = self.steps_under(Some(&maintenance.from)).any(|s| match self.status(&s.id) {
            Status::Running => true,
            status => status.settled(),
        });
        let (done, total) = self.steps_of(Some(&maintenance.until));
        begun && !(total > 0 && done == total)
    }

    /// Whether something of a section is begun or settled, and something is left.
    pub fn under_way(&self, place: &Place) -> bool {
        let (done, total) = self.steps_of(Some(place));
        let running = self.steps_under(Some(place)).any(|s| self.status(&s.id) == Status::Running);
        done < total && (done > 0 || running)
    }

    /// Settled leaves and all leaves of a section, or of the room; a step that is named counts alone, or with those in it.
    pub fn steps_of(&self, place: Option<&Place>) -> (u32, u32) {
        let rollup = self.rollup(self.steps_under(place));
        (rollup.done, rollup.total)
    }

    pub(super) fn steps_under<'a>(&'a self, place: Option<&'a Place>) -> impl Iterator<Item = &'a Step> {
        let named = place.and_then(|p| {
            let book = self.book.runbooks.get(p.book? as usize)?;
            book.steps.iter().find(|s| Some(s.line) == p.line)
        });
        let everything = place.is_none_or(|p| p.line.is_none());
        self.book.leaves().filter(move |leaf| match (named, place) {
            (Some(step), _) => leaf.id == step.id || self.book.leaves_of(&step.id).any(|l| l.id == leaf.id),
            (None, Some(place)) if !everything => self.stands_under(leaf, place),
            _ => place.is_none(),
        })
    }

    fn stands_under(&self, step: &Step, place: &Place) -> bool {
        let book = self.book.runbooks.iter().position(|b| b.steps.iter().any(|s| s.id == step.id));
        book.is_some_and(|b| super::profile::stands_under(&self.book.runbooks, b, step.line, place, 0))
    }
}

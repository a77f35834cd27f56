//! Profiles: which steps a variant of the runbook leaves out.

use std::collections::HashSet;

use super::{Book, Room};
use crate::fact::StepId;
use crate::plan::decisions::{Place, ProfilePlan};
use crate::runbook::Runbook;

impl Room {
    /// The profile in force: the last one chosen, else the plan's.
    pub fn profile(&self) -> Option<&ProfilePlan> {
        let name = match &self.progress.profile {
            Some((_, chosen)) => chosen.as_deref(),
            None => self.plan.room.profile.as_deref(),
        }?;
        self.plan.profiles.iter().find(|p| p.name == name)
    }

    /// Looks again which steps the profile leaves out.
    pub fn apply_profile(&mut self) {
        self.left_out = self.profile().map(|profile| left_out(&self.book, profile)).unwrap_or_default();
        self.revision.steps += 1;
        self.revision.header += 1;
    }
}

/// The steps that a profile leaves out: all but those under its `phases`, where it names any, and those under its `skip`.
pub fn left_out(book: &Book, profile: &ProfilePlan) -> HashSet<StepId> {
    let mut out = HashSet::new();
    for (b, runbook) in book.runbooks.iter().enumerate() {
        for step in &runbook.steps {
            let under = |places: &[Place]| places.iter().any(|p| stands_under(&book.runbooks, b, step.line, p, 0));
            if under(&profile.skip) || !profile.phases.is_empty() && !under(&profile.phases) {
                out.insert(step.id.clone());
            }
        }
    }
    out
}

/// Whether a line stands in the section of a place; a part stands where its link does.
pub(super) fn stands_under(books: &[Runbook], book: usize, line: u32, place: &Place, depth: u32) -> bool {
    let Some(runbook) = books.get(book).filter(|_| depth < 16) else { return false };
    if let (Some(at), Some(from)) = (place.book, place.line)
        && at as usize == book
        && from <= line
        && line <= section_end(runbook, from)
    {
        return true;
    }
    let Some(of) = &runbook.part_of else { return false };
    let holder = books.iter().position(|b| b.path == of.path).filter(|h| *h != book);
    holder.is_some_and(|holder| stands_under(books, holder, of.line, place, depth + 1))
}

/// The last line of the section that a heading opens; of a bold label, to the next heading.
fn section_end(runbook: &Runbook, from: u32) -> u32 {
    let level = runbook.headings.iter().find(|h| h.line == from).map_or(6, |h| h.level);
    let next = runbook.headings.iter().find(|h| h.line > from && h.level <= level);
    next.map_or(u32::MAX, |h| h.line - 1)
}

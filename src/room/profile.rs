//! Profiles: which steps a variant of the runbook leaves out, and for how long it is watched.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Book, Room};
use crate::clock::Offset;
use crate::fact::StepId;
use crate::plan::decisions::{GatePlan, Place, ProfilePlan, WindowPlan};
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
        self.watched = watched(&self.plan.windows, self.profile().and_then(|p| p.monitor));
        self.revision.steps += 1;
        self.revision.header += 1;
    }
}

impl Room {
    /// How long a gate has to stay healthy: what the plan says, and no longer than the profile in force watches.
    pub fn dwell(&self, gate: &GatePlan) -> Duration {
        match self.profile().and_then(|p| p.monitor) {
            Some(monitor) => gate.dwell.min(monitor),
            None => gate.dwell,
        }
    }

    /// When the profile in force lets the watching end; none without such a profile or T-0.
    pub fn watched_until(&self) -> Option<DateTime<Utc>> {
        self.profile()?.monitor?;
        let last = self.watched.iter().map(|w| self.window_end(w)).max_by_key(|end| end.0)?;
        self.t0()?.checked_add_signed(TimeDelta::try_seconds(last.0)?)
    }
}

/// The windows of a plan as a profile has them that watches for `monitor`. Watching begins with the first window from T-0 on
/// (with T-0 itself where there is none) and ends so much later: what begins after that falls away, and the last that is left
/// ends just then. Windows before T-0 stay as they are.
pub fn watched(windows: &[WindowPlan], monitor: Option<Duration>) -> Vec<WindowPlan> {
    let Some(monitor) = monitor else { return windows.to_vec() };
    let after = |w: &&WindowPlan| w.from.0 >= 0;
    let begins = windows.iter().filter(after).map(|w| w.from.0).min();
    let ends = begins.unwrap_or(0).saturating_add(i64::try_from(monitor.as_secs()).unwrap_or(i64::MAX));
    let mut kept: Vec<WindowPlan> = windows.iter().filter(|w| w.from.0 < 0 || w.from.0 < ends).cloned().collect();
    for window in kept.iter_mut().filter(|w| w.from.0 >= 0) {
        window.until.0 = window.until.0.min(ends);
    }
    match kept.iter_mut().filter(|w| w.from.0 >= 0).max_by_key(|w| w.until.0) {
        Some(last) => last.until.0 = ends,
        None => kept.push(WindowPlan {
            name: "monitoring".to_owned(),
            from: Offset(0),
            until: Offset(ends),
            every: None,
            check_in: None,
            notify: Vec::new(),
        }),
    }
    kept
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

/// The step that a place names, or the leaves of its section, in order.
pub fn leaves_under<'b>(book: &'b Book, place: &Place) -> Vec<&'b crate::runbook::Step> {
    let mut out = Vec::new();
    for (ix, runbook) in book.runbooks.iter().enumerate() {
        let here = place.book == Some(ix as u32);
        if let Some(step) = runbook.steps.iter().find(|s| here && Some(s.line) == place.line) {
            return vec![step];
        }
        let under = runbook.steps.iter().filter(|s| stands_under(&book.runbooks, ix, s.line, place, 0));
        out.extend(under.filter(|s| !book.is_group(&s.id)));
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

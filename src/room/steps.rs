//! Derived views of the checklist: due times, lateness, groups, what is ready, what comes next.

use chrono::{DateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::Room;
use super::apply::Status;
use super::book::Row;
use crate::fact::StepId;
use crate::runbook::{At, Phase, Step};
use crate::text::Untrusted;

/// Progress of a group or a phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rollup {
    /// Settled leaves.
    pub done: u32,
    /// All leaves.
    pub total: u32,
    /// Some leaf failed.
    pub failed: bool,
    /// Some leaf is running.
    pub running: bool,
}

/// What to do next, and why that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// Which step.
    pub step: StepId,
    /// Whether it is mine by owner or role.
    pub mine: bool,
    /// When it is due.
    pub due: Option<DateTime<Utc>>,
}

impl Room {
    /// The moment a plan's time stands for, given T-0 and the room's zone; `None` without T-0 (or for a local time that
    /// does not exist or exists twice).
    pub fn moment(&self, at: &At) -> Option<DateTime<Utc>> {
        let t0 = self.t0()?;
        match at {
            At::T { t } => t0.checked_add_signed(chrono::TimeDelta::seconds(*t)),
            At::Clock { clock, zone } => {
                let zone = match zone.as_deref() {
                    Some("UTC" | "GMT" | "Z") => Tz::UTC,
                    Some(name) => name.parse().unwrap_or(self.plan.room.zone),
                    None => self.plan.room.zone,
                };
                let time = NaiveTime::parse_from_str(clock, "%H:%M").ok()?;
                // A time of day is meant as announced; holds and recycles move it as they move T-0.
                let day = self.announced_t0()?.with_timezone(&zone).date_naive();
                let at = zone.from_local_datetime(&day.and_time(time)).single()?.with_timezone(&Utc);
                at.checked_add_signed(self.slipped())
            }
        }
    }

    /// When a step is due.
    pub fn due(&self, step: &Step) -> Option<DateTime<Utc>> {
        let at = step.at.as_ref()?;
        self.anchored(step, at).or_else(|| self.moment(at))
    }

    /// When a phase is due to begin.
    pub fn phase_due(&self, phase: &Phase) -> Option<DateTime<Utc>> {
        phase.at.as_ref().and_then(|at| self.moment(at))
    }

    /// Whether a step should have been settled by now.
    pub fn late(&self, step: &Step) -> bool {
        let slack = chrono::TimeDelta::seconds(step.estimate.unwrap_or(0) as i64);
        self.due(step).is_some_and(|due| due + slack < self.now.utc) && !self.status(&step.id).settled()
    }

    /// Whether a step is mine: I own it, or it names my role and nobody owns it.
    pub fn mine(&self, step: &Step) -> bool {
        let me = &self.me.author;
        match self.progress.step(&step.id).and_then(|s| s.owner.as_ref()) {
            Some(owner) => {
                same(owner.raw(), me.person.raw()) || me.role.as_ref().is_some_and(|r| same(owner.raw(), r.raw()))
            }
            None => step.role.as_ref().is_some_and(|role| {
                same(role.raw(), me.person.raw()) || me.role.as_ref().is_some_and(|r| same(role.raw(), r.raw()))
            }),
        }
    }

    /// Progress over a set of leaves.
    pub fn rollup<'a>(&self, steps: impl IntoIterator<Item = &'a Step>) -> Rollup {
        let mut out = Rollup::default();
        for step in steps {
            let status = self.status(&step.id);
            if status == Status::LeftOut {
                continue;
            }
            out.total += 1;
            out.done += u32::from(status.settled());
            out.failed |= status == Status::Failed;
            out.running |= status == Status::Running;
        }
        out
    }

    /// Progress of the whole checklist.
    pub fn overall(&self) -> Rollup {
        let mut all = self.rollup(self.book.leaves());
        for added in self.progress.added.values() {
            let status = self.status(&added.step);
            all.total += 1;
            all.done += u32::from(status.settled());
            all.failed |= status == Status::Failed;
            all.running |= status == Status::Running;
        }
        all
    }

    /// Row index of the phase the run is in: that of the newest mark while it has something left, else the first with
    /// something left.
    pub fn current_phase(&self) -> Option<&Phase> {
        let newest = self.progress.touched().filter_map(|(id, s)| Some((s.newest?, id))).max().map(|(_, id)| id);
        let of_newest = newest.and_then(|id| self.book.find(id)).and_then(|s| {
            let open = self
                .book
                .leaves()
                .any(|l| l.phase_ix == s.phase_ix && l.heading_path == s.heading_path && !self.status(&l.id).settled());
            if open { self.book.phase_of(&s.id) } else { None }
        });
        of_newest.or_else(|| {
            let first = self.book.leaves().find(|s| !self.status(&s.id).settled() && !way_back(s))?;
            self.book.phase_of(&first.id)
        })
    }

    /// What comes next. The run is where the newest mark is: while its phase has something open, the next step is there;
    /// after that it is in the next phase that has something open, and last in one that was left behind. A way back is
    /// not next unless it has begun. Within the phase: a running step of mine, else my first open one, else the first
    /// open one of anybody.
    pub fn next_step(&self) -> Option<Next> {
        let leaves: Vec<&Step> = self.book.leaves().collect();
        let newest = self.progress.touched().filter_map(|(id, s)| Some((s.newest?, id))).max().map(|(_, id)| id);
        let at = newest.and_then(|id| leaves.iter().position(|s| s.id == *id));
        let open = |s: &&&Step| !self.status(&s.id).settled() && self.status(&s.id) != Status::Failed;
        let here = at.and_then(|at| leaves.get(at));
        let same_phase = |a: &Step, b: &Step| a.phase_ix == b.phase_ix && a.heading_path == b.heading_path;
        let first = here
            .and_then(|here| leaves.iter().filter(open).find(|s| same_phase(s, here)))
            .or_else(|| leaves.iter().skip(at.unwrap_or(0)).filter(open).find(|s| !way_back(s)))
            .or_else(|| leaves.iter().filter(open).find(|s| !way_back(s)))?;
        let phase = || leaves.iter().filter(open).filter(|s| same_phase(s, first));
        let pick = phase()
            .find(|s| self.mine(s) && self.status(&s.id) == Status::Running)
            .or_else(|| phase().find(|s| self.mine(s)))
            .unwrap_or(first);
        Some(Next { step: pick.id.clone(), mine: self.mine(pick), due: self.due(pick) })
    }

    /// Whether a step can be begun now: open, and every ordered step before it in the same list is settled.
    pub fn ready(&self, step: &Step) -> bool {
        if self.status(&step.id).settled() {
            return false;
        }
        self.waits_for(step).is_none()
    }

    /// The text of a step, in the runbook, added on the run, or no longer there.
    pub fn step_text(&self, id: &StepId) -> Option<String> {
        if let Some(step) = self.book.find(id) {
            return Some(self.shown(&step.text));
        }
        let added = self.progress.added.values().find(|a| a.step == *id).map(|a| &a.text);
        added.or_else(|| self.gone.get(id)).map(ToString::to_string)
    }

    /// Whether there is such a step.
    pub fn knows(&self, id: &StepId) -> bool {
        self.book.find(id).is_some() || self.progress.added.values().any(|a| a.step == *id)
    }
}

/// Whether a step stands under a heading that says it is the way back: nobody is told to take it because all else is done.
pub(super) fn way_back(step: &Step) -> bool {
    let says = |heading: &Untrusted| {
        let heading = heading.raw().to_lowercase();
        ["rollback", "roll back", "roll-back", "rolling back", "backout", "back-out", "back out"]
            .iter()
            .any(|word| heading.contains(word))
    };
    step.phase.iter().chain(&step.heading_path).any(says)
}

/// Rows that show a step of the given phase.
pub fn in_phase(room: &Room, row: Row) -> Vec<&Step> {
    let Row::Phase { book, phase } = row else { return Vec::new() };
    let Some(runbook) = room.book.runbooks.get(book as usize) else { return Vec::new() };
    runbook.steps.iter().filter(|s| s.phase_ix == Some(phase) && !room.book.is_group(&s.id)).collect()
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

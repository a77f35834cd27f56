//! When it will be over: each phase and the end by what is left to do, and the latest moment at which going on is still safe.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Room, Row, Status};
use crate::clock::duration_text;
use crate::fact::Mark;
use crate::runbook::{Phase, Step};

/// What is left of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// How long it still takes; none where nobody said.
    pub left: Option<Duration>,
    /// It does not begin before.
    pub not_before: Option<DateTime<Utc>>,
}

/// What is left of one section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// It does not begin before.
    pub not_before: Option<DateTime<Utc>>,
    /// Its steps go side by side.
    pub parallel: bool,
    /// Open steps, in order.
    pub open: Vec<Work>,
}

/// When a section begins and ends, at the earliest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eta {
    /// When its first open step begins.
    pub begins: DateTime<Utc>,
    /// When its last one ends.
    pub ends: DateTime<Utc>,
    /// Open steps of which nobody said how long they take; they count as nothing.
    pub unknown: usize,
}

/// Sections one after the other from `now` on, steps within one in order or side by side. A section with nothing open takes no
/// time. More work never ends earlier, and nothing ends before it begins or before `now`.
pub fn schedule(now: DateTime<Utc>, sections: &[Section]) -> Vec<Eta> {
    let mut cursor = now;
    let mut out = Vec::with_capacity(sections.len());
    for section in sections {
        if section.open.is_empty() {
            out.push(Eta { begins: cursor, ends: cursor, unknown: 0 });
            continue;
        }
        let begins = section.not_before.map_or(cursor, |at| at.max(cursor));
        let mut ends = begins;
        for work in &section.open {
            let from = if section.parallel { begins } else { ends };
            let from = work.not_before.map_or(from, |at| at.max(from));
            ends = ends.max(later(from, work.left.unwrap_or_default()));
        }
        out.push(Eta { begins, ends, unknown: section.open.iter().filter(|work| work.left.is_none()).count() });
        cursor = ends;
    }
    out
}

/// The work on the longest way through sections, without waiting.
pub fn work(sections: &[Section]) -> Duration {
    let each = sections.iter().map(|section| {
        let left = section.open.iter().map(|work| work.left.unwrap_or_default());
        if section.parallel {
            left.max().unwrap_or_default()
        } else {
            left.fold(Duration::ZERO, Duration::saturating_add)
        }
    });
    each.fold(Duration::ZERO, Duration::saturating_add)
}

/// A moment later by a span; the end of time where that is too far.
fn later(at: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by).ok().and_then(|by| at.checked_add_signed(by)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// The forecast of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forecast {
    /// Sections in the order of the rows: the phase's row, none for steps before the first heading.
    pub phases: Vec<(Option<(u32, u32)>, Eta)>,
    /// When the last open step ends; none where of no open step is known how long it takes.
    pub ends: Option<DateTime<Utc>>,
    /// Open steps of which nobody said how long they take.
    pub unknown: usize,
    /// The latest safe moment, where the plan has a window.
    pub drop_dead: Option<DropDead>,
}

/// The latest moment at which going on is still safe: the end of the window less what is ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DropDead {
    /// The moment.
    pub at: DateTime<Utc>,
    /// When the window ends.
    pub window: DateTime<Utc>,
    /// Work ahead within the window.
    pub work: Duration,
    /// Time of the longest way back; none where one is not known.
    pub rollback: Option<Duration>,
    /// Whether that was measured by this journal; else the plan says so.
    pub measured: bool,
    /// Dwell of the gates ahead.
    pub dwell: Duration,
    /// Open steps of which nobody said how long they take.
    pub unknown: usize,
}

impl DropDead {
    /// The way back that is counted, in words: `way back 1m12s measured`, `way back 1m30s as planned`.
    pub fn way_back(&self) -> String {
        let how = if self.measured { "measured" } else { "as planned" };
        self.rollback.map_or_else(
            || "way back not counted: nobody knows how long it takes".to_owned(),
            |takes| format!("way back {} {how}", duration_text(takes)),
        )
    }
}

impl Forecast {
    /// When a phase begins and ends.
    pub fn phase(&self, book: u32, phase: u32) -> Option<&Eta> {
        self.phases.iter().find(|(row, _)| *row == Some((book, phase))).map(|(_, eta)| eta)
    }
}

impl Room {
    /// The forecast as of now.
    pub fn forecast(&self) -> Forecast {
        let (rows, sections) = self.sections();
        let etas = schedule(self.now.utc, &sections);
        let known = sections.iter().flat_map(|section| &section.open).any(|work| work.left.is_some());
        Forecast {
            ends: etas.last().filter(|_| known).map(|eta| eta.ends),
            unknown: etas.iter().map(|eta| eta.unknown).sum(),
            drop_dead: self.drop_dead(&rows, &sections),
            phases: rows.into_iter().zip(etas).collect(),
        }
    }

    /// What is left of each section, in order; ways back are none of the way ahead.
    fn sections(&self) -> (Vec<Option<(u32, u32)>>, Vec<Section>) {
        let (mut rows, mut sections): (Vec<Option<(u32, u32)>>, Vec<Section>) = (vec![None], vec![Section::default()]);
        let mut shares: Vec<(Option<u64>, u32)> = vec![(None, 0)];
        for row in &self.book.rows {
            match *row {
                Row::Phase { book, phase } => {
                    let written = self.book.phase_at(*row);
                    rows.push(Some((book, phase)));
                    let not_before = written.and_then(|p| self.phase_due(p));
                    sections.push(Section { not_before, ..Section::default() });
                    shares.push((written.and_then(|p| p.estimate), 0));
                }
                Row::Step { .. } => {
                    let Some(step) = self.book.step_at(*row).filter(|s| !self.book.is_group(&s.id)) else { continue };
                    let status = self.status(&step.id);
                    let (Some(section), Some(share)) = (sections.last_mut(), shares.last_mut()) else { continue };
                    if status == Status::LeftOut || super::steps::way_back(step) {
                        continue;
                    }
                    share.1 += 1;
                    section.parallel |= self.book.is_parallel(step);
                    if !status.settled() {
                        let not_before = self.due(step).filter(|_| status != Status::Running);
                        section.open.push(Work { left: self.left(step, status), not_before });
                    }
                }
            }
        }
        // Where only the heading says how long a section takes, each of its steps takes an equal share.
        for (section, (estimate, steps)) in sections.iter_mut().zip(shares) {
            let Some(each) = estimate.filter(|_| steps > 0).map(|s| Duration::from_secs(s) / steps) else { continue };
            if section.open.iter().all(|work| work.left.is_none()) {
                section.open.iter_mut().for_each(|work| work.left = Some(each));
            }
        }
        (rows, sections)
    }

    /// How long a step still takes: what it took when it was done before on this run, else what was estimated; what has passed
    /// since it was begun is not ahead any more.
    fn left(&self, step: &Step, status: Status) -> Option<Duration> {
        let takes = self.took(step).or(step.estimate.map(Duration::from_secs))?;
        let begun = self.progress.step(&step.id).and_then(|s| s.started).filter(|_| status == Status::Running);
        let passed = begun.and_then(|at| (self.now.utc - at.utc()).to_std().ok()).unwrap_or_default();
        Some(takes.saturating_sub(passed))
    }

    /// How long a step took when it was last done, from its beginning to its end.
    pub fn took(&self, step: &Step) -> Option<Duration> {
        let (mut begun, mut took) = (None, None);
        for marking in self.progress.marks(&step.id) {
            match marking.mark {
                Mark::Running => begun = Some(marking.stamp),
                Mark::Done => {
                    let span = begun.take().and_then(|begun| (marking.stamp.utc() - begun.utc()).to_std().ok());
                    took = span.or(took);
                }
                _ => begun = None,
            }
        }
        took
    }

    /// The latest safe moment: what lies ahead is what is planned before the window ends.
    fn drop_dead(&self, rows: &[Option<(u32, u32)>], sections: &[Section]) -> Option<DropDead> {
        let window = later(self.announced_t0()?, self.plan.room.window?);
        // What is meant to end after the window, such as the first 24 hours, is watching and not the work of the window.
        let outside = |(row, section): (&Option<(u32, u32)>, &Section)| {
            let lasts = row.and_then(|(book, phase)| self.book.phase_at(Row::Phase { book, phase })?.estimate);
            let lasts = Duration::from_secs(lasts.unwrap_or(0));
            section.not_before.is_some_and(|at| at >= window || later(at, lasts) > window)
        };
        let end = rows.iter().zip(sections).position(outside).unwrap_or(sections.len());
        let ahead = sections.get(..end).unwrap_or_default();
        if ahead.iter().all(|section| section.open.is_empty()) {
            return None;
        }
        let (work, back, dwell) = (work(ahead), self.way_back_takes(), self.dwell_ahead());
        let (rollback, measured) = (back.map(|(takes, _)| takes), back.is_some_and(|(_, measured)| measured));
        let need = work.saturating_add(rollback.unwrap_or_default()).saturating_add(dwell);
        let at = TimeDelta::from_std(need).ok().and_then(|need| window.checked_sub_signed(need));
        let unknown = ahead.iter().flat_map(|section| &section.open).filter(|work| work.left.is_none()).count();
        Some(DropDead { at: at.unwrap_or(DateTime::<Utc>::MIN_UTC), window, work, rollback, measured, dwell, unknown })
    }

    /// The longest way back, and whether it was measured; none where nobody knows of one how long it takes, or none is planned.
    fn way_back_takes(&self) -> Option<(Duration, bool)> {
        let each = self.plan.rollbacks.iter().map(|plan| {
            let (takes, measured) = self.takes(plan, &self.progress.retreat.way(&plan.name));
            Some((takes?, measured))
        });
        let all: Option<Vec<(Duration, bool)>> = each.collect();
        all?.into_iter().max_by_key(|(takes, _)| *takes)
    }

    /// Healthy time that the gates ahead still ask for.
    fn dwell_ahead(&self) -> Duration {
        let open = self.plan.gates.iter().enumerate().filter(|(ix, _)| self.gate_is_open(*ix));
        let left = open.map(|(ix, gate)| {
            let held = self.live.gates.get(ix).map(|live| live.dwell.held).unwrap_or_default();
            self.dwell(gate).saturating_sub(held)
        });
        left.fold(Duration::ZERO, Duration::saturating_add)
    }

    /// When a phase is forecast to begin, where it has something open.
    pub fn phase_eta(&self, phase: &Phase) -> Option<Eta> {
        let row =
            self.book.rows.iter().find(|row| self.book.phase_at(**row).is_some_and(|p| std::ptr::eq(p, phase)))?;
        let Row::Phase { book, phase } = *row else { return None };
        self.live.forecast.phase(book, phase).copied()
    }
}

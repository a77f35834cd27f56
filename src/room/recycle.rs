//! Going back to an earlier time: which steps open again, and where T-0 comes to lie.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Room, Status};
use crate::clock::Offset;
use crate::runbook::{Phase, Step};

/// What going back to a phase would do.
#[derive(Clone, Debug)]
pub struct Recycle<'a> {
    /// The phase.
    pub phase: &'a Phase,
    /// Where the T-clock would stand.
    pub t: Offset,
    /// T-0 from then on.
    pub t0: DateTime<Utc>,
    /// Steps that would open again, in order.
    pub reopens: Vec<&'a Step>,
}

impl Room {
    /// Phases that have a time, in order: those one can go back to.
    pub fn timed_phases(&self) -> impl Iterator<Item = &Phase> {
        self.book.rows.iter().filter_map(|row| self.book.phase_at(*row)).filter(|p| self.phase_due(p).is_some())
    }

    /// What going back to the phase of this title would do; `Err` says why one cannot.
    pub fn recycle(&self, title: &str) -> Result<Recycle<'_>, String> {
        let shown = crate::text::escape(title);
        let same = |p: &&Phase| p.title.raw().trim().eq_ignore_ascii_case(title.trim());
        let mut found = self.book.rows.iter().filter_map(|row| self.book.phase_at(*row)).filter(same);
        let phase = found.next().ok_or_else(|| format!("the runbook has no phase \"{shown}\""))?;
        if found.any(|other| !std::ptr::eq(other, phase)) {
            return Err(format!("the runbook has more than one phase \"{shown}\"; make their headings differ"));
        }
        let due = self
            .phase_due(phase)
            .ok_or_else(|| format!("the phase \"{shown}\" has no time from T-0, so the clock cannot go back to it"))?;
        let (t0, now) = (self.t0().unwrap_or(due), self.t().unwrap_or(Offset(0)));
        let t = Offset::between(t0, due);
        if t > now {
            return Err(format!("the clock stands at {now}; \"{shown}\" is at {t}, which is not earlier"));
        }
        let t0 = self.now.utc - TimeDelta::seconds(t.0);
        Ok(Recycle { phase, t, t0, reopens: self.said_from(phase) })
    }

    /// Leaves of a phase and of all after it about which something is said that opening takes back.
    fn said_from(&self, phase: &Phase) -> Vec<&Step> {
        let mut out = Vec::new();
        let mut there = false;
        for row in &self.book.rows {
            there |= self.book.phase_at(*row).is_some_and(|p| std::ptr::eq(p, phase));
            let Some(step) = self.book.step_at(*row).filter(|s| there && !self.book.is_group(&s.id)) else { continue };
            let said = self.status(&step.id);
            if matches!(said, Status::Done | Status::InFile | Status::Failed | Status::Running | Status::Skipped) {
                out.push(step);
            }
        }
        out
    }
}

//! Going back to an earlier time: which steps open again, and where T-0 comes to lie.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Room, Row, Status};
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

    /// Decided gates at a phase or after it, by name: what they were decided on is done again.
    pub(super) fn gates_from(&self, phase: &Phase) -> impl Iterator<Item = &str> {
        let from = self.rows_from(phase);
        let ahead: std::collections::HashSet<_> =
            from.iter().filter_map(|row| self.book.step_at(*row)).map(|step| step.id.clone()).collect();
        let decided = self.plan.gates.iter().enumerate().filter(|(ix, _)| !self.gate_is_open(*ix));
        let there = decided.filter(move |(ix, _)| self.gate_steps(*ix).iter().any(|step| ahead.contains(step)));
        there.map(|(_, gate)| gate.name.as_str())
    }

    /// The rows from a phase on.
    fn rows_from(&self, phase: &Phase) -> &[Row] {
        let at = self.book.rows.iter().position(|row| self.book.phase_at(*row).is_some_and(|p| std::ptr::eq(p, phase)));
        at.and_then(|at| self.book.rows.get(at..)).unwrap_or_default()
    }

    /// Leaves of a phase and of all after it about which something is said that opening takes back.
    fn said_from(&self, phase: &Phase) -> Vec<&Step> {
        let steps = self.rows_from(phase).iter().filter_map(|row| self.book.step_at(*row));
        let opens = |step: &&Step| {
            let said = self.status(&step.id);
            matches!(said, Status::Done | Status::InFile | Status::Failed | Status::Running | Status::Skipped)
        };
        steps.filter(|step| !self.book.is_group(&step.id)).filter(opens).collect()
    }
}

//! What becomes of a try: its notices are done, refused, or wait for another.

use std::time::Duration;

use uuid::Uuid;

use super::super::answer::Wrong;
use super::{How, Known, Outbox, Report, Waiting};
use crate::notice::{Action, Severity};

impl Outbox {
    pub(super) fn took(&mut self, flight: u64) -> Vec<Report> {
        let mut reports = Vec::new();
        for w in self.landed(flight) {
            match w.notice.action {
                Action::Trigger if !matches!(self.keys.get(&w.notice.key), Some(Known::Closed)) => {
                    self.keys.put(w.notice.key.clone(), Known::Open);
                }
                Action::Resolve => self.keys.put(w.notice.key.clone(), Known::Closed),
                _ => {}
            }
            reports.push(self.finish(w.notice.id, How::Delivered(w.tries + 1)));
        }
        let keys = &self.keys;
        let alert = |a: Action| matches!(a, Action::Trigger | Action::Acknowledge | Action::Resolve);
        let over = |w: &Waiting| alert(w.notice.action) && matches!(keys.get(&w.notice.key), Some(Known::Closed));
        let told = removed(&mut self.waiting, |w| w.flight.is_none() && over(w));
        reports.extend(told.into_iter().map(|w| self.finish(w.notice.id, How::Delivered(w.tries))));
        reports
    }

    pub(super) fn refused(&mut self, flight: u64, why: &str, of: Wrong, now: Duration) -> Vec<Report> {
        let several = self.waiting.iter().filter(|w| w.flight == Some(flight)).count() > 1;
        if several && of == Wrong::Message {
            for w in self.waiting.iter_mut().filter(|w| w.flight == Some(flight)) {
                (w.flight, w.tries, w.alone, w.due) = (None, w.tries.saturating_add(1), true, now);
            }
            return Vec::new();
        }
        let mut reports = Vec::new();
        for w in self.landed(flight) {
            let told = matches!(self.keys.get(&w.notice.key), Some(Known::Open | Known::Closed | Known::Maybe));
            reports.push(self.finish(w.notice.id, How::Refused(w.tries + 1, why.to_owned())));
            if w.notice.action == Action::Trigger && !told && !self.has_trigger(&w.notice.key) {
                self.keys.put(w.notice.key.clone(), Known::Refused(why.to_owned()));
                let follows = |a: Action| matches!(a, Action::Acknowledge | Action::Resolve);
                let behind_it = removed(&mut self.waiting, |other| {
                    other.flight.is_none() && follows(other.notice.action) && other.notice.key == w.notice.key
                });
                let refuse = |w: Waiting| self.finish(w.notice.id, How::Refused(w.tries, behind(why)));
                reports.extend(behind_it.into_iter().map(refuse));
            }
        }
        reports
    }

    /// A trigger of this try may have got there.
    pub(super) fn may_know(&mut self, flight: u64) {
        for w in self.waiting.iter().filter(|w| w.flight == Some(flight) && w.notice.action == Action::Trigger) {
            if !matches!(self.keys.get(&w.notice.key), Some(Known::Open | Known::Closed)) {
                self.keys.put(w.notice.key.clone(), Known::Maybe);
            }
        }
    }

    /// Puts the notices of a try back; `due` gives the time of the next from the tries so far.
    pub(super) fn again(&mut self, flight: u64, why: &str, due: impl Fn(u32) -> Duration) -> Vec<Report> {
        let mut reports = Vec::new();
        for w in self.waiting.iter_mut().filter(|w| w.flight == Some(flight)) {
            w.flight = None;
            w.tries = w.tries.saturating_add(1);
            w.due = due(w.tries);
            reports.push(Report { id: w.notice.id, how: How::Trying(w.tries, why.to_owned(), w.due) });
        }
        reports
    }

    /// The same for a channel that is closed now; every page that has to wait for it is reported, tried or not.
    pub(super) fn busy_until(&mut self, flight: u64, why: String) -> Vec<Report> {
        let until = self.closed_until;
        let mut reports = self.again(flight, &why, |_| until);
        for w in self.waiting.iter_mut().filter(|w| w.flight.is_none() && w.due < until) {
            w.due = until;
            if w.notice.severity >= Severity::Page {
                reports.push(Report { id: w.notice.id, how: How::Trying(w.tries, why.clone(), until) });
            }
        }
        self.closed_why = why;
        reports
    }

    fn landed(&mut self, flight: u64) -> Vec<Waiting> {
        removed(&mut self.waiting, |w| w.flight == Some(flight))
    }

    pub(super) fn finish(&mut self, id: Uuid, how: How) -> Report {
        self.finished.put(id, how.clone());
        Report { id, how }
    }

    pub(super) fn has_trigger(&self, key: &str) -> bool {
        self.waiting.iter().any(|w| w.notice.action == Action::Trigger && w.notice.key == key)
    }
}

fn removed(waiting: &mut Vec<Waiting>, which: impl Fn(&Waiting) -> bool) -> Vec<Waiting> {
    waiting.extract_if(.., |w| which(w)).collect()
}

/// Why something is refused whose trigger was.
pub(super) fn behind(why: &str) -> String {
    format!("what it belongs to was refused: {why}")
}

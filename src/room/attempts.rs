//! Runs of commands as they are recorded: who began which, how each ended, which are open.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::clock::Stamp;
use crate::fact::{Aborted, Author, Entry, Fact, RunEnded, RunStarted, RunVerdict, StepId};

use super::Progress;

/// Every run that is recorded. A function of the set of entries, as [`Progress`] is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attempts {
    runs: BTreeMap<Uuid, Attempt>,
}

/// One run of a command.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attempt {
    /// When it was begun, by whom, and what it is.
    pub started: Option<(Stamp, Author, RunStarted)>,
    /// Every word on its end; after a crash several may give one.
    ends: BTreeMap<Stamp, (Author, RunEnded)>,
    /// Who wanted it to stop, and when first.
    pub stopped: Option<(Stamp, Author)>,
    /// When the room stopped it by itself, and what it saw.
    pub aborted: Option<(Stamp, Aborted)>,
    /// The newest process that went away from it, and which shim answers for it.
    pub left: Option<(Stamp, u32)>,
}

impl Attempt {
    /// How it ended: the first word of somebody who knows, else the first word.
    pub fn end(&self) -> Option<(Stamp, &RunEnded)> {
        let known = |end: &&RunEnded| end.exit.is_some() || end.signal.is_some() || end.verdict != RunVerdict::Unknown;
        let all = || self.ends.iter().map(|(stamp, (_, end))| (*stamp, end));
        all().find(|(_, end)| known(end)).or_else(|| all().next())
    }

    /// Whether it was begun and nobody said how it ended.
    pub fn is_open(&self) -> bool {
        self.started.is_some() && self.ends.is_empty()
    }
}

impl Attempts {
    /// Folds one entry in.
    pub fn apply(&mut self, entry: &Entry) {
        let stamp = entry.stamp;
        match &entry.fact {
            Fact::CommandStarted(run) => {
                let attempt = self.runs.entry(run.run).or_default();
                if attempt.started.as_ref().is_none_or(|(s, ..)| stamp < *s) {
                    attempt.started = Some((stamp, entry.by.clone(), (**run).clone()));
                }
            }
            Fact::CommandEnded(end) => {
                let attempt = self.runs.entry(end.run).or_default();
                attempt.ends.insert(stamp, (entry.by.clone(), (**end).clone()));
            }
            Fact::CommandStopped { run, because } => {
                let attempt = self.runs.entry(*run).or_default();
                if attempt.stopped.as_ref().is_none_or(|(s, _)| stamp < *s) {
                    attempt.stopped = Some((stamp, entry.by.clone()));
                }
                if let Some(because) = because
                    && attempt.aborted.as_ref().is_none_or(|(s, _)| stamp < *s)
                {
                    attempt.aborted = Some((stamp, (**because).clone()));
                }
            }
            Fact::CommandLeft { run, pid } => {
                let attempt = self.runs.entry(*run).or_default();
                if attempt.left.is_none_or(|(s, _)| s < stamp) {
                    attempt.left = Some((stamp, *pid));
                }
            }
            _ => {}
        }
    }

    /// Runs that the room stopped by itself.
    pub fn aborted(&self) -> impl Iterator<Item = (Uuid, &Attempt)> {
        self.runs.iter().filter(|(_, attempt)| attempt.aborted.is_some()).map(|(run, attempt)| (*run, attempt))
    }

    /// One run.
    pub fn get(&self, run: Uuid) -> Option<&Attempt> {
        self.runs.get(&run)
    }

    /// Runs that were begun and have no end.
    pub fn open(&self) -> impl Iterator<Item = (Uuid, &RunStarted)> {
        let open = self.runs.iter().filter(|(_, attempt)| attempt.is_open());
        open.filter_map(|(run, attempt)| Some((*run, &attempt.started.as_ref()?.2)))
    }
}

impl Progress {
    /// Every run of a step's commands that was begun, oldest first.
    pub fn attempts(&self, step: &StepId) -> Vec<(Uuid, &Attempt)> {
        let of = |attempt: &Attempt| {
            attempt.started.as_ref().is_some_and(|(stamp, _, run)| self.now_called(&run.step, *stamp) == *step)
        };
        let mut found: Vec<(Uuid, &Attempt)> =
            self.attempts.runs.iter().filter(|(_, a)| of(a)).map(|(run, a)| (*run, a)).collect();
        found.sort_by_key(|(_, attempt)| attempt.started.as_ref().map(|(stamp, ..)| *stamp));
        found
    }

    /// The run of a step that is going on, as far as is recorded.
    pub fn running(&self, step: &StepId) -> Option<(Uuid, &Attempt)> {
        self.attempts(step).into_iter().find(|(_, attempt)| attempt.is_open())
    }
}

//! The versions that answered for a service in the last minute: old, new or mixed.

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::Now;
use crate::text::Untrusted;

/// Answers older than this no longer say what is running.
const BACK: Duration = Duration::from_mins(1);
/// Answers kept: the last minute at the fastest pace.
const MOST: usize = 1_200;
/// So many versions are named in a mixture.
const NAMED: usize = 4;

/// Versions of the last minute, one for each answer that named one.
#[derive(Clone, Debug, Default)]
pub struct Versions {
    seen: VecDeque<(Now, Untrusted)>,
}

/// What runs, as far as the last minute's answers say. Several instances behind one address answer in turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Running {
    /// No answer named a version.
    Unknown,
    /// One version, and the plan names no target.
    One,
    /// The target alone.
    New,
    /// Another version alone.
    Old,
    /// More than one.
    Mixed,
}

impl Running {
    /// As `status` says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::One => "one",
            Self::New => "new",
            Self::Old => "old",
            Self::Mixed => "mixed",
        }
    }
}

impl Versions {
    /// Takes in the version that an answer named.
    pub fn push(&mut self, at: Now, version: &Untrusted) {
        if self.seen.len() >= MOST {
            self.seen.pop_front();
        }
        self.seen.push_back((at, version.clone()));
        while self.seen.front().is_some_and(|(then, _)| at.since(*then) > BACK) {
            self.seen.pop_front();
        }
    }

    /// Forgets all: they belong to another watch.
    pub fn clear(&mut self) {
        self.seen.clear();
    }

    /// Each version of the minute before `now` with the number of its answers, the one seen first first.
    pub fn counts(&self, now: Now) -> Vec<(&Untrusted, usize)> {
        let mut counts: Vec<(&Untrusted, usize)> = Vec::new();
        for (_, version) in self.seen.iter().filter(|(then, _)| now.since(*then) <= BACK) {
            match counts.iter_mut().find(|(known, _)| *known == version) {
                Some((_, n)) => *n += 1,
                None => counts.push((version, 1)),
            }
        }
        counts
    }

    /// What runs, held against the plan's target.
    pub fn running(&self, target: Option<&str>, now: Now) -> Running {
        match (self.counts(now).as_slice(), target) {
            ([], _) => Running::Unknown,
            ([_], None) => Running::One,
            ([(version, _)], Some(target)) if version.raw() == target => Running::New,
            ([_], Some(_)) => Running::Old,
            _ => Running::Mixed,
        }
    }

    /// `mixed 3×v1.9 7×v2.0`, where more than one version answered.
    pub fn mixture(&self, now: Now) -> Option<String> {
        let counts = self.counts(now);
        if counts.len() < 2 {
            return None;
        }
        let named: Vec<String> = counts.iter().take(NAMED).map(|(version, n)| format!("{n}×{version}")).collect();
        let more = counts.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" +{more} more") } else { String::new() };
        Some(format!("mixed {}{more}", named.join(" ")))
    }
}

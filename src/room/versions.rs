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
    /// More than one, in turns.
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

    /// Whether versions answer in turns. One switch is a deployment that went through: what answers since then is what runs.
    fn in_turns(&self, now: Now) -> bool {
        let fresh = || self.seen.iter().filter(|(then, _)| now.since(*then) <= BACK);
        fresh().zip(fresh().skip(1)).filter(|((_, a), (_, b))| a != b).count() > 1
    }

    /// What runs, held against the plan's target.
    pub fn running(&self, target: Option<&str>, now: Now) -> Running {
        let newest = self.seen.back().filter(|(then, _)| now.since(*then) <= BACK);
        match (newest, target) {
            (None, _) => Running::Unknown,
            _ if self.in_turns(now) => Running::Mixed,
            (Some(_), None) => Running::One,
            (Some((_, version)), Some(target)) if version.raw() == target => Running::New,
            (Some(_), Some(_)) => Running::Old,
        }
    }

    /// `mixed 3×v1.9 7×v2.0`, where versions answer in turns.
    pub fn mixture(&self, now: Now) -> Option<String> {
        if !self.in_turns(now) {
            return None;
        }
        let counts = self.counts(now);
        let named: Vec<String> = counts.iter().take(NAMED).map(|(version, n)| format!("{n}×{version}")).collect();
        let more = counts.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" +{more} more") } else { String::new() };
        Some(format!("mixed {}{more}", named.join(" ")))
    }
}

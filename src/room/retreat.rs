//! What is recorded of levels, rollbacks and breakers, folded in any order.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Stamp;
use crate::fact::retreat::{Choice, Hand, Rung};
use crate::fact::{Author, Entry, Fact};
use crate::text::Untrusted;

/// Everything recorded of levels, rollbacks and breakers. A function of the set of entries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Retreat {
    /// Levels the room went to; none is none.
    changes: BTreeMap<Stamp, (Option<Untrusted>, Vec<Untrusted>)>,
    /// Symptoms that people declared.
    declared: BTreeMap<Stamp, Declared>,
    /// Declarations that were withdrawn.
    withdrawn: BTreeSet<Stamp>,
    /// Decisions about levels.
    decisions: BTreeMap<Stamp, Taken>,
    /// What was done about each rollback plan.
    moves: BTreeMap<String, BTreeMap<Stamp, Move>>,
    /// Who said no to a plan that would fire by itself.
    vetoes: BTreeMap<String, BTreeMap<Stamp, (Author, Untrusted)>>,
    /// What was done about each breaker.
    breakers: BTreeMap<String, BTreeMap<Stamp, Pulled>>,
}

/// A symptom that somebody declared.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    /// When.
    pub stamp: Stamp,
    /// By whom.
    pub by: Author,
    /// The level's name.
    pub level: Untrusted,
    /// As the plan calls it.
    pub symptom: Untrusted,
    /// What was seen.
    pub text: Untrusted,
}

/// What somebody decided about a level.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// When.
    pub stamp: Stamp,
    /// By whom.
    pub by: Author,
    /// The level's name.
    pub level: Untrusted,
    /// What.
    pub choice: Choice,
    /// Why.
    pub reason: Untrusted,
}

/// Something that was done about a rollback plan.
#[derive(Clone, Debug, PartialEq)]
struct Move {
    to: Rung,
    by: Author,
    reason: Untrusted,
    hand: Hand,
    took: Option<f64>,
    from: Option<Rung>,
}

/// How a rollback plan stands, by the record alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Way {
    /// How far it has come.
    pub rung: Rung,
    /// Since when.
    pub since: Option<Stamp>,
    /// Why, or what was found.
    pub reason: Untrusted,
    /// Who armed it since it was prepared, each person once.
    pub armed_by: Vec<Author>,
    /// When the room armed it by itself.
    pub armed_itself: Option<Stamp>,
    /// When it was fired, and by whom.
    pub fired: Option<(Stamp, Author, Hand)>,
    /// Seconds that the newest complete one took.
    pub measured: Option<f64>,
}

/// Something that was done about a breaker.
#[derive(Clone, Debug, PartialEq)]
pub struct Pulled {
    /// When.
    pub stamp: Stamp,
    /// By whom.
    pub by: Author,
    /// Why.
    pub reason: Untrusted,
    /// Asked for, or fired.
    pub what: Pull,
    /// Of what was shown to whoever asked.
    pub hash: Option<String>,
}

/// What was done about a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pull {
    /// The first of two people wants it.
    Asked,
    /// It was fired.
    Fired,
}

/// Whether a fact is about levels, rollbacks or breakers.
pub fn is_about(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::LevelChanged { .. }
            | Fact::LevelDeclared { .. }
            | Fact::LevelWithdrawn { .. }
            | Fact::DecisionTaken { .. }
            | Fact::RollbackMoved { .. }
            | Fact::RollbackVetoed { .. }
            | Fact::BreakerAsked { .. }
            | Fact::BreakerFired { .. }
    )
}

impl Retreat {
    /// Folds one entry in; one about something else changes nothing.
    pub fn apply(&mut self, entry: &Entry) {
        let (stamp, by) = (entry.stamp, || entry.by.clone());
        match &entry.fact {
            Fact::LevelChanged { to, symptoms, .. } => {
                self.changes.insert(stamp, (to.clone(), symptoms.clone()));
            }
            Fact::LevelDeclared { level, symptom, text } => {
                let (level, symptom, text) = (level.clone(), symptom.clone(), text.clone());
                self.declared.insert(stamp, Declared { stamp, by: by(), level, symptom, text });
            }
            Fact::LevelWithdrawn { saw, .. } => self.withdrawn.extend(saw.iter().copied()),
            Fact::DecisionTaken { level, choice, reason } => {
                let (level, reason) = (level.clone(), reason.clone());
                self.decisions.insert(stamp, Taken { stamp, by: by(), level, choice: *choice, reason });
            }
            Fact::RollbackMoved { plan, to, reason, hand, took, from } => {
                let it = Move { to: *to, by: by(), reason: reason.clone(), hand: *hand, took: *took, from: *from };
                self.moves.entry(plan.raw().to_owned()).or_default().insert(stamp, it);
            }
            Fact::RollbackVetoed { plan, reason } => {
                self.vetoes.entry(plan.raw().to_owned()).or_default().insert(stamp, (by(), reason.clone()));
            }
            Fact::BreakerAsked { breaker, reason, hash } => {
                let it = Pulled { stamp, by: by(), reason: reason.clone(), what: Pull::Asked, hash: hash.clone() };
                self.pull(breaker, it);
            }
            Fact::BreakerFired { breaker, reason } => {
                self.pull(breaker, Pulled { stamp, by: by(), reason: reason.clone(), what: Pull::Fired, hash: None });
            }
            _ => {}
        }
    }

    fn pull(&mut self, breaker: &Untrusted, it: Pulled) {
        self.breakers.entry(breaker.raw().to_owned()).or_default().insert(it.stamp, it);
    }

    /// The newest level recorded with what put the room there, and when; none before the first.
    pub fn level(&self) -> Option<(Stamp, Option<&str>, &[Untrusted])> {
        let (stamp, (to, symptoms)) = self.changes.last_key_value()?;
        Some((*stamp, to.as_ref().map(Untrusted::raw), symptoms))
    }

    /// Since when the levels recorded have all passed a test, the newest first.
    pub fn since_when(&self, test: impl Fn(Option<&str>) -> bool) -> Option<Stamp> {
        let passing = self.changes.iter().rev().take_while(|(_, (to, _))| test(to.as_ref().map(Untrusted::raw)));
        passing.last().map(|(stamp, _)| *stamp)
    }

    /// Declarations that stand, in order.
    pub fn declared(&self) -> impl Iterator<Item = &Declared> {
        self.declared.values().filter(|d| !self.withdrawn.contains(&d.stamp))
    }

    /// The newest decision about a level behind a moment.
    pub fn decision(&self, level: &str, after: Stamp) -> Option<&Taken> {
        let own = |d: &&Taken| d.level.raw() == level && d.stamp > after;
        self.decisions.values().rev().find(own)
    }

    /// The newest veto against a plan behind a moment.
    pub fn veto(&self, plan: &str, after: Stamp) -> Option<(&Author, &Untrusted)> {
        let (_, (by, why)) = self.vetoes.get(plan)?.range(after..).next_back()?;
        Some((by, why))
    }

    /// How a plan stands: its moves in the order of their stamps, those that were not possible then left out.
    pub fn way(&self, plan: &str) -> Way {
        let mut way = Way::default();
        for (stamp, step) in self.moves.get(plan).into_iter().flatten() {
            way.take(*stamp, step);
        }
        way
    }

    /// What was done about a breaker last.
    pub fn breaker(&self, name: &str) -> Option<&Pulled> {
        self.breakers.get(name)?.values().next_back()
    }

    /// When a breaker was last fired.
    pub fn broken(&self, name: &str) -> Option<&Pulled> {
        self.breakers.get(name)?.values().rev().find(|p| p.what == Pull::Fired)
    }
}

impl Way {
    fn take(&mut self, stamp: Stamp, step: &Move) {
        let (from, to) = (self.rung, step.to);
        let possible = match to {
            Rung::Idle => false,
            Rung::Prepared => !from.under_way(),
            Rung::Armed => matches!(from, Rung::Prepared | Rung::Armed),
            // Whoever fired it saw it armed: neither giving it up at the same moment undoes that, nor that the arming is not known
            // here yet.
            Rung::Fired => !from.under_way() && (from == Rung::Armed || step.from == Some(Rung::Armed)),
            Rung::Verifying => from == Rung::Fired,
            Rung::Complete => from.under_way(),
            // Giving up what was not fired yet is no word on what is under way.
            Rung::Aborted if from.under_way() => step.from.is_none_or(Rung::under_way),
            Rung::Aborted => !matches!(from, Rung::Idle | Rung::Complete | Rung::Aborted),
        };
        if !possible {
            return;
        }
        if from != to {
            self.since = Some(stamp);
        }
        (self.rung, self.reason) = (to, step.reason.clone());
        match to {
            Rung::Armed if step.hand == Hand::Room => self.armed_itself = self.armed_itself.or(Some(stamp)),
            Rung::Armed if !self.armed_by.iter().any(|a| a.person == step.by.person) => {
                self.armed_by.push(step.by.clone());
            }
            Rung::Prepared => (self.armed_by, self.armed_itself) = (Vec::new(), None),
            Rung::Fired => self.fired = Some((stamp, step.by.clone(), step.hand)),
            Rung::Complete => self.measured = step.took,
            _ => {}
        }
    }

    /// How many hands have armed it of those that must: where two people must, the room is none of them.
    pub fn hands(&self, need: usize) -> usize {
        let room = usize::from(self.armed_itself.is_some() && need < 2);
        (self.armed_by.len() + room).min(need)
    }
}

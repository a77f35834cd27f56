//! What is recorded of gates: votes, breaches and decisions, folded in any order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::clock::Stamp;
use crate::fact::gate::{Evidence, Stand, Vote};
use crate::fact::{Author, Entry, Fact, Verdict};
use crate::text::Untrusted;

/// Everything recorded of gates. A function of the set of entries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ballots {
    gates: BTreeMap<String, Said>,
}

/// Everything recorded of one gate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// The newest vote of each voter for each role; both names in lower case.
    votes: BTreeMap<(String, String), Cast>,
    /// The newest change of the criteria.
    pub turn: Option<Turn>,
    /// The newest breach: GO votes before it have lost their basis.
    pub breach: Option<(Stamp, Untrusted)>,
    /// Decisions and reopenings.
    decisions: BTreeMap<Stamp, Arc<Entry>>,
}

/// A vote as cast.
#[derive(Clone, Debug, PartialEq)]
pub struct Cast {
    /// When.
    pub stamp: Stamp,
    /// By whom.
    pub by: Author,
    /// For which role.
    pub role: Untrusted,
    /// What.
    pub vote: Vote,
    /// A word on it.
    pub comment: Untrusted,
}

/// A change of a gate's criteria.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// When.
    pub stamp: Stamp,
    /// To what.
    pub to: Stand,
    /// Seconds of healthy time then.
    pub held: f64,
    /// What was asked then, in short.
    pub asked: Option<String>,
}

/// What people have decided of a gate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Settled<'a> {
    /// Nothing, or it was opened again.
    Open,
    /// Decided.
    Decided(Decision<'a>),
    /// Two decided without knowing of each other, and not the same.
    Crossed(&'a Entry, &'a Entry),
}

/// A decision that stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision<'a> {
    /// The entry that holds it.
    pub entry: &'a Entry,
    /// GO or NO-GO.
    pub verdict: Verdict,
    /// Whether it went against what the room computed.
    pub overridden: bool,
    /// Why.
    pub reason: &'a Untrusted,
    /// What it was taken on.
    pub evidence: &'a Evidence,
    /// SHA-256 of that, hex.
    pub sha256: &'a str,
}

impl Ballots {
    /// Folds one entry in; one that is not about a gate changes nothing.
    pub fn apply(&mut self, entry: &Arc<Entry>) {
        let stamp = entry.stamp;
        match &entry.fact {
            Fact::GateVoted { gate, role, vote, comment } => {
                let key = (entry.by.person.raw().to_lowercase(), role.raw().to_lowercase());
                let votes = &mut self.of(gate).votes;
                if votes.get(&key).is_none_or(|known| known.stamp < stamp) {
                    let (by, role, comment) = (entry.by.clone(), role.clone(), comment.clone());
                    votes.insert(key, Cast { stamp, by, role, vote: *vote, comment });
                }
            }
            Fact::GateTurned { gate, to, held, why, asked } => {
                let said = self.of(gate);
                if said.turn.as_ref().is_none_or(|known| known.stamp < stamp) {
                    said.turn = Some(Turn { stamp, to: *to, held: *held, asked: asked.clone() });
                }
                if *to == Stand::Broken && said.breach.as_ref().is_none_or(|(known, _)| *known < stamp) {
                    said.breach = Some((stamp, why.clone()));
                }
            }
            Fact::GateDecided { gate, .. } | Fact::GateReopened { gate, .. } => {
                self.of(gate).decisions.insert(stamp, Arc::clone(entry));
            }
            _ => {}
        }
    }

    fn of(&mut self, gate: &Untrusted) -> &mut Said {
        self.gates.entry(gate.raw().to_owned()).or_default()
    }

    /// What is recorded of a gate; none when nothing is.
    pub fn gate(&self, name: &str) -> Option<&Said> {
        self.gates.get(name)
    }
}

impl Said {
    /// Votes that stand, by role and person: a NO-GO until its voter takes it back, others until the gate was opened again,
    /// a GO until a breach.
    pub fn standing(&self) -> impl Iterator<Item = &Cast> {
        let reopened = self.reopened();
        let breach = self.breach.as_ref().map(|(stamp, _)| *stamp);
        self.votes.values().filter(move |cast| match cast.vote {
            Vote::NoGo => true,
            Vote::Go => Some(cast.stamp) > breach && Some(cast.stamp) > reopened,
            Vote::Abstain => Some(cast.stamp) > reopened,
            Vote::Withdrawn => false,
        })
    }

    /// GO votes that lost their basis and were not given again.
    pub fn lapsed(&self) -> impl Iterator<Item = &Cast> {
        let standing: BTreeSet<Stamp> = self.standing().map(|cast| cast.stamp).collect();
        self.votes.values().filter(move |cast| cast.vote == Vote::Go && !standing.contains(&cast.stamp))
    }

    /// What somebody last said for a role, whether it stands or not.
    pub fn last_of(&self, person: &str, role: &str) -> Option<&Cast> {
        self.votes.get(&(person.to_lowercase(), role.to_lowercase()))
    }

    /// When the gate was last opened again.
    pub fn reopened(&self) -> Option<Stamp> {
        let reopened = |entry: &&Arc<Entry>| matches!(entry.fact, Fact::GateReopened { .. });
        self.decisions.values().rev().find(reopened).map(|entry| entry.stamp)
    }

    /// Decisions and reopenings that no other one replaces, in order.
    fn heads(&self) -> Vec<&Arc<Entry>> {
        let mut replaced: BTreeSet<Stamp> = BTreeSet::new();
        for entry in self.decisions.values() {
            if let Fact::GateDecided { saw, .. } | Fact::GateReopened { saw, .. } = &entry.fact {
                // An entry cannot replace itself, whatever it says.
                replaced.extend(saw.iter().filter(|stamp| **stamp != entry.stamp));
            }
        }
        self.decisions.iter().filter(|(stamp, _)| !replaced.contains(stamp)).map(|(_, entry)| entry).collect()
    }

    /// What the next decision replaces.
    pub fn seen(&self) -> Vec<Stamp> {
        self.heads().into_iter().map(|entry| entry.stamp).collect()
    }

    /// What people have decided: one decision, or several that say the same; what crossed is to be decided anew.
    pub fn settled(&self) -> Settled<'_> {
        let heads = self.heads();
        let Some(newest) = heads.last() else { return Settled::Open };
        if let Some(other) = heads.iter().find(|other| word(other) != word(newest)) {
            return Settled::Crossed(other, newest);
        }
        decision(newest).map_or(Settled::Open, Settled::Decided)
    }
}

fn word(entry: &Entry) -> Option<Verdict> {
    decision(entry).map(|d| d.verdict)
}

fn decision(entry: &Entry) -> Option<Decision<'_>> {
    match &entry.fact {
        Fact::GateDecided { verdict, overridden, reason, evidence, sha256, .. } => {
            Some(Decision { entry, verdict: *verdict, overridden: *overridden, reason, evidence, sha256 })
        }
        _ => None,
    }
}

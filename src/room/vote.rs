//! Votes and decisions on gates: what an operator's intent would record, or why it may not.

use super::ballots::Cast;
use super::decide::{Refusal, refuse, said};
use super::gates::{Ballot, GateNow};
use super::{JournalHealth, Room, Watch};
use crate::fact::gate::{Stand, Vote};
use crate::fact::{Author, Fact, Verdict};
use crate::finding::nearest;
use crate::plan::Plan;
use crate::text::{Untrusted, escape};

/// What a vote would record.
pub(super) fn vote(
    room: &Room,
    by: &Author,
    name: &str,
    vote: Vote,
    role: Option<&Untrusted>,
    comment: &Untrusted,
) -> Result<Fact, Refusal> {
    let gate = gate(room, name)?;
    let said = room.progress.gates.gate(&gate.name);
    let role = match (vote, mine(room, by, &gate.name, role)) {
        // Whoever has another role by now may still take back what stands.
        (Vote::Withdrawn, Some(stands)) => stands,
        _ => voting_role(room, by, &gate, role)?,
    };
    let last = said.and_then(|s| s.last_of(by.person.raw(), &role));
    let stands = last.filter(|last| said.is_some_and(|s| s.standing().any(|c| c.stamp == last.stamp)));
    match (vote, stands.map(|c| c.vote)) {
        (Vote::Withdrawn, None) => return no(&gate, "no vote of yours stands, so there is nothing to take back"),
        (vote, Some(standing)) if vote == standing => {
            return no(&gate, &format!("you voted {vote} already, and it stands"));
        }
        _ => {}
    }
    let decided = gate.decision.as_ref().map(|d| d.verdict);
    if let (Some(verdict), Vote::Go | Vote::Abstain) = (decided, vote) {
        return no(&gate, &format!("it is decided, {verdict}; whoever decides can open it again"));
    }
    if vote == Vote::Go {
        if gate.level.is_some() || gate.criteria.iter().any(|c| c.stand == Stand::Broken) {
            return no(&gate, &format!("a GO would have no basis: {}", gate.missing));
        }
        can_record(room, &gate)?;
    }
    let comment = Untrusted::new(comment.raw().trim());
    Ok(Fact::GateVoted { gate: Untrusted::new(gate.name), role: Untrusted::new(role), vote, comment })
}

/// What somebody who decides wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ruling {
    /// What the room computes, or a NO-GO.
    Plain(Verdict),
    /// A GO against what the room computes.
    Override,
}

/// What a decision would record. A GO is what the room computes, or an override of it with a reason.
pub(super) fn decide(
    room: &Room,
    by: &Author,
    name: &str,
    ruling: Ruling,
    reason: &Untrusted,
) -> Result<Fact, Refusal> {
    let (verdict, overridden) = match ruling {
        Ruling::Plain(verdict) => (verdict, false),
        Ruling::Override => (Verdict::Go, true),
    };
    let gate = gate(room, name)?;
    decides_gates(room, by, "decide a gate")?;
    if gate.decision.as_ref().is_some_and(|d| d.verdict == verdict) {
        return no(&gate, &format!("{}; whoever decides can open it again", gate.reason));
    }
    let reason = match (verdict, overridden) {
        (Verdict::Wait, _) => return no(&gate, "a decision is GO or NO-GO; to wait is to decide nothing"),
        (_, true) => said(reason, "an override")?,
        (_, false) => Untrusted::new(reason.raw().trim()),
    };
    if verdict == Verdict::Go {
        if gate.decision.is_some() {
            return no(&gate, &format!("{}; open it again first", gate.reason));
        }
        can_record(room, &gate)?;
        watched(room, &gate)?;
        let under_way = room.unsaved.values().any(|u| match &u.draft.fact {
            Fact::GateVoted { gate: of, vote: Vote::NoGo, .. }
            | Fact::GateDecided { gate: of, .. }
            | Fact::GateReopened { gate: of, .. } => of.raw() == gate.name,
            _ => false,
        });
        if under_way {
            return no(&gate, "a vote or a decision on it is being recorded; look again in a moment");
        }
        let mut against = gate.votes.iter().filter(|b| b.cast.as_ref().is_some_and(|c| c.vote == Vote::NoGo));
        // What somebody says who votes here stands whatever others think; of whoever does not any more, nobody can ask.
        if let Some(Ballot { cast: Some(cast), left, .. }) = against.find(|b| !(overridden && b.left)) {
            let who = &cast.by.person;
            if *left {
                return no(
                    &gate,
                    &format!("{who}, who does not vote here any more, says NO-GO: an override with a reason passes it"),
                );
            }
            let roles = if room.plan.roles.is_empty() {
                String::new()
            } else {
                format!(
                    " (or is no longer among the people of {} in the plan, and an override gives the reason)",
                    cast.role
                )
            };
            return no(
                &gate,
                &format!("{who} says NO-GO, which stands until {who} takes it back{roles}: {}", gate.missing),
            );
        }
        match (overridden, gate.computed) {
            (false, Verdict::Go) | (true, Verdict::Wait | Verdict::NoGo) => {}
            (false, _) => return no(&gate, &gate.missing),
            (true, Verdict::Go) => return no(&gate, "nothing is to be overridden: it is GO"),
        }
    }
    let evidence = Box::new(room.evidence(&gate));
    Ok(Fact::GateDecided {
        sha256: evidence.hash().to_string(),
        evidence,
        saw: seen(room, &gate.name),
        gate: Untrusted::new(gate.name),
        verdict,
        overridden,
        reason,
    })
}

/// What opening a decided gate again would record.
pub(super) fn reopen(room: &Room, by: &Author, name: &str, reason: &Untrusted) -> Result<Fact, Refusal> {
    let gate = gate(room, name)?;
    decides_gates(room, by, "open a gate again")?;
    can_record(room, &gate)?;
    let saw = seen(room, &gate.name);
    let open = room.progress.gates.gate(&gate.name).is_none_or(|s| s.settled() == super::ballots::Settled::Open);
    if open {
        return no(&gate, "it is not decided, so there is nothing to open again");
    }
    Ok(Fact::GateReopened { gate: Untrusted::new(gate.name), reason: said(reason, "opening a gate again")?, saw })
}

fn seen(room: &Room, gate: &str) -> Vec<crate::clock::Stamp> {
    room.progress.gates.gate(gate).map(super::ballots::Said::seen).unwrap_or_default()
}

fn gate(room: &Room, name: &str) -> Result<GateNow, Refusal> {
    match room.gate_named(name).and_then(|ix| room.gate(ix)) {
        Some(gate) => Ok(gate),
        None => refuse(&unknown(&room.plan, name).unwrap_or_default()),
    }
}

/// The sentence for a gate that a plan does not have; none where it has it.
pub fn unknown(plan: &Plan, name: &str) -> Option<String> {
    let gates = || plan.gates.iter().map(|g| g.name.as_str());
    if gates().any(|g| g.eq_ignore_ascii_case(name)) {
        return None;
    }
    let help = match nearest(name, gates()) {
        Some(near) => format!("did you mean \"{}\"?", escape(near)),
        None if plan.gates.is_empty() => "it has none; [[gate]] makes one".to_owned(),
        None => format!("it has: {}", gates().map(escape).collect::<Vec<_>>().join(", ")),
    };
    Some(format!("the plan has no gate \"{}\"; {help}", escape(name)))
}

/// The role for which a vote of somebody stands: the role they have now first.
fn mine(room: &Room, by: &Author, gate: &str, asked: Option<&Untrusted>) -> Option<String> {
    let said = room.progress.gates.gate(gate)?;
    let same = |a: &Untrusted, b: &Untrusted| a.raw().eq_ignore_ascii_case(b.raw());
    let own = |c: &&Cast| same(&c.by.person, &by.person) && asked.is_none_or(|asked| same(asked, &c.role));
    let now = |c: &&Cast| by.role.as_ref().is_some_and(|role| same(role, &c.role));
    let cast = said.standing().filter(own).find(now).or_else(|| said.standing().find(own))?;
    Some(cast.role.raw().to_owned())
}

/// The role somebody votes for: their own, which has to vote on this gate; where the plan has no roles, the one they name, the
/// one that is called like them, or the first that nobody has spoken for.
fn voting_role(room: &Room, by: &Author, gate: &GateNow, asked: Option<&Untrusted>) -> Result<String, Refusal> {
    let Some(plan) = room.plan.gates.get(gate.ix) else { return no(gate, "it is no longer in the plan") };
    let find = |name: &str| plan.votes.iter().find(|r| r.eq_ignore_ascii_case(name)).cloned();
    let list = || plan.votes.join(", ");
    if plan.votes.is_empty() {
        return no(gate, "nobody votes on it: the plan names no `votes`");
    }
    if !room.plan.roles.is_empty() {
        let own = by.role.as_ref().map(|r| r.raw().to_owned());
        let wanted = asked.map(|r| r.raw().to_owned()).or_else(|| own.clone());
        return match (wanted.as_deref().and_then(find), own) {
            (Some(role), Some(own)) if own.eq_ignore_ascii_case(&role) => Ok(role),
            (_, Some(own)) => no(gate, &format!("{} does not vote on it; these do: {}", escape(&own), list())),
            (_, None) => no(gate, &format!("you have no role; these vote: {}", list())),
        };
    }
    if let Some(asked) = asked {
        return find(asked.raw())
            .map_or_else(|| no(gate, &format!("{asked} does not vote on it; these do: {}", list())), Ok);
    }
    let mine = gate.votes.iter().find(|b| b.cast.as_ref().is_some_and(|c| c.by.person == by.person));
    let free = || gate.votes.iter().find(|b| b.cast.is_none()).map(|b| b.role.raw().to_owned());
    let role = find(by.person.raw()).or_else(|| mine.map(|b| b.role.raw().to_owned())).or_else(free);
    role.or_else(|| plan.votes.first().cloned()).map_or_else(|| no(gate, "nobody votes on it"), Ok)
}

/// Whether somebody may decide gates: everybody, where the plan has no roles.
pub fn may_decide(room: &Room, by: &Author) -> bool {
    let grants = |r: &crate::plan::RolePlan| r.decides.iter().any(|d| d == "gates");
    let own = by.role.as_ref();
    room.plan.roles.is_empty()
        || own.is_some_and(|own| room.plan.roles.iter().any(|r| grants(r) && r.name.eq_ignore_ascii_case(own.raw())))
}

fn decides_gates(room: &Room, by: &Author, what: &str) -> Result<(), Refusal> {
    if may_decide(room, by) {
        return Ok(());
    }
    let deciding = room.plan.roles.iter().filter(|r| r.decides.iter().any(|d| d == "gates"));
    let who: Vec<String> = deciding.map(|r| escape(&r.name)).collect();
    let who = if who.is_empty() { "the plan names none".to_owned() } else { who.join(", ") };
    refuse(&format!("to {what} you need a role that decides gates: {who}"))
}

/// A GO waits until the journal is back: nobody else would know of it.
fn can_record(room: &Room, gate: &GateNow) -> Result<(), Refusal> {
    match &room.journal {
        JournalHealth::Safe => Ok(()),
        JournalHealth::Opening => no(gate, "the journal is still being read; a moment"),
        JournalHealth::Broken(why) => {
            no(gate, &format!("the journal cannot write ({}); a GO waits until it can", escape(why)))
        }
    }
}

fn watched(room: &Room, gate: &GateNow) -> Result<(), Refusal> {
    match room.live.watch {
        Watch::Me { .. } | Watch::Other { .. } => Ok(()),
        Watch::Nobody | Watch::Unknown => no(gate, "nobody is watching, so nothing proves a GO"),
    }
}

fn no<T>(gate: &GateNow, why: &str) -> Result<T, Refusal> {
    refuse(&format!("gate {}: {}", escape(&gate.name), escape(why)))
}

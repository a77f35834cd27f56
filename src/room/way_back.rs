//! Declarations, decisions about levels, rollbacks and breakers: what an operator's intent would record, or why it may not.

use std::time::Duration;

use super::decide::{Refusal, refuse, said};
use super::launch;
use super::retreat::Pull;
use super::rollback::{self, RollbackNow};
use super::{JournalHealth, Room};
use crate::clock::clock_span;
use crate::fact::retreat::{Choice, Hand, Rung};
use crate::fact::{Author, Fact};
use crate::finding::nearest;
use crate::plan::decisions::{BreakerPlan, LevelPlan, RollbackPlan};
use crate::text::{Untrusted, escape};

/// The second of two people has this long.
pub const ASKED: Duration = Duration::from_mins(5);

/// What declaring a symptom would record.
pub(super) fn declare(
    room: &Room,
    by: &Author,
    (level, symptom): (&str, &str),
    text: &Untrusted,
) -> Result<Fact, Refusal> {
    decides(room, by, None, "declare a symptom")?;
    let (_, level) = find_level(room, level)?;
    let Some(symptom) = level.declare.iter().find(|s| s.eq_ignore_ascii_case(symptom)) else {
        let known: Vec<String> = level.declare.iter().map(|s| format!("\"{}\"", escape(s))).collect();
        let known = if known.is_empty() { "nothing is declared there".to_owned() } else { known.join(", ") };
        return refuse(&format!("level {} has no symptom \"{}\": {known}", escape(&level.name), escape(symptom)));
    };
    let mut standing = room.progress.retreat.declared();
    if let Some(known) = standing.find(|d| d.level.raw() == level.name && d.symptom.raw() == symptom) {
        return refuse(&format!("{} declared \"{}\" already, and it stands", known.by.person, escape(symptom)));
    }
    Ok(Fact::LevelDeclared {
        level: Untrusted::new(level.name.clone()),
        symptom: Untrusted::new(symptom.clone()),
        text: Untrusted::new(text.raw().trim()),
    })
}

/// What withdrawing a declared symptom would record.
pub(super) fn withdraw(
    room: &Room,
    by: &Author,
    (level, symptom): (&str, &str),
    reason: &Untrusted,
) -> Result<Fact, Refusal> {
    decides(room, by, None, "withdraw a declared symptom")?;
    let standing = room.progress.retreat.declared();
    let own: Vec<_> = standing
        .filter(|d| d.level.raw().eq_ignore_ascii_case(level) && d.symptom.raw().eq_ignore_ascii_case(symptom))
        .collect();
    let Some(first) = own.first() else {
        return refuse(&format!("\"{}\" is not declared on level {}", escape(symptom), escape(level)));
    };
    Ok(Fact::LevelWithdrawn {
        level: first.level.clone(),
        symptom: first.symptom.clone(),
        reason: said(reason, "withdrawing a declared symptom")?,
        saw: own.iter().map(|d| d.stamp).collect(),
    })
}

/// What a decision about the level the room is on would record.
pub(super) fn decide(
    room: &Room,
    by: &Author,
    level: &str,
    choice: Choice,
    reason: &Untrusted,
) -> Result<Fact, Refusal> {
    decides(room, by, Some("rollback"), "decide about a level")?;
    let (ix, plan) = find_level(room, level)?;
    match room.level_ix().and_then(|ix| Some((ix, room.plan.levels.get(ix)?))) {
        Some((now, _)) if now == ix => {}
        Some((_, now)) => {
            return refuse(&format!("the room is on level {}, not {}", escape(&now.name), escape(&plan.name)));
        }
        None => return refuse("the room is on no level; there is nothing to decide"),
    }
    let reason = said(reason, "a decision")?;
    Ok(Fact::DecisionTaken { level: Untrusted::new(plan.name.clone()), choice, reason })
}

/// What preparing a plan would record.
pub(super) fn prepare(room: &Room, by: &Author, name: &str) -> Result<Fact, Refusal> {
    let (it, plan) = find(room, name)?;
    with_role(room, by, "prepare a rollback")?;
    settled(room, &it)?;
    if it.way.rung.under_way() {
        return no(&it, &it.state(room.now.utc));
    }
    if matches!(it.way.rung, Rung::Prepared | Rung::Armed) {
        return no(&it, &format!("it is {} already", it.way.rung));
    }
    still_works(&it)?;
    let found = if it.open.is_empty() { found(plan) } else { it.open.join("; ") };
    Ok(moved(&it, Rung::Prepared, Untrusted::new(found)))
}

/// What arming a plan would record.
pub(super) fn arm(room: &Room, by: &Author, name: &str) -> Result<Fact, Refusal> {
    let (it, _) = find(room, name)?;
    decides(room, by, Some("rollback"), "arm a rollback")?;
    settled(room, &it)?;
    match it.way.rung {
        Rung::Prepared | Rung::Armed => {}
        Rung::Fired | Rung::Verifying => return no(&it, &it.state(room.now.utc)),
        _ => return no(&it, "prepare it first"),
    }
    still_works(&it)?;
    if !it.open.is_empty() {
        return no(&it, &it.open.join("; "));
    }
    if it.hands.0 >= it.hands.1 {
        return no(&it, "it is armed already");
    }
    if it.way.armed_by.iter().any(|a| a.person == by.person) {
        return no(&it, "you armed it already; a second person has to");
    }
    Ok(moved(&it, Rung::Armed, Untrusted::default()))
}

/// What firing a plan would record; where its first command was shown, that it starts, too.
pub(super) fn fire(
    room: &Room,
    by: &Author,
    name: &str,
    (word, reason): (&str, &Untrusted),
    hash: Option<&str>,
) -> Result<Vec<Fact>, Refusal> {
    let (it, plan) = find(room, name)?;
    decides(room, by, Some("rollback"), "fire a rollback")?;
    settled(room, &it)?;
    still_works(&it)?;
    match it.way.rung {
        Rung::Armed if it.hands.0 < it.hands.1 => {
            return no(&it, &format!("{} of {} people have armed it", it.hands.0, it.hands.1));
        }
        Rung::Armed => {}
        Rung::Fired | Rung::Verifying => return no(&it, &it.state(room.now.utc)),
        _ => return no(&it, "arm it first"),
    }
    if word.trim() != it.word.trim() {
        return no(&it, &format!("to fire it, type {}", escape(&it.word)));
    }
    if !can_record(room) && reason.raw().trim().is_empty() {
        return no(&it, "the journal cannot write; it may be fired all the same, with a reason");
    }
    let reason = Untrusted::new(reason.raw().trim());
    let mut facts = rollback::fire(room, plan, reason.clone(), Hand::Person);
    if let Some(hash) = hash {
        let Some(first) = room.first_command(it.ix).filter(|first| first.hash == hash) else {
            return no(&it, "what would run first is not what was shown any more; look at it again");
        };
        launch::may(room, by, first.class)?;
        if room.progress.running(&first.step).is_some() {
            return no(&it, "its first command is running already");
        }
        facts.push(launch::fact(room, &first, Some(&reason).filter(|r| !r.raw().is_empty())));
    }
    Ok(facts)
}

/// What giving a plan up would record.
pub(super) fn abort(room: &Room, by: &Author, name: &str, reason: &Untrusted) -> Result<Fact, Refusal> {
    let (it, _) = find(room, name)?;
    decides(room, by, Some("rollback"), "give a rollback up")?;
    settled(room, &it)?;
    if matches!(it.way.rung, Rung::Idle | Rung::Complete | Rung::Aborted) {
        return no(&it, &format!("it is {}; there is nothing to give up", it.state(room.now.utc)));
    }
    Ok(moved(&it, Rung::Aborted, said(reason, "giving a rollback up")?))
}

/// What saying no to a plan that would fire by itself would record. Anybody may.
pub(super) fn veto(room: &Room, name: &str, reason: &Untrusted) -> Result<Fact, Refusal> {
    let (it, plan) = find(room, name)?;
    if it.countdown.is_none() {
        return no(&it, "it does not count down; there is nothing to say no to");
    }
    Ok(Fact::RollbackVetoed { plan: Untrusted::new(plan.name.clone()), reason: Untrusted::new(reason.raw().trim()) })
}

/// What pulling a breaker would record; where it takes two people, the first one asks.
pub(super) fn pull(
    room: &Room,
    by: &Author,
    (name, hash): (&str, &str),
    word: &str,
    reason: &Untrusted,
) -> Result<Vec<Fact>, Refusal> {
    let Some(it) = room.breaker_named(name).and_then(|ix| room.breaker(ix)) else {
        return refuse(&unknown("breaker", name, room.plan.breakers.iter().map(|b| b.name.as_str())));
    };
    let Some(plan) = room.plan.breakers.get(it.ix) else { return refuse("it is no longer in the plan") };
    let no = |why: &str| refuse(&format!("breaker {}: {why}", escape(&it.name)));
    may_pull(room, by, plan)?;
    if let Some(left) = it.cooling {
        return no(&format!("it was fired by {}; it rests for {} more", it.last_by(), clock_span(left)));
    }
    let on_its_way = |u: &super::Unsaved| match &u.draft.fact {
        Fact::BreakerAsked { breaker, .. } | Fact::BreakerFired { breaker, .. } => breaker.raw() == it.name,
        _ => false,
    };
    if room.unsaved.values().any(on_its_way) {
        return no("something about it is being recorded; look again in a moment");
    }
    if word.trim() != plan.confirm.trim() {
        return no(&format!("to fire it, type {}", escape(&plan.confirm)));
    }
    // Nobody fires what they have not seen: the yes is bound to what was shown, as that to a step's command is.
    if hash.is_empty() {
        return no("say what was shown: `hash` is missing; status and would-run tell it");
    }
    if it.hash != hash {
        return no("what would run is not what was shown any more; look at it again");
    }
    let reason = said(reason, "a breaker")?;
    let breaker = Untrusted::new(plan.name.clone());
    if plan.hands.count() > 1 {
        match &it.asked {
            None => return Ok(vec![Fact::BreakerAsked { breaker, reason, hash: Some(it.hash) }]),
            Some(first) if first.by.person == by.person => {
                return no("you asked for it; a second person has to type the word too");
            }
            Some(_) => {}
        }
    }
    super::breaker::launch(room, plan, reason)
}

fn may_pull(room: &Room, by: &Author, plan: &BreakerPlan) -> Result<(), Refusal> {
    let mine = by.role.as_ref().is_some_and(|r| plan.role.as_ref().is_some_and(|p| p.eq_ignore_ascii_case(r.raw())));
    match &plan.role {
        // Two people of one role, or one of it and one who decides breakers.
        Some(role) if !room.plan.roles.is_empty() && !mine => {
            decides(room, by, Some("breakers"), &format!("fire this breaker, which is {}'s,", escape(role)))
        }
        Some(_) => Ok(()),
        None => decides(room, by, Some("breakers"), "fire a breaker"),
    }
}

/// Whether the journal takes what is recorded.
pub(super) fn can_record(room: &Room) -> bool {
    room.journal == JournalHealth::Safe
}

/// What a prepared plan goes back to, in words.
fn found(plan: &RollbackPlan) -> String {
    let targets: Vec<String> = plan.targets.iter().map(|t| format!("{} to {}", t.service, t.to)).collect();
    if targets.is_empty() { "everything is answered".to_owned() } else { targets.join(", ") }
}

fn moved(it: &RollbackNow, to: Rung, reason: Untrusted) -> Fact {
    Fact::RollbackMoved {
        plan: Untrusted::new(it.name.clone()),
        to,
        reason,
        hand: Hand::Person,
        took: None,
        from: Some(it.way.rung),
    }
}

fn find<'a>(room: &'a Room, name: &str) -> Result<(RollbackNow, &'a RollbackPlan), Refusal> {
    let found = room.rollback_named(name).and_then(|ix| Some((room.rollback(ix)?, room.plan.rollbacks.get(ix)?)));
    found.map_or_else(|| refuse(&unknown("rollback", name, room.plan.rollbacks.iter().map(|r| r.name.as_str()))), Ok)
}

fn find_level<'a>(room: &'a Room, name: &str) -> Result<(usize, &'a LevelPlan), Refusal> {
    let found = room.level_named(name).and_then(|ix| Some((ix, room.plan.levels.get(ix)?)));
    found.map_or_else(|| refuse(&unknown("level", name, room.plan.levels.iter().map(|l| l.name.as_str()))), Ok)
}

/// The sentence for a name that the plan does not have.
fn unknown<'a>(what: &str, name: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    let help = match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean \"{}\"?", escape(near)),
        None if names.is_empty() => format!("it has none; [[{what}]] makes one"),
        None => format!("it has: {}", names.iter().map(|n| escape(n)).collect::<Vec<_>>().join(", ")),
    };
    format!("the plan has no {what} \"{}\"; {help}", escape(name))
}

/// Nothing about this plan is on its way to the journal.
fn settled(room: &Room, it: &RollbackNow) -> Result<(), Refusal> {
    if room.journal == JournalHealth::Opening {
        return no(it, "the journal is still being read; a moment");
    }
    let on_its_way = |u: &super::Unsaved| match &u.draft.fact {
        Fact::RollbackMoved { plan, .. } => u.trouble.is_none() && plan.raw() == it.name,
        _ => false,
    };
    if room.unsaved.values().any(on_its_way) {
        return no(it, "something about it is being recorded; look again in a moment");
    }
    Ok(())
}

fn still_works(it: &RollbackNow) -> Result<(), Refusal> {
    it.invalid.as_ref().map_or(Ok(()), |why| no(it, &format!("it does not work any more: {why}")))
}

fn with_role(room: &Room, by: &Author, what: &str) -> Result<(), Refusal> {
    if room.plan.roles.is_empty() || by.role.is_some() {
        return Ok(());
    }
    refuse(&format!("to {what} you need a role of the plan; you have none, so you tick and note"))
}

/// Whether somebody has a role that decides this, or anything; where the plan has no roles, everybody.
fn decides(room: &Room, by: &Author, word: Option<&str>, what: &str) -> Result<(), Refusal> {
    let deciding = |r: &&crate::plan::RolePlan| match word {
        Some(word) => r.decides.iter().any(|d| d == word),
        None => !r.decides.is_empty(),
    };
    let mut able = room.plan.roles.iter().filter(deciding);
    let mine = by.role.as_ref().is_some_and(|m| able.any(|r| r.name.eq_ignore_ascii_case(m.raw())));
    if room.plan.roles.is_empty() || mine {
        return Ok(());
    }
    let who: Vec<String> = room.plan.roles.iter().filter(deciding).map(|r| escape(&r.name)).collect();
    let who = if who.is_empty() { "the plan names none".to_owned() } else { who.join(", ") };
    let word = word.map(|w| format!(" {w}")).unwrap_or_default();
    refuse(&format!("to {what} you need a role that decides{word}: {who}"))
}

fn no<T>(it: &RollbackNow, why: &str) -> Result<T, Refusal> {
    refuse(&format!("rollback {}: {why}", escape(&it.name)))
}

/// Whether somebody asked for what it would run now, and the second person still has time.
pub(super) fn still_asked(room: &Room, name: &str, hash: &str) -> Option<super::retreat::Pulled> {
    let last = room.progress.retreat.breaker(name).filter(|p| p.what == Pull::Asked)?;
    if last.hash.as_deref().is_some_and(|asked| asked != hash) {
        return None;
    }
    let lasted = (room.now.utc - last.stamp.utc()).to_std().unwrap_or_default();
    (lasted < ASKED).then(|| last.clone())
}

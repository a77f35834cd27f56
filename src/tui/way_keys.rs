//! The sheets of rollbacks and of breakers: what can be done there, and what their keys lead to.

use crossterm::event::KeyCode;

use super::gate_keys::Offer;
use super::layout::Pane;
use super::on_key::Act;
use super::typing::follow;
use super::view::{Mode, Next, Purpose, Sheet, Tone, View};
use crate::fact::StepId;
use crate::fact::retreat::Choice;
use crate::room::attempts::Attempt;
use crate::room::rollback::RollbackNow;
use crate::room::{Intent, Room, decide};
use crate::text::{Untrusted, escape};

/// Opens the sheet of rollbacks, at the cheapest one that still works.
pub fn open_rollbacks(room: &Room, view: &mut View) {
    if room.plan.rollbacks.is_empty() && room.plan.levels.is_empty() {
        view.toast(room.now, Tone::Quiet, "no rollback and no level in the plan: [[rollback]] and [[level]] make them");
        return;
    }
    let under_way = room.rollbacks().iter().position(|r| r.way.rung.under_way());
    let at = under_way.or_else(|| room.recommended()).unwrap_or_default();
    view.mode = Mode::Way { sheet: Sheet::Rollbacks, at, opened: room.now };
}

/// Opens the sheet of breakers. Nothing fires there by one key.
pub fn open_breakers(room: &Room, view: &mut View) {
    if room.plan.breakers.is_empty() {
        view.toast(room.now, Tone::Quiet, "the plan has no breaker: [[breaker]] makes one");
        return;
    }
    view.mode = Mode::Way { sheet: Sheet::Breakers, at: 0, opened: room.now };
}

/// What `r` opens on a step: where its command was aborted, the question what next, else what would run.
pub fn open_aborted(room: &Room, view: &mut View, step: StepId) -> Vec<Act> {
    match room.aborts_asked().iter().position(|asked| asked.step == step) {
        Some(at) => {
            view.mode = Mode::Way { sheet: Sheet::Aborted, at, opened: room.now };
            Vec::new()
        }
        None => super::run_sheet::open(room, view, step),
    }
}

/// What can be done, and what not with the reason; nothing on a screen that only looks.
pub fn offers(room: &Room, sheet: Sheet, at: usize) -> Vec<Offer> {
    if room.me.read_only {
        return Vec::new();
    }
    match sheet {
        Sheet::Rollbacks => of_rollbacks(room, at),
        Sheet::Breakers => of_breakers(room, at),
        Sheet::Aborted => of_aborted(room, at),
    }
}

fn may(room: &Room, intent: &Intent) -> Result<(), String> {
    decide::decide(room, &room.me.author, intent).map(|_| ()).map_err(|refusal| refusal.0)
}

/// Reasons are typed later; here it is only asked whether they would be taken.
fn word() -> Untrusted {
    Untrusted::new("a reason")
}

fn of_rollbacks(room: &Room, at: usize) -> Vec<Offer> {
    let mut out = Vec::new();
    let mut offer = |key, says, intent: Intent, next: Next| {
        out.push(Offer { key, says, next: may(room, &intent).map(|()| next) });
    };
    if let Some(it) = room.rollback(at) {
        let plan = || it.name.clone();
        let prepare = || Intent::RollbackPrepare { plan: plan() };
        let arm = || Intent::RollbackArm { plan: plan() };
        offer('p', "prepare", prepare(), Next::Do(prepare()));
        offer('a', "arm", arm(), Next::Do(arm()));
        // Whoever may fire but not run fires alone.
        let first = room.first_command(at).map(|first| first.hash);
        let fire = |hash| Intent::RollbackFire { plan: plan(), word: it.word.clone(), reason: word(), hash };
        let first = first.filter(|hash| may(room, &fire(Some(hash.clone()))).is_ok());
        offer('f', "FIRE", fire(None), Next::Prompt(Purpose::FireRollback(plan(), first)));
        let abort = Intent::RollbackAbort { plan: plan(), reason: word() };
        offer('x', "give up", abort, Next::Prompt(Purpose::AbortRollback(plan())));
        if it.countdown.is_some() {
            let veto = Intent::RollbackVeto { plan: plan(), reason: Untrusted::default() };
            offer('v', "SAY NO", veto.clone(), Next::Do(veto));
        }
    }
    if let Some(level) = room.level() {
        for (key, says, choice) in [
            ('w', "decide: wait", Choice::Wait),
            ('b', "decide: roll back", Choice::Rollback),
            ('o', "decide: go on", Choice::GoOn),
        ] {
            let level = || level.name.clone();
            let intent = Intent::DecideLevel { level: level(), choice, reason: word() };
            offer(key, says, intent, Next::Prompt(Purpose::DecideLevel(level(), choice)));
        }
    }
    if room.plan.levels.iter().any(|l| !l.declare.is_empty()) {
        out.push(Offer { key: 'd', says: "declare a symptom", next: Ok(Next::Declare) });
    }
    out
}

fn of_breakers(room: &Room, at: usize) -> Vec<Offer> {
    let (Some(it), Some(plan)) = (room.breaker(at), room.plan.breakers.get(at)) else { return Vec::new() };
    let fire = Intent::BreakerFire {
        breaker: it.name.clone(),
        hash: it.hash.clone(),
        word: plan.confirm.clone(),
        reason: word(),
    };
    let says = if it.hands.count() > 1 && it.asked.is_none() { "ask for it" } else { "FIRE" };
    vec![Offer { key: 'f', says, next: may(room, &fire).map(|()| Next::Prompt(Purpose::Pull(it.name, it.hash))) }]
}

fn of_aborted(room: &Room, at: usize) -> Vec<Offer> {
    let Some(asked) = room.aborts_asked().into_iter().nth(at) else { return Vec::new() };
    let still = room.progress.attempts.get(asked.run).is_some_and(Attempt::is_open);
    let again = if still { Err("it is still being stopped; a moment".to_owned()) } else { Ok(()) };
    let fail = Intent::Fail { step: asked.step.clone(), reason: word() };
    let back = if room.plan.rollbacks.is_empty() {
        Err("the plan has no rollback: [[rollback]] makes one".to_owned())
    } else {
        Ok(Next::Rollbacks)
    };
    vec![
        Offer { key: 'a', says: "run it again", next: again.map(|()| Next::Run(asked.step.clone())) },
        Offer {
            key: 'x',
            says: "fail the step",
            next: may(room, &fail).map(|()| Next::Prompt(Purpose::Fail(asked.step))),
        },
        Offer { key: 'b', says: "roll back", next: back },
    ]
}

/// A key in a sheet: an offer, another row, or it closes. What may not be done now says why, and the sheet stays.
pub fn key(
    room: &Room,
    view: &mut View,
    (sheet, at): (Sheet, usize),
    opened: crate::clock::Now,
    code: KeyCode,
) -> Vec<Act> {
    let rows = match sheet {
        Sheet::Rollbacks => room.plan.rollbacks.len(),
        Sheet::Breakers => room.plan.breakers.len(),
        Sheet::Aborted => room.aborts_asked().len(),
    };
    let last = rows.saturating_sub(1);
    let moved = match code {
        KeyCode::Down | KeyCode::Char('j') => Some((at + 1).min(last)),
        KeyCode::Up | KeyCode::Char('k') => Some(at.saturating_sub(1)),
        _ => None,
    };
    if let Some(at) = moved {
        view.mode = Mode::Way { sheet, at, opened };
        return Vec::new();
    }
    let KeyCode::Char(c) = code else { return Vec::new() };
    match offers(room, sheet, at).into_iter().find(|offer| offer.key == c).map(|offer| offer.next) {
        Some(Ok(next)) => follow(room, view, next),
        Some(Err(why)) => {
            view.toast(room.now, Tone::Bad, why);
            view.mode = Mode::Way { sheet, at, opened };
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// The symptoms that people may declare, and those that stand.
pub fn declare(room: &Room, view: &mut View) {
    let mut options = Vec::new();
    let mut digits = ('1'..='9').chain('a'..='z');
    for level in &room.plan.levels {
        for symptom in &level.declare {
            let Some(digit) = digits.next() else { break };
            let (name, shown) = (level.name.clone(), escape(symptom));
            let mut standing = room.progress.retreat.declared();
            let stands = standing.any(|d| d.level.raw() == level.name && d.symptom.raw() == symptom);
            let (says, purpose) = if stands {
                (format!("withdraw \"{shown}\""), Purpose::Withdraw(name, symptom.clone()))
            } else {
                let says = format!("declare \"{shown}\": level {}", escape(&level.name));
                (says, Purpose::Declare(name, symptom.clone()))
            };
            options.push((digit, says, Next::Prompt(purpose)));
        }
    }
    view.mode = Mode::Choose { title: "What no metric shows".to_owned(), options, opened: room.now };
}

/// Title of a line to type, and what to write; none where it is for something else.
pub fn asks(room: &Room, purpose: &Purpose) -> Option<(String, String)> {
    Some(match purpose {
        Purpose::FireRollback(plan, first) => {
            let runs = if first.is_some() { "fire it and run the command that was shown" } else { "fire it" };
            let it = room.rollback_named(plan).and_then(|ix| room.rollback(ix));
            let (word, cost) = it.map(|r| (r.word.clone(), r.cost())).unwrap_or_default();
            let place = place(room);
            (
                format!("Fire the rollback \"{}\"{place}: {cost}", escape(plan)),
                format!("type {} to {runs}; behind it why, if you like", escape(&word)),
            )
        }
        Purpose::AbortRollback(plan) => (format!("Why is \"{}\" given up?", escape(plan)), String::new()),
        Purpose::DecideLevel(level, choice) => (
            format!("Level {}: {choice}", escape(level)),
            match choice {
                Choice::Wait => "say why; the clock begins anew".to_owned(),
                Choice::Rollback => "say why; it is fired on the sheet, with its word".to_owned(),
                Choice::GoOn => "say why; the level stays until its symptoms are gone".to_owned(),
            },
        ),
        Purpose::Declare(level, symptom) => (
            format!("Declare \"{}\": the room goes to level {}", escape(symptom), escape(level)),
            "say what you saw; it holds until somebody withdraws it".to_owned(),
        ),
        Purpose::Withdraw(_, symptom) => (format!("Why is \"{}\" withdrawn?", escape(symptom)), String::new()),
        Purpose::Pull(breaker, _) => {
            let plan = room.breaker_named(breaker).and_then(|ix| room.plan.breakers.get(ix));
            let confirm = plan.map(|b| escape(&b.confirm)).unwrap_or_default();
            let blast = plan.and_then(|b| b.blast.as_ref()).map(|b| format!(", which cuts off {}", escape(b)));
            (
                format!("Fire the breaker \"{}\"{}{}", escape(breaker), place(room), blast.unwrap_or_default()),
                format!("type {confirm} and behind it why; anything else does nothing"),
            )
        }
        _ => return None,
    })
}

fn place(room: &Room) -> String {
    room.plan.room.environment.as_ref().map(|e| format!(" on {}", escape(&e.to_uppercase()))).unwrap_or_default()
}

/// What a typed line means here; the sentence to show where it is not what was asked for.
pub fn submitted(room: &Room, view: &mut View, purpose: &Purpose, line: &str) -> Option<Result<Intent, String>> {
    let text = || Untrusted::new(line);
    let behind = |word: &str| {
        let rest = line.strip_prefix(word)?;
        (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| Untrusted::new(rest.trim()))
    };
    Some(Ok(match purpose {
        Purpose::FireRollback(plan, hash) => {
            let Some(it) = room.rollback_named(plan).and_then(|ix| room.rollback(ix)) else {
                return Some(Err("that rollback is no longer in the plan".to_owned()));
            };
            let Some(reason) = behind(&it.word) else {
                return Some(Err(format!("type {} to fire it, or esc to cancel", escape(&it.word))));
            };
            if fire_changed(room, it.ix, hash.as_deref()) {
                return Some(Err("what it would run first has changed since: here it is again".to_owned()));
            }
            first_step(room, view, &it);
            Intent::RollbackFire { plan: it.name, word: it.word, reason, hash: hash.clone() }
        }
        Purpose::AbortRollback(plan) => Intent::RollbackAbort { plan: plan.clone(), reason: text() },
        Purpose::DecideLevel(level, choice) => {
            Intent::DecideLevel { level: level.clone(), choice: *choice, reason: text() }
        }
        Purpose::Declare(level, symptom) => {
            Intent::Declare { level: level.clone(), symptom: symptom.clone(), text: text() }
        }
        Purpose::Withdraw(level, symptom) => {
            Intent::Withdraw { level: level.clone(), symptom: symptom.clone(), reason: text() }
        }
        Purpose::Pull(breaker, hash) => {
            let Some(plan) = room.breaker_named(breaker).and_then(|ix| room.plan.breakers.get(ix)) else {
                return Some(Err("that breaker is no longer in the plan".to_owned()));
            };
            if changed(room, breaker, hash) {
                return Some(Err("what it would run has changed since: here it is again".to_owned()));
            }
            match behind(&plan.confirm).filter(|reason| !reason.raw().is_empty()) {
                Some(reason) => Intent::BreakerFire {
                    breaker: plan.name.clone(),
                    hash: hash.clone(),
                    word: plan.confirm.clone(),
                    reason,
                },
                None => {
                    return Some(Err(format!("type {} and behind it why, or esc to cancel", escape(&plan.confirm))));
                }
            }
        }
        _ => return None,
    }))
}

/// Whether a breaker would run something else by now than what was shown.
fn changed(room: &Room, breaker: &str, hash: &str) -> bool {
    room.breaker_named(breaker).and_then(|ix| room.breaker(ix)).is_none_or(|it| it.hash != hash)
}

/// Whether a plan would begin with another command by now than the one that was shown.
fn fire_changed(room: &Room, ix: usize, hash: Option<&str>) -> bool {
    hash.is_some_and(|hash| room.first_command(ix).is_none_or(|first| first.hash != hash))
}

/// Opens the sheet again from which a line was asked for, where what it showed is not so any more.
pub fn shown_again(room: &Room, view: &mut View, purpose: &Purpose) -> bool {
    if let Purpose::FireRollback(plan, hash) = purpose
        && let Some(at) = room.rollback_named(plan).filter(|ix| fire_changed(room, *ix, hash.as_deref()))
    {
        view.mode = Mode::Way { sheet: Sheet::Rollbacks, at, opened: room.now };
        return true;
    }
    let Purpose::Pull(breaker, hash) = purpose else { return false };
    if !changed(room, breaker, hash) {
        return false;
    }
    let at = room.breaker_named(breaker);
    if let Some(at) = at {
        view.mode = Mode::Way { sheet: Sheet::Breakers, at, opened: room.now };
    }
    true
}

/// The arrow goes to the first step of the way back.
fn first_step(room: &Room, view: &mut View, it: &RollbackNow) {
    let node = room.rollback_steps(it.ix).first().and_then(|id| view.derived.node_of(id));
    if let Some(node) = node {
        view.reveal(room, node);
        view.focus = Pane::Checklist;
    }
}

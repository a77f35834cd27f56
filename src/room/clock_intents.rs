//! What people want of the countdown: hold, resume, recycle, windows, calls, timers, and steps out of their turn.

use chrono::TimeDelta;
use uuid::Uuid;

use super::decide::{Refusal, decides, refuse, refuse_step, said, with_role};
use super::step_intents::{leaf, mark};
use super::{Room, Status, vote};
use crate::fact::{Author, CallKind, Fact, HoldUntil, Mark, StepId};
use crate::text::{Untrusted, escape};

/// Longest a timer or an extension may be, in minutes: a week.
const LONGEST: u32 = 7 * 24 * 60;
/// Timers and holds that may be open at a time.
const MOST: usize = 200;

/// The clock stops; for so many minutes, until a gate, or until somebody says so.
pub fn hold(
    room: &Room,
    by: &Author,
    reason: &Untrusted,
    minutes: Option<u32>,
    gate: Option<&str>,
) -> Result<Fact, Refusal> {
    with_role(room, by, "hold the clock")?;
    if room.t0().is_none() {
        return refuse("there is no T-0, so there is no clock to hold; set T-0 first");
    }
    if let Some(hold) = room.hold() {
        return refuse(&format!("the clock is held already: {}; resume it first", hold.reason));
    }
    let until = match (minutes, gate) {
        (Some(0), _) => {
            return refuse("a hold of no time means nothing; name at least a minute, or none to hold until resumed");
        }
        (Some(minutes), _) if minutes > LONGEST => return refuse("a hold lasts a week at most"),
        (Some(minutes), _) => HoldUntil::Time { at: room.now.utc + TimeDelta::minutes(minutes.into()) },
        (None, Some(gate)) if room.plan.gates.iter().any(|g| g.name == gate) => {
            HoldUntil::Gate { gate: gate.to_owned() }
        }
        (None, Some(gate)) => return refuse(&format!("the plan has no gate \"{}\"", escape(gate))),
        (None, None) => HoldUntil::Said,
    };
    Ok(Fact::HoldBegan { hold: Uuid::now_v7(), at: room.now.utc, reason: said(reason, "a hold")?, until })
}

/// The clock goes on: every hold that lasts is ended.
pub fn resume(room: &Room, by: &Author, reason: &Untrusted) -> Result<Vec<Fact>, Refusal> {
    decides(room, by, "let the clock go on")?;
    let open = room.progress.schedule.open_holds();
    if open.is_empty() {
        return refuse("the clock is not held");
    }
    let reason = if reason.raw().trim().is_empty() { Untrusted::new("go on") } else { reason.clone() };
    let end = |(hold, _)| Fact::HoldEnded { hold, at: room.now.utc, reason: reason.clone() };
    Ok(open.into_iter().map(end).collect())
}

/// The countdown goes back to a phase; its steps and those after it open again.
pub fn recycle(room: &Room, by: &Author, phase: &str, reason: &Untrusted) -> Result<Vec<Fact>, Refusal> {
    decides(room, by, "go back to an earlier time")?;
    let reason = said(reason, "going back")?;
    let back = room.recycle(phase).map_err(Refusal)?;
    let opened = Untrusted::new(format!("back to {}: {}", back.t, reason.raw()));
    let mut facts: Vec<Fact> = Vec::with_capacity(back.reopens.len() + 1);
    let gates: Vec<&str> = room.gates_from(back.phase).collect();
    facts.push(Fact::Recycled { phase: back.phase.title.clone(), at: room.now.utc, t0: back.t0, reason });
    facts.extend(back.reopens.iter().map(|step| mark(room, &step.id, Mark::Todo, Some(opened.clone()))));
    for gate in gates {
        facts.push(vote::reopen(room, by, gate, &opened)?);
    }
    Ok(facts)
}

/// A window lasts longer.
pub fn extend(room: &Room, by: &Author, window: &str, minutes: u32, reason: &Untrusted) -> Result<Fact, Refusal> {
    with_role(room, by, "extend a window")?;
    if !room.watched.iter().any(|w| w.name == window) {
        return refuse(&format!("the plan has no window \"{}\"", escape(window)));
    }
    if minutes == 0 || minutes > LONGEST {
        return refuse("a window is extended by a minute to a week");
    }
    Ok(Fact::WindowExtended { window: window.to_owned(), minutes, reason: said(reason, "an extension")? })
}

/// Somebody answers a call.
pub fn answer(room: &Room, by: &Author, call: CallKind, name: &str, text: &Untrusted) -> Result<Fact, Refusal> {
    let calls = room.calls();
    let Some(known) = calls.iter().find(|c| c.kind == call && c.name == name) else {
        let what = if call == CallKind::CheckIn { "asks for a check-in" } else { "is to be said" };
        return refuse(&format!("\"{}\" is not in force, so nothing {what} now", escape(name)));
    };
    if let Some(role) = &known.role
        && !room.plan.roles.is_empty()
        && !by.role.as_ref().is_some_and(|mine| mine.raw().eq_ignore_ascii_case(role))
    {
        decides(room, by, &format!("answer for {}", escape(role)))?;
    }
    let text = if text.raw().trim().is_empty() { Untrusted::new("all is well") } else { text.clone() };
    Ok(Fact::CallAnswered { call, name: name.to_owned(), at: room.now.utc, text })
}

/// Somebody wants to be reminded.
pub fn timer(room: &Room, minutes: u32, text: &Untrusted, whom: Option<&Untrusted>) -> Result<Fact, Refusal> {
    if minutes == 0 || minutes > LONGEST {
        return refuse("a timer runs for a minute to a week");
    }
    if room.timers().len() >= MOST {
        return refuse("there are 200 timers already; be done with some first");
    }
    let due = room.now.utc + TimeDelta::minutes(minutes.into());
    let whom = whom.filter(|whom| !whom.raw().trim().is_empty()).cloned();
    Ok(Fact::TimerSet { timer: Uuid::now_v7(), due, text: said(text, "a timer")?, whom })
}

/// A timer is done with.
pub fn timer_done(room: &Room, timer: Uuid, text: &Untrusted) -> Result<Fact, Refusal> {
    if !room.timers().iter().any(|known| known.id == timer) {
        return refuse("there is no such timer, or somebody is done with it already");
    }
    let text = if text.raw().trim().is_empty() { Untrusted::new("done") } else { text.clone() };
    Ok(Fact::TimerEnded { timer, text })
}

/// A step is begun or ticked although it is not its turn.
pub fn out_of_turn(room: &Room, step: &StepId, to: Mark, reason: &Untrusted) -> Result<Vec<Fact>, Refusal> {
    leaf(room, step)?;
    let reason = said(reason, "a step out of its turn")?;
    let status = room.status(step);
    if status.settled() || status == Status::Running && to == Mark::Running {
        return refuse_step(room, step, &format!("is {} already", status.word()));
    }
    let mut facts = vec![mark(room, step, to, Some(reason.clone()))];
    facts.extend(irregular(room, step, Some(&reason)));
    Ok(facts)
}

/// The word that a step was begun or ticked out of its order or before its time; none where it was in its turn.
pub fn irregular(room: &Room, step: &StepId, reason: Option<&Untrusted>) -> Option<Fact> {
    let how = room.irregular(step)?;
    let how = reason.map_or_else(|| how.clone(), |reason| format!("{how}: {}", reason.raw()));
    Some(Fact::Irregular { step: step.clone(), how: Untrusted::new(how) })
}

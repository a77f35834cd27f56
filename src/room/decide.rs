//! An operator's intent becomes facts to record, or a refusal that says what is missing.

use std::sync::Arc;

use uuid::Uuid;

use super::alerts::everybody;
use super::{Effect, Intent, Room, alert_intents, clock_intents, step_intents, vote, way_back};
use crate::fact::{Author, CallKind, Draft, Fact, Mark, StepId};
use crate::text::Untrusted;

/// Why not, in a sentence that says what is missing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

/// What an intent of `by` would record, or why it may not. Reads only.
pub fn decide(room: &Room, by: &Author, intent: &Intent) -> Result<Vec<Effect>, Refusal> {
    if room.me.read_only {
        return refuse("this is a read-only view; start without --read-only to take part");
    }
    if room.progress.closed.is_some() {
        return refuse("the room is closed; the next start begins a new one");
    }
    let facts = match intent {
        Intent::Tick { step } => step_intents::tick(room, by, step)?,
        Intent::Reopen { step } => vec![step_intents::reopen(room, step)?],
        Intent::Undo => vec![step_intents::undo(room, by)?],
        Intent::Start { step } => step_intents::start(room, step)?,
        Intent::Fail { step, reason } => vec![step_intents::left(room, step, Mark::Failed, reason)?],
        Intent::Skip { step, reason } => vec![step_intents::left_by_role(room, by, step, Mark::Skipped, reason)?],
        Intent::NotApplicable { step, reason } => {
            vec![step_intents::left_by_role(room, by, step, Mark::NotApplicable, reason)?]
        }
        Intent::Waive { step, reason } => {
            decides(room, by, "waive a step")?;
            vec![step_intents::left(room, step, Mark::Waived, reason)?]
        }
        Intent::Note { step, text } => {
            if let Some(step) = step {
                step_intents::known(room, step)?;
            }
            vec![Fact::Noted { step: step.clone(), text: said(text, "a note")? }]
        }
        Intent::Own { step, owner } => {
            step_intents::known(room, step)?;
            with_role(room, by, "give a step an owner")?;
            let owner = Some(owner.clone()).filter(|o| !o.raw().trim().is_empty());
            vec![Fact::StepOwned { step: step.clone(), owner }]
        }
        Intent::Add { after, text } => {
            if let Some(after) = after {
                step_intents::known(room, after)?;
            }
            with_role(room, by, "add a step")?;
            let step = StepId(Arc::from(format!("run-{}", Uuid::now_v7().simple())));
            vec![Fact::StepAdded { step, after: after.clone(), text: said(text, "a step")? }]
        }
        Intent::SetT0 { t0 } => {
            decides(room, by, "move T-0")?;
            vec![Fact::T0Set { t0: *t0 }]
        }
        Intent::Acknowledge { alert, owner, minutes, text } => {
            with_role(room, by, "take an alert on")?;
            vec![alert_intents::acknowledge(room, alert, owner.as_ref(), *minutes, text)?]
        }
        Intent::Silence { alert, minutes, reason } => {
            with_role(room, by, "silence an alert")?;
            vec![alert_intents::silence(room, alert.as_deref(), *minutes, reason)?]
        }
        Intent::Lift { silence } => {
            with_role(room, by, "end a silence")?;
            vec![alert_intents::lift(room, *silence)?]
        }
        Intent::TakeBaseline => {
            with_role(room, by, "take a baseline")?;
            let now = room.now.utc;
            match room.capture(now - super::baseline::BY_KEY, now) {
                Fact::BaselineTaken { metrics, .. } if metrics.is_empty() => {
                    return refuse("no metric has a value in the last half hour; there is nothing to compare with");
                }
                taken => vec![taken],
            }
        }
        Intent::TestChannel { channel } => {
            with_role(room, by, "test a channel")?;
            vec![Fact::NoticeQueued { notice: alert_intents::test(room, by, channel)? }]
        }
        Intent::PageAll { text } => everybody::page(room, by, text)?,
        Intent::PageAllOver { text } => everybody::over(room, by, text)?,
        Intent::AnswerParam { name, value } => {
            with_role(room, by, "answer a parameter")?;
            room.may_answer(name, value)?;
            vec![Fact::ParamSet { name: name.clone(), value: Some(value.clone()) }]
        }
        Intent::Close { reason } => {
            decides(room, by, "close the room")?;
            vec![Fact::RoomClosed { reason: said(reason, "a reason")? }]
        }
        Intent::Hold { reason, minutes, gate } => {
            vec![clock_intents::hold(room, by, reason, *minutes, gate.as_deref())?]
        }
        Intent::Resume { reason } => clock_intents::resume(room, by, reason)?,
        Intent::Recycle { phase, reason } => clock_intents::recycle(room, by, phase, reason)?,
        Intent::ExtendWindow { window, minutes, reason } => {
            vec![clock_intents::extend(room, by, window, *minutes, reason)?]
        }
        Intent::CheckIn { window, text } => vec![clock_intents::answer(room, by, CallKind::CheckIn, window, text)?],
        Intent::Said { drumbeat, text } => vec![clock_intents::answer(room, by, CallKind::Drumbeat, drumbeat, text)?],
        Intent::Timer { minutes, text, whom } => vec![clock_intents::timer(room, *minutes, text, whom.as_ref())?],
        Intent::TimerDone { timer, text } => vec![clock_intents::timer_done(room, *timer, text)?],
        Intent::TickAnyway { step, reason } => clock_intents::out_of_turn(room, step, Mark::Done, reason)?,
        Intent::StartAnyway { step, reason } => clock_intents::out_of_turn(room, step, Mark::Running, reason)?,
        Intent::GateVote { gate, vote, role, comment } => {
            vec![vote::vote(room, by, gate, *vote, role.as_ref(), comment)?]
        }
        Intent::GateDecide { gate, verdict, reason } => {
            vec![vote::decide(room, by, gate, vote::Ruling::Plain(*verdict), reason)?]
        }
        Intent::GateOverride { gate, reason } => vec![vote::decide(room, by, gate, vote::Ruling::Override, reason)?],
        Intent::GateReopen { gate, reason } => vec![vote::reopen(room, by, gate, reason)?],
        Intent::Declare { level, symptom, text } => vec![way_back::declare(room, by, (level, symptom), text)?],
        Intent::Withdraw { level, symptom, reason } => vec![way_back::withdraw(room, by, (level, symptom), reason)?],
        Intent::DecideLevel { level, choice, reason } => vec![way_back::decide(room, by, level, *choice, reason)?],
        Intent::RollbackPrepare { plan } => vec![way_back::prepare(room, by, plan)?],
        Intent::RollbackArm { plan } => vec![way_back::arm(room, by, plan)?],
        Intent::RollbackFire { plan, word, reason, hash } => {
            way_back::fire(room, by, plan, (word, reason), hash.as_deref())?
        }
        Intent::RollbackAbort { plan, reason } => vec![way_back::abort(room, by, plan, reason)?],
        Intent::RollbackVeto { plan, reason } => vec![way_back::veto(room, plan, reason)?],
        Intent::BreakerFire { breaker, hash, word, reason } => way_back::pull(room, by, (breaker, hash), word, reason)?,
        Intent::Run { step, command, hash, word, reason, confirmed } => {
            step_intents::known(room, step)?;
            let asked = super::launch::Asked {
                step,
                command: *command,
                hash,
                word: word.as_deref(),
                reason: reason.as_ref(),
                confirmed: *confirmed,
            };
            vec![super::launch::start(room, by, &asked)?]
        }
        Intent::Stop { run } => {
            with_role(room, by, "stop a run")?;
            vec![super::launch::stop(room, *run)?]
        }
    };
    Ok(vec![Effect::Append(facts.into_iter().map(|fact| draft(by, fact)).collect())])
}

/// A draft by somebody.
pub fn draft(by: &Author, fact: Fact) -> Draft {
    Draft { id: Uuid::now_v7(), by: by.clone(), fact }
}

/// Words that may not be missing.
pub(super) fn said(text: &Untrusted, what: &str) -> Result<Untrusted, Refusal> {
    let trimmed = text.raw().trim();
    if trimmed.is_empty() { refuse(&format!("{what} needs words")) } else { Ok(Untrusted::new(trimmed)) }
}

pub(super) fn with_role(room: &Room, by: &Author, what: &str) -> Result<(), Refusal> {
    if room.plan.roles.is_empty() || by.role.is_some() {
        return Ok(());
    }
    refuse(&format!("to {what} you need a role of the plan; you have none, so you tick and note"))
}

pub(super) fn decides(room: &Room, by: &Author, what: &str) -> Result<(), Refusal> {
    if room.plan.roles.is_empty() {
        return Ok(());
    }
    let mine = by.role.as_ref();
    let deciding = |r: &&crate::plan::RolePlan| !r.decides.is_empty();
    if mine.is_some_and(|m| room.plan.roles.iter().filter(deciding).any(|r| r.name.eq_ignore_ascii_case(m.raw()))) {
        return Ok(());
    }
    let who: Vec<&str> = room.plan.roles.iter().filter(deciding).map(|r| r.name.as_str()).collect();
    refuse(&format!(
        "to {what} you need a role that decides: {}",
        if who.is_empty() { "the plan names none".to_owned() } else { who.join(", ") }
    ))
}

/// A refusal.
pub(super) fn refuse<T>(why: &str) -> Result<T, Refusal> {
    Err(Refusal(why.to_owned()))
}

pub(super) fn refuse_step<T>(room: &Room, step: &StepId, why: &str) -> Result<T, Refusal> {
    let name = room.step_text(step).unwrap_or_else(|| step.to_string());
    Err(Refusal(format!("\"{name}\" {why}")))
}

//! An operator's intent becomes facts to record, or a refusal that says what is missing.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use uuid::Uuid;

use super::alerts::everybody;
use super::{Effect, Room, Status, clock_intents, vote, way_back};
use crate::fact::gate::Vote;
use crate::fact::retreat::Choice;
use crate::fact::{AlertWord, Author, CallKind, Draft, Fact, Mark, StepId, There, Verdict};
use crate::notice::{Action, Notice, Severity};
use crate::text::Untrusted;

/// What an operator wants. The same on a key, on the control socket and in a script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Intent {
    /// Say that a step is done; on a group, that all its remaining steps are.
    Tick {
        /// Which.
        step: StepId,
    },
    /// Take back what was last said of a step.
    Reopen {
        /// Which.
        step: StepId,
    },
    /// Take back my own last mark, whichever step it was on.
    Undo,
    /// Begin a step.
    Start {
        /// Which.
        step: StepId,
    },
    /// Say that a step failed.
    Fail {
        /// Which.
        step: StepId,
        /// Why.
        reason: Untrusted,
    },
    /// Leave a step out on this run.
    Skip {
        /// Which.
        step: StepId,
        /// Why.
        reason: Untrusted,
    },
    /// Say that a step does not apply.
    NotApplicable {
        /// Which.
        step: StepId,
        /// Why.
        reason: Untrusted,
    },
    /// Leave a step out by authority; needs a role that decides, where the plan has roles.
    Waive {
        /// Which.
        step: StepId,
        /// Why.
        reason: Untrusted,
    },
    /// Note something on a step, or on the room.
    Note {
        /// Which; `None` is the room.
        #[serde(default)]
        step: Option<StepId>,
        /// What.
        text: Untrusted,
    },
    /// Give a step an owner; an empty name takes it away.
    Own {
        /// Which.
        step: StepId,
        /// Who.
        owner: Untrusted,
    },
    /// Add a step to the run.
    Add {
        /// After which; `None` is the end.
        #[serde(default)]
        after: Option<StepId>,
        /// Its text.
        text: Untrusted,
    },
    /// Set, move or unset T-0.
    SetT0 {
        /// The moment; `None` unsets it.
        t0: Option<DateTime<Utc>>,
    },
    /// Take an alert on: nobody further is told of it, and it goes on being judged.
    Acknowledge {
        /// The alert's name; without labels all that fire under it.
        alert: String,
        /// Who looks after it, where that is somebody else.
        #[serde(default)]
        owner: Option<Untrusted>,
        /// For how long; then it is everybody's again. Without, until it is over.
        #[serde(default)]
        minutes: Option<u32>,
        /// A word on it.
        #[serde(default)]
        text: Untrusted,
    },
    /// Silence an alert, or all of them: judged and shown as ever, and nobody is told until the silence ends.
    Silence {
        /// The rule's name; `None` silences all.
        #[serde(default)]
        alert: Option<String>,
        /// For how long.
        minutes: u32,
        /// Why.
        reason: Untrusted,
    },
    /// End a silence early.
    Lift {
        /// Which.
        silence: Uuid,
    },
    /// Take the last half hour as what later values are compared with.
    TakeBaseline,
    /// Send a test to a channel.
    TestChannel {
        /// Its name in the plan.
        channel: String,
    },
    /// Page every channel of the plan.
    PageAll {
        /// Why.
        text: Untrusted,
    },
    /// Say to everybody who was paged that it is over.
    PageAllOver {
        /// A word on it.
        #[serde(default)]
        text: Untrusted,
    },
    /// Answer a parameter of the plan, or answer it anew: from then on it stands wherever its placeholder does.
    AnswerParam {
        /// Its name.
        name: String,
        /// The answer.
        value: Untrusted,
    },
    /// Close the room: the next start begins a new journal.
    Close {
        /// Why.
        reason: Untrusted,
    },
    /// Stop the T-clock; what is planned moves by as long as it stands.
    Hold {
        /// Why.
        reason: Untrusted,
        /// For how long; then it goes on by itself. Without, until it is resumed.
        #[serde(default)]
        minutes: Option<u32>,
        /// Until this gate of the plan says GO.
        #[serde(default)]
        gate: Option<String>,
    },
    /// Let the T-clock go on; needs a role that decides.
    Resume {
        /// Why now.
        #[serde(default)]
        reason: Untrusted,
    },
    /// Go back to the time of an earlier phase: its steps and all after it open again; needs a role that decides.
    Recycle {
        /// The phase's title.
        phase: String,
        /// Why.
        reason: Untrusted,
    },
    /// Let a window last longer.
    ExtendWindow {
        /// Its name in the plan.
        window: String,
        /// By how much.
        minutes: u32,
        /// Why.
        reason: Untrusted,
    },
    /// Say that all is well, or what is not, as a window asks for.
    CheckIn {
        /// The window's name in the plan.
        window: String,
        /// What is seen; nothing means that all is well.
        #[serde(default)]
        text: Untrusted,
    },
    /// Say that what a drumbeat asks for was said.
    Said {
        /// What the drumbeat says.
        drumbeat: String,
        /// What was said.
        #[serde(default)]
        text: Untrusted,
    },
    /// Set a timer: "back to X in 5 min".
    Timer {
        /// From now.
        minutes: u32,
        /// Of what to remind.
        text: Untrusted,
        /// Whom: a person or a role; without, everybody.
        #[serde(default, rename = "for")]
        whom: Option<Untrusted>,
    },
    /// Be done with a timer, or call it off.
    TimerDone {
        /// Which.
        timer: Uuid,
        /// A word on it.
        #[serde(default)]
        text: Untrusted,
    },
    /// Tick a step although it is not its turn.
    TickAnyway {
        /// Which.
        step: StepId,
        /// Why.
        reason: Untrusted,
    },
    /// Begin a step although it is not its turn.
    StartAnyway {
        /// Which.
        step: StepId,
        /// Why.
        reason: Untrusted,
    },
    /// Vote on a gate, change the vote, or take it back.
    GateVote {
        /// The gate's name.
        gate: String,
        /// What.
        vote: Vote,
        /// For which role; needed only where the plan has no roles and several vote.
        #[serde(default)]
        role: Option<Untrusted>,
        /// A word on it.
        #[serde(default)]
        comment: Untrusted,
    },
    /// Decide a gate: a GO only when the room computes one.
    GateDecide {
        /// The gate's name.
        gate: String,
        /// GO or NO-GO.
        verdict: Verdict,
        /// Why, where there is something to say.
        #[serde(default)]
        reason: Untrusted,
    },
    /// Decide a gate GO although the room does not compute one; marked everywhere.
    GateOverride {
        /// The gate's name.
        gate: String,
        /// Why.
        reason: Untrusted,
    },
    /// Open a decided gate again.
    GateReopen {
        /// The gate's name.
        gate: String,
        /// Why.
        reason: Untrusted,
    },
    /// Declare a symptom that no metric shows; it holds until it is withdrawn.
    Declare {
        /// The level's name.
        level: String,
        /// As the plan calls it.
        symptom: String,
        /// What was seen.
        #[serde(default)]
        text: Untrusted,
    },
    /// Say that a declared symptom is over, or was none.
    Withdraw {
        /// The level's name.
        level: String,
        /// As the plan calls it.
        symptom: String,
        /// Why.
        reason: Untrusted,
    },
    /// Decide about the level the room is on.
    DecideLevel {
        /// The level's name.
        level: String,
        /// What.
        choice: Choice,
        /// Why.
        reason: Untrusted,
    },
    /// Look a rollback plan through: answers, targets, steps.
    RollbackPrepare {
        /// The plan's name.
        plan: String,
    },
    /// Make a rollback plan ready to fire.
    RollbackArm {
        /// The plan's name.
        plan: String,
    },
    /// Fire an armed rollback plan: its steps are open, and its time runs.
    RollbackFire {
        /// The plan's name.
        plan: String,
        /// What was typed.
        word: String,
        /// Why; needed while the journal cannot write.
        #[serde(default)]
        reason: Untrusted,
        /// Of its first command as it was shown: that runs with the same word.
        #[serde(default)]
        hash: Option<String>,
    },
    /// Give a rollback plan up.
    RollbackAbort {
        /// The plan's name.
        plan: String,
        /// Why.
        reason: Untrusted,
    },
    /// Say no to a rollback that would fire by itself.
    RollbackVeto {
        /// The plan's name.
        plan: String,
        /// Why.
        #[serde(default)]
        reason: Untrusted,
    },
    /// Fire a breaker; where it takes two people, the first one asks.
    BreakerFire {
        /// The breaker's name.
        breaker: String,
        /// Of what was shown; another one means that something changed since.
        #[serde(default)]
        hash: String,
        /// What was typed.
        word: String,
        /// Why.
        reason: Untrusted,
    },
    /// Run a step's command as it was shown.
    Run {
        /// Of which step.
        step: StepId,
        /// Which of its commands, from 0.
        #[serde(default)]
        command: u32,
        /// Of what was shown; another one means that something changed since.
        hash: String,
        /// What was typed.
        #[serde(default)]
        word: Option<String>,
        /// Why, where something speaks against it.
        #[serde(default)]
        reason: Option<Untrusted>,
        /// Whether it was confirmed a second time.
        #[serde(default)]
        confirmed: Confirmed,
    },
    /// Stop a run: interrupt it, end it politely, then for certain.
    Stop {
        /// Which.
        run: Uuid,
    },
}

/// How often somebody said yes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confirmed {
    /// Once.
    #[default]
    Once,
    /// Twice, the second time knowing why that is asked.
    Twice,
}

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
        Intent::Tick { step } => tick(room, by, step)?,
        Intent::Reopen { step } => vec![reopen(room, step)?],
        Intent::Undo => vec![undo(room, by)?],
        Intent::Start { step } => {
            leaf(room, step)?;
            match room.status(step) {
                Status::Running => return refuse_step(room, step, "is running already"),
                s if s.settled() => return refuse_step(room, step, &format!("is {}; reopen it first", s.word())),
                _ => in_turn(room, step, Mark::Running)?,
            }
        }
        Intent::Fail { step, reason } => vec![left(room, step, Mark::Failed, reason)?],
        Intent::Skip { step, reason } => vec![left_by_role(room, by, step, Mark::Skipped, reason)?],
        Intent::NotApplicable { step, reason } => vec![left_by_role(room, by, step, Mark::NotApplicable, reason)?],
        Intent::Waive { step, reason } => {
            decides(room, by, "waive a step")?;
            vec![left(room, step, Mark::Waived, reason)?]
        }
        Intent::Note { step, text } => {
            if let Some(step) = step {
                known(room, step)?;
            }
            vec![Fact::Noted { step: step.clone(), text: said(text, "a note")? }]
        }
        Intent::Own { step, owner } => {
            known(room, step)?;
            with_role(room, by, "give a step an owner")?;
            let owner = Some(owner.clone()).filter(|o| !o.raw().trim().is_empty());
            vec![Fact::StepOwned { step: step.clone(), owner }]
        }
        Intent::Add { after, text } => {
            if let Some(after) = after {
                known(room, after)?;
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
            vec![acknowledge(room, alert, owner.as_ref(), *minutes, text)?]
        }
        Intent::Silence { alert, minutes, reason } => {
            with_role(room, by, "silence an alert")?;
            vec![silence(room, alert.as_deref(), *minutes, reason)?]
        }
        Intent::Lift { silence } => {
            with_role(room, by, "end a silence")?;
            match room.progress.episodes.silence(*silence) {
                Some(known) if matches!(room.progress.episodes.there(known.id), Some(There::Created { .. })) => {
                    return refuse("it was created in the Alertmanager: end it there");
                }
                Some(known) if known.lasts(room.now.utc) => vec![Fact::SilenceLifted { silence: *silence }],
                Some(_) => return refuse("that silence is over already"),
                None => return refuse("there is no such silence"),
            }
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
            let Some(known) = room.plan.notify.iter().find(|c| c.name == *channel) else {
                return refuse(&format!("the plan has no channel \"{}\"", crate::text::escape(channel)));
            };
            vec![Fact::NoticeQueued { notice: test(room, by, &known.name) }]
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
            known(room, step)?;
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

fn tick(room: &Room, by: &Author, step: &StepId) -> Result<Vec<Fact>, Refusal> {
    known(room, step)?;
    if room.book.is_group(step) {
        let open: Vec<Fact> = room
            .book
            .leaves_of(step)
            .filter(|leaf| !room.status(&leaf.id).settled() && !on_its_way(room, &leaf.id, Mark::Done))
            .map(|leaf| mark(room, &leaf.id, Mark::Done, None))
            .collect();
        return if open.is_empty() { refuse_step(room, step, "has nothing left to tick") } else { Ok(open) };
    }
    if on_its_way(room, step, Mark::Done) {
        return refuse_step(room, step, "is being recorded as done");
    }
    match room.step(step) {
        state if state.status == Status::Done => {
            let mine = |who: &Author| who.person == by.person;
            let said_so = state.by.iter().chain(&state.confirmed_by).any(|(who, _)| mine(who));
            if said_so { refuse_step(room, step, "is done, and you said so; u takes it back") } else { Ok(()) }?;
        }
        state if state.status == Status::InFile => return refuse_step(room, step, "is ticked in the file already"),
        state if matches!(state.status, Status::Skipped | Status::NotApplicable | Status::Waived) => {
            return refuse_step(room, step, &format!("is {}; reopen it first", state.status.word()));
        }
        _ => {}
    }
    if room.status(step) == Status::Done {
        return Ok(vec![mark(room, step, Mark::Done, None)]);
    }
    in_turn(room, step, Mark::Done)
}

/// A mark with the word that it is out of turn, where it is; where the plan is strict about that, a refusal.
fn in_turn(room: &Room, step: &StepId, to: Mark) -> Result<Vec<Fact>, Refusal> {
    if let Some(why) = room.out_of_turn(step) {
        return refuse_step(room, step, &why);
    }
    let mut facts = vec![mark(room, step, to, None)];
    facts.extend(clock_intents::irregular(room, step, None));
    Ok(facts)
}

fn reopen(room: &Room, step: &StepId) -> Result<Fact, Refusal> {
    leaf(room, step)?;
    if room.status(step) == Status::Todo {
        return refuse_step(room, step, "is open");
    }
    Ok(mark(room, step, Mark::Todo, None))
}

/// My newest mark that was not taken back goes back to what stood before it on its step.
fn undo(room: &Room, by: &Author) -> Result<Fact, Refusal> {
    let me = &by.person;
    let mine = room.progress.timeline.values().rev().find_map(|entry| match &entry.fact {
        Fact::StepMarked { step, undoes: None, .. } if entry.by.person == *me => {
            room.progress.standing(step).any(|(stamp, _)| stamp == entry.stamp).then_some((step, entry.stamp))
        }
        _ => None,
    });
    let Some((step, stamp)) = mine else {
        return refuse("there is nothing of yours to take back");
    };
    let mut standing = room.progress.standing(step);
    let Some((_, last)) = standing.next().filter(|(newest, _)| *newest == stamp) else {
        return refuse_step(room, step, "was changed by somebody after you; reopen it instead");
    };
    // My newest word only confirmed what somebody had said: there is nothing of mine alone to take back.
    if let Some((owner, _)) = room.step(step).by.filter(|(owner, own)| *own != stamp && owner.person != *me) {
        return refuse_step(
            room,
            step,
            &format!("was said by {} before you; reopen it if that is wrong", owner.person),
        );
    }
    // Confirmations are one with what they confirm.
    let before = standing.map(|(_, mark)| mark).find(|mark| *mark != last);
    let in_file = || room.book.find(step).is_some_and(|s| s.checked == Some(true) && last == Mark::Todo);
    let back = before.unwrap_or(if in_file() { Mark::Done } else { Mark::Todo });
    let saw = room.progress.step(step).and_then(|s| s.newest);
    Ok(Fact::StepMarked { step: step.clone(), mark: back, reason: None, saw, undoes: Some(stamp) })
}

fn acknowledge(
    room: &Room,
    alert: &str,
    owner: Option<&Untrusted>,
    minutes: Option<u32>,
    text: &Untrusted,
) -> Result<Fact, Refusal> {
    let shown = crate::text::escape(alert);
    let all = &room.progress.episodes;
    if let Some(source) = room.tells_its_own(alert) {
        let source = crate::text::escape(source);
        return refuse(&format!("{source} judges it and tells its own people: take it on there"));
    }
    let fires = all.newest(alert).filter(|(_, said)| said.to == AlertWord::Firing);
    // A name without labels is all that fire under it now; who joins them later is nobody's yet.
    let all_of_name = || all.firing_of(alert).next().map(|_| Uuid::nil());
    let Some(episode) = fires.map(|(_, said)| said.episode).or_else(all_of_name) else {
        return refuse(&format!("\"{shown}\" does not fire; there is nothing to take on"));
    };
    let until = match minutes {
        Some(0) => return refuse("to look after it for no time at all means nothing; name at least a minute"),
        Some(minutes) => Some(room.now.utc + TimeDelta::minutes(minutes.into())),
        None => None,
    };
    let owner = owner.filter(|o| !o.raw().trim().is_empty()).cloned();
    let text = if text.raw().trim().is_empty() { Untrusted::new("on it") } else { text.clone() };
    Ok(Fact::AlertAcknowledged { alert: Untrusted::new(alert), episode, owner, until, text })
}

fn silence(room: &Room, alert: Option<&str>, minutes: u32, reason: &Untrusted) -> Result<Fact, Refusal> {
    let there = alert.is_some_and(|alert| room.alertmanager_of(alert).is_some());
    if let Some(source) = alert.and_then(|alert| room.tells_its_own(alert)).filter(|_| !there) {
        let source = crate::text::escape(source);
        return refuse(&format!("{source} judges it and tells its own people: silence it there"));
    }
    if let Some(alert) = alert
        && !(room.knows_alert(alert) || room.tells_its_own(alert).is_some())
    {
        return refuse(&format!("the plan has no rule \"{}\"", crate::text::escape(alert)));
    }
    if minutes == 0 || minutes > 7 * 24 * 60 {
        return refuse("a silence lasts from a minute to a week");
    }
    let reason = said(reason, "a silence")?;
    let until = room.now.utc + TimeDelta::minutes(minutes.into());
    Ok(Fact::Silenced { silence: Uuid::now_v7(), alert: alert.map(Untrusted::new), until, reason })
}

fn test(room: &Room, by: &Author, channel: &str) -> Notice {
    let id = Uuid::now_v7();
    Notice {
        id,
        channel: channel.to_owned(),
        key: id.to_string(),
        action: Action::Test,
        severity: Severity::Info,
        room: Untrusted::new(room.plan.room.name.clone()),
        alert: None,
        summary: Untrusted::new(format!("a test by {}: nothing is wrong", by.person)),
        details: Vec::new(),
        group: None,
        since: room.now.utc,
        at: room.now.utc,
    }
}

fn left(room: &Room, step: &StepId, what: Mark, reason: &Untrusted) -> Result<Fact, Refusal> {
    leaf(room, step)?;
    let reason = said(reason, "a reason")?;
    Ok(mark(room, step, what, Some(reason)))
}

fn left_by_role(room: &Room, by: &Author, step: &StepId, what: Mark, reason: &Untrusted) -> Result<Fact, Refusal> {
    with_role(room, by, "leave a step out")?;
    left(room, step, what, reason)
}

pub(super) fn mark(room: &Room, step: &StepId, mark: Mark, reason: Option<Untrusted>) -> Fact {
    let saw = room.progress.step(step).and_then(|s| s.newest);
    Fact::StepMarked { step: step.clone(), mark, reason, saw, undoes: None }
}

fn on_its_way(room: &Room, step: &StepId, what: Mark) -> bool {
    matches!(room.pending(step).map(|u| &u.draft.fact), Some(Fact::StepMarked { mark, .. }) if *mark == what)
}

fn known(room: &Room, step: &StepId) -> Result<(), Refusal> {
    if room.knows(step) { Ok(()) } else { refuse(&format!("there is no step {step} in the runbook or on this run")) }
}

pub(super) fn leaf(room: &Room, step: &StepId) -> Result<(), Refusal> {
    known(room, step)?;
    if room.book.is_group(step) {
        return refuse_step(room, step, "is a group; its state comes from the steps in it");
    }
    Ok(())
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

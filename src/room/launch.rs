//! Whether a command may start now, and what is recorded when it may.

use uuid::Uuid;

use super::Confirmed;
use super::command::Planned;
use super::decide::Refusal;
use super::{JournalHealth, Room, Whose};
use crate::clock::age;
use crate::fact::{Author, Fact, RunStarted, StepId};
use crate::runbook::Class;
use crate::text::Untrusted;

/// What somebody confirmed: which command, and as which it was shown.
pub(super) struct Asked<'a> {
    pub step: &'a StepId,
    pub command: u32,
    pub hash: &'a str,
    pub word: Option<&'a str>,
    pub reason: Option<&'a Untrusted>,
    pub confirmed: Confirmed,
}

/// The fact that a command is about to start, or why it may not.
pub(super) fn start(room: &Room, by: &Author, asked: &Asked<'_>) -> Result<Fact, Refusal> {
    let all = room.would_run(asked.step);
    let Some(planned) = all.iter().find(|p| p.index == asked.command) else {
        return refuse("this step has no such command to run");
    };
    if planned.hash != asked.hash {
        return refuse("what would run is not what was shown any more; look at it again");
    }
    if let Some(why) = planned.blocked.first() {
        return refuse(&format!("it cannot run: {why}"));
    }
    if planned.terminal.is_some() && *by != room.me.author {
        return refuse("it needs a terminal: only who sits at this screen can run it here");
    }
    if let Some(other) = has_terminal(room).filter(|_| planned.terminal.is_some()) {
        return refuse(&format!("one command at a time can have this terminal, and {other}"));
    }
    may(room, by, planned.class)?;
    if let Some((_, going_on)) = room.progress.running(asked.step)
        && let Some((stamp, who, _)) = &going_on.started
    {
        let since = age((room.now.utc - stamp.utc()).to_std().unwrap_or_default());
        return refuse(&format!("it is being run by {} since {since}", who.person));
    }
    if room.unsaved.values().any(|u| matches!(&u.draft.fact, Fact::CommandStarted(run) if run.step == *asked.step)) {
        return refuse("it is about to start: the record of it is being written");
    }
    let reason = asked.reason.filter(|r| !r.raw().trim().is_empty());
    match &room.journal {
        JournalHealth::Opening => return refuse("the journal is still being read; nothing runs before"),
        JournalHealth::Broken(why) if !goes_back(room, asked.step) => {
            return refuse(&format!("the journal cannot write ({}); commands wait for it", crate::text::escape(why)));
        }
        JournalHealth::Broken(_) if reason.is_none() => {
            return refuse("the journal cannot write; a way back may run all the same, with a reason");
        }
        JournalHealth::Broken(_) | JournalHealth::Safe => {}
    }
    if let (Some(against), None) = (&planned.against, reason) {
        return refuse(&format!("{against}; give a reason to run it all the same"));
    }
    if let Some(word) = &planned.word
        && asked.word != Some(word.as_str())
    {
        return refuse(&format!("to run a change, type {}", crate::text::escape(word)));
    }
    if let (Some(why), Confirmed::Once) = (&planned.twice, asked.confirmed) {
        return refuse(&format!("it has to be confirmed a second time: {why}"));
    }
    Ok(fact(room, planned, reason))
}

/// Which command of this process has its terminal, and what to do about that.
fn has_terminal(room: &Room) -> Option<String> {
    room.progress.attempts.open().find_map(|(run, started)| {
        let live = room.live.runs.get(&run).filter(|live| live.whose == Whose::Mine)?;
        let (begun, ..) = room.progress.attempts.get(run)?.started.as_ref()?;
        let step = room.progress.now_called(&started.step, *begun);
        let of = room.would_run(&step).into_iter().find(|p| p.index == started.command)?;
        of.terminal.as_ref()?;
        let what = crate::text::escape(started.what.raw());
        Some(if live.paused {
            format!("\"{what}\" stands still in it: r on its step brings it back, K ends it")
        } else {
            format!("\"{what}\" has it")
        })
    })
}

/// The fact that a command is about to start.
pub(super) fn fact(room: &Room, planned: &Planned, reason: Option<&Untrusted>) -> Fact {
    let same = |run: &RunStarted| run.command == planned.index;
    let before = room.progress.attempts(&planned.step);
    let attempts = before.iter().filter(|(_, a)| a.started.as_ref().is_some_and(|(.., run)| same(run))).count();
    let marked = match (&room.journal, reason) {
        (JournalHealth::Broken(_), Some(reason)) => {
            Some(Untrusted::new(format!("before it was recorded: {}", reason.raw())))
        }
        (_, reason) => reason.cloned(),
    };
    Fact::CommandStarted(Box::new(RunStarted {
        run: Uuid::now_v7(),
        step: planned.step.clone(),
        command: planned.index,
        what: Untrusted::new(planned.title()),
        hash: planned.hash.clone(),
        host: Untrusted::new(planned.host.clone()),
        attempt: u32::try_from(attempts).unwrap_or(u32::MAX).saturating_add(1),
        reason: marked,
    }))
}

/// The wish that a run stops.
pub(super) fn stop(room: &Room, run: Uuid) -> Result<Fact, Refusal> {
    match room.progress.attempts.get(run) {
        None => refuse("there is no such run"),
        Some(attempt) if !attempt.is_open() => refuse("this run has ended already"),
        Some(_) => Ok(Fact::CommandStopped { run, because: None }),
    }
}

/// Who may run what: the plan's word for the role, else everybody with a role may look, and those that decide may change.
pub(super) fn may(room: &Room, by: &Author, class: Class) -> Result<(), Refusal> {
    if room.plan.roles.is_empty() {
        return Ok(());
    }
    let word = if class == Class::Read { "read" } else { "mutate" };
    let mine = by.role.as_ref().and_then(|m| room.plan.roles.iter().find(|r| r.name.eq_ignore_ascii_case(m.raw())));
    let Some(mine) = mine else {
        return refuse("to run a command you need a role of the plan; you have none, so you tick and note");
    };
    if mine.may_run(word) {
        return Ok(());
    }
    let who: Vec<&str> = room.plan.roles.iter().filter(|r| r.may_run(word)).map(|r| r.name.as_str()).collect();
    let who = if who.is_empty() { "the plan names none".to_owned() } else { who.join(", ") };
    refuse(&format!("the role {} may not run this (runs = [\"{word}\"]); these may: {who}", mine.name))
}

/// Whether a step is on a way back, which does not wait for the journal.
fn goes_back(room: &Room, step: &StepId) -> bool {
    let words = ["rollback", "roll back", "roll-back", "back out", "backout", "revert"];
    let of = room.book.find(step);
    of.into_iter().flat_map(|s| s.heading_path.iter().chain(&s.phase)).any(|heading| {
        let heading = heading.raw().to_lowercase();
        words.iter().any(|word| heading.contains(word))
    })
}

fn refuse<T>(why: &str) -> Result<T, Refusal> {
    Err(Refusal(why.to_owned()))
}

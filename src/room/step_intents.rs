//! What people want of steps: tick, begin, fail, leave out, open again, take back.

use super::decide::{Refusal, refuse, refuse_step, said, with_role};
use super::{Room, Status, clock_intents};
use crate::fact::{Author, Fact, Mark, StepId};
use crate::text::Untrusted;

/// Says that a step is done; on a group, that all its remaining steps are.
pub fn tick(room: &Room, by: &Author, step: &StepId) -> Result<Vec<Fact>, Refusal> {
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

/// Says that a step has begun.
pub fn start(room: &Room, step: &StepId) -> Result<Vec<Fact>, Refusal> {
    leaf(room, step)?;
    match room.status(step) {
        Status::Running => refuse_step(room, step, "is running already"),
        s if s.settled() => refuse_step(room, step, &format!("is {}; reopen it first", s.word())),
        _ => in_turn(room, step, Mark::Running),
    }
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

/// Opens a step again.
pub fn reopen(room: &Room, step: &StepId) -> Result<Fact, Refusal> {
    leaf(room, step)?;
    if room.status(step) == Status::Todo {
        return refuse_step(room, step, "is open");
    }
    Ok(mark(room, step, Mark::Todo, None))
}

/// My newest mark that was not taken back goes back to what stood before it on its step.
pub fn undo(room: &Room, by: &Author) -> Result<Fact, Refusal> {
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

/// Leaves a step out, or fails it, with a reason.
pub fn left(room: &Room, step: &StepId, what: Mark, reason: &Untrusted) -> Result<Fact, Refusal> {
    leaf(room, step)?;
    let reason = said(reason, "a reason")?;
    Ok(mark(room, step, what, Some(reason)))
}

/// Leaves a step out, where the person has a role.
pub fn left_by_role(room: &Room, by: &Author, step: &StepId, what: Mark, reason: &Untrusted) -> Result<Fact, Refusal> {
    with_role(room, by, "leave a step out")?;
    left(room, step, what, reason)
}

/// A mark by somebody who saw the newest one before it.
pub fn mark(room: &Room, step: &StepId, mark: Mark, reason: Option<Untrusted>) -> Fact {
    let saw = room.progress.step(step).and_then(|s| s.newest);
    Fact::StepMarked { step: step.clone(), mark, reason, saw, undoes: None }
}

fn on_its_way(room: &Room, step: &StepId, what: Mark) -> bool {
    matches!(room.pending(step).map(|u| &u.draft.fact), Some(Fact::StepMarked { mark, .. }) if *mark == what)
}

/// The step is in the runbook, or was added on this run.
pub fn known(room: &Room, step: &StepId) -> Result<(), Refusal> {
    if room.knows(step) { Ok(()) } else { refuse(&format!("there is no step {step} in the runbook or on this run")) }
}

/// The step is known, and no group of others.
pub fn leaf(room: &Room, step: &StepId) -> Result<(), Refusal> {
    known(room, step)?;
    if room.book.is_group(step) {
        return refuse_step(room, step, "is a group; its state comes from the steps in it");
    }
    Ok(())
}

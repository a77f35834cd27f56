//! What is changed on purpose is told to channels that want to know: beside a graph or an incident it explains the rest.

use chrono::TimeDelta;

use super::super::Room;
use super::notices::{circumstances, identity};
use crate::fact::retreat::Rung;
use crate::fact::{Draft, Entry, Fact};
use crate::notice::{Action, Notice, Severity};
use crate::plan::Changes;
use crate::text::Untrusted;

/// What lies further back is not told any more.
const NEWS: TimeDelta = TimeDelta::minutes(5);

/// One line on a change; none where an entry is none.
fn words(room: &Room, entry: &Entry) -> Option<String> {
    let who = &entry.by.person;
    Some(match &entry.fact {
        Fact::CommandStarted(run) => {
            let step = room.step_text(&run.step).unwrap_or_else(|| run.step.to_string());
            format!("{step}: {who} runs {}", run.what)
        }
        Fact::GateDecided { gate, verdict, overridden, .. } => {
            let how = if *overridden { ", against what the room computed" } else { "" };
            format!("gate {gate}: {verdict}, decided by {who}{how}")
        }
        Fact::LevelChanged { to: Some(level), symptoms, .. } => {
            let symptoms: Vec<String> = symptoms.iter().map(ToString::to_string).collect();
            format!("level {level}: {}", symptoms.join(", "))
        }
        Fact::LevelChanged { from: Some(level), to: None, .. } => format!("level {level} is left"),
        Fact::RollbackMoved { plan, to: Rung::Fired, .. } => format!("rollback \"{plan}\" fired"),
        Fact::RollbackMoved { plan, to: Rung::Complete, .. } => format!("rollback \"{plan}\" is complete"),
        Fact::BreakerFired { breaker, reason } => format!("breaker \"{breaker}\" fired by {who}: {reason}"),
        _ => return None,
    })
}

/// What is to be told of changes: each once to each channel that asks for them.
pub fn told(room: &Room) -> Vec<Draft> {
    let channels: Vec<&str> =
        room.plan.notify.iter().filter(|c| c.changes == Changes::Told).map(|c| c.name.as_str()).collect();
    if channels.is_empty() {
        return Vec::new();
    }
    let recent = room.progress.timeline.iter().rev().take_while(|(at, _)| room.now.utc - at.utc() < NEWS);
    let mut drafts = Vec::new();
    for (at, entry) in recent.collect::<Vec<_>>().into_iter().rev() {
        let Some(summary) = words(room, entry) else { continue };
        for channel in &channels {
            let id = identity(&["change", &entry.id.to_string(), channel]);
            if room.progress.episodes.notice(id).is_some() || room.unsaved.contains_key(&id) {
                continue;
            }
            let notice = Notice {
                id,
                channel: (*channel).to_owned(),
                key: id.to_string(),
                action: Action::Change,
                severity: Severity::Info,
                room: Untrusted::new(room.plan.room.name.clone()),
                alert: None,
                summary: Untrusted::new(summary.clone()),
                details: circumstances(room, Vec::new(), None),
                group: None,
                since: at.utc(),
                at: room.now.utc,
            };
            drafts.push(Draft { id, by: room.me.author.clone(), fact: Fact::NoticeQueued { notice } });
        }
    }
    drafts
}

//! Who is told of alerts: once when one fires, again when it must be, and once when it is over.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::super::Room;
use super::Track;
use super::cause::Sick;
use super::groups::{self, Ended, Ready, Together};
use super::subject::Subject;
use super::told;
use crate::clock::clock_span;
use crate::fact::{Draft, Fact};
use crate::notice::{Action, Notice, Severity};
use crate::plan::Plan;
use crate::text::{Untrusted, escape};

/// What is to be told of alerts that fire now, and of groups of which none does any more; `ended` are breaches that this very
/// evaluation ends.
pub fn firing(room: &Room, plan: &Plan, ended: &HashSet<Uuid>) -> Vec<Draft> {
    let all = &room.progress.episodes;
    let mut sick = None;
    let mut ready: Vec<Ready<'_>> = Vec::new();
    super::each_firing(room, plan, |subject, track| {
        let Some(episode) = track.episode else { return };
        let ack = all.acknowledged(&subject.name, episode, room.now.utc);
        let mut explained = || sick.get_or_insert_with(|| Sick::of(room)).explains_subject(plan, &subject).is_some();
        let silent = all.silenced(&subject.name, room.now.utc).is_some() || subject.quiet_there();
        let muted = silent || explained();
        ready.push(Ready { subject, track, episode, ack, muted });
    });
    let mut drafts = Vec::new();
    let mut together = Together::of(room);
    for (place, it) in ready.iter().enumerate() {
        let mut alone = false;
        for channel in it.subject.notify {
            if !together.take(place, it, channel) {
                alone = true;
                drafts.extend(by_itself(room, it, channel));
            }
        }
        if alone {
            drafts.extend(escalated(
                room,
                &it.subject,
                it.track,
                &it.episode.to_string(),
                it.ack.is_some() || it.muted,
            ));
        }
    }
    drafts.extend(together.finish(&ready, ended));
    drafts
}

/// What a channel hears of an alert that is told by itself.
fn by_itself(room: &Room, it: &Ready<'_>, channel: &str) -> Option<Draft> {
    let (subject, name) = (&it.subject, &it.subject.name);
    let last = room.progress.episodes.last_notice(&it.episode.to_string(), channel, Action::Trigger);
    if let (Some((stamp, ack)), Some(_)) = (it.ack, last) {
        let who = ack.owner.as_ref().map_or_else(|| ack.by.person.to_string(), ToString::to_string);
        let summary = format!("{name}: {who} looks after it: {}", ack.text);
        return queue(room, subject, it.track, channel, Action::Acknowledge, stamp.ms, &summary);
    }
    let again = match last {
        None => Some((0, it.track.why.clone())),
        Some(last) => told_again(room, channel, name, it.episode, last.utc()),
    };
    let (nth, words) = again.filter(|_| !it.muted && it.ack.is_none())?;
    queue(room, subject, it.track, channel, Action::Trigger, nth, &format!("{name}: {words}"))
}

/// Why an alert that was told is told again, and what makes that telling one of its own.
pub(super) fn told_again(
    room: &Room,
    channel: &str,
    name: &str,
    episode: Uuid,
    last: DateTime<Utc>,
) -> Option<(i64, String)> {
    let all = &room.progress.episodes;
    let now = room.now.utc;
    if let Some(moved) = room.live.moved.get(channel).filter(|moved| last < **moved) {
        return Some((moved.timestamp_millis(), "still firing; this channel leads here now".to_owned()));
    }
    if let Some((_, ack)) = all.last_ack(name, episode)
        && let Some(until) = ack.until.filter(|until| *until <= now && last < *until)
    {
        return Some((until.timestamp_millis(), format!("still firing, and what {} said has run out", ack.by.person)));
    }
    let ended = all.unsilenced(name, now).filter(|end| last < *end)?;
    Some((ended.timestamp_millis(), "still firing after the silence".to_owned()))
}

/// The next ones on the ladder, where nobody took a page on in time.
fn escalated(room: &Room, subject: &Subject<'_>, it: &Track, key: &str, held: bool) -> Vec<Draft> {
    if held || subject.severity < Severity::Page {
        return Vec::new();
    }
    let name = &subject.name;
    let all = &room.progress.episodes;
    let mut drafts = Vec::new();
    let mut from: Vec<&str> = subject.notify.iter().map(String::as_str).collect();
    let mut ix = 0;
    while let Some(channel) = from.get(ix).copied() {
        ix += 1;
        let steps = room.plan.notify.iter().find(|c| c.name == channel).map(|c| c.escalate.as_slice());
        let Some(last) = all.last_notice(key, channel, Action::Trigger) else { continue };
        for step in steps.unwrap_or_default() {
            // Who cannot be told cannot take it on either: nobody waits for that.
            let fails = told::fails(room, key, channel);
            let waited = room.waited(last.utc());
            if waited < step.after && fails.is_none() || from.contains(&step.to.as_str()) {
                continue;
            }
            from.push(&step.to);
            if all.last_notice(key, &step.to, Action::Trigger).is_none() {
                let asked = told::unanswered(channel, step.after, fails.as_deref());
                let summary = format!("{name}: {asked}: {}", it.why);
                drafts.extend(queue(room, subject, it, &step.to, Action::Trigger, 0, &summary));
            }
        }
    }
    drafts
}

/// What is to be told of an alert that is over: everybody who heard of it, and where a silence or a cause kept it quiet, a
/// word that it was.
///
/// What was told with others is over when they all are; `ended` gets it where nobody heard of it.
pub fn over(room: &Room, subject: &Subject<'_>, episode: Uuid, ended: &mut Vec<Ended>) -> Vec<Draft> {
    let name = &subject.name;
    let key = episode.to_string();
    let all = &room.progress.episodes;
    let live = Track { episode: Some(episode), ..Track::default() };
    let on_its_way = |channel: &str| {
        room.unsaved.values().any(|u| match &u.draft.fact {
            Fact::NoticeQueued { notice } => notice.key == key && notice.channel == channel,
            _ => false,
        })
    };
    let mut channels: Vec<(&str, Action)> = all
        .notices_of(&key)
        .filter(|(_, n, _)| n.action == Action::Trigger)
        .map(|(_, n, _)| (n.channel.as_str(), Action::Resolve))
        .collect();
    for channel in subject.notify {
        if !channels.iter().any(|(c, _)| c == channel) {
            if told::names(room, channel, episode) {
                continue;
            }
            let by = groups::common(&room.plan, groups::manner(&room.plan, channel), subject);
            if let Some(by) = by.filter(|_| !on_its_way(channel)) {
                let (channel, name) = (channel.clone(), name.clone());
                ended.push(Ended { channel, by, severity: subject.severity, name });
                continue;
            }
            channels.push((channel, if on_its_way(channel) { Action::Resolve } else { Action::Inform }));
        }
    }
    channels.sort_unstable_by_key(|(channel, _)| *channel);
    channels.dedup_by_key(|(channel, _)| *channel);
    let lasted = all.fired(name, episode).map(|s| (room.now.utc - s.utc()).to_std().unwrap_or_default());
    let lasted = lasted.map(|d| format!(" after {}", clock_span(d))).unwrap_or_default();
    let said = |action| match action {
        Action::Inform => format!("{name}: over{lasted}; it was kept quiet"),
        _ => format!("{name}: over{lasted}"),
    };
    channels
        .into_iter()
        .filter_map(|(channel, action)| queue(room, subject, &live, channel, action, 0, &said(action)))
        .collect()
}

/// A notice to be recorded, unless it was already; its identity follows from what it says, so that whoever watches says it
/// once.
fn queue(
    room: &Room,
    subject: &Subject<'_>,
    it: &Track,
    channel: &str,
    action: Action,
    nth: i64,
    summary: &str,
) -> Option<Draft> {
    let key = it.episode?.to_string();
    let id = identity(&[&key, channel, &format!("{action:?}"), &nth.to_string()]);
    if room.progress.episodes.notice(id).is_some() || room.unsaved.contains_key(&id) {
        return None;
    }
    let since = it.alert.since.map_or(room.now.utc, |since| since.utc);
    let details = circumstances(room, subject.details(room), subject.runbook());
    let notice = Notice {
        id,
        channel: channel.to_owned(),
        key,
        action,
        severity: subject.severity,
        room: Untrusted::new(room.plan.room.name.clone()),
        alert: Some(escape(&subject.name)),
        summary: Untrusted::new(summary),
        details,
        group: None,
        since,
        at: room.now.utc,
    };
    Some(Draft { id, by: room.me.author.clone(), fact: Fact::NoticeQueued { notice } })
}

/// Further words for those who are told, and behind them where and when it is and what to do.
pub(super) fn circumstances(
    room: &Room,
    mut details: Vec<(String, Untrusted)>,
    runbook: Option<&str>,
) -> Vec<(String, Untrusted)> {
    let mut put = |word: &str, value: String| details.push((word.to_owned(), Untrusted::new(value)));
    if let Some(environment) = &room.plan.room.environment {
        put("environment", environment.clone());
    }
    if let Some(t) = room.t() {
        put("clock", t.to_string());
    }
    if let Some(phase) = room.current_phase() {
        put("phase", phase.title.raw().to_owned());
    }
    if let Some(heading) = runbook {
        put("runbook", heading.to_owned());
    }
    details
}

/// An identity that follows from words.
pub fn identity(words: &[&str]) -> Uuid {
    let mut sha = Sha256::new();
    for word in words {
        sha.update((word.len() as u64).to_le_bytes());
        sha.update(word);
    }
    let digest: [u8; 32] = sha.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(digest.get(..16).unwrap_or(&[0; 16]));
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

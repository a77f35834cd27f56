//! What people want of alerts: take on, silence, end a silence, test a channel.

use chrono::TimeDelta;
use uuid::Uuid;

use super::Room;
use super::decide::{Refusal, refuse, said};
use crate::fact::{AlertWord, Author, Fact, There};
use crate::notice::{Action, Notice, Severity};
use crate::text::Untrusted;

/// Takes an alert on, or all that fire under its name.
pub fn acknowledge(
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

/// Is silent about an alert, or about all, for a while.
pub fn silence(room: &Room, alert: Option<&str>, minutes: u32, reason: &Untrusted) -> Result<Fact, Refusal> {
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

/// Ends a silence before its time.
pub fn lift(room: &Room, silence: Uuid) -> Result<Fact, Refusal> {
    match room.progress.episodes.silence(silence) {
        Some(known) if matches!(room.progress.episodes.there(known.id), Some(There::Created { .. })) => {
            refuse("it was created in the Alertmanager: end it there")
        }
        Some(known) if known.lasts(room.now.utc) => Ok(Fact::SilenceLifted { silence }),
        Some(_) => refuse("that silence is over already"),
        None => refuse("there is no such silence"),
    }
}

/// Says to one channel that it is only a test.
pub fn test(room: &Room, by: &Author, channel: &str) -> Result<Notice, Refusal> {
    let Some(known) = room.plan.notify.iter().find(|c| c.name == channel) else {
        return refuse(&format!("the plan has no channel \"{}\"", crate::text::escape(channel)));
    };
    let id = Uuid::now_v7();
    Ok(Notice {
        id,
        channel: known.name.clone(),
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
    })
}

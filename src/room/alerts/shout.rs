//! A page that does not get through is told on the other channels: somebody reads one of them.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::super::Room;
use super::notices::{circumstances, identity};
use super::told::failing;
use crate::fact::{Draft, Fact};
use crate::notice::{Action, Delivery, Notice, Severity};
use crate::text::{Untrusted, escape};

/// The same channel is not told of the same trouble again before.
const AGAIN: TimeDelta = TimeDelta::minutes(10);
/// A refusal is news for this long.
const NEWS: TimeDelta = TimeDelta::minutes(2);

/// Words on pages that do not get through, to every channel that does not fail itself and is not on their ladder.
pub fn untold(room: &Room) -> Vec<Draft> {
    if room.plan.notify.len() < 2 {
        return Vec::new();
    }
    let all = &room.progress.episodes;
    let mut failed: BTreeMap<&str, Vec<(&Notice, String)>> = BTreeMap::new();
    let page = |notice: &Notice| notice.action == Action::Trigger && notice.severity >= Severity::Page;
    for notice in all.waiting().into_iter().filter(|notice| page(notice)) {
        if let Some(why) = failing(room, notice, None) {
            failed.entry(&notice.channel).or_default().push((notice, why));
        }
    }
    let recent = room.progress.timeline.iter().rev().take_while(|(at, _)| room.now.utc - at.utc() < NEWS);
    for (_, entry) in recent {
        if let Fact::NoticeTold { notice, delivery: delivery @ Delivery::Refused { .. } } = &entry.fact
            && let Some(notice) = all.notice(*notice).filter(|notice| page(notice))
            && let Some(why) = failing(room, notice, Some(delivery))
        {
            failed.entry(&notice.channel).or_default().push((notice, why));
        }
    }
    let mut drafts = Vec::new();
    for (channel, pages) in &failed {
        let Some(((first, why), more)) = pages.split_first() else { continue };
        let ladder = room.plan.notify.iter().find(|c| c.name == *channel).map(|c| c.escalate.as_slice());
        let asked = |name: &str| ladder.unwrap_or_default().iter().any(|step| step.to == name);
        let others = room.plan.notify.iter().map(|c| c.name.as_str());
        for other in others.filter(|other| !failed.contains_key(other) && !asked(other)) {
            let key = format!("untold-{}", identity(&[channel]).simple());
            let last = all.last_notice(&key, other, Action::Inform);
            let id = identity(&["untold", channel, other, &first.id.to_string()]);
            let said = last.is_some_and(|at| room.now.utc - at.utc() < AGAIN);
            if said || all.notice(id).is_some() || room.unsaved.contains_key(&id) {
                continue;
            }
            let what = first.alert.as_deref().unwrap_or("a page");
            let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
            let summary = format!("{} was NOT told of {}{more} ({why})", escape(channel), escape(what));
            let notice = Notice {
                id,
                channel: other.to_owned(),
                key,
                action: Action::Inform,
                severity: Severity::Page,
                room: Untrusted::new(room.plan.room.name.clone()),
                alert: None,
                summary: Untrusted::new(summary),
                details: circumstances(room, vec![("page".to_owned(), first.summary.clone())], None),
                group: None,
                since: first.since,
                at: room.now.utc,
            };
            drafts.push(Draft { id, by: room.me.author.clone(), fact: Fact::NoticeQueued { notice } });
        }
    }
    drafts
}

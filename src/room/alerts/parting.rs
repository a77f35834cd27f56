//! Incidents that stay open where a channel no longer leads: they are ended there, with what opened them, and told anew.
//!
//! The way there is a secret and in no record, so they are ended by the process that knew it. One that starts with another way
//! finds by what stands for it in the record that it is another, says what is left open, and tells it anew.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use uuid::Uuid;

use super::super::{Room, Watch};
use super::notices::identity;
use crate::fact::{Draft, Fact};
use crate::notice::{Action, Delivery, Notice};
use crate::plan::{NotifyPlan, Plan, Way};
use crate::text::{Untrusted, escape};

/// What a start with another way found open stays on the board this long; the record keeps it.
const TOLD: TimeDelta = TimeDelta::hours(1);
/// So many of them are named.
const NAMED: usize = 20;

/// One of them.
#[derive(Clone, Debug)]
pub struct Parting {
    /// What ends it there.
    pub notice: Notice,
    /// How telling that goes.
    pub how: Option<Delivery>,
}

/// Channels whose incidents belong to a key that a new plan does not have any more.
fn moved<'a>(old: &'a Plan, new: &'a Plan) -> impl Iterator<Item = &'a NotifyPlan> {
    old.notify.iter().filter(|channel| {
        let Way::PagerDuty { routing_key: before, .. } = &channel.way else { return false };
        let same = |c: &NotifyPlan| matches!(&c.way, Way::PagerDuty { routing_key, .. } if routing_key == before);
        !new.notify.iter().any(|c| c.name == channel.name && same(c))
    })
}

/// Notes what another plan leaves open; only the watch opened anything.
pub fn part(room: &mut Room, old: &Plan) {
    if !matches!(room.live.watch, Watch::Me { .. }) || room.me.read_only {
        return;
    }
    let new = room.plan.clone();
    for channel in moved(old, &new) {
        let open: Vec<Notice> = room.progress.episodes.open_at(&channel.name).cloned().collect();
        let parting = open.into_iter().map(|last| Parting {
            notice: Notice {
                id: Uuid::now_v7(),
                action: Action::Resolve,
                summary: Untrusted::new("its channel leads elsewhere now; this is not to say that it is over"),
                details: Vec::new(),
                group: None,
                at: room.now.utc,
                ..last
            },
            how: None,
        });
        room.live.parting.extend(parting);
        room.live.moved.insert(channel.name.clone(), room.now.utc);
    }
}

/// What stands for the way of a channel that keeps incidents; none for others. The key is 128 random bits: what is hashed
/// of it tells nobody anything.
fn leads(channel: &NotifyPlan) -> Option<String> {
    match &channel.way {
        Way::PagerDuty { routing_key, .. } => {
            Some(identity(&["where a channel leads", routing_key.expose()]).simple().to_string())
        }
        _ => None,
    }
}

/// What is to be recorded of where channels lead. Where that changed while nobody of us was there, what is open under the way
/// before is named, and told anew.
pub fn led(room: &mut Room) -> Vec<Draft> {
    let plan = room.plan.clone();
    let all = &room.progress.episodes;
    let ways = plan.notify.iter().filter_map(|channel| Some((channel.name.as_str(), leads(channel)?)));
    let mut names: BTreeSet<&str> = ways.clone().map(|(name, _)| name).collect();
    names.extend(all.led().map(|(name, ..)| name));
    let (mut drafts, mut moved) = (Vec::new(), Vec::new());
    for name in names {
        let now = ways.clone().find(|(known, _)| *known == name).map(|(_, way)| way).unwrap_or_default();
        let before = all.led().find(|(known, ..)| *known == name);
        if before.is_some_and(|(_, _, led)| led.to == now) {
            continue;
        }
        let since = before.map(|(_, stamp, _)| format!("{}.{}", stamp.ms, stamp.n)).unwrap_or_default();
        let id = identity(&["leads", name, &now, &since]);
        if room.unsaved.contains_key(&id) {
            continue;
        }
        // Where the plan was read again by this process it ended them itself, as far as it could.
        let parted = |at: &chrono::DateTime<chrono::Utc>| before.is_some_and(|(_, stamp, _)| stamp.utc() <= *at);
        let mut left_open = Vec::new();
        if before.is_some_and(|(_, _, led)| !led.to.is_empty()) && !room.live.moved.get(name).is_some_and(parted) {
            let open = all.open_at(name).take(NAMED);
            left_open = open.map(|n| Untrusted::new(n.alert.as_deref().unwrap_or(n.summary.raw()))).collect();
            moved.push(name.to_owned());
        }
        let fact = Fact::ChannelLeads { channel: name.to_owned(), to: now, left_open };
        drafts.push(Draft { id, by: room.me.author.clone(), fact });
    }
    for name in moved {
        room.live.moved.insert(name, room.now.utc);
    }
    drafts
}

impl Room {
    /// What is left open where a channel led before and could not be ended there yet, in words.
    pub fn left_open(&self) -> Vec<String> {
        let words = |parting: &Parting| {
            let (channel, what) = (&parting.notice.channel, parting.notice.alert.as_deref().unwrap_or("an incident"));
            let what = format!("{}: \"{}\" is open under the key before", escape(channel), escape(what));
            match &parting.how {
                Some(Delivery::Delivered { .. }) => None,
                None => Some(format!("{what}, it is being resolved there")),
                Some(Delivery::Trying { tries, why, .. }) => {
                    Some(format!("{what}, NOT resolved there after {tries} tries: {why}"))
                }
                Some(Delivery::Refused { why, .. }) => {
                    Some(format!("{what}, NOT resolved there ({why}): close it by hand"))
                }
            }
        };
        let mut out: Vec<String> = self.live.parting.iter().filter_map(words).collect();
        for (channel, stamp, led) in self.progress.episodes.led() {
            if self.now.utc - stamp.utc() < TOLD {
                out.extend(led.left_open.iter().map(|what| {
                    let channel = escape(channel);
                    format!("{channel}: \"{what}\" is open under a key that is not known here: close it by hand")
                }));
            }
        }
        out
    }
}

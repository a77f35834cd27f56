//! Incidents that stay open where a channel no longer leads: they are ended there, with what opened them, and told anew.
//!
//! The way there is a secret and in no record, so this works while the process that knew it lives.

use uuid::Uuid;

use super::super::{Room, Watch};
use crate::notice::{Action, Delivery, Notice};
use crate::plan::{NotifyPlan, Plan, Way};
use crate::text::{Untrusted, escape};

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
        self.live.parting.iter().filter_map(words).collect()
    }
}

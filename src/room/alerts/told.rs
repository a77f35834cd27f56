//! What was told of groups of alerts so far: which are open, whom they name, since when somebody is asked to look.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::super::Room;
use super::super::episodes::Episodes;
use crate::clock::{Stamp, duration_text};
use crate::fact::Fact;
use crate::notice::{Action, Delivery, Notice, Severity};
use crate::text::{Untrusted, escape};

/// Alerts that somebody was told of together and nobody that they are over, as queued so far: recorded or on its way there.
pub struct Open<'a> {
    /// What the receivers know them by.
    pub key: &'a str,
    /// The channel that is told of them together.
    pub home: &'a str,
    /// What they have in common.
    pub by: &'a Untrusted,
    /// How bad they are.
    pub severity: Severity,
    /// Those that were named, by their breach.
    pub named: BTreeMap<Uuid, &'a Untrusted>,
    /// How often that channel was told.
    pub triggers: u64,
    /// When it was told last.
    pub last: DateTime<Utc>,
    /// When the first of them began.
    pub since: DateTime<Utc>,
    /// Every channel that was told.
    pub told: Vec<&'a str>,
}

/// All of them.
pub fn open(room: &Room) -> Vec<Open<'_>> {
    let all = &room.progress.episodes;
    let mut out: BTreeMap<&str, Open<'_>> = BTreeMap::new();
    let mut over: Vec<&str> = Vec::new();
    let recorded = all.open_groups().flat_map(|key| all.notices_of(key)).map(|(_, notice, _)| notice);
    let under_way = room.unsaved.values().filter_map(|unsaved| match &unsaved.draft.fact {
        Fact::NoticeQueued { notice } => Some(notice),
        _ => None,
    });
    for notice in recorded.chain(under_way) {
        let Some(group) = &notice.group else { continue };
        match notice.action {
            Action::Resolve => over.push(&notice.key),
            Action::Trigger => {
                let it = out.entry(&notice.key).or_insert_with(|| Open {
                    key: &notice.key,
                    home: &group.home,
                    by: &group.by,
                    severity: notice.severity,
                    named: BTreeMap::new(),
                    triggers: 0,
                    last: DateTime::<Utc>::MIN_UTC,
                    since: notice.since,
                    told: Vec::new(),
                });
                if !it.told.contains(&notice.channel.as_str()) {
                    it.told.push(&notice.channel);
                }
                it.since = it.since.min(notice.since);
                if notice.channel == group.home {
                    it.triggers += 1;
                    it.last = it.last.max(notice.at);
                    it.named.extend(group.members.iter().map(|m| (m.episode, &m.name)));
                }
            }
            _ => {}
        }
    }
    out.retain(|key, _| !over.contains(key));
    out.into_values().collect()
}

/// Since when a channel is asked to look: from the first word, or from the last that told again of those it knew. Who joins
/// does not begin the wait of the ladder anew.
pub fn asked_since(all: &Episodes, key: &str, channel: &str) -> Option<Stamp> {
    let mut told: Vec<(Stamp, &Notice)> = all
        .notices_of(key)
        .filter(|(_, n, _)| n.channel == channel && n.action == Action::Trigger)
        .map(|(at, notice, _)| (at, notice))
        .collect();
    told.sort_by_key(|(at, _)| *at);
    let mut known: HashSet<Uuid> = HashSet::new();
    let mut since = None;
    for (at, notice) in told {
        let members = || notice.group.iter().flat_map(|group| group.members.iter().map(|m| m.episode));
        let again = members().any(|episode| known.contains(&episode));
        known.extend(members());
        if since.is_none() || again {
            since = Some(at);
        }
    }
    since
}

/// Tries after which nobody counts on a channel any more.
const TRIES: u32 = 3;

/// Why a channel cannot be told of one thing: it refused the newest word on it, or three tries of it failed.
pub fn fails(room: &Room, key: &str, channel: &str) -> Option<String> {
    let all = &room.progress.episodes;
    let of = all.notices_of(key).filter(|(_, n, _)| n.channel == channel && n.action == Action::Trigger);
    let (_, notice, delivery) = of.max_by_key(|(at, ..)| *at)?;
    failing(room, notice, delivery)
}

/// Why the next one on a ladder is asked.
pub fn unanswered(channel: &str, after: Duration, fails: Option<&str>) -> String {
    match fails {
        Some(why) => format!("{} could not be told ({why})", escape(channel)),
        None => format!("nobody took it on for {}", duration_text(after)),
    }
}

/// Why a word that was queued does not get through.
pub fn failing(room: &Room, notice: &Notice, delivery: Option<&Delivery>) -> Option<String> {
    match (delivery, room.telling(notice.id)) {
        (Some(Delivery::Refused { why, .. }), _) => Some(format!("it refused: {why}")),
        (None, Some(Delivery::Trying { tries, why, .. })) if *tries >= TRIES => Some(format!("{tries} tries: {why}")),
        _ => None,
    }
}

/// Whether a channel was told of a breach together with others, as queued so far.
pub fn names(room: &Room, channel: &str, episode: Uuid) -> bool {
    let names = |notice: &Notice| {
        let group = notice.group.as_ref().filter(|_| notice.action == Action::Trigger && notice.channel == channel);
        group.is_some_and(|group| group.members.iter().any(|m| m.episode == episode))
    };
    let unsaved = room.unsaved.values().any(|unsaved| match &unsaved.draft.fact {
        Fact::NoticeQueued { notice } => names(notice),
        _ => false,
    });
    unsaved || room.progress.episodes.notices_about(episode).into_iter().any(|(_, notice, _)| names(notice))
}

//! What is recorded of alerts: episodes, acknowledgements, silences and notices, folded in any order.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::clock::Stamp;
use crate::fact::{AlertWord, Author, Entry, Fact, There};
use crate::notice::{Action, Delivery, Notice, Severity};
use crate::probe::rules::is_instance_of;
use crate::text::Untrusted;

/// Changes and acknowledgements kept of each alert, the newest.
const KEPT: usize = 64;

/// Everything recorded of alerts. A function of the set of entries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Episodes {
    said: BTreeMap<String, BTreeMap<Stamp, Said>>,
    acks: BTreeMap<String, BTreeMap<Stamp, Ack>>,
    silences: BTreeMap<Uuid, Silence>,
    lifted: BTreeMap<Uuid, Stamp>,
    there: BTreeMap<Uuid, (Stamp, There)>,
    notices: BTreeMap<Uuid, (Stamp, Notice)>,
    told: BTreeMap<Uuid, (Stamp, Delivery)>,
    trying: BTreeMap<Uuid, (Stamp, Delivery)>,
    by_key: BTreeMap<String, BTreeSet<Uuid>>,
    by_member: BTreeMap<Uuid, BTreeSet<Uuid>>,
    groups: BTreeSet<String>,
    groups_over: BTreeSet<String>,
    waiting: BTreeSet<Uuid>,
    leads: BTreeMap<String, (Stamp, Led)>,
}

/// Where a channel leads, as recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Led {
    /// Stands for the way there; empty where it leads nowhere any more.
    pub to: String,
    /// What was left open where it led before.
    pub left_open: Vec<Untrusted>,
}

/// A change of an alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// Which breach.
    pub episode: Uuid,
    /// What became of it.
    pub to: AlertWord,
    /// How bad.
    pub severity: Severity,
    /// What was seen.
    pub why: Untrusted,
}

/// Somebody took an alert on.
#[derive(Clone, Debug, PartialEq)]
pub struct Ack {
    /// Which breach.
    pub episode: Uuid,
    /// Who said so.
    pub by: Author,
    /// Who looks after it, where that is somebody else.
    pub owner: Option<Untrusted>,
    /// When it is everybody's again.
    pub until: Option<DateTime<Utc>>,
    /// A word on it.
    pub text: Untrusted,
}

/// Nobody is told for a while.
#[derive(Clone, Debug, PartialEq)]
pub struct Silence {
    /// Identity.
    pub id: Uuid,
    /// Since.
    pub since: Stamp,
    /// Which alert; `None` is all.
    pub alert: Option<Untrusted>,
    /// When it ends by itself.
    pub until: DateTime<Utc>,
    /// Who.
    pub by: Author,
    /// Why.
    pub reason: Untrusted,
    /// When somebody ended it.
    pub lifted: Option<Stamp>,
}

impl Silence {
    /// Whether it is about an alert: about this one, or about all of its name.
    pub fn covers(&self, alert: &str) -> bool {
        self.alert.as_ref().is_none_or(|name| name.raw() == alert || is_instance_of(alert, name.raw()))
    }

    /// When it ends or ended.
    pub fn end(&self) -> DateTime<Utc> {
        self.lifted.map_or(self.until, |at| at.utc().min(self.until))
    }

    /// Whether it lasts at a moment.
    pub fn lasts(&self, at: DateTime<Utc>) -> bool {
        self.since.utc() <= at && at < self.end()
    }
}

impl Episodes {
    /// Folds one entry in.
    pub fn apply(&mut self, entry: &Entry) {
        let stamp = entry.stamp;
        match &entry.fact {
            Fact::AlertChanged { alert, episode, to, severity, why } => {
                let said = Said { episode: *episode, to: *to, severity: *severity, why: why.clone() };
                keep(self.said.entry(alert.raw().to_owned()).or_default(), stamp, said);
            }
            Fact::AlertAcknowledged { alert, episode, owner, until, text } => {
                let (owner, by, text) = (owner.clone(), entry.by.clone(), text.clone());
                let ack = Ack { episode: *episode, by, owner, until: *until, text };
                keep(self.acks.entry(alert.raw().to_owned()).or_default(), stamp, ack);
            }
            Fact::Silenced { silence, alert, until, reason } => {
                let (alert, by, reason) = (alert.clone(), entry.by.clone(), reason.clone());
                let lifted = self.lifted.get(silence).copied();
                let said = Silence { id: *silence, since: stamp, alert, until: *until, by, reason, lifted };
                // The same id twice can only be the same entry twice, or a forgery: the earlier one stands.
                let slot = self.silences.entry(*silence).or_insert_with(|| said.clone());
                if stamp < slot.since {
                    *slot = said;
                }
            }
            Fact::SilenceLifted { silence } => {
                let at = *self.lifted.entry(*silence).and_modify(|s| *s = (*s).min(stamp)).or_insert(stamp);
                if let Some(known) = self.silences.get_mut(silence) {
                    known.lifted = Some(at);
                }
            }
            Fact::SilencedThere { silence, there } => {
                let slot = self.there.entry(*silence).or_insert_with(|| (stamp, there.clone()));
                if stamp < slot.0 {
                    *slot = (stamp, there.clone());
                }
            }
            Fact::NoticeQueued { notice } => {
                let slot = self.notices.entry(notice.id).or_insert_with(|| (stamp, notice.clone()));
                if stamp < slot.0 {
                    *slot = (stamp, notice.clone());
                }
                self.by_key.entry(notice.key.clone()).or_default().insert(notice.id);
                if let Some(group) = &notice.group {
                    for member in &group.members {
                        self.by_member.entry(member.episode).or_default().insert(notice.id);
                    }
                    let over = if notice.action == Action::Resolve { &mut self.groups_over } else { &mut self.groups };
                    over.insert(notice.key.clone());
                }
                if !self.told.contains_key(&notice.id) {
                    self.waiting.insert(notice.id);
                }
            }
            Fact::NoticeTold { notice, delivery: delivery @ Delivery::Trying { .. } } => {
                let slot = self.trying.entry(*notice).or_insert_with(|| (stamp, delivery.clone()));
                if slot.0 < stamp {
                    *slot = (stamp, delivery.clone());
                }
            }
            Fact::NoticeTold { notice, delivery } => {
                let slot = self.told.entry(*notice).or_insert_with(|| (stamp, delivery.clone()));
                if slot.0 < stamp {
                    *slot = (stamp, delivery.clone());
                }
                self.waiting.remove(notice);
            }
            Fact::ChannelLeads { channel, to, left_open } => {
                let led = Led { to: to.clone(), left_open: left_open.clone() };
                let slot = self.leads.entry(channel.clone()).or_insert_with(|| (stamp, led.clone()));
                if slot.0 < stamp {
                    *slot = (stamp, led);
                }
            }
            _ => {}
        }
    }

    /// Whether no alert ever changed.
    pub fn is_empty(&self) -> bool {
        self.said.is_empty()
    }

    /// The newest change of an alert.
    pub fn newest(&self, alert: &str) -> Option<(Stamp, &Said)> {
        self.said.get(alert)?.iter().next_back().map(|(stamp, said)| (*stamp, said))
    }

    /// Alerts of which anything is recorded, with their newest change.
    pub fn all(&self) -> impl Iterator<Item = (&str, Stamp, &Said)> {
        self.said.iter().filter_map(|(name, said)| {
            let (stamp, said) = said.iter().next_back()?;
            Some((name.as_str(), *stamp, said))
        })
    }

    /// When an episode of an alert began to fire.
    pub fn fired(&self, alert: &str, episode: Uuid) -> Option<Stamp> {
        let said = self.said.get(alert)?;
        said.iter().find(|(_, s)| s.episode == episode && s.to == AlertWord::Firing).map(|(stamp, _)| *stamp)
    }

    /// How often an alert began to fire since a moment.
    pub fn flaps(&self, alert: &str, since: DateTime<Utc>) -> usize {
        let Some(said) = self.said.get(alert) else { return 0 };
        said.iter().rev().take_while(|(at, _)| at.utc() >= since).filter(|(_, s)| s.to == AlertWord::Firing).count()
    }

    /// Who takes an episode on at a moment: the newest word on it that has not run out.
    pub fn acknowledged(&self, alert: &str, episode: Uuid, at: DateTime<Utc>) -> Option<(Stamp, &Ack)> {
        let (stamp, ack) = self.last_ack(alert, episode)?;
        ack.until.is_none_or(|until| at < until).then_some((stamp, ack))
    }

    /// The newest acknowledgement of an episode, also when it has run out: of itself, or of all of its name that fired then.
    pub fn last_ack(&self, alert: &str, episode: Uuid) -> Option<(Stamp, &Ack)> {
        let own = self.acks.get(alert).and_then(|acks| acks.iter().rev().find(|(_, ack)| ack.episode == episode));
        let base = alert.split_once('{').map(|(base, _)| base).and_then(|base| self.acks.get(base));
        let all = base.and_then(|acks| {
            let (stamp, ack) = acks.iter().rev().find(|(_, ack)| ack.episode.is_nil())?;
            (self.fired(alert, episode)? <= *stamp).then_some((stamp, ack))
        });
        own.into_iter().chain(all).max_by_key(|(stamp, _)| **stamp).map(|(stamp, ack)| (*stamp, ack))
    }

    /// Alerts of one name, with their labels, that fire as recorded.
    pub fn firing_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let of_name = self.said.range(name.to_owned()..).map(|(alert, _)| alert.as_str());
        let of_name = of_name.take_while(move |alert| alert.starts_with(name));
        of_name.filter(move |alert| {
            is_instance_of(alert, name) && self.newest(alert).is_some_and(|(_, said)| said.to == AlertWord::Firing)
        })
    }

    /// The silence that an alert is under at a moment: the one that lasts longest.
    pub fn silenced(&self, alert: &str, at: DateTime<Utc>) -> Option<&Silence> {
        self.silences.values().filter(|s| s.covers(alert) && s.lasts(at)).max_by_key(|s| s.end())
    }

    /// When the last silence over an alert ended, as far as that is before a moment.
    pub fn unsilenced(&self, alert: &str, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.silences.values().filter(|s| s.covers(alert) && s.end() <= at).map(Silence::end).max()
    }

    /// Silences that last at a moment.
    pub fn silences(&self, at: DateTime<Utc>) -> impl Iterator<Item = &Silence> {
        self.silences.values().filter(move |s| s.lasts(at))
    }

    /// A silence by its identity.
    pub fn silence(&self, id: Uuid) -> Option<&Silence> {
        self.silences.get(&id)
    }

    /// How creating a silence elsewhere went; none where nobody tried.
    pub fn there(&self, silence: Uuid) -> Option<&There> {
        self.there.get(&silence).map(|(_, there)| there)
    }

    /// The last of the keys that begin so, as texts are ordered.
    pub fn newest_key(&self, begin: &str) -> Option<&str> {
        let from = self.by_key.range(begin.to_owned()..);
        from.map(|(key, _)| key.as_str()).take_while(|key| key.starts_with(begin)).last()
    }

    /// Notices about one thing, with when they were queued and how they went.
    pub fn notices_of<'a>(&'a self, key: &str) -> impl Iterator<Item = (Stamp, &'a Notice, Option<&'a Delivery>)> {
        let ids = self.by_key.get(key).into_iter().flatten();
        ids.filter_map(|id| {
            let (stamp, notice) = self.notices.get(id)?;
            Some((*stamp, notice, self.told.get(id).map(|(_, delivery)| delivery)))
        })
    }

    /// Notices about one breach: its own, those of its group that name it, and who took that on and that it is over.
    pub fn notices_about(&self, episode: Uuid) -> Vec<(Stamp, &Notice, Option<&Delivery>)> {
        let mut all: Vec<_> = self.notices_of(&episode.to_string()).collect();
        let named = self.by_member.get(&episode).into_iter().flatten();
        let keys: BTreeSet<&str> = named.filter_map(|id| Some(self.notices.get(id)?.1.key.as_str())).collect();
        let says = |notice: &Notice| {
            let names = notice.group.as_ref().is_some_and(|g| g.members.iter().any(|m| m.episode == episode));
            names || notice.action != Action::Trigger
        };
        all.extend(keys.into_iter().flat_map(|key| self.notices_of(key)).filter(|(_, notice, _)| says(notice)));
        all.sort_by_key(|(stamp, ..)| *stamp);
        all
    }

    /// Groups of which somebody was told and nobody that they are over, by their key.
    pub fn open_groups(&self) -> impl Iterator<Item = &str> {
        self.groups.difference(&self.groups_over).map(String::as_str)
    }

    /// The newest trigger of each incident that a channel may have opened and of which it does not know that it is over.
    pub fn open_at<'a>(&'a self, channel: &'a str) -> impl Iterator<Item = &'a Notice> {
        self.by_key.keys().filter_map(move |key| {
            let mut last: Option<(Stamp, &Notice)> = None;
            for (at, notice, delivery) in self.notices_of(key).filter(|(_, n, _)| n.channel == channel) {
                match (notice.action, delivery) {
                    (Action::Resolve, Some(Delivery::Delivered { .. })) => return None,
                    (Action::Trigger, Some(Delivery::Refused { .. })) => {}
                    (Action::Trigger, _) => last = last.filter(|(newest, _)| *newest > at).or(Some((at, notice))),
                    _ => {}
                }
            }
            last.map(|(_, notice)| notice)
        })
    }

    /// Where each channel that keeps incidents leads, and since when, as recorded.
    pub fn led(&self) -> impl Iterator<Item = (&str, Stamp, &Led)> {
        self.leads.iter().map(|(channel, (stamp, led))| (channel.as_str(), *stamp, led))
    }

    /// The newest notice of an action to a channel about one thing.
    pub fn last_notice(&self, key: &str, channel: &str, action: Action) -> Option<Stamp> {
        self.notices_of(key).filter(|(_, n, _)| n.channel == channel && n.action == action).map(|(at, ..)| at).max()
    }

    /// Notices that were queued and not told, in order.
    pub fn waiting(&self) -> Vec<&Notice> {
        let mut list: Vec<_> = self.waiting.iter().filter_map(|id| self.notices.get(id)).collect();
        list.sort_by_key(|(stamp, _)| *stamp);
        list.into_iter().map(|(_, notice)| notice).collect()
    }

    /// How trying to tell a notice went, as far as that is recorded and it is not told yet.
    pub fn trying(&self, id: Uuid) -> Option<&Delivery> {
        self.trying.get(&id).filter(|_| !self.told.contains_key(&id)).map(|(_, delivery)| delivery)
    }

    /// A notice by its identity.
    pub fn notice(&self, id: Uuid) -> Option<&Notice> {
        self.notices.get(&id).map(|(_, notice)| notice)
    }

    /// The newest notice to a channel that was told or refused: when, and how.
    pub fn last_told(&self, channel: &str) -> Option<(Stamp, &Notice, &Delivery)> {
        let told = self.told.iter().filter_map(|(id, (stamp, delivery))| {
            let (_, notice) = self.notices.get(id).filter(|(_, n)| n.channel == channel)?;
            Some((*stamp, notice, delivery))
        });
        told.max_by_key(|(stamp, ..)| *stamp)
    }
}

/// The newest stay: which they are does not depend on the order in which they came.
fn keep<T>(list: &mut BTreeMap<Stamp, T>, stamp: Stamp, what: T) {
    list.insert(stamp, what);
    if list.len() > KEPT {
        list.pop_first();
    }
}

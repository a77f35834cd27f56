//! Alerts that are told together: who belongs together, and what each channel hears of them.
//!
//! The first that fires is told at once. Who joins is told with the next word on the same matter, and the waits between those
//! grow. Somebody who joins after the others were taken on, or are kept quiet, begins a matter of its own: it wakes people again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::super::Room;
use super::super::episodes::Ack;
use super::cause::service_of;
use super::notices::{identity, told_again};
use super::subject::{Of, Subject};
use super::told::{Open, asked_since, fails, open, unanswered};
use super::{Plan, Track};
use crate::clock::{Stamp, clock_span};
use crate::fact::{AlertWord, Draft, Fact};
use crate::notice::{Action, Group, Member, NAMED, Notice, Severity};
use crate::plan::GroupBy;
use crate::text::{Untrusted, escape};

/// The wait before those who joined are told, doubled each time …
const JOINED: Duration = Duration::from_secs(5);
/// … up to this.
const JOINED_MOST: Duration = Duration::from_mins(5);
/// Names that stand in the one line that says it all.
const IN_LINE: usize = 3;

/// An alert that fires, for who is told of it.
pub struct Ready<'a> {
    /// What it is.
    pub subject: Subject<'a>,
    /// Its clocks and words.
    pub track: &'a Track,
    /// Its breach.
    pub episode: Uuid,
    /// Who has it.
    pub ack: Option<(Stamp, &'a Ack)>,
    /// Whether a silence or a cause keeps it quiet.
    pub muted: bool,
}

impl Ready<'_> {
    /// Whether somebody still has to look.
    fn asks(&self) -> bool {
        !self.muted && self.ack.is_none()
    }
}

/// What an alert has in common with others, where a channel tells such together.
pub fn common(plan: &Plan, by: GroupBy, subject: &Subject<'_>) -> Option<String> {
    let service = match subject.of {
        Of::Rule(rule) | Of::Unseen(rule) => rule.service.as_ref().map(|s| s.name.to_string()),
        Of::Element(_, words) => service_of(plan, words).map(str::to_owned),
        Of::Unasked(..) | Of::Gone => None,
    };
    let rule = || match subject.of {
        Of::Element(..) => subject.name.split('{').next().map(str::to_owned),
        _ => None,
    };
    match by {
        GroupBy::None => None,
        GroupBy::Rule => rule(),
        GroupBy::Service => service.or_else(rule),
    }
}

/// How a channel of this name groups.
pub fn manner(plan: &Plan, channel: &str) -> GroupBy {
    plan.notify.iter().find(|c| c.name == channel).map(|c| c.group_by).unwrap_or_default()
}

/// Who of those that fire hears with whom, on one channel each.
pub struct Together<'a> {
    room: &'a Room,
    open: Vec<Open<'a>>,
    /// Places in `open` by channel and breach.
    named: HashMap<(&'a str, Uuid), usize>,
    /// Places of those that fire, for each of `open`.
    firing: Vec<Vec<usize>>,
    joined: BTreeMap<(&'a str, String, Severity), Vec<usize>>,
}

impl<'a> Together<'a> {
    /// Nobody yet.
    pub fn of(room: &'a Room) -> Self {
        let open = open(room);
        let named = open.iter().enumerate().flat_map(|(ix, it)| it.named.keys().map(move |e| ((it.home, *e), ix)));
        let named = named.collect();
        Self { room, firing: vec![Vec::new(); open.len()], named, open, joined: BTreeMap::new() }
    }

    /// Takes one that fires in for a channel; false where it is told by itself there.
    pub fn take(&mut self, place: usize, ready: &Ready<'_>, channel: &'a str) -> bool {
        if let Some(slot) = self.named.get(&(channel, ready.episode)).and_then(|ix| self.firing.get_mut(*ix)) {
            slot.push(place);
            return true;
        }
        let all = &self.room.progress.episodes;
        if all.last_notice(&ready.episode.to_string(), channel, Action::Trigger).is_some() {
            return false;
        }
        let by = common(&self.room.plan, manner(&self.room.plan, channel), &ready.subject);
        let Some(by) = by else { return false };
        self.joined.entry((channel, by, ready.subject.severity)).or_default().push(place);
        true
    }

    /// What is to be told.
    pub fn finish(self, all: &[Ready<'_>], ended: &HashSet<Uuid>) -> Vec<Draft> {
        let mut drafts = Vec::new();
        let of = |places: &[usize]| -> Vec<&Ready<'_>> { places.iter().filter_map(|ix| all.get(*ix)).collect() };
        for (it, places) in self.open.iter().zip(&self.firing) {
            let firing = of(places);
            if firing.is_empty() {
                drafts.extend(self.over(it, ended));
                continue;
            }
            drafts.extend(self.goes_on(it, &firing));
        }
        for ((channel, by, severity), places) in &self.joined {
            let mut new = of(places);
            new.retain(|ready| ready.asks());
            let Some(first) = new.iter().min_by_key(|r| (since(self.room, r), &r.subject.name)) else { continue };
            let first = first.episode;
            let same = |it: &Open<'_>| it.home == *channel && it.by.raw() == by.as_str() && it.severity == *severity;
            let asks = |ix: usize| of(self.firing.get(ix).map_or(&[], Vec::as_slice)).iter().any(|r| r.asks());
            let to = self.open.iter().enumerate().filter(|(ix, it)| same(it) && asks(*ix));
            let to = to.max_by_key(|(_, it)| it.last);
            let (key, nth, firing) = if let Some((ix, it)) = to {
                let doublings = u32::try_from(it.triggers.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
                let wait = JOINED.saturating_mul(1 << doublings).min(JOINED_MOST);
                if self.room.waited(it.last) < wait * self.room.speed {
                    continue;
                }
                let before = self.firing.get(ix).map_or(0, Vec::len);
                (it.key.to_owned(), it.triggers, before + new.len())
            } else {
                let words = ["group", channel, by, &format!("{severity:?}"), &first.to_string()];
                (identity(&words).to_string(), 0, new.len())
            };
            let matter = Matter { key: &key, home: channel, by: &Untrusted::new(by.as_str()), severity: *severity };
            let summary = joined_words(by, &new, firing);
            drafts.extend(self.queue(&matter, channel, Action::Trigger, nth, &summary, &new, firing));
        }
        drafts
    }

    /// Who has it, why it is told again, who is next on the ladder.
    fn goes_on(&self, it: &Open<'_>, firing: &[&Ready<'_>]) -> Vec<Draft> {
        let room = self.room;
        let matter = Matter { key: it.key, home: it.home, by: it.by, severity: it.severity };
        let asking: Vec<&Ready<'_>> = firing.iter().copied().filter(|r| r.asks()).collect();
        let mut drafts = Vec::new();
        if asking.is_empty() {
            if let Some((stamp, ack)) = firing.iter().filter_map(|r| r.ack).max_by_key(|(stamp, _)| *stamp) {
                let who = ack.owner.as_ref().map_or_else(|| ack.by.person.to_string(), ToString::to_string);
                let summary = format!("{}: {who} looks after it: {}", name_of(it.by.raw(), firing), ack.text);
                let nth = u64::try_from(stamp.ms).unwrap_or_default();
                drafts.extend(self.queue(&matter, it.home, Action::Acknowledge, nth, &summary, &[], firing.len()));
            }
            return drafts;
        }
        let again = asking.iter().filter_map(|r| told_again(room, it.home, &r.subject.name, r.episode, it.last));
        if let Some((nth, words)) = again.max_by_key(|(nth, _)| *nth) {
            let summary = format!("{}: {words}", name_of(it.by.raw(), &asking));
            let nth = u64::try_from(nth).unwrap_or_default();
            drafts.extend(self.queue(&matter, it.home, Action::Trigger, nth, &summary, &asking, firing.len()));
        }
        drafts.extend(self.escalated(it, &matter, &asking, firing.len()));
        drafts
    }

    /// The next ones on the ladder, where nobody took it on in time.
    fn escalated(&self, it: &Open<'_>, matter: &Matter<'_>, asking: &[&Ready<'_>], firing: usize) -> Vec<Draft> {
        if it.severity < Severity::Page {
            return Vec::new();
        }
        let all = &self.room.progress.episodes;
        let mut drafts = Vec::new();
        // Whoever hears of them anyway is not woken a second time by the ladder.
        let mut heard: Vec<&str> = asking.iter().flat_map(|r| r.subject.notify).map(String::as_str).collect();
        let mut from = vec![it.home];
        let mut ix = 0;
        while let Some(channel) = from.get(ix).copied() {
            ix += 1;
            let steps = self.room.plan.notify.iter().find(|c| c.name == channel).map(|c| c.escalate.as_slice());
            let Some(asked) = asked_since(all, it.key, channel) else { continue };
            for step in steps.unwrap_or_default() {
                let to = step.to.as_str();
                let fails = fails(self.room, it.key, channel);
                if self.room.waited(asked.utc()) < step.after && fails.is_none() || from.contains(&to) {
                    continue;
                }
                from.push(to);
                let elsewhere = || asking.iter().any(|r| self.heard(r.episode, to));
                if heard.contains(&to) || it.told.contains(&to) || elsewhere() {
                    continue;
                }
                heard.push(to);
                let name = name_of(it.by.raw(), asking);
                let why = asking.first().map(|r| r.track.why.as_str()).unwrap_or_default();
                let summary = format!("{name}: {}: {why}", unanswered(channel, step.after, fails.as_deref()));
                drafts.extend(self.queue(matter, to, Action::Trigger, 0, &summary, asking, firing));
            }
        }
        drafts
    }

    /// Whether a channel was told of a breach.
    fn heard(&self, episode: Uuid, channel: &str) -> bool {
        let about = self.room.progress.episodes.notices_about(episode);
        about.iter().any(|(_, n, _)| n.channel == channel && n.action == Action::Trigger)
    }

    /// All of them are over, as the record or this evaluation says: everybody who heard of them hears it.
    fn over(&self, it: &Open<'_>, ended: &HashSet<Uuid>) -> Vec<Draft> {
        let all = &self.room.progress.episodes;
        let fires = |(episode, name): (&Uuid, &&Untrusted)| {
            let said = all.newest(name.raw());
            !ended.contains(episode)
                && said.is_some_and(|(_, said)| said.episode == *episode && said.to == AlertWord::Firing)
        };
        if it.named.iter().any(fires) {
            return Vec::new();
        }
        let lasted = clock_span((self.room.now.utc - it.since).to_std().unwrap_or_default());
        let names: Vec<&Untrusted> = it.named.values().copied().collect();
        let summary = match names.as_slice() {
            [one] => format!("{}: over after {lasted}", one.raw()),
            _ => format!("{}: all {} are over after {lasted}", it.by.raw(), names.len()),
        };
        let matter = Matter { key: it.key, home: it.home, by: it.by, severity: it.severity };
        let one = names.first().filter(|_| names.len() == 1).map(|name| name.raw());
        let queued = it.told.iter().filter_map(|channel| {
            let mut draft = self.queue(&matter, channel, Action::Resolve, 0, &summary, &[], 0)?;
            if let Fact::NoticeQueued { notice } = &mut draft.fact {
                notice.since = it.since;
                notice.alert = Some(escape(one.unwrap_or(it.by.raw())));
            }
            Some(draft)
        });
        queued.collect()
    }

    #[expect(clippy::too_many_arguments, reason = "each is one thing that a notice says")]
    fn queue(
        &self,
        matter: &Matter<'_>,
        channel: &str,
        action: Action,
        nth: u64,
        summary: &str,
        members: &[&Ready<'_>],
        firing: usize,
    ) -> Option<Draft> {
        let room = self.room;
        let id = identity(&[matter.key, channel, &format!("{action:?}"), &nth.to_string()]);
        if room.progress.episodes.notice(id).is_some() || room.unsaved.contains_key(&id) {
            return None;
        }
        let mut members = members.to_vec();
        members.sort_by_key(|r| (since(room, r), &r.subject.name));
        let began = members.iter().map(|r| since(room, r)).min().unwrap_or(room.now.utc);
        let details = match members.as_slice() {
            [one] if firing == 1 => one.subject.details(room),
            [first, ..] => first.subject.shared(room),
            [] => Vec::new(),
        };
        let one = members.first().filter(|_| firing == 1).map(|r| r.subject.name.clone());
        let member = |r: &&Ready<'_>| Member { episode: r.episode, name: Untrusted::new(&r.subject.name) };
        let group = Group {
            by: matter.by.clone(),
            home: matter.home.to_owned(),
            firing,
            members: members.iter().take(NAMED).map(member).collect(),
        };
        let runbook = members.first().and_then(|r| r.subject.runbook());
        let notice = Notice {
            id,
            channel: channel.to_owned(),
            key: matter.key.to_owned(),
            action,
            severity: matter.severity,
            room: Untrusted::new(room.plan.room.name.clone()),
            alert: Some(escape(one.as_deref().unwrap_or(matter.by.raw()))),
            summary: Untrusted::new(summary),
            details: super::notices::circumstances(room, details, runbook),
            group: Some(group),
            since: began,
            at: room.now.utc,
        };
        Some(Draft { id, by: room.me.author.clone(), fact: Fact::NoticeQueued { notice } })
    }
}

/// What stays the same in all that is told of one group.
struct Matter<'a> {
    key: &'a str,
    home: &'a str,
    by: &'a Untrusted,
    severity: Severity,
}

/// An alert that is over and that a channel would tell of with others.
#[derive(Debug)]
pub struct Ended {
    /// The channel.
    pub channel: String,
    /// What it has in common with others.
    pub by: String,
    /// How bad it was.
    pub severity: Severity,
    /// Its name.
    pub name: String,
}

/// A word on those that are over and of which nobody was told while they fired, one for each channel and group.
pub fn over_untold(room: &Room, ended: Vec<Ended>) -> Vec<Draft> {
    let mut groups: BTreeMap<(String, String, Severity), Vec<String>> = BTreeMap::new();
    for it in ended {
        groups.entry((it.channel, it.by, it.severity)).or_default().push(it.name);
    }
    let word = |((channel, by, severity), names): ((String, String, Severity), Vec<String>)| {
        let said = match names.as_slice() {
            [one] => format!("{one}: over; it was kept quiet"),
            _ => format!("{by}: {} are over that were kept quiet: {}", names.len(), in_line(&by, &names)),
        };
        let id = Uuid::now_v7();
        let notice = Notice {
            id,
            channel,
            key: id.to_string(),
            action: Action::Inform,
            severity,
            room: Untrusted::new(room.plan.room.name.clone()),
            alert: Some(escape(names.first().filter(|_| names.len() == 1).unwrap_or(&by))),
            summary: Untrusted::new(said),
            details: super::notices::circumstances(room, Vec::new(), None),
            group: None,
            since: room.now.utc,
            at: room.now.utc,
        };
        Draft { id, by: room.me.author.clone(), fact: Fact::NoticeQueued { notice } }
    };
    groups.into_iter().map(word).collect()
}

fn since(room: &Room, ready: &Ready<'_>) -> DateTime<Utc> {
    ready.track.alert.since.map_or(room.now.utc, |at| at.utc)
}

/// What several are called, or the one by its own name.
fn name_of(by: &str, firing: &[&Ready<'_>]) -> String {
    match firing {
        [one] => one.subject.name.clone(),
        _ => format!("{by} ({} fire)", firing.len()),
    }
}

/// One line on those that began to fire.
fn joined_words(by: &str, new: &[&Ready<'_>], firing: usize) -> String {
    let names: Vec<&str> = new.iter().map(|r| r.subject.name.as_str()).collect();
    match new {
        [one] if firing == 1 => format!("{}: {}", one.subject.name, one.track.why),
        _ if firing == new.len() => format!("{by}: {firing} fire: {}", in_line(by, &names)),
        _ => format!("{by}: {} more, {firing} fire: {}", new.len(), in_line(by, &names)),
    }
}

/// The first few names and how many more there are.
fn in_line(by: &str, names: &[impl AsRef<str>]) -> String {
    let short = |name: &str| name.strip_prefix(by).filter(|rest| rest.starts_with('{')).unwrap_or(name).to_owned();
    let mut out: Vec<String> = names.iter().take(IN_LINE).map(|name| short(name.as_ref())).collect();
    if names.len() > IN_LINE {
        out.push(format!("and {} more", names.len() - IN_LINE));
    }
    out.join(", ")
}

//! Alerts across restarts and reloads: who becomes the watch goes on where the last one was, and what has no rule any more ends.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::super::Room;
use super::super::alert::{Alert, State};
use super::super::episodes::Said;
use super::super::live::Live;
use super::many::{self, ForeignLive, Instance, Many, Owner};
use super::subject::Subject;
use super::{NEWS, NO_DATA, Round, RuleLive, Track, at, blind_name, notices};
use crate::clock::{Now, duration_text};
use crate::fact::{AlertWord, Draft, Fact};
use crate::notice::Severity;
use crate::plan::rules::ImportedRule;
use crate::plan::{Plan, SourcePlan};
use crate::text::Untrusted;

/// Pending goes on after a time in which nobody looked, when that was not longer (Prometheus: `for-outage-tolerance`).
const OUTAGE: Duration = Duration::from_hours(1);

/// This process becomes the watch: what fires goes on firing, what was pending goes on where it was left.
pub fn take_over(room: &mut Room) -> Vec<Draft> {
    let (plan, now) = (room.plan.clone(), room.now);
    let mut rules = std::mem::take(&mut room.live.rules);
    rules.resize_with(plan.rules.len(), RuleLive::default);
    let mut restore = Restore { room, seen_until: last_look(room), drafts: Vec::new() };
    for (rule, live) in plan.rules.iter().zip(&mut rules) {
        restore.track(&rule.name, rule.for_, &mut live.main);
        restore.track(&blind_name(&rule.name), rule.for_, &mut live.blind);
    }
    let restored = restore.many(&plan, now);
    let drafts = restore.drafts;
    room.live.rules = rules;
    (room.live.imported, room.live.foreign) = restored;
    room.live.sweep = Sweep::Due;
    room.revision.alerts += 1;
    drafts
}

/// Alerts as the record has them, for the one who becomes the watch.
struct Restore<'a> {
    room: &'a Room,
    seen_until: Option<DateTime<Utc>>,
    drafts: Vec<Draft>,
}

impl Restore<'_> {
    fn track(&mut self, name: &str, for_: Duration, it: &mut Track) {
        let (room, now) = (self.room, self.room.now);
        let Some((stamp, said)) = room.progress.episodes.newest(name) else {
            // Nobody recorded it: what this process saw as a reader is all there is, and it has not fired yet.
            if it.alert.state == State::Firing {
                *it = Track::default();
            }
            return;
        };
        let since = at(now, stamp.utc());
        let episode = Some(said.episode);
        match said.to {
            AlertWord::Firing => {
                let alert = Alert::restored(State::Firing, since, Duration::ZERO);
                *it = Track { alert, episode, recorded: true, why: said.why.raw().to_owned() };
            }
            AlertWord::Pending => {
                let left = self.seen_until.unwrap_or(stamp.utc()).max(stamp.utc());
                let outage = (now.utc - left).to_std().unwrap_or_default();
                if outage <= OUTAGE {
                    let held = (left - stamp.utc()).to_std().unwrap_or_default() + NEWS * room.speed;
                    let alert = Alert::restored(State::Pending, since, held.min(for_));
                    *it = Track { alert, episode, recorded: true, why: said.why.raw().to_owned() };
                } else {
                    *it = Track::default();
                    let away = duration_text(Duration::from_secs(outage.as_secs()));
                    let fact = Fact::AlertChanged {
                        alert: Untrusted::new(name),
                        episode: said.episode,
                        to: AlertWord::Withdrawn,
                        severity: said.severity,
                        why: Untrusted::new(format!("nobody watched for {away}: its clock begins anew")),
                    };
                    self.drafts.push(super::super::decide::draft(&room.me.author, fact));
                }
            }
            AlertWord::Resolved | AlertWord::Withdrawn => *it = Track::default(),
        }
    }

    /// Alerts with labels: each goes to the rule that can have given it.
    fn many(&mut self, plan: &Plan, now: Now) -> (Vec<Many>, Vec<ForeignLive>) {
        let mut live = Live::new(plan, now);
        let all = &self.room.progress.episodes;
        let open = all.all().filter(|(.., said)| matches!(said.to, AlertWord::Firing | AlertWord::Pending));
        let open: Vec<(String, Severity, String)> =
            open.map(|(name, _, said)| (name.to_owned(), said.severity, said.why.raw().to_owned())).collect();
        let imported = plan.imported.iter().zip(&mut live.imported).map(|(r, many)| (Owner::Imported(r), many));
        let told = plan.sources.iter().zip(&mut live.foreign).filter(|(source, _)| !source.notify.is_empty());
        for (owner, many) in imported.chain(told.map(|(source, live)| (Owner::Foreign(source), &mut live.many))) {
            self.track(&blind_name(owner.called()), owner.spans().0, &mut many.blind);
            for (name, severity, why) in open.iter().filter(|(name, ..)| owner.has(name)) {
                let mut it = Instance::known(*severity, why);
                self.track(name, owner.spans().0, &mut it.track);
                if it.track.alert.state != State::Inactive {
                    many.instances.insert(name.clone(), it);
                }
            }
        }
        (live.imported, live.foreign)
    }
}

/// Alerts whose rule another plan has too keep their clocks and their breach.
pub fn keep(old: &Plan, new: &Plan, from: &mut Live, to: &mut Live) {
    for (rule, live) in old.rules.iter().zip(std::mem::take(&mut from.rules)) {
        let ix = new.rules.iter().position(|r| r.name == rule.name);
        if let Some(slot) = ix.and_then(|ix| to.rules.get_mut(ix)) {
            *slot = live;
        }
    }
    let key = |rule: &ImportedRule| (rule.called.clone(), rule.source.clone(), rule.rule.labels.clone());
    let places: HashMap<_, usize> = new.imported.iter().enumerate().map(|(ix, rule)| (key(rule), ix)).collect();
    for (rule, live) in old.imported.iter().zip(std::mem::take(&mut from.imported)) {
        if let Some(slot) = places.get(&key(rule)).and_then(|ix| to.imported.get_mut(*ix)) {
            *slot = live;
        }
    }
    for (source, live) in old.sources.iter().zip(std::mem::take(&mut from.foreign)) {
        let same = |s: &SourcePlan| s.name == source.name && s.target == source.target;
        if let Some(slot) = new.sources.iter().position(same).and_then(|ix| to.foreign.get_mut(ix)) {
            *slot = live;
        }
    }
}

/// Whether it was looked for alerts whose rule has left the plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sweep {
    /// Not since the plan or the watch changed.
    #[default]
    Due,
    /// It was.
    Done,
}

/// Ends what the record leaves open and no rule of the plan can end any more, and tells those who heard of it.
pub(super) fn sweep(room: &mut Room, plan: &Plan, round: &mut Round) {
    if room.live.sweep == Sweep::Done || !round.tells {
        return;
    }
    room.live.sweep = Sweep::Done;
    let known: HashSet<&str> = plan.rules.iter().map(|r| r.name.as_str()).chain(many::called(plan)).collect();
    let gone: Vec<(String, Said)> = room
        .progress
        .episodes
        .all()
        .filter(|(name, _, said)| {
            let name = name.strip_suffix(NO_DATA).unwrap_or(name);
            let open = matches!(said.to, AlertWord::Firing | AlertWord::Pending);
            let of_many =
                || name.split_once('{').is_some_and(|(base, _)| known.contains(base)) || many::foreign(plan, name);
            let of_call = || super::super::calls::names(plan).any(|call| call == name);
            open && !known.contains(name) && !of_many() && !of_call()
        })
        .map(|(name, _, said)| (name.to_owned(), said.clone()))
        .collect();
    for (name, said) in gone {
        let fired = said.to == AlertWord::Firing;
        let subject = Subject::gone(room, name, said.severity);
        let it = Track { episode: Some(said.episode), why: subject.seen(room), ..Track::default() };
        round.say(&subject, &it, if fired { AlertWord::Resolved } else { AlertWord::Withdrawn });
        if fired {
            round.over.extend(notices::over(room, &subject, said.episode, &mut round.ended));
        }
    }
}

/// When anybody last took a sample in, as far as the tape says.
pub fn last_look(room: &Room) -> Option<DateTime<Utc>> {
    let metrics = room.live.metrics.iter().filter_map(|m| m.series.last());
    let samples = metrics.chain(room.live.services.iter().filter_map(|s| s.passes.last())).map(|p| p.at);
    samples.chain(room.live.rules_asked).max()
}

//! Alerts with labels as people see them: those of rule files, and those that sources judge themselves.

use std::cell::OnceCell;

use chrono::{DateTime, Utc};

use super::super::Room;
use super::super::alarms::{AlertNow, Judged, Shown, will_tell};
use super::super::alert::State;
use super::cause::Sick;
use super::many::{self, Instance, Owner};
use super::{NO_DATA, RETENTION, Track, blind_name};
use crate::fact::{AlertWord, There};
use crate::notice::Severity;
use crate::plan::OwnAlerts;
use crate::plan::rules::severity;
use crate::probe::rules::{ForeignAlert, ForeignState};

impl Room {
    /// Hands out every one of them that is not inactive.
    pub(in crate::room) fn many_now(&self, with: &mut impl FnMut(AlertNow)) {
        if self.plan.imported.is_empty() && self.plan.sources.iter().all(|s| s.alerts == OwnAlerts::Left) {
            return;
        }
        if many::asks(self) {
            let sick = OnceCell::new();
            for (of, owner, many) in self.many() {
                for (name, it) in &many.instances {
                    with(self.instance_now(of, owner, (name.as_str(), it), &sick));
                }
                if many.blind.alert.state == State::Firing {
                    let name = blind_name(owner.called());
                    let mut alert = self.blank(of, &name, &many.blind, Severity::Warn);
                    alert.blind = true;
                    self.fill(&mut alert, &many.blind, || None);
                    with(alert);
                }
            }
        }
        self.recorded_now(with);
        for (ix, (source, live)) in self.plan.sources.iter().zip(&self.live.foreign).enumerate() {
            if source.notify.is_empty() {
                live.alerts.iter().for_each(|(name, alert)| with(self.foreign_now(ix, name, alert)));
            }
        }
    }

    /// How many of them fire and nobody has, and how many fire or are pending: without a word said.
    pub(in crate::room) fn many_counts(&self) -> (usize, usize) {
        let (mut loud, mut all) = (0, 0);
        let record = &self.progress.episodes;
        let now = self.now.utc;
        let nobodys = |name: &str, track: &Track| {
            let taken = track.episode.is_some_and(|episode| record.acknowledged(name, episode, now).is_some());
            track.alert.state == State::Firing && !taken && record.silenced(name, now).is_none()
        };
        if many::asks(self) {
            let sick = OnceCell::new();
            let explained =
                |words: &many::Words| sick.get_or_init(|| Sick::of(self)).explains_words(&self.plan, words).is_some();
            for (_, _, many) in self.many() {
                all += many.instances.len();
                let shouts = |(name, it): &(&String, &Instance)| {
                    let loud = it.words.severity >= Severity::Page && !it.words.quiet;
                    loud && nobodys(name, &it.track) && !explained(&it.words)
                };
                loud += many.instances.iter().filter(shouts).count();
                if many.blind.alert.state == State::Firing {
                    all += 1;
                }
            }
        } else {
            self.recorded_now(&mut |alert| {
                all += usize::from(alert.state != Shown::Resolved);
                loud += usize::from(alert.state == Shown::Firing && alert.severity >= Severity::Page);
            });
        }
        for (source, live) in self.plan.sources.iter().zip(&self.live.foreign) {
            if source.notify.is_empty() {
                all += live.alerts.len();
                let shouts = |alert: &&ForeignAlert| {
                    alert.state == ForeignState::Firing && severity(alert.labels.get("severity")) > Severity::Info
                };
                // What was said last by who does not answer now is no news.
                loud += if live.trouble.is_some() { 0 } else { live.alerts.values().filter(shouts).count() };
            }
        }
        (loud, all)
    }

    fn many(&self) -> impl Iterator<Item = (Judged, Owner<'_>, &super::Many)> {
        let imported = self.plan.imported.iter().zip(&self.live.imported).enumerate();
        let imported = imported.map(|(ix, (rule, many))| (Judged::Imported(ix), Owner::Imported(rule), many));
        let foreign = self.plan.sources.iter().zip(&self.live.foreign).enumerate();
        let foreign = foreign.filter(|(_, (source, _))| !source.notify.is_empty());
        imported.chain(foreign.map(|(ix, (source, live))| (Judged::Source(ix), Owner::Foreign(source), &live.many)))
    }

    fn blank(&self, of: Judged, name: &str, track: &Track, severity: Severity) -> AlertNow {
        let now = self.now.utc;
        AlertNow {
            name: name.to_owned(),
            of,
            blind: false,
            state: Shown::Pending,
            severity,
            since: track.alert.since.map_or(now, |at| at.utc),
            held: None,
            why: track.why.clone(),
            episode: track.episode,
            note: String::new(),
            flaps: self.progress.episodes.flaps(name, now - chrono::TimeDelta::hours(1)),
        }
    }

    fn instance_now(
        &self,
        of: Judged,
        owner: Owner<'_>,
        (name, it): (&str, &Instance),
        sick: &OnceCell<Sick>,
    ) -> AlertNow {
        let mut alert = self.blank(of, name, &it.track, it.words.severity);
        if !it.words.summary.is_empty() {
            alert.why.clone_from(&it.words.summary);
        }
        if it.track.alert.state == State::Pending {
            let for_ = owner.spans().0;
            alert.held = Some((it.track.alert.held.min(for_), for_));
            if it.track.alert.blind.is_some() {
                "no data: its clock stands still".clone_into(&mut alert.note);
            } else {
                alert.note = will_tell(owner.notify(), alert.severity);
            }
            return alert;
        }
        self.fill(&mut alert, &it.track, || sick.get_or_init(|| Sick::of(self)).explains_words(&self.plan, &it.words));
        if it.words.quiet && alert.state == Shown::Firing {
            let source = alert.source(self).unwrap_or_default();
            (alert.state, alert.note) = (Shown::Silenced, format!("{source} keeps it quiet"));
        }
        if it.track.alert.blind.is_some() {
            let note = std::mem::take(&mut alert.note);
            alert.note = if note.is_empty() { "no data".to_owned() } else { format!("no data; {note}") };
        }
        alert
    }

    /// What the record adds to an alert that fires.
    fn fill(&self, alert: &mut AlertNow, track: &Track, explained: impl FnOnce() -> Option<String>) {
        if let Some((stamp, said)) = self.progress.episodes.newest(&alert.name)
            && said.to == AlertWord::Firing
            && Some(said.episode) == track.episode
        {
            alert.since = stamp.utc();
        }
        (alert.state, alert.note) = self.firing(alert, explained);
    }

    /// What is over, a short while ago; and, for whoever does not ask the sources, what fires.
    fn recorded_now(&self, with: &mut impl FnMut(AlertNow)) {
        let now = self.now.utc;
        for (name, stamp, said) in self.progress.episodes.all() {
            let fires = said.to == AlertWord::Firing && !many::asks(self);
            let over = said.to == AlertWord::Resolved && now - stamp.utc() < RETENTION;
            if !fires && !over {
                continue;
            }
            let bare = name.strip_suffix(NO_DATA).unwrap_or(name);
            let known = |owner: &Owner<'_>| owner.called() == bare || owner.has(bare);
            let Some((of, ..)) = self.many().find(|(_, owner, _)| known(owner)) else { continue };
            let mut alert = self.blank(of, name, &Track::default(), said.severity);
            (alert.since, alert.episode) = (stamp.utc(), Some(said.episode));
            said.why.raw().clone_into(&mut alert.why);
            alert.state = Shown::Resolved;
            if fires {
                (alert.state, alert.note) = self.firing(&alert, || None);
            }
            with(alert);
        }
    }

    /// An alert that a source judges and that is only shown here.
    fn foreign_now(&self, ix: usize, name: &str, alert: &ForeignAlert) -> AlertNow {
        let source = self.plan.sources.get(ix).map_or("", |source| source.name.as_str());
        let mut it = self.blank(Judged::Source(ix), name, &Track::default(), severity(alert.labels.get("severity")));
        it.since = alert.since;
        alert.summary.raw().trim().clone_into(&mut it.why);
        (it.state, it.note) = match alert.state {
            ForeignState::Firing => (Shown::Firing, format!("judged by {source}")),
            ForeignState::Pending => (Shown::Pending, format!("judged by {source}")),
            ForeignState::Silenced => (Shown::Silenced, format!("silenced in {source}")),
            ForeignState::Inhibited => (Shown::Inhibited, format!("inhibited in {source}")),
        };
        if let Some(silence) = self.progress.episodes.silenced(name, self.now.utc) {
            match self.progress.episodes.there(silence.id) {
                _ if alert.state == ForeignState::Silenced => {}
                None => it.note = format!("{} silences it in {source}", silence.by.person),
                Some(There::Created { .. }) => it.note = format!("silenced in {source} by {}", silence.by.person),
                Some(There::Failed { why }) => it.note = format!("NOT silenced in {source}: {why}"),
            }
        }
        if let Some(why) = self.live.foreign.get(ix).and_then(|live| live.trouble.as_ref()) {
            // What was said last stands, and is no news: it neither ends nor shouts.
            it.note = format!("{source} does not answer ({why}), this is what it said last");
            it.state = Shown::Stale;
        }
        it
    }
}

impl AlertNow {
    /// The source that is asked, or that judges it; none for a rule of the plan.
    pub fn source(&self, room: &Room) -> Option<String> {
        match self.of {
            Judged::Rule(_) | Judged::Call => None,
            Judged::Imported(ix) => room.plan.imported.get(ix).map(|rule| rule.source.clone()),
            Judged::Source(ix) => room.plan.sources.get(ix).map(|source| source.name.clone()),
        }
    }

    /// All that is known of one with labels: a word and its value.
    pub fn words(&self, room: &Room) -> Vec<(String, String)> {
        let mut out: Vec<(String, String)> = Vec::new();
        let mut put = |word: &str, value: &str| out.push((word.to_owned(), value.to_owned()));
        if let Some((_, owner, many)) = room.many().find(|(of, ..)| *of == self.of) {
            owner.details(&mut put);
            if let Some(it) = many.instances.get(&self.name) {
                it.words.details(&mut put);
            }
        }
        if let Judged::Source(ix) = self.of
            && let Some(live) = room.live.foreign.get(ix)
            && let Some(alert) = live.alerts.get(&self.name).filter(|_| out.is_empty())
        {
            out.push(("state there".to_owned(), alert.state.word().to_owned()));
            out.extend(alert.labels.iter().map(|(name, value)| (format!("label {name}"), value.to_owned())));
            out.extend(live.fresh.map(|at: crate::clock::Now| ("said".to_owned(), age_of(room, at.utc))));
        }
        out
    }
}

fn age_of(room: &Room, at: DateTime<Utc>) -> String {
    format!("{} ago", crate::clock::age((room.now.utc - at).to_std().unwrap_or_default()))
}

//! Alerts as people see them: where each stands, since when, who has it, and whether it reached anybody.

use std::cell::OnceCell;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::alert::State;
use super::alerts::subject::Subject;
use super::alerts::{RETENTION, Sick, Track, blind_name};
use super::{Room, Watch, judge};
use crate::fact::AlertWord;
use crate::notice::{Action, Delivery, Severity};
use crate::plan::decisions::RulePlan;

/// An alert as it stands.
#[derive(Clone, Debug)]
pub struct AlertNow {
    /// The rule's name; of its missing data, with that word.
    pub name: String,
    /// What judges it.
    pub of: Judged,
    /// Whether it is about the rule's missing data.
    pub blind: bool,
    /// Where it stands.
    pub state: Shown,
    /// How bad it is.
    pub severity: Severity,
    /// Since when it stands there.
    pub since: DateTime<Utc>,
    /// Pending: for how long it has held, and for how long it must.
    pub held: Option<(Duration, Duration)>,
    /// What was seen, in words.
    pub why: String,
    /// Its breach.
    pub episode: Option<Uuid>,
    /// Who has it, why it is silent, what explains it.
    pub note: String,
    /// How often it began to fire within the last hour.
    pub flaps: usize,
}

/// What judges an alert, by its place in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// A rule of the plan.
    Rule(usize),
    /// A rule of a rule file.
    Imported(usize),
    /// A source with alerts of its own.
    Source(usize),
    /// A call that nobody answered.
    Call,
}

impl AlertNow {
    /// The rule of the plan that judges it, where one does.
    pub fn rule<'a>(&self, room: &'a Room) -> Option<&'a RulePlan> {
        match self.of {
            Judged::Rule(ix) => room.plan.rules.get(ix),
            Judged::Imported(_) | Judged::Source(_) | Judged::Call => None,
        }
    }
}

/// Where an alert stands, as a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    /// It fires, and nobody has it.
    Firing,
    /// It fires, and somebody has it.
    Acknowledged,
    /// It fires, and something that its service needs explains it.
    Inhibited,
    /// It fires, and nobody is told.
    Silenced,
    /// It fired when its source last said so, and that no longer answers.
    Stale,
    /// It holds, not yet for long enough.
    Pending,
    /// It is over, a short while ago.
    Resolved,
}

impl Shown {
    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Acknowledged => "acknowledged",
            Self::Inhibited => "explained",
            Self::Silenced => "silenced",
            Self::Stale => "stale",
            Self::Pending => "pending",
            Self::Resolved => "resolved",
        }
    }

    /// Whether it fires, whoever has it.
    pub fn fires(self) -> bool {
        !matches!(self, Self::Pending | Self::Resolved)
    }
}

/// Who hears of an alert once it fires.
pub(super) fn will_tell(notify: &[String], severity: Severity) -> String {
    let names: Vec<String> = notify.iter().map(|name| crate::text::escape(name)).collect();
    match (names.as_slice(), severity) {
        ([], _) => String::new(),
        (names, Severity::Page | Severity::Rollback) => format!("will page {}", names.join(", ")),
        (names, _) => format!("will tell {}", names.join(", ")),
    }
}

impl Room {
    /// Every alert that is not inactive, the worst first.
    pub fn alerts(&self) -> Vec<AlertNow> {
        let (mut out, sick) = (Vec::new(), OnceCell::new());
        for (ix, (rule, live)) in self.plan.rules.iter().zip(&self.live.rules).enumerate() {
            for (blind, track) in [(false, &live.main), (true, &live.blind)] {
                out.extend(self.alert_now((ix, rule), blind, track, &sick));
            }
        }
        out.extend(self.missed_calls());
        self.many_now(&mut |alert| out.push(alert));
        out.sort_by(|a, b| {
            let rank = |x: &AlertNow| (x.state, std::cmp::Reverse(x.severity), std::cmp::Reverse(x.since));
            rank(a).cmp(&rank(b))
        });
        out
    }

    /// How many alerts wake somebody and nobody has, and how many fire or are pending. Cheap: only what is not inactive is named.
    pub fn alert_counts(&self) -> (usize, usize) {
        let (mut loud, mut all, sick) = (0, 0, OnceCell::new());
        for (ix, (rule, live)) in self.plan.rules.iter().zip(&self.live.rules).enumerate() {
            for (blind, track) in [(false, &live.main), (true, &live.blind)] {
                if track.alert.state == State::Inactive {
                    continue;
                }
                let Some(alert) = self.alert_now((ix, rule), blind, track, &sick) else { continue };
                loud += usize::from(alert.state == Shown::Firing && alert.severity >= Severity::Page);
                all += usize::from(alert.state != Shown::Resolved);
            }
        }
        for call in self.missed_calls() {
            loud += usize::from(call.state == Shown::Firing && call.severity >= Severity::Page);
            all += 1;
        }
        let (many_loud, many) = self.many_counts();
        (loud + many_loud, all + many)
    }

    fn alert_now(
        &self,
        (ix, rule): (usize, &RulePlan),
        blind: bool,
        track: &Track,
        sick: &OnceCell<Sick>,
    ) -> Option<AlertNow> {
        let quiet = track.alert.state == State::Inactive;
        let name = || if blind { blind_name(&rule.name) } else { rule.name.clone() };
        // Most rules say nothing most of the time: no name is made for them.
        let all = &self.progress.episodes;
        if quiet && all.is_empty() {
            return None;
        }
        let name = name();
        let said = all.newest(&name);
        let now = self.now.utc;
        let watch = matches!(self.live.watch, Watch::Me { .. } | Watch::Nobody);
        let since = track.alert.since.map_or(now, |at| at.utc);
        let mut it = AlertNow {
            of: Judged::Rule(ix),
            blind,
            state: Shown::Pending,
            severity: if blind { Subject::unseen(self, rule).severity } else { rule.severity },
            since,
            held: None,
            why: String::new(),
            episode: track.episode,
            note: String::new(),
            flaps: all.flaps(&name, now - chrono::TimeDelta::hours(1)),
            name,
        };
        // What fires is what the watch recorded; what is pending everybody sees for himself.
        let recorded = said.filter(|(_, said)| said.to == AlertWord::Firing);
        let firing = if watch { track.alert.state == State::Firing } else { recorded.is_some() };
        if firing {
            if let Some((stamp, said)) = recorded {
                (it.since, it.episode, it.why) = (stamp.utc(), Some(said.episode), said.why.raw().to_owned());
            } else {
                it.why.clone_from(&track.why);
            }
            (it.state, it.note) =
                self.firing(&it, || sick.get_or_init(|| Sick::of(self)).explains_rule(&self.plan, rule, it.severity));
            return Some(it);
        }
        if track.alert.state != State::Inactive {
            if blind {
                return None;
            }
            it.held = Some((track.alert.held.min(rule.for_), rule.for_));
            it.why = judge::words(self, &rule.when.expr, None);
            if track.alert.blind.is_some() {
                "no data: its clock stands still".clone_into(&mut it.note);
            } else {
                it.note = will_tell(&rule.notify, it.severity);
            }
            return Some(it);
        }
        let (stamp, said) = said.filter(|(at, said)| said.to == AlertWord::Resolved && now - at.utc() < RETENTION)?;
        (it.state, it.since, it.episode) = (Shown::Resolved, stamp.utc(), Some(said.episode));
        said.why.raw().clone_into(&mut it.why);
        Some(it)
    }

    /// How an alert that fires is shown, and why so.
    pub(super) fn firing(&self, it: &AlertNow, explained: impl FnOnce() -> Option<String>) -> (Shown, String) {
        let (all, now) = (&self.progress.episodes, self.now.utc);
        let clock = |at: DateTime<Utc>| at.with_timezone(&self.plan.room.zone).format("%H:%M").to_string();
        if let Some((_, ack)) = it.episode.and_then(|episode| all.acknowledged(&it.name, episode, now)) {
            let who = ack.owner.as_ref().map_or_else(|| ack.by.person.to_string(), ToString::to_string);
            let until = ack.until.map(|at| format!(" until {}", clock(at))).unwrap_or_default();
            return (Shown::Acknowledged, format!("{who} has it{until}: {}", ack.text));
        }
        if let Some(silence) = all.silenced(&it.name, now) {
            let note = format!("silent until {} by {}: {}", clock(silence.end()), silence.by.person, silence.reason);
            return (Shown::Silenced, note);
        }
        match explained() {
            Some(cause) => (Shown::Inhibited, format!("because {cause}")),
            None => (Shown::Firing, self.delivery_of(it).unwrap_or_default()),
        }
    }

    /// How telling of an alert goes: the channels that were told, and those that were not.
    pub fn delivery_of(&self, it: &AlertNow) -> Option<String> {
        let mut told: Vec<String> = Vec::new();
        let mut not: Vec<String> = Vec::new();
        let notices = self.progress.episodes.notices_about(it.episode?);
        for (_, notice, delivery) in notices.into_iter().filter(|(_, n, _)| n.action == Action::Trigger) {
            match (delivery, self.telling(notice.id)) {
                (Some(Delivery::Delivered { .. }), _) => told.push(notice.channel.clone()),
                (Some(Delivery::Refused { why, .. }), _) => {
                    not.push(format!("{} NOT told, it refused: {why}", notice.channel));
                }
                (_, Some(Delivery::Trying { tries, why, .. })) => {
                    let times = if *tries == 1 { "try" } else { "tries" };
                    not.push(format!("{} NOT told, {tries} {times}: {why}", notice.channel));
                }
                _ => not.push(format!("telling {}", notice.channel)),
            }
        }
        told.dedup();
        if !told.is_empty() {
            not.push(format!("told {}", told.join(", ")));
        }
        (!not.is_empty()).then(|| not.join("; "))
    }

    /// How trying to tell a notice goes: as this process knows it, else as recorded.
    pub fn telling(&self, id: Uuid) -> Option<&Delivery> {
        self.live.telling.get(&id).or_else(|| self.progress.episodes.trying(id))
    }

    /// What nobody was told of though it was tried, the oldest first: a page that does not arrive is an alarm itself.
    pub fn untold(&self) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for notice in self.progress.episodes.waiting() {
            if let Some(Delivery::Trying { tries, why, .. }) = self.telling(notice.id) {
                let times = if *tries == 1 { "try" } else { "tries" };
                let what = notice.alert.as_deref().unwrap_or("a message");
                out.push(format!("{} NOT told of {what}, {tries} {times}: {why}", notice.channel));
            }
        }
        out
    }
}

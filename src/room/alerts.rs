//! Rules judged second by second: which alerts begin, fire and end, whom that is told, and who takes them on.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::alert::{Alert, Change, State, Terms};
use super::{Room, Watch, judge};
use crate::clock::{Now, clock_span, duration_text};
use crate::fact::{AlertWord, Draft, Fact, ServiceState};
use crate::notice::{Action, Notice, Severity};
use crate::plan::Plan;
use crate::plan::decisions::{NoData, RulePlan};
use crate::text::Untrusted;

/// A pending alert is recorded when it has been pending this long: a flap of a second is no news.
const NEWS: Duration = Duration::from_secs(2);
/// A rule without data is an alert after its own `for`, and after this at least.
const BLIND: Duration = Duration::from_mins(1);
/// Pending goes on after a time in which nobody looked, when that was not longer (Prometheus: `for-outage-tolerance`).
const OUTAGE: Duration = Duration::from_hours(1);
/// An alert that is over is shown this long (Prometheus: `resolvedRetention`).
pub const RETENTION: TimeDelta = TimeDelta::minutes(15);

/// A rule as judged so far by this process.
#[derive(Clone, Debug, Default)]
pub struct RuleLive {
    /// The alert itself.
    pub main: Track,
    /// The alert that nobody can tell.
    pub blind: Track,
}

/// One alert and its breach.
#[derive(Clone, Debug, Default)]
pub struct Track {
    /// The clocks.
    pub alert: Alert,
    /// The breach it is in.
    pub episode: Option<Uuid>,
    /// Whether its beginning is recorded.
    recorded: bool,
    /// What was seen when it changed, in words.
    pub why: String,
}

/// The name under which a rule's missing data are an alert.
pub fn blind_name(rule: &str) -> String {
    format!("{rule} (no data)")
}

/// Lets every rule look, and says what is to be recorded of it; nothing, where another process is the watch.
pub fn judge_rules(room: &mut Room) -> Vec<Draft> {
    if room.plan.rules.is_empty() {
        return Vec::new();
    }
    let plan = room.plan.clone();
    let mut rules = std::mem::take(&mut room.live.rules);
    rules.resize_with(plan.rules.len(), RuleLive::default);
    let mut facts = Vec::new();
    let mut over = Vec::new();
    for (rule, live) in plan.rules.iter().zip(&mut rules) {
        let holds = if room.rests(rule) { Some(false) } else { judge::holds(room, &rule.when.expr, None) };
        let ended = track(room, rule, false, &mut live.main, holds, &mut facts);
        over.extend(ended.map(|episode| (rule, false, episode)));
        if rule.no_data != NoData::Ignore || live.blind.alert.state != State::Inactive {
            let blind = Some(holds.is_none() && rule.no_data != NoData::Ignore);
            let ended = track(room, rule, true, &mut live.blind, blind, &mut facts);
            over.extend(ended.map(|episode| (rule, true, episode)));
        }
    }
    room.live.rules = rules;
    if !facts.is_empty() {
        room.revision.alerts += 1;
    }
    if !matches!(room.live.watch, Watch::Me { .. }) || room.me.read_only {
        return Vec::new();
    }
    let mut drafts: Vec<Draft> = facts.into_iter().map(|f| super::decide::draft(&room.me.author, f)).collect();
    for (rule, blind, episode) in over {
        drafts.extend(told_over(room, rule, blind, episode));
    }
    drafts.extend(told_firing(room, &plan));
    drafts
}

/// One evaluation of one alert; the episode that ended with it.
fn track(
    room: &mut Room,
    rule: &RulePlan,
    blind: bool,
    it: &mut Track,
    holds: Option<bool>,
    facts: &mut Vec<Fact>,
) -> Option<Uuid> {
    let terms = terms(room, rule, blind);
    let name = || if blind { blind_name(&rule.name) } else { rule.name.clone() };
    let acknowledged = terms.latch
        && it
            .episode
            .is_some_and(|episode| room.progress.episodes.acknowledged(&rule.name, episode, room.now.utc).is_some());
    let change = it.alert.step(&terms, room.now, holds, acknowledged);
    let mut say = |it: &Track, to: AlertWord| {
        facts.push(Fact::AlertChanged {
            alert: Untrusted::new(name()),
            episode: it.episode.unwrap_or_default(),
            to,
            severity: severity(rule, blind),
            why: Untrusted::new(it.why.clone()),
        });
    };
    let seen = |room: &Room| {
        let words = judge::words(room, &rule.when.expr, None);
        if blind { format!("nobody can tell: {words}") } else { words }
    };
    match change {
        Some(Change::Begun) => {
            it.episode = Some(Uuid::now_v7());
            it.recorded = false;
            it.why = seen(room);
            room.revision.alerts += 1;
        }
        Some(Change::Fired) => {
            it.episode.get_or_insert_with(Uuid::now_v7);
            it.why = seen(room);
            if !terms.for_.is_zero() {
                it.why = format!("{} for {}", it.why, clock_span(terms.for_));
            }
            it.recorded = true;
            say(it, AlertWord::Firing);
        }
        Some(Change::Withdrawn) => {
            it.why = seen(room);
            if it.recorded {
                say(it, AlertWord::Withdrawn);
            }
            it.episode = None;
            room.revision.alerts += 1;
        }
        Some(Change::Resolved) => {
            it.why = if room.rests(rule) { "the rule rests".to_owned() } else { seen(room) };
            say(it, AlertWord::Resolved);
            return it.episode.take();
        }
        None if it.alert.state == State::Pending && !it.recorded => {
            let long = it.alert.since.is_some_and(|since| room.now.since(since) >= NEWS * room.speed);
            if long && !blind {
                it.recorded = true;
                say(it, AlertWord::Pending);
            }
        }
        None => {}
    }
    None
}

fn terms(room: &Room, rule: &RulePlan, blind: bool) -> Terms {
    let floor = BLIND * room.speed;
    if blind {
        return Terms { for_: rule.for_.max(floor), keep_for: Duration::ZERO, patience: floor, latch: false };
    }
    let patience = rule.for_.max(floor);
    Terms { for_: rule.for_, keep_for: rule.keep_for, patience, latch: rule.latch }
}

/// How bad an alert of a rule is.
pub fn severity(rule: &RulePlan, blind: bool) -> Severity {
    match (blind, rule.no_data) {
        (false, _) => rule.severity,
        (true, NoData::Page) => Severity::Page,
        (true, _) => Severity::Warn,
    }
}

/// This process becomes the watch: what fires goes on firing, what was pending goes on where it was left.
pub fn take_over(room: &mut Room) -> Vec<Draft> {
    let (plan, now) = (room.plan.clone(), room.now);
    let seen_until = last_look(room);
    let mut rules = std::mem::take(&mut room.live.rules);
    rules.resize_with(plan.rules.len(), RuleLive::default);
    let mut drafts = Vec::new();
    for (rule, live) in plan.rules.iter().zip(&mut rules) {
        for (name, it) in [(rule.name.clone(), &mut live.main), (blind_name(&rule.name), &mut live.blind)] {
            let Some((stamp, said)) = room.progress.episodes.newest(&name) else {
                // Nobody recorded it: what this process saw as a reader is all there is, and it has not fired yet.
                if it.alert.state == State::Firing {
                    *it = Track::default();
                }
                continue;
            };
            let since = at(now, stamp.utc());
            let episode = Some(said.episode);
            match said.to {
                AlertWord::Firing => {
                    let alert = Alert::restored(State::Firing, since, Duration::ZERO);
                    *it = Track { alert, episode, recorded: true, why: said.why.raw().to_owned() };
                }
                AlertWord::Pending => {
                    let left = seen_until.unwrap_or(stamp.utc()).max(stamp.utc());
                    let outage = (now.utc - left).to_std().unwrap_or_default();
                    if outage <= OUTAGE {
                        let held = (left - stamp.utc()).to_std().unwrap_or_default() + NEWS * room.speed;
                        let alert = Alert::restored(State::Pending, since, held.min(rule.for_));
                        *it = Track { alert, episode, recorded: true, why: said.why.raw().to_owned() };
                    } else {
                        *it = Track::default();
                        let away = duration_text(Duration::from_secs(outage.as_secs()));
                        drafts.push(super::decide::draft(
                            &room.me.author,
                            Fact::AlertChanged {
                                alert: Untrusted::new(name),
                                episode: said.episode,
                                to: AlertWord::Withdrawn,
                                severity: said.severity,
                                why: Untrusted::new(format!("nobody watched for {away}: its clock begins anew")),
                            },
                        ));
                    }
                }
                AlertWord::Resolved | AlertWord::Withdrawn => *it = Track::default(),
            }
        }
    }
    room.live.rules = rules;
    room.revision.alerts += 1;
    drafts
}

/// When anybody last took a sample in, as far as the tape says.
fn last_look(room: &Room) -> Option<DateTime<Utc>> {
    let metrics = room.live.metrics.iter().filter_map(|m| m.series.last());
    metrics.chain(room.live.services.iter().filter_map(|s| s.passes.last())).map(|p| p.at).max()
}

/// A moment of the wall clock on this process's clocks.
fn at(now: Now, utc: DateTime<Utc>) -> Now {
    let ago = (now.utc - utc).to_std().unwrap_or_default();
    Now { utc, mono: now.mono.saturating_sub(ago) }
}

/// What is to be told of alerts that fire now.
fn told_firing(room: &Room, plan: &Plan) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let mut sick = None;
    for (rule, live) in plan.rules.iter().zip(&room.live.rules) {
        for (blind, it) in [(false, &live.main), (true, &live.blind)] {
            let Some(episode) = it.episode.filter(|_| it.alert.state == State::Firing) else { continue };
            let name = if blind { blind_name(&rule.name) } else { rule.name.clone() };
            let key = episode.to_string();
            let all = &room.progress.episodes;
            let ack = all.acknowledged(&name, episode, room.now.utc);
            let sick = sick.get_or_insert_with(|| sick_services(room));
            let muted = all.silenced(&name, room.now.utc).is_some() || inhibited_by(plan, rule, sick).is_some();
            for channel in &rule.notify {
                let last = all.last_notice(&key, channel, Action::Trigger);
                if let (Some((stamp, ack)), Some(_)) = (ack, last) {
                    let who = ack.owner.as_ref().map_or_else(|| ack.by.person.to_string(), ToString::to_string);
                    let summary = format!("{name}: {who} looks after it: {}", ack.text);
                    drafts.extend(queue(room, rule, blind, it, channel, Action::Acknowledge, stamp.ms, &summary));
                    continue;
                }
                let again = match last {
                    None => Some((0, it.why.clone())),
                    Some(last) => told_again(room, &name, episode, last.utc()),
                };
                if let Some((nth, words)) = again.filter(|_| !muted && ack.is_none()) {
                    let summary = format!("{name}: {words}");
                    drafts.extend(queue(room, rule, blind, it, channel, Action::Trigger, nth, &summary));
                }
            }
            drafts.extend(escalated(room, rule, blind, it, &name, &key, ack.is_some() || muted));
        }
    }
    drafts
}

/// Why an alert that was told is told again, and what makes that telling one of its own.
fn told_again(room: &Room, name: &str, episode: Uuid, last: DateTime<Utc>) -> Option<(i64, String)> {
    let all = &room.progress.episodes;
    let now = room.now.utc;
    if let Some((_, ack)) = all.last_ack(name, episode)
        && let Some(until) = ack.until.filter(|until| *until <= now && last < *until)
    {
        return Some((until.timestamp_millis(), format!("still firing, and what {} said has run out", ack.by.person)));
    }
    let ended = all.unsilenced(name, now).filter(|end| last < *end)?;
    Some((ended.timestamp_millis(), "still firing after the silence".to_owned()))
}

/// The next ones on the ladder, where nobody took a page on in time.
fn escalated(room: &Room, rule: &RulePlan, blind: bool, it: &Track, name: &str, key: &str, held: bool) -> Vec<Draft> {
    if held || severity(rule, blind) < Severity::Page {
        return Vec::new();
    }
    let all = &room.progress.episodes;
    let mut drafts = Vec::new();
    let mut from: Vec<&str> = rule.notify.iter().map(String::as_str).collect();
    let mut ix = 0;
    while let Some(channel) = from.get(ix).copied() {
        ix += 1;
        let steps = room.plan.notify.iter().find(|c| c.name == channel).map(|c| c.escalate.as_slice());
        let Some(last) = all.last_notice(key, channel, Action::Trigger) else { continue };
        for step in steps.unwrap_or_default() {
            let waited = room.waited(last.utc());
            if waited < step.after || from.contains(&step.to.as_str()) {
                continue;
            }
            from.push(&step.to);
            if all.last_notice(key, &step.to, Action::Trigger).is_none() {
                let summary = format!("{name}: nobody took it on for {}: {}", duration_text(step.after), it.why);
                drafts.extend(queue(room, rule, blind, it, &step.to, Action::Trigger, 0, &summary));
            }
        }
    }
    drafts
}

/// What is to be told of an alert that is over: everybody who heard of it, and where a silence or a cause kept it quiet, a
/// word that it was.
fn told_over(room: &Room, rule: &RulePlan, blind: bool, episode: Uuid) -> Vec<Draft> {
    let name = if blind { blind_name(&rule.name) } else { rule.name.clone() };
    let key = episode.to_string();
    let all = &room.progress.episodes;
    let live = Track { episode: Some(episode), ..Track::default() };
    let on_its_way = |channel: &str| {
        room.unsaved.values().any(|u| match &u.draft.fact {
            Fact::NoticeQueued { notice } => notice.key == key && notice.channel == channel,
            _ => false,
        })
    };
    let mut channels: Vec<(&str, Action)> = all
        .notices_of(&key)
        .filter(|(_, n, _)| n.action == Action::Trigger)
        .map(|(_, n, _)| (n.channel.as_str(), Action::Resolve))
        .collect();
    for channel in &rule.notify {
        if !channels.iter().any(|(c, _)| c == channel) {
            channels.push((channel, if on_its_way(channel) { Action::Resolve } else { Action::Inform }));
        }
    }
    channels.sort_unstable_by_key(|(channel, _)| *channel);
    channels.dedup_by_key(|(channel, _)| *channel);
    let lasted = all.fired(&name, episode).map(|s| (room.now.utc - s.utc()).to_std().unwrap_or_default());
    let lasted = lasted.map(|d| format!(" after {}", clock_span(d))).unwrap_or_default();
    let said = |action| match action {
        Action::Inform => format!("{name}: over{lasted}; it was silenced"),
        _ => format!("{name}: over{lasted}"),
    };
    channels
        .into_iter()
        .filter_map(|(channel, action)| queue(room, rule, blind, &live, channel, action, 0, &said(action)))
        .collect()
}

/// A notice to be recorded, unless it was already; its identity follows from what it says, so that whoever watches says it
/// once.
#[expect(clippy::too_many_arguments, reason = "one notice has that many sides")]
fn queue(
    room: &Room,
    rule: &RulePlan,
    blind: bool,
    it: &Track,
    channel: &str,
    action: Action,
    nth: i64,
    summary: &str,
) -> Option<Draft> {
    let key = it.episode?.to_string();
    let id = identity(&[&key, channel, &format!("{action:?}"), &nth.to_string()]);
    if room.progress.episodes.notice(id).is_some() || room.unsaved.contains_key(&id) {
        return None;
    }
    let since = it.alert.since.map_or(room.now.utc, |since| since.utc);
    let mut details: Vec<(String, Untrusted)> = Vec::new();
    let mut put = |word: &str, value: String| details.push((word.to_owned(), Untrusted::new(value)));
    put("condition", rule.when.text.clone());
    if !rule.for_.is_zero() {
        put("for", duration_text(rule.for_));
    }
    for look in judge::looks(room, &rule.when.expr, None).into_iter().take(8) {
        let age = look.age.map(|age| format!(", {age:.0} s old")).unwrap_or_default();
        let source = look.source.map(|s| format!(", from {s}")).unwrap_or_default();
        put("seen", format!("{}{age}{source}", look.words));
    }
    if let Some(environment) = &room.plan.room.environment {
        put("environment", environment.clone());
    }
    if let Some(t) = room.t() {
        put("clock", t.to_string());
    }
    if let Some(phase) = room.current_phase() {
        put("phase", phase.title.raw().to_owned());
    }
    if let Some(place) = &rule.runbook {
        put("runbook", place.name.clone());
    }
    let notice = Notice {
        id,
        channel: channel.to_owned(),
        key,
        action,
        severity: severity(rule, blind),
        room: Untrusted::new(room.plan.room.name.clone()),
        alert: Some(if blind { blind_name(&rule.name) } else { rule.name.clone() }),
        summary: Untrusted::new(summary),
        details,
        since,
        at: room.now.utc,
    };
    Some(Draft { id, by: room.me.author.clone(), fact: Fact::NoticeQueued { notice } })
}

/// An identity that follows from words.
pub fn identity(words: &[&str]) -> Uuid {
    let mut sha = Sha256::new();
    for word in words {
        sha.update((word.len() as u64).to_le_bytes());
        sha.update(word);
    }
    let digest: [u8; 32] = sha.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(digest.get(..16).unwrap_or(&[0; 16]));
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Services that are not well, by name: down, failing and not yet confirmed, or spoken of by an alert that fires.
fn sick_services(room: &Room) -> HashMap<String, String> {
    let mut sick = HashMap::new();
    for (plan, live) in room.plan.services.iter().zip(&room.live.services) {
        if live.state == ServiceState::Down || live.failures > 0 {
            sick.insert(plan.name.clone(), format!("{} is down", plan.name));
        }
    }
    for (rule, live) in room.plan.rules.iter().zip(&room.live.rules) {
        if let Some(service) = rule.service.as_ref().filter(|_| live.main.alert.state == State::Firing) {
            sick.entry(service.name.to_string()).or_insert_with(|| format!("{} fires", rule.name));
        }
    }
    sick
}

/// What explains an alert: something that its service needs, however indirectly, is not well.
fn inhibited_by(plan: &Plan, rule: &RulePlan, sick: &HashMap<String, String>) -> Option<String> {
    let own = &rule.service.as_ref()?.name;
    let needs =
        |name: &str| plan.services.iter().find(|s| s.name == name).map(|s| s.needs.as_slice()).unwrap_or_default();
    let mut seen: Vec<&str> = vec![own];
    let mut ix = 0;
    while let Some(name) = seen.get(ix).copied() {
        ix += 1;
        for need in needs(name) {
            if let Some(why) = sick.get(need) {
                return Some(why.clone());
            }
            if !seen.contains(&need.as_str()) {
                seen.push(need);
            }
        }
    }
    None
}

impl Room {
    /// Whether a rule rests: under maintenance, or outside its windows and phases.
    pub fn rests(&self, rule: &RulePlan) -> bool {
        let kept = self.plan.maintenance.iter().any(|m| m.rules.contains(&rule.name) && self.lasts(m));
        kept || !rule.windows.is_empty() && !self.windows().any(|w| rule.windows.contains(&w.name))
            || !rule.phases.is_empty() && !rule.phases.iter().any(|place| self.under_way(place))
    }

    /// What explains an alert of a rule, if anything does.
    pub fn inhibited(&self, rule: &RulePlan) -> Option<String> {
        inhibited_by(&self.plan, rule, &sick_services(self))
    }

    /// Alerts of severity page and above that fire, each with what was seen.
    pub fn paging(&self) -> impl Iterator<Item = (String, Now, &str)> {
        self.plan.rules.iter().zip(&self.live.rules).flat_map(|(rule, live)| {
            [(false, &live.main), (true, &live.blind)].into_iter().filter_map(move |(blind, it)| {
                let fires = it.alert.state == State::Firing && severity(rule, blind) >= Severity::Page;
                let name = if blind { blind_name(&rule.name) } else { rule.name.clone() };
                fires.then(|| Some((name, it.alert.since?, it.why.as_str()))).flatten()
            })
        })
    }
}

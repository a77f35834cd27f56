//! Rules judged second by second: which alerts begin, fire and end, whom that is told, and who takes them on.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::alert::{Alert, Change, State};
use super::episodes::Said;
use super::{Room, Watch, judge};
use crate::clock::{Now, clock_span};
use crate::fact::{AlertWord, Draft, Fact};
use crate::notice::Severity;
use crate::plan::Plan;
use crate::plan::decisions::{NoData, RulePlan};
use crate::text::Untrusted;

mod cause;
mod changes;
pub mod everybody;
mod groups;
pub mod many;
mod notices;
mod parting;
mod restore;
mod shout;
mod shown;
pub mod subject;
mod there;
mod told;

pub use cause::Sick;
pub use changes::told as changes_told;
pub use many::{ForeignLive, Instance, Many, Owner};
pub use notices::identity;
pub use parting::{Parting, led, part};
pub use restore::{Sweep, keep, last_look, take_over};
pub use shout::untold;
use subject::Subject;

/// A pending alert is recorded when it has been pending this long: a flap of a second is no news.
const NEWS: Duration = Duration::from_secs(2);
/// A rule without data is an alert after its own `for`, and after this at least.
const BLIND: Duration = Duration::from_mins(1);
/// Behind the name of a rule without data.
const NO_DATA: &str = " (no data)";
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
    format!("{rule}{NO_DATA}")
}

/// Lets every rule look, and says what is to be recorded of it; nothing, where another process is the watch.
pub fn judge_rules(room: &mut Room) -> Vec<Draft> {
    let plan = room.plan.clone();
    let mut round = Round::new(room);
    restore::sweep(room, &plan, &mut round);
    let mut rules = std::mem::take(&mut room.live.rules);
    rules.resize_with(plan.rules.len(), RuleLive::default);
    for (rule, live) in plan.rules.iter().zip(&mut rules) {
        let holds = if room.rests(rule) { Some(false) } else { judge::holds(room, &rule.when.expr, None) };
        let now = room.now;
        let subject = Subject::rule(room, rule);
        track(room, &subject, &mut live.main, now, holds, &mut round);
        announce(room, &subject, &mut live.main, &mut round);
        if rule.no_data != NoData::Ignore || live.blind.alert.state != State::Inactive {
            let blind = Some(holds.is_none() && rule.no_data != NoData::Ignore);
            track(room, &Subject::unseen(room, rule), &mut live.blind, now, blind, &mut round);
        }
    }
    room.live.rules = rules;
    many::tick(room, &plan, &mut round);
    round.finish(room)
}

/// What came of letting rules look.
#[derive(Debug)]
pub struct Round {
    facts: Vec<Fact>,
    over: Vec<Draft>,
    ended: Vec<groups::Ended>,
    tells: bool,
}

impl Round {
    /// Nothing yet.
    pub fn new(room: &Room) -> Self {
        let tells = matches!(room.live.watch, Watch::Me { .. }) && !room.me.read_only;
        Self { facts: Vec::new(), over: Vec::new(), ended: Vec::new(), tells }
    }

    /// What is to be recorded: changes, then who hears of them.
    pub fn finish(self, room: &mut Room) -> Vec<Draft> {
        if !self.facts.is_empty() {
            room.revision.alerts += 1;
        }
        if !self.tells {
            return Vec::new();
        }
        let ended: HashSet<Uuid> = self.facts.iter().filter_map(ended).collect();
        let mut drafts: Vec<Draft> = self.facts.into_iter().map(|f| super::decide::draft(&room.me.author, f)).collect();
        drafts.extend(self.over);
        drafts.extend(groups::over_untold(room, self.ended));
        drafts.extend(notices::firing(room, &room.plan, &ended));
        drafts
    }

    fn say(&mut self, subject: &Subject<'_>, it: &Track, to: AlertWord) {
        self.facts.push(Fact::AlertChanged {
            alert: Untrusted::new(subject.name.clone()),
            episode: it.episode.unwrap_or_default(),
            to,
            severity: subject.severity,
            why: Untrusted::new(it.why.clone()),
        });
    }
}

/// The breach that a fact says is over.
fn ended(fact: &Fact) -> Option<Uuid> {
    match fact {
        Fact::AlertChanged { episode, to: AlertWord::Resolved, .. } => Some(*episode),
        _ => None,
    }
}

/// One evaluation of one alert.
fn track(room: &mut Room, subject: &Subject<'_>, it: &mut Track, at: Now, holds: Option<bool>, round: &mut Round) {
    let terms = &subject.terms;
    let acknowledged = terms.latch
        && it
            .episode
            .is_some_and(|episode| room.progress.episodes.acknowledged(&subject.name, episode, room.now.utc).is_some());
    match it.alert.step(terms, at, holds, acknowledged) {
        Some(Change::Begun) => {
            it.episode = Some(Uuid::now_v7());
            it.recorded = false;
            it.why = subject.seen(room);
            room.revision.alerts += 1;
        }
        Some(Change::Fired) => {
            it.episode.get_or_insert_with(Uuid::now_v7);
            it.why = subject.seen(room);
            if !terms.for_.is_zero() {
                it.why = format!("{} for {}", it.why, clock_span(terms.for_));
            }
            it.recorded = true;
            round.say(subject, it, AlertWord::Firing);
        }
        Some(Change::Withdrawn) => {
            it.why = subject.over(room);
            if it.recorded {
                round.say(subject, it, AlertWord::Withdrawn);
            }
            it.episode = None;
            room.revision.alerts += 1;
        }
        Some(Change::Resolved) => {
            it.why = subject.over(room);
            round.say(subject, it, AlertWord::Resolved);
            if let Some(episode) = it.episode.take().filter(|_| round.tells) {
                round.over.extend(notices::over(room, subject, episode, &mut round.ended));
            }
        }
        None => {}
    }
}

/// Records that an alert is pending, once it has been for a while.
fn announce(room: &Room, subject: &Subject<'_>, it: &mut Track, round: &mut Round) {
    if it.alert.state == State::Pending
        && !it.recorded
        && it.alert.since.is_some_and(|since| room.now.since(since) >= NEWS * room.speed)
    {
        it.recorded = true;
        round.say(subject, it, AlertWord::Pending);
    }
}

/// Everything that fires, with what it is.
fn each_firing<'a>(room: &'a Room, plan: &'a Plan, mut with: impl FnMut(Subject<'a>, &'a Track)) {
    let fires = |it: &Track| it.alert.state == State::Firing;
    for (rule, live) in plan.rules.iter().zip(&room.live.rules) {
        if fires(&live.main) {
            with(Subject::rule(room, rule), &live.main);
        }
        if fires(&live.blind) {
            with(Subject::unseen(room, rule), &live.blind);
        }
    }
    for (owner, many) in many::owners(room, plan) {
        for (name, it) in many.instances.iter().filter(|(_, it)| fires(&it.track)) {
            with(Subject::element(room, owner, name, &it.words), &it.track);
        }
        if fires(&many.blind) {
            with(Subject::unasked(room, owner, many.trouble.as_deref().unwrap_or_default()), &many.blind);
        }
    }
}

/// A moment of the wall clock on this process's clocks.
fn at(now: Now, utc: DateTime<Utc>) -> Now {
    let ago = (now.utc - utc).to_std().unwrap_or_default();
    Now { utc, mono: now.mono.saturating_sub(ago) }
}

impl Room {
    /// Whether a rule rests: under maintenance, or outside its windows and phases.
    pub fn rests(&self, rule: &RulePlan) -> bool {
        let kept = self.plan.maintenance.iter().any(|m| m.rules.contains(&rule.name) && self.lasts(m));
        kept || !rule.windows.is_empty() && !self.windows().any(|w| rule.windows.contains(&w.name))
            || !rule.phases.is_empty() && !rule.phases.iter().any(|place| self.under_way(place))
    }

    /// Alerts of severity page and above that fire, each with since when and what was seen.
    pub fn paging(&self) -> Vec<(String, Now, String)> {
        let mut paging = Vec::new();
        each_firing(self, &self.plan, |subject, it| {
            if let Some(since) = it.alert.since.filter(|_| subject.severity >= Severity::Page) {
                paging.push((subject.name.clone(), since, it.why.clone()));
            }
        });
        if !many::asks(self) {
            paging.extend(self.recorded_paging());
        }
        paging
    }

    /// Of rules with many alerts whoever does not ask their source knows what the record says.
    fn recorded_paging(&self) -> impl Iterator<Item = (String, Now, String)> {
        let fires = |said: &Said| said.to == AlertWord::Firing && said.severity >= Severity::Page;
        let known: HashSet<&str> = many::called(&self.plan).collect();
        self.progress.episodes.all().filter_map(move |(name, stamp, said)| {
            let base = name.split_once('{').map_or(name, |(base, _)| base);
            let ours = known.contains(base) || many::foreign(&self.plan, name);
            (ours && fires(said)).then(|| (name.to_owned(), at(self.now, stamp.utc()), said.why.raw().to_owned()))
        })
    }

    /// The source whose alert this is, where it tells its own people and nobody is told from here.
    pub fn tells_its_own(&self, name: &str) -> Option<&str> {
        let all = self.plan.sources.iter().zip(&self.live.foreign);
        let found = all.filter(|(source, _)| source.notify.is_empty()).find(|(_, live)| live.alerts.contains_key(name));
        found.map(|(source, _)| source.name.as_str())
    }

    /// Whether the plan can raise an alert of this name.
    pub fn knows_alert(&self, name: &str) -> bool {
        let bare = name.strip_suffix(NO_DATA).unwrap_or(name);
        self.plan.rules.iter().any(|rule| rule.name == bare)
            || self.plan.imported.iter().any(|rule| rule.called == bare || Owner::Imported(rule).has(bare))
            || self.plan.sources.iter().any(|source| source.name == bare && !source.notify.is_empty())
            || many::foreign(&self.plan, bare)
            || super::calls::names(&self.plan).any(|call| call == name)
    }
}

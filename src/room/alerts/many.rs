//! Rules that give many alerts, one for each set of labels: those of rule files, and what others judge.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::alert::State;
use super::super::{Room, Watch};
use super::subject::Subject;
use super::{Round, Track, announce, track};
use crate::clock::{Now, age, duration_text};
use crate::fact::Draft;
use crate::notice::Severity;
use crate::plan::rules::{ImportedRule, severity};
use crate::plan::{OwnAlerts, Plan, SourcePlan};
use crate::probe::promql::Labels;
use crate::probe::rules::{
    ALERTNAME, AlertsReading, ForeignAlert, ForeignState, Found, INSTANCES, RuleReading, instance_name, is_instance_of,
    label_words,
};
use crate::probe::template::{expand, number};

/// An answer may take its deadline; with this much more it is overdue.
const GRACE: Duration = Duration::from_secs(5);

/// The alerts of one rule as judged so far by this process.
#[derive(Clone, Debug)]
pub struct Many {
    /// By name; those that are pending or fire.
    pub instances: BTreeMap<String, Instance>,
    /// The alert that nobody can tell.
    pub blind: Track,
    /// When it was last heard of, well or not.
    pub heard: Option<Now>,
    /// When the waiting for the first answer began.
    since: Now,
    /// Why nobody can tell; none while somebody can.
    pub trouble: Option<String>,
}

/// One of them.
#[derive(Clone, Debug, Default)]
pub struct Instance {
    /// Its clocks.
    pub track: Track,
    /// What is known of it.
    pub words: Words,
    /// The evaluation that last gave it.
    seen: Option<Now>,
}

/// What is known of an alert beside its clocks.
#[derive(Clone, Debug)]
pub struct Words {
    /// All labels, with `alertname`; none when it is only known from the record.
    pub labels: Labels,
    /// The value; none where there is none.
    pub value: Option<f64>,
    /// One line that says it all.
    pub summary: String,
    /// Further words with their names, filled in.
    pub annotations: Vec<(String, String)>,
    /// How bad.
    pub severity: Severity,
    /// Whether whoever judges it keeps it quiet.
    pub quiet: bool,
}

impl Default for Words {
    fn default() -> Self {
        let (labels, summary, annotations) = (Labels::default(), String::new(), Vec::new());
        Self { labels, value: None, summary, annotations, severity: Severity::Warn, quiet: false }
    }
}

/// Whose alerts they are.
#[derive(Clone, Copy, Debug)]
pub enum Owner<'a> {
    /// A rule of a file, evaluated by us.
    Imported(&'a ImportedRule),
    /// A source with alerts of its own, which tells people through the room.
    Foreign(&'a SourcePlan),
}

impl<'a> Owner<'a> {
    /// What its alerts are called, before their labels.
    pub fn called(self) -> &'a str {
        match self {
            Self::Imported(rule) => &rule.called,
            Self::Foreign(source) => &source.name,
        }
    }

    /// Who is told.
    pub fn notify(self) -> &'a [String] {
        match self {
            Self::Imported(rule) => &rule.notify,
            Self::Foreign(source) => &source.notify,
        }
    }

    /// `for` and `keep_firing_for`.
    pub fn spans(self) -> (Duration, Duration) {
        match self {
            Self::Imported(rule) => (rule.rule.for_, rule.rule.keep_for),
            // Whoever judges them has waited already.
            Self::Foreign(_) => (Duration::ZERO, Duration::ZERO),
        }
    }

    fn every(self) -> Duration {
        match self {
            Self::Imported(rule) => rule.every,
            Self::Foreign(source) => source.every,
        }
    }

    /// Whether an alert of this name can be one of its own.
    pub fn has(self, name: &str) -> bool {
        match self {
            Self::Imported(rule) => {
                let said = |(label, value): &(String, String)| {
                    value.contains("{{") || name.contains(&label_words(label, value)) || value.is_empty()
                };
                name == rule.called || is_instance_of(name, &rule.called) && rule.rule.labels.iter().all(said)
            }
            Self::Foreign(source) => name.strip_prefix(&source.name).is_some_and(|rest| rest.starts_with('/')),
        }
    }

    /// Words for those who are told.
    pub fn details(self, put: &mut impl FnMut(&str, &str)) {
        match self {
            Self::Imported(rule) => {
                put("condition", &rule.rule.expr);
                if !rule.rule.for_.is_zero() {
                    put("for", &duration_text(rule.rule.for_));
                }
                put("rule", &format!("{}:{}", rule.rule.file, rule.rule.line));
                put("source", &rule.source);
            }
            Self::Foreign(source) => put("source", &source.name),
        }
    }
}

impl Words {
    /// What a rule of a file says of one element.
    fn of_rule(rule: &ImportedRule, element: &Labels, labels: Labels, value: f64) -> Self {
        let filled = |text: &str| expand(text, element, value);
        let annotations: Vec<(String, String)> =
            rule.rule.annotations.iter().map(|(name, text)| (name.clone(), filled(text))).collect();
        let said = |key: &str| annotations.iter().find(|(name, _)| name == key).map(|(_, text)| text.trim().to_owned());
        let summary = ["summary", "description", "message"].iter().find_map(|key| said(key)).filter(|s| !s.is_empty());
        let summary = summary.unwrap_or_else(|| format!("{} gives {}", rule.rule.expr, number(value)));
        let severity = severity(labels.get("severity"));
        Self { labels, value: Some(value), summary, annotations, severity, quiet: false }
    }

    fn of_foreign(alert: &ForeignAlert) -> Self {
        let summary = alert.summary.raw().trim();
        let summary = if summary.is_empty() { alert.labels.get(ALERTNAME).unwrap_or("alert") } else { summary };
        Self {
            labels: alert.labels.clone(),
            summary: summary.to_owned(),
            severity: severity(alert.labels.get("severity")),
            quiet: matches!(alert.state, ForeignState::Silenced | ForeignState::Inhibited),
            ..Self::default()
        }
    }

    /// Words for those who are told.
    pub fn details(&self, put: &mut impl FnMut(&str, &str)) {
        if let Some(value) = self.value {
            put("value", &number(value));
        }
        for (name, value) in self.labels.iter().filter(|(name, _)| *name != ALERTNAME).take(32) {
            put(&format!("label {}", crate::text::escape(name)), value);
        }
        for (name, text) in self.annotations.iter().take(16) {
            put(&crate::text::escape(name), text);
        }
    }
}

/// What an evaluation gave: alerts by name, and why more may be there.
type Given = (Vec<(String, Words)>, Option<String>);

impl Instance {
    /// One that is only known from the record.
    pub fn known(severity: Severity, why: &str) -> Self {
        let words = Words { severity, summary: why.to_owned(), ..Words::default() };
        Self { words, ..Self::default() }
    }
}

impl Many {
    /// Nothing heard yet.
    pub fn new(now: Now) -> Self {
        Self { instances: BTreeMap::new(), blind: Track::default(), heard: None, since: now, trouble: None }
    }

    /// For how long it has not been heard of.
    pub fn silent(&self, now: Now) -> Duration {
        now.since(self.heard.unwrap_or(self.since))
    }

    /// Takes an evaluation in: each element holds; what is absent does not, unless that cannot be known.
    fn take(&mut self, room: &mut Room, owner: Owner<'_>, at: Now, given: Result<Given, String>, round: &mut Round) {
        self.heard = Some(at);
        let (elements, gap) = match given {
            Ok(given) => given,
            Err(why) => (Vec::new(), Some(why)),
        };
        self.trouble = gap.clone().filter(|_| elements.is_empty());
        let mut beyond = 0;
        for (name, words) in elements {
            if !self.instances.contains_key(&name) && self.instances.len() >= INSTANCES {
                beyond += 1;
                continue;
            }
            let it = self.instances.entry(name.clone()).or_default();
            (it.words, it.seen) = (words, Some(at));
            let subject = Subject::element(room, owner, &name, &it.words);
            track(room, &subject, &mut it.track, at, Some(true), round);
        }
        if beyond > 0 {
            self.trouble = Some(format!("more than {INSTANCES} alerts of this rule; {beyond} are not judged"));
        }
        let absent = if gap.is_some() { None } else { Some(false) };
        for (name, it) in self.instances.iter_mut().filter(|(_, it)| it.seen != Some(at)) {
            let subject = Subject::element(room, owner, name, &it.words);
            track(room, &subject, &mut it.track, at, absent, round);
        }
        self.instances.retain(|_, it| it.track.alert.state != State::Inactive);
    }

    /// Lets time pass: who does not answer is not heard of, and who has been pending for a while is recorded.
    fn tick(&mut self, room: &mut Room, owner: Owner<'_>, round: &mut Round) {
        let now = room.now;
        let silent = self.silent(now);
        if silent > owner.every() * 2 + GRACE * room.speed {
            self.trouble = Some(format!("no answer for {}", age(silent)));
            for (name, it) in &mut self.instances {
                let subject = Subject::element(room, owner, name, &it.words);
                track(room, &subject, &mut it.track, now, None, round);
            }
        }
        for (name, it) in &mut self.instances {
            let subject = Subject::element(room, owner, name, &it.words);
            announce(room, &subject, &mut it.track, round);
        }
        // Most rules are well most of the time: no name is made for them.
        if self.trouble.is_none() && self.blind.alert.state == State::Inactive {
            return;
        }
        let why = self.trouble.clone().unwrap_or_default();
        let subject = Subject::unasked(room, owner, &why);
        track(room, &subject, &mut self.blind, now, Some(self.trouble.is_some()), round);
    }
}

/// Rules gave something.
pub fn heard(room: &mut Room, at: Now, readings: Vec<RuleReading>) -> Vec<Draft> {
    let plan = room.plan.clone();
    let mut all = std::mem::take(&mut room.live.imported);
    let mut round = Round::new(room);
    for RuleReading { rule, found } in readings {
        let ix = rule.0 as usize;
        let (Some(rule), Some(many)) = (plan.imported.get(ix), all.get_mut(ix)) else { continue };
        many.take(room, Owner::Imported(rule), at, found.and_then(|found| elements(rule, found)), &mut round);
    }
    room.live.imported = all;
    round.finish(room)
}

/// A source said which alerts stand there.
pub fn heard_of(room: &mut Room, at: Now, reading: AlertsReading) -> Vec<Draft> {
    let plan = room.plan.clone();
    let ix = reading.source.0 as usize;
    let mut all = std::mem::take(&mut room.live.foreign);
    let mut round = Round::new(room);
    if let (Some(source), Some(live)) = (plan.sources.get(ix), all.get_mut(ix)) {
        let given = reading.found.map(|standing| {
            live.left_out = standing.left_out;
            live.alerts = standing.alerts.into_iter().map(|alert| (foreign_name(source, &alert), alert)).collect();
            let gap = (standing.left_out > 0).then(|| format!("{} more alerts than are kept", standing.left_out));
            let told =
                live.alerts.iter().filter(|(_, a)| a.state != ForeignState::Pending && !source.notify.is_empty());
            (told.map(|(name, alert)| (name.clone(), Words::of_foreign(alert))).collect(), gap)
        });
        live.trouble = given.as_ref().err().cloned();
        if given.is_ok() {
            live.fresh = Some(at);
        }
        live.many.take(room, Owner::Foreign(source), at, given, &mut round);
    }
    room.live.foreign = all;
    room.revision.alerts += 1;
    round.finish(room)
}

/// `am/HighErrorRate{job="api"}`: never the name of an alert of our own.
fn foreign_name(source: &SourcePlan, alert: &ForeignAlert) -> String {
    let name = alert.labels.get(ALERTNAME).unwrap_or("alert");
    instance_name(&format!("{}/{name}", source.name), &alert.labels)
}

/// The alerts that an evaluation makes, as Prometheus makes them: the rule's labels stand over those of the element.
fn elements(rule: &ImportedRule, found: Found) -> Result<Given, String> {
    if rule.rule.limit > 0 && found.elements.len() + found.left_out > rule.rule.limit {
        let n = found.elements.len() + found.left_out;
        return Err(format!("{n} alerts, more than the {} that its group allows", rule.rule.limit));
    }
    let mut named = BTreeMap::new();
    for (element, value) in found.elements {
        let own: Vec<(&str, String)> =
            rule.rule.labels.iter().map(|(name, text)| (name.as_str(), expand(text, &element, value))).collect();
        let rest = element.iter().filter(|(name, _)| *name != crate::probe::promql::NAME);
        let all = rest.chain(own.iter().map(|(name, text)| (*name, text.as_str())));
        let labels = Labels::new(all.chain([(ALERTNAME, rule.rule.name.as_str())]));
        let name = instance_name(&rule.called, &labels);
        if named.insert(name, Words::of_rule(rule, &element, labels, value)).is_some() {
            return Err("two elements have the same labels, once the rule's own stand over them".to_owned());
        }
    }
    Ok((named.into_iter().collect(), found.gap))
}

/// Lets time pass over all of them; whoever does not ask them has nothing to say.
pub fn tick(room: &mut Room, plan: &Plan, round: &mut Round) {
    if !asks(room) {
        return;
    }
    let mut all = std::mem::take(&mut room.live.imported);
    for (rule, many) in plan.imported.iter().zip(&mut all).filter(|(rule, _)| rule.rule.not_evaluated.is_none()) {
        many.tick(room, Owner::Imported(rule), round);
    }
    room.live.imported = all;
    let mut all = std::mem::take(&mut room.live.foreign);
    for (source, live) in plan.sources.iter().zip(&mut all).filter(|(source, _)| source.alerts == OwnAlerts::Read) {
        if source.notify.is_empty() {
            let silent = live.many.silent(room.now);
            if silent > source.every * 2 + GRACE * room.speed {
                live.trouble = Some(format!("no answer for {}", age(silent)));
            }
        } else {
            live.many.tick(room, Owner::Foreign(source), round);
            if live.many.trouble.is_some() {
                live.trouble.clone_from(&live.many.trouble);
            }
        }
    }
    room.live.foreign = all;
}

/// Whether every rule and every source of alerts has answered, well or not.
pub fn all_heard(room: &Room) -> bool {
    let rules = room.plan.imported.iter().zip(&room.live.imported);
    let sources = room.plan.sources.iter().zip(&room.live.foreign);
    rules.filter(|(rule, _)| rule.rule.not_evaluated.is_none()).all(|(_, many)| many.heard.is_some())
        && sources.filter(|(source, _)| source.alerts == OwnAlerts::Read).all(|(_, live)| live.many.heard.is_some())
}

/// Whether this process asks the sources itself: the watch does, and whoever is alone.
pub fn asks(room: &Room) -> bool {
    matches!(room.live.watch, Watch::Me { .. } | Watch::Nobody)
}

/// What the alerts of each are called before their labels; of sources, the sources' names.
pub fn called(plan: &Plan) -> impl Iterator<Item = &str> {
    let told = plan.sources.iter().filter(|source| !source.notify.is_empty());
    plan.imported.iter().map(|rule| rule.called.as_str()).chain(told.map(|source| source.name.as_str()))
}

/// Whether an alert of this name is one of a source that tells people through the room.
pub fn foreign(plan: &Plan, name: &str) -> bool {
    plan.sources.iter().any(|source| !source.notify.is_empty() && Owner::Foreign(source).has(name))
}

/// Everybody who has many alerts, with what is judged of them.
pub fn owners<'a>(room: &'a Room, plan: &'a Plan) -> impl Iterator<Item = (Owner<'a>, &'a Many)> {
    let imported = plan.imported.iter().zip(&room.live.imported).map(|(rule, many)| (Owner::Imported(rule), many));
    let foreign = plan.sources.iter().zip(&room.live.foreign).filter(|(source, _)| !source.notify.is_empty());
    imported.chain(foreign.map(|(source, live)| (Owner::Foreign(source), &live.many)))
}

/// The alerts of a source as it said them last.
#[derive(Clone, Debug)]
pub struct ForeignLive {
    /// By name.
    pub alerts: BTreeMap<String, ForeignAlert>,
    /// How many there were beyond those.
    pub left_out: usize,
    /// When it last said them.
    pub fresh: Option<Now>,
    /// Why they are old; none while they are not. Nothing here ends because its source is silent.
    pub trouble: Option<String>,
    /// Where the room tells people of them: the clocks.
    pub many: Many,
}

impl ForeignLive {
    /// Nothing heard yet.
    pub fn new(now: Now) -> Self {
        Self { alerts: BTreeMap::new(), left_out: 0, fresh: None, trouble: None, many: Many::new(now) }
    }
}

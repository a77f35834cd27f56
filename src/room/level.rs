//! Levels judged second by second: which symptoms put the room where, for how long, and by when somebody has to decide.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::retreat::Taken;
use super::{Room, Watch, judge};
use crate::clock::{Now, Stamp, clock_span};
use crate::condition::{Expr, Op, Test};
use crate::fact::retreat::Choice;
use crate::fact::{Fact, Verdict};
use crate::plan::Plan;
use crate::plan::decisions::LevelPlan;
use crate::text::Untrusted;

/// Two looks further apart than this say nothing of the time between them.
const BLINK: Duration = Duration::from_secs(5);
/// A symptom improves when it has come nearer to its threshold by this share of its distance.
const BETTER: f64 = 0.1;

/// A level as judged so far by this process.
#[derive(Clone, Debug, Default)]
pub struct LevelLive {
    /// Whether any of its symptoms holds, at the last look.
    holds: Option<bool>,
    /// Since when that is so, as far as somebody looked.
    since: Option<Now>,
    /// Since when its symptoms put the room on it.
    pub entered: Option<Now>,
    last: Option<Now>,
}

/// Levels as this process judges them.
#[derive(Clone, Debug, Default)]
pub struct LevelsLive {
    /// In the plan's order.
    pub each: Vec<LevelLive>,
    /// What the watch has recorded last, once it has recorded or taken over.
    recorded: Recorded,
    /// The record was taken over as far as here.
    followed: Option<Stamp>,
    /// Which rollback counts down, and since when this process has said so.
    pub(super) counting: Option<(String, Now)>,
    /// The criteria of each plan that is verified hold since.
    pub(super) steady: Vec<Option<(Now, Now)>>,
}

/// What this process knows of the newest record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Recorded {
    /// Nothing yet.
    #[default]
    Nothing,
    /// The room is on this level, or on none.
    On(Option<usize>),
}

/// The level the room is on.
#[derive(Clone, Debug)]
pub struct LevelNow {
    /// Its place in the plan.
    pub ix: usize,
    /// Its name.
    pub name: String,
    /// What puts it there, in words.
    pub symptoms: Vec<String>,
    /// Since when the room is on it or on a higher one.
    pub since: DateTime<Utc>,
    /// How many of its symptoms nobody can tell.
    pub unknown: usize,
    /// Whether it is held only until its symptoms have been gone for long enough: how long they are.
    pub gone_for: Option<Duration>,
    /// The runbook's word on it.
    pub say: Option<String>,
    /// Whether it gets better.
    pub trend: Trend,
    /// What was decided about it.
    pub decision: Option<Taken>,
    /// Time left to decide; zero when somebody has to decide now; none without a clock, or when it is decided.
    pub left: Option<Duration>,
}

/// Whether a symptom comes nearer to its threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trend {
    /// By a tenth of its distance at least.
    Improving,
    /// It does not.
    NotImproving,
    /// Nobody can tell.
    Unknown,
}

impl Trend {
    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Improving => "improving",
            Self::NotImproving => "not improving",
            Self::Unknown => "nobody can tell whether it improves",
        }
    }
}

impl LevelNow {
    /// What it is and why: `level 2: error rate 3.4% > 3%`.
    pub fn short(&self) -> String {
        format!("level {}: {}", self.name, self.symptoms.join(", "))
    }

    /// One line that says all of it: `LEVEL 2 error rate 3.4% > 3% since 2:10 · decide in 7:50: prepare rollback`.
    pub fn sentence(&self, now: DateTime<Utc>) -> String {
        let lasted = (now - self.since).to_std().unwrap_or_default();
        let mut parts = vec![format!("LEVEL {} {} since {}", self.name, self.symptoms.join(", "), clock_span(lasted))];
        let say = self.say.as_ref().map(|say| format!(": {say}")).unwrap_or_default();
        match (&self.decision, self.left) {
            (_, Some(left)) if left.is_zero() => parts.push(format!("DECIDE NOW{say}")),
            (_, Some(left)) => parts.push(format!("decide in {}{say}", clock_span(left))),
            (Some(taken), None) => parts.push(format!("{} decided: {}", taken.by.person, taken.choice)),
            (None, None) => parts.extend(self.say.clone()),
        }
        parts.push(self.trend.word().to_owned());
        parts.extend(self.gone_for.map(|gone| format!("not seen for {}", clock_span(gone))));
        match self.unknown {
            0 => {}
            1 => parts.push("one symptom unknown".to_owned()),
            n => parts.push(format!("{n} symptoms unknown")),
        }
        parts.join(" · ")
    }
}

impl Room {
    /// The place of a level in the plan, by its name, case apart.
    pub fn level_named(&self, name: &str) -> Option<usize> {
        self.plan.levels.iter().position(|l| l.name.eq_ignore_ascii_case(name))
    }

    /// How high a level is: by number where all are numbers, else in the plan's order.
    pub fn level_rank(&self, ix: usize) -> u64 {
        self.plan.levels.get(ix).and_then(number).filter(|_| self.levels_are_numbered()).unwrap_or(ix as u64)
    }

    fn levels_are_numbered(&self) -> bool {
        self.plan.levels.iter().all(|l| number(l).is_some())
    }

    fn highest(&self, among: impl Iterator<Item = usize>) -> Option<usize> {
        among.max_by_key(|ix| self.level_rank(*ix))
    }

    /// The level the room is on: the highest that is judged or declared.
    pub fn level_ix(&self) -> Option<usize> {
        let judged = (0..self.plan.levels.len()).filter(|ix| self.judged(*ix));
        let declared = (0..self.plan.levels.len()).filter(|ix| self.declared_on(*ix).next().is_some());
        self.highest(judged.chain(declared))
    }

    /// What the level the room is on makes of every verdict: the lowest of several asks to wait, a higher one and what people
    /// declared says no; none when the room is on none.
    pub fn level_says(&self) -> Option<(usize, Verdict)> {
        let ix = self.level_ix()?;
        let lowest = (0..self.plan.levels.len()).all(|other| self.level_rank(other) >= self.level_rank(ix));
        let several = self.plan.levels.len() > 1;
        let mild = if self.levels_are_numbered() { self.level_rank(ix) < 2 } else { lowest && several };
        let declared = self.declared_on(ix).next().is_some();
        Some((ix, if mild && !declared { Verdict::Wait } else { Verdict::NoGo }))
    }

    fn judged(&self, ix: usize) -> bool {
        self.live.levels.each.get(ix).is_some_and(|l| l.entered.is_some())
    }

    /// Declarations that put the room on a level.
    pub fn declared_on(&self, ix: usize) -> impl Iterator<Item = &super::retreat::Declared> {
        let name = self.plan.levels.get(ix).map(|l| l.name.as_str());
        self.progress.retreat.declared().filter(move |d| Some(d.level.raw()) == name)
    }

    /// The level the room is on, in words; none when it is on none.
    pub fn level(&self) -> Option<LevelNow> {
        let ix = self.level_ix()?;
        let plan = self.plan.levels.get(ix)?;
        let live = self.live.levels.each.get(ix);
        let stands: Vec<Option<bool>> = plan.when.iter().map(|c| judge::holds(self, &c.expr, None)).collect();
        let mut symptoms: Vec<String> =
            self.declared_on(ix).map(|d| format!("{}, {} says{}", d.symptom, d.by.person, words_of(&d.text))).collect();
        let holding = plan.when.iter().zip(&stands).filter(|(_, holds)| **holds == Some(true));
        symptoms.extend(holding.map(|(c, _)| judge::words(self, &c.expr, None)));
        if symptoms.is_empty() {
            symptoms = self.seen_last(plan);
        }
        let gone_for = live.filter(|l| l.entered.is_some() && l.holds == Some(false)).and_then(|l| l.since);
        let begun = self.level_begun(ix).or_else(|| self.declared_on(ix).next().map(|d| d.stamp));
        let since =
            begun.map(Stamp::utc).or_else(|| live.and_then(|l| l.entered).map(|at| at.utc)).unwrap_or(self.now.utc);
        let decision = begun.and_then(|at| self.progress.retreat.decision(&plan.name, at)).cloned();
        let left = plan.decide_within.and_then(|within| {
            let from = match &decision {
                None => since,
                // To wait is to look again after as long: a wait without end would be no decision.
                Some(taken) if taken.choice == Choice::Wait => taken.stamp.utc(),
                Some(_) => return None,
            };
            Some(within.saturating_sub((self.now.utc - from).to_std().unwrap_or_default()))
        });
        Some(LevelNow {
            ix,
            name: plan.name.clone(),
            symptoms,
            since,
            unknown: stands.iter().filter(|holds| holds.is_none()).count(),
            gone_for: gone_for.map(|at| self.now.since(at)).filter(|_| self.declared_on(ix).next().is_none()),
            say: plan.say.clone(),
            trend: self.trend(plan, since),
            decision,
            left,
        })
    }

    /// What was recorded of a level when the room came onto it; of one that it came down to, what it is about.
    fn seen_last(&self, plan: &LevelPlan) -> Vec<String> {
        let recorded = self.progress.retreat.level().filter(|(_, to, _)| *to == Some(plan.name.as_str()));
        let seen: Vec<String> =
            recorded.map(|(.., symptoms)| symptoms.iter().map(ToString::to_string).collect()).unwrap_or_default();
        let about = || plan.when.iter().map(|condition| condition.text.clone()).collect();
        if seen.is_empty() { about() } else { seen }
    }

    /// When the room came onto a level or a higher one, by the record.
    pub fn level_begun(&self, ix: usize) -> Option<Stamp> {
        let rank = self.level_rank(ix);
        let as_high = |to: Option<&str>| {
            to.and_then(|name| self.level_named(name)).is_some_and(|other| self.level_rank(other) >= rank)
        };
        self.progress.retreat.since_when(as_high)
    }

    /// Whether what puts the room on a level comes nearer to its threshold than when that began.
    fn trend(&self, plan: &LevelPlan, begun: DateTime<Utc>) -> Trend {
        let mut found: Vec<Option<bool>> = Vec::new();
        for condition in &plan.when {
            match judge::holds(self, &condition.expr, None) {
                Some(false) => {}
                None => found.push(None),
                Some(true) => found.extend(self.distances(&condition.expr, begun)),
            }
        }
        // What people declare has no number.
        if self.progress.retreat.declared().any(|d| d.level.raw() == plan.name) {
            found.push(None);
        }
        if found.contains(&Some(false)) {
            Trend::NotImproving
        } else if found.contains(&None) {
            Trend::Unknown
        } else {
            Trend::Improving
        }
    }

    /// For each number in a symptom that holds: whether it has come nearer.
    fn distances(&self, expr: &Expr, begun: DateTime<Utc>) -> Vec<Option<bool>> {
        let far = |op: Op, value: f64, line: f64| match op.sign() {
            ">" | ">=" => Some(value - line),
            "<" | "<=" => Some(line - value),
            _ => None,
        };
        let holding = expr.leaves().into_iter().filter(|test| judge::leaf(self, test, None) == Some(true));
        holding
            .map(|test| {
                let (op, line) = match test {
                    Test::Metric { threshold, .. } => (threshold.op, threshold.value),
                    Test::Baseline { metric, op, factor } => (*op, self.baseline_mean(metric.ix)? * factor),
                    _ => return None,
                };
                let live = self.live.metrics.get(test.metric()?.ix.0 as usize)?;
                let then = live.series.between(begun - chrono::TimeDelta::minutes(1), begun).last()?;
                let (then, now) = (far(op, then, line)?, far(op, live.current()?, line)?);
                Some(now <= then - BETTER * then.abs() && now < then)
            })
            .collect()
    }
}

fn number(level: &LevelPlan) -> Option<u64> {
    level.name.trim().parse().ok()
}

fn words_of(text: &Untrusted) -> String {
    if text.raw().is_empty() { String::new() } else { format!(": {text}") }
}

/// Lets every level look; what the watch is to record of it.
pub(super) fn judge_levels(room: &mut Room) -> Vec<Fact> {
    if room.plan.levels.is_empty() {
        return Vec::new();
    }
    let plan = Arc::clone(&room.plan);
    let watching = matches!(room.live.watch, Watch::Me { .. }) && !room.me.read_only;
    let before = room.level_ix();
    let mut levels = std::mem::take(&mut room.live.levels);
    levels.each.resize_with(plan.levels.len(), LevelLive::default);
    let newest = room.progress.retreat.level().map(|(stamp, ..)| stamp);
    if !watching && newest > levels.followed || watching && levels.recorded == Recorded::Nothing {
        seed(room, &mut levels);
        levels.followed = newest;
    }
    let (now, blink) = (room.now, BLINK * room.speed);
    for (live, level) in levels.each.iter_mut().zip(&plan.levels) {
        let stands: Vec<Option<bool>> = level.when.iter().map(|c| judge::holds(room, &c.expr, None)).collect();
        let holds = any(stands.iter().copied());
        // Only answers count: a single one, which is current for a while, proves nothing of the time behind it.
        let ages = level.when.iter().zip(&stands).filter(|(_, s)| **s == holds).map(|(c, _)| answered(room, &c.expr));
        let age = if holds == Some(true) { ages.min() } else { ages.max() };
        live.step(level, now, blink, (holds, age.unwrap_or_default()));
    }
    room.live.levels = levels;
    let ix = room.level_ix();
    if before != ix {
        room.revision.header += 1;
    }
    let name = |ix: Option<usize>| Some(Untrusted::new(plan.levels.get(ix?)?.name.clone()));
    let known = room.live.levels.recorded;
    if !watching || known == Recorded::On(ix) || known == Recorded::Nothing && ix.is_none() && newest.is_none() {
        return Vec::new();
    }
    let from = match known {
        Recorded::On(from) => from,
        Recorded::Nothing => None,
    };
    room.live.levels.recorded = Recorded::On(ix);
    let symptoms = room.level().map(|l| l.symptoms).unwrap_or_default().into_iter().map(Untrusted::new).collect();
    vec![Fact::LevelChanged { from: name(from), to: name(ix), symptoms }]
}

/// How long ago the oldest of what an expression looks at was answered; zero for what needs no answer.
fn answered(room: &Room, expr: &Expr) -> Duration {
    let metrics = expr.leaves().into_iter().filter_map(|test| room.live.metrics.get(test.metric()?.ix.0 as usize));
    metrics.filter_map(|live| live.fresh).map(|at| room.now.since(at)).max().unwrap_or_default()
}

/// Any of several: one that holds is enough, one unknown leaves it unknown.
fn any(stands: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut all = Some(false);
    for one in stands {
        match one {
            Some(true) => return Some(true),
            None => all = None,
            Some(false) => {}
        }
    }
    all
}

/// Goes on from the record: the room is on the level it was on, and on those below, until they are seen not to hold.
fn seed(room: &Room, levels: &mut LevelsLive) {
    let Some((stamp, to, _)) = room.progress.retreat.level() else { return };
    let on = to.and_then(|name| room.level_named(name));
    let rank = on.map(|ix| room.level_rank(ix));
    levels.recorded = Recorded::On(on);
    for (ix, live) in levels.each.iter_mut().enumerate() {
        let declared = on.is_some_and(|on| room.declared_on(on).next().is_some());
        match rank {
            Some(rank) if room.level_rank(ix) <= rank && !declared => {
                let ago = (room.now.utc - stamp.utc()).to_std().unwrap_or_default();
                let at = Now { utc: stamp.utc(), mono: room.now.mono.saturating_sub(ago) };
                live.entered = live.entered.or(Some(at));
                (live.holds, live.since) = (None, None);
            }
            // Another has looked for longer, and says that it does not hold.
            _ if !declared => live.entered = None,
            _ => {}
        }
    }
}

/// This process becomes the watch: it goes on from the record.
pub(super) fn take_over(room: &mut Room) {
    room.live.levels.recorded = Recorded::Nothing;
    room.live.levels.counting = None;
    room.live.levels.steady.clear();
}

/// Keeps what is known of levels that the new plan has unchanged.
pub(super) fn keep(old: &Plan, kept: LevelsLive, new: &Plan, live: &mut LevelsLive) {
    let same = old.levels.iter().map(|l| &l.name).eq(new.levels.iter().map(|l| &l.name));
    if same {
        *live = kept;
    } else {
        // What was recorded is gone on from, by name.
        live.followed = None;
    }
}

impl LevelLive {
    /// Takes one look in. No data neither brings the room onto a level nor off it.
    fn step(&mut self, plan: &LevelPlan, now: Now, blink: Duration, (holds, age): (Option<bool>, Duration)) {
        let unseen = self.last.is_none_or(|last| now.since(last) > blink);
        if self.holds != holds || unseen || self.since.is_none() {
            self.holds = holds;
            self.since = Some(now);
        }
        self.last = Some(now);
        let lasted = self.since.map(|since| now.since(since)).unwrap_or_default().saturating_sub(age);
        match holds {
            Some(true) if self.entered.is_none() && lasted >= plan.for_ => self.entered = Some(now),
            Some(false) if lasted >= plan.keep_for => self.entered = None,
            _ => {}
        }
    }
}

//! Rollback plans as they stand: how far they have come, whether they still work, what they cost, and which is the cheapest.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::command::{Planned, is_odd};
use super::retreat::Way;
use super::{Room, Status, Watch, judge};
use crate::clock::{age, clock_span, duration_text};
use crate::condition::Test;
use crate::fact::retreat::{Hand, Rung};
use crate::fact::{Fact, Mark};
use crate::plan::decisions::{Auto, Place, RollbackPlan};
use crate::text::Untrusted;

/// Two looks further apart than this say nothing of the time between them.
const BLINK: Duration = Duration::from_secs(5);

/// A rollback plan as it stands.
#[derive(Clone, Debug)]
pub struct RollbackNow {
    /// Its place in the plan.
    pub ix: usize,
    /// Its name.
    pub name: String,
    /// How it stands by the record.
    pub way: Way,
    /// Why it does not work any more; none while it does.
    pub invalid: Option<String>,
    /// What is missing before it can be armed.
    pub open: Vec<String>,
    /// How long it takes, measured before or as the plan says.
    pub takes: Option<Duration>,
    /// Whether that was measured here.
    pub measured: bool,
    /// Its steps: settled, all.
    pub steps: (u32, u32),
    /// How many have armed it, and how many must.
    pub hands: (usize, usize),
    /// What has to be typed to fire it.
    pub word: String,
    /// How long what it verifies has held, and must; while it verifies.
    pub dwell: Option<(Duration, Duration)>,
    /// Why what it verifies does not hold.
    pub verify: Option<String>,
    /// Time until it fires by itself unless somebody says no.
    pub countdown: Option<Duration>,
    /// Whether it is the cheapest that still works for the level the room is on.
    pub recommended: bool,
}

impl RollbackNow {
    /// Where it stands, in words.
    pub fn state(&self, now: DateTime<Utc>) -> String {
        let lasted = |at: Option<crate::clock::Stamp>| {
            at.and_then(|at| (now - at.utc()).to_std().ok()).map(clock_span).unwrap_or_default()
        };
        let fired = || lasted(self.way.fired.as_ref().map(|(at, ..)| *at));
        match self.way.rung {
            Rung::Idle => "not prepared".to_owned(),
            Rung::Prepared => "prepared".to_owned(),
            Rung::Armed => match (self.countdown, self.hands) {
                (Some(left), _) => format!("FIRES in {} unless somebody says no", clock_span(left)),
                (None, (have, need)) if have < need => format!("armed by {have} of {need}"),
                _ => "armed".to_owned(),
            },
            Rung::Fired => format!("fired {} ago, {} of {} steps done", fired(), self.steps.0, self.steps.1),
            Rung::Verifying => match self.dwell {
                Some((held, need)) if !need.is_zero() => {
                    format!("verifying, steady {}/{}, fired {} ago", clock_span(held), clock_span(need), fired())
                }
                _ => format!("verifying, fired {} ago", fired()),
            },
            Rung::Complete => {
                let took = self.way.measured.and_then(|s| Duration::try_from_secs_f64(s).ok());
                format!("complete{}", took.map(|t| format!(", took {}", clock_span(t))).unwrap_or_default())
            }
            Rung::Aborted => "aborted".to_owned(),
        }
    }

    /// What it costs, in words: `1m30s`, `1m12s measured`.
    pub fn cost(&self) -> String {
        let how = if self.measured { " measured" } else { "" };
        self.takes
            .map_or_else(|| "takes nobody knows how long".to_owned(), |t| format!("takes {}{how}", duration_text(t)))
    }
}

impl Room {
    /// The place of a rollback plan, by its name, case apart.
    pub fn rollback_named(&self, name: &str) -> Option<usize> {
        self.plan.rollbacks.iter().position(|r| r.name.eq_ignore_ascii_case(name))
    }

    /// Every rollback plan, in the plan's order.
    pub fn rollbacks(&self) -> Vec<RollbackNow> {
        let recommended = self.recommended();
        (0..self.plan.rollbacks.len()).filter_map(|ix| self.rollback_of(ix, recommended)).collect()
    }

    /// The steps of a rollback plan, in order.
    pub fn rollback_steps(&self, ix: usize) -> Vec<crate::fact::StepId> {
        let plan = self.plan.rollbacks.get(ix);
        plan.into_iter().flat_map(|p| self.steps_under(Some(&p.steps))).map(|s| s.id.clone()).collect()
    }

    /// The command that a plan begins with, where the word that fires the plan is enough to run it: it can be read at a glance,
    /// is as it looks, and asks nobody anything. Otherwise it is run from its own sheet.
    pub fn first_command(&self, ix: usize) -> Option<Planned> {
        const LINES: usize = 8;
        let step = self.rollback_steps(ix).into_iter().next()?;
        let first = self.would_run(&step).into_iter().next()?;
        let script = first.script.shown();
        let plain = first.blocked.is_empty() && first.terminal.is_none() && first.warnings.is_empty();
        let clear = !script.chars().any(|c| c != '\n' && is_odd(c)) && script.lines().count() <= LINES;
        (plain && clear).then_some(first)
    }

    /// One rollback plan.
    pub fn rollback(&self, ix: usize) -> Option<RollbackNow> {
        self.rollback_of(ix, self.recommended())
    }

    fn rollback_of(&self, ix: usize, recommended: Option<usize>) -> Option<RollbackNow> {
        let plan = self.plan.rollbacks.get(ix)?;
        let way = self.progress.retreat.way(&plan.name);
        let (takes, measured) = self.takes(plan, &way);
        let verifying = way.rung == Rung::Verifying;
        let steady = self.live.levels.steady.get(ix).copied().flatten();
        let held = steady.map(|(from, _)| self.now.since(from)).unwrap_or_default();
        Some(RollbackNow {
            ix,
            name: plan.name.clone(),
            invalid: self.passed(plan.until.as_ref()),
            open: if way.rung.under_way() { Vec::new() } else { self.rollback_open(plan) },
            takes,
            measured,
            steps: self.steps_of(Some(&plan.steps)),
            hands: (way.hands(plan.hands.count()), plan.hands.count()),
            word: plan.confirm.as_ref().unwrap_or(&plan.name).trim().to_owned(),
            dwell: verifying.then(|| (held.min(plan.dwell), plan.dwell)),
            verify: if verifying { self.not_verified(plan) } else { None },
            countdown: self.countdown(plan, &way),
            recommended: recommended == Some(ix),
            way,
        })
    }

    /// How long a plan takes, and whether that was measured by this journal: the newest time it was gone through to its end, else
    /// its steps as they were last done, else what the plan says.
    pub(super) fn takes(&self, plan: &RollbackPlan, way: &Way) -> (Option<Duration>, bool) {
        if let Some(took) = way.measured.and_then(|s| Duration::try_from_secs_f64(s).ok()) {
            return (Some(Duration::from_secs(took.as_secs())), true);
        }
        let steps: Option<Vec<Duration>> = self.steps_under(Some(&plan.steps)).map(|step| self.took(step)).collect();
        match steps.filter(|all| !all.is_empty()) {
            Some(all) => (Some(all.into_iter().fold(Duration::ZERO, Duration::saturating_add)), true),
            None => (plan.takes, false),
        }
    }

    /// The cheapest plan that still works for the level the room is on; how long it takes decides.
    pub fn recommended(&self) -> Option<usize> {
        let level = &self.plan.levels.get(self.level_ix()?)?.name;
        let plans = self.plan.rollbacks.iter().enumerate();
        let fit = plans.filter(|(_, plan)| {
            let answers = plan.for_levels.is_empty() || plan.for_levels.contains(level);
            answers && self.passed(plan.until.as_ref()).is_none()
        });
        fit.min_by_key(|(_, plan)| {
            let way = self.progress.retreat.way(&plan.name);
            self.takes(plan, &way).0.unwrap_or(Duration::MAX)
        })
        .map(|(ix, _)| ix)
    }

    /// Why a point of no return lies behind: what of it is begun. Nobody can tell where its step is not found.
    pub(super) fn passed(&self, until: Option<&Place>) -> Option<String> {
        let place = until?;
        let begun = |status| matches!(status, Status::Running | Status::Done | Status::InFile | Status::Failed);
        let mut steps = self.steps_under(Some(place)).peekable();
        if steps.peek().is_none() {
            let name = crate::text::escape(&place.name);
            return Some(format!("its point of no return, \"{name}\", is not in the runbook"));
        }
        let step = steps.find(|s| begun(self.status(&s.id)))?;
        let word = self.status(&step.id).word();
        Some(format!("a point of no return is behind: \"{}\" is {word}", self.shown(&step.text)))
    }

    /// What is missing before a plan can be armed: steps, answers, targets of what changes.
    fn rollback_open(&self, plan: &RollbackPlan) -> Vec<String> {
        let mut out = Vec::new();
        if self.steps_of(Some(&plan.steps)).1 == 0 {
            out.push(format!("\"{}\" has no steps in the runbook", crate::text::escape(&plan.steps.name)));
        }
        let mut needs: Vec<String> = Vec::new();
        for step in self.steps_under(Some(&plan.steps)) {
            needs.extend(self.filled(step.text.raw(), ("", "")).needs);
            let book = self.book.runbook_of(&step.id);
            let commands = step.commands.iter().filter_map(|ix| book?.commands.get(*ix as usize));
            commands.for_each(|c| needs.extend(self.filled(c.text.raw(), ("", "")).needs));
        }
        needs.sort_unstable();
        needs.dedup();
        out.extend(needs.iter().map(|name| format!("{} has no answer", crate::text::escape(name))));
        out.extend(
            self.without_target(plan)
                .map(|service| format!("{} changes and has no target to go back to", crate::text::escape(service))),
        );
        out
    }

    /// Services that change and that a plan with targets does not name.
    fn without_target<'a>(&'a self, plan: &'a RollbackPlan) -> impl Iterator<Item = &'a str> {
        let changed = self.plan.services.iter().filter(|s| s.target_version.is_some() && !plan.targets.is_empty());
        changed.map(|s| s.name.as_str()).filter(|name| !plan.targets.iter().any(|t| t.service == *name))
    }

    /// Why what a plan verifies does not hold now, or is not known to; none when it holds.
    fn not_verified(&self, plan: &RollbackPlan) -> Option<String> {
        let (done, all) = self.steps_of(Some(&plan.steps));
        if done < all || all == 0 {
            return Some(format!("{done} of {all} steps done"));
        }
        if plan.verify.is_empty() && !self.plan.services.is_empty() {
            let up = judge::leaf(self, &Test::ServicesUp, None);
            return (up != Some(true)).then(|| judge::look(self, &Test::ServicesUp, None).words);
        }
        let failing = plan.verify.iter().find(|c| judge::holds(self, &c.expr, None) != Some(true))?;
        Some(judge::words(self, &failing.expr, None))
    }

    /// Time left until an armed plan fires by itself.
    fn countdown(&self, plan: &RollbackPlan, way: &Way) -> Option<Duration> {
        let armed = way.armed_itself.filter(|_| way.rung == Rung::Armed)?;
        if self.progress.retreat.veto(&plan.name, armed).is_some() || way.hands(plan.hands.count()) < plan.hands.count()
        {
            return None;
        }
        let Auto::FireAfter(after) = self.plan.levels.get(self.level_ix()?)?.auto else { return None };
        // Time in which this screen did not show it leaves nobody the time to say no.
        let shown = match &self.live.levels.counting {
            Some((name, since)) if *name == plan.name => self.now.since(*since),
            _ if matches!(self.live.watch, Watch::Other { .. }) => {
                (self.now.utc - armed.utc()).to_std().unwrap_or_default()
            }
            _ => Duration::ZERO,
        };
        Some(after.saturating_sub(shown))
    }
}

/// What firing a plan records: that it is fired, and its steps open again.
pub(super) fn fire(room: &Room, plan: &RollbackPlan, reason: Untrusted, hand: Hand) -> Vec<Fact> {
    let moved = Fact::RollbackMoved {
        plan: Untrusted::new(plan.name.clone()),
        to: Rung::Fired,
        reason,
        hand,
        took: None,
        from: Some(Rung::Armed),
    };
    let settled = room.steps_under(Some(&plan.steps)).filter(|s| room.status(&s.id).settled());
    let open = settled.map(|s| Fact::StepMarked {
        step: s.id.clone(),
        mark: Mark::Todo,
        reason: Some(Untrusted::new(format!("the rollback \"{}\" was fired", plan.name))),
        saw: room.progress.step(&s.id).and_then(|s| s.newest),
        undoes: None,
    });
    std::iter::once(moved).chain(open).collect()
}

/// Lets every rollback look: what goes on by itself, and what the watch is to record of it.
pub(super) fn judge_rollbacks(room: &mut Room) -> Vec<Fact> {
    if room.plan.rollbacks.is_empty() {
        return Vec::new();
    }
    let plan = Arc::clone(&room.plan);
    let mut steady = std::mem::take(&mut room.live.levels.steady);
    steady.resize(plan.rollbacks.len(), None);
    let (now, blink) = (room.now, BLINK * room.speed);
    for (slot, rollback) in steady.iter_mut().zip(&plan.rollbacks) {
        let verifying = room.progress.retreat.way(&rollback.name).rung == Rung::Verifying;
        let holds = verifying && room.not_verified(rollback).is_none();
        *slot = match *slot {
            _ if !holds => None,
            Some((from, last)) if now.since(last) <= blink => Some((from, now)),
            _ => Some((now, now)),
        };
    }
    room.live.levels.steady = steady;
    if !matches!(room.live.watch, Watch::Me { .. }) || room.me.read_only {
        return Vec::new();
    }
    let under_way = |room: &Room| {
        let moved =
            |u: &super::Unsaved| matches!(u.draft.fact, Fact::RollbackMoved { .. } | Fact::RollbackVetoed { .. });
        room.unsaved.values().any(moved)
    };
    // One move after the other has come home.
    if under_way(room) {
        return Vec::new();
    }
    let mut facts: Vec<Fact> = Vec::new();
    for (ix, rollback) in plan.rollbacks.iter().enumerate() {
        facts.extend(goes_on(room, ix, rollback));
    }
    if facts.is_empty() { by_itself(room) } else { facts }
}

/// Fired becomes verifying when its steps are done; verifying is complete when it was steady for long enough.
fn goes_on(room: &Room, ix: usize, plan: &RollbackPlan) -> Option<Fact> {
    let way = room.progress.retreat.way(&plan.name);
    let moved = |to, reason: String, took| {
        let (plan, reason) = (Untrusted::new(plan.name.clone()), Untrusted::new(reason));
        Some(Fact::RollbackMoved { plan, to, reason, hand: Hand::Room, took, from: Some(way.rung) })
    };
    match way.rung {
        Rung::Fired => {
            let (done, all) = room.steps_of(Some(&plan.steps));
            if all > 0 && done == all { moved(Rung::Verifying, "its steps are done".to_owned(), None) } else { None }
        }
        Rung::Verifying => {
            let (from, _) = room.live.levels.steady.get(ix).copied().flatten()?;
            if room.now.since(from) < plan.dwell {
                return None;
            }
            let fired = way.fired.as_ref()?.0;
            // A clock that was set back since says nothing of how long it took.
            let took = (room.now.utc - fired.utc()).to_std().ok().map(|took| took.as_secs_f64());
            let steady = if plan.dwell.is_zero() { String::new() } else { format!(", steady for {}", age(plan.dwell)) };
            moved(Rung::Complete, format!("verified{steady}"), took)
        }
        _ => None,
    }
}

/// What a level does by itself: it arms the cheapest plan, and fires it when nobody said no. It never does anything else.
fn by_itself(room: &mut Room) -> Vec<Fact> {
    let counting = room.live.levels.counting.take();
    let Some(level) = room.level() else { return Vec::new() };
    let auto = room.plan.levels.get(level.ix).map(|l| l.auto).unwrap_or_default();
    let chosen = room.recommended().and_then(|ix| room.rollback(ix));
    let (Some(it), Some(begun)) = (chosen, room.level_begun(level.ix)) else { return Vec::new() };
    if auto == Auto::Advise || room.rollbacks().iter().any(|r| r.way.rung.under_way()) {
        return Vec::new();
    }
    // Whoever decided, said no, or gave it up on this level has the last word.
    let given_up = matches!(it.way.rung, Rung::Aborted | Rung::Complete) && it.way.since > Some(begun);
    if level.decision.is_some() || given_up || room.progress.retreat.veto(&it.name, begun).is_some() {
        return Vec::new();
    }
    let Some(plan) = room.plan.rollbacks.get(it.ix) else { return Vec::new() };
    let moved = |to| Fact::RollbackMoved {
        plan: Untrusted::new(it.name.clone()),
        to,
        reason: Untrusted::new(format!("level {} does so by itself: {}", level.name, level.symptoms.join(", "))),
        hand: Hand::Room,
        took: None,
        from: Some(it.way.rung),
    };
    match it.way.rung {
        Rung::Idle | Rung::Aborted | Rung::Complete => vec![moved(Rung::Prepared)],
        Rung::Prepared if it.open.is_empty() => vec![moved(Rung::Armed)],
        Rung::Armed if it.way.armed_itself.is_none() => vec![moved(Rung::Armed)],
        Rung::Armed => {
            let Auto::FireAfter(after) = auto else { return Vec::new() };
            if it.hands.0 < it.hands.1 {
                return Vec::new();
            }
            let since = counting.filter(|(name, _)| *name == it.name).map_or(room.now, |(_, since)| since);
            room.live.levels.counting = Some((it.name.clone(), since));
            // A symptom that nobody can see any more does not fire anything.
            let seen = level.gone_for.is_none() && room.symptom_holds(level.ix);
            if room.now.since(since) < after || !seen || !super::way_back::can_record(room) {
                return Vec::new();
            }
            let reason = format!("nobody said no in {}: {}", age(after), level.symptoms.join(", "));
            fire(room, plan, Untrusted::new(reason), Hand::Room)
        }
        _ => Vec::new(),
    }
}

impl Room {
    fn symptom_holds(&self, level: usize) -> bool {
        let declared = self.declared_on(level).next().is_some();
        let plan = self.plan.levels.get(level);
        declared || plan.is_some_and(|l| l.when.iter().any(|c| judge::holds(self, &c.expr, None) == Some(true)))
    }
}

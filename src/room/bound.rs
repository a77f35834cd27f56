//! Steps that the plan binds to a condition: where each stands, and the tick that the room makes by itself with what it saw.

use std::sync::Arc;
use std::time::Duration;

use super::apply::Marking;
use super::judge::{self, Look};
use super::{JournalHealth, Room, Status, Watch, alerts};
use crate::clock::{Now, Stamp, age, clock_span};
use crate::condition::{Expr, Test};
use crate::fact::gate::{Seen, kept};
use crate::fact::retreat::Hand;
use crate::fact::{Author, Draft, Fact, Mark, StepId, Ticked};
use crate::plan::Plan;
use crate::plan::decisions::TickPlan;
use crate::runbook::Step;
use crate::text::{Untrusted, escape};

/// Two looks further apart than this say nothing of the time between them.
const BLINK: Duration = Duration::from_secs(5);

/// A bound step as judged so far by this process.
#[derive(Clone, Debug, Default)]
pub struct BoundLive {
    /// Since when the condition has held while it was the step's turn.
    since: Option<Now>,
    /// The last look.
    last: Option<Now>,
    /// After which opening again it was seen not to hold.
    broke: Option<Stamp>,
    /// Where it stood at the last look.
    stood: Option<Standing>,
}

/// What keeps a bound step from being ticked, or what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is not the step's turn.
    Early,
    /// Somebody opened it again: it waits until it was seen not to hold.
    Rests,
    /// Nobody can tell.
    Blind,
    /// It does not hold.
    Open,
    /// It holds, and not yet for long enough.
    Holding,
    /// The room ticked it, and it holds or nobody can tell.
    Ticked,
    /// The room ticked it, and it does not hold any more.
    Gone,
}

/// A bound step as it stands.
#[derive(Clone, Debug)]
pub struct BoundNow {
    /// The condition, as it is written; escaped.
    pub when: String,
    /// Where it stands.
    pub standing: Standing,
    /// In words, escaped.
    pub words: String,
}

impl Room {
    /// What a step is bound to and where that stands; nothing for a step that only people tick.
    pub fn bound(&self, id: &StepId) -> Option<BoundNow> {
        if self.plan.ticks.is_empty() {
            return None;
        }
        let step = self.book.find(id)?;
        let same = |tick: &TickPlan| {
            tick.step.line == Some(step.line) && self.bound_step(tick).is_some_and(|bound| bound.id == *id)
        };
        let (ix, tick) = self.plan.ticks.iter().enumerate().find(|(_, tick)| same(tick))?;
        let holds = judge::holds(self, &tick.when.expr, None);
        let found = || escape(&judge::words(self, &tick.when.expr, None));
        let by_room = self.step(id).hand == Hand::Room && self.status(id) == Status::Done;
        let opened = self.opened_again(id).filter(|_| self.rests_on(ix, id));
        let (standing, words) = match (by_room, holds) {
            (true, Some(false)) => (Standing::Gone, format!("it does not hold any more: {}", found())),
            (true, _) => (Standing::Ticked, found()),
            (false, _) if self.status(id).settled() => return None,
            _ if opened.is_some() => {
                let who = opened.map(|mark| mark.by.person.to_string()).unwrap_or_default();
                (
                    Standing::Rests,
                    format!("{who} opened it again: it is ticked once it was seen not to hold, and holds then"),
                )
            }
            (false, None) => (Standing::Blind, format!("nobody can tell: {}", found())),
            (false, Some(false)) => (Standing::Open, found()),
            (false, Some(true)) => match self.not_its_turn(step) {
                Some(why) => (Standing::Early, format!("{}, and {why}", found())),
                None => (Standing::Holding, self.holding(ix, tick, &found())),
            },
        };
        Some(BoundNow { when: escape(&tick.when.text), standing, words })
    }

    /// Steps that the room ticked and whose condition does not hold any more, with what is found now.
    pub fn bonds_gone(&self) -> Vec<(StepId, String)> {
        let steps = self.plan.ticks.iter().filter_map(|tick| self.bound_step(tick));
        let gone = steps.filter_map(|step| {
            let bound = self.bound(&step.id).filter(|bound| bound.standing == Standing::Gone)?;
            Some((step.id.clone(), bound.words))
        });
        gone.collect()
    }

    fn holding(&self, ix: usize, tick: &TickPlan, found: &str) -> String {
        let since = self.live.bound.get(ix).and_then(|live| live.since);
        let held = since.map(|since| self.now.since(since)).unwrap_or_default();
        if tick.for_.is_zero() {
            return found.to_owned();
        }
        format!("{found}, for {} of {}", clock_span(held.min(tick.for_)), clock_span(tick.for_))
    }

    fn bound_step(&self, tick: &TickPlan) -> Option<&Step> {
        let book = self.book.runbooks.get(tick.step.book? as usize)?;
        book.steps.iter().find(|step| Some(step.line) == tick.step.line)
    }

    /// The mark by which a step that the room had ticked was opened again last.
    fn opened_again(&self, id: &StepId) -> Option<Marking<'_>> {
        let mut ticked = false;
        let mut opened = None;
        for mark in self.progress.marks(id) {
            ticked |= mark.hand == Hand::Room;
            if ticked && mark.mark == Mark::Todo {
                opened = Some(mark);
            }
        }
        opened
    }

    /// Whether a step was opened again and the condition was not seen broken since: what it was ticked on is no news.
    fn rests_on(&self, ix: usize, id: &StepId) -> bool {
        let broke = self.live.bound.get(ix).and_then(|live| live.broke);
        self.opened_again(id).is_some_and(|mark| broke != Some(mark.stamp))
    }

    /// Why a step is not to be ticked by the room yet; none when it is its turn.
    fn not_its_turn(&self, step: &Step) -> Option<String> {
        if step.at.is_some() && self.due(step).is_none() {
            return Some("T-0 is not set".to_owned());
        }
        if let Some(how) = self.irregular(&step.id) {
            return Some(format!("it would be {how}"));
        }
        if self.progress.running(&step.id).is_some() {
            return Some("its command runs".to_owned());
        }
        (!self.reached(step)).then(|| "its section has not begun".to_owned())
    }

    /// Whether the run has come to the section of a step: it is there now, or something of it is begun.
    fn reached(&self, step: &Step) -> bool {
        let phase = self.book.phase_of(&step.id);
        let same = |other: &Step| {
            let phases = (self.book.phase_of(&other.id), phase);
            matches!(phases, (Some(a), Some(b)) if std::ptr::eq(a, b)) || matches!(phases, (None, None))
        };
        let here = match (self.current_phase(), phase) {
            (Some(now), Some(own)) => std::ptr::eq(now, own),
            (now, own) => now.is_none() && own.is_none(),
        };
        let begun = |s: &Step| !matches!(self.status(&s.id), Status::Todo | Status::LeftOut | Status::InFile);
        here || self.book.leaves().any(|s| same(s) && begun(s))
    }
}

/// Looks at every bound step; what the watch is to tick comes back. What nobody can tell ticks nothing.
pub(super) fn judge(room: &mut Room) -> Vec<Draft> {
    let plan = Arc::clone(&room.plan);
    let mut bound = std::mem::take(&mut room.live.bound);
    bound.resize_with(plan.ticks.len(), BoundLive::default);
    let (now, blink) = (room.now, BLINK * room.speed);
    // What rests is looked up in what was known before this look.
    room.live.bound.clone_from(&bound);
    for (ix, (live, tick)) in bound.iter_mut().zip(&plan.ticks).enumerate() {
        let Some(step) = room.bound_step(tick) else { continue };
        let holds = judge::holds(room, &tick.when.expr, None);
        if holds == Some(false) {
            live.broke = room.opened_again(&step.id).map(|mark| mark.stamp);
        }
        let open = matches!(room.status(&step.id), Status::Todo | Status::Running);
        let good = holds == Some(true) && open && !room.rests_on(ix, &step.id) && room.not_its_turn(step).is_none();
        let unseen = live.last.is_none_or(|last| now.since(last) > blink);
        live.since = if good { live.since.filter(|_| !unseen).or(Some(now)) } else { None };
        live.last = Some(now);
    }
    room.live.bound = bound;
    let stands: Vec<Option<Standing>> =
        plan.ticks.iter().map(|t| Some(room.bound(&room.bound_step(t)?.id)?.standing)).collect();
    for (live, stands) in room.live.bound.iter_mut().zip(stands) {
        if live.stood != stands {
            live.stood = stands;
            room.revision.steps += 1;
        }
    }
    let watching = matches!(room.live.watch, Watch::Me { .. }) && !room.me.read_only;
    if !watching || room.journal != JournalHealth::Safe || room.progress.closed.is_some() {
        return Vec::new();
    }
    plan.ticks.iter().zip(&room.live.bound).filter_map(|(plan, live)| tick(room, plan, live.since?)).collect()
}

/// The tick of a step whose condition has held since a moment, once that is long enough and every answer is newer.
fn tick(room: &Room, plan: &TickPlan, since: Now) -> Option<Draft> {
    let step = room.bound_step(plan)?;
    let held = room.now.since(since);
    if held < plan.for_ || held < oldest(room, &plan.when.expr) || room.pending(&step.id).is_some() {
        return None;
    }
    let saw = room.progress.step(&step.id).and_then(|s| s.newest);
    let before = saw.map(|stamp| format!("{stamp:?}")).unwrap_or_default();
    let id = alerts::identity(&["bound", &step.id.to_string(), &plan.when.text, &before]);
    if room.unsaved.contains_key(&id) {
        return None;
    }
    let fact = Fact::StepTicked(Box::new(Ticked {
        step: step.id.clone(),
        when: Untrusted::new(plan.when.text.clone()),
        held: kept(held.as_secs_f64()).unwrap_or_default(),
        seen: judge::looks(room, &plan.when.expr, None).into_iter().map(seen).collect(),
        saw,
    }));
    Some(Draft { id, by: Author::room(), fact })
}

fn seen(look: Look) -> Seen {
    let old = look.age.and_then(|s| Duration::try_from_secs_f64(s).ok()).map(|old| format!(", {} old", age(old)));
    Seen {
        text: Untrusted::new(look.text),
        state: look.state.to_owned(),
        value: look.value.and_then(kept),
        threshold: look.threshold.and_then(kept),
        unit: look.unit,
        samples: look.samples as u64,
        age: look.age.and_then(kept),
        words: Untrusted::new(format!("{}{}", look.words, old.unwrap_or_default())),
    }
}

/// How long ago the oldest of what a condition looks at was answered; zero for what needs no answer.
fn oldest(room: &Room, expr: &Expr) -> Duration {
    let asked = |test: &Test| {
        if let Some(metric) = test.metric() {
            return room.live.metrics.get(metric.ix.0 as usize)?.fresh;
        }
        let named = test.service().map(|s| s.ix.0 as usize);
        let all = room.live.services.iter().enumerate();
        let of = all.filter(|(ix, _)| named.map_or(*test == Test::ServicesUp, |named| named == *ix));
        of.filter_map(|(_, live)| live.asked).min_by_key(|at| at.mono)
    };
    expr.leaves().into_iter().filter_map(asked).map(|at| room.now.since(at)).max().unwrap_or_default()
}

/// Keeps what is known of bound steps where the new plan binds the same.
pub(super) fn keep(old: &Plan, kept: Vec<BoundLive>, new: &Plan, live: &mut Vec<BoundLive>) {
    let bonds = |plan: &Plan| -> Vec<_> { plan.ticks.iter().map(|t| (t.step.clone(), t.when.text.clone())).collect() };
    if bonds(old) == bonds(new) {
        *live = kept;
    }
}

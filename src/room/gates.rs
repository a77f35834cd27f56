//! Gates as they stand: criteria, healthy time, votes, deadline and decision, and the verdict that follows from them.

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::asked::{Asked, Others};
use super::ballots::{Cast, Decision, Said, Settled};
use super::judge::Look;
use super::{Room, Status};
use crate::clock::{age, clock_span};
use crate::fact::gate::{Stand, Vote};
use crate::fact::{StepId, Verdict};
use crate::plan::decisions::{GatePlan, Place};
use crate::text::{Untrusted, escape};

/// A gate is in question this long before its deadline, whatever else is done.
const SOON: TimeDelta = TimeDelta::minutes(10);

/// A gate as it stands.
#[derive(Clone, Debug)]
pub struct GateNow {
    /// Its place in the plan.
    pub ix: usize,
    /// Its name.
    pub name: String,
    /// GO, NO-GO or WAIT, with what people decided.
    pub verdict: Verdict,
    /// Why, in words.
    pub reason: String,
    /// Since when the verdict is that.
    pub since: DateTime<Utc>,
    /// What the room computes by itself, whatever was decided.
    pub computed: Verdict,
    /// What is missing for a GO, or that nothing is; in words.
    pub missing: String,
    /// The criteria, in the plan's order.
    pub criteria: Vec<Criterion>,
    /// Healthy time had and asked for.
    pub dwell: (Duration, Duration),
    /// One for each role that votes and each vote that stands or has lapsed.
    pub votes: Vec<Ballot>,
    /// Roles that have voted so that it may go on, and how many must.
    pub counted: (usize, usize),
    /// Steps before it: settled, all.
    pub steps: (u32, u32),
    /// When it must be decided.
    pub deadline: Option<DateTime<Utc>>,
    /// What people decided.
    pub decision: Option<Made>,
    /// What has been seen since that speaks against a GO that was decided.
    pub gone: Option<String>,
    /// The level that says no, in words.
    pub level: Option<String>,
    /// Whether it matters by now: something before it is begun, somebody voted or decided, or its deadline is near. It is judged
    /// all the same.
    pub begun: bool,
}

/// A criterion as it stands.
#[derive(Clone, Debug)]
pub struct Criterion {
    /// What it found.
    pub look: Look,
    /// How it stands.
    pub stand: Stand,
    /// For how long.
    pub lasted: Duration,
}

/// What a role says.
#[derive(Clone, Debug)]
pub struct Ballot {
    /// The role.
    pub role: Untrusted,
    /// Who spoke for it, what, when, and the word on it; none while nobody did.
    pub cast: Option<Cast>,
    /// Whether it was a GO that lost its basis.
    pub lapsed: bool,
    /// Whether it is a NO-GO of somebody who does not vote here any more: by the plan in force the role is not theirs. It stands
    /// all the same, and an override passes it.
    pub left: bool,
}

/// A decision as it is told.
#[derive(Clone, Debug)]
pub struct Made {
    /// GO or NO-GO.
    pub verdict: Verdict,
    /// Whether it went against what the room computed.
    pub overridden: bool,
    /// Who.
    pub person: Untrusted,
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: Untrusted,
    /// SHA-256 of the evidence, hex.
    pub sha256: String,
}

/// A gate's verdicts without their words.
pub(super) struct Reckoned<'a> {
    /// How each criterion stands.
    pub stands: Vec<Stand>,
    /// What is recorded of it.
    pub said: Option<&'a Said>,
    /// What was decided.
    pub settled: Settled<'a>,
    pub computed: Verdict,
    pub verdict: Verdict,
    counted: (usize, usize),
    steps: (u32, u32),
    /// The level that says no to everything.
    level: Option<usize>,
}

impl Reckoned<'_> {
    /// How the criteria stand all together: the worst of them. On a level that says no nothing is healthy.
    pub fn stand(&self) -> Stand {
        if self.level.is_some() {
            return Stand::Broken;
        }
        let any = |stand| self.stands.contains(&stand);
        let worst = [Stand::Broken, Stand::Blind, Stand::Waiting].into_iter().find(|s| any(*s));
        worst.unwrap_or(Stand::Holds)
    }
}

impl Room {
    /// The place of a gate in the plan, by its name, case apart.
    pub fn gate_named(&self, name: &str) -> Option<usize> {
        let gates = &self.plan.gates;
        gates.iter().position(|g| g.name == name).or_else(|| gates.iter().position(|g| same(&g.name, name)))
    }

    /// Every gate, in the plan's order.
    pub fn gates(&self) -> Vec<GateNow> {
        (0..self.plan.gates.len()).filter_map(|ix| self.gate(ix)).collect()
    }

    /// The gate that is to be decided next: the first undecided one in the order of the runbook.
    pub fn next_gate(&self) -> Option<usize> {
        let place = |ix: &usize| {
            let at = self.plan.gates.get(*ix).and_then(|g| g.at.as_ref());
            at.and_then(|p| Some((p.book?, p.line?))).unwrap_or((u32::MAX, u32::MAX))
        };
        let mut order: Vec<usize> = (0..self.plan.gates.len()).collect();
        order.sort_by_key(place);
        order.into_iter().find(|ix| self.gate_is_open(*ix))
    }

    /// Whether a gate is still to be decided.
    pub fn gate_is_open(&self, ix: usize) -> bool {
        let Some(plan) = self.plan.gates.get(ix) else { return false };
        let said = self.progress.gates.gate(&plan.name);
        !said.is_some_and(|said| matches!(said.settled(), Settled::Decided(_)))
    }

    /// The gate that is in question now: the next one, once something of its section is begun, somebody has voted, or its
    /// deadline is near.
    pub fn gate_in_question(&self) -> Option<usize> {
        self.next_gate().filter(|ix| self.gate_begun(*ix))
    }

    /// Whether a gate matters by now: something of its section is begun, somebody has voted or decided, or its deadline is near.
    /// Where no step stands before it, what comes before its place in the runbook has to be settled.
    pub fn gate_begun(&self, ix: usize) -> bool {
        let Some(plan) = self.plan.gates.get(ix) else { return false };
        let said = self.progress.gates.gate(&plan.name);
        let spoken = said.is_some_and(|s| s.standing().next().is_some() || s.settled() != Settled::Open);
        let soon = || self.gate_deadline(plan).is_some_and(|at| at - SOON <= self.now.utc);
        let steps = self.gate_steps(ix);
        let mut own = steps.iter().map(|id| self.status(id)).filter(|s| *s != Status::LeftOut).peekable();
        if spoken || soon() {
            return true;
        }
        if own.peek().is_some() { own.any(|s| s != Status::Todo) } else { self.come_to(plan.at.as_ref()) }
    }

    /// Whether every step before a place is settled, but for those of ways back.
    fn come_to(&self, at: Option<&Place>) -> bool {
        let Some((book, line)) = at.and_then(|p| Some((p.book?, p.line?))) else { return true };
        let Some(book) = self.book.runbooks.get(book as usize) else { return true };
        let leaf = |s: &&crate::runbook::Step| !self.book.is_group(&s.id) && !super::steps::way_back(s);
        book.steps.iter().filter(leaf).take_while(|s| s.line < line).all(|s| self.status(&s.id).settled())
    }

    fn gate_deadline(&self, plan: &GatePlan) -> Option<DateTime<Utc>> {
        self.t0()?.checked_add_signed(TimeDelta::try_seconds(plan.deadline?.0)?)
    }

    /// Steps that stand before a gate: those of its section; for a step, those before it in its section; without a place, all.
    pub fn gate_steps(&self, ix: usize) -> Cow<'_, [StepId]> {
        match self.live.gates.get(ix).and_then(|live| live.scope.as_ref()) {
            Some((book, steps)) if std::sync::Arc::ptr_eq(book, &self.book) => Cow::Borrowed(steps),
            _ => Cow::Owned(self.find_steps(self.plan.gates.get(ix).and_then(|g| g.at.as_ref()))),
        }
    }

    pub(super) fn find_steps(&self, at: Option<&Place>) -> Vec<StepId> {
        let leaf = |id: &StepId| !self.book.is_group(id);
        let Some(at) = at else { return self.book.leaves().map(|s| s.id.clone()).collect() };
        let (Some(book), Some(line)) = (at.book, at.line) else { return Vec::new() };
        let books = &self.book.runbooks;
        let own = books.get(book as usize).map(|b| b.steps.as_slice()).unwrap_or_default();
        if let Some(step) = own.iter().find(|s| s.line == line) {
            let before = own.iter().filter(|s| s.line < line && s.phase_ix == step.phase_ix && leaf(&s.id));
            // What holds the step is not before it.
            return before.filter(|s| s.heading_path == step.heading_path).map(|s| s.id.clone()).collect();
        }
        let mut out = Vec::new();
        for (ix, runbook) in books.iter().enumerate() {
            let under = runbook.steps.iter().filter(|s| super::profile::stands_under(books, ix, s.line, at, 0));
            out.extend(under.filter(|s| leaf(&s.id)).map(|s| s.id.clone()));
        }
        out
    }

    /// Steps before a gate, settled and all; counted anew only when steps changed.
    pub(super) fn gate_step_counts(&self, ix: usize) -> (u32, u32) {
        let known = self
            .live
            .gates
            .get(ix)
            .filter(|live| live.scope.as_ref().is_some_and(|(book, _)| std::sync::Arc::ptr_eq(book, &self.book)));
        if let Some((_, counts)) = known.and_then(|live| live.counts).filter(|(at, _)| *at == self.revision.steps) {
            return counts;
        }
        let statuses = self.gate_steps(ix).iter().map(|id| self.status(id)).collect::<Vec<_>>();
        let counted = statuses.iter().filter(|s| **s != Status::LeftOut);
        counted.fold((0, 0), |(done, all), s| (done + u32::from(s.settled()), all + 1))
    }

    /// The verdicts on a gate, without words.
    pub(super) fn reckon(&self, ix: usize) -> Option<Reckoned<'_>> {
        self.reckon_with(ix, &Others::default())
    }

    /// The same where verdicts on some gates are found already.
    pub(super) fn reckon_with(&self, ix: usize, others: &Others) -> Option<Reckoned<'_>> {
        let plan = self.plan.gates.get(ix)?;
        let steps = self.gate_step_counts(ix);
        let stands: Vec<Stand> =
            plan.criteria.iter().map(|c| Asked { room: self, plan, steps, others }.stand(&c.expr)).collect();
        let said = self.progress.gates.gate(&plan.name);
        let settled = said.map_or(Settled::Open, Said::settled);
        let standing = || said.into_iter().flat_map(Said::standing);
        let of = |role: &str| standing().filter(|c| same(c.role.raw(), role)).map(|c| c.vote).collect::<Vec<_>>();
        let satisfied = |role: &&String| {
            let votes = of(role);
            // Where some of them are enough, whoever leaves it to the others is none of these.
            let says = !votes.is_empty() && (plan.quorum.is_none() || votes.contains(&Vote::Go));
            says && !votes.contains(&Vote::NoGo)
        };
        let need = plan.quorum.map_or(plan.votes.len(), |n| (n as usize).min(plan.votes.len()));
        let counted = (plan.votes.iter().filter(satisfied).count().min(need), need);
        let against = standing().any(|c| c.vote == Vote::NoGo && !self.passed_over(plan, &settled, c));
        let level = self.level_says().filter(|(_, says)| *says == Verdict::NoGo).map(|(ix, _)| ix);
        let mut it =
            Reckoned { stands, said, settled, computed: Verdict::Wait, verdict: Verdict::Wait, counted, steps, level };
        let held = self.live.gates.get(ix).map(|live| live.dwell.held).unwrap_or_default();
        let voted = counted.0 == counted.1 && (counted.1 == 0 || standing().any(|c| c.vote == Vote::Go));
        it.computed = match it.stand() {
            Stand::Broken => Verdict::NoGo,
            _ if against => Verdict::NoGo,
            Stand::Holds if voted && held >= self.dwell(plan) => Verdict::Go,
            _ => Verdict::Wait,
        };
        it.verdict = match &it.settled {
            _ if against => Verdict::NoGo,
            Settled::Open => it.computed,
            Settled::Crossed(..) => Verdict::Wait,
            Settled::Decided(decision) if decision.verdict == Verdict::Go => {
                match contrary(decision, plan, &it.stands).map(|(_, stand)| stand).max_by_key(|s| *s == Stand::Broken) {
                    _ if self.level_is_news(decision, level) => Verdict::NoGo,
                    Some(Stand::Broken) => Verdict::NoGo,
                    Some(_) => Verdict::Wait,
                    None => Verdict::Go,
                }
            }
            Settled::Decided(_) => Verdict::NoGo,
        };
        Some(it)
    }

    /// Whether a role of a vote is still its voter's, by the plan in force.
    fn still_votes(&self, plan: &GatePlan, cast: &Cast) -> bool {
        let votes = plan.votes.iter().any(|role| same(role, cast.role.raw()));
        let holds = |r: &crate::plan::RolePlan| {
            same(&r.name, cast.role.raw()) && r.people.iter().any(|p| same(p, cast.by.person.raw()))
        };
        votes && (self.plan.roles.is_empty() || self.plan.roles.iter().any(holds))
    }

    /// Whether a NO-GO is one of somebody who does not vote here any more, which the override that stands has seen.
    fn passed_over(&self, plan: &GatePlan, settled: &Settled<'_>, cast: &Cast) -> bool {
        let Settled::Decided(decision) = settled else { return false };
        let same_vote = |v: &crate::fact::gate::VoteSeen| {
            v.vote == cast.vote && v.person == cast.by.person && v.role == cast.role && v.at == cast.stamp.utc()
        };
        let seen = decision.overridden && decision.evidence.votes.iter().any(same_vote);
        seen && !self.still_votes(plan, cast)
    }

    /// Whether a level that says no is higher than the one, if any, on which a GO was decided.
    fn level_is_news(&self, decision: &Decision<'_>, level: Option<usize>) -> bool {
        let rank = |ix: usize| self.level_rank(ix);
        let then = decision.evidence.level.as_ref().and_then(|name| self.level_named(name.raw()));
        level.is_some_and(|now| then.is_none_or(|then| rank(then) < rank(now)))
    }

    /// A gate as it stands, in words.
    pub fn gate(&self, ix: usize) -> Option<GateNow> {
        let plan = self.plan.gates.get(ix)?;
        let it = self.reckon(ix)?;
        let live = self.live.gates.get(ix);
        let others = Others::default();
        let asked = Asked { room: self, plan, steps: it.steps, others: &others };
        let alone = it.stands.iter().filter(|s| **s == Stand::Broken).count() == 1;
        let turn = it.said.and_then(|said| said.turn.as_ref()).filter(|turn| turn.to == Stand::Broken);
        let breach = turn.filter(|_| alone && it.stand() == Stand::Broken).map(|turn| turn.stamp.utc());
        let criteria: Vec<Criterion> = plan
            .criteria
            .iter()
            .zip(&it.stands)
            .enumerate()
            .map(|(nth, (condition, stand))| {
                let since = live.and_then(|l| l.criteria.get(nth)).filter(|(s, _)| s == stand).map(|(_, at)| *at);
                let seen = since.map(|at| self.now.since(at)).unwrap_or_default();
                // Whoever came later has it from the record, where only one criterion can be meant.
                let broken = breach.filter(|_| *stand == Stand::Broken);
                let lasted = broken.and_then(|at| (self.now.utc - at).to_std().ok()).unwrap_or_default().max(seen);
                Criterion { look: asked.look(condition, *stand), stand: *stand, lasted }
            })
            .collect();
        let held = live.map(|l| l.dwell.held).unwrap_or_default();
        let mut now = GateNow {
            ix,
            name: plan.name.clone(),
            verdict: it.verdict,
            reason: String::new(),
            since: live.and_then(|l| l.word.filter(|(w, _)| *w == it.verdict)).map_or(self.now.utc, |(_, at)| at.utc),
            computed: it.computed,
            missing: String::new(),
            criteria,
            dwell: (held.min(self.dwell(plan)), self.dwell(plan)),
            votes: self.ballots(plan, it.said),
            counted: it.counted,
            steps: it.steps,
            deadline: self.gate_deadline(plan),
            decision: None,
            gone: None,
            level: it.level.and_then(|_| self.level()).map(|level| level.short()),
            begun: self.gate_begun(ix),
        };
        now.missing = self.missing(&now);
        let clock = |at: DateTime<Utc>| at.with_timezone(&self.plan.room.zone).format("%H:%M:%S").to_string();
        now.reason = match &it.settled {
            Settled::Open => now.missing.clone(),
            Settled::Crossed(a, b) => format!(
                "two decisions crossed, by {} at {} and by {} at {}: decide again",
                a.by.person,
                clock(a.stamp.utc()),
                b.by.person,
                clock(b.stamp.utc())
            ),
            Settled::Decided(decision) => {
                let passed = |cast: &Cast| self.passed_over(plan, &it.settled, cast);
                let against: Vec<String> = objections(&now, &passed);
                let level = now.level.clone().filter(|_| self.level_is_news(decision, it.level));
                let lost: Vec<String> = level
                    .into_iter()
                    .chain(
                        contrary(decision, plan, &it.stands)
                            .filter_map(|(nth, _)| Some(now.criteria.get(nth)?.look.words.clone())),
                    )
                    .chain(against)
                    .collect();
                if decision.verdict == Verdict::Go && !lost.is_empty() {
                    now.gone = Some(some_of(&lost));
                }
                if now.gone.is_none() {
                    now.since = decision.entry.stamp.utc();
                }
                now.decision = Some(made(decision));
                let how = if decision.overridden { " by override" } else { "" };
                let why =
                    if decision.reason.raw().is_empty() { String::new() } else { format!(": {}", decision.reason) };
                let told = format!(
                    "{} decided{how} at {} by {}{why}",
                    decision.verdict,
                    clock(decision.entry.stamp.utc()),
                    decision.entry.by.person
                );
                now.gone.as_ref().map_or_else(|| told.clone(), |gone| format!("basis gone: {gone} · {told}"))
            }
        };
        Some(now)
    }

    /// That the profile in force makes a gate's dwell shorter than the plan asks for, in words.
    pub fn cut_dwell(&self, ix: usize) -> Option<String> {
        let plan = self.plan.gates.get(ix)?;
        let profile = self.profile().filter(|_| self.dwell(plan) < plan.dwell)?;
        Some(format!("{} without the profile {}", clock_span(plan.dwell), escape(&profile.name)))
    }

    /// What is missing for a GO, the worst first; that everything is there, where it is.
    fn missing(&self, now: &GateNow) -> String {
        let of = |stand: Stand| now.criteria.iter().filter(move |c| c.stand == stand);
        let mut said: Vec<String> = now.level.clone().into_iter().collect();
        said.extend(of(Stand::Broken).map(|c| format!("{} for {}", c.look.words, clock_span(c.lasted))));
        said.extend(objections(now, &|_| false));
        if said.is_empty() {
            said.extend(of(Stand::Blind).map(|c| c.look.words.clone()));
        }
        said.extend(of(Stand::Waiting).map(|c| c.look.words.clone()));
        let mut parts = Vec::new();
        if !said.is_empty() {
            parts.push(some_of(&said));
        } else if !now.criteria.is_empty() {
            let n = now.criteria.len();
            parts.push(if n == 1 { "its criterion holds".to_owned() } else { format!("{n} criteria hold") });
        }
        if !now.dwell.1.is_zero() {
            let cut = self.cut_dwell(now.ix).map(|cut| format!(" ({cut})")).unwrap_or_default();
            parts.push(format!("dwell {}/{}{cut}", clock_span(now.dwell.0), clock_span(now.dwell.1)));
        }
        if now.counted.1 > 0 {
            parts.push(format!("votes {}/{}", now.counted.0, now.counted.1));
            let go = now.votes.iter().any(|b| !b.lapsed && b.cast.as_ref().is_some_and(|c| c.vote == Vote::Go));
            if now.counted.0 == now.counted.1 && !go {
                parts.push("nobody voted GO".to_owned());
            }
        }
        if let Some(late) = now.deadline.and_then(|at| (self.now.utc - at).to_std().ok()).filter(|l| !l.is_zero()) {
            parts.push(format!("{} past its deadline", age(late)));
        }
        parts.join(" · ")
    }

    /// One for each role that votes and each vote that stands or has lapsed.
    fn ballots(&self, plan: &GatePlan, said: Option<&Said>) -> Vec<Ballot> {
        let mut out: Vec<Ballot> = Vec::new();
        let standing: Vec<&Cast> = said.into_iter().flat_map(Said::standing).collect();
        let lapsed: Vec<&Cast> = said.into_iter().flat_map(Said::lapsed).collect();
        let ballot = |cast: &Cast, lapsed| {
            let left = cast.vote == Vote::NoGo && !self.still_votes(plan, cast);
            Ballot { role: cast.role.clone(), cast: Some(cast.clone()), lapsed, left }
        };
        for role in &plan.votes {
            let of = |cast: &&&Cast| same(cast.role.raw(), role);
            let before = out.len();
            out.extend(standing.iter().filter(of).map(|c| ballot(c, false)));
            out.extend(lapsed.iter().filter(of).map(|c| ballot(c, true)));
            if out.len() == before {
                out.push(Ballot { role: Untrusted::new(role.clone()), cast: None, lapsed: false, left: false });
            }
        }
        // Whoever has lost the role since still stands in the way until the NO-GO is taken back.
        let others =
            standing.iter().filter(|c| c.vote == Vote::NoGo && !plan.votes.iter().any(|r| same(r, c.role.raw())));
        out.extend(others.map(|c| ballot(c, false)));
        out
    }
}

/// Criteria that speak against a GO that was decided, with how they stand: what was broken or unknown then already is no news.
fn contrary<'a>(
    decision: &'a Decision<'_>,
    plan: &'a GatePlan,
    stands: &'a [Stand],
) -> impl Iterator<Item = (usize, Stand)> + 'a {
    plan.criteria.iter().zip(stands).enumerate().filter_map(|(nth, (condition, stand))| {
        let before =
            decision.evidence.criteria.iter().find(|c| c.text.raw() == condition.text).map(|c| c.state.as_str());
        let news = match stand {
            Stand::Holds => false,
            Stand::Broken => before != Some("fail"),
            Stand::Blind | Stand::Waiting => before == Some("pass"),
        };
        news.then_some((nth, *stand))
    })
}

/// Votes against it, in words.
fn objections(now: &GateNow, but: &dyn Fn(&Cast) -> bool) -> Vec<String> {
    let casts = now.votes.iter().filter_map(|b| b.cast.as_ref()).filter(|c| c.vote == Vote::NoGo);
    casts
        .filter(|c| !but(c))
        .map(|c| {
            let why = if c.comment.raw().is_empty() { String::new() } else { format!(": {}", c.comment) };
            format!("{} says NO-GO{why}", c.by.person)
        })
        .collect()
}

fn made(decision: &Decision<'_>) -> Made {
    Made {
        verdict: decision.verdict,
        overridden: decision.overridden,
        person: decision.entry.by.person.clone(),
        at: decision.entry.stamp.utc(),
        reason: decision.reason.clone(),
        sha256: decision.sha256.to_owned(),
    }
}

/// The first two, and how many more.
fn some_of(said: &[String]) -> String {
    let first = said.iter().take(2).cloned().collect::<Vec<_>>().join(", ");
    if said.len() > 2 { format!("{first} (+{} more)", said.len() - 2) } else { first }
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

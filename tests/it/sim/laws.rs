//! What must never happen, checked after each event against what the world knows to be true and the room cannot see.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;
use warroom::clock::jumps::Jump;
use warroom::clock::{Now, Stamp};
use warroom::fact::gate::Vote;
use warroom::fact::retreat::{Hand, Rung};
use warroom::fact::{AlertWord, Author, Entry, Fact, Mark, StepId, Verdict};
use warroom::plan::decisions::{Auto, OnBreach};
use warroom::room::ballots::Settled;
use warroom::room::{Effect, Intent, JournalHealth, Progress, Room, Watch};

use super::stage;
use super::world::{Answer, Truth};

/// Two looks further apart than this say nothing of the time between them.
const BLINK: Duration = Duration::from_secs(5);
/// No value counts for longer than this after it came: two intervals.
const FRESH: Duration = Duration::from_secs(10);
/// No answer of a service counts for longer: two intervals and its deadline.
const ANSWERED: Duration = Duration::from_secs(12);

/// The laws, and what has to be known to check them.
#[derive(Default)]
pub struct Laws {
    seats: HashMap<usize, Seen>,
    /// Healthy time of each gate that a watch has really seen.
    good: HashMap<String, Duration>,
    /// Every run that began: where, of which step, from when to when.
    runs: HashMap<Uuid, (usize, StepId, u64, u64)>,
    /// Those that began while the journal could not write.
    unrecorded: HashSet<Uuid>,
    /// Which rung of a plan its author had before them, by draft.
    aborts: HashMap<Uuid, Rung>,
    pub broken: Vec<String>,
    pub checks: u64,
    pub refused: u64,
    pub goes: u64,
    pub fired: u64,
    pub alerts: u64,
    pub ticks: u64,
}

/// What a seat has heard.
#[derive(Default)]
struct Seen {
    metrics: [Option<(Now, f64)>; 2],
    trouble: [bool; 2],
    services: [Option<(Now, bool)>; 2],
    /// How each gate stood at the last tick, and when that was.
    last: HashMap<String, (Now, bool)>,
    /// Since when the error rate is over the line of the rule, and over that of level 2, without a gap.
    over: [Option<Now>; 2],
    last_tick: Option<Now>,
    /// The clock as it stood, how long the journal was and whether it is held.
    clock: Option<(Now, i64, usize)>,
    fired: HashMap<&'static str, Stamp>,
    applied: usize,
    aborted: Vec<(String, Stamp, bool)>,
}

impl Seen {
    /// What counts now of what was heard.
    fn heard(&self, now: Now) -> ([Option<f64>; 2], [Option<bool>; 2]) {
        let fresh = |n: usize| self.metrics[n].filter(|(at, _)| !self.trouble[n] && now.since(*at) <= FRESH);
        let answered = |n: usize| self.services[n].filter(|(at, _)| now.since(*at) <= ANSWERED);
        ([0, 1].map(|n| fresh(n).map(|(_, v)| v)), [0, 1].map(|n| answered(n).map(|(_, up)| up)))
    }
}

/// Adds to the healthy time of each gate what a watch has really seen, at one of its looks.
fn healthy(good: &mut HashMap<String, Duration>, seen: &mut Seen, room: &Room, steps: &[(u32, u32)]) {
    let now = room.now;
    let (values, services) = seen.heard(now);
    let level = room.level_says().is_some_and(|(_, says)| says == Verdict::NoGo);
    for (plan, steps) in room.plan.gates.iter().zip(steps) {
        let stands: Vec<Option<bool>> =
            plan.criteria.iter().map(|c| truth(&c.text, values, services, *steps)).collect();
        let failing = stands.iter().zip(&plan.criteria).any(|(s, c)| *s == Some(false) && c.text != "steps done");
        let (broken, holds) = (level || failing, !level && stands.iter().all(|s| *s == Some(true)));
        let waiting = !broken && stands.contains(&Some(false)) && !stands.contains(&None);
        let good = good.entry(plan.name.clone()).or_default();
        if let Some((last, true)) = seen.last.get(&plan.name)
            && holds
            && now.since(*last) <= BLINK
        {
            *good += now.since(*last);
        }
        if waiting || broken && plan.on_breach == OnBreach::Reset {
            *good = Duration::ZERO;
        }
        seen.last.insert(plan.name.clone(), (now, holds));
    }
}

impl Laws {
    /// The watch has heard something, and judged it.
    pub fn looked(&mut self, ix: usize, room: &Room) {
        let steps: Vec<(u32, u32)> = room.gates().iter().map(|g| g.steps).collect();
        healthy(&mut self.good, self.seats.entry(ix).or_default(), room, &steps);
    }

    fn broke(&mut self, ix: usize, what: &str) {
        self.broken.push(format!("seat {ix}: {what}"));
    }

    pub fn begins(&mut self, ix: usize) {
        let applied = self.seats.get(&ix).map(|s| s.aborted.clone()).unwrap_or_default();
        self.seats.insert(ix, Seen { aborted: applied, ..Seen::default() });
    }

    /// Whoever takes the watch over has seen nothing of the time before.
    pub fn takes_over(&mut self, ix: usize) {
        let seen = self.seats.entry(ix).or_default();
        (seen.services, seen.over) = (Default::default(), Default::default());
    }

    /// Whoever takes the watch over without having heard of everything goes by what it knows.
    pub fn knows_less(&mut self, room: &Room) {
        for (gate, live) in room.plan.gates.iter().zip(&room.live.gates) {
            let good = self.good.entry(gate.name.clone()).or_default();
            *good = (*good).max(live.dwell.held);
        }
    }

    pub fn reloads(&mut self, ix: usize) {
        let seen = self.seats.entry(ix).or_default();
        (seen.over, seen.clock) = (Default::default(), None);
    }

    pub fn hears(&mut self, ix: usize, at: Now, truth: &Truth) {
        let seen = self.seats.entry(ix).or_default();
        for (n, answer) in truth.metrics.iter().enumerate() {
            match answer {
                Answer::Value(value) => {
                    (seen.metrics[n], seen.trouble[n]) = (Some((at, *value)), false);
                }
                Answer::Error => seen.trouble[n] = true,
                Answer::Silence => {}
            }
        }
        for (n, answer) in truth.services.iter().enumerate() {
            if let Answer::Value(value) = answer {
                seen.services[n] = Some((at, *value > 0.0));
            }
        }
    }

    pub fn jumps(&mut self, ix: usize, jump: Jump, now: Now) {
        let seen = self.seats.entry(ix).or_default();
        (seen.over, seen.clock) = (Default::default(), None);
        match jump {
            // Nothing known is younger than the sleep.
            Jump::Suspended(_) => seen.metrics = Default::default(),
            Jump::Stepped(_) => {
                for slot in &mut seen.metrics {
                    *slot = slot.filter(|(at, _)| at.utc <= now.utc);
                }
            }
        }
    }

    /// What the room does by itself may take something back, never bring it forward.
    pub fn by_itself(&mut self, ix: usize, room: &Room, fact: &Fact) {
        self.checks += 1;
        let wrong = match fact {
            Fact::VerdictChanged { .. }
            | Fact::ServiceChanged { .. }
            | Fact::GateTurned { .. }
            | Fact::AlertChanged { .. }
            | Fact::NoticeQueued { .. }
            | Fact::LevelChanged { .. }
            | Fact::WindowsChanged { .. }
            | Fact::TimerRang { .. }
            | Fact::BaselineTaken { .. }
            | Fact::ClockStepped { .. }
            | Fact::Suspended { .. }
            | Fact::StepMarked { mark: Mark::Todo, .. }
            | Fact::HoldBegan { .. } => false,
            // A step is ticked on what is known to hold, while it is open.
            Fact::StepTicked(it) => {
                let (values, services) = self.seats.entry(ix).or_default().heard(room.now);
                self.ticks += 1;
                room.status(&it.step).settled() || truth(it.when.raw(), values, services, (0, 0)) != Some(true)
            }
            // A hold that has a time of its own ends with it.
            Fact::HoldEnded { hold, .. } => {
                let began = room.progress.schedule.holds.get(hold).and_then(|h| h.began.as_ref());
                !began.is_some_and(|b| b.until != warroom::fact::HoldUntil::Said)
            }
            Fact::RollbackMoved { to, hand, plan, .. } => {
                let auto = room.level_ix().and_then(|level| room.plan.levels.get(level)).map(|l| l.auto);
                let way = room.progress.retreat.way(plan.raw());
                *hand != Hand::Room
                    || match to {
                        Rung::Prepared | Rung::Armed => !matches!(auto, Some(Auto::Arm | Auto::FireAfter(_))),
                        Rung::Fired => !matches!(auto, Some(Auto::FireAfter(_))) || way.armed_itself.is_none(),
                        Rung::Verifying => way.rung != Rung::Fired,
                        Rung::Complete => way.rung != Rung::Verifying,
                        Rung::Idle | Rung::Aborted => true,
                    }
            }
            _ => true,
        };
        let watching = matches!(room.live.watch, Watch::Me { .. });
        if wrong || !watching {
            self.broke(ix, &format!("by itself, watching: {watching}: {fact:?}"));
        }
        if let Fact::AlertChanged { to: AlertWord::Firing, .. } = fact {
            self.alerts += 1;
        }
    }

    /// What was accepted from somebody is theirs to do, and a GO has what it takes.
    pub fn allowed(&mut self, ix: usize, room: &Room, by: &Author, intent: &Intent, effects: &[Effect]) {
        self.checks += 1;
        let role = by.role.as_ref().map(|r| r.raw().to_owned());
        let decides = role.as_deref() == Some("incident commander");
        let needs = matches!(
            intent,
            Intent::GateDecide { .. }
                | Intent::GateOverride { .. }
                | Intent::GateReopen { .. }
                | Intent::Resume { .. }
                | Intent::Recycle { .. }
                | Intent::SetT0 { .. }
                | Intent::Declare { .. }
                | Intent::Withdraw { .. }
                | Intent::DecideLevel { .. }
                | Intent::RollbackArm { .. }
                | Intent::RollbackFire { .. }
                | Intent::RollbackAbort { .. }
                | Intent::BreakerFire { .. }
                | Intent::Run { .. }
        );
        let read_only_run =
            matches!(intent, Intent::Run { step, .. } if room.would_run(step).iter().all(|p| p.word.is_none()));
        if needs && !decides && !(read_only_run && role.is_some()) {
            self.broke(ix, &format!("{by:?} has no role that decides, and did {intent:?}"));
        }
        for Effect::Append(drafts) in effects {
            for draft in drafts {
                self.accepted(ix, room, by, &draft.fact);
                if let Fact::RollbackMoved { plan, to: Rung::Aborted, .. } = &draft.fact {
                    self.aborts.insert(draft.id, room.progress.retreat.way(plan.raw()).rung);
                }
            }
        }
    }

    fn accepted(&mut self, ix: usize, room: &Room, by: &Author, fact: &Fact) {
        match fact {
            Fact::GateDecided { gate, verdict: Verdict::Go, overridden, evidence, sha256, .. } => {
                self.goes += 1;
                let said = room.progress.gates.gate(gate.raw());
                if evidence.hash().to_string() != *sha256 {
                    self.broke(ix, &format!("{gate}: the evidence is not what was hashed"));
                }
                if said.is_some_and(|s| s.standing().any(|c| c.vote == Vote::NoGo)) {
                    self.broke(ix, &format!("{gate}: decided GO beside a standing no-go"));
                }
                if matches!(said.map(|s| s.settled()), Some(Settled::Decided(d)) if d.verdict == Verdict::Go) {
                    self.broke(ix, &format!("{gate}: was decided GO already"));
                }
                if room.journal != JournalHealth::Safe {
                    self.broke(ix, &format!("{gate}: decided GO without a journal"));
                }
                if !overridden {
                    let (need, have) = evidence.dwell;
                    let all = evidence.criteria.iter().all(|c| c.state == "pass");
                    if !all || have < need || evidence.computed != Verdict::Go {
                        self.broke(ix, &format!("{gate}: GO on {evidence:?}"));
                    }
                    let old =
                        evidence.criteria.iter().filter_map(|c| c.age).any(|age| age > ANSWERED.as_secs_f64() + 1.0);
                    if old {
                        self.broke(ix, &format!("{gate}: GO on old evidence {:?}", evidence.criteria));
                    }
                }
            }
            // Taking back is a matter of the person alone: whoever has another role by now may.
            Fact::GateVoted { gate, role, vote: Vote::Withdrawn, .. } if by.role.as_ref() != Some(role) => {
                let said = room.progress.gates.gate(gate.raw());
                if !said.is_some_and(|s| s.standing().any(|c| c.role == *role && c.by.person == by.person)) {
                    self.broke(ix, &format!("{gate}: {by:?} takes back what {role} said"));
                }
            }
            Fact::GateVoted { gate, role, .. } if by.role.as_ref() != Some(role) => {
                self.broke(ix, &format!("{gate}: {by:?} votes for {role}"));
            }
            Fact::CommandStarted(run) => {
                let broken = room.journal != JournalHealth::Safe;
                let back = run.step.0.starts_with("breaker")
                    || room
                        .book
                        .find(&run.step)
                        .is_some_and(|s| s.phase.as_ref().is_some_and(|p| p.raw().contains("Rollback")));
                if broken && !back {
                    self.broke(ix, &format!("{} starts while the journal cannot write", run.what));
                }
            }
            _ => {}
        }
    }

    pub fn executed(&self, run: Uuid) -> bool {
        self.runs.contains_key(&run)
    }

    /// A command begins at most once, and not while the same one goes on.
    pub fn executes(&mut self, machine: usize, run: Uuid, step: &StepId, (from, until): (u64, u64), recorded: bool) {
        self.checks += 1;
        if self.runs.contains_key(&run) {
            self.broken.push(format!("run {run} of {step} begins a second time"));
        }
        // A way back that starts while the journal cannot write is known to nobody else until it can.
        let known = |run: &Uuid| !self.unrecorded.contains(run);
        let same = |m: &usize, s: &StepId, end: &u64| *m == machine && s == step && *end > from;
        let twice = self.runs.iter().any(|(run, (m, s, _, end))| known(run) && same(m, s, end));
        if !recorded {
            self.unrecorded.insert(run);
        }
        if recorded && twice && !step.0.starts_with("breaker") {
            self.broken.push(format!("{step} runs twice at a time"));
        }
        self.runs.insert(run, (machine, step.clone(), from, until));
    }

    pub fn came_home(&mut self, ix: usize, room: &Room, entry: &Arc<Entry>) {
        let seen = self.seats.entry(ix).or_default();
        seen.applied += 1;
        if let Fact::RollbackMoved { plan, to, .. } = &entry.fact {
            match to {
                Rung::Fired => self.fired += 1,
                Rung::Complete => seen.aborted.push((plan.raw().to_owned(), entry.stamp, true)),
                Rung::Aborted => {
                    let knew = self.aborts.get(&entry.id).is_some_and(|rung| rung.under_way());
                    seen.aborted.push((plan.raw().to_owned(), entry.stamp, knew));
                }
                _ => {}
            }
            self.rollbacks(ix, room);
        }
    }

    /// A rollback that was fired stays so until it is complete, or somebody who knew of it gave it up.
    fn rollbacks(&mut self, ix: usize, room: &Room) {
        let mut wrong = Vec::new();
        let seen = self.seats.entry(ix).or_default();
        for plan in stage::ROLLBACKS {
            let way = room.progress.retreat.way(plan);
            if way.rung.under_way() {
                if let Some((stamp, ..)) = &way.fired {
                    seen.fired.insert(plan, *stamp);
                }
                continue;
            }
            let Some(fired) = seen.fired.get(plan) else { continue };
            let over = seen.aborted.iter().any(|(of, at, knew)| of == plan && at > fired && *knew);
            if way.fired.is_none() || !over {
                wrong.push(format!("the rollback \"{plan}\" was fired at {fired:?} and is {} now", way.rung));
            }
        }
        for what in wrong {
            self.broke(ix, &what);
        }
    }

    pub fn ticked(&mut self, ix: usize, room: &Room, watching: bool, skewed: bool) {
        self.checks += 1;
        let mut wrong = Vec::new();
        let now = room.now;
        let seen = self.seats.entry(ix).or_default();
        let (values, services) = seen.heard(now);
        verdict(room, values, services, &mut wrong);
        let gates = room.gates();
        if watching {
            let steps: Vec<(u32, u32)> = gates.iter().map(|g| g.steps).collect();
            healthy(&mut self.good, seen, room, &steps);
        }
        for (g, (plan, gate)) in room.plan.gates.iter().zip(&gates).enumerate() {
            let stands: Vec<Option<bool>> =
                plan.criteria.iter().map(|c| truth(&c.text, values, services, gate.steps)).collect();
            let said = room.progress.gates.gate(&plan.name);
            let against = said.is_some_and(|s| s.standing().any(|c| c.vote == Vote::NoGo));
            if gate.verdict == Verdict::Go && against {
                wrong.push(format!("{}: GO while a no-go stands", plan.name));
            }
            if gate.computed == Verdict::Go && stands.iter().any(|s| *s != Some(true)) {
                let heard = seen.metrics.map(|m| m.map(|(at, v)| (now.since(at), v)));
                wrong.push(format!(
                    "{}: GO computed on {stands:?}, heard {heard:?}, trouble {:?}: {}",
                    plan.name, seen.trouble, gate.missing
                ));
            }
            if let (Verdict::Go, Some(Settled::Decided(d))) = (gate.verdict, said.map(|s| s.settled())) {
                for (condition, stand) in plan.criteria.iter().zip(&stands) {
                    let before = d.evidence.criteria.iter().find(|c| c.text.raw() == condition.text);
                    if *stand != Some(true) && before.is_some_and(|c| c.state == "pass") {
                        wrong.push(format!("{}: still GO though \"{}\" is gone", plan.name, condition.text));
                    }
                }
            }
            if gate.decision.is_some() && room.gate_in_question() == Some(g) {
                wrong.push(format!("{}: asked again though it is decided", plan.name));
            }
            if room.level_says().is_some_and(|(_, says)| says == Verdict::NoGo) && gate.computed != Verdict::NoGo {
                wrong.push(format!("{}: {} on a level that says no", plan.name, gate.computed));
            }
        }
        if watching {
            for (g, plan) in room.plan.gates.iter().enumerate().filter(|(_, plan)| !plan.dwell.is_zero()) {
                let held = room.live.gates.get(g).map(|l| l.dwell.held).unwrap_or_default();
                let good = self.good.get(&plan.name).copied().unwrap_or_default();
                // A watch that was taken over knows the last stretch from stamps, up to two seconds apart, and from samples: those
                // between which nobody looked lie no further apart than they are asked for.
                let every = room.plan.metrics.iter().map(|metric| room.pace(metric.every)).max().unwrap_or_default();
                if held > good + Duration::from_secs(2) + every {
                    wrong.push(format!("{}: {held:?} of healthy time, and {good:?} was seen", plan.name));
                }
            }
        }
        if !watching {
            seen.last.clear();
        }
        sustained(room, seen, values[0], watching, &mut wrong);
        clock(room, seen, skewed, &mut wrong);
        seen.last_tick = Some(now);
        for what in wrong {
            self.broke(ix, &what);
        }
        self.rollbacks(ix, room);
    }
}

/// The verdict of the header.
fn verdict(room: &Room, values: [Option<f64>; 2], services: [Option<bool>; 2], wrong: &mut Vec<String>) {
    if room.live.verdict.verdict != Verdict::Go {
        return;
    }
    if !values[0].is_some_and(|v| v < 1.0) || services.iter().any(|s| *s != Some(true)) {
        wrong.push(format!("the verdict is GO ({}) on {values:?} and {services:?}", room.live.verdict.reason));
    }
    if room.level().is_some() {
        wrong.push(format!("the verdict is GO on level {}", room.level().map(|l| l.name).unwrap_or_default()));
    }
}

/// A criterion of the stage, by what was really heard.
fn truth(text: &str, values: [Option<f64>; 2], services: [Option<bool>; 2], steps: (u32, u32)) -> Option<bool> {
    match text {
        "error rate < 1%" => values[0].map(|v| v < 1.0),
        "error rate < 2%" => values[0].map(|v| v < 2.0),
        "p95 < 500ms" => values[1].map(|v| v < 500.0),
        "steps done" => Some(steps.0 == steps.1),
        "services up" => services.into_iter().try_fold(true, |all, up| Some(all && up?)),
        other => panic!("the stage has no \"{other}\""),
    }
}

/// A breach that lasts is told, and puts the room on its level.
fn sustained(room: &Room, seen: &mut Seen, error_rate: Option<f64>, watching: bool, wrong: &mut Vec<String>) {
    let now = room.now;
    let gap = seen.last_tick.is_none_or(|last| now.since(last) > BLINK);
    for (slot, line) in seen.over.iter_mut().zip([0.5, 3.0]) {
        *slot = if watching && !gap && error_rate.is_some_and(|v| v > line) { slot.or(Some(now)) } else { None };
    }
    let lasted = |slot: Option<Now>| slot.map_or(0, |since| now.since(since).as_millis() as u64);
    // A value is as old as one interval before the next proves anything of the time between them.
    let slack = 2 * stage::EVERY_MS + 5_000;
    if lasted(seen.over[0]) > stage::FOR_MS + slack {
        let fires = |fact: &Fact| matches!(fact, Fact::AlertChanged { alert, to: AlertWord::Firing, .. } if alert.raw() == "errors");
        let known = room.progress.episodes.newest("errors").is_some_and(|(_, said)| said.to == AlertWord::Firing);
        if !known && !room.unsaved.values().any(|u| fires(&u.draft.fact)) {
            wrong.push(format!("errors for {} ms, and no alert fires", lasted(seen.over[0])));
        }
    }
    if lasted(seen.over[1]) > stage::LEVEL_FOR_MS + slack && room.level().is_none_or(|l| l.name == "1") {
        wrong.push(format!(
            "over 3% for {} ms, and the room is on {:?}",
            lasted(seen.over[1]),
            room.level().map(|l| l.name)
        ));
    }
}

/// The T-clock stands while it is held and else goes with the wall clock.
fn clock(room: &Room, seen: &mut Seen, skewed: bool, wrong: &mut Vec<String>) {
    let Some(t) = room.t() else { return };
    let now = room.now;
    if let Some((before, was, applied)) = seen.clock
        && applied == seen.applied
        // The end of a hold, by a clock that is ahead of this one, is still to come here.
        && (room.hold().is_some() || !skewed)
    {
        let passed = (now.utc - before.utc).num_milliseconds();
        let went = (t.0 - was) * 1_000;
        let expected = if room.hold().is_some() { 0 } else { passed };
        if (went - expected).abs() > 1_000 {
            wrong.push(format!("the T-clock went {went} ms in {passed} ms, held: {:?}", room.hold()));
        }
    }
    seen.clock = Some((now, t.0, seen.applied));
}

/// What is the same in every room once everything has arrived.
pub fn agree(rooms: &[&Room], files: &[&[Arc<Entry>]]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut all: Vec<&Arc<Entry>> = files.iter().flat_map(|f| f.iter()).collect();
    all.sort_by_key(|e| e.stamp);
    all.dedup_by_key(|e| e.stamp);
    let mut straight = Progress::default();
    for entry in &all {
        straight.apply(entry);
    }
    for (n, file) in files.iter().enumerate() {
        if file.len() != all.len() {
            wrong.push(format!("the journal of machine {n} holds {} of {} entries", file.len(), all.len()));
        }
    }
    for (n, room) in rooms.iter().enumerate() {
        if room.progress != straight {
            wrong.push(format!("room {n} holds something else than the record: {}", differ(&room.progress, &straight)));
        }
        if !room.unsaved.is_empty() {
            wrong.push(format!("room {n} still waits for {:?}", room.unsaved.values().next().map(|u| &u.draft.fact)));
        }
    }
    wrong
}

/// Which parts of two folds differ.
fn differ(a: &Progress, b: &Progress) -> String {
    let parts = [
        ("t0", a.t0 != b.t0),
        ("timeline", a.timeline != b.timeline),
        ("heads", a.heads != b.heads),
        ("loaded", a.loaded != b.loaded),
        ("watch", a.watch != b.watch),
        ("episodes", a.episodes != b.episodes),
        ("schedule", a.schedule != b.schedule),
        ("gates", a.gates != b.gates),
        ("attempts", a.attempts != b.attempts),
        ("retreat", a.retreat != b.retreat),
    ];
    let mut said: Vec<String> =
        parts.into_iter().filter(|(_, differs)| *differs).map(|(part, _)| part.to_owned()).collect();
    let ids: std::collections::BTreeSet<&StepId> = a.touched().chain(b.touched()).map(|(id, _)| id).collect();
    for id in ids.into_iter().filter(|id| a.step(id) != b.step(id)) {
        said.push(format!("step {id}: {:?} and {:?}", a.step(id), b.step(id)));
    }
    said.join(", ")
}

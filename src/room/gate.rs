//! Gates judged second by second: how their criteria stand, for how long, and what the watch records of that.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::ballots::{Settled, Turn};
use super::dwell::{Dwell, Terms};
use super::{Book, Room, Watch, judge};
use crate::clock::{Now, Stamp};
use crate::condition::Test;
use crate::fact::gate::{Stand, Vote};
use crate::fact::{Fact, Hash, StepId, Verdict};
use crate::plan::Plan;
use crate::plan::decisions::{GatePlan, OnBreach};
use crate::text::Untrusted;

/// Criteria that hold, or have no data, are recorded when they have for this long, or for a dwell that is shorter; a breach is
/// at once.
const NEWS: Duration = Duration::from_secs(2);
/// Two looks further apart than this say nothing of the time between them.
const BLINK: Duration = Duration::from_secs(5);
/// Healthy time survives a lack of data of its own length, and of this at least.
const PATIENCE: Duration = Duration::from_mins(1);

/// A gate as judged so far by this process.
#[derive(Clone, Debug, Default)]
pub struct GateLive {
    /// Its healthy time.
    pub dwell: Dwell,
    /// How each criterion stands, and since when.
    pub criteria: Vec<(Stand, Now)>,
    /// The verdict, and since when.
    pub word: Option<(Verdict, Now)>,
    /// Steps that stand before it, in which book.
    pub scope: Option<(Arc<Book>, Vec<StepId>)>,
    /// How many of them are settled and how many there are, at which revision of the steps.
    pub(super) counts: Option<(u64, (u32, u32))>,
    /// What the watch has recorded last, and how often the healthy time had begun anew then.
    recorded: Option<(Stand, u32)>,
    /// The newest record of another process that was taken over.
    followed: Option<Stamp>,
    /// When it was last opened again.
    reopened: Option<Stamp>,
}

/// Lets every gate look; what the watch is to record of it.
pub(super) fn judge_gates(room: &mut Room) -> Vec<Fact> {
    if room.plan.gates.is_empty() {
        return Vec::new();
    }
    let plan = Arc::clone(&room.plan);
    let mut gates = std::mem::take(&mut room.live.gates);
    gates.resize_with(plan.gates.len(), GateLive::default);
    for (live, gate) in gates.iter_mut().zip(&plan.gates) {
        if live.scope.as_ref().is_none_or(|(book, _)| !Arc::ptr_eq(book, &room.book)) {
            live.scope = Some((Arc::clone(&room.book), room.find_steps(gate.at.as_ref())));
            live.counts = None;
        }
    }
    room.live.gates = gates;
    for ix in 0..plan.gates.len() {
        let counts = room.gate_step_counts(ix);
        if let Some(live) = room.live.gates.get_mut(ix) {
            live.counts = Some((room.revision.steps, counts));
        }
    }
    let mut facts = Vec::new();
    let watching = matches!(room.live.watch, Watch::Me { .. }) && !room.me.read_only;
    let mut changed = false;
    for (ix, gate) in plan.gates.iter().enumerate() {
        let Some(it) = room.reckon(ix) else { continue };
        let (stands, stand) = (it.stands.clone(), it.stand());
        let voted = it.said.is_some_and(|s| s.standing().any(|c| c.vote == Vote::Go));
        let went = matches!(&it.settled, Settled::Decided(d) if d.verdict == Verdict::Go);
        let (turn, reopened) = (it.said.and_then(|s| s.turn.clone()), it.said.and_then(super::ballots::Said::reopened));
        let Some(mut live) = room.live.gates.get_mut(ix).map(std::mem::take) else { continue };
        let now = room.now;
        if !watching {
            follow(room, gate, &mut live, turn.as_ref());
        }
        if reopened > live.reopened {
            live.reopened = reopened;
            live.dwell.reset();
            live.recorded = None;
        }
        let terms = Terms {
            on_breach: gate.on_breach,
            patience: room.dwell(gate).max(PATIENCE * room.speed),
            blink: BLINK * room.speed,
        };
        live.dwell.step(&terms, now, stand);
        changed |= live.criteria.len() != stands.len() || live.criteria.iter().zip(&stands).any(|((a, _), b)| a != b);
        let before = std::mem::take(&mut live.criteria).into_iter().map(Some).chain(std::iter::repeat(None));
        live.criteria = stands
            .into_iter()
            .zip(before)
            .map(|(stand, before)| before.filter(|(was, _)| *was == stand).unwrap_or((stand, now)))
            .collect();
        let lasted = live.dwell.since.map(|since| now.since(since)).unwrap_or_default();
        let dwell = room.dwell(gate);
        let patience = if dwell.is_zero() { NEWS * room.speed } else { dwell.min(NEWS * room.speed) };
        let anew = live.recorded.is_some_and(|(_, lost)| lost != live.dwell.lost);
        let due = stand == Stand::Broken || anew || lasted >= patience;
        let matters = !dwell.is_zero() || voted || went;
        let news = watching && matters && due && live.recorded != Some((stand, live.dwell.lost));
        if news {
            live.recorded = Some((stand, live.dwell.lost));
        }
        let held = live.dwell.held.as_secs_f64();
        if let Some(slot) = room.live.gates.get_mut(ix) {
            *slot = live;
        }
        // The healthy time of this look may have filled the dwell.
        let word = room.reckon(ix).map(|it| it.verdict);
        if let (Some(word), Some(slot)) = (word, room.live.gates.get_mut(ix))
            && slot.word.is_none_or(|(was, _)| was != word)
        {
            slot.word = Some((word, now));
            changed = true;
        }
        if news {
            let why = room.gate(ix).map(|g| g.missing).unwrap_or_default();
            let (name, why) = (Untrusted::new(gate.name.clone()), Untrusted::new(why));
            facts.push(Fact::GateTurned { gate: name, to: stand, held, why, asked: Some(question(gate)) });
        }
    }
    if changed {
        room.revision.header += 1;
    }
    facts
}

/// A process that does not watch takes over what the watch recorded: it has looked for longer.
fn follow(room: &Room, gate: &GatePlan, live: &mut GateLive, turn: Option<&Turn>) {
    let Some(turn) = turn.filter(|turn| live.followed.is_none_or(|known| known < turn.stamp)) else { return };
    // Time since a record counts only while the process that made it still watches.
    let theirs = room.progress.watch.as_ref().is_some_and(|(_, since, _)| *since <= turn.stamp);
    if !theirs || !matches!(room.live.watch, Watch::Other { .. }) {
        return;
    }
    live.followed = Some(turn.stamp);
    live.dwell = Dwell::seeded(seen(room, gate, turn, room.now.utc), turn.to, room.now);
}

/// This process becomes the watch: healthy time goes on from what was last recorded; the time in which nobody looked does not
/// count, and when that was long it begins anew.
pub(super) fn take_over(room: &mut Room) {
    let plan = Arc::clone(&room.plan);
    let mut gates = std::mem::take(&mut room.live.gates);
    gates.resize_with(plan.gates.len(), GateLive::default);
    let last = last_look(room);
    for (live, gate) in gates.iter_mut().zip(&plan.gates) {
        live.recorded = None;
        let turn = room.progress.gates.gate(&gate.name).and_then(|said| said.turn.clone());
        let Some(turn) = turn else {
            // What this process has seen on the tape nobody has vouched for.
            live.dwell = Dwell::default();
            continue;
        };
        let until = last.unwrap_or(turn.stamp.utc()).max(turn.stamp.utc());
        let mut held = seen(room, gate, &turn, until);
        // Where the record is of the future, the clock was set back since, and nobody can tell for how long nobody looked.
        let ahead = until > room.now.utc + BLINK * room.speed;
        let away = if ahead { Duration::MAX } else { (room.now.utc - until).to_std().unwrap_or_default() };
        if away > room.dwell(gate).max(PATIENCE * room.speed) {
            held = Duration::ZERO;
        }
        live.dwell = Dwell::seeded(held, Stand::Blind, room.now);
    }
    room.live.gates = gates;
}

/// Keeps what is known of gates that the new plan has unchanged.
pub(super) fn keep(old: &Plan, kept: Vec<GateLive>, new: &Plan, live: &mut [GateLive]) {
    for (gate, kept) in old.gates.iter().zip(kept) {
        let same = |g: &GatePlan| {
            let text = |g: &GatePlan| g.criteria.iter().map(|c| c.text.clone()).collect::<Vec<_>>();
            g.name == gate.name && text(g) == text(gate) && g.at == gate.at
        };
        if let Some(slot) = new.gates.iter().position(same).and_then(|ix| live.get_mut(ix)) {
            *slot = kept;
        }
    }
}

/// What a gate asks for and where, in short: the first 16 hex digits of a SHA-256.
fn question(gate: &GatePlan) -> String {
    let mut sha = Sha256::new();
    let place = gate.at.iter().map(|at| at.name.as_str());
    for part in place.chain(gate.criteria.iter().map(|c| c.text.as_str())) {
        sha.update((part.len() as u64).to_le_bytes());
        sha.update(part);
    }
    let mut whole = Hash(sha.finalize().into()).to_string();
    whole.truncate(16);
    whole
}

/// The healthy time up to a moment: what was recorded and, where the criteria held then, what was looked since. A breach that
/// nobody could record is on the tape all the same.
fn seen(room: &Room, gate: &GatePlan, turn: &Turn, until: DateTime<Utc>) -> Duration {
    if turn.asked.as_ref().is_some_and(|asked| *asked != question(gate)) {
        return Duration::ZERO;
    }
    let held = Duration::try_from_secs_f64(turn.held).unwrap_or_default();
    if turn.to != Stand::Holds {
        return held;
    }
    // Who marked a step or named a level meanwhile may have undone what held before: only what came after is certain.
    let steps = room.find_steps(gate.at.as_ref());
    let marked = steps.iter().filter_map(|id| room.progress.step(id)?.newest).max();
    let level = room.progress.retreat.level().map(|(stamp, ..)| stamp);
    let changed = marked.max(level).filter(|stamp| *stamp > turn.stamp);
    if let Some(stamp) = changed {
        return looked(room, gate, stamp.utc(), until).min(unbroken(room, gate, (held, turn.stamp.utc()), until));
    }
    unbroken(room, gate, (held, turn.stamp.utc()), until)
}

/// Healthy time from a moment on, where so much was had by then, by the values and answers on the tape.
fn unbroken(room: &Room, gate: &GatePlan, (held, from): (Duration, DateTime<Utc>), until: DateTime<Utc>) -> Duration {
    let broke = gate.criteria.iter().filter_map(|c| judge::last_broken(room, &c.expr, from, until)).max();
    match (broke, gate.on_breach) {
        (None, _) => held + looked(room, gate, from, until),
        (Some(at), OnBreach::Reset) => looked(room, gate, at, until),
        // What was good between the record and the breach is not put together again: less is safe.
        (Some(at), OnBreach::Pause) => held + looked(room, gate, at, until),
    }
}

/// How much of a stretch somebody has looked at what a gate asks for, by the samples there are of it: the wall clock alone says
/// nothing of that, it may have been set, and what else was seen meanwhile says nothing of the gate. Of several the least counts.
fn looked(room: &Room, gate: &GatePlan, from: DateTime<Utc>, until: DateTime<Utc>) -> Duration {
    // An answer may be late by half an interval; one that is missing altogether is a stretch that nobody saw.
    let gap = |every: Duration| (every * 3 / 2).max(BLINK * room.speed);
    let tests: Vec<&Test> = gate.criteria.iter().flat_map(|c| c.expr.leaves()).collect();
    let asks_metric = |ix: usize| tests.iter().any(|t| t.metric().is_some_and(|m| m.ix.0 as usize == ix));
    let asks_service =
        |ix: usize| tests.iter().any(|t| **t == Test::ServicesUp || t.service().is_some_and(|s| s.ix.0 as usize == ix));
    let metrics = room.plan.metrics.iter().zip(&room.live.metrics).enumerate();
    let metrics = metrics
        .map(|(ix, (plan, live))| (asks_metric(ix), live.series.covered(from, until, gap(room.pace(plan.every)))));
    let services = room.plan.services.iter().zip(&room.live.services).enumerate();
    let services = services
        .map(|(ix, (plan, live))| (asks_service(ix), live.passes.covered(from, until, gap(room.service_pace(plan)))));
    let all: Vec<(bool, Duration)> = metrics.chain(services).collect();
    let own = all.iter().filter(|(own, _)| *own).map(|(_, seen)| *seen).min();
    own.or_else(|| all.iter().map(|(_, seen)| *seen).max()).unwrap_or_default()
}

fn last_look(room: &Room) -> Option<DateTime<Utc>> {
    let metrics = room.live.metrics.iter().filter_map(|m| m.series.last());
    metrics.chain(room.live.services.iter().filter_map(|s| s.passes.last())).map(|p| p.at).max()
}

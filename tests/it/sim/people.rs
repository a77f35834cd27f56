//! What people and misfortune do: intents of every kind by whoever may or may not, and everything that breaks.

use chrono::TimeDelta;
use warroom::fact::gate::Vote;
use warroom::fact::retreat::Choice;
use warroom::fact::{Author, CallKind, Verdict};
use warroom::room::Confirmed;
use warroom::room::decide::decide;
use warroom::room::{Intent, Room};
use warroom::text::Untrusted;

use super::dice::Dice;
use super::stage::{self, GATES, ROLLBACKS};
use super::world::{Answer, World};

/// Somebody does something, or something breaks, or production changes.
pub fn happen(world: &mut World) {
    production(world);
    if world.dice.once_in(60) {
        misfortune(world);
    }
    world.recover();
    for _ in 0..2 {
        if world.dice.once_in(450) {
            somebody(world);
        }
    }
}

fn production(world: &mut World) {
    if world.dice.once_in(40) {
        let ix = world.dice.pick(2);
        let bad = if ix == 0 { [1.5, 4.0, 30.0] } else { [700.0, 1_500.0, 300.0] };
        let answer = match world.dice.below(8) {
            0..=3 => Answer::Value(if ix == 0 { 0.2 } else { 300.0 }),
            4 | 5 => Answer::Value(*world.dice.one(&bad)),
            6 => Answer::Silence,
            _ => Answer::Error,
        };
        world.truth.metrics[ix] = answer;
        world.tell(|| format!("{} is {answer:?}", stage::METRICS[ix]));
    }
    if world.dice.once_in(15) {
        let ix = world.dice.pick(2);
        let answer = match world.dice.below(6) {
            0..=3 => Answer::Value(1.0),
            4 => Answer::Value(0.0),
            _ => Answer::Silence,
        };
        world.truth.services[ix] = answer;
        world.tell(|| format!("{} is {answer:?}", stage::SERVICES[ix]));
    }
}

fn misfortune(world: &mut World) {
    let machine = world.dice.pick(world.machines.len());
    let until = world.ms + 1_000 + world.dice.below(15_000);
    match world.dice.below(9) {
        0 | 1 => {
            let awake = world.awake();
            let Some(ix) = (!awake.is_empty()).then(|| awake[world.dice.pick(awake.len())]) else { return };
            let away = 300 + world.dice.below(9_000);
            world.crash(ix, away);
        }
        2 => {
            let awake = world.awake();
            let Some(ix) = (!awake.is_empty()).then(|| awake[world.dice.pick(awake.len())]) else { return };
            let away = 500 + world.dice.below(20_000);
            world.stop(ix, away);
        }
        3 => {
            world.tell(|| format!("machine {machine} is cut off"));
            world.machines[machine].cut_until = until;
        }
        4 => {
            world.tell(|| format!("the disk of machine {machine} is full"));
            world.machines[machine].broken_until = until;
        }
        5 => {
            let by = *world.dice.one(&[5_i64, -5, 61, -61, 3_600, -3_600]);
            world.step_clock(machine, TimeDelta::seconds(by));
        }
        6 => {
            // What ntp does, sooner or later.
            let off = world.machines[machine].off;
            world.step_clock(machine, -off);
        }
        7 if !world.machines[machine].sleeps(world.ms) => {
            let ms = 2_000 + world.dice.below(90_000);
            world.sleep(machine, ms);
        }
        _ => {
            let edition = world.dice.pick(stage::EDITIONS);
            world.tell(|| format!("edition {edition} is on the disk"));
            for machine in &mut world.machines {
                machine.edition = edition;
            }
        }
    }
}

fn somebody(world: &mut World) {
    let awake = world.awake();
    if awake.is_empty() {
        return;
    }
    let ix = awake[world.dice.pick(awake.len())];
    // A jump of the clocks is noticed within a second; until then ages are told wrongly.
    if world.jumps(ix) {
        return;
    }
    let now = world.now(ix);
    let machine = world.seats[ix].machine;
    let mut by = world.seats[ix].who.clone();
    // Now and then somebody claims no role, or leaves out that there is one.
    if world.dice.once_in(50) {
        by.role = None;
    }
    let mut dice = world.dice.clone();
    let Some(room) = &mut world.seats[ix].room else { return };
    room.now = now;
    let intent = intent(&mut dice, room, &by, machine);
    world.dice = dice;
    let Some(intent) = intent else { return };
    let Some(room) = &world.seats[ix].room else { return };
    match decide(room, &by, &intent) {
        Ok(effects) => {
            world.laws.allowed(ix, room, &by, &intent, &effects);
            world.tell(|| format!("{} does {intent:?}", by.person).chars().take(200).collect());
            world.perform(ix, effects);
        }
        Err(refusal) => {
            let why = refusal.0.chars().take(160).collect::<String>();
            world.laws.refused += 1;
            world.tell(|| format!("{} may not {:.60}: {why}", by.person, format!("{intent:?}")));
        }
    }
}

fn words(text: &str) -> Untrusted {
    Untrusted::new(text)
}

fn intent(dice: &mut Dice, room: &Room, by: &Author, machine: usize) -> Option<Intent> {
    let leaves: Vec<_> = room.book.leaves().map(|s| s.id.clone()).collect();
    let next = leaves.iter().find(|id| !room.status(id).settled());
    let any = dice.one(&leaves).clone();
    let gate = (*dice.one(&GATES)).to_owned();
    let plan = (*dice.one(&ROLLBACKS)).to_owned();
    let reason = words("so it is");
    Some(match dice.below(44) {
        0..=6 => Intent::Tick { step: next?.clone() },
        7 => Intent::Start { step: next?.clone() },
        8 => Intent::Reopen { step: any },
        9 => Intent::Fail { step: any, reason },
        10 => Intent::Skip { step: any, reason },
        11 => Intent::Undo,
        12..=15 => Intent::GateVote { gate: "canary".to_owned(), vote: Vote::Go, role: None, comment: reason },
        16 => Intent::GateVote { gate: "canary".to_owned(), vote: Vote::NoGo, role: None, comment: reason },
        17..=18 => Intent::GateVote { gate: "canary".to_owned(), vote: Vote::Withdrawn, role: None, comment: reason },
        19..=22 => Intent::GateDecide { gate, verdict: Verdict::Go, reason },
        23 => Intent::GateDecide { gate, verdict: Verdict::NoGo, reason },
        24 => Intent::GateOverride { gate, reason },
        25..=26 => Intent::GateReopen { gate, reason },
        27 => Intent::Hold { reason, minutes: dice.once_in(500).then_some(1), gate: None },
        28 => Intent::Resume { reason },
        29 if dice.once_in(200) => Intent::Recycle { phase: "Canary".to_owned(), reason },
        29 => Intent::Declare { level: "3".to_owned(), symptom: "data corruption".to_owned(), text: reason },
        30 => Intent::Withdraw { level: "3".to_owned(), symptom: "data corruption".to_owned(), reason },
        31 => {
            let level = room.level()?.name;
            Intent::DecideLevel { level, choice: *dice.one(&[Choice::Wait, Choice::Rollback, Choice::GoOn]), reason }
        }
        32 => Intent::RollbackPrepare { plan },
        33..=34 => Intent::RollbackArm { plan },
        35 => Intent::RollbackFire { word: plan.clone(), plan, reason, hash: None },
        36 if dice.once_in(400) => Intent::RollbackAbort { plan, reason },
        36 => Intent::RollbackVeto { plan, reason },
        37 if machine == 0 => {
            let hash = room.breakers().into_iter().find(|shown| shown.name == "freeze writes")?.hash;
            Intent::BreakerFire { breaker: "freeze writes".to_owned(), hash, word: "FREEZE".to_owned(), reason }
        }
        // Between machines a command belongs to whoever holds the room, which is not simulated here: one machine runs them.
        38..=40 if machine == 0 => {
            let able: Vec<_> = leaves.iter().filter(|id| !room.would_run(id).is_empty()).collect();
            let step = (*dice.one(&able)).clone();
            let planned = room.would_run(&step).into_iter().next()?;
            let hash = planned.hash.clone();
            Intent::Run {
                step,
                command: 0,
                hash,
                word: planned.word,
                reason: Some(reason),
                confirmed: Confirmed::Twice,
            }
        }
        37..=40 => Intent::Note { step: Some(any), text: reason },
        41 => Intent::CheckIn { window: "critical".to_owned(), text: words("") },
        42 if by.role.is_some() && dice.once_in(200) => {
            Intent::SetT0 { t0: Some(room.now.utc + TimeDelta::seconds(30)) }
        }
        42 => Intent::Timer { minutes: 1, text: reason, whom: None },
        _ => {
            let call = room.calls().into_iter().find(|c| c.kind == CallKind::CheckIn)?;
            Intent::CheckIn { window: call.name, text: words("slow, but well") }
        }
    })
}

//! Holds stop the clock and move what is planned; a recycle goes back and opens again what was done.

use warroom::fact::gate::Vote;
use warroom::fact::{Fact, HoldUntil, Mark, Verdict};
use warroom::room::next_for::Rank;
use warroom::room::{Intent, JournalHealth, Status};

use super::{MINUTE, SECOND, World, plan, words};
use crate::support::{at, step};

const RUNBOOK: &str = "\
# Go-live

## Preparation (T-50m)

1. roll call
2. backup

## Deployment (T-0)

1. build
2. deploy green @ T+10m

## Rollout (12:30)

1. canary
";

fn hold(reason: &str) -> Intent {
    Intent::Hold { reason: words(reason), minutes: None, gate: None }
}

fn resume() -> Intent {
    Intent::Resume { reason: words("") }
}

#[test]
fn the_clock_stands_while_held_and_what_is_planned_moves_by_as_long() {
    let mut w = World::new(RUNBOOK, &plan("", ""));
    let deploy = step(&w.room, "deploy green");
    let rollout = w.room.timed_phases().last().unwrap().clone();
    let due = |w: &World| w.room.due(w.room.book.find(&deploy).unwrap()).unwrap();
    assert_eq!(due(&w), at("2025-10-21T12:10:00Z"));
    w.pass(10 * MINUTE);
    assert_eq!(w.t(), "T-00:50:00");
    w.does("dba", &hold("storage is slow")).unwrap();
    for _ in 0..130 {
        w.pass(SECOND);
        assert_eq!(w.t(), "T-00:50:00", "it stands, second by second");
    }
    let held = w.room.hold().unwrap();
    assert_eq!((held.lasted, held.reason.as_str()), (130 * SECOND, "storage is slow"));
    assert_eq!(w.room.t0().unwrap(), at("2025-10-21T12:02:10Z"), "T-0 in force moves while it stands");
    assert_eq!(due(&w), at("2025-10-21T12:12:10Z"));
    assert_eq!(
        w.room.phase_due(&rollout).unwrap(),
        at("2025-10-21T12:32:10Z"),
        "times of day are planned anew as well"
    );
    assert!(w.does("dba", &resume()).unwrap_err().contains("role that decides"));
    w.does("ic", &resume()).unwrap();
    w.pass(MINUTE);
    assert_eq!(w.t(), "T-00:49:00");
    assert_eq!(w.room.t0().unwrap(), at("2025-10-21T12:02:10Z"));
    assert_eq!(w.room.announced_t0().unwrap(), at("2025-10-21T12:00:00Z"));
    // A new T-0 is as said: what was held before does not move it.
    w.does("ic", &Intent::SetT0 { t0: Some(at("2025-10-21T13:00:00Z")) }).unwrap();
    assert_eq!(w.room.t0().unwrap(), at("2025-10-21T13:00:00Z"));
    assert_eq!(w.room.phase_due(&rollout).unwrap(), at("2025-10-21T12:30:00Z"));
}

#[test]
fn a_hold_of_ten_minutes_ends_by_itself_and_is_counted_to_the_second() {
    let mut w = World::new(RUNBOOK, &plan("", ""));
    w.pass(90 * SECOND);
    w.does("ic", &Intent::Hold { reason: words("coffee"), minutes: Some(10), gate: None }).unwrap();
    let twice = w.does("ic", &hold("again")).unwrap_err();
    assert!(twice.contains("held already: coffee"), "{twice}");
    // Nobody looked for a while: it ended when it was to end.
    w.tick(w.room.now.plus(11 * MINUTE));
    w.tick(w.room.now.plus(SECOND));
    assert!(w.room.hold().is_none());
    assert_eq!(w.room.t0().unwrap(), at("2025-10-21T12:10:00Z"));
    assert!(w.does("ic", &resume()).unwrap_err().contains("not held"));
}

#[test]
fn two_holds_at_once_count_once() {
    let mut w = World::new(RUNBOOK, &plan("", ""));
    let now = w.room.now.utc;
    let m = chrono::TimeDelta::minutes;
    let began = |n: u128, from| Fact::HoldBegan {
        hold: uuid::Uuid::from_u128(n),
        at: now + m(from),
        reason: words("x"),
        until: HoldUntil::Said,
    };
    let ended = |n: u128, at| Fact::HoldEnded { hold: uuid::Uuid::from_u128(n), at: now + m(at), reason: words("x") };
    // 1..11 and 5..15 and, the wrong way about, 30..20.
    for fact in [began(1, 1), began(2, 5), ended(1, 11), ended(2, 15), began(3, 30), ended(3, 20)] {
        let draft = decide_draft(&w, fact);
        w.ledger.record(&mut w.room, vec![draft]);
    }
    w.room.now = w.room.now.plus(40 * MINUTE);
    assert_eq!(w.room.t0().unwrap(), at("2025-10-21T12:14:00Z"));
}

fn decide_draft(w: &World, fact: Fact) -> warroom::fact::Draft {
    warroom::room::decide::draft(&w.room.me.author, fact)
}

#[test]
fn a_planned_hold_begins_once_and_waits_for_its_steps() {
    let holds = "[[hold]]\nname = \"readiness\"\nat = \"T-40m\"\nfor = \"5m\"\nuntil = \"steps\"\n";
    let mut w = World::new(RUNBOOK, &plan("", holds));
    w.pass(25 * MINUTE);
    let held = w.room.hold().expect("T-40m came at 11:20");
    assert_eq!((w.t().as_str(), held.reason.as_str()), ("T-00:40:00", "readiness"));
    assert!(held.waits.contains("2 steps"), "{}", held.waits);
    for name in ["roll call", "backup"] {
        let tick = Intent::Tick { step: step(&w.room, name) };
        w.does("ic", &tick).unwrap();
    }
    w.pass(2 * SECOND);
    assert!(w.room.hold().is_none(), "its steps are settled and its five minutes are over");
    w.pass(MINUTE);
    let began = w.facts.iter().filter(|f| matches!(f, Fact::HoldBegan { .. })).count();
    assert_eq!(began, 1, "it is not held again for the same countdown");
    // Who comes after its time does not hold for the past.
    let mut late = World::new(RUNBOOK, &plan("", holds));
    late.tick(late.room.now.plus(30 * MINUTE));
    late.pass(5 * SECOND);
    assert!(late.room.hold().is_none());
}

#[test]
fn going_back_opens_the_phase_and_all_after_it_and_sets_the_clock() {
    let mut w = World::new(RUNBOOK, &plan("", ""));
    for name in ["roll call", "backup"] {
        let tick = Intent::Tick { step: step(&w.room, name) };
        w.does("ic", &tick).unwrap();
    }
    w.pass(65 * MINUTE);
    let build = step(&w.room, "build");
    w.does("dba", &Intent::Tick { step: build.clone() }).unwrap();
    w.does("dba", &Intent::Fail { step: step(&w.room, "deploy green"), reason: words("image missing") }).unwrap();
    let back = |phase: &str| Intent::Recycle { phase: phase.to_owned(), reason: words("image missing") };
    assert!(w.does("dba", &back("Deployment")).unwrap_err().contains("role that decides"));
    assert!(w.does("ic", &back("Rollout")).unwrap_err().contains("not earlier"));
    assert!(w.does("ic", &back("Nowhere")).unwrap_err().contains("no phase"));
    let facts = w.does("ic", &back("Deployment")).unwrap();
    let opened = facts.iter().filter(|f| matches!(f, Fact::StepMarked { mark: Mark::Todo, .. })).count();
    assert_eq!(opened, 2, "{facts:#?}");
    assert_eq!(w.t(), "T+00:00:00");
    assert_eq!(w.room.status(&build), Status::Todo);
    assert_eq!(w.room.status(&step(&w.room, "backup")), Status::Done, "what lies before stays");
    let rollout = w.room.timed_phases().last().unwrap().clone();
    assert_eq!(w.room.phase_due(&rollout).unwrap(), at("2025-10-21T12:35:00Z"), "12:30 moves as T-0 did");
    w.pass(10 * MINUTE);
    assert_eq!(w.t(), "T+00:10:00");
}

#[test]
fn a_phase_is_counted_from_its_real_beginning_where_the_plan_says_so() {
    let anchors = "[[phase]]\nat = \"Deployment\"\nanchor = \"actual\"\n";
    let mut w = World::new(RUNBOOK, &plan("", anchors));
    let deploy = step(&w.room, "deploy green");
    let due = |w: &World| w.room.due(w.room.book.find(&deploy).unwrap()).unwrap();
    assert_eq!(due(&w), at("2025-10-21T12:10:00Z"));
    w.pass(75 * MINUTE);
    w.does("dba", &Intent::Start { step: step(&w.room, "build") }).unwrap();
    assert_eq!(due(&w), at("2025-10-21T12:25:00Z"), "it began at 12:15");
    w.does("ic", &hold("look first")).unwrap();
    w.pass(2 * MINUTE);
    w.does("ic", &resume()).unwrap();
    assert_eq!(due(&w), at("2025-10-21T12:27:00Z"), "a hold moves it as well");
}

#[test]
fn the_plan_says_what_is_wrong_with_a_hold() {
    let bad = |text: &str| {
        let none = |_: &str| None;
        let nothing = |_: &str| Err("no".to_owned());
        let outside = warroom::plan::Outside { env: &none, file: &nothing, cmd: &nothing };
        let input = warroom::plan::Input { path: "warroom.toml", text, outside: &outside, runbooks: &[] };
        let messages: Vec<String> = warroom::plan::load(&input).findings.into_iter().map(|f| f.message).collect();
        messages.join("; ")
    };
    assert!(bad("[[hold]]\nat = \"T-10m\"\n").contains("neither how long"), "{}", bad("[[hold]]\nat = \"T-10m\"\n"));
    assert!(bad("[[hold]]\nat = \"T-10m\"\nuntil = \"gate x\"\n").contains("no gate \"x\""));
    assert!(bad("[[drumbeat]]\nsay = \"x\"\n").contains("every"));
    assert!(bad("[room]\norder = \"loose\"\n").contains("cannot be \"loose\""));
}

#[test]
fn a_hold_for_a_gate_ends_with_its_go_and_going_back_opens_the_gate_again() {
    let rest = "[[gate]]\nname = \"ready\"\nat = \"Preparation\"\nvotes = [\"dba\"]\n\n\
                [[hold]]\nname = \"poll\"\nat = \"T-40m\"\nuntil = \"gate ready\"\n";
    let mut w = World::new(RUNBOOK, &plan("", rest));
    w.room.journal = JournalHealth::Safe;
    for name in ["roll call", "backup"] {
        let tick = Intent::Tick { step: step(&w.room, name) };
        w.does("ic", &tick).unwrap();
    }
    w.pass(21 * MINUTE);
    assert_eq!(w.room.hold().unwrap().waits, "waiting for gate ready");
    let asked = w.room.next_for(Some("dba")).unwrap();
    assert_eq!((asked.rank, asked.text.as_str()), (Rank::Vote, "vote on gate ready"));
    let vote = Intent::GateVote { gate: "ready".to_owned(), vote: Vote::Go, role: None, comment: words("") };
    w.does("dba", &vote).unwrap();
    w.pass(5 * SECOND);
    assert!(w.room.hold().is_some(), "a GO that nobody decided is none");
    assert!(w.room.next_for(Some("dba")).is_none_or(|n| n.rank != Rank::Vote), "it has been given");
    let go = Intent::GateDecide { gate: "ready".to_owned(), verdict: Verdict::Go, reason: words("") };
    w.does("ic", &go).unwrap();
    w.pass(2 * SECOND);
    assert!(w.room.hold().is_none());
    assert!(w.t().as_str() >= "T-00:39:58", "{}", w.t());
    let back = Intent::Recycle { phase: "Preparation".to_owned(), reason: words("the backup is torn") };
    let facts = w.does("ic", &back).unwrap();
    assert!(facts.iter().any(|f| matches!(f, Fact::GateReopened { .. })), "{facts:#?}");
    assert!(w.room.gate_is_open(0));
}

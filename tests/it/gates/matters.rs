//! Which gates matter by now, whose votes count, and what becomes of a NO-GO whose voter is gone.

use std::sync::Arc;
use std::time::Duration;

use warroom::fact::gate::Vote;
use warroom::fact::{Fact, Verdict};
use warroom::room::Intent;
use warroom::text::Untrusted;

use super::{PLAN, RUNBOOK, Watched, by, ic, on_call};
use crate::support::seat::Seat;
use crate::support::{self, watching};

fn edited(it: &mut Watched, from: &str, to: &str) {
    let text = PLAN.replace(from, to);
    assert_ne!(text, PLAN);
    let plan = support::plan(&text, &it.room.book.runbooks);
    it.room.replan(plan);
}

fn overrides(reason: &str) -> Intent {
    Intent::GateOverride { gate: "canary 5%".to_owned(), reason: Untrusted::new(reason) }
}

/// Judged all the same: it only is no answer to anything yet.
#[test]
fn a_gate_that_nobody_has_come_to_is_not_begun_and_shouts_nothing() {
    let mut it = Watched::new();
    it.run(30, Some(9.0), Some(300.0));
    let gate = it.canary();
    assert_eq!((gate.begun, gate.verdict), (false, Verdict::NoGo), "{}", gate.reason);
    let screen = Seat::new(it.room).draw();
    let row = screen.lines().find(|l| l.contains("gate canary 5%")).unwrap().to_owned();
    assert!(row.contains("not begun") && !row.contains("NO-GO"), "{row}");

    for begins in ["step", "vote", "deadline"] {
        let mut it = Watched::new();
        it.run(3, Some(9.0), Some(300.0));
        match begins {
            "step" => it.tick("enable 5%"),
            "vote" => drop(it.vote(&on_call(), Vote::NoGo).unwrap()),
            _ => it.room.now = it.room.now.plus(Duration::from_mins(90)),
        }
        it.run(12, Some(9.0), Some(300.0));
        assert!(it.canary().begun, "{begins}");
        let screen = Seat::new(it.room).draw();
        let row = screen.lines().find(|l| l.contains("gate canary 5%")).unwrap().to_owned();
        assert!(row.contains("NO-GO"), "{begins}: {row}");
    }
}

#[test]
fn a_gate_with_no_step_before_it_comes_with_what_stands_above_it() {
    let runbook = RUNBOOK.replace("## Canary: 25%", "## Decide\n\nAll of us.\n\n## Canary: 25%");
    let plan = PLAN.replace(
        "at = \"go or no-go\"\ncriteria = [\"steps done\"]",
        "at = \"Decide\"\ncriteria = [\"error rate < 1%\"]",
    );
    let mut it = Watched::new();
    it.room = watching(&runbook, &plan);
    it.good(2);
    assert!(!it.gate("deploy").begun);
    for words in ["deploy green", "look at it", "go or no-go", "switch over", "enable 5%"] {
        it.tick(words);
    }
    assert!(!it.gate("deploy").begun);
    it.tick("watch it");
    assert!(it.gate("deploy").begun);
}

#[test]
fn whoever_has_left_the_plan_is_named_and_an_override_passes_that_no_go_alone() {
    let mut it = Watched::ready();
    let second = by("second", "on-call");
    it.vote(&second, Vote::NoGo).unwrap();
    let refused = it.does(&ic(), &overrides("I know better")).unwrap_err();
    assert!(refused.contains("second says NO-GO, which stands until second takes it back"), "{refused}");
    assert!(refused.contains("people of on-call"), "the way out is named: {refused}");
    edited(&mut it, "people = [\"on-call\", \"second\"]", "people = [\"on-call\"]");
    it.good(2);
    let gate = it.canary();
    assert_eq!(gate.verdict, Verdict::NoGo, "a plan that is edited takes no vote back");
    assert!(gate.votes.iter().any(|b| b.left && b.cast.as_ref().is_some_and(|c| c.by == second)), "{:?}", gate.votes);
    let refused = it.decide(&ic(), Verdict::Go).unwrap_err();
    assert!(refused.contains("second, who does not vote here any more") && refused.contains("override"), "{refused}");
    let refused = it.does(&on_call(), &overrides("gone")).unwrap_err();
    assert!(refused.contains("decides gates"), "{refused}");
    let facts = it.does(&ic(), &overrides("second went home, and cannot be reached")).unwrap();
    let Fact::GateDecided { overridden: true, evidence, .. } = &facts[0] else { panic!("{facts:?}") };
    assert!(evidence.votes.iter().any(|v| v.person.raw() == "second" && v.vote == Vote::NoGo), "it is in the evidence");
    it.good(2);
    let gate = it.canary();
    assert_eq!((gate.verdict, gate.gone.as_deref()), (Verdict::Go, None), "{}", gate.reason);
    // Somebody who votes here and says no afterwards blocks as ever.
    it.vote(&on_call(), Vote::NoGo).unwrap();
    assert_eq!(it.canary().verdict, Verdict::NoGo);
    // And whoever comes back into the plan has never taken it back.
    it.vote(&on_call(), Vote::Withdrawn).unwrap();
    assert_eq!(it.canary().verdict, Verdict::Go);
    it.room.replan(support::plan(PLAN, &it.room.book.runbooks));
    assert_eq!(it.canary().verdict, Verdict::NoGo);
}

#[test]
fn whoever_has_another_role_by_now_may_still_take_their_vote_back() {
    let mut it = Watched::ready();
    it.vote(&by("second", "on-call"), Vote::NoGo).unwrap();
    let moved = by("second", "dba");
    assert!(it.vote(&moved, Vote::Go).is_err(), "another role's vote is not theirs any more");
    it.vote(&moved, Vote::Withdrawn).unwrap();
    assert_eq!(it.canary().verdict, Verdict::Go);
}

#[test]
fn so_many_of_the_votes_are_enough_where_the_plan_says_so_and_a_no_go_is_still_one_too_many() {
    let votes = "votes = [\"incident commander\", \"on-call\"]";
    let mut it = Watched::ready();
    edited(&mut it, votes, "votes = [\"incident commander\", \"on-call\", \"dba\"]\nquorum = 2");
    it.good(2);
    let gate = it.canary();
    assert_eq!((gate.verdict, gate.counted), (Verdict::Go, (2, 2)), "{}", gate.reason);
    it.vote(&on_call(), Vote::Abstain).unwrap();
    assert_eq!(it.canary().verdict, Verdict::Wait, "who leaves it to the others is none of them");
    let dba = by("dba", "dba");
    it.vote(&dba, Vote::Go).unwrap();
    assert_eq!(it.canary().verdict, Verdict::Go);
    it.vote(&on_call(), Vote::NoGo).unwrap();
    assert_eq!(it.canary().verdict, Verdict::NoGo);
    let book = Arc::clone(&it.room.book);
    let text = PLAN.replace(votes, "votes = [\"on-call\"]\nquorum = 2");
    let none = |_: &str| None;
    let nothing = |_: &str| Err(String::new());
    let outside = warroom::plan::Outside { env: &none, file: &nothing, cmd: &nothing };
    let input = warroom::plan::Input { path: "warroom.toml", text: &text, outside: &outside, runbooks: &book.runbooks };
    let found = warroom::plan::load(&input).findings;
    assert!(found.iter().any(|f| f.message.contains("asks for 2 votes, and 1 vote on it")), "{found:?}");
}

#[test]
fn a_dwell_that_the_profile_makes_shorter_says_so() {
    let text = format!("{PLAN}\n[[profile]]\nname = \"hotfix\"\nmonitor = \"30s\"\n");
    let text = text.replace("[room]\n", "[room]\nprofile = \"hotfix\"\n");
    let mut it = Watched::new();
    it.room = watching(RUNBOOK, &text);
    it.tick("enable 5%");
    it.tick("watch it");
    it.good(40);
    let gate = it.canary();
    assert!(gate.reason.contains("dwell 0:30/0:30 (1:00 without the profile hotfix)"), "{}", gate.reason);
    assert!(it.room.evidence(&gate).reason.raw().contains("1:00 without the profile hotfix"), "and so it is recorded");
}

//! What is next at level 2 and 3: the way back, for each role what is theirs of it; nobody is sent forward.

use warroom::fact::retreat::Choice;
use warroom::room::next_for::{NextFor, Rank};

use super::{Watched, deputy, ic};
use crate::support::seat::Seat;

fn next(it: &Watched, role: &str) -> NextFor {
    it.room.next_for(Some(role)).unwrap()
}

fn commander(it: &Watched) -> String {
    let next = next(it, "incident commander");
    assert_eq!(next.rank, Rank::WayBack, "{next:?}");
    next.text
}

#[test]
fn on_a_level_that_says_no_the_way_back_is_next_rung_by_rung() {
    let mut it = Watched::new();
    it.errors(5, 0.1);
    assert!(it.room.next_for(Some("incident commander")).is_none_or(|n| n.rank != Rank::WayBack));
    it.errors(12, 1.5);
    assert_eq!(it.level().as_deref(), Some("1"));
    assert!(it.room.next_for(Some("on-call")).is_none_or(|n| n.rank != Rank::StandBy), "level 1 sends nobody back");
    it.errors(12, 3.4);
    assert_eq!(commander(&it), "prepare \"traffic to blue\" (R), then decide about level 2");
    let on_call = next(&it, "on-call");
    assert_eq!((on_call.rank, on_call.text.as_str()), (Rank::StandBy, "stand by: level 2, incident commander decides"));
    assert!(on_call.why.contains("error rate 3.4% > 3%"), "{on_call:?}");
    it.prepare("traffic to blue").unwrap();
    assert_eq!(commander(&it), "arm \"traffic to blue\" (R), then decide about level 2");
    it.arm(&ic(), "traffic to blue").unwrap();
    assert_eq!(commander(&it), "decide about level 2 (R): fire \"traffic to blue\", wait or go on");
    it.decide(&deputy(), "2", Choice::Rollback).unwrap();
    assert_eq!(commander(&it), "fire \"traffic to blue\" (R)");
    it.room.me.author = ic();
    let screen = Seat::new(std::mem::replace(&mut it.room, super::made(""))).draw();
    assert!(screen.contains("you: fire \"traffic to blue\" (R)"), "{screen}");
}

#[test]
fn while_a_rollback_is_under_way_its_steps_are_next_and_no_other() {
    let mut it = Watched::new();
    it.errors(14, 3.4);
    it.prepare("traffic to blue").unwrap();
    it.arm(&ic(), "traffic to blue").unwrap();
    it.fire(&ic(), "BLUE").unwrap();
    it.errors(1, 3.4);
    assert_eq!(commander(&it), "roll back: traffic back to blue");
    assert_eq!(next(&it, "on-call").rank, Rank::StandBy);
    it.tick("traffic back to blue");
    assert_eq!(commander(&it), "roll back: smoke test of blue");
    it.tick("smoke test of blue");
    it.errors(3, 0.2);
    let verified = next(&it, "incident commander");
    assert_eq!((verified.rank, verified.text.as_str()), (Rank::StandBy, "stand by: \"traffic to blue\" is verified"));
    it.errors(120, 0.2);
    assert!(it.room.next_for(Some("incident commander")).is_none_or(|n| n.rank > Rank::StandBy), "it is over");
}

#[test]
fn a_decision_to_wait_or_to_go_on_is_what_is_next() {
    let mut it = Watched::new();
    it.errors(14, 3.4);
    it.decide(&ic(), "2", Choice::Wait).unwrap();
    it.errors(2, 3.4);
    let waits = next(&it, "incident commander");
    assert!(waits.rank == Rank::StandBy && waits.text.starts_with("look again at level 2 in 9:5"), "{waits:?}");
    it.errors(600, 3.4);
    assert_eq!(commander(&it), "prepare \"traffic to blue\" (R), then decide about level 2");
    it.decide(&ic(), "2", Choice::GoOn).unwrap();
    it.errors(2, 3.4);
    assert!(it.room.next_for(Some("incident commander")).is_none_or(|n| n.rank > Rank::StandBy));
}

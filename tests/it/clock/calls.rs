//! Windows set the pace and ask for check-ins; a missed one is told until it is answered; timers and drumbeats come back.

use warroom::fact::{AlertWord, Fact, ServiceState};
use warroom::notice::Action;
use warroom::room::Intent;
use warroom::room::next_for::Rank;

use super::{MINUTE, SECOND, World, plan, words};
use crate::support::{notices, step};

const RUNBOOK: &str = "# Watch\n\n1. look @ T-55m\n";

const WINDOWS: &str = r#"
[notify.oncall]
command = ["/bin/true"]
escalate = [{ after = "5m", to = "boss" }]

[notify.boss]
command = ["/bin/true"]

[[window]]
name = "critical"
from = "T-58m"
until = "T-30m"
every = "30s"
check_in = { every = "2m", role = "comms" }
notify = ["oncall"]

[[service]]
name = "api"
tcp = "127.0.0.1:1"
every = "5s"
"#;

fn check_in(text: &str) -> Intent {
    Intent::CheckIn { window: "critical".to_owned(), text: words(text) }
}

#[test]
fn a_window_sets_the_pace_and_is_announced() {
    let mut w = World::new(RUNBOOK, &plan("", WINDOWS));
    w.pass(MINUTE);
    assert_eq!(w.room.probes()[0].every, 5 * SECOND);
    w.pass(2 * MINUTE);
    assert_eq!(w.room.probes()[0].every, 30 * SECOND);
    let changes: Vec<_> = w.facts.iter().filter(|f| matches!(f, Fact::WindowsChanged { .. })).collect();
    assert_eq!(changes, [&Fact::WindowsChanged { windows: vec!["critical".to_owned()], every: Some(30.0) }]);
    // While the clock is held the window lasts; extended, it lasts longer.
    w.does("ic", &Intent::ExtendWindow { window: "critical".to_owned(), minutes: 5, reason: words("not sure") })
        .unwrap();
    w.pass(28 * MINUTE);
    assert_eq!(w.room.windows().count(), 1, "11:31 is after its planned end");
    w.pass(5 * MINUTE);
    assert_eq!((w.room.windows().count(), w.room.probes()[0].every), (0, 5 * SECOND));
    let last = w.facts.iter().rev().find(|f| matches!(f, Fact::WindowsChanged { .. }));
    assert_eq!(last, Some(&Fact::WindowsChanged { windows: Vec::new(), every: None }));
}

#[test]
fn a_slower_pace_makes_nothing_stale_and_a_faster_one_gives_time() {
    let slow = WINDOWS.replace("every = \"30s\"", "every = \"10m\"");
    let mut w = World::new(RUNBOOK, &plan("", &slow));
    w.room.live.services[0].state = ServiceState::Up;
    w.room.live.services[0].asked = Some(w.room.now.plus(2 * MINUTE));
    w.tick(w.room.now.plus(2 * MINUTE));
    w.pass(19 * MINUTE);
    assert_eq!(w.room.live.services[0].state, ServiceState::Up, "two intervals are twenty minutes here");
    w.room.live.services[0].asked = Some(w.room.now);
    w.pass(9 * MINUTE);
    assert_eq!(w.room.windows().count(), 0, "asked every 5 s again since 11:30");
    let first = w.room.live.paced.unwrap();
    assert!(w.room.now.since(first) < 15 * SECOND || w.room.live.services[0].state == ServiceState::Stale);
}

#[test]
fn a_missed_check_in_is_told_again_up_the_ladder_and_ends_with_an_answer() {
    let mut w = World::new(RUNBOOK, &plan("", WINDOWS));
    w.pass(2 * MINUTE + SECOND);
    let comms = |w: &World| w.room.next_for(Some("comms"));
    w.pass(118 * SECOND);
    assert!(comms(&w).is_none_or(|n| n.rank != Rank::Call));
    w.pass(5 * SECOND);
    let next = comms(&w).unwrap();
    assert_eq!((next.rank, next.text.as_str()), (Rank::Call, "check in for critical"));
    assert!(w.room.next_for(Some("dba")).is_none_or(|n| n.rank != Rank::Call), "it is not the dba's");
    w.pass(50 * SECOND);
    assert!(notices(&w.facts).is_empty(), "half an interval late is missed, not before");
    w.pass(20 * SECOND);
    let first = notices(&w.facts);
    assert_eq!(first.len(), 1);
    assert_eq!((first[0].channel.as_str(), first[0].action), ("oncall", Action::Trigger));
    assert_eq!(first[0].alert.as_deref(), Some("check-in critical missed"));
    assert!(w.room.alerts().iter().any(|a| a.name == "check-in critical missed" && a.state.fires()));
    w.pass(6 * MINUTE);
    let to: Vec<&str> = notices(&w.facts).iter().map(|n| n.channel.as_str()).collect();
    assert!(to.iter().filter(|c| **c == "oncall").count() >= 3, "again at each interval: {to:?}");
    assert!(to.contains(&"boss"), "and up the ladder: {to:?}");
    let key = notices(&w.facts)[0].key.clone();
    assert!(notices(&w.facts).iter().all(|n| n.key == key), "one incident");
    assert!(w.does("dba", &check_in("fine")).unwrap_err().contains("role that decides"));
    w.does("comms", &check_in("errors at 0.2 %")).unwrap();
    w.pass(3 * SECOND);
    let over: Vec<&str> =
        notices(&w.facts).into_iter().filter(|n| n.action == Action::Resolve).map(|n| n.channel.as_str()).collect();
    assert_eq!(over, ["boss", "oncall"]);
    assert!(!w.room.alerts().iter().any(|a| a.state.fires()));
    // The next one is two minutes after the answer.
    let before = w.facts.len();
    w.pass(2 * MINUTE);
    assert_eq!(w.facts.len(), before);
    w.pass(70 * SECOND);
    let fired = w.facts.iter().filter(|f| matches!(f, Fact::AlertChanged { to: AlertWord::Firing, .. })).count();
    assert_eq!(fired, 2);
}

#[test]
fn whoever_comes_back_to_a_room_that_nobody_watched_is_not_late_at_once() {
    let mut w = World::new(RUNBOOK, &plan("", WINDOWS));
    w.pass(3 * MINUTE);
    w.room.now = w.room.now.plus(10 * MINUTE);
    let effects = warroom::room::observe::begin_watch(&mut w.room);
    w.ledger.perform(&mut w.room, effects);
    w.pass(2 * MINUTE);
    assert!(notices(&w.facts).is_empty(), "the room was closed for ten minutes: nobody could check in");
    w.pass(70 * SECOND);
    assert_eq!(notices(&w.facts).len(), 1);
}

#[test]
fn a_window_that_ends_asks_nobody_any_more() {
    let mut w = World::new(RUNBOOK, &plan("", WINDOWS));
    w.pass(31 * MINUTE);
    assert!(w.room.calls().is_empty());
    let last = w.facts.iter().rev().find_map(|f| match f {
        Fact::AlertChanged { to, .. } => Some(*to),
        _ => None,
    });
    assert_eq!(last, Some(AlertWord::Resolved));
    assert!(w.does("comms", &check_in("")).unwrap_err().contains("not in force"));
}

#[test]
fn a_timer_rings_once_and_is_its_persons() {
    let mut w = World::new(RUNBOOK, &plan("", ""));
    let timer = Intent::Timer { minutes: 5, text: words("back to the database"), whom: Some(words("dba")) };
    w.does("ic", &timer).unwrap();
    w.pass(299 * SECOND);
    assert!(!w.facts.iter().any(|f| matches!(f, Fact::TimerRang { .. })));
    w.pass(2 * MINUTE);
    assert_eq!(w.facts.iter().filter(|f| matches!(f, Fact::TimerRang { .. })).count(), 1);
    let next = w.room.next_for(Some("dba")).unwrap();
    assert_eq!((next.rank, next.text.as_str()), (Rank::Timer, "back to the database"));
    assert_ne!(w.room.next_for(Some("comms")).map(|n| n.rank), Some(Rank::Timer));
    let id = w.room.timers()[0].id;
    w.does("dba", &Intent::TimerDone { timer: id, text: words("") }).unwrap();
    assert!(w.room.timers().is_empty());
    assert!(w.does("dba", &Intent::TimerDone { timer: id, text: words("") }).is_err());
    let endless = Intent::Timer { minutes: u32::MAX, text: words("x"), whom: None };
    assert!(w.does("dba", &endless).is_err());
}

#[test]
fn a_drumbeat_comes_back_and_a_silent_one_is_noted() {
    let beat = "[[drumbeat]]\nsay = \"update to #release\"\nevery = \"30m\"\nrole = \"comms\"\nfrom = \"T-60m\"\n";
    let mut w = World::new(RUNBOOK, &plan("", beat));
    w.pass(29 * MINUTE);
    assert_ne!(w.room.next_for(Some("comms")).map(|n| n.rank), Some(Rank::Call));
    w.pass(2 * MINUTE);
    assert_eq!(w.room.next_for(Some("comms")).unwrap().text, "say: update to #release");
    w.pass(15 * MINUTE);
    let noted = w.facts.iter().filter(|f| matches!(f, Fact::AlertChanged { to: AlertWord::Firing, .. })).count();
    assert_eq!(noted, 1);
    w.does("comms", &Intent::Said { drumbeat: "update to #release".to_owned(), text: words("") }).unwrap();
    w.pass(29 * MINUTE);
    assert_ne!(w.room.next_for(Some("comms")).map(|n| n.rank), Some(Rank::Call));
}

#[test]
fn each_role_has_one_line_with_its_reason() {
    let book = "# Run\n\n## One\n\n1. dba: migrate\n2. comms: announce\n\n## Two\n\n- [ ] look at it @ T-50m\n";
    let mut w = World::new(book, &plan("", ""));
    let migrate = step(&w.room, "migrate");
    w.does("ic", &Intent::Own { step: migrate, owner: words("dba") }).unwrap();
    let announce = step(&w.room, "announce");
    w.does("ic", &Intent::Own { step: announce, owner: words("comms") }).unwrap();
    assert!(w.room.next_for(Some("dba")).unwrap().text.contains("migrate"));
    assert_eq!(w.room.next_for(Some("comms")), None, "it waits for the dba");
    w.pass(12 * MINUTE);
    let late = w.room.next_for(Some("comms")).unwrap();
    assert_eq!((late.rank, late.text.as_str()), (Rank::Unowned, "look at it @ T-50m"));
    assert!(late.why.contains("late, and nobody's"), "{}", late.why);
    assert_eq!(w.room.next_by_role().len(), 3);
}

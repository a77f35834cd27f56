//! For how long a profile watches: its windows end there, no gate dwells longer, and the screen says until when.

use std::time::Duration;

use warroom::clock::Offset;
use warroom::fact::{Fact, ServiceState};
use warroom::probe::{Outcome, ProbeId, Reading, Sample, ServiceIx, ServiceReading};
use warroom::room::{Book, Room, observe, windows};

use crate::support::seat::Seat;
use crate::support::{self, Ledger, at, author, watching};

const RUNBOOK: &str = "# Go-live\n\n## Deploy\n\n- [ ] deploy\n";

const PLAN: &str = r#"[room]
runbook = ["runbook.md"]
t0 = 2025-10-21T11:00:00Z

[[service]]
name = "api"
tcp = "127.0.0.1:1"
every = "60s"

[[window]]
name = "freeze"
from = "T-60m"
until = "T-0"

[[window]]
name = "critical"
from = "T+0m"
until = "T+30m"
every = "5s"

[[window]]
name = "normal"
from = "T+30m"
until = "T+3h"
every = "30s"

[[gate]]
name = "stable"
at = "Deploy"
criteria = ["api up"]
dwell = "40m"

[[profile]]
name = "full"
monitor = "4h"

[[profile]]
name = "routine"
monitor = "45m"

[[profile]]
name = "hotfix"
monitor = "15m"
"#;

fn with(profile: &str) -> Room {
    let mut room = watching(RUNBOOK, PLAN);
    let fact = Fact::ProfileChosen { profile: Some(profile.to_owned()) };
    let draft = warroom::room::decide::draft(&author("ic"), fact);
    Ledger::default().record(&mut room, vec![draft]);
    room
}

fn ends(room: &Room) -> Vec<(&str, i64)> {
    room.watched.iter().map(|w| (w.name.as_str(), room.window_end(w).0 / 60)).collect()
}

#[test]
fn the_windows_end_with_the_profile() {
    assert_eq!(ends(&watching(RUNBOOK, PLAN)), [("freeze", 0), ("critical", 30), ("normal", 180)]);
    assert_eq!(ends(&with("full")), [("freeze", 0), ("critical", 30), ("normal", 240)]);
    assert_eq!(ends(&with("routine")), [("freeze", 0), ("critical", 30), ("normal", 45)]);
    assert_eq!(ends(&with("hotfix")), [("freeze", 0), ("critical", 15)]);
    // Nothing is watched from T-0 on: the profile's own time is.
    let none = warroom::room::profile::watched(&[], Some(Duration::from_mins(15)));
    assert_eq!((none[0].from, none[0].until), (Offset(0), Offset(900)));
}

#[test]
fn the_pace_falls_back_when_the_profile_has_watched_enough() {
    for (profile, minute, pace) in
        [("hotfix", 10, 5), ("hotfix", 20, 60), ("routine", 40, 30), ("routine", 50, 60), ("full", 200, 30)]
    {
        let mut room = with(profile);
        room.now = room.now.plus(Duration::from_mins(minute));
        windows::judge(&mut room, true);
        assert_eq!(room.pace(Duration::from_mins(1)), Duration::from_secs(pace), "{profile} at {minute} min");
    }
}

#[test]
fn no_gate_dwells_longer_than_the_profile_watches() {
    for (profile, minutes) in [("hotfix", 15), ("routine", 40), ("full", 40)] {
        let room = with(profile);
        let shown = room.gates().remove(0).dwell.1;
        assert_eq!(shown, Duration::from_mins(minutes), "{profile}");
    }
}

#[test]
fn the_screen_says_which_profile_and_until_when() {
    let room = with("hotfix");
    assert_eq!(room.watched_until(), Some(at("2025-10-21T11:15:00Z")));
    let mut seat = Seat::new(room);
    let shown = seat.draw();
    assert!(shown.contains("hotfix until 11:15"), "{shown}");
    assert!(shown.contains("ic profile hotfix, wat"), "{shown}");
    assert_eq!(watching(RUNBOOK, PLAN).watched_until(), None);
}

/// The plan is edited while a window lasts in which little is asked: what was in time by its pace is not late by the other one.
#[test]
fn a_window_that_leaves_the_plan_ends_as_any_other() {
    let plan = PLAN.split("[[window]]").next().unwrap();
    let calm = "\n[[window]]\nname = \"calm\"\nfrom = \"T+0m\"\nuntil = \"T+3h\"\nevery = \"5m\"\n";
    let mut room = watching(RUNBOOK, &format!("{plan}{calm}"));
    let mut ledger = Ledger::default();
    let mut passes = |room: &mut Room, seconds: u64| {
        let effects = observe::tick(room, room.now.plus(Duration::from_secs(seconds)));
        ledger.perform(room, effects)
    };
    let windows = |facts: &[Fact]| -> Vec<Vec<String>> {
        let of = |fact: &Fact| match fact {
            Fact::WindowsChanged { windows, .. } => Some(windows.clone()),
            _ => None,
        };
        facts.iter().filter_map(of).collect()
    };
    assert_eq!(windows(&passes(&mut room, 1)), [["calm"]]);
    let at = room.now;
    let reading = Reading::Service(ServiceReading::new(ServiceIx(0), Outcome::Pass));
    observe::observe(&mut room, Sample { probe: ProbeId(0), at, took: Duration::from_millis(5), reading });
    passes(&mut room, 280);
    assert_eq!(room.live.services[0].state, ServiceState::Up);
    let books = room.book.runbooks.clone();
    let new = support::plan(plan, &books);
    room.replace(Book::new(books), new);
    assert_eq!(windows(&passes(&mut room, 1)), [Vec::<String>::new()], "the record says that it is over");
    assert_eq!(room.live.services[0].state, ServiceState::Up, "{}", room.live.services[0].reason);
}

//! The countdown on the screen: HOLD in words, the latest go, slipped phases, who is asked, timers; and what `c` and `i` ask.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use warroom::fact::{CallKind, Fact};
use warroom::room::{Intent, JournalHealth};
use warroom::tui::view::Mode;
use warroom::tui::{self, Act, Keymap, Theme, View};

use super::{MINUTE, SECOND, World, of, plan, words};
use crate::support::screen::{frame, text};
use crate::support::step;

const RUNBOOK: &str = "\
# Go-live

## Preparation (T-50m)

1. roll call (10 min)
2. backup (20 min)

## Deployment (T-0)

1. build (20 min)
2. deploy green (30 min)

## Rollout (T+50m)

1. canary (10 min)
";

const PLAN: &str = r#"
[[rollback]]
name = "blue"
steps = "Rollout"
takes = "15m"

[[window]]
name = "critical"
from = "T-58m"
until = "T+2h"
every = "30s"
check_in = { every = "5m", role = "ic" }
"#;

/// A quarter of an hour in: the clock is held, a check-in is due, a timer runs.
fn held() -> World {
    let mut w = World::new(RUNBOOK, &plan("window = \"2h\"\nenvironment = \"prod\"", PLAN));
    w.room.me.author = of("ic");
    w.room.journal = JournalHealth::Safe;
    w.pass(3 * MINUTE);
    w.does("dba", &Intent::Timer { minutes: 20, text: words("back to the replica"), whom: Some(words("dba")) })
        .unwrap();
    w.pass(3 * MINUTE);
    w.does("dba", &Intent::Hold { reason: words("storage is slow"), minutes: None, gate: None }).unwrap();
    w.pass(2 * MINUTE + 10 * SECOND);
    w
}

struct Seat {
    w: World,
    view: View,
    keys: Keymap,
}

impl Seat {
    fn new(w: World) -> Self {
        Self { w, view: View::new(), keys: Keymap::load(&[]).unwrap() }
    }

    fn shown(&mut self, width: u16, height: u16) -> String {
        // A buffer of its own each time: nothing of it was drawn before.
        self.view.invalidate();
        text(&frame(&self.w.room, &mut self.view, &Theme::default(), width, height))
    }

    fn key(&mut self, code: KeyCode) -> Vec<Act> {
        self.w.room.now = self.w.room.now.plus(Duration::from_millis(500));
        tui::on_key(&self.w.room, &mut self.view, &self.keys, KeyEvent::new(code, KeyModifiers::NONE))
    }

    fn types(&mut self, line: &str) -> Vec<Act> {
        let mut acts = Vec::new();
        for c in line.chars() {
            acts.extend(self.key(KeyCode::Char(c)));
        }
        acts
    }
}

#[test]
fn a_hold_is_said_in_words_with_what_it_waits_for() {
    let mut seat = Seat::new(held());
    for (width, height) in [(80, 24), (160, 48)] {
        let shown = seat.shown(width, height);
        assert!(shown.contains("T-00:54:00"), "{shown}");
        assert!(shown.contains("HOLD 2:10"), "{shown}");
        insta::assert_snapshot!(format!("held_{width}x{height}"), shown);
    }
    assert!(seat.shown(160, 48).contains("HOLD 2:10 waiting for somebody who decides"));
}

/// Cutovers are done at night: what is due after midnight has its time, only what is far away has its date.
#[test]
fn what_is_due_after_midnight_has_its_time() {
    let runbook = "# Go-live\n\n## Tonight (T-0)\n\n1. build (20 min)\n\n## Soon (T+30m)\n\n1. deploy (5 min)\n\n\
                   ## Later (T+40h)\n\n1. clean up (5 min)\n";
    let plan = plan("window = \"2h\"", "").replace("2025-10-21T12:00:00Z", "2025-10-21T23:45:00Z");
    let mut w = World::new(runbook, &plan);
    let now = w.room.now;
    w.room.now = now.plus(770 * MINUTE);
    w.tick(w.room.now.plus(SECOND));
    let shown = Seat::new(w).shown(160, 48);
    let due = |phase: &str| {
        shown.lines().find(|l| l.contains(phase)).unwrap().split("  ").map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(due("Soon").iter().any(|cell| cell.contains("00:15")), "{shown}");
    assert!(due("Later").iter().any(|cell| cell.contains("10-23")), "{shown}");
    let latest = shown.lines().find(|l| l.contains("latest go")).unwrap();
    assert!(latest.contains("latest go 0"), "{latest}");
}

#[test]
fn a_late_run_shows_what_slips_and_a_passed_latest_go_shouts() {
    let mut w = held();
    w.does("ic", &Intent::Resume { reason: words("") }).unwrap();
    w.tick(w.room.now.plus(50 * MINUTE));
    w.tick(w.room.now.plus(6 * SECOND));
    let mut seat = Seat::new(w);
    let shown = seat.shown(160, 48);
    insta::assert_snapshot!("slipped_160x48", shown);
    assert!(shown.contains("latest go"), "{shown}");
    assert!(shown.contains("forecast"), "{shown}");
    seat.w.tick(seat.w.room.now.plus(60 * MINUTE));
    seat.w.tick(seat.w.room.now.plus(6 * SECOND));
    let shown = seat.shown(80, 24);
    assert!(shown.contains("PASSED"), "{shown}");
}

#[test]
fn the_clock_dialog_holds_resumes_goes_back_and_sets_timers() {
    let mut seat = Seat::new(held());
    seat.shown(160, 48);
    seat.key(KeyCode::Char('c'));
    insta::assert_snapshot!("dialog_160x48", seat.shown(160, 48));
    assert!(seat.key(KeyCode::Char('h')).is_empty(), "it asks first");
    assert_eq!(seat.key(KeyCode::Char('y')), [Act::Intent(Intent::Resume { reason: words("") })]);
    // Back to a phase: names what opens, wants a reason and a yes.
    let roll = step(&seat.w.room, "roll call");
    seat.w.does("ic", &Intent::Tick { step: roll }).unwrap();
    seat.w.does("ic", &Intent::Resume { reason: words("") }).unwrap();
    seat.w.pass(10 * MINUTE);
    seat.types("cr");
    let shown = seat.shown(160, 48);
    assert!(shown.contains("Preparation") && shown.contains("opens 1 step again"), "{shown}");
    seat.types("1again");
    seat.key(KeyCode::Enter);
    let shown = seat.shown(160, 48);
    assert!(shown.contains("This opens roll call"), "{shown}");
    let back = Intent::Recycle { phase: "Preparation".to_owned(), reason: words("again") };
    assert_eq!(seat.key(KeyCode::Char('y')), [Act::Intent(back)]);
    // A timer in two keys and a line.
    seat.types("ct");
    seat.types("5m dba: look at the replica");
    let timer = Intent::Timer { minutes: 5, text: words("look at the replica"), whom: Some(words("dba")) };
    assert_eq!(seat.key(KeyCode::Enter), [Act::Intent(timer)]);
    seat.types("ct");
    seat.types("look");
    assert!(seat.key(KeyCode::Enter).is_empty(), "without a time it says what to write");
    assert!(seat.shown(160, 48).contains("5m back to the database"));
}

#[test]
fn a_check_in_is_one_key_and_enter() {
    let mut seat = Seat::new(held());
    seat.w.pass(3 * MINUTE);
    let shown = seat.shown(160, 48);
    assert!(shown.contains("NEXT  you: check in for critical"), "{shown}");
    seat.key(KeyCode::Char('i'));
    assert!(seat.shown(160, 48).contains("all is well"));
    let acts = seat.key(KeyCode::Enter);
    let said = Intent::CheckIn { window: "critical".to_owned(), text: words("all is well") };
    assert_eq!(acts, [Act::Intent(said.clone())]);
    let facts = seat.w.does("ic", &said).unwrap();
    assert!(matches!(facts.as_slice(), [Fact::CallAnswered { call: CallKind::CheckIn, .. }]));
    assert!(!seat.shown(160, 48).contains("NEXT  you: check in"));
}

#[test]
fn a_drumbeat_is_drafted_from_how_things_stand() {
    let beat = "[[drumbeat]]\nsay = \"update to #release\"\nevery = \"5m\"\nrole = \"ic\"\nfrom = \"T-60m\"\n";
    let mut w = World::new(RUNBOOK, &plan("", beat));
    w.room.me.author = of("ic");
    w.room.journal = JournalHealth::Safe;
    w.pass(6 * MINUTE);
    let mut seat = Seat::new(w);
    assert!(seat.shown(160, 48).contains("NEXT  you: say: update to #release"));
    seat.key(KeyCode::Char('i'));
    let acts = seat.key(KeyCode::Enter);
    let [Act::Intent(Intent::Said { text, .. })] = acts.as_slice() else { panic!("{acts:?}") };
    let text = text.to_string();
    assert!(text.starts_with("T-00:54:00 · WAIT: ") && text.contains("0 of 5 steps done"), "{text}");
}

#[test]
fn a_timer_is_called_out_once_with_the_bell() {
    let mut seat = Seat::new(held());
    assert!(seat.shown(160, 48).contains("back to the replica"), "it counts in the footer");
    assert!(!seat.view.take_bell());
    seat.w.pass(15 * MINUTE);
    assert!(seat.shown(160, 48).contains("TIMER back to the replica"));
    assert!(seat.view.take_bell() && !seat.view.take_bell());
    seat.shown(160, 48);
    assert!(!seat.view.take_bell());
}

#[test]
fn a_step_out_of_its_turn_warns_or_asks_why() {
    let mut seat = Seat::new(World::new(RUNBOOK, &plan("", "")));
    seat.w.room.journal = JournalHealth::Safe;
    seat.shown(160, 48);
    seat.view.follow = false;
    seat.view.selected = Some(warroom::tui::view::Spot::Step(step(&seat.w.room, "backup")));
    let acts = seat.key(KeyCode::Char(' '));
    assert!(matches!(acts.as_slice(), [Act::Intent(Intent::Tick { .. })]));
    let shown = seat.shown(160, 48);
    assert!(shown.contains("out of turn, before \"roll call"), "{shown}");
    let mut strict = Seat::new(World::new(RUNBOOK, &plan("order = \"strict\"", "")));
    strict.shown(160, 48);
    strict.view.follow = false;
    strict.view.selected = Some(warroom::tui::view::Spot::Step(step(&strict.w.room, "backup")));
    assert!(strict.key(KeyCode::Char(' ')).is_empty());
    assert!(matches!(strict.view.mode, Mode::Prompt { .. }));
    strict.types("done yesterday");
    let acts = strict.key(KeyCode::Enter);
    assert!(matches!(acts.as_slice(), [Act::Intent(Intent::TickAnyway { .. })]), "{acts:?}");
}

#[test]
fn a_time_that_is_there_twice_is_not_taken_for_t0() {
    let mut w = World::new(RUNBOOK, "[room]\nname = \"retail\"\nzone = \"Europe/Paris\"\nt0 = 2025-10-26T12:00:00Z\n");
    w.room.now.utc = crate::support::at("2025-10-26T00:10:00Z");
    let mut seat = Seat::new(w);
    seat.shown(160, 48);
    seat.types("ca02:30");
    assert!(seat.key(KeyCode::Enter).is_empty());
    assert!(matches!(seat.view.mode, Mode::Prompt { .. }), "it asks again");
    assert!(seat.shown(220, 48).contains("there twice"));
}

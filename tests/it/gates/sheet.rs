//! Gates on the screen: rows, sheet and band at three sizes, and keys of which none decides by accident.

use crossterm::event::KeyCode;
use warroom::fact::Verdict;
use warroom::fact::gate::Vote;
use warroom::room::Intent;
use warroom::text::Untrusted;
use warroom::tui::view::Mode;
use warroom::tui::{self, Act, Theme, View};

use super::{Watched, ic, on_call};
use crate::support::screen::{frame, text};
use crate::support::seat::Seat;

/// The incident commander before it.
fn sit(mut it: Watched) -> Seat {
    it.room.me.author = ic();
    Seat::new(it.room)
}

/// Deployed, the first rung of the canary under way.
fn under_way() -> Watched {
    let mut it = Watched::new();
    it.tick("deploy green");
    it.tick("look at it");
    let gate = "deploy".to_owned();
    it.good(2);
    it.does(&ic(), &Intent::GateDecide { gate, verdict: Verdict::Go, reason: Untrusted::default() }).unwrap();
    it.tick("enable 5%");
    it.tick("watch it");
    it.good(41);
    it.vote(&ic(), Vote::Go).unwrap();
    it
}

#[test]
fn the_sheet_of_a_gate_at_every_size() {
    let mut broken = under_way();
    broken.run(12, Some(1.24), Some(300.0));
    let mut blind = under_way();
    blind.run(30, Some(0.2), None);
    let mut forced = under_way();
    forced.run(3, Some(1.24), Some(300.0));
    let reason = Untrusted::new("a synthetic test makes these errors");
    forced.does(&ic(), &Intent::GateOverride { gate: "canary 5%".to_owned(), reason }).unwrap();
    forced.good(1);
    forced.run(2, Some(1.5), Some(700.0));
    for (name, it) in [("dwelling", under_way()), ("broken", broken), ("blind", blind), ("forced", forced)] {
        let mut room = it.room;
        room.me.author = ic();
        for (width, height) in [(80, 24), (160, 48), (220, 60)] {
            let mut view = View::new();
            let theme = Theme::default();
            frame(&room, &mut view, &theme, width, height);
            view.mode = Mode::Gate { gate: "canary 5%".to_owned(), opened: room.now };
            insta::assert_snapshot!(
                format!("gate_{name}_{width}x{height}"),
                text(&frame(&room, &mut view, &theme, width, height))
            );
        }
    }
}

#[test]
fn rows_and_band_name_the_gate_in_question() {
    let mut it = under_way();
    it.run(12, Some(1.24), Some(300.0));
    let mut seat = sit(it);
    let shown = seat.draw();
    assert!(shown.contains("canary 5%: error rate 1.2% > 1% for 0:11 · dwell 0:00/1:00 · votes 0/2"), "{shown}");
    assert!(shown.contains("gate canary 5%") && shown.contains("NO-GO 0:00/1:00"), "{shown}");
    assert!(shown.contains("gate deploy") && shown.contains("GO decided"), "{shown}");
    let of = |what: &str| shown.lines().position(|l| l.contains(what)).unwrap();
    assert!(of("gate deploy") < of("switch over") && of("gate deploy") > of("look at it"), "{shown}");
    seat.press('g');
    let shown = seat.draw();
    assert!(shown.contains("Gate canary 5%") && shown.contains("any other key closes"), "{shown}");
    insta::assert_snapshot!("gate_rows_160x48", sit(under_way()).draw());
}

/// A gate row is no step: ticking it does nothing but say so, and it counts for nothing.
#[test]
fn a_gates_row_is_no_step() {
    let mut seat = sit(under_way());
    let before = seat.view.derived.done;
    assert_eq!(before.1, 7, "seven steps, whatever gates there are");
    let row = seat.view.derived.nodes.iter().position(warroom::tui::derive::Node::is_gate).unwrap();
    seat.press('G');
    for _ in 0..40 {
        if seat.view.gate_selected().is_some() {
            break;
        }
        seat.press('k');
    }
    assert!(seat.view.gate_selected().is_some(), "row {row} can be selected");
    assert!(seat.press(' ').is_empty());
    assert!(seat.draw().contains("g votes on it and decides it"));
    seat.key(KeyCode::Enter);
    assert!(seat.draw().contains("g votes and decides"), "{}", seat.draw());
}

#[test]
fn votes_and_decisions_by_keys_and_nothing_by_accident() {
    let mut seat = sit(under_way());
    seat.press('g');
    // Type-ahead into the sheet that opens: nothing.
    for c in "ydxor".chars() {
        assert!(seat.key(KeyCode::Char(c)).is_empty());
    }
    assert!(matches!(seat.view.mode, Mode::Gate { .. }));
    // What may not be done says why and leaves the sheet.
    assert!(seat.press('d').is_empty());
    assert!(matches!(seat.view.mode, Mode::Gate { .. }));
    assert!(seat.draw().contains("gate canary 5%: 3 criteria hold · dwell 0:40/1:00 · votes 1/2"), "{}", seat.draw());
    assert!(seat.press('q').is_empty(), "any other key closes it");
    assert!(matches!(seat.view.mode, Mode::Normal));
    seat.press('g');
    seat.press('n');
    assert!(seat.key(KeyCode::Enter).is_empty(), "a NO-GO says why");
    let acts = seat.type_in("errors at checkout");
    let comment = Untrusted::new("errors at checkout");
    let vote = Intent::GateVote { gate: "canary 5%".to_owned(), vote: Vote::NoGo, role: None, comment };
    assert_eq!(acts, vec![Act::Intent(vote)]);
    seat.press('g');
    seat.press('o');
    assert!(seat.type_in("because").is_empty(), "without the word it is no override");
    assert!(seat.draw().contains("OVERRIDE in capitals"), "{}", seat.draw());
    seat.key(KeyCode::Esc);
    seat.press('g');
    seat.press('o');
    let acts = seat.type_in("OVERRIDE the test makes them");
    let reason = Untrusted::new("the test makes them");
    assert_eq!(acts, vec![Act::Intent(Intent::GateOverride { gate: "canary 5%".to_owned(), reason })]);
}

/// T52: a paste of a thousand yeses, bracketed or not, decides no gate.
#[test]
fn pasted_yeses_decide_nothing() {
    let mut it = under_way();
    it.vote(&on_call(), Vote::Go).unwrap();
    it.good(30);
    let mut seat = sit(it);
    seat.press('g');
    assert!(tui::on_paste(&seat.room, &mut seat.view, &"GO\ny\n".repeat(1_000)).is_empty());
    assert!(seat.press('d').is_empty());
    assert!(matches!(seat.view.mode, Mode::Confirm { .. }), "it asks first");
    for _ in 0..1_000 {
        for code in [KeyCode::Char('y'), KeyCode::Enter] {
            assert!(seat.key(code).is_empty(), "keys that come with the question are not its answer");
        }
    }
    let acts = seat.press('y');
    let [Act::Intent(Intent::GateDecide { verdict: Verdict::Go, gate, .. })] = acts.as_slice() else {
        panic!("{acts:?}")
    };
    assert_eq!(gate, "canary 5%");
}

#[test]
fn a_screen_that_only_looks_is_offered_nothing() {
    let mut it = under_way();
    it.vote(&on_call(), Vote::Go).unwrap();
    it.room.me.read_only = true;
    let mut seat = sit(it);
    seat.press('g');
    let shown = seat.draw();
    assert!(shown.contains("Gate canary 5%") && !shown.contains("vote NO-GO"), "{shown}");
    assert!(seat.press('d').is_empty());
}

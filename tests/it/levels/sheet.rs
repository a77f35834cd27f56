//! Rollbacks and breakers on the screen: both sheets at three sizes, the band, and keys of which none fires by accident.

use crossterm::event::KeyCode;
use uuid::Uuid;
use warroom::fact::{Draft, Fact};
use warroom::room::Intent;
use warroom::tui::view::{Mode, Sheet};
use warroom::tui::{Act, Theme, View};

use super::{Watched, ic, words};
use crate::support::screen::{frame, text};
use crate::support::seat::Seat;

/// The incident commander before it.
fn sit(mut it: Watched) -> Seat {
    it.room.me.author = ic();
    Seat::new(it.room)
}

fn armed() -> Watched {
    let mut it = Watched::new();
    it.errors(142, 3.4);
    it.prepare("traffic to blue").unwrap();
    it.arm(&ic(), "traffic to blue").unwrap();
    it
}

#[test]
fn both_sheets_at_every_size() {
    let mut passed = armed();
    passed.tick("drop the old tables");
    passed.errors(12, 30.0);
    let mut fired = armed();
    fired.fire(&ic(), "BLUE").unwrap();
    fired.tick("traffic back to blue");
    let pulled = Fact::BreakerFired { breaker: words("freeze writes"), reason: words("writes fail") };
    fired.ledger.record(&mut fired.room, vec![Draft { id: Uuid::from_u128(7), by: ic(), fact: pulled }]);
    fired.errors(5, 3.4);
    for (name, it) in [("armed", armed()), ("passed", passed), ("fired", fired)] {
        let mut room = it.room;
        room.me.author = ic();
        for (width, height) in [(80, 24), (160, 48), (220, 60)] {
            for (sheet, what) in [(Sheet::Rollbacks, "rollbacks"), (Sheet::Breakers, "breakers")] {
                let mut view = View::new();
                let theme = Theme::default();
                frame(&room, &mut view, &theme, width, height);
                view.mode = Mode::Way { sheet, at: 0, opened: room.now };
                let shown = text(&frame(&room, &mut view, &theme, width, height));
                insta::assert_snapshot!(format!("{what}_{name}_{width}x{height}"), shown);
            }
        }
    }
}

#[test]
fn the_band_says_the_level_and_what_is_to_be_decided() {
    let mut seat = sit(armed());
    let shown = seat.draw();
    assert!(shown.contains("LEVEL 2 error rate 3.4% > 3% since 2:1") && shown.contains("decide in 7:4"), "{shown}");
    assert!(shown.contains("prepare rollback · not improving"), "{shown}");
}

/// A level is called out once, with the bell; one of before the screen was opened is the past.
#[test]
fn a_level_is_called_out_when_it_comes() {
    let mut it = Watched::new();
    it.errors(2, 0.1);
    let mut view = View::new();
    frame(&it.room, &mut view, &Theme::default(), 160, 48);
    assert!(!view.take_bell());
    it.errors(12, 3.4);
    let shown = text(&frame(&it.room, &mut view, &Theme::default(), 160, 48));
    assert!(shown.contains("LEVEL 2; the cheapest way back is \"traffic to blue\": R decides"), "{shown}");
    assert!(view.take_bell());
    frame(&it.room, &mut view, &Theme::default(), 160, 48);
    assert!(!view.take_bell(), "once");
    let mut late = View::new();
    frame(&it.room, &mut late, &Theme::default(), 160, 48);
    assert!(!late.take_bell());
}

/// From the decision to the first command: two keys, the word, and the arrow stands on it.
#[test]
fn a_rollback_fires_with_two_keys_and_its_word() {
    let mut seat = sit(armed());
    seat.press('R');
    assert!(seat.draw().contains("the cheapest that works"));
    assert!(seat.press('f').is_empty());
    assert!(seat.type_in("yes").is_empty(), "another word fires nothing");
    assert!(seat.draw().contains("type BLUE to fire it"));
    (0..3).for_each(|_| drop(seat.key(KeyCode::Backspace)));
    let acts = seat.type_in("BLUE");
    assert!(matches!(acts.as_slice(), [Act::Intent(Intent::RollbackFire { word, .. })] if word == "BLUE"), "{acts:?}");
    let at = seat.view.selected.clone();
    assert!(format!("{at:?}").contains("Step"), "{at:?}");
}

#[test]
fn no_key_fires_a_breaker() {
    let mut seat = sit(armed());
    seat.press('B');
    for c in ['y', 'B', 'f'] {
        assert!(seat.press(c).is_empty(), "{c}");
    }
    let mut seat = sit(armed());
    seat.press('B');
    assert!(seat.key(KeyCode::Char('f')).is_empty(), "type-ahead decides nothing");
    assert!(seat.draw().contains("under glass") && seat.draw().contains("cuts off: all writes"));
    assert!(seat.press('f').is_empty());
    assert!(seat.draw().contains("type FREEZE and behind it why"), "{}", seat.draw());
    assert!(seat.type_in("FREEZE").is_empty(), "the word alone is not enough");
    (0..6).for_each(|_| drop(seat.key(KeyCode::Backspace)));
    let acts = seat.type_in("FREEZE writes fail");
    assert!(matches!(acts.as_slice(), [Act::Intent(Intent::BreakerFire { .. })]), "{acts:?}");
}

/// While its word is being typed the plan becomes another one: nothing fires, and the sheet stands there again with what is new.
#[test]
fn a_breaker_that_changes_under_the_hand_is_shown_again() {
    let mut seat = sit(armed());
    seat.press('B');
    seat.press('f');
    let other = super::PLAN.replace("AUTO", "").replace("ctl freeze", "ctl freeze --everything");
    let plan = crate::support::plan(&other, &seat.room.book.runbooks.clone());
    seat.room.replan(plan);
    assert!(seat.type_in("FREEZE writes fail").is_empty());
    let shown = seat.draw();
    assert!(shown.contains("under glass") && shown.contains("runs: ctl freeze --everything"), "{shown}");
    assert!(shown.contains("has changed since"), "{shown}");
    seat.press('f');
    let acts = seat.type_in("FREEZE writes fail");
    assert!(matches!(acts.as_slice(), [Act::Intent(Intent::BreakerFire { .. })]), "{acts:?}");
}

/// What a person sees is declared on two keys and a line.
#[test]
fn a_symptom_is_declared_from_the_sheet() {
    let mut seat = sit(armed());
    seat.press('R');
    seat.press('d');
    assert!(seat.draw().contains("declare \"data corruption\": level 3"));
    seat.press('1');
    let acts = seat.type_in("rows are missing");
    assert!(matches!(acts.as_slice(), [Act::Intent(Intent::Declare { symptom, .. })] if symptom == "data corruption"));
}

//! The forecast: never in the past, never earlier for more work; and the latest moment at which going on is safe.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use warroom::fact::Fact;
use warroom::room::Intent;
use warroom::room::forecast::{Section, Work, schedule, work};

use warroom::text::Untrusted;

use super::{MINUTE, World, plan};
use crate::support::{at, step};

fn base() -> DateTime<Utc> {
    at("2025-10-21T12:00:00Z")
}

fn sections() -> impl Strategy<Value = Vec<Section>> {
    let moment = prop::option::of((-7_200..7_200_i64).prop_map(|s| base() + TimeDelta::seconds(s)));
    let one = (prop::option::of(0..7_200_u64), moment.clone())
        .prop_map(|(left, not_before)| Work { left: left.map(Duration::from_secs), not_before });
    let section = (moment, any::<bool>(), prop::collection::vec(one, 0..6))
        .prop_map(|(not_before, parallel, open)| Section { not_before, parallel, open });
    prop::collection::vec(section, 0..8)
}

proptest! {
    #[test]
    fn nothing_ends_before_it_begins_or_before_now(sections in sections()) {
        let etas = schedule(base(), &sections);
        prop_assert_eq!(etas.len(), sections.len());
        let mut last = base();
        for eta in &etas {
            prop_assert!(eta.begins >= last && eta.ends >= eta.begins);
            last = eta.ends;
        }
        let span = (last - base()).to_std().unwrap();
        prop_assert!(span >= work(&sections), "waiting only adds to the work");
    }

    #[test]
    fn more_work_or_a_later_start_never_ends_earlier(sections in sections(), which in any::<prop::sample::Index>(), more in 0..7_200_u64, later in 0..7_200_i64) {
        let end = |now, sections: &[Section]| schedule(now, sections).last().map(|eta| eta.ends);
        let before = end(base(), &sections);
        prop_assert!(end(base() + TimeDelta::seconds(later), &sections) >= before);
        let mut grown = sections.clone();
        if !grown.is_empty() {
            let at = which.index(grown.len());
            grown[at].open.push(Work { left: Some(Duration::from_secs(more)), not_before: None });
            prop_assert!(end(base(), &grown) >= before);
            prop_assert!(work(&grown) >= work(&sections));
        }
    }
}

#[test]
fn far_estimates_end_at_the_end_of_time_and_do_not_overflow() {
    let endless = Work { left: Some(Duration::MAX), not_before: None };
    let etas = schedule(base(), &[Section { open: vec![endless, endless], ..Section::default() }]);
    assert_eq!(etas[0].ends, DateTime::<Utc>::MAX_UTC);
}

const RUNBOOK: &str = "\
# Go-live

## Deploy (T-0)

1. build (20 min)
2. migrate (10 min)

## Rollout (T+30m)

1. canary (30 min)

## First 24 hours (T+24h)

1. watch (600 min)

## Rollback

1. switch back (5 min)
";

#[test]
fn a_late_start_moves_the_phases_after_it_and_the_latest_go_does_not_move() {
    let rest = "[[rollback]]\nname = \"blue\"\nsteps = \"Rollback\"\ntakes = \"15m\"\n[[gate]]\nname = \"canary\"\ncriteria = [\"steps done\"]\ndwell = \"5m\"\n";
    let mut w = World::new(RUNBOOK, &plan("window = \"3h\"", rest));
    let eta = |w: &World, n: usize| {
        let phase = w.room.timed_phases().nth(n).unwrap();
        w.room.phase_eta(phase).unwrap()
    };
    w.pass(MINUTE);
    assert_eq!(eta(&w, 0).begins, at("2025-10-21T12:00:00Z"), "nothing begins before its time");
    assert_eq!(eta(&w, 1).begins, at("2025-10-21T12:30:00Z"));
    let safe = w.room.live.forecast.drop_dead.unwrap();
    // 15:00 less an hour of work, fifteen minutes back and five of dwell; the day after is none of the window's business.
    assert_eq!((safe.at, safe.work), (at("2025-10-21T13:40:00Z"), 60 * MINUTE));
    assert_eq!((safe.rollback, safe.dwell, safe.unknown), (Some(15 * MINUTE), 5 * MINUTE, 0));
    w.tick(w.room.now.plus(74 * MINUTE));
    assert_eq!(eta(&w, 1).begins, at("2025-10-21T12:45:00Z"), "at 12:15 half an hour of deploying is ahead");
    w.does("dba", &Intent::Start { step: step(&w.room, "build") }).unwrap();
    w.tick(w.room.now.plus(10 * MINUTE));
    assert_eq!(eta(&w, 0).ends, at("2025-10-21T12:45:00Z"), "ten of the twenty minutes have passed");
    assert_eq!(w.room.live.forecast.drop_dead.unwrap().at, at("2025-10-21T13:50:00Z"), "what is done is not ahead");
    // A hold moves the phases and not the announced window.
    let before = w.room.live.forecast.drop_dead.unwrap().at;
    w.does("ic", &Intent::Hold { reason: "look".into(), minutes: None, gate: None }).unwrap();
    w.tick(w.room.now.plus(20 * MINUTE));
    assert_eq!(w.room.live.forecast.drop_dead.unwrap().window, at("2025-10-21T15:00:00Z"));
    assert!(w.room.live.forecast.drop_dead.unwrap().at >= before);
}

#[test]
fn the_way_back_is_counted_as_measured_and_unknown_is_said() {
    let rest = "[[rollback]]\nname = \"blue\"\nsteps = \"Rollback\"\n";
    let mut w = World::new(RUNBOOK, &plan("window = \"3h\"", rest));
    w.pass(MINUTE);
    assert_eq!(w.room.live.forecast.drop_dead.unwrap().rollback, None, "nobody knows how long it takes");
    let back = step(&w.room, "switch back");
    w.does("dba", &Intent::Start { step: back.clone() }).unwrap();
    w.pass(7 * MINUTE);
    w.does("dba", &Intent::Tick { step: back.clone() }).unwrap();
    w.does("dba", &Intent::Reopen { step: back }).unwrap();
    w.pass(MINUTE);
    assert_eq!(w.room.live.forecast.drop_dead.unwrap().rollback, Some(7 * MINUTE), "as the rehearsal took");
}

/// A rollback that was gone through to its end in this journal is counted as it took, from the firing until it was verified, and
/// the screen says which it is.
#[test]
fn a_rollback_that_was_gone_through_is_counted_as_it_took() {
    use warroom::fact::Draft;
    use warroom::fact::retreat::{Hand, Rung};
    let rest = "[[rollback]]\nname = \"blue\"\nsteps = \"Rollback\"\ntakes = \"15m\"\n";
    let mut w = World::new(RUNBOOK, &plan("window = \"3h\"", rest));
    w.pass(MINUTE);
    let safe = w.room.live.forecast.drop_dead.unwrap();
    assert_eq!(safe.way_back(), "way back 15m as planned");
    let moved = |to, took| Fact::RollbackMoved {
        plan: "blue".into(),
        to,
        reason: Untrusted::default(),
        hand: Hand::Person,
        took,
        from: None,
    };
    for (to, took) in [
        (Rung::Prepared, None),
        (Rung::Armed, None),
        (Rung::Fired, None),
        (Rung::Verifying, None),
        (Rung::Complete, Some(1_512.4)),
    ] {
        let draft = Draft { id: uuid::Uuid::now_v7(), by: w.room.me.author.clone(), fact: moved(to, took) };
        w.ledger.record(&mut w.room, vec![draft]);
        w.pass(MINUTE);
    }
    let later = w.room.live.forecast.drop_dead.unwrap();
    assert_eq!(later.way_back(), "way back 25m12s measured");
    assert_eq!(safe.at - later.at, chrono::TimeDelta::seconds(612), "the latest go is that much earlier");
    let shown = warroom::tui::panes::countdown::drop_dead(&w.room);
    assert!(shown.is_some_and(|(text, _)| text.ends_with("way back 25m12s measured")));
}

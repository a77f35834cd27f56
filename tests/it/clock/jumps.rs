//! Clocks that jump (T92) and machines that sleep (T93): nothing is counted wrong, nobody is paged for the gap.

use std::time::Duration;

use chrono::TimeDelta;
use warroom::clock::Now;
use warroom::clock::jumps::{Jump, Reading};
use warroom::fact::{Fact, ServiceState};
use warroom::probe::{MetricIx, MetricReading, Point, ProbeId, Reading as Came, Sample};
use warroom::room::{Intent, clocks, observe};

use super::{MINUTE, SECOND, World, plan, words};
use crate::support::start;

fn reading(at: Now, boot: Duration) -> Reading {
    Reading { utc: at.utc, mono: at.mono, boot }
}

fn jumps(before: Reading, after: Reading) -> Vec<Jump> {
    Jump::between(before, after).collect()
}

#[test]
fn steps_and_sleeps_are_told_apart_and_a_stopped_process_is_neither() {
    let s = |n| Duration::from_secs(n);
    let before = reading(start(), s(9_000));
    let after = |utc: i64, mono: u64, boot: u64| Reading {
        utc: before.utc + TimeDelta::seconds(utc),
        mono: before.mono + s(mono),
        boot: before.boot + s(boot),
    };
    assert_eq!(jumps(before, after(1, 1, 1)), []);
    assert_eq!(jumps(before, after(60, 60, 60)), [], "stopped for a minute");
    assert_eq!(jumps(before, after(1_801, 1, 1_801)), [Jump::Suspended(s(1_800))]);
    for step in [5, -5, 3_600, -3_600, 86_400, -86_400] {
        assert_eq!(jumps(before, after(1 + step, 1, 1)), [Jump::Stepped(TimeDelta::seconds(step))]);
    }
    let both = jumps(before, after(3_601 + 1_800, 1, 1_801));
    assert_eq!(both, [Jump::Suspended(s(1_800)), Jump::Stepped(TimeDelta::seconds(3_600))]);
}

const PLAN: &str = r#"
[notify.oncall]
command = ["/bin/true"]

[[service]]
name = "api"
tcp = "127.0.0.1:1"
every = "5s"

[source.app]
scrape = "http://127.0.0.1:1/metrics"

[[metric]]
name = "errors"
unit = "%"
query = "x"
source = "app"
every = "5s"

[[rule]]
name = "errors high"
when = "errors > 1%"
for = "60s"
severity = "page"
notify = ["oncall"]

[[window]]
name = "critical"
from = "T-60m"
until = "T+60m"
check_in = { every = "10m", role = "comms" }
notify = ["oncall"]
"#;

fn sample(w: &mut World, value: f64) {
    let now = w.room.now;
    let readings = vec![MetricReading { metric: MetricIx(0), value: Ok(Point { at: now.utc, value }) }];
    let sample = Sample { probe: ProbeId(1), at: now, took: Duration::ZERO, reading: Came::Metrics(readings) };
    let effects = observe::observe(&mut w.room, sample);
    w.ledger.perform(&mut w.room, effects);
}

/// Seconds with a sample each five.
fn live(w: &mut World, seconds: u64, value: f64) {
    for n in 0..seconds {
        if n % 5 == 0 {
            sample(w, value);
        }
        w.tick(w.room.now.plus(SECOND));
    }
}

fn told(w: &World) -> usize {
    w.facts.iter().filter(|f| matches!(f, Fact::NoticeQueued { .. })).count()
}

/// T92: the wall clock steps in the middle of a countdown and in the middle of a `for`.
#[test]
fn a_step_of_the_wall_clock_moves_t_and_no_deadline() {
    for step in [5, -5, 3_600, -3_600, 86_400, -86_400_i64] {
        let mut w = World::new("# R\n\n1. x\n", &plan("", PLAN));
        live(&mut w, 10, 0.2);
        live(&mut w, 30, 5.0);
        let t = w.room.t().unwrap().0;
        let stepped = Now { utc: w.room.now.utc + TimeDelta::seconds(step), mono: w.room.now.mono };
        let effects = clocks::jumped(&mut w.room, Jump::Stepped(TimeDelta::seconds(step)), stepped);
        let facts = w.ledger.perform(&mut w.room, effects);
        assert_eq!(facts, [Fact::ClockStepped { by_ms: step * 1_000 }]);
        assert_eq!(w.room.t().unwrap().0, t + step, "T-minus follows the wall");
        assert_eq!(w.room.clock_trouble().unwrap(), format!("clock stepped {step:+} s"));
        assert_eq!(told(&w), 0);
        let fires_after = |w: &mut World| {
            (0..90).find(|_| {
                live(w, 1, 5.0);
                told(w) > 0
            })
        };
        let more = fires_after(&mut w).expect("the alert fires after its minute");
        assert!((28..=32).contains(&more), "step {step}: fired after {} s in all", 30 + more);
        assert!(w.room.live.metrics[0].series.last().is_some_and(|p| p.at <= w.room.now.utc));
        let order: Vec<_> = w.room.progress.timeline.keys().collect();
        assert!(order.is_sorted(), "the journal's order is that of its stamps");
    }
}

/// T92: nobody is asked to have checked in during an hour that was not.
#[test]
fn a_step_does_not_make_a_check_in_missed_nor_put_it_off() {
    for step in [3_600, -3_600, 86_400, -86_400_i64] {
        let mut w = World::new("# R\n\n1. x\n", &plan("", PLAN));
        w.pass(5 * MINUTE);
        w.does("comms", &Intent::CheckIn { window: "critical".to_owned(), text: words("") }).unwrap();
        w.pass(MINUTE);
        let stepped = Now { utc: w.room.now.utc + TimeDelta::seconds(step), mono: w.room.now.mono };
        clocks::jumped(&mut w.room, Jump::Stepped(TimeDelta::seconds(step)), stepped);
        if w.room.calls().is_empty() {
            continue; // the step led out of the window
        }
        let due = w.room.calls()[0].due - w.room.now.utc;
        assert_eq!(due, TimeDelta::minutes(10), "step {step}");
        w.pass(9 * MINUTE);
        assert!(!w.room.alerts().iter().any(|alert| alert.name.starts_with("check-in")), "step {step}");
    }
}

/// T93: the machine sleeps for half an hour.
#[test]
fn after_a_sleep_all_is_stale_and_nobody_is_paged_for_it() {
    let mut w = World::new("# R\n\n1. x\n", &plan("", PLAN));
    live(&mut w, 10, 0.2);
    live(&mut w, 50, 5.0);
    w.room.live.services[0].state = ServiceState::Up;
    w.room.live.services[0].asked = Some(w.room.now);
    let slept = 30 * MINUTE;
    // The monotonic clock stood still.
    let woken = Now { utc: w.room.now.utc + TimeDelta::from_std(slept).unwrap(), mono: w.room.now.mono + SECOND };
    let effects = clocks::jumped(&mut w.room, Jump::Suspended(slept), woken);
    let facts = w.ledger.perform(&mut w.room, effects);
    assert_eq!(facts, [Fact::Suspended { ms: 1_800_000 }]);
    assert_eq!(w.room.clock_trouble(), Some("was suspended 30m"));
    assert_eq!(w.room.live.services[0].state, ServiceState::Stale);
    assert_eq!(w.room.live.metrics[0].current(), None, "a value from before the sleep is none");
    for _ in 0..9 {
        w.tick(w.room.now.plus(SECOND));
    }
    assert_eq!(told(&w), 0, "neither the rule nor the check-in pages for the gap");
    live(&mut w, 30, 0.2);
    assert_eq!(told(&w), 0);
    assert!(w.room.live.metrics[0].current().is_some());
    // What is really missed after it is told.
    w.pass(16 * MINUTE);
    assert!(told(&w) > 0, "the check-in is due ten minutes after waking up, and missed after fifteen");
}

/// T93: a process that was stopped for a minute; the monotonic clock went on.
#[test]
fn a_stop_of_a_minute_counts_for_no_alert() {
    let mut w = World::new("# R\n\n1. x\n", &plan("", PLAN));
    live(&mut w, 10, 0.2);
    live(&mut w, 30, 5.0);
    w.tick(w.room.now.plus(MINUTE));
    assert_eq!(told(&w), 0);
    assert_eq!(w.room.live.metrics[0].current(), None, "stale at once");
}

/// T92: who starts right after the clock was set back reads samples of a moment that is still to come, and then newer ones with
/// older times: the last that was measured counts.
#[test]
fn who_starts_after_a_step_back_takes_what_was_measured_last() {
    let mut w = World::new("# R\n\n1. x\n", &plan("", PLAN));
    let start = w.room.now;
    let mut measured = |ahead: i64, value: f64| {
        let at = Now { utc: start.utc + TimeDelta::seconds(ahead), ..start };
        let readings = vec![MetricReading { metric: MetricIx(0), value: Ok(Point { at: at.utc, value }) }];
        let sample = Sample { probe: ProbeId(1), at, took: Duration::ZERO, reading: Came::Metrics(readings) };
        observe::observe(&mut w.room, sample);
        w.room.live.metrics[0].current()
    };
    measured(2, 0.1);
    measured(4, 0.2);
    assert_eq!(measured(0, 5.0), Some(5.0));
}

/// T93: after a pause of the pollers' clock each probe is asked once, not once for each beat it missed.
#[test]
fn a_pause_ends_in_one_asking_each() {
    use warroom::poll::wheel::{Beat, Wheel};
    let mut wheel = Wheel::new();
    for key in 0..50_u32 {
        wheel.insert(key, Beat::of(&format!("probe {key}"), 5 * SECOND), Duration::ZERO, None);
    }
    let mut due = Vec::new();
    wheel.due(10 * SECOND, &mut due);
    due.clear();
    wheel.due(30 * MINUTE, &mut due);
    assert!(due.len() <= 50, "{} askings of 50 probes", due.len());
}

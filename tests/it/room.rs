//! The room: given entries and samples, when somebody wants something or time passes, then these facts or this refusal.

use std::fmt::Write as _;
use std::time::Duration;

use warroom::clock::Now;
use warroom::fact::{Fact, Mark, ServiceState, Verdict};
use warroom::probe::{
    MetricIx, MetricReading, Outcome, Phases, Point, ProbeId, Reading, Sample, ServiceIx, ServiceReading,
};
use warroom::room::{Intent, Room, Running, Status, Watch, causes, observe};
use warroom::text::Untrusted;

use crate::support::{Ledger, at, room, start, step};

const RUNBOOK: &str = "\
# Go-live

## Phase 1: Preparation (T-30 minutes)

- [ ] open the war room
- [x] freeze merges
- [ ] **Audit**
  - [ ] keys rotated
  - [ ] certificates valid

## Phase 2: Deployment (T+0)

1. build
2. deploy green
";

const PLAN: &str = r#"
[room]
name = "retail"
t0 = 2025-10-21T12:00:00Z

[[role]]
name = "incident commander"
people = ["ic"]
decides = ["gates"]

[[service]]
name = "api"
http = "http://127.0.0.1:1/health"
every = "5s"

[source.app]
scrape = "http://127.0.0.1:1/metrics"

[[metric]]
name = "error rate"
unit = "%"
query = "rate(x[1m])"
source = "app"
objective = "< 1%"
every = "5s"
"#;

fn tick_intent(room: &Room, words: &str) -> Intent {
    Intent::Tick { step: step(room, words) }
}

#[test]
fn a_tick_is_done_only_when_its_entry_comes_home() {
    let mut room = room(RUNBOOK, "");
    let id = step(&room, "open the war room");
    let effects =
        warroom::room::decide::decide(&room, &room.me.author.clone(), &Intent::Tick { step: id.clone() }).unwrap();
    assert_eq!(room.status(&id), Status::Todo, "deciding changes nothing");
    Ledger::default().perform(&mut room, effects);
    assert_eq!(room.status(&id), Status::Done);
}

#[test]
fn a_box_ticked_in_the_file_counts_as_done_there() {
    let mut room = room(RUNBOOK, "");
    let id = step(&room, "freeze merges");
    assert_eq!(room.status(&id), Status::InFile);
    let mut ledger = Ledger::default();
    // A note on it does not open it again.
    ledger
        .does("ic", &Intent::Note { step: Some(id.clone()), text: Untrusted::new("since Monday") }, &mut room)
        .unwrap();
    assert_eq!(room.step(&id).status, Status::InFile);
    ledger.does("ic", &Intent::Reopen { step: id.clone() }, &mut room).unwrap();
    assert_eq!(room.status(&id), Status::Todo);
}

#[test]
fn ticking_a_group_ticks_what_is_left_in_it_one_by_one() {
    let mut room = room(RUNBOOK, "");
    let mut ledger = Ledger::default();
    ledger.does("ic", &tick_intent(&room, "keys rotated"), &mut room).unwrap();
    let facts = ledger.does("ic", &tick_intent(&room, "Audit"), &mut room).unwrap();
    assert_eq!(facts.len(), 1, "keys rotated was done already");
    assert_eq!(room.status(&step(&room, "certificates valid")), Status::Done);
    let again = ledger.does("ic", &tick_intent(&room, "Audit"), &mut room).unwrap_err();
    assert!(again.contains("nothing left"), "{again}");
    let started = ledger.does("ic", &Intent::Start { step: step(&room, "Audit") }, &mut room).unwrap_err();
    assert!(started.contains("is a group"), "{started}");
}

#[test]
fn somebody_elses_tick_is_confirmed_and_ones_own_refused() {
    let mut room = room(RUNBOOK, "");
    let mut ledger = Ledger::default();
    let tick = tick_intent(&room, "open the war room");
    ledger.does("ic", &tick, &mut room).unwrap();
    let twice = ledger.does("ic", &tick, &mut room).unwrap_err();
    assert!(twice.contains("u takes it back"), "{twice}");
    ledger.does("dba", &tick, &mut room).unwrap();
    let state = room.step(&step(&room, "open the war room"));
    assert_eq!(state.by.unwrap().0.person, Untrusted::new("ic"));
    assert_eq!(state.confirmed_by[0].0.person, Untrusted::new("dba"));
}

#[test]
fn undo_takes_back_my_own_last_mark_and_no_one_elses() {
    let mut room = room(RUNBOOK, "");
    let mut ledger = Ledger::default();
    let id = step(&room, "open the war room");
    assert!(ledger.does("ic", &Intent::Undo, &mut room).unwrap_err().contains("nothing of yours"));
    ledger.does("ic", &Intent::Start { step: id.clone() }, &mut room).unwrap();
    ledger.does("ic", &Intent::Tick { step: id.clone() }, &mut room).unwrap();
    ledger.does("ic", &Intent::Undo, &mut room).unwrap();
    assert_eq!(room.status(&id), Status::Running, "back to what was before, not to the beginning");
    ledger.does("dba", &Intent::Tick { step: id.clone() }, &mut room).unwrap();
    let refused = ledger.does("ic", &Intent::Undo, &mut room).unwrap_err();
    assert!(refused.contains("changed by somebody after you"), "{refused}");
}

/// Pressed again it goes on to the mark before, over all steps, and never back to what was just taken back.
#[test]
fn undo_again_takes_back_the_mark_before() {
    let mut room = room(RUNBOOK, "");
    let mut ledger = Ledger::default();
    let (first, second) = (step(&room, "open the war room"), step(&room, "build"));
    ledger.does("ic", &Intent::Tick { step: first.clone() }, &mut room).unwrap();
    ledger.does("ic", &Intent::Start { step: second.clone() }, &mut room).unwrap();
    ledger.does("ic", &Intent::Tick { step: second.clone() }, &mut room).unwrap();
    ledger.does("ic", &Intent::Reopen { step: first.clone() }, &mut room).unwrap();
    let mut undo = || {
        let undone = ledger.does("ic", &Intent::Undo, &mut room).map(drop);
        undone.map(|()| (room.status(&first), room.status(&second)))
    };
    assert_eq!(undo().unwrap(), (Status::Done, Status::Done), "a reopening is taken back as well");
    assert_eq!(undo().unwrap(), (Status::Done, Status::Running));
    assert_eq!(undo().unwrap(), (Status::Done, Status::Todo));
    assert_eq!(undo().unwrap(), (Status::Todo, Status::Todo));
    assert!(undo().unwrap_err().contains("nothing of yours"));
}

/// Taking back my confirmation must not take back what somebody else ticked.
#[test]
fn undo_of_a_confirmation_leaves_the_others_tick() {
    let mut room = room(RUNBOOK, "");
    let mut ledger = Ledger::default();
    let tick = tick_intent(&room, "open the war room");
    ledger.does("ic", &tick, &mut room).unwrap();
    ledger.does("dba", &tick, &mut room).unwrap();
    let refused = ledger.does("dba", &Intent::Undo, &mut room).unwrap_err();
    assert!(refused.contains("ic") && refused.contains("reopen"), "{refused}");
    assert_eq!(room.status(&step(&room, "open the war room")), Status::Done);
}

#[test]
fn leaving_a_step_out_needs_a_reason_and_the_plan_decides_who_may() {
    let mut room = room(RUNBOOK, PLAN);
    let mut ledger = Ledger::default();
    let step = step(&room, "build");
    let skip = |why: &str| Intent::Skip { step: step.clone(), reason: Untrusted::new(why) };
    let waive = Intent::Waive { step: step.clone(), reason: Untrusted::new("built yesterday") };
    let refused = ledger.does("guest", &skip("built yesterday"), &mut room).unwrap_err();
    assert!(refused.contains("you need a role of the plan"), "{refused}");
    // The same people tick and note without a role.
    ledger.does("guest", &Intent::Note { step: None, text: Untrusted::new("here") }, &mut room).unwrap();
    let refused = ledger.does("guest", &waive, &mut room).unwrap_err();
    assert!(refused.contains("incident commander"), "{refused}");

    let mut open = crate::support::room(RUNBOOK, "");
    let refused = ledger.does("ic", &skip("  "), &mut open).unwrap_err();
    assert!(refused.contains("needs words"), "{refused}");
    ledger.does("ic", &skip("built yesterday"), &mut open).unwrap();
    assert_eq!(open.status(&step), Status::Skipped);
    assert_eq!(open.step(&step).reason, Some(Untrusted::new("built yesterday")));
    let refused = ledger.does("ic", &Intent::Tick { step: step.clone() }, &mut open).unwrap_err();
    assert!(refused.contains("reopen it first"), "{refused}");
}

#[test]
fn a_read_only_seat_records_nothing() {
    let mut room = room(RUNBOOK, "");
    room.me.read_only = true;
    let refused = Ledger::default().does("ic", &tick_intent(&room, "build"), &mut room).unwrap_err();
    assert!(refused.contains("read-only"), "{refused}");
}

#[test]
fn an_added_step_can_be_ticked_like_any_other() {
    let mut room = room(RUNBOOK, "");
    let mut ledger = Ledger::default();
    let facts =
        ledger.does("ic", &Intent::Add { after: None, text: Untrusted::new("call the bank") }, &mut room).unwrap();
    let Fact::StepAdded { step, .. } = &facts[0] else { panic!("{facts:?}") };
    let before = room.overall();
    ledger.does("ic", &Intent::Tick { step: step.clone() }, &mut room).unwrap();
    assert_eq!(room.overall().done, before.done + 1);
    assert_eq!(room.step_text(step).unwrap(), "call the bank");
}

#[test]
fn the_clock_places_phases_and_finds_what_is_late() {
    let mut room = room("# x\n\n## Prep (T-30 minutes)\n\n- [ ] 11:35 - all present\n- [ ] briefed\n", PLAN);
    let phase = room.book.runbooks[0].phases[0].clone();
    assert_eq!(room.phase_due(&phase), Some(at("2025-10-21T11:30:00Z")));
    assert_eq!(room.t().unwrap().to_string(), "T-01:00:00");
    Ledger::default().does("ic", &Intent::SetT0 { t0: Some(at("2025-10-21T13:00:00Z")) }, &mut room).unwrap_err();
    room.me.author.role = Some(Untrusted::new("incident commander"));
    let by = room.me.author.clone();
    let moved = Intent::SetT0 { t0: Some(at("2025-10-21T13:00:00Z")) };
    let effects = warroom::room::decide::decide(&room, &by, &moved).unwrap();
    Ledger::default().perform(&mut room, effects);
    assert_eq!(room.phase_due(&phase), Some(at("2025-10-21T12:30:00Z")));
}

fn service(room: &mut Room, now: Now, outcome: Outcome) -> Vec<Fact> {
    let reading = ServiceReading {
        service: ServiceIx(0),
        outcome,
        code: Some(200),
        version: None,
        says: None,
        phases: Phases::default(),
        tls_days: None,
        excerpt: Untrusted::default(),
    };
    sample(room, now, Reading::Service(reading))
}

fn metric(room: &mut Room, now: Now, value: Result<f64, &str>) -> Vec<Fact> {
    let value = value.map(|value| Point { at: now.utc, value }).map_err(str::to_owned);
    sample(room, now, Reading::Metrics(vec![MetricReading { metric: MetricIx(0), value }]))
}

fn sample(room: &mut Room, now: Now, reading: Reading) -> Vec<Fact> {
    room.now = now;
    let sample = Sample { probe: ProbeId(0), at: now, took: Duration::from_millis(40), reading };
    Ledger::default().perform_facts(observe::observe(room, sample))
}

impl Ledger {
    fn perform_facts(&mut self, effects: Vec<warroom::room::Effect>) -> Vec<Fact> {
        effects.into_iter().flat_map(|warroom::room::Effect::Append(d)| d).map(|d| d.fact).collect()
    }
}

/// A room whose watch is this process.
fn watched() -> Room {
    let mut room = room(RUNBOOK, PLAN);
    room.live.watch = Watch::Me { epoch: 1 };
    room
}

fn after(s: u64) -> Now {
    start().plus(Duration::from_secs(s))
}

/// A plan of services by name, each with what it needs and its target version.
fn chain(services: &[(&str, &str, Option<&str>)]) -> Room {
    let mut plan = "[room]\nname = \"chain\"\n".to_owned();
    for (name, needs, target) in services {
        let target = target.map(|t| format!("expect = {{ version = \"/v\", target = \"{t}\" }}\n")).unwrap_or_default();
        let needs = if needs.is_empty() { String::new() } else { format!("needs = [\"{needs}\"]\n") };
        let http = "http://127.0.0.1:1/";
        let _ = writeln!(plan, "[[service]]\nname = \"{name}\"\nhttp = \"{http}\"\n{needs}{target}");
    }
    let mut room = room(RUNBOOK, &plan);
    room.live.watch = Watch::Me { epoch: 1 };
    room
}

fn answer(room: &mut Room, ix: u32, now: Now, outcome: Outcome, version: Option<&str>) -> Vec<Fact> {
    let version = version.map(Untrusted::new);
    sample(room, now, Reading::Service(ServiceReading { version, ..ServiceReading::new(ServiceIx(ix), outcome) }))
}

#[test]
fn answers_of_two_versions_in_turns_are_mixed() {
    let mut room = chain(&[("api", "", Some("v2.0"))]);
    let old = || Outcome::Degraded("another version than v2.0".to_owned());
    for n in 0..3 {
        answer(&mut room, 0, after(n * 5), old(), Some("v1.9"));
    }
    let running = |room: &Room| room.live.services[0].versions.running(Some("v2.0"), room.now);
    assert_eq!((running(&room), room.on_target()), (Running::Old, Some((0, 1, Some("v2.0")))));
    // One switch is a deployment that went through.
    answer(&mut room, 0, after(15), Outcome::Pass, Some("v2.0"));
    assert_eq!((room.live.services[0].state, running(&room)), (ServiceState::Up, Running::New));
    // Answers in turns are two versions behind one address.
    answer(&mut room, 0, after(20), old(), Some("v1.9"));
    for n in 5..11 {
        answer(&mut room, 0, after(n * 5), Outcome::Pass, Some("v2.0"));
    }
    let live = &room.live.services[0];
    assert_eq!((live.state, live.reason.as_str()), (ServiceState::Degraded, "mixed 4×v1.9 7×v2.0"));
    assert_eq!(running(&room), Running::Mixed);
    // A minute after the last answer of the old version the new one is alone.
    for n in 11..17 {
        answer(&mut room, 0, after(n * 5), Outcome::Pass, Some("v2.0"));
    }
    assert_eq!(room.live.services[0].state, ServiceState::Up);
    assert_eq!((running(&room), room.on_target()), (Running::New, Some((1, 1, Some("v2.0")))));
    // A failure is a failure, whatever version said it.
    answer(&mut room, 0, after(90), Outcome::Fail("502".to_owned()), Some("v1.9"));
    answer(&mut room, 0, after(95), Outcome::Fail("502".to_owned()), Some("v2.0"));
    assert_eq!(room.live.services[0].state, ServiceState::Down);
}

#[test]
fn what_is_not_known_says_why_and_is_never_up() {
    let mut room = chain(&[("breaker", "", None)]);
    let why = "/state is \"forced\", a word that the plan does not know";
    for n in 0..6 {
        answer(&mut room, 0, after(n * 5), Outcome::NoData(why.to_owned()), None);
        observe::tick(&mut room, after(n * 5));
    }
    let live = &room.live.services[0];
    assert_eq!((live.state, live.reason.as_str()), (ServiceState::Stale, format!("no data: {why}").as_str()));
    assert_eq!(room.live.verdict.verdict, Verdict::Wait);
    assert!(room.live.verdict.reason.contains("forced"), "{}", room.live.verdict.reason);
    answer(&mut room, 0, after(31), Outcome::Pass, None);
    assert_eq!((room.live.services[0].state, &room.live.services[0].unknown), (ServiceState::Up, &None));
}

#[test]
fn failures_stand_under_their_cause_and_count_once() {
    let services = [("web", "api", None), ("api", "database", None), ("database", "", None), ("mail", "", None)];
    let mut room = chain(&services);
    let fail = || Outcome::Fail("connection refused".to_owned());
    for ix in 0..4 {
        answer(&mut room, ix, after(0), Outcome::Pass, None);
    }
    assert_eq!(room.failures(), (0, 0));
    // What depends is seen failing first, long before its cause.
    for n in 1..=2 {
        answer(&mut room, 0, after(n * 5), fail(), None);
        answer(&mut room, 1, after(n * 5), Outcome::Degraded("took 2 s".to_owned()), None);
    }
    assert_eq!(room.failures(), (1, 0), "no cause is down yet");
    for n in 3..=4 {
        answer(&mut room, 2, after(n * 5), fail(), None);
    }
    assert_eq!(causes::causes(&room), [Some(2), Some(2), None, None], "through what is degraded, and itself under it");
    assert_eq!(room.failures(), (1, 2));
    assert_eq!(room.live.services[0].state, ServiceState::Down, "a state is never hidden");
    let verdict = &room.live.verdict;
    assert_eq!(
        verdict.verdict,
        Verdict::NoGo,
        "held since the first of them failed: a cause that is found resets nothing"
    );
    assert!(
        verdict.reason.starts_with("database down (+2 depend on it), connection refused for "),
        "{}",
        verdict.reason
    );
    assert!(!verdict.reason.contains("more"), "{}", verdict.reason);
    for n in 5..=6 {
        answer(&mut room, 0, after(n * 5), fail(), None);
        answer(&mut room, 1, after(n * 5), Outcome::Degraded("took 2 s".to_owned()), None);
        answer(&mut room, 3, after(n * 5), fail(), None);
    }
    assert_eq!(room.failures(), (2, 2), "mail fails by itself");
    answer(&mut room, 2, after(35), Outcome::Pass, None);
    assert_eq!(room.failures(), (2, 0), "with its cause gone a failure is its own");
}

#[test]
fn one_failure_is_a_doubt_and_two_are_an_outage() {
    let mut room = watched();
    assert_eq!(room.live.services[0].state, ServiceState::Pending);
    service(&mut room, after(0), Outcome::Pass);
    assert_eq!(room.live.services[0].state, ServiceState::Up);
    let facts = service(&mut room, after(5), Outcome::Fail("502, expected 200".into()));
    assert_eq!(room.live.services[0].state, ServiceState::Pending);
    assert!(facts.iter().all(|f| !matches!(f, Fact::ServiceChanged { .. })), "a doubt is no news");
    let facts = service(&mut room, after(10), Outcome::Fail("502, expected 200".into()));
    assert_eq!(room.live.services[0].state, ServiceState::Down);
    assert!(facts.iter().any(|f| matches!(f, Fact::ServiceChanged { to: ServiceState::Down, .. })));
    service(&mut room, after(15), Outcome::Pass);
    assert_eq!(room.live.services[0].state, ServiceState::Up);
}

#[test]
fn silence_is_stale_within_two_intervals_and_a_deadline_and_never_green() {
    let mut room = watched();
    service(&mut room, after(0), Outcome::Pass);
    metric(&mut room, after(0), Ok(0.2));
    for s in 1..=30 {
        observe::tick(&mut room, after(s));
        if s > 15 {
            assert_eq!(room.live.services[0].state, ServiceState::Stale, "after {s} s");
            assert_ne!(room.live.verdict.verdict, Verdict::Go, "after {s} s");
        }
        if s > 10 {
            assert!(room.live.metrics[0].stale);
            assert_eq!(room.live.metrics[0].holds, None);
        }
    }
    assert!(room.live.verdict.reason.contains("no answer for 30 s"), "{}", room.live.verdict.reason);
    // A probe that broke teaches nothing: still stale.
    service(&mut room, after(31), Outcome::NoData("the probe broke".into()));
    observe::tick(&mut room, after(31));
    assert_eq!(room.live.services[0].state, ServiceState::Stale);
}

#[test]
fn the_verdict_follows_what_has_held_for_ten_seconds() {
    let mut room = watched();
    let mut seen: Vec<(u64, Verdict)> = Vec::new();
    for s in 0..60 {
        service(&mut room, after(s), Outcome::Pass);
        let value = if (20..40).contains(&s) { 1.2 } else { 0.3 };
        metric(&mut room, after(s), Ok(value));
        observe::tick(&mut room, after(s));
        let now = room.live.verdict.verdict;
        if seen.last().map(|(_, v)| *v) != Some(now) {
            seen.push((s, now));
        }
        if s == 25 {
            assert_eq!(room.live.verdict.reason, "error rate 1.2% > 1% for 0:05 of 0:10");
        }
    }
    assert_eq!(
        seen,
        [
            (0, Verdict::Wait),
            (10, Verdict::Go),
            (20, Verdict::Wait),
            (30, Verdict::NoGo),
            (40, Verdict::Wait),
            (50, Verdict::Go)
        ]
    );
}

#[test]
fn no_data_is_never_go_and_says_why() {
    let mut room = watched();
    for s in 0..30 {
        service(&mut room, after(s), Outcome::Pass);
        metric(&mut room, after(s), Err("0/0: no traffic"));
        observe::tick(&mut room, after(s));
        assert_eq!(room.live.verdict.verdict, Verdict::Wait);
    }
    assert_eq!(room.live.verdict.reason, "error rate has no data: 0/0: no traffic");
}

#[test]
fn only_the_watch_records_what_it_sees() {
    let mut room = room(RUNBOOK, PLAN);
    room.live.watch = Watch::Other { epoch: 1, by: None };
    for s in [0, 5, 10] {
        assert_eq!(service(&mut room, after(s), Outcome::Fail("no".into())), []);
    }
    assert_eq!(room.live.services[0].state, ServiceState::Down, "it is shown all the same");
}

#[test]
fn marks_carry_what_their_author_had_seen() {
    let mut room = room(RUNBOOK, "");
    let mut ledger = Ledger::default();
    ledger.does("ic", &tick_intent(&room, "build"), &mut room).unwrap();
    let newest = room.step(&step(&room, "build")).newest;
    let facts = ledger.does("dba", &Intent::Reopen { step: step(&room, "build") }, &mut room).unwrap();
    assert!(matches!(&facts[0], Fact::StepMarked { mark: Mark::Todo, saw, .. } if *saw == newest));
}

const ROLLBACK: &str = "\
# x

## Prep

- [ ] roll call
- [ ] go/no-go

## Canary

- [ ] ic turns the flag on
- [ ] on-call watches

## Full

- [ ] ic releases to everybody

## Rollback: traffic to blue

- [ ] ic turns the flag off
- [ ] on-call confirms
";

/// What is next for `ic`, in words.
fn next(room: &Room) -> String {
    room.next_step().map(|n| room.step_text(&n.step).unwrap()).unwrap_or_default()
}

#[test]
fn what_comes_next_stays_in_the_phase_the_run_is_in_and_never_leaps_to_the_way_back() {
    let mut room = room(ROLLBACK, "");
    let mut ledger = Ledger::default();
    assert_eq!(next(&room), "roll call");
    ledger.does("ic", &tick_intent(&room, "roll call"), &mut room).unwrap();
    assert_eq!(next(&room), "go/no-go", "an open decision is not leapt over");
    ledger.does("ic", &tick_intent(&room, "go/no-go"), &mut room).unwrap();
    ledger.does("ic", &tick_intent(&room, "ic turns the flag on"), &mut room).unwrap();
    let failed = Intent::Fail { step: step(&room, "on-call watches"), reason: Untrusted::new("errors") };
    ledger.does("on-call", &failed, &mut room).unwrap();
    ledger.does("ic", &tick_intent(&room, "ic turns the flag off"), &mut room).unwrap();
    assert_eq!(next(&room), "on-call confirms", "in a rollback the rollback is next, not the release");
    ledger.does("on-call", &tick_intent(&room, "on-call confirms"), &mut room).unwrap();
    assert_eq!(next(&room), "ic releases to everybody");
}

#[test]
fn when_all_else_is_done_nobody_is_told_to_roll_back() {
    let mut room = room(ROLLBACK, "");
    let mut ledger = Ledger::default();
    let words = ["roll call", "go/no-go", "ic turns the flag on", "on-call watches", "ic releases to everybody"];
    for step in words {
        ledger.does("ic", &tick_intent(&room, step), &mut room).unwrap();
    }
    assert_eq!(room.next_step(), None);
    assert!(room.current_phase().is_none());
}

/// A service that was seen down before a restart is news again only when something changed.
#[test]
fn the_past_is_not_recorded_again_as_now() {
    let mut room = room(RUNBOOK, PLAN);
    for s in [0, 5, 10] {
        service(&mut room, after(s), Outcome::Fail("no".into()));
    }
    service(&mut room, after(15), Outcome::Pass);
    // What came from the tape is known; now this process begins to watch.
    room.live.watch = Watch::Me { epoch: 2 };
    observe::begin_watch(&mut room);
    assert_eq!(room.live.services[0].state, ServiceState::Pending);
    let news = service(&mut room, after(60), Outcome::Pass);
    assert!(news.iter().all(|f| !matches!(f, Fact::ServiceChanged { .. })), "{news:?}");
}

/// Most people write a step's fence behind its item and not inside it; what it is said to give goes with it.
#[test]
fn a_fence_behind_a_step_is_what_that_step_runs() {
    let text = "# Go\n\n## Deploy\n\n```bash\n./before.sh\n```\n\n- [ ] Check\n\n```bash\ncurl -f x\n```\n\nExpected: v2.0\n\n- [ ] Switch\n- [ ] Look\n\n```bash\n./look.sh\n```\n";
    let room = room(text, "");
    let runs = |words: &str| {
        let planned = room.would_run(&step(&room, words));
        planned.into_iter().map(|p| p.script.expose().trim().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(runs("Check"), ["curl -f x"]);
    assert_eq!(runs("Switch"), Vec::<String>::new());
    assert_eq!(runs("Look"), ["./look.sh"]);
    let check = room.book.find(&step(&room, "Check")).unwrap();
    assert!(check.notes.iter().any(|n| n.text.to_string().contains("v2.0")), "{:?}", check.notes);
}

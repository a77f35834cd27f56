//! Levels, rollback plans and breakers: no data decides nothing, the way back is armed before it is needed, nothing fires by
//! accident, and no order of entries bends any of it.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;
use warroom::clock::{Stamp, Writer};
use warroom::fact::retreat::{Choice, Hand, Rung};
use warroom::fact::{Author, Draft, Entry, Fact, Hash};
use warroom::room::level::Trend;
use warroom::room::rollback::RollbackNow;
use warroom::room::{Intent, Progress, Room, Watch, observe};
use warroom::text::Untrusted;

use crate::support::{Ledger, author, deputy, ic, on_call, second, step, watching};

mod next;
mod sheet;

const RUNBOOK: &str = "\
# Go-live

## Deploy

1. deploy green
2. drop the old tables

## Rollback Procedure

1. traffic back to blue
2. smoke test of blue

## Restore the database

1. restore the snapshot of <snapshot>
";

const PLAN: &str = concat!(
    r#"
[room]
name = "retail"
t0 = 2025-10-21T12:00:00Z
environment = "production"

[params]
snapshot = { ask = "which snapshot" }

[[role]]
name = "incident commander"
people = ["ic", "deputy"]
decides = ["gates", "rollback", "breakers"]

[[role]]
name = "on-call"
people = ["on-call"]

"#,
    two_metrics!(),
    r#"
[[level]]
name = "1"
when = ["error rate >= 1%"]

[[level]]
name = "2"
when = ["error rate >= 3%", "p95 > 1000ms"]
decide_within = "10m"
say = "prepare rollback"

[[level]]
name = "3"
when = ["error rate > 20%"]
declare = ["data corruption", "security"]
say = "roll back now"
AUTO

[[rollback]]
name = "traffic to blue"
steps = "Rollback Procedure"
takes = "90s"
for_levels = ["2", "3"]
confirm = "BLUE"
until = "drop the old tables"
verify = ["error rate < 1%"]
dwell = "1m"

[[rollback]]
name = "database"
steps = "Restore the database"
takes = "20m"
for_levels = ["3"]
two_person = true

[[breaker]]
name = "freeze writes"
run = "ctl freeze"
confirm = "FREEZE"
blast = "all writes"
cooldown = "2m"
check = "error rate < 1%"

[[breaker]]
name = "demote endpoint"
run = "ctl demote"
confirm = "DEMOTE"
role = "incident commander"
two_person = true
"#
);

/// A room that watches, with its journal.
struct Watched {
    room: Room,
    ledger: Ledger,
}

fn words(text: &str) -> Untrusted {
    Untrusted::new(text)
}

fn made(auto: &str) -> Room {
    watching(RUNBOOK, &PLAN.replace("AUTO", auto))
}

impl Watched {
    fn new() -> Self {
        Self::with("")
    }

    fn with(auto: &str) -> Self {
        Self { room: made(auto), ledger: Ledger::default() }
    }

    /// The same record before another process, which takes the watch.
    fn restarted(self) -> Self {
        let mut room = made("");
        room.plan = Arc::clone(&self.room.plan);
        room.progress = self.room.progress;
        room.now = self.room.now;
        room.live.watch = Watch::Me { epoch: 2 };
        let mut it = Self { room, ledger: self.ledger };
        let effects = observe::begin_watch(&mut it.room);
        it.ledger.perform(&mut it.room, effects);
        it
    }

    /// Seconds pass, each with these values of error rate and p95; none: nothing comes.
    fn run(&mut self, seconds: u64, error_rate: Option<f64>, p95: Option<f64>) -> Vec<Fact> {
        let mut facts = Vec::new();
        for _ in 0..seconds {
            facts.extend(second(&mut self.room, &mut self.ledger, &[error_rate, p95]));
        }
        facts
    }

    fn errors(&mut self, seconds: u64, rate: f64) -> Vec<Fact> {
        self.run(seconds, Some(rate), Some(300.0))
    }

    fn does(&mut self, by: &Author, intent: &Intent) -> Result<Vec<Fact>, String> {
        let effects = warroom::room::decide::decide(&self.room, by, intent).map_err(|r| r.0)?;
        Ok(self.ledger.perform(&mut self.room, effects))
    }

    fn level(&self) -> Option<String> {
        self.room.level().map(|l| l.name)
    }

    fn line(&self) -> String {
        self.room.level().map(|l| l.sentence(self.room.now.utc)).unwrap_or_default()
    }

    fn rollback(&self, name: &str) -> RollbackNow {
        self.room.rollback(self.room.rollback_named(name).unwrap()).unwrap()
    }

    fn blue(&self) -> RollbackNow {
        self.rollback("traffic to blue")
    }

    fn prepare(&mut self, plan: &str) -> Result<Vec<Fact>, String> {
        self.does(&ic(), &Intent::RollbackPrepare { plan: plan.to_owned() })
    }

    fn arm(&mut self, by: &Author, plan: &str) -> Result<Vec<Fact>, String> {
        self.does(by, &Intent::RollbackArm { plan: plan.to_owned() })
    }

    fn fire(&mut self, by: &Author, word: &str) -> Result<Vec<Fact>, String> {
        let plan = "traffic to blue".to_owned();
        self.does(by, &Intent::RollbackFire { plan, word: word.to_owned(), reason: Untrusted::default(), hash: None })
    }

    fn tick(&mut self, text: &str) {
        let step = step(&self.room, text);
        self.does(&ic(), &Intent::Tick { step }).unwrap();
    }

    fn declare(&mut self, by: &Author, symptom: &str) -> Result<Vec<Fact>, String> {
        let (level, symptom) = ("3".to_owned(), symptom.to_owned());
        self.does(by, &Intent::Declare { level, symptom, text: words("rows are missing") })
    }

    fn decide(&mut self, by: &Author, level: &str, choice: Choice) -> Result<Vec<Fact>, String> {
        self.does(by, &Intent::DecideLevel { level: level.to_owned(), choice, reason: words("as I see it") })
    }
}

#[test]
fn a_level_is_entered_after_ten_seconds_and_left_after_a_minute_with_data() {
    let mut it = Watched::new();
    it.errors(20, 0.1);
    assert_eq!(it.level(), None);
    it.errors(10, 3.4);
    assert_eq!(it.level(), None, "a symptom must hold for ten seconds");
    let facts = it.errors(2, 3.4);
    assert_eq!(it.level().as_deref(), Some("2"), "the highest that holds");
    let named = |f: &Fact| matches!(f, Fact::LevelChanged { to: Some(to), symptoms, .. } if to.raw() == "2" && symptoms.len() == 1);
    assert!(facts.iter().any(named), "{facts:?}");
    assert!(it.line().starts_with("LEVEL 2 error rate 3.4% > 3% since 0:0"), "{}", it.line());
    it.errors(58, 0.1);
    assert_eq!(it.level().as_deref(), Some("2"), "a minute without symptoms leaves it, not less");
    assert!(it.line().contains("not seen for"), "{}", it.line());
    it.errors(5, 0.1);
    assert_eq!(it.level(), None);
}

#[test]
fn no_data_neither_raises_nor_lowers_a_level() {
    let mut it = Watched::new();
    it.errors(5, 30.0);
    it.run(60, None, None);
    assert_eq!(it.level(), None, "five seconds and then nothing is no level");
    it.errors(12, 3.4);
    assert_eq!(it.level().as_deref(), Some("2"));
    it.run(300, None, Some(200.0));
    assert_eq!(it.level().as_deref(), Some("2"), "five minutes without data are no recovery");
    assert!(it.line().contains("one symptom unknown"), "{}", it.line());
    it.errors(30, 0.1);
    it.run(40, None, None);
    it.errors(40, 0.1);
    assert_eq!(it.level().as_deref(), Some("2"), "the minute must be seen in one piece");
}

#[test]
fn a_restart_goes_on_where_the_record_stands() {
    let mut it = Watched::new();
    it.errors(12, 3.4);
    let begun = it.room.level().unwrap().since;
    let mut it = it.restarted();
    let facts = it.run(3, None, None);
    assert_eq!(it.level().as_deref(), Some("2"));
    assert_eq!(it.room.level().unwrap().since, begun, "the clock goes on");
    assert!(!facts.iter().any(|f| matches!(f, Fact::LevelChanged { .. })), "nothing changed: {facts:?}");
    it.errors(63, 0.1);
    assert_eq!(it.level(), None);
}

#[test]
fn a_declared_symptom_holds_until_it_is_withdrawn() {
    let mut it = Watched::new();
    it.errors(5, 0.1);
    let refused = it.declare(&on_call(), "data corruption").unwrap_err();
    assert!(refused.contains("role that decides: incident commander"), "{refused}");
    assert!(it.declare(&ic(), "bad weather").unwrap_err().contains("\"data corruption\", \"security\""));
    it.declare(&ic(), "data corruption").unwrap();
    assert_eq!(it.level().as_deref(), Some("3"), "at once");
    it.errors(200, 0.1);
    assert_eq!(it.level().as_deref(), Some("3"), "good numbers do not withdraw what a person said");
    assert_eq!(it.room.level().unwrap().trend, Trend::Unknown);
    let gone = Intent::Withdraw { level: "3".into(), symptom: "data corruption".into(), reason: words("a bad query") };
    it.does(&deputy(), &gone).unwrap();
    it.errors(1, 0.1);
    assert_eq!(it.level(), None);
    assert!(matches!(it.room.progress.retreat.level(), Some((_, None, _))), "the watch records that it is over");
}

#[test]
fn the_clock_to_decide_runs_demands_and_is_stopped_by_a_decision() {
    let mut it = Watched::new();
    it.errors(12, 3.4);
    it.errors(60, 3.4);
    assert!(it.line().contains("decide in 8:5") && it.line().contains(": prepare rollback"), "{}", it.line());
    assert!(it.line().contains("not improving"), "{}", it.line());
    it.errors(5, 3.1);
    assert_eq!(it.room.level().unwrap().trend, Trend::Improving, "{}", it.line());
    it.errors(600, 3.4);
    assert!(it.line().contains("DECIDE NOW: prepare rollback"), "{}", it.line());
    let refused = it.decide(&on_call(), "2", Choice::GoOn).unwrap_err();
    assert!(refused.contains("decides rollback"), "{refused}");
    assert!(it.decide(&ic(), "3", Choice::GoOn).unwrap_err().contains("level 2, not 3"));
    it.decide(&ic(), "2", Choice::Wait).unwrap();
    it.errors(1, 3.4);
    assert!(it.line().contains("decide in 9:5"), "to wait begins it anew: {}", it.line());
    it.decide(&ic(), "2", Choice::GoOn).unwrap();
    it.errors(700, 3.4);
    assert!(it.line().contains("ic decided: go on") && !it.line().contains("DECIDE"), "{}", it.line());
    it.errors(12, 25.0);
    assert_eq!(it.level().as_deref(), Some("3"));
    assert!(!it.line().contains("decided"), "what was decided of level 2 says nothing of level 3: {}", it.line());
}

#[test]
fn a_rollback_is_prepared_armed_fired_verified_and_measured() {
    let mut it = Watched::new();
    it.errors(12, 3.4);
    assert!(it.blue().recommended);
    assert!(it.fire(&ic(), "BLUE").unwrap_err().contains("arm it first"));
    assert!(it.arm(&ic(), "traffic to blue").unwrap_err().contains("prepare it first"));
    it.tick("smoke test of blue");
    it.prepare("traffic to blue").unwrap();
    assert!(it.arm(&on_call(), "traffic to blue").unwrap_err().contains("decides rollback: incident commander"));
    it.arm(&ic(), "traffic to blue").unwrap();
    assert!(it.fire(&ic(), "blue").unwrap_err().contains("type BLUE"));
    assert!(it.fire(&on_call(), "BLUE").unwrap_err().contains("decides rollback"));
    it.fire(&ic(), "BLUE").unwrap();
    assert_eq!(it.blue().steps, (0, 2), "what was ticked before is to be done now");
    assert!(it.fire(&deputy(), "BLUE").unwrap_err().contains("fired"));
    it.errors(20, 3.4);
    it.tick("traffic back to blue");
    it.tick("smoke test of blue");
    it.errors(2, 3.4);
    assert_eq!(it.blue().way.rung, Rung::Verifying);
    assert!(it.blue().verify.unwrap().contains("error rate"));
    it.errors(40, 0.2);
    it.run(30, None, None);
    it.errors(40, 0.2);
    assert_eq!(it.blue().way.rung, Rung::Verifying, "the minute must be seen in one piece");
    it.errors(25, 0.2);
    let blue = it.blue();
    assert_eq!(blue.way.rung, Rung::Complete);
    assert!(blue.measured && blue.takes > Some(Duration::from_mins(2)), "{blue:?}");
}

#[test]
fn a_point_of_no_return_greys_a_plan_out_and_the_next_one_is_recommended() {
    let mut it = Watched::new();
    it.errors(12, 30.0);
    assert_eq!(it.level().as_deref(), Some("3"));
    assert!(it.blue().recommended, "the cheaper of two");
    it.prepare("traffic to blue").unwrap();
    it.arm(&ic(), "traffic to blue").unwrap();
    let drop = step(&it.room, "drop the old tables");
    it.does(&ic(), &Intent::Start { step: drop }).unwrap();
    let refused = it.fire(&ic(), "BLUE").unwrap_err();
    assert!(refused.contains("point of no return") && refused.contains("drop the old tables"), "{refused}");
    assert!(!it.blue().recommended && it.rollback("database").recommended);
}

#[test]
fn two_people_and_every_answer_where_the_plan_asks_for_them() {
    let mut it = Watched::new();
    it.errors(2, 0.1);
    it.prepare("database").unwrap();
    assert!(it.arm(&ic(), "database").unwrap_err().contains("<snapshot> has no answer"));
    let answer = Fact::ParamSet { name: "snapshot".into(), value: Some(words("s-1")) };
    it.ledger.record(&mut it.room, vec![Draft { id: Uuid::now_v7(), by: ic(), fact: answer }]);
    it.arm(&ic(), "database").unwrap();
    assert!(it.arm(&ic(), "database").unwrap_err().contains("a second person"));
    let fire = Intent::RollbackFire {
        plan: "database".into(),
        word: "database".into(),
        reason: Untrusted::default(),
        hash: None,
    };
    assert!(it.does(&ic(), &fire).unwrap_err().contains("1 of 2 people"));
    it.arm(&deputy(), "database").unwrap();
    it.does(&ic(), &fire).unwrap();
}

#[test]
fn a_level_arms_by_itself_and_fires_only_when_nobody_says_no() {
    let mut armed = Watched::with("auto = \"arm\"");
    armed.errors(300, 30.0);
    assert_eq!(armed.blue().way.rung, Rung::Armed, "and no further");
    let mut it = Watched::with("auto = \"fire after 30s\"");
    it.errors(16, 30.0);
    let left = it.blue().countdown.unwrap();
    assert!(left > Duration::from_secs(20) && left < Duration::from_secs(30), "{left:?}");
    it.does(&on_call(), &Intent::RollbackVeto { plan: "traffic to blue".into(), reason: words("synthetic") }).unwrap();
    it.errors(300, 30.0);
    assert_eq!(it.blue().way.rung, Rung::Armed, "anybody may say no, and it stays no");
    let mut blind = Watched::with("auto = \"fire after 30s\"");
    blind.errors(16, 30.0);
    blind.run(200, None, None);
    assert_eq!(blind.blue().way.rung, Rung::Armed, "what nobody sees fires nothing");
    let mut again = Watched::with("auto = \"fire after 30s\"");
    again.errors(30, 30.0);
    let mut again = again.restarted();
    again.errors(20, 30.0);
    assert_eq!(again.blue().way.rung, Rung::Armed, "after a restart there is the whole time to say no");
    again.errors(20, 30.0);
    let way = again.blue().way;
    assert_eq!(way.rung, Rung::Fired);
    assert!(matches!(way.fired, Some((_, _, Hand::Room))));
}

#[test]
fn a_decision_keeps_the_room_from_doing_anything_by_itself() {
    let mut it = Watched::with("auto = \"fire after 30s\"");
    it.errors(20, 30.0);
    it.decide(&ic(), "3", Choice::GoOn).unwrap();
    it.errors(200, 30.0);
    assert_eq!(it.blue().way.rung, Rung::Armed);
}

/// Between machines what was said first may come last: a way back that was fired is under way wherever that is known.
#[test]
fn a_way_back_that_was_fired_is_under_way_before_its_arming_is_known() {
    let mut it = Watched::new();
    let moved = |to: Rung, from: Option<Rung>| {
        let (plan, reason) = (Untrusted::new("traffic to blue"), Untrusted::default());
        let fact = Fact::RollbackMoved { plan, to, reason, hand: Hand::Person, took: None, from };
        vec![Draft { id: Uuid::now_v7(), by: ic(), fact }]
    };
    let rung = |it: &Watched| it.room.progress.retreat.way("traffic to blue").rung;
    it.ledger.record(&mut it.room, moved(Rung::Prepared, None));
    it.ledger.record(&mut it.room, moved(Rung::Fired, None));
    assert_eq!(rung(&it), Rung::Prepared, "nobody says that it was armed");
    it.ledger.record(&mut it.room, moved(Rung::Fired, Some(Rung::Armed)));
    assert_eq!(rung(&it), Rung::Fired);
    it.ledger.record(&mut it.room, moved(Rung::Aborted, Some(Rung::Armed)));
    assert_eq!(rung(&it), Rung::Fired, "given up by somebody who did not know");
}

#[test]
fn a_breaker_takes_its_role_its_word_a_reason_and_a_second_person() {
    let mut it = Watched::new();
    it.errors(2, 0.1);
    let seen: Vec<(String, String)> = it.room.breakers().into_iter().map(|b| (b.name, b.hash)).collect();
    let fire = |breaker: &str, word: &str, reason: &str| Intent::BreakerFire {
        breaker: breaker.to_owned(),
        hash: seen.iter().find(|(name, _)| name == breaker).unwrap().1.clone(),
        word: word.to_owned(),
        reason: words(reason),
    };
    assert!(it.does(&on_call(), &fire("freeze writes", "FREEZE", "leak")).unwrap_err().contains("decides breakers"));
    assert!(it.does(&ic(), &fire("freeze writes", "freeze", "leak")).unwrap_err().contains("type FREEZE"));
    assert!(it.does(&ic(), &fire("freeze writes", "FREEZE", " ")).unwrap_err().contains("needs words"));
    let facts = it.does(&ic(), &fire("demote endpoint", "DEMOTE", "leak")).unwrap();
    assert!(matches!(facts.as_slice(), [Fact::BreakerAsked { .. }]), "{facts:?}");
    let refused = it.does(&ic(), &fire("demote endpoint", "DEMOTE", "leak")).unwrap_err();
    assert!(refused.contains("a second person"), "{refused}");
    let facts = it.does(&deputy(), &fire("demote endpoint", "DEMOTE", "leak")).unwrap();
    let [Fact::BreakerFired { .. }, Fact::CommandStarted(run)] = facts.as_slice() else { panic!("{facts:?}") };
    let would: Vec<String> = it.room.would_run(&run.step).into_iter().map(|p| p.hash).collect();
    assert_eq!(would.as_slice(), std::slice::from_ref(&run.hash), "the command is started as a step's is, by its hash");
    let run = Intent::Run {
        step: run.step.clone(),
        command: 0,
        hash: run.hash.clone(),
        word: Some("DEMOTE".into()),
        reason: None,
        confirmed: warroom::room::Confirmed::Twice,
    };
    assert!(it.does(&ic(), &run).unwrap_err().contains("there is no step"), "no other way leads to it");
}

/// T73: two people confirm the same thing; who asked for something else has not asked.
#[test]
fn the_second_person_fires_what_the_first_one_saw() {
    let mut it = Watched::new();
    it.errors(2, 0.1);
    let fire = |room: &Room| Intent::BreakerFire {
        breaker: "demote endpoint".to_owned(),
        hash: room.breakers()[1].hash.clone(),
        word: "DEMOTE".to_owned(),
        reason: words("leak"),
    };
    let (first, shown) = (fire(&it.room), it.room.breakers()[1].hash.clone());
    it.does(&ic(), &first).unwrap();
    assert!(it.room.breakers()[1].asked.is_some());
    let other = PLAN.replace("AUTO", "").replace("ctl demote", "ctl demote --all");
    it.room.replan(crate::support::plan(&other, &it.room.book.runbooks.clone()));
    assert_ne!(it.room.breakers()[1].hash, shown);
    assert!(it.room.breakers()[1].asked.is_none(), "what was asked for is not what would run");
    assert!(it.does(&deputy(), &first).unwrap_err().contains("not what was shown"));
    let second = fire(&it.room);
    let facts = it.does(&deputy(), &second).unwrap();
    assert!(matches!(facts.as_slice(), [Fact::BreakerAsked { .. }]), "it begins anew: {facts:?}");
    let facts = it.does(&ic(), &second).unwrap();
    assert!(matches!(facts.as_slice(), [Fact::BreakerFired { .. }, Fact::CommandStarted(_)]), "{facts:?}");
}

#[test]
fn a_breaker_that_was_fired_rests_and_is_checked() {
    let mut it = Watched::new();
    it.errors(2, 30.0);
    let fired = Fact::BreakerFired { breaker: words("freeze writes"), reason: words("leak") };
    it.ledger.record(&mut it.room, vec![Draft { id: Uuid::now_v7(), by: ic(), fact: fired }]);
    it.errors(5, 30.0);
    let now = it.room.breaker(0).unwrap();
    assert!(now.cooling.is_some() && matches!(now.check, Some((Some(false), _))), "{now:?}");
    let again = Intent::BreakerFire {
        breaker: "freeze writes".into(),
        hash: now.hash,
        word: "FREEZE".into(),
        reason: words("again"),
    };
    assert!(it.does(&ic(), &again).unwrap_err().contains("it rests for"));
    it.errors(130, 0.1);
    let now = it.room.breaker(0).unwrap();
    assert!(now.cooling.is_none() && matches!(now.check, Some((Some(true), _))), "{now:?}");
}

#[test]
fn what_a_level_may_do_by_itself_leaves_time_to_say_no() {
    let text = PLAN.replace("AUTO", "auto = \"fire after 2s\"");
    let none = |_: &str| None;
    let nothing = |_: &str| Err("not in a test".to_owned());
    let outside = warroom::plan::Outside { env: &none, file: &nothing, cmd: &nothing };
    let input = warroom::plan::Input { path: "warroom.toml", text: &text, outside: &outside, runbooks: &[] };
    let said: Vec<String> = warroom::plan::load(&input).findings.iter().map(|f| f.message.clone()).collect();
    let text = PLAN.replace("AUTO", "auto = \"promote\"");
    let input = warroom::plan::Input { path: "warroom.toml", text: &text, outside: &outside, runbooks: &[] };
    let other: Vec<String> = warroom::plan::load(&input).findings.iter().map(|f| f.message.clone()).collect();
    assert!(other.iter().any(|m| m.contains("nothing that a level does by itself")), "{other:#?}");
    assert!(said.iter().any(|m| m.contains("leaves nobody the time to say no")), "{said:#?}");
}

#[test]
fn a_service_that_changes_and_has_no_target_is_found_before_it_is_needed() {
    let services = "[[service]]\nname = \"api\"\nhttp = \"http://127.0.0.1:1/\"\nexpect = { version = \"/v\", target = \"v2\" }\n[[service]]\nname = \"web\"\nhttp = \"http://127.0.0.1:1/\"\nexpect = { version = \"/v\", target = \"v8\" }\n\n[[rollback]]\nname = \"traffic to blue\"\ntargets = [{ service = \"api\", to = \"v1\" }]";
    let text = PLAN.replace("AUTO", "").replace("[[rollback]]\nname = \"traffic to blue\"", services);
    let book = warroom::runbook::read("runbook.md", RUNBOOK.as_bytes()).unwrap();
    let mut it = Watched::new();
    let none = |_: &str| None;
    let nothing = |_: &str| Err("not in a test".to_owned());
    let outside = warroom::plan::Outside { env: &none, file: &nothing, cmd: &nothing };
    let books = [book];
    let input = warroom::plan::Input { path: "warroom.toml", text: &text, outside: &outside, runbooks: &books };
    let loaded = warroom::plan::load(&input);
    assert!(loaded.usable(), "{:#?}", loaded.findings);
    it.room.replan(loaded.plan);
    assert!(it.blue().open.contains(&"web changes and has no target to go back to".to_owned()), "{:?}", it.blue().open);
}

fn fact() -> impl Strategy<Value = Fact> {
    let plan = || prop_oneof![Just("a"), Just("b")].prop_map(Untrusted::new);
    let rung = prop_oneof![
        Just(Rung::Prepared),
        Just(Rung::Armed),
        Just(Rung::Fired),
        Just(Rung::Verifying),
        Just(Rung::Complete),
        Just(Rung::Aborted)
    ];
    let hand = prop_oneof![Just(Hand::Person), Just(Hand::Room)];
    let level = || prop_oneof![Just("1"), Just("2")].prop_map(Untrusted::new);
    let saw = proptest::collection::vec(0..12_i64, 0..3);
    prop_oneof![
        6 => (plan(), rung, hand).prop_map(|(plan, to, hand)| Fact::RollbackMoved {
            plan, to, reason: Untrusted::default(), hand, took: Some(3.0), from: (hand == Hand::Person).then_some(Rung::Armed)
        }),
        2 => proptest::option::of(level()).prop_map(|to| Fact::LevelChanged { from: None, to, symptoms: vec![] }),
        2 => level().prop_map(|level| Fact::LevelDeclared { level, symptom: words("x"), text: words("y") }),
        1 => (level(), saw).prop_map(|(level, saw)| Fact::LevelWithdrawn {
            level, symptom: words("x"), reason: words("z"), saw: saw.into_iter().map(stamp).collect()
        }),
        1 => level().prop_map(|level| Fact::DecisionTaken { level, choice: Choice::Wait, reason: words("r") }),
        1 => plan().prop_map(|plan| Fact::RollbackVetoed { plan, reason: words("r") }),
        1 => plan().prop_map(|breaker| Fact::BreakerAsked { breaker, reason: words("r"), hash: None }),
        1 => plan().prop_map(|breaker| Fact::BreakerFired { breaker, reason: words("r") }),
    ]
}

fn stamp(nth: i64) -> Stamp {
    Stamp { ms: 1_760_000_000_000 + nth * 500, n: 0, writer: Writer(1) }
}

fn folded<'a>(entries: impl IntoIterator<Item = &'a Arc<Entry>>) -> Progress {
    let mut progress = Progress::default();
    entries.into_iter().for_each(|e| progress.apply(e));
    progress
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Any order, any repetition: the same levels, the same rollbacks, and nothing fired that nobody knew armed.
    #[test]
    fn the_record_of_ways_back_is_order_free(
        facts in proptest::collection::vec(fact(), 1..30),
        order in proptest::collection::vec(any::<prop::sample::Index>(), 60),
    ) {
        let who = ["ic", "deputy"];
        let entries: Vec<Arc<Entry>> = facts.into_iter().enumerate().map(|(i, fact)| {
            let draft = Draft { id: Uuid::from_u128(i as u128), by: author(who[i % 2]), fact };
            Arc::new(Entry::seal(draft, Writer(1), i as u64 + 1, stamp(i as i64), Hash::default()))
        }).collect();
        let straight = folded(&entries);
        let shuffled: Vec<&Arc<Entry>> = order.iter().map(|ix| &entries[ix.index(entries.len())]).chain(entries.iter().rev()).collect();
        let other = folded(shuffled);
        prop_assert_eq!(&straight.retreat, &other.retreat);
        for plan in ["a", "b"] {
            let (way, again) = (straight.retreat.way(plan), other.retreat.way(plan));
            prop_assert_eq!(&way, &again);
            if way.rung.under_way() {
                // Armed as far as is known here, or as whoever fired it knew.
                let knew = entries.iter().any(|e| matches!(&e.fact, Fact::RollbackMoved { plan: of, to: Rung::Fired, from: Some(Rung::Armed), .. } if of.raw() == plan));
                prop_assert!(way.fired.is_some() && (way.hands(1) == 1 || knew), "{:?}", way);
            }
        }
    }
}

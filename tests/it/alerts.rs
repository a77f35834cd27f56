//! Alerts: Prometheus's rules where there are data, nobody misled where there are none, and the right people told once.

use std::time::Duration;

use proptest::prelude::*;
use warroom::clock::Now;
use warroom::fact::{AlertWord, Fact, ServiceState, Verdict};
use warroom::notice::Action;
use warroom::probe::series::Series;
use warroom::probe::{
    MetricIx, MetricReading, Outcome, Phases, Point, ProbeId, Reading, Sample, ServiceIx, ServiceReading,
};
use warroom::room::alert::{Alert, Change, State, Terms};
use warroom::room::{Intent, Room, observe};
use warroom::text::Untrusted;

use crate::support::{Ledger, notices, start, story, told, watching};

mod bands;
mod blind;
mod loud;

const SECOND: Duration = Duration::from_secs(1);

/// Prometheus's own rules, written from its text and from rules/alerting.go: when the alert became active, since when it is
/// kept, and nothing else.
#[derive(Default)]
struct Reference {
    active: Option<u64>,
    firing: bool,
    keep: Option<u64>,
}

impl Reference {
    fn eval(&mut self, ts: u64, hold: u64, keep: u64, holds: bool) -> State {
        if holds {
            self.keep = None;
            let active = *self.active.get_or_insert(ts);
            if ts - active >= hold {
                self.firing = true;
            }
        } else {
            let kept = self.firing && keep > 0 && ts - *self.keep.get_or_insert(ts) < keep;
            if !kept {
                *self = Self::default();
            }
        }
        match (self.active, self.firing) {
            (None, _) => State::Inactive,
            (Some(_), true) => State::Firing,
            (Some(_), false) => State::Pending,
        }
    }
}

fn terms(hold: u64, keep: u64) -> Terms {
    let s = Duration::from_secs;
    Terms { for_: s(hold), keep_for: s(keep), patience: s(hold.max(60)), latch: false }
}

fn at(seconds: u64) -> Now {
    start().plus(Duration::from_secs(seconds))
}

/// Evaluates a sequence: `1` holds, `0` does not, `.` has no data; one evaluation each `every` seconds. The states as a word
/// of `i`, `p`, `f`.
fn states(sequence: &str, every: u64, terms: &Terms) -> String {
    let mut alert = Alert::default();
    sequence
        .chars()
        .enumerate()
        .map(|(i, c)| {
            let holds = match c {
                '1' => Some(true),
                '0' => Some(false),
                _ => None,
            };
            alert.step(terms, at(i as u64 * every), holds, false);
            match alert.state {
                State::Inactive => 'i',
                State::Pending => 'p',
                State::Firing => 'f',
            }
        })
        .collect()
}

#[test]
fn eighty_sequences_go_as_prometheus_says() {
    let mut cases = 0;
    // Every sequence of up to seven evaluations against edges of `for` and `keep_for`: exactly on it, one before, one after.
    for (hold, keep) in [(0, 0), (0, 20), (10, 0), (20, 0), (20, 20), (21, 10), (19, 11), (30, 30), (60, 5)] {
        for bits in 0..128_u32 {
            let sequence: String = (0..7).map(|i| if bits >> i & 1 == 1 { '1' } else { '0' }).collect();
            let mut reference = Reference::default();
            let expected: String = sequence
                .chars()
                .enumerate()
                .map(|(i, c)| match reference.eval(i as u64 * 10, hold, keep, c == '1') {
                    State::Inactive => 'i',
                    State::Pending => 'p',
                    State::Firing => 'f',
                })
                .collect();
            assert_eq!(states(&sequence, 10, &terms(hold, keep)), expected, "{sequence} for {hold} keep {keep}");
            cases += 1;
        }
    }
    assert!(cases >= 80);
}

#[test]
fn missing_values_stop_the_clocks_and_end_nothing() {
    // for 30 s, one evaluation each 10 s: fires with the fourth that holds.
    for (sequence, expected) in [
        ("1111", "pppf"),
        ("1.111", "ppppp"), // the two stretches beside the gap do not count
        ("1.1111", "pppppf"),
        ("11.111", "pppppf"),
        ("11..111", "ppppppf"),
        (".1111", "ipppf"),
        ("111.0", "ppppi"), // it did not hold: the clock is lost, as ever
        ("1111....", "pppfffff"),
        ("1111.0", "pppffi"),
        ("1111.1", "pppfff"),
        ("......", "iiiiii"),
    ] {
        assert_eq!(states(sequence, 10, &terms(30, 0)), expected, "{sequence}");
    }
    // keep_for 20 s: a missing value neither ends nor shortens the keeping.
    for (sequence, expected) in [
        ("1000", "fffi"),
        ("10.00", "fffff"),
        ("10.000", "fffffi"),
        ("1.....", "ffffff"),
        ("100100", "ffffff"),
        ("1001000", "ffffffi"),
    ] {
        assert_eq!(states(sequence, 10, &terms(0, 20)), expected, "{sequence}");
    }
    // After a minute without data the clock of `for` begins anew.
    assert_eq!(states("11.....1111", 10, &terms(30, 0)), "pppppppppff");
    assert_eq!(states("11.......1111", 10, &terms(30, 0)), "ppppppppppppf");
    assert_eq!(states("11.......111", 10, &terms(30, 0)), "pppppppppppp");
}

proptest! {
    #[test]
    fn nothing_fires_early_and_nothing_missing_resolves(
        steps in prop::collection::vec((1_u64..40, prop_oneof![3 => Just(Some(true)), 1 => Just(Some(false)), 1 => Just(None)]), 1..60),
        hold in 0_u64..120,
        keep in 0_u64..120,
    ) {
        let terms = terms(hold, keep);
        let (mut alert, mut now, mut run) = (Alert::default(), 0, None::<u64>);
        for (gap, holds) in steps {
            now += gap;
            match holds {
                Some(true) => { run.get_or_insert(now); }
                Some(false) => run = None,
                None => {}
            }
            let change = alert.step(&terms, at(now), holds, false);
            if change == Some(Change::Fired) {
                prop_assert!(run.is_some_and(|since| now - since >= hold), "fired at {now}, held since {run:?}");
            }
            if holds.is_none() {
                prop_assert!(!matches!(change, Some(Change::Resolved | Change::Withdrawn)));
            }
        }
    }
}

const RUNBOOK: &str = "# Go-live\n\n## Maintenance\n\n- [ ] enable maintenance\n- [ ] disable maintenance\n\n## Canary\n\n- [ ] enable 5%\n- [ ] look\n";

const PLAN: &str = r#"
[room]
name = "retail"
t0 = 2025-10-21T12:00:00Z
environment = "prod"

[[service]]
name = "database"
tcp = "127.0.0.1:1"
every = "5s"

[[service]]
name = "api"
http = "http://127.0.0.1:1/health"
every = "5s"
needs = ["database"]

[source.app]
scrape = "http://127.0.0.1:1/metrics"

[[metric]]
name = "error rate"
unit = "%"
query = "rate(x[1m])"
source = "app"
every = "5s"

[[rule]]
name = "5xx"
when = "error rate > 0.5%"
for = "2m"
keep_for = "1m"
severity = "page"
notify = ["oncall"]

[[rule]]
name = "api down"
when = "api is down"
severity = "page"
notify = ["oncall"]

[notify.oncall]
command = "true"
"#;

/// A rule for the database as well, which wakes somebody or not.
fn with_rule_on_the_database(severity: &str) -> String {
    let rule = format!(
        "[[rule]]\nname = \"database down\"\nwhen = \"database is down\"\nseverity = \"{severity}\"\nnotify = [\"oncall\"]\n\n"
    );
    PLAN.replace("[notify.oncall]", &format!("{rule}[notify.oncall]"))
}

/// A room that watches, with its journal.
struct Watched {
    room: Room,
    ledger: Ledger,
    facts: Vec<Fact>,
}

impl Watched {
    fn new(plan: &str) -> Self {
        Self { room: watching(RUNBOOK, plan), ledger: Ledger::default(), facts: Vec::new() }
    }

    /// Seconds pass; each second the metric has this value (none: nothing comes) and the services answer so.
    fn run(&mut self, seconds: u64, error_rate: Option<f64>, api: Option<bool>, database: Option<bool>) {
        for _ in 0..seconds {
            let now = self.room.now.plus(SECOND);
            self.room.now = now;
            let mut samples = Vec::new();
            if let Some(value) = error_rate {
                let reading = MetricReading { metric: MetricIx(0), value: Ok(Point { at: now.utc, value }) };
                samples.push(Reading::Metrics(vec![reading]));
            }
            for (ix, up) in [(0, database), (1, api)] {
                if let Some(up) = up {
                    samples.push(Reading::Service(answer(ix, up)));
                }
            }
            let samples = samples.into_iter().map(|reading| Sample {
                probe: ProbeId(0),
                at: now,
                took: Duration::from_millis(40),
                reading,
            });
            let effects = observe::observe_all(&mut self.room, samples);
            self.facts.extend(self.ledger.perform(&mut self.room, effects));
            let effects = observe::tick(&mut self.room, now);
            self.facts.extend(self.ledger.perform(&mut self.room, effects));
        }
    }

    fn fine(&mut self, seconds: u64) {
        self.run(seconds, Some(0.1), Some(true), Some(true));
    }

    fn does(&mut self, intent: &Intent) -> Result<(), String> {
        let facts = self.ledger.does("dba", intent, &mut self.room)?;
        self.facts.extend(facts);
        Ok(())
    }

    /// The same journal opened by another process that becomes the watch after `away` seconds; what was measured comes back
    /// from the tape.
    fn restart(&mut self, plan: &str, away: u64) {
        let old = std::mem::replace(self, Self::new(plan));
        self.room.progress = old.room.progress;
        self.room.live.metrics = old.room.live.metrics;
        self.ledger = old.ledger;
        self.facts = old.facts;
        self.room.now = old.room.now.plus(Duration::from_secs(away));
        let effects = observe::begin_watch(&mut self.room);
        self.facts.extend(self.ledger.perform(&mut self.room, effects));
    }
}

fn answer(ix: u32, up: bool) -> ServiceReading {
    ServiceReading {
        service: ServiceIx(ix),
        outcome: if up { Outcome::Pass } else { Outcome::Fail("502 Bad Gateway".to_owned()) },
        code: Some(if up { 200 } else { 502 }),
        version: None,
        says: None,
        phases: Phases::default(),
        tls_days: None,
        excerpt: Untrusted::default(),
    }
}

#[test]
fn a_breach_is_told_once_when_it_has_lasted_and_once_when_it_is_over() {
    let mut w = Watched::new(PLAN);
    w.fine(20);
    w.run(119, Some(1.2), Some(true), Some(true));
    assert_eq!(story(&w.facts, "5xx"), [AlertWord::Pending], "two minutes are not over");
    assert!(notices(&w.facts).is_empty());
    w.run(2, Some(1.2), Some(true), Some(true));
    assert_eq!(story(&w.facts, "5xx"), [AlertWord::Pending, AlertWord::Firing]);
    w.run(300, Some(1.2), Some(true), Some(true));
    let page = notices(&w.facts)[0].clone();
    assert_eq!((page.action, page.channel.as_str(), page.alert.as_deref()), (Action::Trigger, "oncall", Some("5xx")));
    assert_eq!(page.summary.raw(), "5xx: error rate 1.2% > 0.5% for 2:00");
    assert!(page.details.iter().any(|(k, v)| k == "environment" && v.raw() == "prod"), "{:?}", page.details);
    assert_eq!(w.room.live.verdict.verdict, Verdict::NoGo);
    assert!(w.room.live.verdict.reason.contains("5xx fires"), "{}", w.room.live.verdict.reason);
    w.fine(59);
    assert_eq!(story(&w.facts, "5xx").len(), 2, "it is kept for a minute");
    w.fine(2);
    assert_eq!(story(&w.facts, "5xx").last(), Some(&AlertWord::Resolved));
    w.fine(100);
    assert_eq!(told(&w.facts), [("5xx".to_owned(), Action::Trigger), ("5xx".to_owned(), Action::Resolve)]);
    assert_eq!(notices(&w.facts)[1].key, page.key, "one breach has one key");
}

#[test]
fn what_vanishes_neither_resolves_nor_turns_green_and_is_an_alert_of_its_own() {
    let mut w = Watched::new(PLAN);
    w.fine(20);
    w.run(130, Some(1.2), Some(true), Some(true));
    assert_eq!(story(&w.facts, "5xx").last(), Some(&AlertWord::Firing));
    w.run(11, None, Some(true), Some(true));
    assert_ne!(w.room.live.verdict.verdict, Verdict::Go);
    w.run(600, None, Some(true), Some(true));
    assert_eq!(story(&w.facts, "5xx").last(), Some(&AlertWord::Firing), "a vanished value never resolves");
    assert_eq!(story(&w.facts, "5xx (no data)"), [AlertWord::Firing]);
    let blind = notices(&w.facts).into_iter().find(|n| n.alert.as_deref() == Some("5xx (no data)")).unwrap();
    assert!(blind.summary.raw().contains("error rate has no data"), "{}", blind.summary);
    w.fine(70);
    assert_eq!(story(&w.facts, "5xx (no data)").last(), Some(&AlertWord::Resolved));
    assert_eq!(story(&w.facts, "5xx").last(), Some(&AlertWord::Resolved));
}

#[test]
fn a_restart_goes_on_with_the_same_breach() {
    // Within `for`: the time that was spent counts, the time away does not.
    let mut w = Watched::new(PLAN);
    w.fine(20);
    w.run(60, Some(1.2), Some(true), Some(true));
    w.restart(PLAN, 30);
    w.run(50, Some(1.2), Some(true), Some(true));
    assert_eq!(story(&w.facts, "5xx"), [AlertWord::Pending], "60 of 120 s before, 50 after");
    w.run(15, Some(1.2), Some(true), Some(true));
    assert_eq!(story(&w.facts, "5xx"), [AlertWord::Pending, AlertWord::Firing]);
    // While firing: no second page, the same key to the end; a longer `for` drops nothing.
    let key = notices(&w.facts)[0].key.clone();
    w.restart(&PLAN.replace("for = \"2m\"", "for = \"20m\""), 5);
    w.run(60, Some(1.2), Some(true), Some(true));
    assert_eq!(notices(&w.facts).len(), 1);
    w.fine(70);
    assert_eq!(story(&w.facts, "5xx"), [AlertWord::Pending, AlertWord::Firing, AlertWord::Resolved]);
    assert!(notices(&w.facts).iter().all(|n| n.key == key), "one breach, one key");
    // Longer away than an hour: it begins anew, and says so.
    let mut w = Watched::new(PLAN);
    w.run(60, Some(1.2), Some(true), Some(true));
    w.restart(PLAN, 4_000);
    assert_eq!(story(&w.facts, "5xx"), [AlertWord::Pending, AlertWord::Withdrawn]);
    let said = w.facts.iter().any(|f| matches!(f, Fact::AlertChanged { why, .. } if why.raw().contains("1h6m40s")));
    assert!(said, "{:?}", w.facts.last());
}

#[test]
fn whoever_takes_an_alert_on_has_it_until_the_time_is_over() {
    let mut w = Watched::new(PLAN);
    let ack =
        Intent::Acknowledge { alert: "5xx".to_owned(), owner: None, minutes: Some(5), text: Untrusted::new("looking") };
    assert!(w.does(&ack).unwrap_err().contains("does not fire"));
    w.run(130, Some(1.2), Some(true), Some(true));
    w.does(&ack).unwrap();
    w.run(200, Some(1.2), Some(true), Some(true));
    assert_eq!(told(&w.facts).last(), Some(&("5xx".to_owned(), Action::Acknowledge)));
    assert_eq!(told(&w.facts).len(), 2, "told once that somebody looks");
    assert_eq!(w.room.live.verdict.verdict, Verdict::NoGo, "acknowledged is not over");
    w.run(110, Some(1.2), Some(true), Some(true));
    assert_eq!(
        told(&w.facts).last(),
        Some(&("5xx".to_owned(), Action::Trigger)),
        "the five minutes are over: told again"
    );
    assert!(
        notices(&w.facts).last().unwrap().summary.raw().contains("has run out"),
        "{}",
        notices(&w.facts).last().unwrap().summary
    );
    w.run(300, Some(1.2), Some(true), Some(true));
    assert_eq!(told(&w.facts).len(), 3, "and once only");
}

#[test]
fn a_silence_hides_nothing_and_ends_aloud() {
    let mut w = Watched::new(PLAN);
    w.fine(5);
    let silence = |minutes| Intent::Silence { alert: Some("5xx".to_owned()), minutes, reason: Untrusted::new("known") };
    assert!(w.does(&silence(0)).is_err());
    assert!(
        w.does(&Intent::Silence { alert: Some("6xx".to_owned()), minutes: 5, reason: Untrusted::new("x") }).is_err()
    );
    w.does(&silence(5)).unwrap();
    w.run(200, Some(1.2), Some(true), Some(true));
    assert_eq!(story(&w.facts, "5xx").last(), Some(&AlertWord::Firing), "judged as ever");
    assert!(told(&w.facts).is_empty(), "{:?}", told(&w.facts));
    w.run(120, Some(1.2), Some(true), Some(true));
    assert_eq!(told(&w.facts), [("5xx".to_owned(), Action::Trigger)], "still firing when the silence ended");
    // One that is over within the silence is told as well.
    let mut w = Watched::new(PLAN);
    w.does(&silence(60)).unwrap();
    w.run(130, Some(1.2), Some(true), Some(true));
    w.fine(70);
    assert_eq!(told(&w.facts), [("5xx".to_owned(), Action::Inform)]);
    // Told before the silence: the end is told within it, and lifting it tells again what still fires.
    let mut w = Watched::new(PLAN);
    w.run(130, Some(1.2), Some(true), Some(true));
    w.does(&silence(60)).unwrap();
    w.run(30, Some(1.2), Some(true), Some(true));
    let id = w.room.progress.episodes.silences(w.room.now.utc).next().unwrap().id;
    w.does(&Intent::Lift { silence: id }).unwrap();
    w.run(10, Some(1.2), Some(true), Some(true));
    assert_eq!(told(&w.facts), [("5xx".to_owned(), Action::Trigger), ("5xx".to_owned(), Action::Trigger)]);
    w.does(&silence(60)).unwrap();
    w.fine(70);
    assert_eq!(told(&w.facts).last(), Some(&("5xx".to_owned(), Action::Resolve)));
}

#[test]
fn a_cause_keeps_its_consequences_quiet_until_it_is_gone() {
    let mut w = Watched::new(&with_rule_on_the_database("page"));
    w.fine(10);
    w.run(30, Some(0.1), Some(false), Some(false));
    assert_eq!(story(&w.facts, "api down"), [AlertWord::Firing], "it is judged and shown");
    let database = || "database down".to_owned();
    assert_eq!(told(&w.facts), [(database(), Action::Trigger)], "the database explains the other");
    let all = w.room.alerts();
    let api = all.iter().find(|a| a.name == "api down").unwrap();
    assert_eq!((api.state.word(), api.note.as_str()), ("explained", "because database is down"));
    w.run(10, Some(0.1), Some(false), Some(true));
    let api = ("api down".to_owned(), Action::Trigger);
    assert_eq!(
        told(&w.facts),
        [(database(), Action::Trigger), (database(), Action::Resolve), api],
        "and now nothing does"
    );
}

#[test]
fn a_latched_alert_stays_until_somebody_saw_it() {
    let plan = PLAN.replace("keep_for = \"1m\"", "keep_for = \"1m\"\nlatch = true");
    let mut w = Watched::new(&plan);
    w.run(130, Some(1.2), Some(true), Some(true));
    w.fine(600);
    assert_eq!(story(&w.facts, "5xx").last(), Some(&AlertWord::Firing));
    w.does(&Intent::Acknowledge { alert: "5xx".to_owned(), owner: None, minutes: None, text: Untrusted::default() })
        .unwrap();
    w.fine(3);
    assert_eq!(story(&w.facts, "5xx").last(), Some(&AlertWord::Resolved));
}

#[test]
fn a_flap_each_second_pages_nobody() {
    let mut w = Watched::new(PLAN);
    for _ in 0..300 {
        w.run(1, Some(1.2), Some(true), Some(true));
        w.fine(1);
    }
    assert!(story(&w.facts, "5xx").is_empty(), "nor does it fill the record: {:?}", story(&w.facts, "5xx"));
}

#[test]
fn maintenance_is_bound_to_its_steps() {
    let plan = format!(
        "{PLAN}\n[[maintenance]]\nname = \"switch\"\nservices = [\"api\"]\nfrom = \"enable maintenance\"\nuntil = \"disable maintenance\"\n"
    );
    let mut w = Watched::new(&plan);
    w.fine(10);
    let step = |w: &Watched, words| crate::support::step(&w.room, words);
    let (on, off) = (step(&w, "enable maintenance"), step(&w, "disable maintenance"));
    w.does(&Intent::Tick { step: on }).unwrap();
    w.run(60, Some(0.1), Some(false), Some(true));
    assert_eq!(w.room.live.services[1].state, ServiceState::Maintenance);
    assert!(story(&w.facts, "api down").is_empty());
    w.does(&Intent::Tick { step: off }).unwrap();
    w.run(10, Some(0.1), Some(false), Some(true));
    assert_eq!(w.room.live.services[1].state, ServiceState::Down, "what is expected is over");
    assert_eq!(story(&w.facts, "api down"), [AlertWord::Firing]);
}

#[test]
fn a_rule_rests_outside_its_windows_and_phases() {
    let window = "\n[[window]]\nname = \"critical\"\nfrom = \"T-59m\"\nuntil = \"T-50m\"\n";
    let plan = PLAN.replace("for = \"2m\"", "for = \"0s\"\nwindows = [\"critical\"]") + window;
    let mut w = Watched::new(&plan);
    w.run(30, Some(1.2), Some(true), Some(true));
    assert!(story(&w.facts, "5xx").is_empty(), "T-59:30: the window has not begun");
    w.run(60, Some(1.2), Some(true), Some(true));
    assert_eq!(story(&w.facts, "5xx"), [AlertWord::Firing]);
    let plan = PLAN.replace("for = \"2m\"", "for = \"0s\"\nphases = [\"Canary\"]");
    let mut w = Watched::new(&plan);
    w.run(30, Some(1.2), Some(true), Some(true));
    assert!(story(&w.facts, "5xx").is_empty());
    let step = crate::support::step(&w.room, "enable 5%");
    w.does(&Intent::Tick { step }).unwrap();
    w.run(5, Some(1.2), Some(true), Some(true));
    assert_eq!(story(&w.facts, "5xx"), [AlertWord::Firing]);
}

#[test]
fn the_wall_clock_may_jump_and_for_does_not() {
    for jump in [-86_400, -3_600, -5, 5, 3_600, 86_400] {
        let mut w = Watched::new(PLAN);
        w.run(60, Some(1.2), Some(true), Some(true));
        w.room.now.utc += chrono::TimeDelta::seconds(jump);
        w.run(58, Some(1.2), Some(true), Some(true));
        assert!(!story(&w.facts, "5xx").contains(&AlertWord::Firing), "{jump}: fired early");
        w.run(8, Some(1.2), Some(true), Some(true));
        assert!(story(&w.facts, "5xx").contains(&AlertWord::Firing), "{jump}: {:?}", story(&w.facts, "5xx"));
    }
}

#[test]
fn counts_and_baselines_are_judged_as_they_are_written() {
    let plan = PLAN
        .replace("when = \"error rate > 0.5%\"", "when = \"count of error rate over 1m > 100\"")
        .replace("for = \"2m\"", "for = \"0s\"");
    let mut w = Watched::new(&plan);
    // A counter that grows by two each second, and is reset in between: 120 a minute whatever the reset.
    for i in 0..100_u32 {
        w.run(1, Some(f64::from(if i < 40 { 1_000 + 2 * i } else { 2 * (i - 40) })), Some(true), Some(true));
        assert_eq!(story(&w.facts, "5xx").is_empty(), i < 52, "after {i} s");
    }
    let plan = PLAN.replace("error rate > 0.5%", "error rate > 2 * baseline").replace("for = \"2m\"", "for = \"0s\"");
    let mut w = Watched::new(&plan);
    w.run(40, Some(0.2), Some(true), Some(true));
    w.does(&Intent::TakeBaseline).unwrap();
    w.run(130, Some(3.0), Some(true), Some(true));
    assert_eq!(story(&w.facts, "5xx"), [], "forty points are too few to say anything");
    assert_eq!(story(&w.facts, "5xx (no data)"), [AlertWord::Firing]);
    let mut w = Watched::new(&plan);
    w.run(60, Some(0.2), Some(true), Some(true));
    w.does(&Intent::TakeBaseline).unwrap();
    w.run(10, Some(0.39), Some(true), Some(true));
    assert_eq!(story(&w.facts, "5xx"), []);
    w.run(2, Some(0.5), Some(true), Some(true));
    assert_eq!(story(&w.facts, "5xx"), [AlertWord::Firing]);
    let why = w.facts.iter().rev().find_map(|f| match f {
        Fact::AlertChanged { why, .. } => Some(why.raw().to_owned()),
        _ => None,
    });
    assert_eq!(why.as_deref(), Some("error rate 0.50% > 0.4%, the baseline being 0.2%"));
}

#[test]
fn counts_look_back_over_what_is_no_longer_kept_as_it_came() {
    // Each second one more, and a reset every quarter of an hour: an hour is far more than is kept second by second.
    let mut series = Series::new();
    let begin = start().utc;
    for s in 0..3_600_i64 {
        series.push(begin + chrono::TimeDelta::seconds(s), (s % 900) as f64 + 1.0);
    }
    let until = begin + chrono::TimeDelta::seconds(3_599);
    for (minutes, whole) in [(1, true), (10, true), (20, true), (45, true), (59, true), (120, false)] {
        let span = chrono::TimeDelta::minutes(minutes);
        let (grown, seen) = series.growth(until, span).unwrap();
        let all = span.num_seconds().min(3_599) as f64;
        assert!((all..=all + 10.0).contains(&grown), "{grown} in {minutes} minutes");
        assert_eq!(seen, whole, "{minutes} minutes");
    }
    let plan = PLAN
        .replace("when = \"error rate > 0.5%\"", "when = \"count of error rate over 20m > 1000\"")
        .replace("for = \"2m\"", "for = \"0s\"");
    let mut w = Watched::new(&plan);
    for i in 0..1_100_u32 {
        w.run(1, Some(f64::from(i)), Some(true), Some(true));
    }
    assert_eq!(story(&w.facts, "5xx"), [AlertWord::Firing]);
    for _ in 0..1_220 {
        w.run(1, Some(1_100.0), Some(true), Some(true));
    }
    assert_eq!(
        story(&w.facts, "5xx"),
        [AlertWord::Firing, AlertWord::Resolved],
        "twenty quiet minutes, all of them seen"
    );
}

#[test]
fn the_plan_takes_its_baseline_itself() {
    let plan = format!("{PLAN}\n[baseline]\nfrom = \"T-59m\"\nuntil = \"T-57m\"\n");
    let mut w = Watched::new(&plan);
    w.fine(240);
    let taken: Vec<_> = w.facts.iter().filter(|f| matches!(f, Fact::BaselineTaken { .. })).collect();
    assert_eq!(taken.len(), 1, "once");
    assert!(matches!(taken[0], Fact::BaselineTaken { metrics, .. } if metrics[0].values.len() == 120));
}

#[test]
fn ranks_say_too_few_points_before_they_say_anything() {
    let plan = PLAN.replace("error rate > 0.5%", "error rate above baseline").replace("for = \"2m\"", "for = \"0s\"");
    let mut w = Watched::new(&plan);
    let jitter = |w: &mut Watched, seconds: u32, base: f64| {
        for i in 0..seconds {
            w.run(1, Some(base + f64::from(i % 7) / 100.0), Some(true), Some(true));
        }
    };
    jitter(&mut w, 90, 0.2);
    w.does(&Intent::TakeBaseline).unwrap();
    jitter(&mut w, 49, 0.6);
    assert_eq!(story(&w.facts, "5xx"), [], "49 points decide nothing");
    let said = w.room.ranks_words(MetricIx(0));
    assert_eq!(said, "has too few points: 49 of 50");
    jitter(&mut w, 3, 0.6);
    assert_eq!(story(&w.facts, "5xx"), [AlertWord::Firing]);
    let said = w.room.ranks_words(MetricIx(0));
    assert!(said.contains("times the baseline, higher (p under 0.0001, 100%"), "{said}");
    // The same as before is not above it, and a metric that is gone is not compared with its past.
    let mut w = Watched::new(&plan);
    jitter(&mut w, 90, 0.2);
    w.does(&Intent::TakeBaseline).unwrap();
    jitter(&mut w, 100, 0.2);
    assert_eq!(story(&w.facts, "5xx"), []);
    assert_eq!(w.room.ranked(MetricIx(0)), Some(warroom::condition::Side::Like));
    w.run(20, None, Some(true), Some(true));
    assert_eq!(w.room.ranked(MetricIx(0)), None);
}

#[test]
fn what_is_rare_is_compared_by_its_counts() {
    let when = "count of error rate over 1m above baseline";
    let plan = PLAN.replace("error rate > 0.5%", when).replace("for = \"2m\"", "for = \"0s\"");
    let mut w = Watched::new(&plan);
    let counter = |w: &mut Watched, seconds: u32, from: f64, every: u32| {
        let mut value = from;
        for i in 0..seconds {
            value += f64::from(u32::from(i % every == 0));
            w.run(1, Some(value), Some(true), Some(true));
        }
        value
    };
    // Six failures in ten minutes are usual: one more or less a minute is chance, nine in a minute are not.
    let value = counter(&mut w, 600, 0.0, 100);
    w.does(&Intent::TakeBaseline).unwrap();
    let value = counter(&mut w, 120, value, 50);
    assert_eq!(story(&w.facts, "5xx"), [], "two a minute may be chance");
    counter(&mut w, 60, value, 6);
    assert_eq!(story(&w.facts, "5xx"), [AlertWord::Firing]);
}

#[test]
fn who_takes_no_page_on_is_followed_by_the_next_on_the_ladder() {
    let ladder = "[notify.oncall]\ncommand = \"true\"\nescalate = [{ after = \"5m\", to = \"lead\" }]\n[notify.lead]\ncommand = \"true\"\nescalate = [{ after = \"5m\", to = \"cto\" }]\n[notify.cto]\ncommand = \"true\"\n";
    let plan = PLAN.replace("[notify.oncall]\ncommand = \"true\"\n", ladder);
    let channels = |w: &Watched| notices(&w.facts).iter().map(|n| (n.channel.clone(), n.action)).collect::<Vec<_>>();
    let mut w = Watched::new(&plan);
    w.run(130, Some(1.2), Some(true), Some(true));
    w.run(290, Some(1.2), Some(true), Some(true));
    assert_eq!(channels(&w).len(), 1, "five minutes are not over");
    w.run(20, Some(1.2), Some(true), Some(true));
    assert_eq!(channels(&w).last(), Some(&("lead".to_owned(), Action::Trigger)));
    w.run(310, Some(1.2), Some(true), Some(true));
    assert_eq!(channels(&w).last(), Some(&("cto".to_owned(), Action::Trigger)));
    w.run(900, Some(1.2), Some(true), Some(true));
    assert_eq!(channels(&w).len(), 3, "each once");
    w.fine(70);
    let over: Vec<_> = channels(&w).into_iter().filter(|(_, a)| *a == Action::Resolve).map(|(c, _)| c).collect();
    assert_eq!(over, ["cto", "lead", "oncall"], "everybody who was woken hears that it is over");
    // Taken on in time: nobody further is woken; what runs out unwatched goes on up the ladder.
    let mut w = Watched::new(&plan);
    w.run(130, Some(1.2), Some(true), Some(true));
    let text = Untrusted::new("on it");
    w.does(&Intent::Acknowledge { alert: "5xx".to_owned(), owner: None, minutes: None, text }).unwrap();
    w.run(900, Some(1.2), Some(true), Some(true));
    assert!(channels(&w).iter().all(|(channel, _)| channel == "oncall"), "{:?}", channels(&w));
}

#[test]
fn a_rule_that_would_wake_somebody_and_sees_nothing_keeps_the_verdict_from_go() {
    // The services are well, and the metric has no objective: only the rule needs it.
    let mut w = Watched::new(PLAN);
    w.run(30, None, Some(true), Some(true));
    assert_eq!(w.room.live.verdict.verdict, Verdict::Wait);
    assert_eq!(w.room.live.verdict.reason, "5xx: nobody can tell, error rate has no data yet");
    w.fine(30);
    assert_eq!(w.room.live.verdict.verdict, Verdict::Go, "{}", w.room.live.verdict.reason);
    w.run(30, None, Some(true), Some(true));
    assert_eq!(w.room.live.verdict.verdict, Verdict::Wait, "{}", w.room.live.verdict.reason);
    let trust = w.room.trust();
    assert!(trust.troubles.iter().any(|t| t.starts_with("app is blind (error rate")), "{:?}", trust.troubles);
    let mut w = Watched::new(&PLAN.replace("severity = \"page\"", "severity = \"warn\""));
    w.run(30, None, Some(true), Some(true));
    assert_eq!(w.room.live.verdict.verdict, Verdict::Go, "what only wants a look holds nothing up");
}

/// T41: what flaps each second for ten minutes is one page for each stretch in which it is kept.
#[test]
fn forty_rules_that_flap_page_once_for_each_time_they_are_kept() {
    let rules: String = (0..40)
        .map(|n| {
            format!(
                "[[rule]]\nname = \"r{n}\"\nwhen = \"error rate > {}%\"\nkeep_for = \"30s\"\nseverity = \"page\"\n\
                 notify = [\"oncall\"]\n\n",
                f64::from(n) / 100.0 + 0.2
            )
        })
        .collect();
    let from = PLAN.find("[[rule]]").unwrap();
    let until = PLAN.find("[notify.oncall]").unwrap();
    let mut w = Watched::new(&format!("{}{rules}{}", &PLAN[..from], &PLAN[until..]));
    w.fine(10);
    for second in 0..600 {
        w.run(1, Some(if second % 2 == 0 { 5.0 } else { 0.1 }), Some(true), Some(true));
    }
    let pages = told(&w.facts).into_iter().filter(|(_, action)| *action == Action::Trigger).count();
    assert_eq!(pages, 40, "ten minutes of flapping are one page for each rule");
    w.fine(40);
    assert_eq!(told(&w.facts).into_iter().filter(|(_, action)| *action == Action::Resolve).count(), 40);
}

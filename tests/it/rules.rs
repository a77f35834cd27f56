//! Alerts that join in: rule files read as Prometheus reads them, judged here for each set of labels; alerts of others shown and kept.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use warroom::fact::{AlertWord, Fact, Verdict};
use warroom::finding::Source;
use warroom::notice::{Action, Severity};
use warroom::plan::Plan;
use warroom::plan::rules::{Evaluator, RuleText, import, read};
use warroom::probe::promql::Labels;
use warroom::probe::rules::{
    AlertsReading, ForeignAlert, ForeignState, Found, RuleIx, RuleReading, SourceIx, Standing,
};
use warroom::probe::{Ask, ProbeId, Reading, Sample};
use warroom::room::alarms::Shown;
use warroom::room::{Book, Intent, Me, Room, Watch, observe};
use warroom::text::Untrusted;
use warroom::tui::theme::Theme;
use warroom::tui::view::{Alarmed, Detail, View};

use crate::support::screen::{frame, text};
use crate::support::{self, Ledger, author, notices, start, story, told};

mod files;
mod hostile;
mod together;

const PLAN: &str = r#"
[source.prod]
prometheus = "http://prometheus:9090"
every = "5s"
rules = ["alerts.yml"]
notify = ["oncall"]

[source.am]
alertmanager = "http://alertmanager:9093"
every = "5s"

[notify.oncall]
command = "true"
"#;

const RULES: &str = r"
groups:
- name: api
  rules:
  - alert: HighErrorRate
    expr: error_rate > 0.05
    for: 30s
    keep_firing_for: 10s
    labels: {severity: critical}
    annotations:
      summary: '{{ $labels.job }} fails {{ $value | humanizePercentage }}'
      runbook_url: https://wiki.example.com/errors
  - alert: Down
    expr: up == 0
";

fn loaded(plan_text: &str, rules: &str) -> Plan {
    let mut plan = support::plan(plan_text, &[]);
    let texts = [RuleText { path: "alerts.yml".to_owned(), text: rules.to_owned() }];
    let findings = import(&mut plan, &texts);
    assert!(findings.is_empty(), "{findings:#?}");
    plan
}

/// A room that is the watch, on virtual time, with what it recorded.
struct Watched {
    room: Room,
    ledger: Ledger,
    facts: Vec<Fact>,
}

type Elements<'a> = &'a [(&'a str, f64)];

impl Watched {
    fn new(plan: Plan) -> Self {
        let me = Me { author: author("ic"), read_only: false };
        let book = warroom::runbook::read("r.md", b"# R\n\n- [ ] a step\n").unwrap();
        let mut room = Room::new(me, Book::new(vec![book]).into(), plan.into(), start());
        room.live.watch = Watch::Me { epoch: 1 };
        Self { room, ledger: Ledger::default(), facts: Vec::new() }
    }

    fn heard(&mut self, reading: Reading) {
        let sample = Sample { probe: ProbeId(0), at: self.room.now, took: Duration::ZERO, reading };
        let effects = observe::observe_all(&mut self.room, [sample]);
        self.facts.extend(self.ledger.perform(&mut self.room, effects));
        // What is counted for every frame is what the list says.
        let all = self.room.alerts();
        let loud = all.iter().filter(|a| a.state == Shown::Firing && a.severity >= Severity::Page).count();
        let counted = (loud, all.iter().filter(|a| a.state != Shown::Resolved).count());
        assert_eq!(self.room.alert_counts(), counted);
    }

    /// Lets time pass second by second.
    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            let now = self.room.now.plus(Duration::from_secs(1));
            let effects = observe::tick(&mut self.room, now);
            self.facts.extend(self.ledger.perform(&mut self.room, effects));
        }
    }

    /// One evaluation of a rule each five seconds; the elements by their label `job`.
    fn run(&mut self, seconds: u64, rule: u32, elements: Result<Elements<'_>, &str>) {
        for _ in 0..seconds / 5 {
            self.pass(5);
            let found = elements.map_err(str::to_owned).map(|all| {
                let each =
                    |(job, value): &(&str, f64)| (Labels::new([("__name__", "error_rate"), ("job", *job)]), *value);
                Found::bounded(all.iter().map(each).collect())
            });
            // The other rule is evaluated as well, and gives nothing.
            let quiet = RuleReading { rule: RuleIx(1 - rule), found: Ok(Found::default()) };
            self.heard(Reading::Rules(vec![RuleReading { rule: RuleIx(rule), found }, quiet]));
        }
    }

    fn record(&mut self, fact: Fact) {
        let draft = warroom::room::decide::draft(&author("ic"), fact);
        self.ledger.record(&mut self.room, vec![draft]);
    }

    fn does(&mut self, intent: &Intent) -> Result<(), String> {
        let facts = self.ledger.does("dba", intent, &mut self.room)?;
        self.facts.extend(facts);
        Ok(())
    }

    fn restart(&mut self, plan: Plan, away: u64) {
        let old = std::mem::replace(self, Self::new(plan));
        self.room.progress = old.room.progress;
        self.ledger = old.ledger;
        self.facts = old.facts;
        self.room.now = old.room.now.plus(Duration::from_secs(away));
        let effects = observe::begin_watch(&mut self.room);
        self.facts.extend(self.ledger.perform(&mut self.room, effects));
    }
}

const API: &str = "HighErrorRate{job=\"api\", severity=\"critical\"}";
const WEB: &str = "HighErrorRate{job=\"web\", severity=\"critical\"}";

#[test]
fn each_set_of_labels_is_an_alert_with_its_own_clock() {
    let mut w = Watched::new(loaded(PLAN, RULES));
    w.run(15, 0, Ok(&[("api", 0.0725)]));
    w.run(15, 0, Ok(&[("api", 0.0725), ("web", 0.1)]));
    assert_eq!(story(&w.facts, API), [AlertWord::Pending]);
    w.run(5, 0, Ok(&[("api", 0.0725), ("web", 0.1)]));
    assert_eq!(story(&w.facts, API), [AlertWord::Pending, AlertWord::Firing], "30 s since its first evaluation");
    assert_eq!(story(&w.facts, WEB), [AlertWord::Pending]);
    w.pass(1);
    let shown = w.room.alerts();
    let states: Vec<(&str, Shown)> = shown.iter().map(|a| (a.name.as_str(), a.state)).collect();
    assert_eq!(states, [(API, Shown::Firing), (WEB, Shown::Pending)]);
    assert_eq!(shown[0].why, "api fails 7.25%");
    assert_eq!(shown[1].held, Some((Duration::from_secs(15), Duration::from_secs(30))));
    assert_eq!(w.room.alert_counts(), (1, 2));
    let page = notices(&w.facts)[0].clone();
    assert_eq!((page.action, page.channel.as_str(), page.severity), (Action::Trigger, "oncall", Severity::Page));
    assert_eq!(page.alert.as_deref(), Some(API));
    assert_eq!(page.summary.raw(), format!("{API}: api fails 7.25% for 0:30"));
    let details: BTreeMap<&str, &str> = page.details.iter().map(|(k, v)| (k.as_str(), v.raw())).collect();
    assert_eq!(details["condition"], "error_rate > 0.05");
    assert_eq!((details["value"], details["rule"]), ("0.0725", "alerts.yml:5"));
    assert_eq!(details["runbook_url"], "https://wiki.example.com/errors");
    assert_eq!(w.room.live.verdict.verdict, Verdict::NoGo, "{}", w.room.live.verdict.reason);
    w.run(10, 0, Ok(&[("web", 0.1)]));
    assert_eq!(story(&w.facts, API).len(), 2, "it is kept for ten seconds");
    w.run(5, 0, Ok(&[("web", 0.1)]));
    assert_eq!(story(&w.facts, API).last(), Some(&AlertWord::Resolved));
    assert_eq!(story(&w.facts, WEB), [AlertWord::Pending, AlertWord::Firing]);
    w.pass(1);
    assert_eq!(
        told(&w.facts),
        [(API.to_owned(), Action::Trigger), (API.to_owned(), Action::Resolve), (WEB.to_owned(), Action::Trigger)]
    );
    w.run(20, 0, Ok(&[]));
    assert!(w.room.live.imported[0].instances.is_empty());
}

#[test]
fn an_evaluation_that_fails_resolves_nothing_and_becomes_an_alert() {
    let mut w = Watched::new(loaded(PLAN, RULES));
    w.run(40, 0, Ok(&[("api", 0.1)]));
    assert_eq!(story(&w.facts, API).last(), Some(&AlertWord::Firing));
    w.run(60, 0, Err("503: the query took Prometheus too long"));
    assert_eq!(story(&w.facts, API).last(), Some(&AlertWord::Firing));
    assert!(story(&w.facts, "HighErrorRate (no data)").is_empty());
    w.run(10, 0, Err("503: the query took Prometheus too long"));
    assert_eq!(story(&w.facts, "HighErrorRate (no data)"), [AlertWord::Firing]);
    // Nor does silence of the poller.
    w.pass(600);
    assert_eq!(story(&w.facts, API).last(), Some(&AlertWord::Firing), "nobody was asked");
    assert_eq!(story(&w.facts, "Down (no data)").last(), Some(&AlertWord::Firing));
    w.run(20, 0, Ok(&[]));
    assert_eq!(story(&w.facts, API).last(), Some(&AlertWord::Resolved));
    assert_eq!(story(&w.facts, "HighErrorRate (no data)").last(), Some(&AlertWord::Resolved));
}

#[test]
fn a_rule_file_that_nobody_can_judge_keeps_the_verdict_from_go() {
    let plan = format!("[[service]]\nname = \"api\"\ntcp = \"127.0.0.1:1\"\nevery = \"5s\"\n{PLAN}");
    let mut w = Watched::new(loaded(&plan, RULES));
    let api = || {
        Reading::Service(warroom::probe::ServiceReading {
            service: warroom::probe::ServiceIx(0),
            outcome: warroom::probe::Outcome::Pass,
            code: None,
            version: None,
            says: None,
            phases: warroom::probe::Phases::default(),
            tls_days: None,
            excerpt: Untrusted::default(),
        })
    };
    let mut looks = |found: Result<Elements<'_>, &str>| {
        for _ in 0..6 {
            w.heard(api());
            w.run(5, 0, found);
        }
        (w.room.live.verdict.verdict, w.room.live.verdict.reason.clone())
    };
    assert_eq!(looks(Ok(&[])).0, Verdict::Go);
    let (verdict, why) = looks(Err("connection refused"));
    assert_eq!((verdict, why.as_str()), (Verdict::Wait, "HighErrorRate: nobody can tell, connection refused"));
    assert_eq!(looks(Ok(&[])).0, Verdict::Go);
}

#[test]
fn after_a_scrape_that_failed_what_is_absent_is_unknown_and_what_is_there_holds() {
    let mut w = Watched::new(loaded(PLAN, RULES));
    w.run(40, 0, Ok(&[("api", 0.1)]));
    for _ in 0..6 {
        w.pass(5);
        let gap = Some("500, expected 2xx".to_owned());
        let down = Found { elements: vec![(Labels::default(), 0.0)], gap: gap.clone(), ..Found::default() };
        w.heard(Reading::Rules(vec![
            RuleReading { rule: RuleIx(0), found: Ok(Found { gap, ..Found::default() }) },
            RuleReading { rule: RuleIx(1), found: Ok(down) },
        ]));
    }
    assert_eq!(story(&w.facts, API).last(), Some(&AlertWord::Firing), "an unread page resolves nothing");
    assert_eq!(story(&w.facts, "Down"), [AlertWord::Firing], "and `up == 0` fires");
}

#[test]
fn a_restart_or_a_reload_goes_on_with_the_same_breach() {
    let mut w = Watched::new(loaded(PLAN, RULES));
    w.run(40, 0, Ok(&[("api", 0.1)]));
    w.pass(1);
    let key = notices(&w.facts)[0].key.clone();
    w.restart(loaded(PLAN, RULES), 20);
    w.run(20, 0, Ok(&[("api", 0.1)]));
    assert_eq!(story(&w.facts, API), [AlertWord::Pending, AlertWord::Firing], "no second page");
    // A reload with another rule before it.
    let other = RULES.replace("  - alert: HighErrorRate", "  - alert: New\n    expr: x > 1\n  - alert: HighErrorRate");
    let book = warroom::runbook::read("r.md", b"# R\n\n- [ ] a step\n").unwrap();
    w.room.replace(Book::new(vec![book.clone()]), loaded(PLAN, &other));
    w.pass(5);
    assert_eq!(w.room.live.imported[1].instances.len(), 1, "found again by name");
    assert_eq!(notices(&w.facts).len(), 1);
    // The rule leaves the file: what it fired is over, and who was told hears of it.
    let without = "groups:\n- name: api\n  rules:\n  - alert: Down\n    expr: up == 0\n";
    w.room.replace(Book::new(vec![book]), loaded(PLAN, without));
    w.pass(2);
    assert_eq!(story(&w.facts, API).last(), Some(&AlertWord::Resolved));
    let last = notices(&w.facts).last().copied().unwrap();
    assert_eq!((last.action, &last.key), (Action::Resolve, &key));
}

#[test]
fn one_is_silenced_or_all_of_a_name() {
    let silence =
        |alert: &str| Intent::Silence { alert: Some(alert.to_owned()), minutes: 60, reason: Untrusted::new("known") };
    let both: Elements<'_> = &[("api", 0.1), ("web", 0.1)];
    let mut w = Watched::new(loaded(PLAN, RULES));
    assert!(w.does(&silence("NoSuchRule")).is_err());
    w.does(&silence(API)).unwrap();
    w.run(40, 0, Ok(both));
    w.pass(1);
    assert_eq!(story(&w.facts, API).last(), Some(&AlertWord::Firing), "judged as ever");
    assert_eq!(told(&w.facts), [(WEB.to_owned(), Action::Trigger)]);
    let mut w = Watched::new(loaded(PLAN, RULES));
    w.does(&silence("HighErrorRate")).unwrap();
    w.run(40, 0, Ok(both));
    w.pass(1);
    assert!(told(&w.facts).is_empty(), "{:?}", told(&w.facts));
    // Whoever takes one on has that one.
    let ack = Intent::Acknowledge { alert: WEB.to_owned(), owner: None, minutes: None, text: Untrusted::default() };
    w.does(&ack).unwrap();
    let ack = Intent::Acknowledge { alert: "Down".to_owned(), owner: None, minutes: None, text: Untrusted::default() };
    assert!(w.does(&ack).is_err());
}

#[test]
fn labels_are_those_that_prometheus_would_give() {
    let rules = "groups:\n- name: g\n  limit: 2\n  labels: {team: core, severity: info}\n  rules:\n  - alert: A\n    \
                 expr: x > 1\n    labels: {severity: '{{ $labels.job }}', job: mine}\n";
    let mut w = Watched::new(loaded(PLAN, rules));
    let evaluated = |w: &mut Watched, jobs: &[&str]| {
        w.pass(5);
        let element = |job: &&str| (Labels::new([("__name__", "x"), ("job", *job), ("pod", *job)]), 2.0);
        let found = Ok(Found::bounded(jobs.iter().map(element).collect()));
        w.heard(Reading::Rules(vec![RuleReading { rule: RuleIx(0), found }]));
    };
    evaluated(&mut w, &["critical"]);
    let names: Vec<&String> = w.room.live.imported[0].instances.keys().collect();
    assert_eq!(names, ["A{job=\"mine\", pod=\"critical\", severity=\"critical\", team=\"core\"}"]);
    let it = w.room.live.imported[0].instances.values().next().unwrap();
    assert_eq!(it.words.severity, Severity::Page);
    evaluated(&mut w, &["a", "b", "c"]);
    let trouble = w.room.live.imported[0].trouble.clone().unwrap_or_default();
    assert!(trouble.contains("3 alerts, more than the 2"), "{trouble}");
    assert_eq!(w.room.live.imported[0].instances.len(), 1, "nothing is resolved by it");
}

#[test]
fn what_was_pending_goes_on_where_the_last_watch_left_it() {
    let rules = RULES.replace("for: 30s", "for: 10m");
    let plan = || loaded(PLAN, &rules);
    let mut w = Watched::new(plan());
    w.run(480, 0, Ok(&[("api", 0.1)]));
    assert_eq!(story(&w.facts, API), [AlertWord::Pending]);
    // The tape says when it was last asked, and nothing else of rules; eight of the ten minutes are over.
    let asked = w.room.live.rules_asked;
    assert_eq!(asked, Some(w.room.now.utc));
    let old = std::mem::replace(&mut w, Watched::new(plan()));
    (w.room.progress, w.ledger, w.facts) = (old.room.progress, old.ledger, old.facts);
    w.room.now = old.room.now.plus(Duration::from_secs(20));
    w.room.live.rules_asked = asked;
    let effects = observe::begin_watch(&mut w.room);
    w.facts.extend(w.ledger.perform(&mut w.room, effects));
    w.run(110, 0, Ok(&[("api", 0.1)]));
    assert_eq!(story(&w.facts, API), [AlertWord::Pending], "the time in which nobody looked does not count");
    w.run(20, 0, Ok(&[("api", 0.1)]));
    assert_eq!(story(&w.facts, API), [AlertWord::Pending, AlertWord::Firing]);
}

#[test]
fn they_stand_on_the_screen_and_open() {
    let mut w = Watched::new(loaded(PLAN, RULES));
    w.run(40, 0, Ok(&[("api", 0.0725)]));
    says(&mut w, Ok(vec![foreign("db", ForeignState::Inhibited)]));
    let mut view = View::new();
    let theme = Theme::default();
    let shown = |w: &Watched, view: &mut View| text(&frame(&w.room, view, &theme, 200, 60));
    view.detail = Detail::Alert;
    view.alarm = Some(Alarmed::Alert(API.to_owned()));
    let page = shown(&w, &mut view);
    for words in ["HighErrorRate{job=\"api\"", "api fails 7.25%", "error_rate > 0.05", "alerts.yml:5", "am/DiskFull"] {
        assert!(page.contains(words), "{words} is missing in\n{page}");
    }
    view.alarm = Some(Alarmed::Alert("am/DiskFull{job=\"db\", severity=\"critical\"}".to_owned()));
    let page = shown(&w, &mut view);
    assert!(page.contains("inhibited in am"), "{page}");
}

#[test]
fn a_flood_is_bounded_and_said() {
    let mut w = Watched::new(loaded(PLAN, RULES));
    let names: Vec<String> = (0..1_500).map(|n| format!("job{n}")).collect();
    let flood: Vec<(&str, f64)> = names.iter().map(|n| (n.as_str(), 1.0)).collect();
    w.run(100, 1, Ok(&flood));
    assert_eq!(w.room.live.imported[1].instances.len(), 1_000);
    let found = Found::bounded(flood.iter().map(|(n, v)| (Labels::new([("job", *n)]), *v)).collect());
    assert_eq!(found.gap.as_deref(), Some("more than 1000 elements"));
}

#[test]
fn what_nobody_evaluates_is_left_out_and_two_sources_do_not_mix() {
    let plan = "[source.eu]\nprometheus = \"http://eu:9090\"\nrules = [\"alerts.yml\"]\n\
                [source.us]\nprometheus = \"http://us:9090\"\nrules = [\"alerts.yml\"]\n";
    let plan = loaded(plan, RULES);
    let called: Vec<&str> = plan.imported.iter().map(|r| r.called.as_str()).collect();
    assert_eq!(called, ["HighErrorRate", "Down", "us/HighErrorRate", "us/Down"]);
    let asked: Vec<usize> = plan
        .probes
        .iter()
        .filter_map(|p| match &p.ask {
            Ask::Rules { rules, .. } => Some(rules.len()),
            _ => None,
        })
        .collect();
    assert_eq!(asked, [2, 2]);
}

#[test]
fn rule_files_come_plain_as_resources_and_in_several_documents() {
    let file = |text: &str| read(Source { file: "r.yml", text }, Evaluator::Prometheus);
    let resource = "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: x\n  labels: {a: b}\n\
                    spec:\n  groups:\n  - name: g\n    rules:\n    - alert: A\n      expr: up == 0\n      for: 1h30m\n";
    let both = format!("# two documents\n---\n{resource}---\n{}\n---\n", RULES.trim());
    let it = file(&both);
    assert!(it.findings.is_empty(), "{:#?}", it.findings);
    let names: Vec<(&str, u32)> = it.alerts.iter().map(|r| (r.name.as_str(), r.line)).collect();
    assert_eq!(names, [("A", 12), ("HighErrorRate", 19), ("Down", 27)]);
    assert_eq!(it.alerts[0].for_, Duration::from_mins(90));
    let list = format!("kind: List\nitems:\n- {}", resource.trim().replace('\n', "\n  "));
    assert_eq!(file(&list).alerts.len(), 1, "{:#?}", file(&list).findings);
}

#[test]
fn odd_files_are_read_as_prometheus_reads_them() {
    let text = "# a comment\r\n---\r\ngroups:\r\n- name: \"\u{fc}mlaut / 1\"\r\n  interval: 1m30s\r\n  query_offset: 30s\r\n  limit: 0\r\n  \
        labels: {team: ops, severity: info}\r\n  rules:\r\n  - record: job:errors:rate5m\r\n    expr: sum by (job) (rate(errors_total[5m]))\r\n  \
        - alert: Week\r\n    expr: |-\r\n      up\r\n        == 0\r\n    for: 1w2d3h4m5s6ms\r\n    keep_firing_for: 1y\r\n    labels:\r\n      \
        severity: page\r\n      empty:\r\n      n: 007\r\n      yes: yes\r\n  - alert: Zero\r\n    expr: 1\r\n    for: 0\r\n    \
        annotations: {summary: 'It''s {{ $value }}', description: \"a: \\\"b\\\"\"}\r\n  - alert: Nothing\r\n    expr: absent(up{job=\"x\"})\r\n    \
        for: 0s\r\n---\r\n# nothing\r\n---\r\ngroups: []\r\n---\r\ngroups:\r\n- name: two\r\n  rules:\r\n";
    let source = Source { file: "odd.yml", text };
    let file = read(source, Evaluator::Prometheus);
    let told: Vec<&str> = file.findings.iter().map(|f| f.message.as_str()).collect();
    assert_eq!(told, ["1 recording rule is not evaluated here"]);
    let spans: Vec<(&str, u128, u128, u64)> = file
        .alerts
        .iter()
        .map(|a| (a.name.as_str(), a.for_.as_millis(), a.keep_for.as_millis(), a.query_offset.as_secs()))
        .collect();
    let week = 1_000 * (7 * 86_400 + 2 * 86_400 + 3 * 3_600 + 4 * 60 + 5) + 6;
    assert_eq!(spans, [("Week", week, 31_536_000_000, 30), ("Zero", 0, 0, 30), ("Nothing", 0, 0, 30)]);
    let labels: Vec<(&str, &str)> = file.alerts[0].labels.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(labels, [("empty", ""), ("n", "007"), ("severity", "page"), ("team", "ops"), ("yes", "yes")]);
    assert_eq!(file.alerts[0].expr, "up\n  == 0");
    assert_eq!(file.alerts[1].annotations[0].1, "It's {{ $value }}");
    assert_eq!((file.recordings.len(), file.alerts[0].interval), (1, Some(Duration::from_secs(90))));
    let here = read(source, Evaluator::Here);
    assert!(here.findings.iter().any(|f| f.message.contains("query_offset")), "{:#?}", here.findings);
    // A span that Prometheus refuses is no rule, and says so.
    for bad in ["5", "1.5h", "5 m", "-1m", "1m1h", "''", "forever", "[1m]", "99999999999y"] {
        let text = format!("groups:\n- name: a\n  rules:\n  - alert: A\n    expr: up\n    for: {bad}\n");
        let file = read(Source { file: "bad.yml", text: &text }, Evaluator::Prometheus);
        assert!(file.alerts.iter().all(|a| a.not_evaluated.is_some()), "{bad}");
        assert_eq!(file.findings.len(), 1, "{bad}: {:#?}", file.findings);
    }
}

#[test]
fn ten_thousand_rules_are_read_and_more_are_said() {
    let mut text = "groups:\n- name: g\n  rules:\n".to_owned();
    for n in 0..10_001 {
        writeln!(text, "  - alert: A{n}\n    expr: x{n} > {n}").unwrap();
    }
    let mut plan = loaded("[source.app]\nscrape = \"http://app/metrics\"\nrules = [\"alerts.yml\"]\n", "groups: []\n");
    let findings = import(&mut plan, &[RuleText { path: "alerts.yml".to_owned(), text }]);
    assert_eq!(plan.imported.len(), 10_000);
    let told: Vec<(&str, u32)> = findings.iter().map(|f| (f.code, f.line)).collect();
    assert_eq!(told, [("WR037", 20_004)]);
    assert_eq!(plan.probes.len(), 1, "one page for all of them");
}

fn foreign(job: &str, state: ForeignState) -> ForeignAlert {
    let labels = Labels::new([("alertname", "DiskFull"), ("job", job), ("severity", "critical")]);
    ForeignAlert { labels, state, since: start().utc - TimeDelta::minutes(3), summary: Untrusted::new("disk is full") }
}

fn says(w: &mut Watched, alerts: Result<Vec<ForeignAlert>, &str>) {
    w.pass(5);
    let found = alerts.map(|alerts| Standing { alerts, left_out: 0 }).map_err(str::to_owned);
    w.heard(Reading::Alerts(AlertsReading { source: SourceIx(1), found }));
}

#[test]
fn alerts_of_others_are_kept_while_their_source_is_silent_and_page_nobody() {
    let mut w = Watched::new(loaded(PLAN, RULES));
    says(&mut w, Ok(vec![foreign("db", ForeignState::Firing), foreign("web", ForeignState::Silenced)]));
    let names = |w: &Watched| w.room.live.foreign[1].alerts.keys().cloned().collect::<Vec<_>>();
    let db = "am/DiskFull{job=\"db\", severity=\"critical\"}";
    assert_eq!(names(&w), [db, "am/DiskFull{job=\"web\", severity=\"critical\"}"]);
    says(&mut w, Err("no answer within 5 s"));
    assert_eq!((names(&w).len(), w.room.live.foreign[1].trouble.is_some()), (2, true));
    says(&mut w, Ok(vec![foreign("db", ForeignState::Firing)]));
    assert_eq!((names(&w).len(), w.room.live.foreign[1].trouble.is_some()), (1, false));
    w.pass(60);
    let why = w.room.live.foreign[1].trouble.clone().unwrap_or_default();
    assert!(why.starts_with("no answer for"), "{why}");
    assert_eq!(names(&w), [db]);
    assert!(story(&w.facts, db).is_empty() && told(&w.facts).is_empty());
    let shown = |w: &Watched| -> Vec<(String, Shown, String)> {
        let of_am = w.room.alerts().into_iter().filter(|a| a.name.starts_with("am/"));
        of_am.map(|a| (a.name, a.state, a.note)).collect()
    };
    assert_eq!((shown(&w)[0].0.as_str(), shown(&w)[0].1), (db, Shown::Stale));
    assert!(shown(&w)[0].2.contains("am does not answer"), "{:?}", shown(&w));
    says(&mut w, Ok(vec![foreign("db", ForeignState::Firing), foreign("web", ForeignState::Silenced)]));
    let all: Vec<(Shown, String)> = shown(&w).into_iter().map(|(_, state, note)| (state, note)).collect();
    let expected = [(Shown::Firing, "judged by am"), (Shown::Silenced, "silenced in am")];
    assert_eq!(all, expected.map(|(state, note)| (state, note.to_owned())));
}

#[test]
fn a_source_with_channels_tells_of_its_alerts_but_not_of_what_is_silenced_there() {
    let plan = PLAN.replace("every = \"5s\"\n\n[notify", "every = \"5s\"\nnotify = [\"oncall\"]\n\n[notify");
    let mut w = Watched::new(loaded(&plan, RULES));
    let (db, web) =
        ("am/DiskFull{job=\"db\", severity=\"critical\"}", "am/DiskFull{job=\"web\", severity=\"critical\"}");
    for _ in 0..3 {
        says(&mut w, Ok(vec![foreign("db", ForeignState::Firing), foreign("web", ForeignState::Silenced)]));
    }
    assert_eq!((story(&w.facts, db), story(&w.facts, web)), (vec![AlertWord::Firing], vec![AlertWord::Firing]));
    assert_eq!(told(&w.facts), [(db.to_owned(), Action::Trigger)]);
    assert_eq!(notices(&w.facts)[0].summary.raw(), format!("{db}: disk is full"));
    for _ in 0..20 {
        says(&mut w, Err("no answer within 5 s"));
    }
    assert_eq!(story(&w.facts, db), [AlertWord::Firing], "the silence of the source ends nothing");
    assert_eq!(story(&w.facts, "am (no data)").last(), Some(&AlertWord::Firing));
    says(&mut w, Ok(vec![]));
    assert_eq!(story(&w.facts, db), [AlertWord::Firing, AlertWord::Resolved]);
}

#[test]
fn whoever_does_not_ask_knows_from_the_record_what_pages() {
    let mut w = Watched::new(loaded(PLAN, RULES));
    w.run(40, 0, Ok(&[("api", 0.1)]));
    let mut reader = Watched::new(loaded(PLAN, RULES));
    reader.room.progress = std::mem::take(&mut w.room.progress);
    reader.room.live.watch = Watch::Other { epoch: 1, by: None };
    reader.room.now = w.room.now;
    reader.pass(60);
    let shown: Vec<(String, Shown)> = reader.room.alerts().into_iter().map(|a| (a.name, a.state)).collect();
    assert_eq!(shown, [(API.to_owned(), Shown::Firing)]);
    assert_eq!(reader.room.live.verdict.verdict, Verdict::NoGo, "{}", reader.room.live.verdict.reason);
    assert!(reader.facts.is_empty(), "it records nothing: {:?}", reader.facts);
}

#[test]
fn a_silence_of_an_alertmanagers_alert_is_created_there_by_the_watch_and_how_it_went_is_recorded() {
    let db = "am/DiskFull{job=\"db\", severity=\"critical\"}";
    let silence =
        Intent::Silence { alert: Some(db.to_owned()), minutes: 5, reason: Untrusted::new("known \u{1b}[31mred") };
    let note = |w: &Watched| w.room.alerts().into_iter().find(|a| a.name == db).unwrap().note;
    let mut w = Watched::new(loaded(PLAN, RULES));
    says(&mut w, Ok(vec![foreign("db", ForeignState::Firing)]));
    assert!(w.room.begin_silence().is_none(), "nobody asked for one");
    w.does(&silence).unwrap();
    let wanted = w.room.begin_silence().unwrap();
    assert!(w.room.begin_silence().is_none(), "one at a time");
    let body: serde_json::Value = serde_json::from_str(&wanted.body).unwrap();
    let matcher = |name: &str, value: &str| serde_json::json!({ "name": name, "value": value, "isRegex": false, "isEqual": true });
    let matchers = [matcher("alertname", "DiskFull"), matcher("job", "db"), matcher("severity", "critical")];
    assert_eq!(body["matchers"], serde_json::json!(matchers));
    assert_eq!((body["createdBy"].as_str(), wanted.request.url.expose()), (Some("dba"), "http://alertmanager:9093"));
    assert!(!body["comment"].as_str().unwrap().contains('\u{1b}'), "{body}");
    let end = w.room.now.utc + TimeDelta::minutes(5);
    assert_eq!(body["endsAt"].as_str().unwrap().get(..19), Some(end.format("%Y-%m-%dT%H:%M:%S").to_string().as_str()));
    assert_eq!(note(&w), "dba silences it in am");
    let fact = w.room.end_silence(wanted.silence, Err("400, expected 200".to_owned())).unwrap();
    w.record(fact);
    assert_eq!(note(&w), "NOT silenced in am: 400, expected 200");
    assert!(w.room.begin_silence().is_none(), "it is not tried again by itself");
    w.does(&silence).unwrap();
    // A crash in between: the next watch asks again.
    w.room.live.silencing = None;
    let again = w.room.begin_silence().unwrap();
    let fact = w.room.end_silence(again.silence, Ok(Untrusted::new("9c1e"))).unwrap();
    w.record(fact);
    assert_eq!(note(&w), "silenced in am by dba");
    assert!(w.does(&Intent::Lift { silence: again.silence }).unwrap_err().contains("end it there"));
    // Whoever only looks creates nothing.
    let mut reader = Watched::new(loaded(PLAN, RULES));
    says(&mut reader, Ok(vec![foreign("db", ForeignState::Firing)]));
    reader.does(&silence).unwrap();
    reader.room.me.read_only = true;
    assert!(reader.room.begin_silence().is_none());
    assert!(reader.does(&silence).is_err());
}

/// A page of metrics, an Alertmanager's alerts and a place for silences; what was posted there.
fn production(hot: Arc<AtomicUsize>) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let (port, posted) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(Vec::new())));
    let keep = Arc::clone(&posted);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = Vec::new();
            let mut buffer = [0; 4_096];
            // One request a connection, small enough to come in a piece or two.
            while let Ok(n) = stream.read(&mut buffer) {
                asked.extend_from_slice(&buffer[..n]);
                let text = String::from_utf8_lossy(&asked).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head.to_lowercase().lines().find_map(|l| l.strip_prefix("content-length: ")?.parse().ok());
                if n == 0 || body.len() >= length.unwrap_or(0_usize) {
                    break;
                }
            }
            let asked = String::from_utf8_lossy(&asked).into_owned();
            let body = match asked.split_whitespace().nth(1).unwrap_or_default() {
                "/metrics" => format!("hot{{room=\"a\"}} {}\n", hot.load(Ordering::SeqCst)),
                path if path.starts_with("/api/v2/alerts?") => r#"[{"annotations":{"summary":"disk is full"},
                    "startsAt":"2025-10-21T10:57:00Z","endsAt":"2025-10-21T11:57:00Z","fingerprint":"7","receivers":[],
                    "status":{"inhibitedBy":[],"silencedBy":[],"state":"active"},"labels":{"alertname":"DiskFull"}}]"#
                    .to_owned(),
                "/api/v2/silences" => {
                    keep.lock().unwrap().push(asked);
                    r#"{"silenceID":"9c1e"}"#.to_owned()
                }
                _ => String::new(),
            };
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n";
            let _ = write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len());
        }
    });
    (port, posted)
}

#[test]
fn the_program_takes_a_changed_rule_file_and_silences_where_it_is_judged() {
    let home = tempfile::tempdir().unwrap();
    let hot = Arc::new(AtomicUsize::new(40));
    let (port, posted) = production(Arc::clone(&hot));
    let room = home.path().join("room");
    std::fs::create_dir(&room).unwrap();
    let plan = format!(
        "[room]\nrunbook = [\"r.md\"]\n[defaults]\nevery = \"200ms\"\n\
         [source.app]\nscrape = \"http://127.0.0.1:{port}/metrics\"\nrules = [\"alerts.yml\"]\n\
         [source.am]\nalertmanager = \"http://127.0.0.1:{port}\"\n"
    );
    let rules = |above: u32| {
        format!("groups:\n- name: g\n  interval: 200ms\n  rules:\n  - alert: Hot\n    expr: hot > {above}\n")
    };
    std::fs::write(room.join("r.md"), "# R\n\n- [ ] a step\n").unwrap();
    std::fs::write(room.join("warroom.toml"), plan).unwrap();
    std::fs::write(room.join("alerts.yml"), rules(30)).unwrap();
    // Alone, it asks once and waits for what the rules give.
    let out =
        support::watch::warroom(home.path()).arg("status").arg(&room).args(["--format", "json"]).output().unwrap();
    let status: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let names: Vec<&str> = status["alerts"].as_array().unwrap().iter().filter_map(|a| a["name"].as_str()).collect();
    assert_eq!(names.len(), 2, "{names:?}: {}", String::from_utf8_lossy(&out.stderr));
    let watch = support::watch::Watched::start(home.path(), &room, "ic", &[]);
    let mut client = watch.client();
    let state = |status: &serde_json::Value, name: &str| -> Option<(String, String)> {
        let all = status["alerts"].as_array()?.iter().find(|a| a["name"] == name)?;
        Some((all["state"].as_str()?.to_owned(), all["source"].as_str()?.to_owned()))
    };
    let is = |word: &str, source: &str| Some((word.to_owned(), source.to_owned()));
    client.until("the rule fires", |s| state(s, "Hot{room=\"a\"}") == is("firing", "app"));
    client.until("the other's alert", |s| state(s, "am/DiskFull") == is("firing", "am"));
    let silence = serde_json::json!({ "kind": "silence", "alert": "am/DiskFull", "minutes": 5, "reason": "known" });
    assert_eq!(client.ask(1, "dba", &silence).unwrap()["answer"], "accepted");
    client.until("it is created there", |s| {
        let all = s["alerts"].as_array().unwrap();
        all.iter().any(|a| a["name"] == "am/DiskFull" && a["note"] == "silenced in am by dba")
    });
    assert_eq!(posted.lock().unwrap().len(), 1, "once");
    // The rule is changed on disk: what it fired is over. A broken one is not taken.
    std::fs::write(room.join("alerts.yml"), rules(50)).unwrap();
    client.until("it is over", |s| state(s, "Hot{room=\"a\"}") == is("resolved", "app"));
    std::fs::write(room.join("alerts.yml"), "groups: [").unwrap();
    hot.store(60, Ordering::SeqCst);
    client.until("the rule in force is judged", |s| state(s, "Hot{room=\"a\"}") == is("firing", "app"));
    watch.end();
}

#[test]
fn what_a_service_needs_explains_alerts_of_rule_files_that_name_it() {
    let services = "[[service]]\nname = \"database\"\ntcp = \"127.0.0.1:1\"\n[[service]]\nname = \"api\"\ntcp = \"127.0.0.1:1\"\nneeds = [\"database\"]\n";
    let rules = "groups:\n- name: g\n  rules:\n  - alert: Slow\n    expr: x > 1\n    labels: {severity: page, service: api}\n  \
                 - alert: Lost\n    expr: y > 1\n    labels: {severity: page, service: database}\n";
    let text = PLAN.replace("command = \"true\"", "command = \"true\"\ngroup_by = \"none\"");
    let mut w = Watched::new(loaded(&format!("{services}{text}"), rules));
    let one = || Ok(Found { elements: vec![(Labels::new([("job", "a")]), 2.0)], ..Found::default() });
    let hear = |w: &mut Watched, slow: bool, lost: bool| {
        w.pass(5);
        let reading = |(ix, fires): (u32, bool)| {
            let found = if fires { one() } else { Ok(Found::default()) };
            RuleReading { rule: RuleIx(ix), found }
        };
        w.heard(Reading::Rules([(0, slow), (1, lost)].map(reading).to_vec()));
    };
    for _ in 0..3 {
        hear(&mut w, true, true);
    }
    let paged: Vec<&str> = notices(&w.facts).iter().filter_map(|n| n.alert.as_deref()).collect();
    assert_eq!(paged, ["Lost{job=\"a\", service=\"database\", severity=\"page\"}"], "the cause alone wakes somebody");
    let all = w.room.alerts();
    let slow = all.iter().find(|a| a.name.starts_with("Slow")).unwrap();
    assert_eq!(slow.state, Shown::Inhibited);
    assert!(slow.note.starts_with("because Lost{"), "{}", slow.note);
    hear(&mut w, true, false);
    w.pass(2);
    assert!(told(&w.facts).iter().any(|(name, action)| name.starts_with("Slow") && *action == Action::Trigger));
}

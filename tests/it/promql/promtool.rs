//! Generated rules over generated series, minute by minute: what we fire, with labels and words, is what `promtool test rules`
//! expects of Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value as Json, json};
use warroom::plan::rules::{RuleText, import};
use warroom::probe::promql::{Expr, Labels, Store, Value, evaluate, parse};
use warroom::probe::rules::{ALERTNAME, Found, RuleIx, RuleReading};
use warroom::probe::{ProbeId, Reading, Sample};
use warroom::room::alert::State;
use warroom::room::{Book, Me, Room, Watch, observe};

use crate::support::{author, plan, start};
use crate::tell::scripted::Dice;

/// Minutes of each history.
const MINUTES: usize = 40;
/// Histories for each set of rules.
const HISTORIES: usize = 6;
/// Sets of rules.
const SETS: u64 = 8;

/// Series with what they are worth at a time.
const SERIES: [(&str, &[&str]); 7] = [
    ("temp{room=\"x\",floor=\"1\"}", &["10", "20", "35", "35", "90.5", "NaN", "0"]),
    ("temp{room=\"y\",floor=\"1\"}", &["10", "20", "35", "90.5", "-3"]),
    ("temp{room=\"z\",floor=\"2\"}", &["35", "36", "1e9", "0.000071", "+Inf"]),
    ("humid{room=\"x\"}", &["1", "2", "60"]),
    ("humid{room=\"y\"}", &["1", "60"]),
    ("jobs{pod=\"a\",instance=\"host-1:9100\"}", &["100000", "100007", "100300", "100300"]),
    ("up{job=\"app\",instance=\"[::1]:80\"}", &["1", "0"]),
];

fn pick<'a>(dice: &mut Dice, of: &[&'a str]) -> &'a str {
    of[dice.next(of.len() as u64) as usize]
}

/// Rules whose spans and bounds are thrown.
fn rules(dice: &mut Dice) -> String {
    let exprs = [
        "temp > BOUND",
        "temp >= BOUND",
        "sum by (floor) (temp) > BOUND",
        "max(temp) > BOUND",
        "count(temp > BOUND) >= 2",
        "temp > BOUND and on (room) humid > 5",
        "temp > BOUND unless on (room) humid > 5",
        "absent(temp{room=\"x\"})",
        "absent(nothing_of_the_kind{shop=\"s\"})",
        "up == 0",
        "temp == 35 or humid == 60",
        "temp != temp",
        "max_over_time(temp[210s]) > BOUND",
        "changes(temp[270s]) > 1",
        "count_over_time(humid[330s]) < 4",
        "delta(jobs[150s]) > 100",
        "resets(jobs[330s]) > 0 or irate(jobs[150s]) == 0",
        "temp * on (room) humid > 1000",
        "temp > bool BOUND",
        "vector(time() / 60) % 7 > 4",
        "avg(temp) without (room) > BOUND",
        "quantile(0.5, temp) > BOUND",
        "temp{room!=\"x\"} offset 2m > BOUND",
        "abs(temp - 20) < 11",
    ];
    let mut text = "groups:\n- name: g\n  rules:\n".to_owned();
    for (n, expr) in exprs.iter().enumerate() {
        let expr = expr.replace("BOUND", pick(dice, &["5", "20", "34.5", "35", "1000"]));
        let _ = writeln!(text, "  - alert: A{n}\n    expr: {expr}");
        if let Some(span) = Some(pick(dice, &["", "0s", "1m", "2m", "3m30s", "5m", "119s"])).filter(|s| !s.is_empty()) {
            let _ = writeln!(text, "    for: {span}");
        }
        if let Some(span) = Some(pick(dice, &["", "", "1m", "2m30s", "4m", "61s"])).filter(|s| !s.is_empty()) {
            let _ = writeln!(text, "    keep_firing_for: {span}");
        }
        let labels = pick(dice, &["", "{severity: page}", "{severity: info, where: '{{ $labels.room | toUpper }}'}"]);
        if !labels.is_empty() {
            let _ = writeln!(text, "    labels: {labels}");
        }
        let words = [
            "{{ $labels.room }}: {{ $value }}",
            "{{ $value | humanize }} {{ humanize1024 $value }}",
            "{{ printf \"%.2f\" $value }}|{{ printf \"%g\" $value }}",
            "{{ $labels.instance | stripPort }} of {{ .Labels.pod | title }}{{ $labels.none }}.",
            "plain, {braces} and 100%",
            "{{ if gt $value 34.5 }}hot{{ else }}cold{{ end }}",
            "{{ $value | humanizePercentage }}",
        ];
        let _ = writeln!(text, "    annotations:\n      summary: '{}'", pick(dice, &words));
    }
    text
}

/// What a series is worth each minute; nothing where it is not there.
fn history<'a>(dice: &mut Dice, worth: &[&'a str]) -> Vec<Option<&'a str>> {
    let mut out = Vec::new();
    while out.len() < MINUTES {
        let value = if dice.next(6) == 0 { None } else { Some(pick(dice, worth)) };
        let lasts = 1 + dice.next(7) as usize;
        out.extend(std::iter::repeat_n(value, lasts));
    }
    out.truncate(MINUTES);
    out
}

/// A history as promtool writes it: what is gone ends with a marker.
fn values(history: &[Option<&str>]) -> String {
    let mut before = None;
    let mut out: Vec<&str> = Vec::new();
    for value in history {
        out.push(match (before, value) {
            (_, Some(value)) => value.trim_start_matches('+'),
            (Some(()), None) => "stale",
            (None, None) => "_",
        });
        before = value.map(|_| ());
    }
    out.join(" ")
}

/// What fires: by alert, its labels and its words.
type Fires = BTreeMap<String, Vec<(BTreeMap<String, String>, BTreeMap<String, String>)>>;

/// What our room fires at each minute.
fn ours(rules: &str, series: &[Vec<Option<&str>>]) -> Vec<Fires> {
    let mut plan = plan("[source.it]\nscrape = \"http://127.0.0.1:1/metrics\"\nrules = [\"rules.yml\"]\n", &[]);
    let findings = import(&mut plan, &[RuleText { path: "rules.yml".to_owned(), text: rules.to_owned() }]);
    assert!(findings.is_empty(), "{findings:#?}");
    let exprs: Vec<Expr> = plan.imported.iter().map(|rule| parse(&rule.rule.expr).unwrap()).collect();
    let mut store = Store::for_queries(&exprs);
    let me = Me { author: author("ic"), read_only: false };
    let mut room = Room::new(me, Book::new(Vec::new()).into(), plan.into(), start());
    room.live.watch = Watch::Me { epoch: 1 };
    let mut out = Vec::new();
    for minute in 0..MINUTES {
        let at = minute as i64 * 60_000;
        let mut page = String::new();
        for ((name, _), history) in SERIES.iter().zip(series) {
            if let Some(value) = history[minute] {
                let _ = writeln!(page, "{name} {value}");
            }
        }
        store.append(at, &super::rules::page(&page));
        room.now = start().plus(Duration::from_secs(minute as u64 * 60));
        let reading = |(ix, expr): (usize, &Expr)| {
            let found = match evaluate(expr, &store, at).unwrap().value {
                Value::Vector(all) => all,
                Value::Scalar(value) => vec![(Labels::default(), value)],
                Value::String(text) => panic!("{text}"),
            };
            RuleReading { rule: RuleIx(ix as u32), found: Ok(Found::bounded(found)) }
        };
        let reading = Reading::Rules(exprs.iter().enumerate().map(reading).collect());
        let sample = Sample { probe: ProbeId(0), at: room.now, took: Duration::ZERO, reading };
        observe::observe_all(&mut room, [sample]);
        let mut fires = Fires::new();
        for (rule, many) in room.plan.imported.iter().zip(&room.live.imported) {
            assert_eq!(many.trouble, None, "{}", rule.rule.expr);
            let of = fires.entry(rule.rule.name.clone()).or_default();
            for it in many.instances.values().filter(|it| it.track.alert.state == State::Firing) {
                let labels = it.words.labels.iter().filter(|(name, _)| *name != ALERTNAME);
                let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
                of.push((labels.collect(), it.words.annotations.iter().cloned().collect()));
            }
        }
        out.push(fires);
    }
    out
}

/// One history as promtool's file has it, with what we fire as what is expected.
fn test(series: &[Vec<Option<&str>>], fires: &[Fires]) -> Json {
    let given = SERIES.iter().zip(series).map(|((name, _), h)| json!({ "series": name, "values": values(h) }));
    let given: Vec<Json> = given.collect();
    let mut expected: Vec<Json> = Vec::new();
    for (minute, fires) in fires.iter().enumerate() {
        for (alert, all) in fires {
            let each = all.iter().map(|(labels, words)| json!({ "exp_labels": labels, "exp_annotations": words }));
            let each: Vec<Json> = each.collect();
            expected.push(json!({ "eval_time": format!("{minute}m"), "alertname": alert, "exp_alerts": each }));
        }
    }
    json!({ "interval": "1m", "input_series": given, "alert_rule_test": expected })
}

#[test]
fn what_fires_is_what_promtool_expects() {
    if Command::new("promtool").arg("--version").output().is_err() {
        println!("there is no promtool here: not compared");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (mut looks, mut firing) = (0, 0);
    for seed in 0..SETS {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1);
        let rules = rules(&mut dice);
        std::fs::write(dir.path().join("rules.yml"), &rules).unwrap();
        let mut tests = Vec::new();
        for _ in 0..HISTORIES {
            let series: Vec<_> = SERIES.iter().map(|(_, worth)| history(&mut dice, worth)).collect();
            let fires = ours(&rules, &series);
            looks += fires.iter().map(BTreeMap::len).sum::<usize>();
            firing += fires.iter().flat_map(BTreeMap::values).map(Vec::len).sum::<usize>();
            tests.push(test(&series, &fires));
        }
        let file = json!({ "rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": tests });
        std::fs::write(dir.path().join("test.yml"), file.to_string()).unwrap();
        let out =
            Command::new("promtool").args(["test", "rules", "test.yml"]).current_dir(dir.path()).output().unwrap();
        let said = String::from_utf8_lossy(&out.stdout) + String::from_utf8_lossy(&out.stderr);
        let said: String = said.chars().take(6_000).collect();
        assert!(out.status.success(), "seed {seed}\n{said}\n{rules}");
    }
    println!("{looks} looks at an alert are as Prometheus has them, {firing} alerts firing in them");
    assert!(firing > 2_000 && looks > 40_000, "{firing} of {looks}");
}

#[test]
fn words_are_filled_in_as_promtool_fills_them() {
    const VALUES: &str = "0 1 1000000 999999 999999.5 100000 123456.7 1234567 12345678.9 1e9 1e20 1.5e21 1e22 0.001 0.0001 \
        0.00012 0.00001 71e-6 -1000000 -0.5 3.5 59.99 60 61 3599.9 3600 86400 90061.5 1024 1048576 1536 NaN Inf -Inf 0.07 \
        0.33333333333 2e-9 7e-13 1e-16 1e-19 5e-324 1761048000 0.95 99.95 -12.345";
    const WORDS: [&str; 16] = [
        "{{ $value }} {{ .Value }} {{ printf \"%v|%g\" $value $value }}",
        "{{ $value | humanize }}",
        "{{ humanize1024 $value }}",
        "{{ $value | humanizePercentage }}",
        "{{ printf \"%.3g|%.0f|%.2f|%f|%e|%.1e\" $value $value $value $value $value $value }}",
        "{{ printf \"%8.2f|%-8.1f|%+g|%06.1f|% .1f|%5s|\" $value $value $value $value $value \"é\" }}",
        "{{ if gt $value 60.0 }}hot{{ else if eq $value 60.0 }}even{{ else }}cold{{ end }}",
        "{{- if and (ge $value 1.0) (lt $value 61.0) }}x{{ end -}}",
        "a {{- if $labels.a -}}  {{ $labels.a }}  {{- end -}} z {{ if $labels.none }}no{{ end }}",
        "{{ $labels.a | toUpper }} {{ $labels.a | title }} {{ index $labels \"a\" }} {{ printf \"%q\" $labels.a }}",
        "{{ if ne $labels.a \"x\" }}{{ if not $value }}zero{{ else }}some{{ end }}{{ end }}",
        "{{ $labels.host | stripPort }} {{ \"10.0.0.1:80\" | stripPort }} {{ \"[::1]:80\" | stripPort }} {{ \"x\" | stripPort }}",
        "{{ if or (eq $labels.a \"one two\") (gt $value 5.0) }}yes{{ end }}",
        "100% of {braces} }} and $value",
        "{{ $value | printf \"%.1f%%\" }}",
        "{{ if lt $value -1.0 }}low{{ end }}{{ if le $value 0.07 }}.{{ end }}",
    ];
    if Command::new("promtool").arg("--version").output().is_err() {
        println!("there is no promtool here: not compared");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let words: BTreeMap<String, &str> = WORDS.iter().enumerate().map(|(n, text)| (format!("w{n}"), *text)).collect();
    let rule = json!({ "alert": "A", "expr": "x", "annotations": words });
    let rules = json!({ "groups": [{ "name": "g", "rules": [rule] }] });
    std::fs::write(dir.path().join("rules.yml"), rules.to_string()).unwrap();
    let labels = Labels::new([("a", "one two"), ("host", "host-1:9100")]);
    let expected = VALUES.split_whitespace().enumerate().map(|(minute, value)| {
        let value: f64 = value.parse().unwrap();
        let words: BTreeMap<&String, String> =
            words.iter().map(|(name, text)| (name, warroom::probe::template::expand(text, &labels, value))).collect();
        let labels = json!({ "a": "one two", "host": "host-1:9100" });
        let alert = json!({ "exp_labels": labels, "exp_annotations": words });
        json!({ "eval_time": format!("{minute}m"), "alertname": "A", "exp_alerts": [alert] })
    });
    let series = json!({ "series": "x{a=\"one two\",host=\"host-1:9100\"}", "values": VALUES });
    let test = json!({ "interval": "1m", "input_series": [series], "alert_rule_test": expected.collect::<Vec<_>>() });
    let file = json!({ "rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [test] });
    std::fs::write(dir.path().join("test.yml"), file.to_string()).unwrap();
    let out = Command::new("promtool").args(["test", "rules", "test.yml"]).current_dir(dir.path()).output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout) + String::from_utf8_lossy(&out.stderr);
    let said: String = said.chars().take(12_000).collect();
    assert!(out.status.success(), "{said}");
}

//! Odd rule files, held against `promtool check rules`: what it takes is read whole, what it refuses is told.

use std::process::Command;

use super::*;

const HEAD: &str = "groups:\n- name: g\n  rules:\n";

/// A file with one rule of these lines.
fn rule(lines: &str) -> String {
    let lines: Vec<String> = lines.lines().map(|line| format!("    {line}")).collect();
    format!("{HEAD}  -\n{}\n", lines.join("\n"))
}

fn files() -> Vec<String> {
    let mut all: Vec<String> = vec![
        String::new(),
        "# nothing\n".to_owned(),
        "groups:\n".to_owned(),
        "groups: []\n".to_owned(),
        "groups: {}\n".to_owned(),
        "groups: x\n".to_owned(),
        "group: []\n".to_owned(),
        "- alert: A\n  expr: up\n".to_owned(),
        "groups:\n- rules: []\n".to_owned(),
        "groups:\n- name: a\n".to_owned(),
        "groups:\n- name: a\n- name: a\n".to_owned(),
        "groups:\n- name: a\n  rules:\n  - alert: A\n    expr: up\n  - alert: A\n    expr: up == 0\n".to_owned(),
        "groups:\n- name: a\n  interval: 5\n  rules: []\n".to_owned(),
        "groups:\n- name: a\n  interval: 30s\n  limit: 3\n  rules:\n  - alert: A\n    expr: up\n".to_owned(),
        "groups:\n- name: a\n  limit: many\n  rules: []\n".to_owned(),
        "groups:\n- name: a\n  intervall: 5s\n  rules: []\n".to_owned(),
        "groups:\n- name: a\n  rules: [\n".to_owned(),
        "groups:\n- name: a\n\trules: []\n".to_owned(),
        "groups: [{name: a, rules: [{alert: A, expr: 'up == 0', for: 5m}]}]\n".to_owned(),
        "{\"groups\": [{\"name\": \"a\", \"rules\": [{\"alert\": \"A\", \"expr\": \"up == 0\"}]}]}\n".to_owned(),
        "x: &x {severity: page}\ngroups: []\n".to_owned(),
        format!(
            "{HEAD}  - &a\n    alert: A\n    expr: up\n    labels: &l {{severity: page}}\n  - alert: B\n    expr: up\n    labels: *l\n"
        ),
        format!("{HEAD}  - alert: A\n    expr: up\n    labels:\n      <<: {{severity: page}}\n"),
        format!("{HEAD}  - alert: A\n    expr: up\n...\n"),
        format!("---\n{HEAD}  - alert: A\n    expr: up\n"),
        format!("{HEAD}  - alert: A\n    alert: B\n    expr: up\n"),
        format!("\u{feff}{HEAD}  - alert: A\n    expr: up\n"),
        format!("{HEAD}  - alert: A\n    expr: up\n").replace('\n', "\r\n"),
        format!("{HEAD}  - alert: A\n    expr: up\n\0"),
    ];
    for lines in [
        "alert: A\nexpr: up == 0",
        "alert: A\nexpr: up == 0\nfor: 5m\nkeep_firing_for: 10m",
        "alert: A\nexpr: up == 0\nfor: 1h30m15s20ms",
        "alert: A\nexpr: up == 0\nfor: 5",
        "alert: A\nexpr: up == 0\nfor: '5'",
        "alert: A\nexpr: up == 0\nfor: 0",
        "alert: A\nexpr: up == 0\nfor: -5m",
        "alert: A\nexpr: up == 0\nfor: 1.5h",
        "alert: A\nexpr: up == 0\nfor: 5 m",
        "alert: A\nexpr: up == 0\nfor: 5M",
        "alert: A\nexpr: up == 0\nfor: [5m]",
        "alert: A\nexpr: up == 0\nfor:",
        "alert: A\nexpr: up == 0\nkeep_firing_for: soon",
        "alert: A\nexpr: |\n  sum by (job) (\n    rate(errors_total[5m])\n  )\n    > 0.5",
        "alert: A\nexpr: >-\n  up\n  == 0",
        "alert: A\nexpr: \"up == 0 # a comment\"",
        "alert: A\nexpr: up == 0 # a comment",
        "alert: A\nexpr: 'up{a=\"it''s\"} == 0'",
        "alert: A\nexpr: 1",
        "alert: A\nexpr: true",
        "alert: A\nexpr: ''",
        "alert: A\nexpr:",
        "alert: A",
        "expr: up",
        "record: a:b:c\nexpr: sum(up)",
        "record: a b\nexpr: sum(up)",
        "record: a:b:c\nexpr: sum(up)\nfor: 5m",
        "record: a:b:c\nexpr: sum(up)\nannotations: {x: y}",
        "record: a:b:c\nalert: A\nexpr: sum(up)",
        "alert: A\nexpr: sum(up",
        "alert: A\nexpr: rate(up)",
        "alert: A\nexpr: no_function(up)",
        "alert: A\nexpr: up ==",
        "alert: A\nexpr: up[5m]",
        "alert: A\nexpr: '\"text\"'",
        "alert: A\nexpr: up offset 5m == 0",
        "alert: A\nexpr: up @ 0 == 0",
        "alert: A\nexpr: up @ end() == 0",
        "alert: A\nexpr: predict_linear(up[1h], 3600) < 0",
        "alert: A\nexpr: max_over_time(rate(x[1m])[1h:1m]) > 1",
        "alert: A\nexpr: topk(3, up) > 1 unless on (job) group_left () down",
        "alert: A\nexpr: 'label_replace(up, \"a\", \"$1\", \"job\", \"(.*)\") == 0'",
        "alert: A\nexpr: up\nlabels: {severity: page}",
        "alert: A\nexpr: up\nlabels: {1a: page}",
        "alert: A\nexpr: up\nlabels: {a-b: page}",
        "alert: A\nexpr: up\nlabels: {__name__: page}",
        "alert: A\nexpr: up\nlabels: {a: [x]}",
        "alert: A\nexpr: up\nlabels: [a]",
        "alert: A\nexpr: up\nlabels: {a: 5, b: true, c: null, d: 1.50, e: 2025-10-21}",
        "alert: A\nexpr: up\nlabels:",
        "alert: A\nexpr: up\nlabels: {a: '{{ $labels.job }}', b: '{{ $value }}'}",
        "alert: A\nexpr: up\nlabels: {a: '{{ $labels.job'}",
        "alert: A\nexpr: up\nannotations: {summary: '{{ nonsense }}'}",
        "alert: A\nexpr: up\nannotations: {summary: '{{ if }}x{{ end }}'}",
        "alert: A\nexpr: up\nannotations: {a b: text}",
        "alert: A\nexpr: up\nannotations: {summary: text, summary: twice}",
        "alert: A\nexpr: up\nannotation: {summary: text}",
        "alert: A\nexpr: up\nseverity: page",
        "alert: A b / c\nexpr: up",
        "alert: ''\nexpr: up",
        "alert: 5\nexpr: up",
        "alert: [A]\nexpr: up",
        "Alert: A\nexpr: up",
    ] {
        all.push(rule(lines));
    }
    all
}

#[test]
fn what_promtool_refuses_is_told_and_what_it_takes_is_read() {
    if Command::new("promtool").arg("--version").output().is_err() {
        println!("there is no promtool here: not compared");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.yml");
    let (mut wrong, mut refused) = (Vec::new(), 0);
    let files = files();
    for text in &files {
        std::fs::write(&path, text).unwrap();
        let out = Command::new("promtool").args(["check", "rules"]).arg(&path).output().unwrap();
        let said = String::from_utf8_lossy(&out.stdout) + String::from_utf8_lossy(&out.stderr);
        // `SUCCESS: 3 rules found`.
        let count = said.split("SUCCESS: ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<usize>().ok());
        let file = read(Source { file: "r.yml", text }, Evaluator::Prometheus);
        // What two rules have to do with each other is told where they join the plan.
        let mut plan = support::plan(PLAN, &[]);
        let joined = import(&mut plan, &[RuleText { path: "alerts.yml".to_owned(), text: text.clone() }]);
        let told: Vec<&str> = joined.iter().map(|f| f.message.as_str()).collect();
        let evaluated = file.alerts.iter().filter(|a| a.not_evaluated.is_none()).count();
        let right = match count.filter(|_| out.status.success()) {
            Some(count) => file.recordings.len() + evaluated == count,
            None => !told.is_empty(),
        };
        refused += usize::from(!out.status.success());
        if !right {
            wrong.push(format!("{text:?}\n  promtool {said:?}\n  ours {evaluated} evaluated, {told:?}"));
        }
    }
    println!("{} files, {refused} refused by promtool", files.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), files.len(), wrong.join("\n"));
    assert!(refused > 25 && files.len() > 80, "{refused} of {}", files.len());
}

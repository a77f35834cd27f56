//! Prometheus rule files that a plan names: their alert rules become rules of the room, asked of the source that names them.

use std::time::Duration;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Plan;
use super::seconds;
use crate::finding::{Finding, Source, codes, finding_on_line};
use crate::notice::Severity;
use crate::probe::rules::{RuleIx, RuleQuery};
use crate::probe::{Ask, Probe, ProbeId};

mod read;
mod yaml;

pub use read::{Evaluator, RuleFile, read};

/// Where a group names no interval, rules are evaluated as often as their source is asked, and no more often than this.
const SHORTEST: Duration = Duration::from_secs(5);

/// `- alert: …` of a rule file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlertRule {
    /// Its name.
    pub name: String,
    /// The expression: each element of what it gives is an alert.
    pub expr: String,
    /// An element must be there this long.
    #[serde(rename = "for", serialize_with = "seconds")]
    pub for_: Duration,
    /// It stays firing this long after.
    #[serde(serialize_with = "seconds")]
    pub keep_for: Duration,
    /// Labels that each alert gets, with those of the group, by name; may hold templates.
    pub labels: Vec<(String, String)>,
    /// Words about it, in file order; may hold templates.
    pub annotations: Vec<(String, String)>,
    /// The file, as the plan names it.
    pub file: String,
    /// Its line there, 1-based.
    pub line: u32,
    /// The group's name.
    pub group: String,
    /// From one evaluation to the next, where the group says so.
    #[serde(skip)]
    pub interval: Option<Duration>,
    /// More alerts than this are a failed evaluation; 0 is no limit.
    pub limit: usize,
    /// Why it is not evaluated; none where it is.
    pub not_evaluated: Option<String>,
}

/// `- record: …` of a rule file: listed and not evaluated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecordingRule {
    /// What it would record.
    pub name: String,
    /// The expression.
    pub expr: String,
    /// The file, as the plan names it.
    pub file: String,
    /// Its line there, 1-based.
    pub line: u32,
    /// The group's name.
    pub group: String,
}

/// An alert rule with the source that is asked. [`RuleIx`] is the index.
#[derive(Clone, Debug, Serialize)]
pub struct ImportedRule {
    /// As the file has it.
    #[serde(flatten)]
    pub rule: AlertRule,
    /// What its alerts are called: the rule's name, with the source's before it where that alone would not tell them apart.
    pub called: String,
    /// The source that is asked, by name.
    pub source: String,
    /// Channels, by name.
    pub notify: Vec<String>,
    /// From one evaluation to the next.
    #[serde(serialize_with = "seconds")]
    pub every: Duration,
}

/// A rule file as read: its name as the plan has it, and its text.
#[derive(Clone, Debug)]
pub struct RuleText {
    /// Relative to the plan's folder.
    pub path: String,
    /// All of it.
    pub text: String,
}

/// What a `severity` label says: `critical` and `page` wake somebody, `warning` is for looking soon, `info` for knowing; what
/// is none of them is for looking soon.
pub fn severity(label: Option<&str>) -> Severity {
    match label.map(str::to_ascii_lowercase).as_deref() {
        Some("critical" | "page" | "emergency") => Severity::Page,
        Some("info" | "none") => Severity::Info,
        _ => Severity::Warn,
    }
}

/// Takes the rules of files into a plan: rules, probes and the plan's hash. What a source names and `texts` lacks is left out.
pub fn import(plan: &mut Plan, texts: &[RuleText]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut digest = Sha256::new();
    digest.update(plan.sha256.as_bytes());
    let mut any = false;
    for at in 0..plan.sources.len() {
        let Some(source) = plan.sources.get(at).cloned() else { continue };
        let by = if source.kind == "scrape" { Evaluator::Here } else { Evaluator::Prometheus };
        let mut rules: Vec<RuleQuery> = Vec::new();
        for named in &source.rules {
            let Some(text) = texts.iter().find(|t| t.path == named.path) else { continue };
            any = true;
            digest.update(text.path.as_bytes());
            digest.update(Sha256::digest(text.text.as_bytes()));
            let from = Source { file: &text.path, text: &text.text };
            let file = read(from, by);
            // Two sources may name one file: what was said of it is not said again.
            findings.extend(file.findings.into_iter().filter(|f| !findings.contains(f)).collect::<Vec<_>>());
            plan.recordings.extend(file.recordings);
            for rule in file.alerts {
                let ix = RuleIx(plan.imported.len() as u32);
                let called = called(plan, &source.name, &rule);
                if called.ends_with(')') {
                    let message = format!(
                        "there is already an alert \"{}\" with these labels: this one is called \"{called}\"",
                        rule.name
                    );
                    findings.push(finding_on_line(
                        from,
                        codes::RULE_ODD,
                        rule.line,
                        &message,
                        "give each its own name or labels",
                    ));
                }
                let every = rule.interval.unwrap_or(source.every.max(SHORTEST)).max(super::FASTEST);
                if rule.not_evaluated.is_none() {
                    rules.push(RuleQuery { rule: ix, promql: rule.expr.clone(), every });
                }
                let (source, notify) = (source.name.clone(), source.notify.clone());
                plan.imported.push(ImportedRule { rule, called, source, notify, every });
            }
        }
        probes(plan, &source, rules);
    }
    if any {
        plan.sha256 = super::hex(&digest.finalize());
    }
    findings
}

/// A name that no other rule's alerts have.
fn called(plan: &Plan, source: &str, rule: &AlertRule) -> String {
    let taken = |name: &str| {
        plan.rules.iter().any(|r| r.name == name)
            || plan.imported.iter().any(|r| r.called == name && (r.source != source || r.rule.labels == rule.labels))
    };
    let plain = rule.name.clone();
    if !taken(&plain) {
        return plain;
    }
    let from = format!("{source}/{plain}");
    if !taken(&from) && !plan.imported.iter().any(|r| r.called == plain && r.source == source) {
        return from;
    }
    (2..).map(|n| format!("{plain} ({n})")).find(|name| !taken(name)).unwrap_or(from)
}

/// Who asks what: a scraped page is read once for metrics and rules, a Prometheus is asked for the rules of each interval.
fn probes(plan: &mut Plan, source: &super::SourcePlan, rules: Vec<RuleQuery>) {
    let Some(request) = source.request.clone().filter(|_| !rules.is_empty()) else { return };
    let add = |plan: &mut Plan, every: Duration, ask: Ask| {
        let id = ProbeId(plan.probes.len() as u32);
        plan.probes.push(Probe { id, name: source.name.clone(), every, timeout: source.timeout.min(every), ask });
    };
    if source.kind != "scrape" {
        let mut paces: Vec<Duration> = rules.iter().map(|r| r.every).collect();
        paces.sort_unstable();
        paces.dedup();
        for every in paces {
            let rules = rules.iter().filter(|r| r.every == every).cloned().collect();
            add(plan, every, Ask::Rules { request: request.clone(), rules });
        }
        return;
    }
    let same = plan.probes.iter_mut().find_map(|probe| match &mut probe.ask {
        Ask::Scrape { rules, .. } if probe.name == source.name && probe.every == source.every => Some(rules),
        _ => None,
    });
    match same {
        Some(list) => list.extend(rules),
        None => add(plan, source.every, Ask::Scrape { request, queries: Vec::new(), rules }),
    }
}

//! Prometheus rule files that a plan names: their alert rules become rules of the room, asked of the source that names them.

use std::collections::{HashMap, HashSet};
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
/// Names given twice that are told.
const DOUBLES: usize = 100;

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
    /// It is evaluated as of so long ago.
    #[serde(serialize_with = "seconds")]
    pub query_offset: Duration,
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

impl ImportedRule {
    /// The text of one of its labels, as it is written.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.rule.labels.iter().find(|(label, _)| label == name).map(|(_, text)| text.as_str())
    }
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
/// is none of them is for looking soon. What a template that is not understood would say may be a page, so it is one.
pub fn severity(label: Option<&str>) -> Severity {
    match label.map(str::to_ascii_lowercase).as_deref() {
        Some("critical" | "page" | "emergency") => Severity::Page,
        Some("info" | "none") => Severity::Info,
        Some(open) if open.contains("{{") => Severity::Page,
        _ => Severity::Warn,
    }
}

/// Takes the rules of files into a plan: rules, probes and the plan's hash. What a source names and `texts` lacks is left out.
pub fn import(plan: &mut Plan, texts: &[RuleText]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut digest = Sha256::new();
    digest.update(plan.sha256.as_bytes());
    let mut any = false;
    let (mut names, mut doubles) = (Names::new(plan), 0);
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
                let (called, twice) = names.call(at, &source.name, &rule);
                if twice == Twice::Yes && doubles < DOUBLES {
                    doubles += 1;
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
                    rules.push(RuleQuery { rule: ix, promql: rule.expr.clone(), every, offset: rule.query_offset });
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

/// Labels with their texts.
type Pairs = Vec<(String, String)>;

/// Names that are given, so that no two rules' alerts are called the same.
struct Names {
    /// Of the plan's own rules.
    own: HashSet<String>,
    /// Of imported ones: which source gave them, and with which labels.
    given: HashMap<String, Vec<(usize, Pairs)>>,
}

impl Names {
    fn new(plan: &Plan) -> Self {
        Self { own: plan.rules.iter().map(|rule| rule.name.clone()).collect(), given: HashMap::new() }
    }

    /// The rule's name; where another source has it, with the source's name before it; where the same source has it with
    /// the same labels, numbered.
    fn call(&mut self, at: usize, source: &str, rule: &AlertRule) -> (String, Twice) {
        let taken = |name: &str| {
            self.own.contains(name)
                || self.given.get(name).is_some_and(|all| all.iter().any(|(s, l)| *s != at || *l == rule.labels))
        };
        let own = |name: &str| self.given.get(name).is_some_and(|all| all.iter().any(|(s, _)| *s == at));
        let (plain, from) = (rule.name.clone(), format!("{source}/{}", rule.name));
        let numbered = |base: &str| (2..=100_000).map(|n| format!("{base} ({n})")).find(|name| !taken(name));
        let (name, twice) = match (taken(&plain), taken(&from)) {
            (false, _) => (plain, Twice::No),
            (true, false) if !own(&plain) => (from, Twice::No),
            (true, _) => {
                let base = if own(&plain) { &plain } else { &from };
                (numbered(base).unwrap_or(from), Twice::Yes)
            }
        };
        self.given.entry(name.clone()).or_default().push((at, rule.labels.clone()));
        (name, twice)
    }
}

/// Whether a source has two rules that nothing tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Twice {
    Yes,
    No,
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

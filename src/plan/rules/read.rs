//! A Prometheus rule file: groups of alert rules, with a finding for each thing that is not as Prometheus has it.

use std::collections::HashSet;
use std::ops::Range;
use std::time::Duration;

use super::yaml::{self, Node, Value};
use super::{AlertRule, RecordingRule};
use crate::clock::parse_duration;
use crate::finding::{Code, Finding, Source, codes, finding_at, nearest};
use crate::probe::promql;
use crate::text::escape;

mod words;

/// Rules of one file.
const RULES: usize = 10_000;
/// Findings of one file after which no more are told.
const FINDINGS: usize = 200;

const IN_FILE: [&str; 1] = ["groups"];
const IN_RESOURCE: [&str; 5] = ["apiVersion", "kind", "metadata", "spec", "status"];
const IN_GROUP: [&str; 6] = ["name", "interval", "query_offset", "limit", "labels", "rules"];
const IN_RULE: [&str; 7] = ["alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations"];

/// Who evaluates the expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evaluator {
    /// A Prometheus, which knows all of PromQL.
    Prometheus,
    /// This program, on pages that it scrapes.
    Here,
}

/// What stands in a rule file.
#[derive(Clone, Debug, Default)]
pub struct RuleFile {
    /// Alert rules, in file order.
    pub alerts: Vec<AlertRule>,
    /// Recording rules: not evaluated.
    pub recordings: Vec<RecordingRule>,
    /// What was found in reading it. One of level error means that nothing could be read.
    pub findings: Vec<Finding>,
}

/// Reads a rule file: plain or as a `PrometheusRule` resource, one document or several. Never fails.
pub fn read(source: Source<'_>, by: Evaluator) -> RuleFile {
    let breaks = source.text.match_indices('\n').map(|(at, _)| at + 1);
    let lines = std::iter::once(0).chain(breaks).collect();
    let mut it = Reader { source, by, out: RuleFile::default(), rules: 0, lines, groups: HashSet::new() };
    match yaml::documents(source.text) {
        Ok(documents) => {
            let mut any = false;
            for document in &documents {
                any |= it.document(document);
            }
            if !any && it.out.findings.is_empty() {
                let help = "a rule file begins with `groups:`, and each group has `name` and `rules`";
                it.tell(codes::RULE_FILE, 0..0, "there are no groups of rules in this file", help);
            }
        }
        Err(broken) => {
            let help = "check the indentation and the quotes here; `promtool check rules` reads the same file";
            it.tell(codes::RULE_FILE, broken.span, &broken.message, help);
        }
    }
    it.recorded_names();
    it.out
}

struct Reader<'a> {
    source: Source<'a>,
    by: Evaluator,
    out: RuleFile,
    rules: usize,
    /// Where each line begins.
    lines: Vec<usize>,
    /// Names of groups so far.
    groups: HashSet<String>,
}

/// What a group says for all its rules.
#[derive(Default)]
struct Group {
    name: String,
    interval: Option<Duration>,
    offset: Duration,
    limit: usize,
    labels: Vec<(String, String)>,
}

impl Reader<'_> {
    fn tell(&mut self, code: Code, span: Range<usize>, message: &str, help: &str) {
        if self.out.findings.len() < FINDINGS {
            self.out.findings.push(finding_at(self.source, code, span, message, help));
        } else if self.out.findings.len() == FINDINGS {
            let message = format!("more than {FINDINGS} findings in this file");
            self.out.findings.push(finding_at(self.source, codes::RULE_ODD, span, &message, "mend these first"));
        }
    }

    /// Whether there was anything that holds rules.
    fn document(&mut self, document: &Node) -> bool {
        let Value::Map(entries) = &document.value else {
            if !matches!(document.value, Value::Null) {
                let message = format!("a rule file is a mapping with `groups`, and this is {}", document.kind());
                self.tell(codes::RULE_FILE, document.span.clone(), &message, "begin the file with `groups:`");
            }
            return false;
        };
        let kind = get(entries, "kind").and_then(Node::text);
        if kind == Some("List")
            && let Some(Value::List(items)) = get(entries, "items").map(|n| &n.value)
        {
            return items.iter().fold(false, |any, item| self.document(item) | any);
        }
        match get(entries, "spec").map(|n| &n.value) {
            Some(Value::Map(spec)) => {
                self.unknown(entries, &IN_RESOURCE, "the resource");
                self.groups(spec, "`spec`")
            }
            _ => self.groups(entries, "the file"),
        }
    }

    fn groups(&mut self, entries: &[(Node, Node)], title: &str) -> bool {
        self.unknown(entries, &IN_FILE, title);
        let Some(groups) = get(entries, "groups") else { return false };
        for group in self.list(groups, "groups").unwrap_or_default() {
            self.group(group);
        }
        true
    }

    fn group(&mut self, node: &Node) {
        let Value::Map(entries) = &node.value else {
            let message = format!("a group is a mapping with `name` and `rules`, and this is {}", node.kind());
            return self.tell(
                codes::RULE_SKIPPED,
                node.span.clone(),
                &message,
                "write `- name: …` and `rules:` below it",
            );
        };
        self.unknown(entries, &IN_GROUP, "a group");
        let mut group = Group::default();
        match get(entries, "name").and_then(Node::text) {
            Some(name) => {
                if self.groups.contains(name) {
                    let message = format!("there is already a group \"{}\" in this file", escape(name));
                    self.tell(codes::RULE_ODD, node.span.clone(), &message, "a Prometheus refuses the whole file");
                }
                self.groups.insert(name.to_owned());
                name.clone_into(&mut group.name);
            }
            None => self.tell(codes::RULE_ODD, node.span.clone(), "this group has no name", "add `name: …`"),
        }
        if let Some(node) = get(entries, "interval") {
            group.interval = self.duration(codes::RULE_ODD, node, "interval").filter(|d| !d.is_zero());
        }
        if let Some(node) = get(entries, "query_offset") {
            group.offset = self.duration(codes::RULE_ODD, node, "query_offset").unwrap_or_default();
            if self.by == Evaluator::Here && !group.offset.is_zero() {
                let message =
                    "`query_offset` waits for samples that arrive late, and none do on a page that is read here";
                self.tell(codes::RULE_ODD, node.span.clone(), message, "leave it; the rules are evaluated at once");
                group.offset = Duration::ZERO;
            }
        }
        if let Some(node) = get(entries, "limit") {
            match node.text().and_then(|text| text.parse().ok()) {
                Some(limit) => group.limit = limit,
                None => {
                    self.tell(codes::RULE_ODD, node.span.clone(), "`limit` is no whole number", "write `limit: 100`");
                }
            }
        }
        group.labels = get(entries, "labels").map(|node| self.texts(node, "labels")).unwrap_or_default();
        let Some(rules) = get(entries, "rules") else { return };
        for rule in self.list(rules, "rules").unwrap_or_default() {
            self.rules += 1;
            if self.rules > RULES {
                if self.rules == RULES + 1 {
                    let message =
                        format!("a file has at most {RULES} rules; this one and those after it are not evaluated");
                    self.tell(
                        codes::RULE_SKIPPED,
                        rule.span.clone(),
                        &message,
                        "leave out what the cutover does not need",
                    );
                }
                return;
            }
            self.rule(rule, &group);
        }
    }

    fn rule(&mut self, node: &Node, group: &Group) {
        let Value::Map(entries) = &node.value else {
            let message = format!("a rule is a mapping, and this is {}", node.kind());
            return self.tell(
                codes::RULE_SKIPPED,
                node.span.clone(),
                &message,
                "write `- alert: …` and `expr: …` below it",
            );
        };
        self.unknown(entries, &IN_RULE, "a rule");
        let (alert, record) = (get(entries, "alert"), get(entries, "record"));
        let name = |node: Option<&Node>| node.and_then(Node::text).map(str::trim).filter(|n| !n.is_empty()).map(escape);
        let expr = get(entries, "expr").and_then(|node| Some((node, node.text()?.trim())));
        let line = self.line(node);
        match (name(alert), name(record), expr) {
            (Some(_), Some(_), _) => {
                let at = record.map_or(node.span.clone(), |n| n.span.clone());
                self.tell(codes::RULE_SKIPPED, at, "a rule either alerts or records", "make two rules of it");
            }
            (None, None, _) => {
                let message = "this rule has neither `alert` nor `record`, so it is not evaluated";
                self.tell(codes::RULE_SKIPPED, node.span.clone(), message, "add `alert: NAME`");
            }
            (_, _, None | Some((_, ""))) => {
                let message = "this rule has no `expr`, so it is not evaluated";
                self.tell(codes::RULE_SKIPPED, node.span.clone(), message, "add `expr: …`");
            }
            (None, Some(name), Some((_, expr))) => {
                let (file, group) = (self.source.file.to_owned(), group.name.clone());
                self.out.recordings.push(RecordingRule { name, expr: expr.to_owned(), file, line, group });
            }
            (Some(name), None, Some((at, expr))) => {
                let mut why_not = self.expression(at, expr);
                let mut span = |it: &mut Self, key: &str| {
                    let node = get(entries, key).filter(|node| !matches!(node.value, Value::Null))?;
                    let found = it.duration(codes::RULE_SKIPPED, node, key);
                    if found.is_none() {
                        why_not.get_or_insert_with(|| format!("its `{key}` cannot be read"));
                    }
                    found
                };
                let (for_, keep_for) = (span(self, "for"), span(self, "keep_firing_for"));
                let mut labels = group.labels.clone();
                for (label, value) in get(entries, "labels").map(|n| self.texts(n, "labels")).unwrap_or_default() {
                    labels.retain(|(known, _)| *known != label);
                    labels.push((label, value));
                }
                labels.sort();
                let annotations = get(entries, "annotations").map(|n| self.texts(n, "annotations")).unwrap_or_default();
                for (key, texts) in [("labels", &labels), ("annotations", &annotations)] {
                    let at = get(entries, key).map_or(node.span.clone(), |texts| texts.span.clone());
                    self.templates(key, texts, &at);
                }
                self.out.alerts.push(AlertRule {
                    name,
                    expr: expr.to_owned(),
                    for_: for_.unwrap_or_default(),
                    keep_for: keep_for.unwrap_or_default(),
                    labels,
                    annotations,
                    file: self.source.file.to_owned(),
                    line,
                    group: group.name.clone(),
                    interval: group.interval,
                    query_offset: group.offset,
                    limit: group.limit,
                    not_evaluated: why_not,
                });
            }
        }
    }

    /// Why an expression is not evaluated; none where it is.
    fn expression(&mut self, node: &Node, expr: &str) -> Option<String> {
        let error = match self.by {
            Evaluator::Here => promql::parse(expr).err()?,
            Evaluator::Prometheus => promql::syntax(expr).err()?,
        };
        let words = expr.get(error.span.clone()).unwrap_or_default();
        let at = self.within(node, expr, error.span.clone(), words);
        match self.by {
            Evaluator::Here => {
                let message = format!("{}, so this rule is not evaluated", error.message);
                self.tell(codes::RULE_SKIPPED, at, &message, &error.help);
                Some(error.message)
            }
            // Whether it is a query is for Prometheus to say: it is asked all the same, and what fails shows as no data.
            Evaluator::Prometheus => {
                self.tell(codes::RULE_ODD, at, &error.message, &error.help);
                None
            }
        }
    }

    /// The bytes of the file of a range of an expression: a block of several lines stands there with its indentation.
    fn within(&self, node: &Node, expr: &str, range: Range<usize>, words: &str) -> Range<usize> {
        let typed = self.source.text.get(node.span.clone()).unwrap_or_default();
        if let Some(at) = typed.find(expr) {
            return node.span.start + at + range.start..node.span.start + at + range.end;
        }
        match typed.find(words) {
            Some(at) if !words.is_empty() => node.span.start + at..node.span.start + at + words.len(),
            _ => node.span.clone(),
        }
    }

    fn duration(&mut self, code: Code, node: &Node, key: &str) -> Option<Duration> {
        let text = node.text().unwrap_or_default();
        match parse_duration(text) {
            Ok(duration) => Some(duration),
            Err(error) => {
                let message = format!("`{key}`: {error}");
                self.tell(code, node.span.clone(), &message, &format!("write for example `{key}: 5m`"));
                None
            }
        }
    }

    fn list<'n>(&mut self, node: &'n Node, key: &str) -> Option<&'n [Node]> {
        match &node.value {
            Value::List(items) => Some(items),
            Value::Null => None,
            _ => {
                let message = format!("`{key}` is a list, and this is {}", node.kind());
                self.tell(
                    codes::RULE_SKIPPED,
                    node.span.clone(),
                    &message,
                    &format!("write `- ` before each of the {key}"),
                );
                None
            }
        }
    }

    /// `labels`, `annotations`: names and texts.
    fn texts(&mut self, node: &Node, key: &str) -> Vec<(String, String)> {
        let entries = match &node.value {
            Value::Map(entries) => entries.as_slice(),
            Value::Null => &[],
            _ => {
                let message = format!("`{key}` is a mapping of names to texts, and this is {}", node.kind());
                self.tell(
                    codes::RULE_ODD,
                    node.span.clone(),
                    &message,
                    &format!("write `{key}:` and below it `severity: page`"),
                );
                &[]
            }
        };
        let mut out = Vec::new();
        for (name, value) in entries {
            match (name.text(), &value.value) {
                (Some(name), Value::Text(text)) => out.push((name.to_owned(), text.clone())),
                (Some(name), Value::Null) => out.push((name.to_owned(), String::new())),
                _ => {
                    let message = format!("a text is expected here, and this is {}", value.kind());
                    self.tell(
                        codes::RULE_ODD,
                        value.span.clone(),
                        &message,
                        "write one text, in quotes where it has `: ` or `#`",
                    );
                }
            }
        }
        out
    }

    fn unknown(&mut self, entries: &[(Node, Node)], known: &[&str], title: &str) {
        for (key, _) in entries {
            let name = key.text().unwrap_or_default();
            if known.contains(&name) {
                continue;
            }
            let help = nearest(name, known.iter().copied()).map_or_else(
                || format!("known here are {}", known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            self.tell(
                codes::RULE_ODD,
                key.span.clone(),
                &format!("`{name}` in {title} is not understood and left out"),
                &help,
            );
        }
    }

    /// 1-based.
    fn line(&self, node: &Node) -> u32 {
        self.lines.partition_point(|start| *start <= node.span.start) as u32
    }

    /// Recording rules are told once; an alert that is evaluated here and needs what they record would never fire.
    fn recorded_names(&mut self) {
        let Some(first) = self.out.recordings.first() else { return };
        let (n, line) = (self.out.recordings.len(), first.line);
        let names: HashSet<String> = self.out.recordings.iter().map(|r| r.name.clone()).collect();
        if self.by == Evaluator::Here {
            for ix in 0..self.out.alerts.len() {
                let Some(rule) = self.out.alerts.get(ix).filter(|r| r.not_evaluated.is_none()) else { continue };
                let Ok(expr) = promql::parse(&rule.expr) else { continue };
                let Some(name) = promql::names(&expr).into_iter().find(|name| names.contains(name)) else { continue };
                let (line, why) = (rule.line, format!("it needs \"{name}\", which a recording rule makes"));
                let message = format!("\"{}\" is not evaluated: {why}", rule.name);
                let help = "write the recorded expression into the rule, or ask a Prometheus that records it";
                let span = self.line_span(line);
                self.tell(codes::RULE_SKIPPED, span, &message, help);
                if let Some(rule) = self.out.alerts.get_mut(ix) {
                    rule.not_evaluated = Some(why);
                }
            }
        }
        let message = format!("{n} recording rule{} not evaluated here", if n == 1 { " is" } else { "s are" });
        let help = "a Prometheus that loads the same file records them; alert rules that use them ask it";
        let span = self.line_span(line);
        self.tell(codes::RECORDING, span, &message, help);
    }

    fn line_span(&self, line: u32) -> Range<usize> {
        let start = self.lines.get(line.saturating_sub(1) as usize).copied().unwrap_or(0);
        let len = self.source.text.get(start..).and_then(|rest| rest.lines().next()).map_or(0, str::len);
        start..start + len
    }
}

fn get<'n>(entries: &'n [(Node, Node)], key: &str) -> Option<&'n Node> {
    entries.iter().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
}

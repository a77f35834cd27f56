//! `[[metric]]`, `[[rule]]` and `[[level]]` of the draft: the numbers that the runbook holds production against.

use super::candidates::candidate;
use super::levels::{self, Level};
use super::sheet::{Block, Names, list, name, quoted, said};
use super::words::{forbids, has, span};
use crate::runbook::{Runbook, Threshold, lower_is_better};

/// Words that make a number one of the services' own answers, when a metric's name has no others.
const OF_PROBES: [&str; 37] = [
    "error",
    "errors",
    "rate",
    "http",
    "5xx",
    "api",
    "request",
    "requests",
    "overall",
    "total",
    "p50",
    "p95",
    "p99",
    "latency",
    "response",
    "time",
    "availability",
    "uptime",
    "success",
    "median",
    "the",
    "of",
    "in",
    "ms",
    "fehlerrate",
    "fehlerquote",
    "fehler",
    "latenz",
    "antwortzeit",
    "verfügbarkeit",
    "latence",
    "erreur",
    "erreurs",
    "taux",
    "d",
    "disponibilité",
    "latencia",
];

/// Words of numbers that a running system has, though not its health checks.
const RUNTIME: [&str; 40] = [
    "rate",
    "latency",
    "cpu",
    "memory",
    "ram",
    "disk",
    "connection",
    "pool",
    "queue",
    "lag",
    "rps",
    "request",
    "throughput",
    "usage",
    "saturation",
    "utili",
    "failure",
    "error",
    "5xx",
    "4xx",
    "timeout",
    "backlog",
    "hit ratio",
    "heap",
    "gc ",
    "replication",
    "queries",
    "sessions",
    "traffic",
    "iops",
    "load average",
    "p50",
    "p90",
    "p95",
    "p99",
    "speicher",
    "auslastung",
    "latenz",
    "mémoire",
    "memoria",
];

/// What a number is measured by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The services' answers: what of them.
    Probe(&'static str),
    /// Something that has to be asked elsewhere.
    Runtime,
    /// A person.
    Hand,
}

/// Thresholds that speak of the same number.
pub(super) struct Number<'a> {
    key: String,
    name: String,
    pub kind: Kind,
    unit: Option<String>,
    pub all: Vec<(&'a Runbook, &'a Threshold)>,
}

/// What the other parts need to know of the metrics.
#[derive(Default)]
pub(super) struct Drafted {
    pub metrics: Vec<Block>,
    pub rules: Vec<Block>,
    pub levels: Vec<Block>,
    /// Which condition a threshold became: its file, its line, the condition.
    pub conditions: Vec<(String, u32, String)>,
    /// The headings of the levels: file, first and last line, name.
    pub spans: Vec<(String, u32, u32, String)>,
}

pub(super) fn metrics(books: &[Runbook], services: bool) -> Drafted {
    let mut out = Drafted::default();
    let numbers = numbers(books);
    let levels = levels::sections_of(books);
    let mut names = Names::default();
    let mut by_hand = Block::default();
    for number in &numbers {
        if number.kind == Kind::Hand {
            for (book, t) in &number.all {
                by_hand.from(&book.path, t.line, t.text.raw());
            }
            continue;
        }
        let (metric, rules) = draft(number, &levels, services, &mut names);
        out.metrics.push(metric);
        out.rules.extend(rules);
        for (book, t) in &number.all {
            out.conditions.extend(condition(number, t).map(|c| (book.path.clone(), t.line, c)));
        }
    }
    if !by_hand.notes.is_empty() {
        by_hand.notes.insert(0, "Numbers that people judge; no probe reads them:".to_owned());
        out.metrics.push(by_hand);
    }
    for level in &levels {
        out.levels.push(levels::draft(level, &numbers));
        out.spans.push((level.book.path.clone(), level.section.heading.line, level.section.end, level.name.clone()));
    }
    out
}

fn numbers(books: &[Runbook]) -> Vec<Number<'_>> {
    let mut out: Vec<Number<'_>> = Vec::new();
    for (book, t) in books.iter().flat_map(|b| b.thresholds.iter().map(move |t| (b, t))) {
        let key = key(t.metric.raw());
        let called = name(&lowered(t.metric.raw()));
        if key.is_empty() || called.is_empty() {
            continue;
        }
        if let Some(number) = out.iter_mut().find(|n| n.key == key) {
            // The shortest way of saying it is its name.
            if called.chars().count() < number.name.chars().count() && called.contains(' ') {
                number.name = called;
            }
            number.unit = number.unit.take().or_else(|| t.unit.clone());
            number.all.push((book, t));
        } else {
            let kind = kind(&called, t);
            out.push(Number { key, name: called, kind, unit: t.unit.clone(), all: vec![(book, t)] });
        }
    }
    for number in &mut out {
        if let Kind::Probe(of) = number.kind {
            number.unit = Some(if of.starts_with('p') { "ms" } else { "%" }.to_owned());
        }
    }
    out
}

/// Acronyms keep their letters; all else is lower case.
fn lowered(text: &str) -> String {
    let word = |w: &str| {
        let shouted = w.chars().count() > 1 && w.chars().all(|c| !c.is_lowercase());
        let percentile = w.len() <= 4 && w.starts_with('P') && w.chars().skip(1).all(|c| c.is_ascii_digit());
        if shouted && !percentile { w.to_owned() } else { w.to_lowercase() }
    };
    text.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

/// What makes two names the same number: without units, articles and, beside a percentile, the word latency.
fn key(text: &str) -> String {
    const LEFT_OUT: [&str; 9] = ["ms", "s", "mb", "gb", "sec", "the", "in", "overall", "total"];
    let folded = text.to_lowercase();
    let words: Vec<&str> = folded
        .split(|c: char| !(c.is_alphanumeric() || c == '/'))
        .filter(|w| !w.is_empty() && !LEFT_OUT.contains(w))
        .collect();
    let percentile = words.iter().any(|w| percentile(w).is_some());
    let kept: Vec<&str> = words
        .iter()
        .filter(|w| !(percentile && matches!(**w, "latency" | "response" | "time" | "latenz" | "latence" | "latencia")))
        .copied()
        .collect();
    kept.join(" ")
}

fn percentile(word: &str) -> Option<&'static str> {
    match word {
        "p50" | "median" => Some("p50"),
        "p95" => Some("p95"),
        "p99" => Some("p99"),
        _ => None,
    }
}

fn kind(called: &str, t: &Threshold) -> Kind {
    let folded = called.to_lowercase();
    let words: Vec<&str> = folded.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let unit = t.unit.as_deref();
    if words.iter().all(|w| OF_PROBES.contains(w)) {
        let quantile = words.iter().find_map(|w| percentile(w));
        let of = match () {
            () if quantile.is_some() && matches!(unit, Some("ms" | "s") | None) => quantile,
            () if unit != Some("%") => None,
            () if has(&folded, &["success", "availability", "uptime", "verfügbarkeit", "disponibilité"]) => {
                Some("success rate")
            }
            () if has(&folded, &["error", "5xx", "fehler", "erreur"]) => Some("error rate"),
            () => None,
        };
        if let Some(of) = of {
            return Kind::Probe(of);
        }
    }
    // Counts that must be right once, and what a test shows, are looked at by people.
    if (t.op == "==" && unit.is_none()) || has(t.text.raw(), &["test", "coverage", "tests", "abdeckung"]) {
        return Kind::Hand;
    }
    if has(&folded, &RUNTIME) || t.relative_to.is_some() || unit.is_some_and(|u| u.starts_with('/') || u == "rps") {
        return Kind::Runtime;
    }
    Kind::Hand
}

fn draft(number: &Number<'_>, levels: &[Level<'_>], services: bool, names: &mut Names) -> (Block, Vec<Block>) {
    let mut block = Block::table("[[metric]]");
    for (book, t) in &number.all {
        block.from(&book.path, t.line, t.text.raw());
    }
    block.need(format!("name = {}", quoted(&number.name)));
    if let Some(unit) = &number.unit {
        block.put(format!("unit = {}", quoted(unit)));
    }
    match number.kind {
        Kind::Probe(of) if services => {
            block.need("from = \"probe\"").need(format!("of = {}", quoted(of)));
            let query = candidate(&number.name, number.unit.as_deref());
            block.note(
                "until a source is named: read from the answers to the services' own checks, not from the traffic",
            );
            block.wait("source = \"app\"   # instead of `from` and `of`").wait(format!("query = {query}"));
        }
        _ => {
            block.note("waits for a source; look at the query before you take the # away");
            block.wait("source = \"app\"").wait(format!("query = {}", candidate(&number.name, number.unit.as_deref())));
        }
    }
    objective(number, &mut block);
    let edges = bands(number, levels);
    if edges.len() > 1 {
        block
            .put_said(format!("bands = {}", list(edges.iter().map(String::as_str))), "half-open: [a, b) [b, c) [c, …)");
    }
    let off = !(services && matches!(number.kind, Kind::Probe(_)));
    if off {
        block.off();
    }
    let mut rules = Vec::new();
    for (book, t) in &number.all {
        if levels.iter().any(|l| l.book.path == book.path && l.holds(t.line)) {
            continue;
        }
        let Some(severity) = t.severity.as_deref() else { continue };
        if forbids(t.text.raw()) {
            block.note(&format!("line {} says what is not to be done; it is no rule", t.line));
            continue;
        }
        let Some(when) = condition(number, t) else { continue };
        let mut rule = Block::table("[[rule]]");
        rule.from(&book.path, t.line, t.text.raw());
        rule.need(format!("name = {}", quoted(&names.take(&rule_name(number, t), "rule"))));
        rule.need(format!("when = {}", quoted(&when)));
        if let Some(seconds) = t.for_s.filter(|s| *s > 0) {
            rule.put(format!("for = {}", quoted(&span(seconds))));
        }
        rule.put(format!("severity = {}", quoted(severity)));
        if off {
            rule.off();
        }
        rules.push(rule);
    }
    (block, rules)
}

fn rule_name(number: &Number<'_>, t: &Threshold) -> String {
    let word = match t.op.as_str() {
        ">" | ">=" | "in" => "over",
        "<" | "<=" => "under",
        _ => "at",
    };
    format!("{} {word} {}", number.name, low(t).map(|v| value(v, t.unit.as_deref())).unwrap_or_default())
        .trim_end()
        .to_owned()
}

/// The first target that has no consequence; where others differ somebody has to say which holds.
fn objective(number: &Number<'_>, block: &mut Block) {
    let targets: Vec<&(&Runbook, &Threshold)> = number
        .all
        .iter()
        .filter(|(_, t)| t.severity.is_none() && t.relative_to.is_none() && !forbids(t.text.raw()))
        .collect();
    let Some((_, first)) = targets.iter().find(|(_, t)| t.op != "in").or(targets.first()) else { return };
    // What is not to be crossed: the objective is to stay on the other side.
    let kept = |t: &Threshold| match (t.op.as_str(), lower_is_better(t.metric.raw())) {
        (">", Some(true)) => "<=".to_owned(),
        (">=", Some(true)) => "<".to_owned(),
        ("<", Some(false)) => ">=".to_owned(),
        ("<=", Some(false)) => ">".to_owned(),
        (op, _) => op.to_owned(),
    };
    let text = |t: &Threshold| match (kept(t), high(t)) {
        (op, Some(high)) if op == "in" => format!("<= {}", value(high, t.unit.as_deref())),
        (op, _) => format!("{op} {}", low(t).map(|v| value(v, t.unit.as_deref())).unwrap_or_default()),
    };
    block.put(format!("objective = {}", quoted(&text(first))));
    let same = |t: &Threshold| low(t) == low(first) && high(t) == high(first);
    if targets.iter().any(|(_, t)| !same(t)) {
        let all: Vec<String> =
            targets.iter().map(|(b, t)| format!("{} (line {} of {})", text(t), t.line, said(&b.path))).collect();
        block.ask(&format!("the runbook gives several targets: {}; which one holds?", all.join(", ")));
    }
    if first.op == "in" {
        block.note("a two-sided target; the objective is its upper end");
    }
}

/// Band edges: where one level ends and the next begins.
fn bands(number: &Number<'_>, levels: &[Level<'_>]) -> Vec<String> {
    let mut edges: Vec<(f64, String)> = Vec::new();
    for (book, t) in &number.all {
        let of_level = levels.iter().any(|l| l.book.path == book.path && l.holds(t.line));
        if !of_level || matches!(t.op.as_str(), "<" | "<=" | "==") {
            continue;
        }
        for edge in [low(t), high(t)].into_iter().flatten() {
            if !edges.iter().any(|(e, _)| (e - edge).abs() < f64::EPSILON) {
                edges.push((edge, value(edge, t.unit.as_deref())));
            }
        }
    }
    edges.sort_by(|a, b| a.0.total_cmp(&b.0));
    edges.into_iter().map(|(_, text)| text).collect()
}

pub(super) fn condition(number: &Number<'_>, t: &Threshold) -> Option<String> {
    // Turned round it would say the opposite.
    if forbids(t.text.raw()) {
        return None;
    }
    let low = low(t)?;
    let op = if t.op == "in" { ">=" } else { t.op.as_str() };
    if t.relative_to.is_some() {
        return Some(format!("{} {op} {low} * baseline", number.name));
    }
    Some(format!("{} {op} {}", number.name, value(low, t.unit.as_deref())))
}

fn low(t: &Threshold) -> Option<f64> {
    t.value.as_f64().or_else(|| t.value.get(0)?.as_f64())
}

fn high(t: &Threshold) -> Option<f64> {
    t.value.get(1)?.as_f64()
}

/// A number with its unit as conditions read it.
fn value(number: f64, unit: Option<&str>) -> String {
    match unit {
        Some("count") | None => format!("{number}"),
        Some(unit) => format!("{number}{unit}"),
    }
}

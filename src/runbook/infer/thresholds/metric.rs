//! What a number is about: the words before its comparator, and which words make a metric.

use super::compare::comparator;
use super::severity;
use crate::runbook::labels;
use crate::runbook::tokens::{Kind, Token};

/// What a number is about where the line itself does not say.
#[derive(Clone, Copy, Default)]
pub(super) struct Names<'a> {
    /// The first cell of a row: stronger than what follows the number.
    pub row: Option<&'a str>,
    /// The item, label or heading around it: weaker.
    pub around: Option<&'a str>,
    /// What the number before it in the same line is about.
    pub last: Option<&'a str>,
}

/// Which way a metric is better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Better {
    High,
    Low,
}

/// What the number at `i` is about, and the severity that its words give it; `next` is where the number ends.
pub(super) fn name(
    t: &[Token<'_>],
    i: usize,
    text: &str,
    used: usize,
    names: Names<'_>,
    next: usize,
) -> Option<(String, Option<&'static str>)> {
    let own = before(t, i, text, used);
    let severity = severity::of_word(&own);
    if !own.is_empty() && !says_nothing(&own) && own.chars().any(char::is_alphabetic) {
        return Some((own, None));
    }
    let found = names
        .row
        .map(clean)
        .filter(|w| !w.is_empty())
        .or_else(|| if says_nothing(&own) { None } else { behind(t, text, next) })
        .or_else(|| names.last.map(str::to_owned))
        .or_else(|| head(text, t.get(i)?.from))
        .or_else(|| names.around.map(clean).filter(|w| is_metric(w) || severity.is_some() && !w.is_empty()))
        .or_else(|| behind(t, text, next))?;
    Some((found, severity))
}

/// `Search latency (normal 120ms; stop if > 600ms)`: what the line begins with.
fn head(text: &str, before: usize) -> Option<String> {
    let end = text.find(['(', ':', '（', '：']).filter(|e| *e < before)?;
    Some(clean(text.get(..end)?)).filter(|w| is_metric(w))
}

/// What the words directly before the number at `i` say it is about; empty where they do not.
pub(super) fn own(t: &[Token<'_>], i: usize, text: &str, used: usize) -> String {
    before(t, i, text, used)
}

/// Words that name a severity or a kind of limit and no metric: `Warn: > 1%`, `Target: < 500ms`.
fn says_nothing(words: &str) -> bool {
    let lower = words.to_lowercase();
    severity::of_word(words).is_some()
        || matches!(
            lower.trim(),
            "slo"
                | "sli"
                | "objective"
                | "expected"
                | "ok"
                | "good"
                | "normal"
                | "healthy"
                | "green"
                | "pass"
                | "fail"
                | "acceptable"
                | "value"
                | "goal"
                | "threshold"
                | "limit"
                | "target"
                | "baseline"
                | "thresholds"
        )
}

/// `(≤8.6 minutes downtime/day)`: what follows.
fn behind(t: &[Token<'_>], text: &str, next: usize) -> Option<String> {
    let mut to = next;
    while t.get(to).is_some_and(|w| w.kind == Kind::Word || w.sign('/')) && to < next + 4 {
        if t.get(to).is_some_and(|w| w.is_any(&["for", "over", "in", "during", "within", "per", "on", "sustained"])) {
            break;
        }
        to += 1;
    }
    let (a, b) = (t.get(next)?, to.checked_sub(1).and_then(|e| t.get(e))?);
    if next >= to {
        return None;
    }
    Some(clean(text.get(a.from..b.to)?)).filter(|w| w.chars().any(char::is_alphabetic))
}

/// The words before a comparator: back to the clause's start, or what stands before the bracket or colon.
fn before(t: &[Token<'_>], i: usize, text: &str, used: usize) -> String {
    let mut start = i;
    let mut open = None;
    let mut closed = 0;
    while start > 0 {
        let Some(p) = t.get(start - 1) else { break };
        if p.to <= used && used > 0 {
            break;
        }
        let apart = p.to < t.get(start).map_or(p.to, |n| n.from);
        // `rate(http_errors[5m]) > 0.05`: what is closed again belongs to the name.
        if p.sign(')') || p.sign(']') {
            closed += 1;
            start -= 1;
            continue;
        }
        if closed > 0 {
            closed -= usize::from(p.sign('(') || p.sign('['));
            start -= 1;
            continue;
        }
        let boundary = matches!(
            p.kind,
            Kind::Sign(';' | ',' | '→' | '⇒' | '|' | ':' | '：' | '!' | '?' | '，' | '；' | '。' | '、' | '・' | '•')
        ) || matches!(p.kind, Kind::Sign('.' | '+' | '—' | '–' | '-' | '&')) && apart
            || p.is_any(&[
                "if", "when", "and", "or", "with", "while", "until", "where", "unless", "und", "oder", "wenn", "once",
                "si", "et", "ou", "y", "cuando", "sobald", "till", "whenever",
            ])
            || matches!(p.text, "если" | "и" | "или" | "при" | "sí" | "où" | "когда" | "如果" | "若" | "当");
        if p.sign('(') || p.sign('[') || p.sign('（') {
            open = Some(start - 1);
            break;
        }
        if boundary {
            if matches!(p.kind, Kind::Sign(':' | '：')) {
                open = Some(start - 1);
            }
            break;
        }
        start -= 1;
    }
    let says_little = |w: &Token<'_>| {
        w.is_any(FILLERS) || matches!(w.kind, Kind::Sign(c) if !matches!(c, ')' | '%' | ']')) || w.text.ends_with("n't")
    };
    let mut end = i;
    while end > start && t.get(end - 1).is_some_and(says_little) {
        end -= 1;
    }
    // `for 5 minutes p95 stays above`: the length is no part of the name.
    if t.get(start).is_some_and(|w| w.is_any(&["for", "during"]))
        && let Some((_, next)) = crate::runbook::times::duration(t, start + 1)
    {
        start = next.min(end);
    }
    let leads = |w: &Token<'_>| {
        w.is_any(&[
            "the",
            "a",
            "that",
            "ensure",
            "abort",
            "any",
            "is",
            "are",
            "our",
            "die",
            "der",
            "das",
            "la",
            "le",
            "el",
            "target",
            "targets",
            "objective",
            "goal",
            "expected",
            "maximum",
            "minimum",
            "current",
        ]) || matches!(w.kind, Kind::Sign(c) if c != '(')
    };
    while start < end && t.get(start).is_some_and(leads) {
        start += 1;
    }
    let cut = |from: usize, to: usize| -> String {
        let (Some(a), Some(b)) = (t.get(from), to.checked_sub(1).and_then(|e| t.get(e))) else { return String::new() };
        if from >= to { String::new() } else { text.get(a.from..b.to).unwrap_or_default().to_owned() }
    };
    let own = clean(&cut(start, end));
    if !own.is_empty() {
        return own;
    }
    // `DB pool saturation (>80% connections used)`: the words before the bracket, unless they already have their number.
    let Some(open) = open.filter(|o| t.get(*o).is_some_and(|k| k.from >= used)) else { return String::new() };
    let mut from = open;
    // After another number only what a comma or an `and` sets apart.
    let apart = |k: &Token<'_>| k.sign(',') || k.sign(';') || k.is_any(&["and", "or", "und", "et"]);
    if used > 0 && !t.iter().take(open).rev().take_while(|k| k.from >= used).any(apart) {
        return String::new();
    }
    while from > 0
        && t.get(from - 1).is_some_and(|p| {
            if used > 0 && apart(p) {
                return false;
            }
            let stops = p.sign('.') && p.to < t.get(from).map_or(p.to, |n| n.from);
            !(stops || matches!(p.kind, Kind::Sign(';' | ',' | '→' | '|' | '。')))
        })
    {
        from -= 1;
    }
    let mut to = open;
    if let Some(at) =
        (from..to).find(|k| comparator(t, *k).is_some_and(|c| c.by == super::compare::By::Sign || c.op != "<="))
    {
        to = at;
    }
    while to > from
        && t.get(to - 1)
            .is_some_and(|w| w.is_any(FILLERS) || matches!(w.kind, Kind::Sign(c) if !matches!(c, ')' | '%')))
    {
        to -= 1;
    }
    while from < to && t.get(from).is_some_and(leads) {
        from += 1;
    }
    clean(&cut(from, to))
}

/// Words that stand between a metric and its comparator, or introduce it, and say nothing.
pub(super) const FILLERS: &[&str] = &[
    "target",
    "targets",
    "should",
    "must",
    "be",
    "is",
    "are",
    "stays",
    "stay",
    "remains",
    "remain",
    "goes",
    "rises",
    "drops",
    "falls",
    "objective",
    "goal",
    "limit",
    "threshold",
    "max",
    "min",
    "the",
    "a",
    "at",
    "of",
    "to",
    "keep",
    "kept",
    "was",
    "exceeds",
    "reaches",
    "value",
    "expected",
    "was",
    "ist",
    "soll",
    "still",
    "any",
    "that",
    "ensure",
    "sustained",
    "between",
    "does",
    "do",
    "can",
    "will",
    "shall",
    "has",
    "have",
    "gets",
    "go",
    "going",
    "rise",
    "rising",
    "drop",
    "fall",
    "climbs",
    "spikes",
    "jumps",
    "increases",
    "increase",
    "decreases",
    "on",
    "with",
    "by",
    "in",
    "staying",
    "remaining",
    "been",
    "being",
    "muss",
    "bleibt",
    "sollte",
    "liegt",
    "steigt",
    "sinkt",
    "fällt",
    "darf",
    "est",
    "doit",
    "rester",
    "reste",
    "debe",
    "ser",
    "estar",
    "es",
    "permanece",
    "maximal",
    "avg",
    "currently",
    "always",
    "consistently",
    "constantly",
    "well",
    "slo",
    "and",
    "their",
    "its",
    "return",
    "returned",
    "returns",
    "back",
];

/// Without the verb that asks for it and without signs at its ends.
pub(super) fn clean(words: &str) -> String {
    let words = words.trim_matches(|c: char| !(c.is_alphanumeric() || matches!(c, ')' | '(' | '%')));
    let mut words = words.trim_end_matches(['%', ' ']);
    for _ in 0..2 {
        if let Some((first, rest)) = words.split_once(' ')
            && labels::imperative(first)
            && !matches!(
                first.to_lowercase().as_str(),
                "load"
                    | "backup"
                    | "request"
                    | "test"
                    | "query"
                    | "report"
                    | "error"
                    | "page"
                    | "post"
                    | "file"
                    | "queue"
            )
        {
            words = rest;
        }
    }
    let words = words.strip_suffix(')').filter(|w| !w.contains('(')).unwrap_or(words);
    if words.chars().count() > 80 { String::new() } else { words.trim().to_owned() }
}

/// Software with versions: `Node >= 18` is a need, not a number to watch.
pub(super) fn is_version(metric: &str) -> bool {
    let first = metric.split([' ', '.']).next().unwrap_or("").to_lowercase();
    matches!(
        first.as_str(),
        "node"
            | "nodejs"
            | "npm"
            | "pnpm"
            | "yarn"
            | "python"
            | "java"
            | "jdk"
            | "go"
            | "golang"
            | "ruby"
            | "php"
            | "docker"
            | "kubectl"
            | "helm"
            | "terraform"
            | "kubernetes"
            | "k8s"
            | "postgresql"
            | "version"
            | "rust"
            | "bash"
            | "git"
            | "ansible"
            | "etcd"
            | "redis"
            | "mysql"
            | "mariadb"
            | "mongodb"
            | "nginx"
            | "openssl"
            | "gcc"
            | "cmake"
            | "chrome"
            | "firefox"
            | "safari"
            | "ios"
            | "android"
            | "macos"
            | "windows"
            | "ubuntu"
            | "debian"
            | "linux"
            | "kernel"
            | "istio"
            | "vault"
            | "consul"
            | "elasticsearch"
            | "kafka"
            | "rails"
            | "django"
            | "react"
            | "angular"
            | "vue"
            | "gradle"
            | "maven"
            | "cargo"
            | "rustc"
            | "poetry"
            | "pip"
            | "deno"
            | "bun"
            | "swift"
            | "kotlin"
            | "scala"
            | "perl"
            | "curl"
            | "openssh"
            | "jq"
            | "make"
            | "sdk"
            | "cli"
            | "postgres"
            | "spark"
            | "port"
            | "mtu"
            | "vlan"
    )
}

/// Words that make a number one to watch.
pub(super) fn is_metric(metric: &str) -> bool {
    let lower = metric.to_lowercase();
    better(metric).is_some()
        || [
            "latency",
            "rate",
            "error",
            "cpu",
            "memory",
            "usage",
            "throughput",
            "rps",
            "qps",
            "connections",
            "queue",
            "lag",
            "depth",
            "disk",
            "saturation",
            "availability",
            "uptime",
            "success",
            "coverage",
            "score",
            "ratio",
            "response time",
            "failures",
            "requests",
            "5xx",
            "4xx",
            "utilization",
            "utilisation",
            "apdex",
            "backlog",
            "p50",
            "p90",
            "p95",
            "p99",
            "heap",
            "load",
            "latenz",
            "fehler",
            "latencia",
            "latence",
            "erreur",
            "delay",
            "duration",
            "hit",
            "drop",
            "loss",
            "taux",
            "tasa",
            "quote",
        ]
        .iter()
        .any(|w| lower.contains(w))
}

pub(super) fn is_metric_like(metric: &str) -> bool {
    metric.split_whitespace().count() <= 6
}

/// Which way a metric is better, where its name says so.
pub(super) fn better(metric: &str) -> Option<Better> {
    let lower = metric.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    if has(&[
        "unavailab",
        "failure",
        "failed",
        "error",
        "miss",
        "abandon",
        "free memory used",
        "fehler",
        "erreur",
        "ошиб",
        "错误",
        "エラー",
        "失败",
        "失敗",
    ]) {
        Some(Better::Low)
    } else if has(&[
        "availab",
        "uptime",
        "success",
        "coverage",
        "throughput",
        "apdex",
        "hit rate",
        "hit ratio",
        "cache hit",
        "free",
        "score",
        "delivery rate",
        "conversion",
        "completeness",
        "verfügbarkeit",
        "erfolg",
        "disponib",
        "exito",
        "éxito",
        "succès",
        "可用",
        "成功",
        "доступност",
        "успеш",
    ]) {
        Some(Better::High)
    } else if has(&[
        "latency",
        "duration",
        "response time",
        "load time",
        "lag",
        "cpu",
        "memory",
        "usage",
        "utili",
        "saturation",
        "queue",
        "backlog",
        "5xx",
        "4xx",
        "loss",
        "drop rate",
        "heap",
        "p50",
        "p75",
        "p90",
        "p95",
        "p99",
        "ttfb",
        "delay",
        "restart",
        "timeout",
        "rto",
        "rpo",
        "downtime",
        "run time",
        "runtime",
        "processing time",
        "time to",
        "jitter",
        "temperature",
        "hang",
        "latenz",
        "latencia",
        "latence",
        "antwortzeit",
        "auslastung",
        "speicher",
        "延迟",
        "延遅",
        "レイテンシ",
        "遅延",
        "задержк",
        "响应时间",
        "応答時間",
        "время ответа",
        "burn",
        "disk",
        "bounce",
        "crash",
        "temps de réponse",
        "tiempo de respuesta",
        "使用率",
        "загрузк",
        "retry",
        "retries",
        "rejected",
        "deadlock",
        "connections",
    ]) {
        Some(Better::Low)
    } else {
        None
    }
}

/// Whether something with this name had better not happen.
pub(super) fn is_bad(metric: &str) -> bool {
    let lower = metric.to_lowercase();
    [
        "fail",
        "error",
        "alert",
        "incident",
        "breach",
        "5xx",
        "violation",
        "crash",
        "regression",
        "timeout",
        "lost",
        "loss",
        "mismatch",
        "restart",
        "duplicate",
        "missing",
        "exception",
        "discrepanc",
        "deadlock",
        "oom",
        "rejected",
        "dropped",
        "fehler",
        "errores",
        "erreur",
        "stuck",
        "critical",
    ]
    .iter()
    .any(|w| lower.contains(w))
}

/// The unit that a metric's name carries: `p95 latency ms`, `Total requests/sec`, `Latency (ms)`.
pub(super) fn unit_of(metric: &str, text: &str) -> Option<&'static str> {
    let lower = metric.to_lowercase();
    if ["requests/sec", "req/s", "requests/s", "requests per second"].iter().any(|w| lower.contains(w))
        || text.split('(').next().is_some_and(|t| t.to_lowercase().contains("requests/sec"))
    {
        return Some("rps");
    }
    let last = lower.rsplit([' ', '(', '_', '[']).next()?.trim_matches([')', ']', '.']);
    match last {
        "ms" | "millis" | "milliseconds" => Some("ms"),
        "%" | "percent" | "pct" => Some("%"),
        "mb" => Some("MB"),
        "gb" => Some("GB"),
        "rps" => Some("rps"),
        "seconds" | "sec" | "secs" => Some("s"),
        _ if text.contains(&format!("{metric} %")) || text.contains(&format!("{metric} (%)")) => Some("%"),
        _ => None,
    }
}

/// A metric's name without the unit at its end that the number has anyway.
pub(super) fn without_unit<'m>(metric: &'m str, unit: Option<&str>) -> &'m str {
    let Some(unit) = unit.filter(|u| matches!(*u, "ms" | "s" | "%" | "MB" | "GB" | "MiB" | "GiB")) else {
        return metric;
    };
    let Some((head, last)) = metric.rsplit_once(' ') else { return metric };
    let last = last.trim_matches(['(', ')', '[', ']']);
    if last.eq_ignore_ascii_case(unit) && !head.trim().is_empty() { head.trim_end() } else { metric }
}

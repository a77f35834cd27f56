//! The words of metrics: which make one, which way each is better, which say nothing, and the unit that a name carries.

use super::stems::{self, Says};
use crate::runbook::times;

/// Which way a metric is better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::runbook::infer::thresholds) enum Better {
    High,
    Low,
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

/// Software with versions: `Node >= 18` is a need, not a number to watch.
pub(in crate::runbook::infer::thresholds) fn is_version(metric: &str) -> bool {
    // `Requires Node`, `supports IE`
    let needs = ["require", "need", "support", "specif", "using", "installed", "with"];
    let lower = metric.to_lowercase();
    let (first, rest) = lower.split_once(' ').unwrap_or((&lower, ""));
    let needed = if needs.iter().any(|w| first.starts_with(w)) { rest.trim_start_matches("for ") } else { &lower };
    // `Node 18`, `Docker Engine`; `node NotReady count` is counted.
    if needed.split_whitespace().count() > 2 {
        return false;
    }
    let first = needed.split([' ', '.']).next().unwrap_or_default();
    matches!(
        first,
        "node"
            | "ie"
            | "typescript"
            | "webpack"
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
pub(in crate::runbook::infer::thresholds) fn is_metric(metric: &str) -> bool {
    let lower = metric.to_lowercase();
    let said = stems::said(&lower);
    said.better().is_some()
        || said.any(Says::Measured)
        || lower == "time"
        || lower.ends_with(" time")
        || lower.contains(" count")
}

pub(in crate::runbook::infer::thresholds) fn is_metric_like(metric: &str) -> bool {
    metric.split_whitespace().count() <= 6
}

/// Which way a metric is better, where its name says so.
pub(in crate::runbook::infer::thresholds) fn better(metric: &str) -> Option<Better> {
    stems::said(&metric.to_lowercase()).better()
}

/// Whether something with this name had better not happen.
pub(in crate::runbook::infer::thresholds) fn is_bad(metric: &str) -> bool {
    stems::said(&metric.to_lowercase()).any(Says::Bad)
}

/// The unit that a metric's name carries: `p95 latency ms`, `Total requests/sec`, `Latency (ms)`.
pub(in crate::runbook::infer::thresholds) fn unit_of(metric: &str, text: &str) -> Option<&'static str> {
    let lower = metric.to_lowercase();
    if ["requests/sec", "req/s", "requests/s", "requests per second"].iter().any(|w| lower.contains(w))
        || text.split('(').next().is_some_and(|t| t.to_lowercase().contains("requests/sec"))
    {
        return Some("rps");
    }
    let mut words = lower.rsplit([' ', '(', '_', '[']).filter(|w| !w.is_empty());
    let last = words.next()?.trim_matches([')', ']', '.']);
    // `logins per minute`, `Fehler pro Minute`, `erreurs/min`
    let each = words.next().is_some_and(|w| {
        matches!(
            w.trim_end_matches('.'),
            "pr" | "mỗi" | "per" | "pro" | "par" | "por" | "je" | "al" | "na" | "в" | "за" | "a" | "на"
        )
    });
    let rate = last.rsplit_once('/').map(|(_, unit)| unit).or(each.then_some(last)).and_then(times::unit);
    if let Some(rate) = rate {
        return match rate {
            1.0 => Some("/s"),
            60.0 => Some("/min"),
            _ => None,
        };
    }
    // `days until expiry`, `Tage bis zum Ablauf`
    let first =
        lower.split(' ').next().filter(|w| w.len() > 2 && *w != "min" && lower.contains(' ')).and_then(times::unit);
    match first {
        Some(86_400.0) => return Some("d"),
        Some(3600.0) => return Some("h"),
        Some(60.0) => return Some("min"),
        Some(1.0) => return Some("s"),
        _ => {}
    }
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
pub(in crate::runbook::infer::thresholds) fn without_unit<'m>(metric: &'m str, unit: Option<&str>) -> &'m str {
    let Some(unit) = unit.filter(|u| matches!(*u, "ms" | "s" | "%" | "MB" | "GB" | "MiB" | "GiB")) else {
        return metric;
    };
    let Some((head, last)) = metric.rsplit_once(' ') else { return metric };
    let last = last.trim_matches(['(', ')', '[', ']']);
    if last.eq_ignore_ascii_case(unit) && !head.trim().is_empty() { head.trim_end() } else { metric }
}

//! The thresholds of one line: comparisons, ranges, zero rules, and what is held against a baseline or an objective.

use serde_json::{Value, json};

use super::amount::{amount, number};
use super::compare::{By, comparator, postfix};
use super::lasting::sustained;
use super::metric::{self, Better, Names};
use super::severity::severity_of;
use crate::runbook::Threshold;
use crate::runbook::tokens::{Kind, Token, tokens};

/// A line and what is known of it before it is read.
#[derive(Clone, Copy, Default)]
pub(super) struct Asked<'a> {
    pub text: &'a str,
    /// 1-based.
    pub line: u32,
    /// What the numbers are about where the line does not say.
    pub names: Names<'a>,
    /// How grave the place makes it.
    pub severity: Option<&'static str>,
    /// The unit of bare numbers.
    pub unit: Option<&'static str>,
}

/// Every threshold of one line.
pub(super) fn scan(asked: Asked<'_>, out: &mut Vec<Threshold>) {
    let Asked { text, line, names, .. } = asked;
    let t = tokens(text);
    let before = out.len();
    let mut said = None;
    let mut severity = || *said.get_or_insert_with(|| severity_of(&t, text).or(asked.severity));
    let push = |found: One, for_s, severity: Option<&str>, out: &mut Vec<Threshold>| {
        let unit = found.unit.or(asked.unit).or_else(|| metric::unit_of(&found.metric, text));
        let relative = found.relative;
        out.push(Threshold {
            metric: metric::without_unit(&found.metric, unit).into(),
            op: found.op.into(),
            value: found.value,
            unit: unit.filter(|_| relative.is_none() || found.unit.is_some()).map(Into::into),
            for_s,
            severity: severity.map(Into::into),
            relative_to: relative.map(Into::into),
            line,
            text: text.into(),
            under: None,
        });
    };
    let mut used = 0;
    let mut last: Option<String> = None;
    let mut i = 0;
    while i < t.len() {
        let names = Names { last: last.as_deref(), ..names };
        let Some(found) = one(&t, i, text, used, names) else {
            // What compares and holds nothing is not read again from its middle.
            i = comparator(&t, i).map_or(i + 1, |c| c.next.max(i + 1));
            continue;
        };
        let for_s = sustained(&t, found.next).or_else(|| if used == 0 { ahead(&t, i) } else { None });
        let grave = found.severity.or_else(&mut severity);
        used = t.get(found.next - 1).map_or(used, |l| l.to);
        i = found.next;
        last = Some(found.metric.clone());
        push(found, for_s, grave, out);
    }
    if out.len() == before {
        for found in [not_elevated(text), within_objective(&t, text, names), declared(&t, text, names)]
            .into_iter()
            .flatten()
            .take(1)
        {
            let for_s = sustained(&t, found.next);
            push(found, for_s, severity(), out);
        }
    }
}

/// A threshold and where it ends.
pub(super) struct One {
    pub metric: String,
    pub op: &'static str,
    pub value: Value,
    pub unit: Option<&'static str>,
    pub relative: Option<&'static str>,
    /// Where the words of the metric say it.
    pub severity: Option<&'static str>,
    pub next: usize,
}

fn one(t: &[Token<'_>], i: usize, text: &str, used: usize, names: Names<'_>) -> Option<One> {
    let here = t.get(i)?;
    let before = i.checked_sub(1).and_then(|p| t.get(p));
    if here.is("zero") && before.is_none_or(|p| p.sign(':')) {
        return zero(t, i, text);
    }
    if here.text == "0"
        && t.get(i + 1).is_some_and(|n| n.kind == Kind::Word && n.from > here.to)
        && before.is_none_or(|p| !comparing(p))
    {
        return zero(t, i, text).filter(|z| metric::is_bad(&z.metric));
    }
    // `must be zero`, `is 0`
    if here.is_any(&["be", "is", "are", "remains", "remain", "stays", "stay", "at"])
        && t.get(i + 1).is_some_and(|z| z.is("zero") || z.text == "0")
        && t.get(i + 2).is_none_or(|n| {
            !matches!(n.kind, Kind::Word | Kind::Sign('.' | '%' | '-'))
                || n.is_any(&["for", "after", "before", "during"])
        })
    {
        let (metric, severity) = metric::name(t, i, text, used, names, i + 2)?;
        let asked = before.is_some_and(|b| b.is_any(&["must", "should", "shall"]));
        let fine = metric::is_metric(&metric) || metric::is_bad(&metric) || asked;
        let unit = None;
        return fine.then(|| One { metric, op: "==", value: json!(0), unit, relative: None, severity, next: i + 2 });
    }
    if let Some(compared) = comparator(t, i) {
        return comparison(t, i, text, used, names, compared);
    }
    range(t, i, text, used, names).or_else(|| behind(t, i, text, used, names))
}

fn comparison(
    t: &[Token<'_>],
    i: usize,
    text: &str,
    used: usize,
    names: Names<'_>,
    compared: super::compare::Compared,
) -> Option<One> {
    let before = i.checked_sub(1).and_then(|p| t.get(p));
    // `for at least 15 minutes` is a length, not a limit.
    if before.is_some_and(|p| {
        p.is_any(&[
            "for",
            "every",
            "last",
            "within",
            "after",
            "past",
            "sustained",
            "takes",
            "take",
            "lasting",
            "über",
            "für",
            "durante",
            "pendant",
        ])
    }) {
        return None;
    }
    if i == 1 && before.is_some_and(|p| p.is("wait")) {
        return None;
    }
    let Some((value, unit, next)) = amount(t, compared.next) else {
        return to_baseline(t, i, text, used, names, compared);
    };
    // `60-second` and `5-minute` belong to the noun behind them.
    if t.get(next).is_some_and(|n| n.dash() && t.get(next - 1).is_some_and(|u| u.to == n.from))
        && t.get(next + 1).is_some_and(|w| w.kind == Kind::Word)
        && unit.is_none()
    {
        return None;
    }
    // `< 0.1% over 5 minutes`, `> 500ms, ≥5 min`: how long the number before must last.
    let long = matches!(unit, Some("min" | "h" | "d")) || compared.by != By::Sign && unit == Some("s");
    let named = compared.by == By::Sign && t.get(next).is_some_and(|w| w.kind == Kind::Word);
    if used > 0 && long && !named && metric::own(t, i, text, used).is_empty() {
        return None;
    }
    let times_x = t.get(next).is_some_and(|x| matches!(x.kind, Kind::Sign('×' | '*')) || x.is("x") || x.is("times"));
    let relative = baseline_ahead(t, next);
    // `no more than 5 errors per minute`: what is counted is the metric.
    let counted = || {
        let noun = t.get(compared.next + 1).filter(|w| w.kind == Kind::Word && metric::is_bad(w.text))?;
        Some((noun.text.to_owned(), None))
    };
    let (metric, severity) = metric::name(t, i, text, used, names, next).or_else(counted)?;
    if times_x && relative.is_none() && !metric.to_lowercase().contains("burn") {
        return None;
    }
    let lower = metric.to_lowercase();
    // `At no time may the failure rate exceed 1%`
    let never = t.get(..i).is_some_and(|w| {
        w.windows(2).any(
            |p| matches!(p, [a, b] if a.is("no") && b.is_any(&["time", "point", "circumstances", "case", "moment"])),
        )
    });
    let rate = matches!(unit, Some("rps" | "/s" | "/min"));
    let op = match compared.op {
        // `drains slower than 2,000 a minute`; `warn at 99%` of what had better be high.
        ">" if rate && t.get(i).is_some_and(|w| w.is("slower")) => "<",
        "<" if rate && t.get(i).is_some_and(|w| w.is("faster")) => ">",
        ">=" if t.get(i).is_some_and(|w| w.is("at"))
            && compared.next == i + 1
            && metric::better(&metric) == Some(Better::High) =>
        {
            "<="
        }
        ">" | ">=" if never => "<=",
        "<" | "<=" if never => ">=",
        op => op,
    };
    if unit.is_none() && metric::is_version(&metric) && !metric::is_metric(&metric)
        || lower == "version"
        || lower.ends_with(" version")
    {
        return None;
    }
    let fine = match compared.by {
        By::Sign => compared.op != "==" || metric::is_metric_like(&metric),
        By::Word => {
            unit == Some("%")
                || metric::is_metric(&metric)
                || matches!(unit, Some("ms" | "rps" | "/s" | "/min"))
                || unit == Some("count") && !matches!(compared.op, ">=" | "==")
        }
        By::Within => (metric::is_metric(&metric) || names.row.is_some()) && matches!(unit, Some("ms" | "s" | "%")),
    };
    // `star rating below 4.2` and nothing else in the line.
    let whole = compared.by == By::Word
        && used == 0
        && !matches!(compared.op, "==" | ">=")
        && unit.is_none()
        && metric.split_whitespace().count() <= 4
        && metric.chars().any(char::is_alphabetic)
        && !crate::runbook::labels::imperative(text)
        && t.get(next).is_none_or(|n| n.sign('.') || n.is_any(&["for", "over", "during"]));
    if !fine && !whole {
        return None;
    }
    Some(One { metric, op, value: number(value), unit, relative, severity, next })
}

/// `baseline` a few words on, in the same clause.
fn baseline_ahead(t: &[Token<'_>], from: usize) -> Option<&'static str> {
    let clause = t.get(from..).unwrap_or_default().iter().take(8);
    let mut clause = clause.take_while(|k| !matches!(k.kind, Kind::Sign(',' | ';' | '.' | '→' | '|')));
    clause.any(|w| w.is_any(&["baseline", "compared", "versus", "vs"])).then_some("baseline")
}

/// `at or below baseline`, `no higher than the pre-release baseline`.
fn to_baseline(
    t: &[Token<'_>],
    i: usize,
    text: &str,
    used: usize,
    names: Names<'_>,
    compared: super::compare::Compared,
) -> Option<One> {
    let words = t.get(compared.next..)?.iter().take(6);
    let at = words.take_while(|w| w.kind == Kind::Word || w.dash()).position(|w| w.is("baseline"))?;
    let next = compared.next + at + 1;
    let (metric, severity) = metric::name(t, i, text, used, names, next)?;
    let relative = Some("baseline");
    // `baseline + 10 %`
    let more = t.get(next).filter(|p| p.sign('+') || p.is("plus")).and_then(|_| amount(t, next + 1));
    let value = match more {
        Some((more, Some("%"), _)) => number((100.0 + more) / 100.0),
        Some(_) => return None,
        None => json!(1),
    };
    metric::is_metric(&metric).then_some(One { metric, op: compared.op, value, unit: None, relative, severity, next })
}

fn comparing(t: &Token<'_>) -> bool {
    matches!(t.kind, Kind::Sign('<' | '>' | '=' | '≤' | '≥' | '.' | ':' | '-' | '#' | '(' | '/' | ','))
        && !matches!(t.kind, Kind::Sign(':' | ',' | '('))
}

/// `1-3%`, `500-1000ms`, `(target: 100-500)`, `between 1% and 3%`.
fn range(t: &[Token<'_>], i: usize, text: &str, used: usize, names: Names<'_>) -> Option<One> {
    let between = t.get(i)?.is_any(&["between", "zwischen", "entre", "from"]);
    let start = i + usize::from(between);
    let low = t.get(start)?;
    let (lo, lo_unit, mid) = amount(t, start)?;
    let join = t.get(mid)?;
    if !(join.dash()
        || between && join.is_any(&["and", "und", "y", "et"])
        || join.is_any(&["to", "bis", "à"])
        || matches!(join.kind, Kind::Sign('~' | '～' | '…')))
    {
        return None;
    }
    let (hi, unit, next) = amount(t, mid + 1)?;
    let target = i > 0
        && t.get(i.saturating_sub(3)..i)
            .unwrap_or_default()
            .iter()
            .any(|w| w.is_any(&["target", "targets", "range", "expected", "normal", "ziel"]));
    let unit = unit.or(lo_unit);
    if hi <= lo
        || (i > 0
            && t.get(i - 1).is_some_and(|p| p.to == low.from && !matches!(p.kind, Kind::Sign('(' | '（' | '：' | ':'))))
    {
        return None;
    }
    // A date, a phone number, `1-3-5`.
    if t.get(next).is_some_and(|n| n.dash() && t.get(next - 1).is_some_and(|l| l.to == n.from)) {
        return None;
    }
    let (metric, severity) = metric::name(t, i, text, used, names, next)?;
    let named = metric::is_metric(&metric);
    let fine = named && (unit.is_some() || target)
        || target && metric::is_metric_like(&metric)
        || unit.is_some() && names.row.is_some();
    let lasts = matches!(unit, Some("min" | "h" | "d")) && !named;
    fine.then_some(())?;
    (!lasts).then(|| One {
        metric,
        op: "in",
        value: json!([number(lo), number(hi)]),
        unit,
        relative: None,
        severity,
        next,
    })
}

/// `5% or less`, `500ms以下`, `20% above baseline`.
fn behind(t: &[Token<'_>], i: usize, text: &str, used: usize, names: Names<'_>) -> Option<One> {
    let here = t.get(i)?;
    here.number()?;
    if i > 0
        && t.get(i - 1)
            .is_some_and(|p| p.to == here.from && (p.dash() || matches!(p.kind, Kind::Sign('.' | '/' | ':' | '+'))))
    {
        return None;
    }
    let (value, unit, next) = amount(t, i)?;
    let (op, relative, next) = if let Some((op, next)) = postfix(t, next) {
        (op, None, next)
    } else {
        // `20% above baseline`, `10% higher than baseline`, `2x baseline`
        let word = t.get(next)?;
        let op = if word.is_any(&["above", "over", "higher", "more", "worse", "slower", "greater"]) {
            ">"
        } else if word.is_any(&["below", "under", "lower", "less"]) {
            "<"
        } else {
            return None;
        };
        (op, Some(baseline_ahead(t, next)?), next + 1)
    };
    let (metric, severity) = metric::name(t, i, text, used, names, next)?;
    let fine = metric::is_metric(&metric) || matches!(unit, Some("%" | "ms" | "rps" | "/s" | "/min"));
    fine.then(|| One { metric, op, value: number(value), unit, relative, severity, next })
}

/// `Zero 5xx errors`, `0 critical failures`.
fn zero(t: &[Token<'_>], i: usize, text: &str) -> Option<One> {
    let words: Vec<&Token<'_>> = t
        .get(i + 1..)?
        .iter()
        .take_while(|w| w.kind == Kind::Word || w.sign('-') || w.sign('/'))
        .take_while(|w| {
            !w.is_any(&[
                "during", "in", "on", "for", "to", "while", "under", "at", "and", "or", "after", "before", "from",
                "of", "over", "within", "across", "since",
            ])
        })
        .collect();
    let (first, last) = (words.first()?, words.last()?);
    let metric = text.get(first.from..last.to)?.trim();
    let lower = metric.to_lowercase();
    if lower.starts_with("downtime") || lower.starts_with("trust") || first.dash() || words.len() > 6 {
        return None;
    }
    Some(One {
        metric: metric.to_owned(),
        op: "==",
        value: json!(0),
        unit: None,
        relative: None,
        severity: None,
        next: i + 1 + words.len(),
    })
}

/// `No elevated 5xx rate compared to pre-release baseline`, `No significant increase in latency vs baseline`.
fn not_elevated(text: &str) -> Option<One> {
    if !text.contains("aseline") {
        return None;
    }
    let lower = text.to_lowercase();
    let at = [
        "no elevated ",
        "increase in ",
        "increased ",
        "degradation in ",
        "degradation of ",
        "regression in ",
        "spike in ",
        "rise in ",
        "elevation in ",
        "increase of ",
        "change in ",
    ]
    .iter()
    .filter_map(|w| Some((lower.find(w)?, w.len())))
    .min()
    .filter(|(at, len)| lower.get(..at + len).is_some_and(|head| head.contains("no ") || head.contains("without ")))?;
    let rest = text.get(at.0 + at.1..)?;
    let end = [" compared", " vs", " versus", " over", " against", " from", " relative", " above", " than", " beyond"]
        .iter()
        .filter_map(|w| rest.find(w))
        .min()?;
    let metric = rest.get(..end)?.trim().to_owned();
    (!metric.is_empty()).then(|| One {
        metric,
        op: "<=",
        value: json!(1),
        unit: None,
        relative: Some("baseline"),
        severity: None,
        next: usize::MAX / 2,
    })
}

/// `p95 latency remains within SLO thresholds`, `latency meets its SLO`.
fn within_objective(t: &[Token<'_>], text: &str, names: Names<'_>) -> Option<One> {
    let slo = t.iter().position(|w| w.is_any(&["slo", "slos"]))?;
    let from = (slo.saturating_sub(4)..slo).rev().find(|i| {
        t.get(*i).is_some_and(|w| w.is_any(&["within", "meets", "meet", "inside", "under", "below", "met", "above"]))
    })?;
    let (metric, severity) = metric::name(t, from, text, 0, names, slo + 1)?;
    metric::is_metric(&metric).then(|| One {
        op: if metric::better(&metric) == Some(Better::High) { ">=" } else { "<=" },
        metric,
        value: json!(1),
        unit: None,
        relative: Some("slo"),
        severity,
        next: slo + 1,
    })
}

/// `Availability SLO: 99.9%`, `Target p95 latency: 300 ms`: a number without a comparator, said to be the objective.
fn declared(t: &[Token<'_>], text: &str, names: Names<'_>) -> Option<One> {
    const SAID: &[&str] =
        &["slo", "target", "objective", "goal", "threshold", "limit", "ziel", "objetivo", "objectif", "目標", "目标"];
    t.iter().find(|w| w.is_any(SAID) || SAID.contains(&w.text))?;
    let mut numbers = t.iter().enumerate().filter(|(_, k)| k.number().is_some());
    let at = numbers.find(|(i, _)| amount(t, *i).is_some_and(|(_, unit, _)| unit.is_some()))?.0;
    let here = t.get(at)?;
    let before = at.checked_sub(1).and_then(|b| t.get(b))?;
    if !(matches!(before.kind, Kind::Sign(':' | '=' | '：' | '(' | '（')) || before.is_any(&["is", "of", "ist"])) {
        return None;
    }
    let (value, unit, next) = amount(t, at)?;
    if t.get(next).is_some_and(|n| n.dash() || n.sign('→') || n.is("to")) || here.text.is_empty() {
        return None;
    }
    let (metric, severity) = metric::name(t, at, text, 0, names, next)?;
    let better = metric::better(&metric)?;
    fits(&metric, unit).then_some(())?;
    let op = if better == Better::High { ">=" } else { "<=" };
    Some(One { metric, op, value: number(value), unit, relative: None, severity, next })
}

/// Whether a metric of this name is counted in this unit.
pub(super) fn fits(metric: &str, unit: Option<&str>) -> bool {
    let lower = metric.to_lowercase();
    let time = [
        "latency", "duration", "time", "lag", "delay", "p50", "p90", "p95", "p99", "ttfb", "rto", "rpo", "latenz",
        "latencia", "latence",
    ];
    let timed = time.iter().any(|w| lower.contains(w));
    match unit {
        Some("ms" | "s" | "min" | "h" | "d") => timed,
        Some("%") => !timed || lower.contains("uptime"),
        _ => true,
    }
}

/// `If for 5 minutes p95 stays above 500ms`: the length stands before.
fn ahead(t: &[Token<'_>], to: usize) -> Option<u64> {
    if !t.first()?.is_any(&["if", "when", "wenn", "si"]) {
        return None;
    }
    (1..to).find(|i| t.get(*i).is_some_and(|w| w.is_any(&["for", "during"]))).and_then(|i| {
        let seconds = crate::runbook::times::duration(t, i + 1)?.0;
        Some(seconds as u64)
    })
}

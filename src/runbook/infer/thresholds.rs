//! Thresholds in prose: `p95 latency > 250ms (sustained 5+ minutes)`, `Error rate 1-3%`, `≥ 99%`, `Zero 5xx errors`.

use serde_json::{Value, json};

use super::Seen;
use crate::runbook::Threshold;
use crate::runbook::class;
use crate::runbook::labels;
use crate::runbook::markdown::{Kind as BlockKind, Row};
use crate::runbook::times;
use crate::runbook::tokens::{Kind, Token, tokens};

/// Longer lines are no sentences.
const MAX_LINE: usize = 2000;

/// Thresholds in document order.
pub(in crate::runbook) fn thresholds(seen: &Seen<'_>) -> Vec<Threshold> {
    let mut out = Vec::new();
    let mut label: Option<String> = None;
    let mut section = None;
    let mut here = None;
    for (block, heading) in seen.blocks() {
        let before = out.len();
        if section != heading {
            section = heading;
            label = None;
            here = None;
        }
        match &block.kind {
            BlockKind::Paragraph => {
                if block.item.is_none() {
                    here = None;
                    label = labels::labels(block).pop().filter(|l| l.text.is_empty()).map(|l| l.name);
                }
                for line in &block.rich {
                    let text = block.line(line);
                    if may_hold(&text) {
                        let around = *here.get_or_insert_with(|| around(seen, heading, label.as_deref()));
                        scan(&text, line.line, "", around, &mut out);
                    }
                }
            }
            BlockKind::Table(rows) => table(rows, around(seen, heading, label.as_deref()), &mut out),
            BlockKind::Fence { lang, text } => {
                let shell = class::is_shell(lang.as_deref()) || lang.is_none() && class::looks_like_shell(text);
                let shown = lang.as_deref().is_none_or(|l| matches!(l, "text" | "txt" | "plain" | "plaintext"));
                for (line, number) in text.lines().zip(block.first + 1..) {
                    let line = line.trim();
                    let body = if shell {
                        line.strip_prefix('#')
                    } else if shown {
                        Some(line)
                    } else {
                        None
                    };
                    let body = body.map(|b| b.trim_start_matches(['#', '-', '*', '•', ' ']));
                    if let Some(body) = body.filter(|b| may_hold(b)) {
                        scan(body, number, "", None, &mut out);
                    }
                }
            }
            _ => {}
        }
        if let Some(heading) = heading {
            let title = times::title(seen.title(Some(heading)));
            out.iter_mut().skip(before).for_each(|t: &mut Threshold| t.under = Some(title.into()));
        }
    }
    out
}

/// A cheap look before the line is cut to pieces.
fn may_hold(text: &str) -> bool {
    text.len() <= MAX_LINE
        && (text.bytes().any(|b| b.is_ascii_digit())
            || text.get(..4).is_some_and(|t| t.eq_ignore_ascii_case("zero"))
            || text.contains("baseline"))
}

/// The severity that label and headings give to what stands under them.
fn around(seen: &Seen<'_>, heading: Option<usize>, label: Option<&str>) -> Option<&'static str> {
    let of = |text: &str| {
        let lower = text.to_lowercase().replace('’', "'");
        let has = |words: &[&str]| words.iter().any(|w| lower.contains(w));
        if has(&["don't rollback", "do not rollback", "don't roll back", "no rollback", "minor", "warning"]) {
            Some("warn")
        } else if has(&["page if", "prepare rollback", "escalat", "paging", "major"]) {
            Some("page")
        } else if has(&[
            "immediate rollback",
            "rollback if",
            "rollback trigger",
            "rollback criteria",
            "abort",
            "roll back if",
            "rollback when",
            "rollback threshold",
        ]) {
            Some("rollback")
        } else {
            None
        }
    };
    label.and_then(of).or_else(|| seen.path(heading).take(2).find_map(of))
}

fn table(rows: &[Row], around: Option<&'static str>, out: &mut Vec<Threshold>) {
    let Some((head, body)) = rows.split_first() else { return };
    for row in body {
        let metric = row.cells.first().map_or("", String::as_str);
        for (cell, head) in row.cells.iter().zip(&head.cells).skip(1) {
            if !may_hold(cell) {
                continue;
            }
            let lower = head.to_lowercase();
            let severity = if lower.contains("warn") {
                Some("warn")
            } else if lower.contains("crit") || lower.contains("page") || lower.contains("alert") {
                Some("page")
            } else if lower.contains("rollback") || lower.contains("abort") {
                Some("rollback")
            } else {
                around
            };
            scan(cell, row.line, metric, severity, out);
        }
    }
}

/// A comparator at `i` and the index behind it.
fn comparator(t: &[Token<'_>], i: usize) -> Option<(&'static str, usize, bool)> {
    let here = t.get(i)?;
    let touching = |a: &Token<'_>, b: &Token<'_>| a.to == b.from;
    let next = t.get(i + 1);
    let followed = |c: char| next.is_some_and(|n| n.sign(c) && touching(here, n));
    let after_arrow =
        i > 0 && t.get(i - 1).is_some_and(|p| touching(p, here) && (p.dash() || p.sign('=') || p.sign('<')));
    Some(match here.kind {
        Kind::Sign('<' | '>') if after_arrow => return None,
        Kind::Sign('<') if followed('=') => ("<=", i + 2, true),
        Kind::Sign('>') if followed('=') => (">=", i + 2, true),
        Kind::Sign('<' | '＜') => ("<", i + 1, true),
        Kind::Sign('>' | '＞') => (">", i + 1, true),
        Kind::Sign('≤' | '⩽' | '≦') => ("<=", i + 1, true),
        Kind::Sign('≥' | '⩾' | '≧') => (">=", i + 1, true),
        Kind::Sign('=') if followed('=') => ("==", i + 2, true),
        // `key=5` is no threshold, `endpoints = 9` is.
        Kind::Sign('=') if i > 0 && t.get(i - 1).is_some_and(|p| p.to < here.from && !p.sign('=')) => {
            ("==", i + 1, true)
        }
        Kind::Word => {
            let two = |w: &str| next.is_some_and(|n| n.is(w));
            let pair = |a: &[&str], b: &str| here.is_any(a) && two(b);
            if pair(&["less", "lower", "fewer", "smaller"], "than") {
                ("<", i + 2, false)
            } else if pair(&["greater", "more", "higher", "larger"], "than") {
                (">", i + 2, false)
            } else if pair(&["at"], "least") {
                (">=", i + 2, false)
            } else if pair(&["at"], "most") {
                ("<=", i + 2, false)
            } else if here.is("no")
                && next.is_some_and(|n| n.is_any(&["more", "higher", "greater"]))
                && t.get(i + 2).is_some_and(|w| w.is("than"))
            {
                ("<=", i + 3, false)
            } else if here.is("no")
                && next.is_some_and(|n| n.is_any(&["less", "lower", "fewer"]))
                && t.get(i + 2).is_some_and(|w| w.is("than"))
            {
                (">=", i + 3, false)
            } else if here.is_any(&["below", "under", "unter"]) {
                ("<", i + 1, false)
            } else if here.is_any(&["above", "over", "exceeds", "exceed", "exceeding", "über"]) {
                (">", i + 1, false)
            } else {
                return None;
            }
        }
        _ => return None,
    })
}

/// The unit behind a number, as in the list of DECISIONS, and the next index.
fn unit(t: &[Token<'_>], i: usize) -> (Option<&'static str>, usize) {
    let Some(word) = t.get(i) else { return (None, i) };
    if matches!(word.kind, Kind::Sign('%' | '％')) || word.is_any(&["percent", "pct"]) {
        return (Some("%"), i + 1);
    }
    let per = |at: usize, count: bool| -> Option<(&'static str, usize)> {
        let slash = t.get(at)?;
        if !(slash.sign('/') || slash.is("per")) {
            return None;
        }
        let unit = t.get(at + 1).filter(|w| w.kind == Kind::Word).and_then(|w| times::unit(w.text))?;
        let requests = count && t.get(at - 1).is_some_and(|w| w.is_any(&["requests", "request", "req", "reqs"]));
        let name = if unit == 1.0 {
            if requests { "rps" } else { "/s" }
        } else if unit == 60.0 {
            "/min"
        } else {
            return None;
        };
        Some((name, at + 2))
    };
    if let Some((name, next)) = per(i, false) {
        return (Some(name), next);
    }
    if word.kind != Kind::Word {
        return (None, i);
    }
    // `errors/minute`, `failures per minute`, `server errors per second`
    if let Some((name, next)) =
        per(i + 1, true).or_else(|| per(i + 2, true).filter(|_| t.get(i + 1).is_some_and(|w| w.kind == Kind::Word)))
    {
        return (Some(name), next);
    }
    let lower = word.text.to_lowercase();
    let name = match lower.as_str() {
        "rps" => "rps",
        "qps" | "tps" => "/s",
        "mb" => "MB",
        "mib" | "mi" => "MiB",
        "gb" => "GB",
        "gib" | "gi" => "GiB",
        _ => match times::unit(&lower) {
            Some(0.001) => "ms",
            Some(1.0) => "s",
            Some(60.0) if lower != "m" => "min",
            Some(3600.0) => "h",
            Some(86_400.0) => "d",
            _ if matches!(
                lower.as_str(),
                "errors"
                    | "failures"
                    | "connections"
                    | "requests"
                    | "messages"
                    | "items"
                    | "events"
                    | "retries"
                    | "restarts"
                    | "alerts"
                    | "jobs"
                    | "rows"
                    | "users"
                    | "queries"
                    | "pods"
                    | "threads"
                    | "timeouts"
                    | "tickets"
                    | "records"
            ) =>
            {
                "count"
            }
            _ => return (None, i),
        },
    };
    (Some(name), i + 1)
}

/// A number at `i` with its unit: value, unit, next index.
fn amount(t: &[Token<'_>], i: usize) -> Option<(f64, Option<&'static str>, usize)> {
    let mut at = i;
    while t.get(at).is_some_and(|k| matches!(k.kind, Kind::Sign('~' | '≈' | '*' | '`' | '"'))) {
        at += 1;
    }
    let number = t.get(at)?;
    let mut value = number.number()?;
    at += 1;
    if let Some(k) = t.get(at).filter(|k| k.from == number.to) {
        match k.text {
            "k" | "K" => value *= 1e3,
            "M" => value *= 1e6,
            _ => {}
        }
        at += usize::from(matches!(k.text, "k" | "K" | "M"));
    }
    let (unit, next) = unit(t, at);
    value.is_finite().then_some((value, unit, next))
}

fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
}

/// Every threshold of one line.
fn scan(text: &str, line: u32, fallback: &str, around: Option<&'static str>, out: &mut Vec<Threshold>) {
    let t = tokens(text);
    let before = out.len();
    let mut said = None;
    let mut severity = || *said.get_or_insert_with(|| severity_of(&t, text).or(around));
    let mut used = 0;
    let mut i = 0;
    while i < t.len() {
        let found = one(&t, i, text, used, fallback);
        let Some(found) = found else {
            i += 1;
            continue;
        };
        let for_s = sustained(&t, found.next);
        out.push(Threshold {
            metric: found.metric.into(),
            op: found.op.into(),
            value: found.value,
            unit: found.unit.map(Into::into),
            for_s,
            severity: severity().map(Into::into),
            relative_to: found.relative.then(|| "baseline".into()),
            line,
            text: text.into(),
            under: None,
        });
        used = t.get(found.next - 1).map_or(used, |l| l.to);
        i = found.next;
    }
    if out.len() == before
        && text.contains("baseline")
        && let Some(metric) = not_elevated(text)
    {
        out.push(Threshold {
            metric: metric.into(),
            op: "<=".into(),
            value: json!(1),
            unit: None,
            for_s: None,
            severity: severity().map(Into::into),
            relative_to: Some("baseline".into()),
            line,
            text: text.into(),
            under: None,
        });
    }
}

struct One {
    metric: String,
    op: &'static str,
    value: Value,
    unit: Option<&'static str>,
    relative: bool,
    next: usize,
}

fn one(t: &[Token<'_>], i: usize, text: &str, used: usize, fallback: &str) -> Option<One> {
    let here = t.get(i)?;
    if i == 0 && here.is("zero") || i > 0 && here.is("zero") && t.get(i - 1).is_some_and(|p| p.sign(':')) {
        return zero(t, i, text);
    }
    if here.text == "0"
        && t.get(i + 1).is_some_and(|n| n.kind == Kind::Word && n.from > here.to)
        && i.checked_sub(1).and_then(|p| t.get(p)).is_none_or(|p| !comparing(p))
    {
        return zero(t, i, text).filter(|z| is_bad(&z.metric));
    }
    if let Some((op, at, sign)) = comparator(t, i) {
        let (value, unit, next) = amount(t, at)?;
        // `for at least 15 minutes` is a length, not a limit.
        if i > 0
            && t.get(i - 1)
                .is_some_and(|p| p.is_any(&["for", "every", "last", "within", "after", "past", "sustained", "wait"]))
        {
            return None;
        }
        let times_x = t.get(next).is_some_and(|x| matches!(x.kind, Kind::Sign('×' | '*')) || x.is("x"));
        let relative = t.get(next..).unwrap_or_default().iter().take(4).any(|w| w.is("baseline"));
        if times_x && !relative {
            return None;
        }
        let metric = metric(t, i, text, used, fallback, next);
        if metric.is_empty() || is_version(&metric) || (!sign && unit != Some("%") && !is_metric(&metric)) {
            return None;
        }
        return Some(One {
            metric,
            op,
            value: number(value),
            unit: unit.or_else(|| unit_of(&metric_text(text))),
            relative,
            next,
        });
    }
    range(t, i, text, used, fallback)
}

/// Units that a metric's name carries, as in `Total requests/sec: (target: 100-500)`.
fn unit_of(name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase();
    if ["requests/sec", "req/s", "requests/s", "requests per second"].iter().any(|w| lower.contains(w)) {
        Some("rps")
    } else {
        None
    }
}

fn metric_text(text: &str) -> String {
    text.split('(').next().unwrap_or("").to_owned()
}

fn comparing(t: &Token<'_>) -> bool {
    matches!(t.kind, Kind::Sign('<' | '>' | '=' | '≤' | '≥' | '.' | ':' | '-' | '#'))
}

/// `1-3%`, `500-1000ms`, `(target: 100-500)`, `between 1% and 3%`.
fn range(t: &[Token<'_>], i: usize, text: &str, used: usize, fallback: &str) -> Option<One> {
    let between = t.get(i)?.is("between");
    let start = i + usize::from(between);
    let low = t.get(start)?;
    let (lo, lo_unit, mid) = amount(t, start)?;
    let join = t.get(mid)?;
    if !(join.dash() || between && join.is("and") || join.is("to")) {
        return None;
    }
    let (hi, unit, next) = amount(t, mid + 1)?;
    let target = i > 0
        && t.get(i.saturating_sub(3)..i)
            .unwrap_or_default()
            .iter()
            .any(|w| w.is_any(&["target", "targets", "range", "expected", "normal", "ziel"]));
    let unit = unit.or(lo_unit);
    if hi <= lo || (i > 0 && t.get(i - 1).is_some_and(|p| p.to == low.from && !p.sign('('))) {
        return None;
    }
    let metric = metric(t, i, text, used, fallback, next);
    let fine =
        !metric.is_empty() && (is_metric(&metric) && (unit.is_some() || target) || target && is_metric_like(&metric));
    let unit = unit.or_else(|| unit_of(&metric_text(text)));
    fine.then(|| One { metric, op: "in", value: json!([number(lo), number(hi)]), unit, relative: false, next })
}

/// `Zero 5xx errors`, `0 critical failures`.
fn zero(t: &[Token<'_>], i: usize, text: &str) -> Option<One> {
    let words: Vec<&Token<'_>> = t
        .get(i + 1..)?
        .iter()
        .take_while(|w| w.kind == Kind::Word || w.sign('-') || w.sign('/'))
        .take_while(|w| {
            !w.is_any(&[
                "during", "in", "on", "for", "to", "while", "under", "at", "and", "or", "after", "before", "from", "of",
            ])
        })
        .collect();
    let (first, last) = (words.first()?, words.last()?);
    let metric = text.get(first.from..last.to)?.trim();
    if matches!(metric.to_lowercase().as_str(), "downtime" | "downtime deployment" | "trust") || words.len() > 6 {
        return None;
    }
    Some(One {
        metric: metric.to_owned(),
        op: "==",
        value: json!(0),
        unit: None,
        relative: false,
        next: i + 1 + words.len(),
    })
}

fn is_bad(metric: &str) -> bool {
    let lower = metric.to_lowercase();
    ["fail", "error", "alert", "incident", "breach", "5xx", "violation", "crash", "regression", "timeout"]
        .iter()
        .any(|w| lower.contains(w))
}

/// `No elevated 5xx rate compared to pre-release baseline`.
fn not_elevated(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    if !lower.contains("baseline") {
        return None;
    }
    let at = [
        "no elevated ",
        "no increase in ",
        "no increased ",
        "no degradation in ",
        "no degradation of ",
        "no regression in ",
    ]
    .iter()
    .find_map(|w| Some(lower.find(w)? + w.len()))?;
    let rest = text.get(at..)?;
    let end = [" compared", " vs", " versus", " over", " against", " from", " relative", " above"]
        .iter()
        .filter_map(|w| rest.find(w))
        .min()?;
    Some(rest.get(..end)?.trim().to_owned()).filter(|m| !m.is_empty())
}

/// How long it must last: `(sustained 5+ minutes)`, `for 2 min`, `for more than 5 minutes`.
fn sustained(t: &[Token<'_>], from: usize) -> Option<u64> {
    let mut i = from;
    while let Some(word) = t.get(i) {
        if comparator(t, i).is_some_and(|(_, at, _)| amount(t, at).is_some()) && !word.is_any(&["over", "more", "at"]) {
            return None;
        }
        if word.is_any(&["for", "over", "sustained", "longer", "lasting", "during", "für", "durante", "pendant", "per"])
        {
            let mut at = i + 1;
            while at < i + 8
                && t.get(at).is_some_and(|k| {
                    matches!(k.kind, Kind::Sign('>' | '≥' | '~' | '(' | ':' | '=' | '+'))
                        || k.is_any(&[
                            "than", "more", "at", "least", "a", "the", "last", "past", "next", "for", "any", "over",
                        ])
                })
            {
                at += 1;
            }
            if let Some((seconds, _)) = times::duration(t, at) {
                return (!word.is("per")).then_some(seconds as u64);
            }
            // `10 consecutive minutes`
            if let (Some(n), true, Some(unit)) = (
                t.get(at).and_then(Token::number),
                t.get(at + 1).is_some_and(|w| w.is_any(&["consecutive", "full", "continuous"])),
                t.get(at + 2).and_then(|w| times::unit(w.text)),
            ) {
                return Some((n * unit) as u64);
            }
        }
        i += 1;
    }
    None
}

/// Behind an arrow stands the consequence.
fn severity_of(t: &[Token<'_>], text: &str) -> Option<&'static str> {
    let arrow = t.iter().enumerate().skip(1).find(|(i, k)| {
        matches!(k.kind, Kind::Sign('→' | '⇒' | '➡'))
            || k.sign('>') && t.get(i - 1).is_some_and(|p| p.to == k.from && (p.dash() || p.sign('=')))
    });
    severity(text, arrow.and_then(|(_, a)| text.get(a.to..)))
}

/// What follows decides how grave it is.
fn severity(text: &str, consequence: Option<&str>) -> Option<&'static str> {
    let lower = consequence.unwrap_or("").to_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    if has(&["not rollback", "n't rollback", "not roll back"]) {
        return Some("warn");
    }
    if has(&["rollback", "roll back", "revert", "abort"]) {
        return Some("rollback");
    }
    if has(&["page", "escalat", "wake", "call "]) {
        return Some("page");
    }
    if has(&["warn", "alert", "ticket", "investigat", "notify"]) {
        return Some("warn");
    }
    let lower = text.to_lowercase();
    if ["abort if", "abort when", "rollback if", "roll back if", "rollback when", "roll back when", "revert if"]
        .iter()
        .any(|w| lower.contains(w))
    {
        return Some("rollback");
    }
    if ["page if", "page when", "alert if"].iter().any(|w| lower.contains(w)) {
        return Some("page");
    }
    None
}

/// Words that stand between a metric and its comparator, or introduce it, and say nothing.
const FILLERS: &[&str] = &[
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
];

/// The words before a comparator: back to the clause's start, or what stands before the bracket or colon.
fn metric(t: &[Token<'_>], i: usize, text: &str, used: usize, fallback: &str, next: usize) -> String {
    let mut start = i;
    let mut open = None;
    while start > 0 {
        let Some(p) = t.get(start - 1) else { break };
        if p.to <= used && used > 0 {
            break;
        }
        let boundary =
            matches!(p.kind, Kind::Sign(';' | ',' | '→' | '⇒' | '|' | ':' | '：' | '!' | '?' | '，' | '；' | '。'))
                || p.sign('.') && p.to < t.get(start).map_or(p.to, |n| n.from)
                || p.sign('+') && p.to < t.get(start).map_or(p.to, |n| n.from)
                || matches!(p.kind, Kind::Sign('—' | '–')) && p.to < t.get(start).map_or(p.to, |n| n.from)
                || p.is_any(&[
                    "if", "when", "and", "or", "with", "while", "until", "where", "unless", "und", "oder", "wenn",
                    "falls",
                ]);
        if p.sign('(') || p.sign('[') {
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
    let mut end = i;
    while end > start
        && t.get(end - 1)
            .is_some_and(|w| w.is_any(FILLERS) || matches!(w.kind, Kind::Sign(_)) && !w.sign(')') && !w.sign('%'))
    {
        end -= 1;
    }
    while start < end
        && t.get(start).is_some_and(|w| {
            w.is_any(&["the", "a", "that", "ensure", "abort", "any", "is", "are"])
                || matches!(w.kind, Kind::Sign(c) if c != '(')
        })
    {
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
    if let Some(open) = open.filter(|o| used == 0 || t.get(*o).is_some_and(|k| k.from < used)).or(open)
        && t.get(open).is_some_and(|k| k.from >= used)
    {
        let mut from = open;
        while from > 0
            && t.get(from - 1)
                .is_some_and(|p| !(matches!(p.kind, Kind::Sign(';' | ',' | '→' | '|')) || p.to <= used && used > 0))
        {
            from -= 1;
        }
        let mut to = open;
        if let Some(at) = (from..to).find(|k| comparator(t, *k).is_some()) {
            to = at;
        }
        while to > from
            && t.get(to - 1).is_some_and(|w| w.is_any(FILLERS) || matches!(w.kind, Kind::Sign(_)) && !w.sign(')'))
        {
            to -= 1;
        }
        let words = clean(&cut(from, to));
        if !words.is_empty() && used == 0 {
            return words;
        }
    }
    if !fallback.is_empty() {
        return clean(fallback);
    }
    // `(≤8.6 minutes downtime/day)`: what follows.
    let mut to = next;
    while t.get(to).is_some_and(|w| w.kind == Kind::Word || w.sign('/')) && to < next + 4 {
        to += 1;
    }
    clean(&cut(next, to))
}

/// Without the verb that asks for it and without signs at its ends.
fn clean(words: &str) -> String {
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
fn is_version(metric: &str) -> bool {
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
    )
}

/// Words that make a number one to watch.
fn is_metric(metric: &str) -> bool {
    let lower = metric.to_lowercase();
    [
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

fn is_metric_like(metric: &str) -> bool {
    metric.split_whitespace().count() <= 6
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Metric, comparator, value, unit, seconds, severity.
    type Read = (String, String, Value, Option<String>, Option<u64>, Option<String>);

    fn read(text: &str) -> Vec<Read> {
        let mut out = Vec::new();
        scan(text, 1, "", None, &mut out);
        out.into_iter().map(|t| (t.metric.raw().to_owned(), t.op, t.value, t.unit, t.for_s, t.severity)).collect()
    }

    type Expected<'a> = (&'a str, &'a str, Value, Option<&'a str>, Option<u64>, Option<&'a str>);

    #[test]
    fn what_people_write() {
        let cases: Vec<(&str, Vec<Expected<'_>>)> = vec![
            ("Error rate < 1%", vec![("Error rate", "<", json!(1), Some("%"), None, None)]),
            (
                "p95 latency > 250ms (sustained 5+ minutes)",
                vec![("p95 latency", ">", json!(250), Some("ms"), Some(300), None)],
            ),
            (
                "Error rate > 10% → Page on-call engineer",
                vec![("Error rate", ">", json!(10), Some("%"), None, Some("page"))],
            ),
            ("Error rate 1-3%", vec![("Error rate", "in", json!([1, 3]), Some("%"), None, None)]),
            ("p95 latency 500-1000ms", vec![("p95 latency", "in", json!([500, 1000]), Some("ms"), None, None)]),
            (
                "Total requests/sec: ⬚ (target: 100-500)",
                vec![("Total requests/sec", "in", json!([100, 500]), Some("rps"), None, None)],
            ),
            ("Redis memory MB: ⬚ (target: <500MB)", vec![("Redis memory MB", "<", json!(500), Some("MB"), None, None)]),
            (
                "Auth failure spike (>100 failures/minute - JWT/clock issues)",
                vec![("Auth failure spike", ">", json!(100), Some("/min"), None, None)],
            ),
            (
                "DB pool saturation (>80% connections used)",
                vec![("DB pool saturation", ">", json!(80), Some("%"), None, None)],
            ),
            (
                "Check DB connection pool usage (should be <50%)",
                vec![("DB connection pool usage", "<", json!(50), Some("%"), None, None)],
            ),
            ("Payments success rate ≥ 99%", vec![("Payments success rate", ">=", json!(99), Some("%"), None, None)]),
            (
                "Monitor table. Abort if error rate >0.5%.",
                vec![("error rate", ">", json!(0.5), Some("%"), None, Some("rollback"))],
            ),
            ("Zero 5xx errors during load test", vec![("5xx errors", "==", json!(0), None, None, None)]),
            ("Agent hallucination alerts = 0", vec![("Agent hallucination alerts", "==", json!(0), None, None, None)]),
            (
                "Performance: p95 ≤ 250ms, p99 ≤ 500ms",
                vec![
                    ("p95", "<=", json!(250), Some("ms"), None, None),
                    ("p99", "<=", json!(500), Some("ms"), None, None),
                ],
            ),
            (
                "Lighthouse thresholds met (Perf ≥90, PWA ≥95)",
                vec![("Perf", ">=", json!(90), None, None, None), ("PWA", ">=", json!(95), None, None, None)],
            ),
            (
                "Load test successful (≥ 1000 RPS)",
                vec![("Load test successful", ">=", json!(1000), Some("rps"), None, None)],
            ),
            (
                "If CPU stays above 80% for more than 5 minutes, page",
                vec![("CPU", ">", json!(80), Some("%"), Some(300), None)],
            ),
            ("Availability: >99.9% uptime", vec![("Availability", ">", json!(99.9), Some("%"), None, None)]),
            ("Monitor for at least 15 minutes before widening traffic", vec![]),
            ("feature_flag percentage=5 => next", vec![]),
            ("Use <sha> and -> 3 arrows", vec![]),
            ("30-min soak test at ≥3× expected RPS", vec![]),
            ("Node >= 18 installed", vec![]),
        ];
        for (text, expected) in cases {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(m, o, v, u, f, s)| {
                    (m.to_owned(), o.to_owned(), v, u.map(str::to_owned), f, s.map(str::to_owned))
                })
                .collect();
            assert_eq!(read(text), expected, "{text}");
        }
    }
}

//! What a number is about: the words before its comparator, and which words make a metric.

use std::sync::LazyLock;

use super::compare::comparator;
use super::known::Known;
use super::lasting::length_at;
use super::severity;
use super::tongues::each;
use crate::runbook::labels;
use crate::runbook::tokens::{Kind, Token};

mod stems;
mod words;

use words::FILLERS;
pub(super) use words::{Better, better, is_bad, is_metric, is_metric_like, is_version, unit_of, without_unit};

static LITTLE: LazyLock<Known> = LazyLock::new(|| Known::of(FILLERS.iter().copied()));

/// Words that a name may begin with and is not changed by.
static LEADS: LazyLock<Known> = LazyLock::new(|| {
    Known::of(
        "the a that ensure abort any is are our die der das la le el target targets objective goal expected maximum minimum \
         current only bei einer eine einem mit ab con una un une avec por pour uma com bij een met при с falls si se"
            .split(' '),
    )
});

/// What a number is about where the line itself does not say.
#[derive(Clone, Copy, Default)]
pub(super) struct Names<'a> {
    /// The first cell of a row: stronger than what follows the number.
    pub row: Option<&'a str>,
    /// The item, label or heading around it: weaker.
    pub around: Option<&'a str>,
    /// What the number before it in the same line is about.
    pub last: Option<&'a str>,
    /// Whether that number is a length of time.
    pub timed: bool,
    /// Whether the line asks for what it says: a box, or a place of limits.
    pub expected: bool,
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
                | "grün"
                | "vert"
                | "verde"
                | "groen"
                | "grön"
                | "grøn"
                | "zielony"
                | "zelená"
                | "зелёный"
                | "зеленый"
                | "зелений"
                | "yeşil"
                | "緑"
                | "绿色"
                | "vihreä"
                | "zöld"
                | "ziel"
                | "soll"
                | "objectif"
                | "objetivo"
                | "obiettivo"
                | "meta"
                | "doel"
                | "mål"
                | "cel"
                | "cíl"
                | "мета"
                | "цель"
                | "норма"
                | "hedef"
                | "alarm"
                | "eskalation"
                | "escalation"
                | "fine"
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
        LITTLE.has(w) || matches!(w.kind, Kind::Sign(c) if !matches!(c, ')' | '%' | ']')) || w.text.ends_with("n't")
    };
    let mut end = i;
    while end > start && t.get(end - 1).is_some_and(says_little) {
        end -= 1;
    }
    // `for 5 minutes p95 stays above`, `错误率连续 5 分钟高于`: the length is no part of the name.
    if let Some((at, next)) =
        (start..end).find_map(|k| length_at(t, k).map(|(_, next)| (k, next)).filter(|(_, n)| *n <= i))
    {
        if at == start {
            start = next.min(end);
        } else {
            end = at;
            while end > start && t.get(end - 1).is_some_and(says_little) {
                end -= 1;
            }
        }
    }
    let leads = |w: &Token<'_>| LEADS.has(w) || matches!(w.kind, Kind::Sign(c) if c != '(');
    while start < end && t.get(start).is_some_and(|w| leads(w) || each(std::slice::from_ref(w)).is_some()) {
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
        && t.get(to - 1).is_some_and(|w| LITTLE.has(w) || matches!(w.kind, Kind::Sign(c) if !matches!(c, ')' | '%')))
    {
        to -= 1;
    }
    while from < to && t.get(from).is_some_and(leads) {
        from += 1;
    }
    clean(&cut(from, to))
}

/// Whether a name is in a script or language whose metrics nobody can list: `Kuyrukta`, `队列积压`.
pub(super) fn foreign(metric: &str) -> bool {
    !metric.is_ascii() && metric.split_whitespace().count() <= 4
}

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

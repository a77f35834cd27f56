//! A counter only grows: held against a fixed number it trips once and for ever, or never.

use super::Block;
use crate::check::pattern::pattern;
use crate::check::sheet::{Kind, Sheet};
use crate::check::sink::Sink;
use crate::finding::codes::{COUNTER, ONE_SAMPLE};
use crate::runbook::Runbook;

pattern! {
    /// A name as Prometheus gives counters.
    COUNTS = r"\b[a-z][a-z0-9_:]*_(?:total|count|sum)\b";
    /// The same, compared with a number over zero.
    COMPARED = r"\b[a-z][a-z0-9_:]*_total`?(?:\{[^}]*\})?`?\s*(?:>=?|>|≥|is over|exceeds|above)\s*`?[1-9]";
    RATED = r"\b(?:i?rate|increase|i?delta|deriv|per (?:second|minute|hour)|/ ?(?:s|min|minute|second|h)\b|in (?:the )?last|within)";
    TOTALS = r"time_total";
    LIMIT = r#"(?:>|-gt|-ge)\s*"?(\d+(?:\.\d+)?)"#;
    QUANTILE = r"\bp(?:50|75|9\d(?:\.9)?|99\d?)\b|percentile|quantile";
}

pub(super) fn check(block: &Block<'_, '_>, out: &mut Sink) {
    let text = block.command.text.raw();
    for simple in &block.script.commands {
        let Some(name) = &simple.into else { continue };
        if simple.program() == "curl" {
            continue; // `%{time_total}`
        }
        let Some(word) = simple.words.iter().find(|w| COUNTS.is_in(&w.text) && !w.text.contains("rate(")) else {
            continue;
        };
        if !compared(text, name) || differs(text, name) {
            continue;
        }
        let one = block.pipeline(simple.pipeline).any(|s| matches!(s.program(), "tail" | "head"));
        let only = if one { ", and only one of its label sets is looked at" } else { "" };
        let counter = COUNTS.find(&word.text).map_or("", |m| m.as_str());
        let message = format!("`{counter}` counts since the process began: held against a number it is no rate{only}");
        let help = format!("ask for the rate, as in `sum(rate({counter}[5m]))`, or make it a metric of the plan");
        block.about_word(out, COUNTER, word, &message, &help);
    }
    one_sample(block, out);
}

/// `(( NAME > 1000 ))`, `[ "$NAME" -gt 1000 ]`
fn compared(text: &str, name: &str) -> bool {
    text.lines().any(|line| {
        mentions(line, name)
            && LIMIT.is_in(line)
            && !line.trim_start().starts_with('#')
            && !line.trim_start().starts_with(&format!("{name}="))
    })
}

/// Two readings of it, one taken from the other, are a rate.
fn differs(text: &str, name: &str) -> bool {
    let taken = text.matches(&format!("{name}=")).count() > 1;
    taken || text.lines().any(|l| mentions(l, name) && l.contains("$((") && l.contains('-'))
}

fn mentions(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let edge = |c: Option<char>| c.is_none_or(|c| !(c.is_alphanumeric() || c == '_'));
        edge(line.get(..at).and_then(|b| b.chars().next_back()))
            && edge(line.get(at + name.len()..).and_then(|b| b.chars().next()))
    })
}

/// One request timed by hand, where a quantile is promised.
fn one_sample(block: &Block<'_, '_>, out: &mut Sink) {
    let text = block.command.text.raw();
    for simple in &block.script.commands {
        let Some(name) = &simple.into else { continue };
        if simple.program() != "curl" || !simple.args().any(|a| TOTALS.is_in(a)) {
            continue;
        }
        let Some(limit) = text
            .lines()
            .filter(|l| mentions(l, name))
            .find_map(|l| LIMIT.captures(l)?.get(1)?.as_str().parse::<f64>().ok())
        else {
            continue;
        };
        let promised = latencies(block.sheet.book);
        let Some((line, ms)) = promised.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1)) else { continue };
        if promised.iter().any(|(_, ms)| (ms - limit * 1000.0).abs() < 1.0) {
            continue;
        }
        let message = format!(
            "one request is timed and held against {limit} s, but line {line} asks for a quantile under {ms} ms"
        );
        block.about(
            out,
            ONE_SAMPLE,
            simple,
            &message,
            "measure the quantile over many requests, against the same number",
        );
    }
}

/// Lines and milliseconds of latency limits on a quantile.
fn latencies(book: &Runbook) -> Vec<(u32, f64)> {
    book.thresholds
        .iter()
        .filter(|t| t.op.starts_with('<') && QUANTILE.is_in(t.metric.raw()))
        .filter_map(|t| {
            let scale = match t.unit.as_deref() {
                Some("ms") => 1.0,
                Some("s") => 1000.0,
                _ => return None,
            };
            Some((t.line, t.value.as_f64()? * scale))
        })
        .collect()
}

/// The same in prose and in queries: `http_errors_total > 100`.
pub(in crate::check) fn in_prose(sheet: &Sheet<'_>, out: &mut Sink) {
    for row in sheet.spoken() {
        if matches!(row.kind, Kind::Code(ix) if sheet.book.commands.get(ix).and_then(|c| c.lang.as_ref()).is_some_and(|l| l.raw() != "promql"))
        {
            continue;
        }
        let Some(found) = COMPARED.find(row.text) else { continue };
        if RATED.is_in(row.text) {
            continue;
        }
        let name = COUNTS.find(found.as_str()).map_or("", |m| m.as_str());
        let message = format!("`{name}` counts since the process began: held against a number it is no rate");
        out.words(
            sheet,
            COUNTER,
            row.line,
            found.as_str(),
            &message,
            &format!("write `rate({name}[5m]) > …` or `increase({name}[5m]) > …`"),
        );
    }
}

/// Whether a query is a counter as it stands.
pub(in crate::check) fn is_bare_counter(query: &str) -> bool {
    let counter = COUNTS.find(query).is_some_and(|m| m.as_str().ends_with("_total"));
    counter
        && !query.contains(['/', '-'])
        && !["rate(", "irate(", "increase(", "delta(", "deriv(", "resets("].iter().any(|f| query.contains(f))
}

//! Times of watching and how often to look: `1:00 PM - 1:30 PM (CRITICAL MONITORING)`, `every 2 minutes`, `Monitor for 24h`.

use super::lines::{Place, Said, bare};
use super::{Seen, column};
use crate::runbook::labels;
use crate::runbook::markdown::{Kind, Row};
use crate::runbook::times;
use crate::runbook::{Check, Window};

/// Windows in document order.
pub(in crate::runbook) fn windows(seen: &Seen<'_>, lines: &[Said<'_>]) -> Vec<Window> {
    let mut out: Vec<Window> = Vec::new();
    // The window that cadences belong to, and where it stands.
    let mut open: Option<(usize, Span)> = None;
    let mut heading_line: Option<&Said<'_>> = None;
    for said in lines {
        if said.place == Place::Heading {
            heading_line = Some(said);
            open = None;
            let times = times::in_heading(&said.text);
            if watches(&said.text) && times.estimate.is_some() && times.at.is_some() {
                open = Some((out.len(), Span::Section));
                out.push(window(times::title(&said.text), said.line, times));
            }
            continue;
        }
        if said.place == Place::Code {
            continue;
        }
        if let Some((_, Span::Block(block))) = open
            && block != said.block
        {
            open = None;
        }
        let text = bare(&said.text);
        // A stretch of a timeline that is for watching.
        let timed = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, 'T' | '['));
        if timed
            && let Some((times, what)) = times::timeline(text)
            && times.estimate.is_some()
        {
            open = None;
            if watches(what) {
                open = Some((out.len(), Span::Block(said.block)));
                out.push(window(what, said.line, times));
            }
            continue;
        }
        if let Some(every) = if may_repeat(text) { times::cadence(text) } else { None } {
            let at = match &open {
                Some((at, _)) => *at,
                None if !looks(text) && !heading_line.is_some_and(|h| watches(&h.text)) => continue,
                None => {
                    let title = heading_line.map_or(text, |h| h.text.as_ref());
                    let line = heading_line.map_or(said.line, |h| h.line);
                    let times = times::in_heading(title);
                    open = Some((out.len(), Span::Section));
                    out.push(window(times::title(title), line, times));
                    out.len() - 1
                }
            };
            let Some(window) = out.get_mut(at) else { continue };
            // `every 5 minutes, then every 30 minutes`: a cadence that changes.
            let parts: Vec<(&str, u64)> =
                clauses(text).filter_map(|part| Some((part, times::cadence(part)?))).collect();
            match &parts[..] {
                [_, _, ..] => window.checks.extend(parts.iter().map(|(part, every)| Check {
                    text: (*part).into(),
                    every: *every,
                    line: said.line,
                })),
                _ => window.checks.push(Check { text: text.into(), every, line: said.line }),
            }
            continue;
        }
        if let Some(length) = watched_for(text) {
            out.push(Window { title: text.into(), line: said.line, at: None, length: Some(length), checks: vec![] });
        }
    }
    for (block, _) in seen.blocks() {
        if let Kind::Table(rows) = &block.kind {
            out.extend(from_table(rows));
        }
    }
    out.sort_by_key(|w| w.line);
    out
}

/// A cheap look for a word that says how often.
fn may_repeat(text: &str) -> bool {
    [
        "very", "VERY", "ourly", "aily", "nce ", "wice", "lle ", "ede ", "cada", "Cada", "gni ", "lke ", "outes",
        "ous les", "ажд", "每", "ごと", "おき", "毎", "stünd", "tägl",
    ]
    .iter()
    .any(|w| text.contains(w))
}

/// The clauses of a line that may each say how often.
fn clauses(text: &str) -> impl Iterator<Item = &str> {
    text.split([';', '；', '。'])
        .flat_map(|s| s.split(". "))
        .flat_map(|s| s.split(" then "))
        .map(|s| s.trim().trim_end_matches([',', '.', ' ']))
}

/// How far a window reaches.
enum Span {
    /// The rest of the section.
    Section,
    /// The rest of the block.
    Block(usize),
}

fn window(title: &str, line: u32, times: times::Times) -> Window {
    Window { title: title.into(), line, at: times.at, length: times.estimate, checks: vec![] }
}

const WATCHING: &[&str] = &[
    "monitor",
    "watch",
    "observ",
    "soak",
    "hypercare",
    "bake",
    "überwach",
    "beobacht",
    "surveill",
    "monitoriz",
    "supervis",
    "vigil",
    "监控",
    "观察",
    "監視",
    "наблюд",
    "мониторинг",
];

/// Whether a text speaks of watching.
fn watches(text: &str) -> bool {
    let lower = text.to_lowercase();
    WATCHING.iter().any(|w| lower.contains(w))
}

/// Whether a line that says how often asks for a look or a word.
fn looks(text: &str) -> bool {
    let lower = text.to_lowercase();
    watches(text)
        || [
            "check",
            "review",
            "status",
            "update",
            "report",
            "verify",
            "poll",
            "metric",
            "log",
            "dashboard",
            "prüf",
            "kontroll",
            "vérif",
            "contrôl",
            "comprob",
            "revis",
            "確認",
            "检查",
            "провер",
            "look",
        ]
        .iter()
        .any(|w| lower.contains(w))
}

/// `Monitor dashboards for 24h`, `Watch logs 15 minutes`, `Critical Monitoring Period: 30 minutes after full rollout`.
fn watched_for(text: &str) -> Option<u64> {
    if !watches(text) || !times::has_duration(text) && !text.to_lowercase().contains("one ") {
        return None;
    }
    let lower = text.to_lowercase();
    if lower.contains("soak test") {
        return None;
    }
    let begins = labels::imperative(text)
        || lower.contains("monitoring period")
        || lower.contains("monitoring window")
        || lower.contains("soak")
        || lower.contains("hypercare")
        || WATCHING.iter().any(|w| lower.starts_with(w));
    // A sentence that begins otherwise may still ask for it: `Backend: watch the logs for 15 minutes`.
    let at = WATCHING.iter().filter_map(|w| lower.find(w)).min()?;
    (begins || lower.get(..at).is_some_and(|b| b.trim_end().ends_with([':', '-', '–', ',', ';', '→'])))
        .then(|| times::length_in(text.get(at..).unwrap_or(text)).or_else(|| times::length_in(text)))
        .flatten()
        .filter(|s| *s >= 60)
}

/// `| Window | From | Until | Interval |`.
fn from_table(rows: &[Row]) -> Vec<Window> {
    let Some((head, body)) = rows.split_first() else { return vec![] };
    let head = &head.cells;
    let Some(every) = column(
        head,
        &[
            "interval",
            "cadence",
            "frequency",
            "every",
            "check interval",
            "check frequency",
            "how often",
            "polling",
            "intervall",
            "häufigkeit",
            "fréquence",
            "intervalle",
            "frecuencia",
            "intervalo",
            "频率",
            "間隔",
            "頻度",
            "интервал",
            "частота",
        ],
    ) else {
        return vec![];
    };
    let when = column(
        head,
        &[
            "when",
            "window",
            "time",
            "period",
            "time window",
            "phase",
            "from",
            "duration",
            "zeit",
            "zeitraum",
            "période",
            "periodo",
            "stage",
            "hours",
            "fenster",
            "时间",
            "時間",
            "период",
            "время",
        ],
    );
    let what = column(head, &["what", "check", "metric", "focus", "activity", "action", "signal", "who", "scope"]);
    body.iter()
        .filter_map(|row| {
            let cell = |i: Option<usize>| i.and_then(|i| row.cells.get(i)).map_or("", |c| c.trim());
            let said = cell(Some(every));
            let every = times::cadence(said).or_else(|| times::length_in(said))?;
            let times = times::in_heading(cell(when));
            let length = times.estimate.or_else(|| times::length_in(cell(when)).filter(|_| times.at.is_none()));
            let title = [cell(when), cell(what), row.cells.first().map_or("", |c| c.trim())]
                .into_iter()
                .find(|t| !t.is_empty())?;
            let text = if cell(what).is_empty() { said } else { cell(what) };
            Some(Window {
                title: title.into(),
                line: row.line,
                at: times.at,
                length,
                checks: vec![Check { text: text.into(), every, line: row.line }],
            })
        })
        .collect()
}

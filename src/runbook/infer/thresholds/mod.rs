//! Thresholds in prose: `p95 latency > 250ms (sustained 5+ minutes)`, `Error rate 1-3%`, `≥ 99%`, `Zero 5xx errors`.

use super::Seen;
use crate::runbook::Threshold;
use crate::runbook::class;
use crate::runbook::labels;
use crate::runbook::markdown::Kind as BlockKind;
use crate::runbook::times;
use crate::runbook::tokens::has_digit;

mod amount;
mod clause;
mod columns;
mod compare;
mod comparison;
mod eastern;
mod grammar;
mod known;
mod lasting;
mod metric;
mod none;
mod numerals;
mod scan;
mod sentences;
mod severity;
mod stated;
mod table;
mod tongues;

use metric::Names;
use scan::{Asked, scan};
use sentences::sentences;
use severity::around;
use stated::promises;
use table::table;

/// Longer lines are no sentences.
const MAX_LINE: usize = 2000;

/// Whether a metric is better when it is low, where its name says so.
pub(in crate::runbook) fn lower_is_better(metric: &str) -> Option<bool> {
    metric::better(metric).map(|better| better == metric::Better::Low)
}

/// The limits that a few words state by themselves.
pub(in crate::runbook) fn of_words(text: &str) -> Vec<Threshold> {
    let mut found = Vec::new();
    if may_hold(text) {
        scan(Asked { text, line: 1, ..Asked::default() }, &mut found);
    }
    found
}

/// Thresholds in document order.
pub(in crate::runbook) fn thresholds(seen: &Seen<'_>) -> Vec<Threshold> {
    let mut out = Vec::new();
    let mut label: Option<String> = None;
    let mut section = None;
    let mut here = None;
    let mut listing = None;
    // What the heading says without its times, and what the last item around others promises.
    let mut place = None;
    let mut above = ("", false);
    for (block, heading) in seen.blocks() {
        let before = out.len();
        if section != heading {
            section = heading;
            label = None;
            here = None;
            listing = None;
            place = None;
        }
        match &block.kind {
            BlockKind::Paragraph => {
                if block.item.is_none() {
                    here = None;
                    listing = None;
                    label = labels::labels(block).pop().filter(|l| l.text.is_empty()).map(|l| l.name);
                }
                for said in sentences(block) {
                    let text = &said.text;
                    if may_hold(text) {
                        let severity = *here.get_or_insert_with(|| around(seen, heading, label.as_deref()));
                        let parent = outer(seen, block.item);
                        let of_parent = parent.and_then(severity::of_word);
                        let titled = *place.get_or_insert_with(|| times::title(seen.title(heading)));
                        let of_place = label.as_deref().or(Some(titled));
                        if let Some(parent) = parent.filter(|p| *p != above.0) {
                            above = (parent, promises(parent));
                        }
                        let promised = parent.is_some() && above.1
                            || *listing.get_or_insert_with(|| {
                                label.as_deref().is_some_and(promises) || seen.path(heading).take(2).any(promises)
                            });

                        let boxed = block.item.and_then(|i| seen.doc.items.get(i)).is_some_and(|i| i.task.is_some());
                        let names = Names {
                            row: None,
                            last: None,
                            timed: false,
                            expected: promised || boxed,
                            around: parent.filter(|_| of_parent.is_none()).or(of_place),
                        };
                        let severity = of_parent.or(severity);
                        let breaks = &said.breaks;
                        let asked =
                            Asked { text, line: said.line, breaks, names, severity, promised, ..Asked::default() };
                        scan(asked, &mut out);
                    }
                }
            }
            // `Rollback (if error rate > 2% for 5 minutes)`, `Error rate above 5 %`.
            BlockKind::Heading(_) => {
                let text = block.plain();
                let severity = around(seen, heading, None);
                let asked = |text| Asked { text, line: block.first, severity, ..Asked::default() };
                if let Some(condition) = in_brackets(text).filter(|c| may_hold(c)) {
                    scan(asked(condition), &mut out);
                } else if may_hold(text) {
                    scan(asked(text), &mut out);
                    // A title is short and names much: only a number with its unit about something that is measured.
                    let mut at = 0;
                    out.retain(|t| {
                        at += 1;
                        at <= before || t.unit.is_some() && t.op != "in" && metric::is_metric(t.metric.raw())
                    });
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
                    // `set(key, ttl = 3600) {` is code, though nothing says of which language.
                    let code = |b: &str| b.ends_with(['{', ';', '}']);
                    if let Some(body) = body.filter(|b| may_hold(b) && !code(b)) {
                        scan(Asked { text: body, line: number, ..Asked::default() }, &mut out);
                    }
                }
            }
            _ => {}
        }
        if let Some(heading) = heading.filter(|_| out.len() > before) {
            let title = times::title(seen.title(Some(heading)));
            out.iter_mut().skip(before).for_each(|t: &mut Threshold| t.under = Some(title.into()));
        }
    }
    out
}

/// The condition in the brackets at the end of a heading, if it says that it is one.
fn in_brackets(title: &str) -> Option<&str> {
    let (_, inner) = title.trim_end().strip_suffix([')', '）'])?.rsplit_once(['(', '（'])?;
    let first = inner.split_whitespace().next()?.to_lowercase();
    let asks = matches!(
        first.as_str(),
        "if" | "when" | "once" | "wenn" | "bei" | "falls" | "si" | "cuando" | "se" | "если" | "при"
    );
    asks.then_some(inner)
}

/// What the item around an item says, without the colon at its end.
fn outer<'d>(seen: &Seen<'d>, item: Option<usize>) -> Option<&'d str> {
    let parent = seen.doc.items.get(seen.doc.items.get(item?)?.parent?)?;
    let text = seen.doc.blocks.get(parent.text?)?.plain().trim_end_matches([':', '：', ' ']);
    (text.len() <= 80).then_some(text)
}

/// Whether a line states a limit rather than asks for something.
pub(in crate::runbook) fn states_limit(text: &str) -> bool {
    let mut found = Vec::new();
    if may_hold(text) && !labels::imperative(text) {
        scan(Asked { text, line: 1, ..Asked::default() }, &mut found);
    }
    !found.is_empty()
}

/// A cheap look before the line is cut to pieces.
fn may_hold(text: &str) -> bool {
    text.len() <= MAX_LINE
        && (has_digit(text)
            || ["ero ", "aseline", "SLO", " zero"].iter().any(|w| text.contains(w))
            || numerals::any(text))
}

#[cfg(test)]
mod tests;

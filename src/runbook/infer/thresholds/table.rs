//! Tables of limits: a row for each metric and a column for each severity, or a row for each service and a column for each metric.

use super::amount::{amount, number};
use super::columns::{NAMES, Role, Side, lengths, role, usual};
use super::compare::{By, comparator, postfix};
use super::may_hold;
use super::metric::{self, Better, Names};
use super::scan::{Asked, fits, scan};
use super::severity;
use super::tongues::{each, plain};
use crate::runbook::Threshold;
use crate::runbook::infer::column;
use crate::runbook::markdown::Row;
use crate::runbook::times;
use crate::runbook::tokens::{Token, tokens};

/// Thresholds of a table. `around` is the severity of the place it stands in.
pub(super) fn table(rows: &[Row], around: Option<&'static str>, out: &mut Vec<Threshold>) {
    let Some((head, body)) = rows.split_first() else { return };
    let name = column(&head.cells, NAMES).unwrap_or(0);
    let roles: Vec<Role> =
        head.cells.iter().enumerate().map(|(i, c)| if i == name { Role::Name } else { role(c) }).collect();
    let mut roles = roles;
    if !roles.contains(&Role::Lasting)
        && let Some(at) = lengths(head, body, &roles)
        && let Some(role) = roles.get_mut(at)
    {
        *role = Role::Lasting;
    }
    // In a row with `> 40` the range beside it is one too, though it has no unit.
    let limits = roles.iter().any(|r| matches!(r, Role::Limit(..)));
    let several = roles.iter().filter(|r| matches!(r, Role::Limit(..))).count() > 1;
    for row in body {
        let cell = |want: Role| {
            roles
                .iter()
                .position(|r| *r == want)
                .and_then(|i| row.cells.get(i))
                .map(|c| c.trim())
                .filter(|c| !c.is_empty())
        };
        // `| 07:00 | login failures | max 15/min |`: a time is no name.
        let letters = |c: &&String| c.chars().any(char::is_alphabetic);
        let named = row.cells.get(name).filter(|c| letters(c) || starts_comparing(c) || is_range(c));
        let named =
            named.or_else(|| row.cells.iter().find(|c| letters(c) && !starts_comparing(c))).map_or("", String::as_str);
        let before = out.len();
        // A name that holds a whole limit: `Error rate > 5%`.
        if may_hold(named) && (!limits || starts_comparing(named) || is_range(named)) {
            // `| > 14.4 |` under `Burn rate`: the head names what is compared.
            let heads = head.cells.get(name).map(String::as_str).filter(|_| starts_comparing(named) || is_range(named));
            let names = Names { row: heads, ..Names::default() };
            let asked = Asked { text: named, line: row.line, severity: around, names, ..Asked::default() };
            scan(asked, out);
        }
        for ((text, role), head) in row.cells.iter().zip(&roles).zip(&head.cells) {
            let text = text.trim();
            if text.is_empty() || !may_hold(text) {
                continue;
            }
            // Beside columns of limits one that says how it usually is holds none, unless it compares.
            if usual(head) && several && !starts_comparing(text) {
                continue;
            }
            let (severity, side) = match role {
                Role::Limit(severity, side) => (severity.or(around), Some(*side)),
                Role::Metric | Role::Other => (around, None),
                _ => continue,
            };
            // In a table with columns for limits the others only tell.
            // … but for a cell that is a limit by its looks.
            let beside = || row.cells.iter().skip(1).any(|c| starts_comparing(c));
            let looks = starts_comparing(text)
                || text == "0" && beside()
                || text.starts_with(['<', '>', '≤', '≥', '＜', '＞'])
                || is_range(text) && (has_unit(text) || beside());
            if limits && side.is_none() && *role != Role::Metric && !looks {
                continue;
            }
            let side = side.or(if looks && named.chars().any(char::is_alphabetic) { Some(Side::Keep) } else { None });
            let of_head = *role == Role::Metric;
            let both;
            // `| Low | 1–3 % |` under `Level | Error rate`: the row names a level, the head the metric.
            let level = of_head && metric::is_metric(bare_head(head)) && is_level(named);
            let name = if level {
                bare_head(head)
            } else if of_head && !metric::is_metric(named) {
                both = format!("{} {}", named.trim(), bare_head(head));
                both.as_str()
            } else {
                named
            };
            let unit =
                unit_of_head(head).or_else(|| metric::unit_of(named, text)).or_else(|| each(&tokens(named))).or_else(
                    || unit_of_head(named).filter(|u| !matches!(*u, "d" | "h" | "min") || named.contains(['(', '['])),
                );
            let before = out.len();
            let joined;
            let words = match (cell(Role::Op), cell(Role::Unit)) {
                (None, None) => text,
                (op, unit) => {
                    joined = format!("{} {text} {}", op.unwrap_or(""), unit.unwrap_or(""));
                    joined.as_str()
                }
            };
            let asked = Asked {
                text: words,
                line: row.line,
                // Where the head does not promise a limit, the row's name is only a hint.
                names: if side.is_some() || of_head {
                    Names { row: Some(name), ..Names::default() }
                } else {
                    Names { around: Some(name), ..Names::default() }
                },
                severity,
                unit,
                ..Asked::default()
            };
            scan(asked, out);
            if out.len() == before
                && let Some(side) = side
            {
                out.extend(bare(words, name, side, unit, severity, row.line));
            }
        }
        let for_s = cell(Role::Lasting).and_then(lasting).or_else(|| {
            let at = roles.iter().position(|r| *r == Role::Lasting)?;
            let per = head.cells.get(at).and_then(|h| unit_of_head(h)).and_then(times::unit)?;
            let n: f64 = row.cells.get(at)?.trim().parse().ok()?;
            Some((n * per) as u64)
        });
        let grave = cell(Role::Consequence).and_then(severity::of_consequence);
        for found in out.iter_mut().skip(before) {
            found.for_s = found.for_s.or(for_s);
            if let Some(grave) = grave {
                found.severity = Some(grave.into());
            }
            found.text = row.cells.join(" | ").into();
        }
    }
}

/// `höchstens 800 ms`, `3%超`: a limit in words and nothing before it.
fn starts_comparing(text: &str) -> bool {
    let t = plain(text, &tokens(text));
    // `분당 20건 초과`
    let t = t.get(usize::from(each(t.get(..1).unwrap_or_default()).is_some())..).unwrap_or_default();
    // `di bawah 10.000`
    let little =
        t.first().is_some_and(|w| w.text.chars().count() <= 3 && w.number().is_none() && comparator(t, 0).is_none());
    let t = t.get(usize::from(little && comparator(t, 1).is_some())..).unwrap_or_default();
    comparator(t, 0).is_some_and(|c| c.by != By::Within && amount(t, c.next).is_some())
        || amount(t, 0).is_some_and(|(_, _, next)| postfix(t, next).is_some())
}

/// Whether a cell names how grave something is and nothing else.
fn is_level(cell: &str) -> bool {
    let lower = cell.trim().to_lowercase();
    severity::of_word(cell).is_some()
        || matches!(
            lower.as_str(),
            "low"
                | "medium"
                | "high"
                | "minor"
                | "moderate"
                | "severe"
                | "green"
                | "orange"
                | "ok"
                | "normal"
                | "degraded"
                | "niedrig"
                | "mittel"
                | "hoch"
        )
        || ["level", "sev", "tier", "stufe", "niveau", "nivel"].iter().any(|w| {
            lower.strip_prefix(w).is_some_and(|rest| rest.trim_start_matches([' ', '-']).parse::<u8>().is_ok())
        })
}

/// Whether the number that ends a cell has a unit.
fn has_unit(text: &str) -> bool {
    text.ends_with(|c: char| !c.is_ascii_digit())
}

/// `3-6 s`, `60–85%` and nothing else.
fn is_range(text: &str) -> bool {
    let t = tokens(text);
    let Some((_, _, mid)) = amount(&t, 0) else { return false };
    if !t.get(mid).is_some_and(Token::dash) {
        return false;
    }
    amount(&t, mid + 1)
        .is_some_and(|(_, unit, next)| unit.is_none_or(|u| !matches!(u, "min" | "h" | "d")) && next >= t.len())
}

/// The length in a cell; a window of many days is what an objective is counted over, not how long it must last.
fn lasting(cell: &str) -> Option<u64> {
    times::length_in(cell).filter(|s| *s <= 86_400)
}

/// A cell that is a number and nothing else, where the metric's name says which way is worse.
fn bare(
    text: &str,
    name: &str,
    side: Side,
    unit_of_bare: Option<&'static str>,
    severity: Option<&'static str>,
    line: u32,
) -> Option<Threshold> {
    let t = plain(text, &tokens(text));
    if (0..t.len()).any(|i| comparator(&t, i).is_some()) {
        return None;
    }
    let (value, unit, next) = amount(&t, 0)?;
    let unit = unit.or(unit_of_bare).or_else(|| metric::unit_of(name, text));
    // Words behind it make it something else, but for `p95`, `avg` and a bracket.
    let rest = t.get(next);
    if rest.is_some_and(|r| {
        !(r.sign('(')
            || r.sign(',')
            || r.is_any(&["for", "over", "p95", "p99", "p50", "avg", "sustained", "per", "max"]))
    }) {
        return None;
    }
    let better = metric::better(name);
    let op = match (side, better.or((value == 0.0 && side == Side::Keep).then_some(Better::Low))?) {
        (Side::Keep, _) if value == 0.0 && better != Some(Better::High) => "==",
        (Side::Max, _) | (Side::Keep, Better::Low) => "<=",
        (Side::Min, _) | (Side::Keep, Better::High) => ">=",
        (Side::Cross, Better::Low) => ">",
        (Side::Cross, Better::High) => "<",
    };
    let metric = metric::clean(name);
    (fits(&metric, unit) && !metric.is_empty()).then(|| Threshold {
        metric: metric::without_unit(&metric, unit).into(),
        op: op.into(),
        value: number(value),
        unit: unit.map(Into::into),
        for_s: super::lasting::sustained(&t, next),
        severity: severity.map(Into::into),
        relative_to: None,
        line,
        text: text.into(),
        under: None,
    })
}

fn bare_head(head: &str) -> &str {
    head.split(['(', '（', '[']).next().unwrap_or(head).trim()
}

/// `Threshold (ms)`, `Duration (min)`, `CPU %`.
fn unit_of_head(head: &str) -> Option<&'static str> {
    let inner = match head.rfind(['(', '（', '[']) {
        Some(open) => head.get(open..)?.trim_matches(|c: char| !(c.is_alphanumeric() || matches!(c, '%' | '/'))),
        None => head.split_whitespace().last()?,
    };
    let t = tokens(inner);
    let (unit, next) = super::amount::unit(&t, 0);
    unit.filter(|u| next >= t.len() && *u != "count")
}

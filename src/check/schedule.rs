//! Timelines that do not fit: parts longer than the whole, a target longer than its estimate, times that go back, and phases without one.

use std::collections::HashMap;

use super::pattern::pattern;
use super::sheet::{Kind, Sheet, speaks_of_rollback};
use super::sink::Sink;
use crate::finding::codes::{DOES_NOT_FIT, NO_ESTIMATE};
use crate::runbook::{At, Phase, StepKind};

pattern! {
    PARALLEL = r"parallel|at the same time|simultaneous|concurrent|gleichzeitig|optional|if needed|in any order";
    WINDOW = r"\b(?:maintenance|change|release|deployment|cut-?over|outage|downtime) window\b[^.|]{0,40}?(?:(\d{1,2}):(\d{2})\s*(?:-|–|to)\s*(\d{1,2}):(\d{2})|\b(\d+(?:\.\d+)?)[ -]?(hours?|hrs?|h|minutes?|mins?|min)\b)";
    FROM_TO = r"(\d{1,2}):(\d{2})\s*(am|pm)?\s*(?:-|–|—|to|until)\s*(\d{1,2}):(\d{2})\s*(am|pm)?";
    OUTSIDE = r"\b(?:pre|post|before|after|prepar\w*|follow|next|monitor\w*|rollback|roll back|communicat\w*|retro\w*|hypercare|week|days?|staging)\b";
    TIMED = r"\d\s*(?:ms|s|sec|min|m|h|hours?|minutes?|seconds?|days?)\b|\bT\s?[+-]?\s?\d|\d:\d\d|\bnotes?\b|comments|sign-?off|summary|appendix";
    DATED = r"\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b|\d{4}-\d\d";
    MARK = r"\bT\s?[+\-−–]\s?\d";
}

pub(super) fn check(sheet: &Sheet<'_>, out: &mut Sink) {
    parts(sheet, out);
    targets(sheet, out);
    order(sheet, out);
    window(sheet, out);
    estimates(sheet, out);
}

/// The phases directly under one, with their index.
fn children(phases: &[Phase], ix: usize) -> Vec<&Phase> {
    let Some(own) = phases.get(ix) else { return Vec::new() };
    let below: Vec<&Phase> = phases.iter().skip(ix + 1).take_while(|p| p.level > own.level).collect();
    let Some(level) = below.iter().map(|p| p.level).min() else { return Vec::new() };
    below.into_iter().filter(|p| p.level == level).collect()
}

/// Steps of 10, 20 and 15 minutes in a phase of 30.
fn parts(sheet: &Sheet<'_>, out: &mut Sink) {
    for (ix, phase) in sheet.book.phases.iter().enumerate() {
        let Some(whole) = phase.estimate.filter(|w| *w > 0) else { continue };
        let below = children(&sheet.book.phases, ix);
        let sum: u64 = below.iter().filter_map(|p| p.estimate).sum();
        if sum <= whole || below.iter().filter(|p| p.estimate.is_some()).count() < 2 {
            continue;
        }
        let last = below.last().map_or(phase.line, |p| p.line);
        if sheet.rows.iter().any(|r| r.line >= phase.line && r.line <= last && PARALLEL.is_in(r.text)) {
            continue;
        }
        let message = format!("its parts take {} together, and it has {}", time(sum), time(whole));
        out.words(
            sheet,
            DOES_NOT_FIT,
            phase.line,
            phase.title.raw(),
            &message,
            "give it more time, or shorten its parts",
        );
    }
}

/// `(5 min)` in the heading, and a target from 12:05 to 12:15.
fn targets(sheet: &Sheet<'_>, out: &mut Sink) {
    for phase in &sheet.book.phases {
        let Some(estimate) = phase.estimate.filter(|e| *e > 0 && e % 60 == 0) else { continue };
        for note in phase.notes.iter().filter(|n| n.kind == "target") {
            let Some(minutes) = span(note.text.raw()) else { continue };
            if minutes * 60 != estimate {
                let message = format!(
                    "the target is {minutes} minutes long, and the heading at line {} says {}",
                    phase.line,
                    time(estimate)
                );
                out.line(sheet, DOES_NOT_FIT, note.line, &message, "make the two the same");
            }
        }
    }
}

/// Minutes of `12:05 - 12:15 PM`.
fn span(text: &str) -> Option<u64> {
    let c = FROM_TO.captures(text)?;
    let n = |i: usize| c.get(i).and_then(|m| m.as_str().parse::<i64>().ok());
    let (from, to) = (n(1)? * 60 + n(2)?, n(4)? * 60 + n(5)?);
    // Halves of the day need no reading: a target is shorter than twelve hours.
    Some((to - from).rem_euclid(720) as u64)
}

/// 11:45, then 11:40.
fn order(sheet: &Sheet<'_>, out: &mut Sink) {
    let timeline: Vec<_> = sheet.book.steps.iter().filter(|s| s.kind == StepKind::Timeline).collect();
    for pair in timeline.windows(2) {
        let [a, b] = pair else { continue };
        let together =
            a.heading_path == b.heading_path && b.line <= a.line + 4 && block(sheet, a.line) == block(sheet, b.line);
        let back = match (&a.at, &b.at) {
            (Some(At::T { t: a }), Some(At::T { t: b })) => b < a,
            (Some(At::Clock { clock: a, zone: za }), Some(At::Clock { clock: b, zone: zb })) => {
                // Past midnight it begins anew.
                za == zb && minutes(b).zip(minutes(a)).is_some_and(|(b, a)| b < a && a - b < 12 * 60)
            }
            _ => false,
        };
        let dated = |line: u32| sheet.row(line).is_some_and(|r| DATED.is_in(r.text));
        if together && back && !dated(a.line) && !dated(b.line) {
            let message = format!("this comes before line {} in time and after it in the list", a.line);
            out.line(
                sheet,
                DOES_NOT_FIT,
                b.line,
                &message,
                "put the lines in the order of their times, or mend the time",
            );
        }
    }
    let marked: Vec<&Phase> = sheet
        .book
        .phases
        .iter()
        .filter(|p| p.t.is_some() && sheet.row(p.line).is_some_and(|r| MARK.is_in(r.text)))
        .collect();
    for pair in marked.windows(2) {
        let [a, b] = pair else { continue };
        let parent = |p: &Phase| sheet.row(p.line).and_then(|r| sheet.sections.get(r.section)).and_then(|s| s.parent);
        if a.level == b.level && b.t < a.t && parent(a) == parent(b) && !speaks_of_rollback(b.title.raw()) {
            let message =
                format!("this phase comes before the one of line {} in time and after it in the text", a.line);
            out.words(
                sheet,
                DOES_NOT_FIT,
                b.line,
                b.title.raw(),
                &message,
                "put the phases in the order of their times, or mend the time",
            );
        }
    }
}

fn block(sheet: &Sheet<'_>, line: u32) -> Option<usize> {
    match sheet.row(line)?.kind {
        Kind::Code(ix) => Some(ix),
        _ => None,
    }
}

/// The text names a window, and what is to be done in it takes longer.
fn window(sheet: &Sheet<'_>, out: &mut Sink) {
    let Some((row, found)) = sheet.spoken().filter(|r| !r.is_code()).find_map(|r| Some((r, WINDOW.captures(r.text)?)))
    else {
        return;
    };
    let n = |i: usize| found.get(i).and_then(|m| m.as_str().parse::<f64>().ok());
    let seconds = match (n(5), n(1), n(2), n(3), n(4)) {
        (Some(amount), ..) => {
            amount
                * if found.get(6).is_some_and(|u| u.as_str().to_lowercase().starts_with('h')) { 3600.0 } else { 60.0 }
        }
        (None, Some(h1), Some(m1), Some(h2), Some(m2)) => (h2 * 60.0 + m2 - h1 * 60.0 - m1).rem_euclid(1440.0) * 60.0,
        _ => return,
    } as u64;
    let sum = work(sheet);
    if seconds > 0 && sum > seconds {
        let words = found.get(0).map_or("", |m| m.as_str());
        let message = format!("the window is {} long, and the phases in it take {}", time(seconds), time(sum));
        out.words(sheet, DOES_NOT_FIT, row.line, words, &message, "ask for a longer window, or shorten the phases");
    }
}

/// What the phases of the work itself say they take: those with an estimate that hold none with one.
pub(super) fn work(sheet: &Sheet<'_>) -> u64 {
    let phases = &sheet.book.phases;
    phases
        .iter()
        .enumerate()
        .filter(|(ix, p)| {
            let inside = sheet.row(p.line).is_some_and(|r| !sheet.titles(r.section).any(|t| OUTSIDE.is_in(t)));
            let leaf = children(phases, *ix).iter().all(|c| c.estimate.is_none());
            inside && leaf && p.t.is_none_or(|t| t >= 0)
        })
        .filter_map(|(_, p)| p.estimate)
        .filter(|e| *e < 24 * 3600)
        .sum()
}

/// The last moment at which the work itself ends, in seconds from T-0, with its line.
pub(super) fn end(sheet: &Sheet<'_>) -> Option<(u64, u32)> {
    sheet
        .book
        .phases
        .iter()
        .filter(|p| sheet.row(p.line).is_some_and(|r| !sheet.titles(r.section).any(|t| OUTSIDE.is_in(t))))
        .filter_map(|p| Some((u64::try_from(p.t?).ok()? + p.estimate.unwrap_or(0), p.line)))
        .filter(|(end, _)| *end < 24 * 3600)
        .max()
}

/// Among brothers that all say how long they take, one does not.
fn estimates(sheet: &Sheet<'_>, out: &mut Sink) {
    let phases = &sheet.book.phases;
    let section = |p: &Phase| sheet.row(p.line).and_then(|r| sheet.sections.get(r.section));
    // Of the phases of one level under one heading, how many say a time, and how many there are.
    let mut brothers: HashMap<_, (usize, usize)> = HashMap::new();
    for phase in phases {
        if let Some(section) = section(phase) {
            let (timed, all) = brothers.entry((section.parent, section.level)).or_default();
            *timed += usize::from(phase.estimate.is_some());
            *all += 1;
        }
    }
    for phase in phases {
        if phase.estimate.is_some() || phase.at.is_some() || phase.steps == 0 && phase.commands.is_empty() {
            continue;
        }
        let Some(own) = section(phase) else { continue };
        // Something in it may be a time after all.
        if TIMED.is_in(own.title) {
            continue;
        }
        // It is among them itself, and says no time.
        let (timed, all) = brothers.get(&(own.parent, own.level)).copied().unwrap_or_default();
        if timed < 3 || timed * 4 < (all - 1) * 3 || speaks_of_rollback(own.title) || OUTSIDE.is_in(own.title) {
            continue;
        }
        out.words(
            sheet,
            NO_ESTIMATE,
            phase.line,
            phase.title.raw(),
            "the phases beside this one say how long they take, this one does not",
            "write the time in the heading, as in \"(10 min)\"",
        );
    }
}

fn minutes(clock: &str) -> Option<i64> {
    let (h, m) = clock.split_once(':')?;
    Some(h.parse::<i64>().ok()? * 60 + m.parse::<i64>().ok()?)
}

/// `90 s`, `45 min`, `1 h 30 min`.
pub(super) fn time(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, 0) => format!("{m} min"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, 0, _) => format!("{h} h"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

//! Minutes in which nobody watches: between a change and its monitoring, and between two windows.

use super::pattern::pattern;
use super::sheet::{Sheet, speaks_of_rollback};
use super::sink::Sink;
use crate::finding::codes::UNWATCHED;
use crate::runbook::{At, StepKind};

pattern! {
    CHANGES = r"full roll-?out|\b100\s?%|\bgo[- ]?live\b|\bcut-?over\b|\bswitch(?:ing)? (?:all )?(?:the )?traffic|traffic switch|\bdeploy(?:ment|s|ed)? (?:to )?(?:prod|begins|starts)|\bpromot(?:e|ion) to prod";
    WATCHES = r"\bmonitor|\bwatch\b|\bwatching\b|\bobserv|hypercare|überwach|surveill|monitoreo|наблюд|监控|監視";
    AROUND = r"\b(?:before|prior|pre|after|post|prepar\w*|first|week|days?|milestone|until|checklist|rehears\w*)\b";
    PREPARES = r"\b(?:open|set ?up|setup|verify|prepare|ready|configure|check)\w*\b|dashboards?|alert(?:s|ing)\b";
    /// `from 12:30-12:35 PM`.
    FROM_TO = r"\b(\d{1,2}):(\d{2})\s*(am|pm)?\s*(?:-|–|—|to|until|bis)\s*(\d{1,2}):(\d{2})\s*(am|pm)?";
}

/// Something with a time, in minutes of the day or seconds from T-0.
struct Moment<'a> {
    line: u32,
    text: &'a str,
    from: i64,
    to: i64,
    clock: bool,
    section: usize,
}

pub(super) fn check(sheet: &Sheet<'_>, out: &mut Sink) {
    let moments = moments(sheet);
    for clock in [true, false] {
        after_change(sheet, &moments.iter().filter(|m| m.clock == clock).collect::<Vec<_>>(), out);
    }
    windows(sheet, &moments, out);
    stages(sheet, &moments, out);
}

fn moments<'a>(sheet: &Sheet<'a>) -> Vec<Moment<'a>> {
    let mut out = Vec::new();
    let mut push = |line: u32, text: &'a str, at: &Option<At>, estimate: Option<u64>, section: usize| {
        let (from, clock) = match at {
            Some(At::T { t }) => (*t, false),
            Some(At::Clock { clock, .. }) => match minutes(clock) {
                Some(minutes) => (minutes * 60, true),
                None => return,
            },
            None => return,
        };
        out.push(Moment { line, text, from, to: from + estimate.unwrap_or(0) as i64, clock, section });
    };
    for phase in &sheet.book.phases {
        push(phase.line, phase.title.raw(), &phase.at, phase.estimate, sheet.row(phase.line).map_or(0, |r| r.section));
    }
    for step in sheet.book.steps.iter().filter(|s| s.kind == StepKind::Timeline) {
        push(step.line, step.text.raw(), &step.at, step.estimate, sheet.row(step.line).map_or(0, |r| r.section));
    }
    out.sort_by_key(|m| m.line);
    out
}

fn watches(m: &Moment<'_>) -> bool {
    WATCHES.is_in(m.text) && !PREPARES.is_in(m.text)
}

/// The full rollout at 12:50, monitoring from 13:00.
fn after_change(sheet: &Sheet<'_>, moments: &[&Moment<'_>], out: &mut Sink) {
    let Some(watch) = moments.iter().find(|m| watches(m) && moments.iter().any(|c| c.line < m.line && changes(c)))
    else {
        return;
    };
    let Some(change) = moments.iter().rfind(|m| m.line < watch.line && changes(m)) else { return };
    // What the change itself says of watching is watched.
    let said = |line: u32| line >= change.line && line < watch.line;
    if sheet.own(change.section).any(|r| said(r.line) && WATCHES.is_in(r.text)) {
        return;
    }
    let gap = (watch.from - change.to) / 60;
    if gap <= 0 || gap > 180 {
        return;
    }
    let message = format!(
        "\"{}\" {} at {} (line {}), and watching begins at {}: {gap} minutes are unwatched",
        change.text,
        // Without a length only its beginning is known.
        if change.to > change.from { "ends" } else { "begins" },
        shown(change, change.to),
        change.line,
        shown(watch, watch.from)
    );
    out.line(sheet, UNWATCHED, watch.line, &message, "begin the monitoring with the change");
}

fn changes(m: &Moment<'_>) -> bool {
    CHANGES.is_in(m.text) && !AROUND.is_in(m.text) && !watches(m) && m.from >= 0 && !speaks_of_rollback(m.text)
}

/// 13:00-13:30, then 13:45-14:00.
fn windows(sheet: &Sheet<'_>, moments: &[Moment<'_>], out: &mut Sink) {
    let watched: Vec<&Moment<'_>> = moments.iter().filter(|m| watches(m) && m.to > m.from).collect();
    for pair in watched.windows(2) {
        if let [a, b] = pair
            && a.clock == b.clock
            && (a.section == b.section || b.line - a.line < 30)
            && b.from > a.to
            && b.from - a.to <= 3 * 3600
        {
            let message = format!(
                "watching ends at {} (line {}) and goes on at {}: {} minutes are unwatched",
                shown(a, a.to),
                a.line,
                shown(b, b.from),
                (b.from - a.to) / 60
            );
            out.line(sheet, UNWATCHED, b.line, &message, "let each window begin where the one before it ends");
        }
    }
}

/// `Monitoring the canary from 12:30-12:35`, and the next stage at 12:40.
fn stages(sheet: &Sheet<'_>, moments: &[Moment<'_>], out: &mut Sink) {
    for row in sheet.spoken().filter(|r| WATCHES.is_in(r.text)) {
        let Some(times) = FROM_TO.captures(row.text) else { continue };
        let part = |i: usize| times.get(i).map_or("", |m| m.as_str());
        let half = |own: usize| if part(own).is_empty() { part(6) } else { part(own) }.to_lowercase();
        let of = |h: usize, m: usize, half: &str| -> Option<i64> {
            let hour: i64 = part(h).parse().ok()?;
            let hour = match half {
                "pm" if hour < 12 => hour + 12,
                "am" if hour == 12 => 0,
                _ => hour,
            };
            Some(hour * 60 + part(m).parse::<i64>().ok()?)
        };
        let Some(end) = of(4, 5, &half(6)) else { continue };
        let own = moments.iter().find(|m| m.section == row.section && m.clock && m.line <= row.line);
        let next = moments.iter().find(|m| m.line > row.line && m.section != row.section && m.clock);
        let (Some(_), Some(next)) = (own, next) else { continue };
        let gap = next.from / 60 - end;
        if gap > 0 && gap <= 60 {
            let message = format!(
                "watching ends at {:02}:{:02} and \"{}\" comes at {} (line {}): {gap} minutes are unwatched",
                end / 60,
                end % 60,
                next.text,
                shown(next, next.from),
                next.line
            );
            out.line(sheet, UNWATCHED, row.line, &message, "watch until the next stage begins");
        }
    }
}

fn minutes(clock: &str) -> Option<i64> {
    let (h, m) = clock.split_once(':')?;
    Some(h.parse::<i64>().ok()? * 60 + m.parse::<i64>().ok()?)
}

fn shown(m: &Moment<'_>, at: i64) -> String {
    if m.clock {
        format!("{:02}:{:02}", at / 3600 % 24, at / 60 % 60)
    } else {
        format!("T{}{} min", if at < 0 { "-" } else { "+" }, at.abs() / 60)
    }
}

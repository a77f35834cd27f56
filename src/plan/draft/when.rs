//! When T-0 is, as the runbook writes it: the line, the time of day, its end and its zone.

use std::str::FromStr as _;

use chrono::{NaiveDate, Offset as _, TimeZone as _};
use chrono_tz::Tz;

use super::words::{clock, date, has, line, lines, t0_clock};
use crate::runbook::Runbook;

/// Lines at the beginning of a runbook that may say when it starts.
const EARLY: u32 = 60;

/// A time of day in a runbook.
pub(super) struct Start {
    pub line: u32,
    /// Minutes from midnight.
    pub minutes: i64,
    /// How long it is from there to the end of a range, in seconds.
    pub length: Option<u64>,
}

/// The line that says the time of T-0 most plainly: its own, a phase at T+0, the day's, a start or a window.
pub(super) fn start(book: &Runbook) -> Option<Start> {
    let early = |wanted: &dyn Fn(&str) -> bool| {
        lines(book, 1, EARLY)
            .filter(|(n, _)| !book.commands.iter().any(|c| c.line_start <= *n && *n <= c.line_end))
            .find_map(|(n, text)| clock(text).filter(|_| wanted(text)).map(|minutes| (minutes, n)))
    };
    let (minutes, n) = early(&|text| {
        let plain = text.trim_start_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        ["t-0", "t\u{2212}0", "t0", "t+0"].iter().any(|m| {
            plain.strip_prefix(m).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == ':'))
                || plain.strip_prefix(m).is_some_and(|rest| rest.starts_with(": "))
        })
    })
    .or_else(|| t0_clock(book))
    .or_else(|| early(&|text| date(text).is_some()))
    .or_else(|| {
        early(&|text| {
            has(
                text,
                &["window", "wartungsfenster", "fenster", "fenêtre", "ventana", "start", "beginn", "début", "inicio"],
            )
        })
    })?;
    Some(Start { line: n, minutes, length: length(line(book, n)) })
}

/// From the first time of day to a second one right behind it: `02:00-04:00`, `22:00 bis 01:30 Uhr`.
fn length(text: &str) -> Option<u64> {
    // `09:00 -05:00` is a time with its distance from UTC.
    if text
        .match_indices(" -")
        .any(|(at, _)| text.get(at + 2..).is_some_and(|t| t.starts_with(|c: char| c.is_ascii_digit())))
    {
        return None;
    }
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, '-' | '–' | '—' | '\u{2011}'))
        .filter(|w| !w.is_empty())
        .collect();
    let at = words.iter().position(|w| clock(w).is_some())?;
    let from = clock(words.get(at)?)?;
    let rest = words.get(at + 1..)?;
    let between = rest.iter().take_while(|w| {
        matches!(w.to_lowercase().as_str(), "to" | "bis" | "until" | "till" | "à" | "a" | "al" | "uhr" | "utc")
    });
    let until = clock(rest.get(between.count())?)?;
    let minutes = (until - from).rem_euclid(24 * 60);
    u64::try_from(minutes * 60).ok().filter(|s| *s > 0)
}

/// What a time is written with in TOML: `Z`, `+01:00`. None where the line names no zone, or one of several meanings.
pub(super) fn zone(text: &str, day: Option<NaiveDate>, minutes: i64) -> Option<String> {
    let mut found: Vec<String> = Vec::new();
    for word in text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '/' | '_' | '+' | ':'))) {
        let offset = match word {
            "UTC" | "GMT" | "Z" => Some("Z".to_owned()),
            "MEZ" | "CET" => Some("+01:00".to_owned()),
            "MESZ" | "CEST" | "EET" => Some("+02:00".to_owned()),
            "EEST" => Some("+03:00".to_owned()),
            "JST" => Some("+09:00".to_owned()),
            // Its distance from UTC hangs on the day.
            word if word.contains('/') => match Tz::from_str(word) {
                Ok(zone) => Some(day.and_then(|day| of_day(zone, day, minutes))?),
                Err(_) => None,
            },
            word if word.ends_with('Z') && clock(word).is_some() => Some("Z".to_owned()),
            _ => {
                let signed = word.strip_prefix("UTC").unwrap_or(word);
                (signed.len() == 6 && signed.starts_with('+') && clock(signed).is_some()).then(|| signed.to_owned())
            }
        };
        found.extend(offset.filter(|o| !found.contains(o)));
    }
    (found.len() == 1).then(|| found.pop()).flatten()
}

/// A named zone's distance from UTC at a time that exists once.
fn of_day(zone: Tz, day: NaiveDate, minutes: i64) -> Option<String> {
    let local = day.and_hms_opt(u32::try_from(minutes / 60).ok()?, u32::try_from(minutes % 60).ok()?, 0)?;
    let offset = zone.from_local_datetime(&local).single()?.offset().fix();
    Some(if offset.local_minus_utc() == 0 { "Z".to_owned() } else { offset.to_string() })
}

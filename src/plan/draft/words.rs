//! What the draft looks for in prose: durations, dates, clock times, words of decision in a few languages.

use crate::runbook::{At, Heading, Runbook};

/// A part of a runbook: from a heading to the next of its level or above.
#[derive(Clone, Copy)]
pub(super) struct Section<'a> {
    pub heading: &'a Heading,
    /// Last line of what stands directly under it.
    pub own_end: u32,
    /// Last line with all that is nested.
    pub end: u32,
    /// The section it is nested in, by its place among all.
    parent: Option<usize>,
}

/// Every section, in order.
pub(super) fn sections(book: &Runbook) -> Vec<Section<'_>> {
    let last = book.lines.len() as u32;
    let mut out: Vec<Section<'_>> = Vec::with_capacity(book.headings.len());
    let mut open: Vec<usize> = Vec::new();
    for (n, heading) in book.headings.iter().enumerate() {
        let before = heading.line.saturating_sub(1);
        if let Some(previous) = out.last_mut() {
            previous.own_end = before;
        }
        while let Some(ended) = open.pop_if(|at| out.get(*at).is_none_or(|s| s.heading.level >= heading.level)) {
            if let Some(section) = out.get_mut(ended) {
                section.end = before;
            }
        }
        out.push(Section { heading, own_end: last, end: last, parent: open.last().copied() });
        open.push(n);
    }
    out
}

/// The headings above a line, outermost first.
pub(super) fn above<'a, 'b>(sections: &'b [Section<'a>], line: u32) -> Vec<&'b Section<'a>> {
    let mut out = Vec::new();
    let mut at = sections.partition_point(|s| s.heading.line <= line).checked_sub(1);
    while let Some(section) = at.and_then(|at| sections.get(at)) {
        out.push(section);
        at = section.parent;
    }
    out.reverse();
    out
}

/// The section that a heading on this line opens.
pub(super) fn opened<'a, 'b>(sections: &'b [Section<'a>], line: u32) -> Option<&'b Section<'a>> {
    above(sections, line).pop().filter(|s| s.heading.line == line)
}

/// A line of the file, by its 1-based number.
pub(super) fn line(book: &Runbook, n: u32) -> &str {
    book.lines.get(n.wrapping_sub(1) as usize).map_or("", |l| l.raw())
}

/// The bold label that a line opens with: `**Rollback Procedure**: …`.
pub(super) fn label(line: &str) -> Option<&str> {
    let (label, _) = line.trim().strip_prefix("**")?.split_once("**")?;
    Some(label.trim().trim_end_matches(':').trim_end()).filter(|l| !l.is_empty())
}

/// Lines `from..=to` with their numbers.
pub(super) fn lines(book: &Runbook, from: u32, to: u32) -> impl Iterator<Item = (u32, &str)> {
    (from..=to).map(|n| (n, line(book, n)))
}

/// Whether one of the words stands in the text, case apart, at the start of a word.
pub(super) fn has(text: &str, words: &[&str]) -> bool {
    let folded = text.to_lowercase();
    words.iter().any(|word| {
        folded.match_indices(word).any(|(at, _)| {
            // Scripts without blanks between words begin one anywhere.
            !word.is_ascii()
                || folded.get(..at).and_then(|b| b.chars().next_back()).is_none_or(|c| !c.is_alphanumeric())
        })
    })
}

/// Whether a sentence says what is not to be done: `Do not roll back if …`. `must not exceed` is a limit and no order.
pub(super) fn forbids(text: &str) -> bool {
    const NOT: [&str; 14] = [
        "not",
        "don't",
        "don\u{2019}t",
        "dont",
        "never",
        "nicht",
        "kein",
        "keine",
        "keinen",
        "niemals",
        "jamais",
        "nunca",
        "pas",
        "не",
    ];
    const LIMITS: [&str; 20] = [
        "exceed", "drop", "fall", "rise", "go", "be", "above", "below", "over", "under", "more", "less", "higher",
        "lower", "greater", "über", "unter", "mehr", "steig", "fäll",
    ];
    const ACTS: [&str; 4] = ["do", "don't", "don\u{2019}t", "dont"];
    let folded = text.to_lowercase();
    let words: Vec<&str> = folded
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '\u{2019}')))
        .filter(|w| !w.is_empty())
        .collect();
    words.iter().enumerate().any(|(n, word)| {
        let ordered =
            ACTS.contains(word) || n.checked_sub(1).and_then(|b| words.get(b)).is_some_and(|b| ACTS.contains(b));
        let next = words.get(n + 1).copied().unwrap_or_default();
        NOT.contains(word) && (ordered || !LIMITS.iter().any(|l| next.starts_with(l)))
    }) || ["しない", "不要"].iter().any(|w| folded.contains(w))
}

/// Words of a way back.
pub(super) const ROLLBACK: [&str; 18] = [
    "rollback",
    "roll back",
    "roll-back",
    "revert",
    "back-out",
    "backout",
    "fallback",
    "fall back",
    "rückfall",
    "rückroll",
    "rückbau",
    "zurückroll",
    "retour arrière",
    "annulation",
    "reversión",
    "reversion",
    "ロールバック",
    "откат",
];

/// Words of an emergency switch.
pub(super) const BREAKER: [&str; 9] =
    ["breaker", "kill switch", "kill-switch", "killswitch", "emergency", "not-aus", "notfall", "urgence", "emergencia"];

const SECOND: [&str; 12] = [
    "s", "sec", "secs", "second", "seconds", "sek", "sekunde", "sekunden", "seconde", "secondes", "segundo", "segundos",
];
const MINUTE: [&str; 13] =
    ["m", "min", "mins", "minute", "minutes", "minuten", "minuto", "minutos", "minuti", "分", "分間", "мин", "минут"];
const HOUR: [&str; 15] = [
    "h",
    "hr",
    "hrs",
    "hour",
    "hours",
    "std",
    "stunde",
    "stunden",
    "heure",
    "heures",
    "hora",
    "horas",
    "ore",
    "時間",
    "часов",
];

/// The first duration in a text, in seconds: `5 minutes`, `60-90 seconds` (the longer), `10min`, `30-second`.
pub(super) fn duration(text: &str) -> Option<u64> {
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let before = rest.get(..at).and_then(|b| b.chars().next_back());
        let tail = rest.get(at..).unwrap_or_default();
        let digits = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        let number = tail.get(..digits).unwrap_or_default();
        rest = tail.get(digits..).unwrap_or_default();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | ',' | ':' | '+')) {
            continue;
        }
        let word = rest.trim_start_matches([' ', '-', '\u{2011}', '\u{a0}']);
        let len = word.find(|c: char| !c.is_alphabetic()).unwrap_or(word.len());
        let unit = word.get(..len).unwrap_or_default().to_lowercase();
        let size = match unit.as_str() {
            u if SECOND.contains(&u) => 1,
            u if MINUTE.contains(&u) => 60,
            u if HOUR.contains(&u) => 3_600,
            _ => continue,
        };
        if let Ok(n) = number.parse::<u64>()
            && n > 0
            && n < 10_000
        {
            return Some(n * size);
        }
    }
    None
}

/// A day in a text: `2025-10-21`, `October 21, 2025`, `21 October 2025`, `21.10.2025`.
pub(super) fn date(text: &str) -> Option<chrono::NaiveDate> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let words: Vec<&str> =
        text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '.'))).filter(|w| !w.is_empty()).collect();
    let number = |w: &str| {
        w.trim_end_matches(['.', '-']).trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse::<u32>().ok()
    };
    for (n, word) in words.iter().enumerate() {
        let of =
            |sign: char| -> Vec<u32> { word.trim_end_matches('.').split(sign).map_while(|p| p.parse().ok()).collect() };
        let found = match (of('-').as_slice(), of('.').as_slice()) {
            ([y, m, d], _) if *y > 1999 => chrono::NaiveDate::from_ymd_opt(*y as i32, *m, *d),
            (_, [d, m, y]) if *y > 1999 => chrono::NaiveDate::from_ymd_opt(*y as i32, *m, *d),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
        let folded = word.to_lowercase();
        let Some(month) = MONTHS.iter().position(|m| folded.starts_with(m) && folded.len() >= 3) else { continue };
        let near = |at: Option<usize>| at.and_then(|at| words.get(at)).and_then(|w| number(w));
        let (before, after, later) = (near(n.checked_sub(1)), near(Some(n + 1)), near(Some(n + 2)));
        let found = match (before, after, later) {
            (_, Some(d), Some(y)) | (Some(d), Some(y), _) if d <= 31 && y > 1999 => Some((d, y)),
            _ => None,
        };
        if let Some(day) = found.and_then(|(d, y)| chrono::NaiveDate::from_ymd_opt(y as i32, month as u32 + 1, d)) {
            return Some(day);
        }
    }
    None
}

/// The first time of day in a text, in minutes: `12:05`, `12:05 PM`.
pub(super) fn clock(text: &str) -> Option<i64> {
    for (at, _) in text.match_indices(':') {
        let (before, after) = (text.get(..at)?, text.get(at + 1..)?);
        let hours = before.len() - before.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let hours = before.get(before.len() - hours..)?;
        let minutes = after.get(..2)?;
        let (Ok(mut h), Ok(m)) = (hours.parse::<i64>(), minutes.parse::<i64>()) else { continue };
        if h > 23 || m > 59 || hours.len() > 2 {
            continue;
        }
        let tail = after.get(2..)?.trim_start().to_lowercase();
        if tail.starts_with("pm") && h < 12 {
            h += 12;
        } else if tail.starts_with("am") && h == 12 {
            h = 0;
        }
        return Some(h * 60 + m);
    }
    None
}

/// The time of day of T-0, in minutes, and the line that says it: a clock time in a phase that begins at T-0.
pub(super) fn t0_clock(book: &Runbook) -> Option<(i64, u32)> {
    let sections = sections(book);
    for phase in book.phases.iter().filter(|p| p.t == Some(0)) {
        let section = opened(&sections, phase.line)?;
        // "First 24 hours" also begins at T-0: only what is said to be at T+0 counts.
        if !section.heading.text.raw().contains(['T', 't']) || !section.heading.text.raw().contains('0') {
            continue;
        }
        for (n, text) in lines(book, phase.line, section.own_end) {
            if let Some(minutes) = clock(text) {
                return Some((minutes, n));
            }
        }
    }
    None
}

/// A moment of the plan in seconds from T-0, where that is known.
pub(super) fn seconds(at: &At, t0: Option<i64>) -> Option<i64> {
    match at {
        At::T { t } => Some(*t),
        At::Clock { clock: text, .. } => Some((clock(text)? - t0?) * 60),
    }
}

/// The same as a plan writes it: `T+35m`.
pub(super) fn offset(at: &At, t0: Option<i64>) -> Option<String> {
    seconds(at, t0).map(offset_text)
}

/// `T+35m`, `T-1h30m`, `T-0`.
pub(super) fn offset_text(seconds: i64) -> String {
    let span = crate::clock::duration_text(std::time::Duration::from_secs(seconds.unsigned_abs()));
    match seconds {
        0 => "T-0".to_owned(),
        s if s < 0 => format!("T-{span}"),
        _ => format!("T+{span}"),
    }
}

/// A number of seconds as a plan writes it.
pub(super) fn span(seconds: u64) -> String {
    crate::clock::duration_text(std::time::Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::{clock, date, duration};

    #[test]
    fn durations_dates_and_clocks_are_read_from_prose() {
        assert_eq!(duration("Monitor for 10 minutes"), Some(600));
        assert_eq!(duration("takes about 60-90 seconds"), Some(90));
        assert_eq!(duration("Monitor 5% at 12:30 for 5min"), Some(300));
        assert_eq!(duration("v1.0 on port 9000"), None);
        assert_eq!(duration("2 Stunden warten"), Some(7_200));
        let day = chrono::NaiveDate::from_ymd_opt(2026, 3, 9);
        for text in ["**Date**: March 9, 2026", "9 March 2026", "2026-03-09", "am 09.03.2026.", "Mar 9th 2026"] {
            assert_eq!(date(text), day, "{text}");
        }
        assert_eq!(date("version 2.0.1"), None);
        assert_eq!(clock("**12:05 PM UTC**"), Some(725));
        assert_eq!(clock("a: b"), None);
    }
}

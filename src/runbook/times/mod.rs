//! Moments and lengths in prose: `T-30 minutes`, `12:30 PM UTC`, `(5 min)`, `72 Hours Before`.

use super::At;
use super::tokens::{Kind, Token, tokens};

mod clock;
mod length;
mod offset;

use clock::clock;
pub(super) use length::{cadence, duration, has_duration, length_in, unit};
use offset::{offset, spoken_offset};

/// What a heading or a line says about time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Times {
    pub at: Option<At>,
    /// Seconds.
    pub estimate: Option<u64>,
}

/// A moment at `i`, the length of its range, the next index.
fn moment(t: &[Token<'_>], i: usize) -> Option<(At, Option<u64>, usize)> {
    if let Some((start, end, next)) = offset(t, i).or_else(|| spoken_offset(t, i)) {
        let length = end.map(|e| (e - start).unsigned_abs()).filter(|l| *l > 0);
        return Some((At::T { t: start }, length, next));
    }
    clock(t, i)
}

/// A length in brackets, `(5 min)`, `[~1h]`, `(est. 10-15 minutes)`, or after a last dash, `… - 5 min`.
fn estimate(t: &[Token<'_>]) -> Option<u64> {
    const FILLERS: &[&str] = &[
        "est",
        "estimate",
        "estimated",
        "about",
        "approx",
        "approximately",
        "ca",
        "circa",
        "max",
        "up",
        "to",
        "duration",
        "takes",
        "around",
        "roughly",
        "time",
        "dauer",
        "etwa",
        "env",
        "environ",
        "aprox",
        "约",
    ];
    for (i, open) in t.iter().enumerate() {
        let inside = |t: &[Token<'_>]| {
            t.iter().rev().find_map(|k| match k.kind {
                Kind::Sign('(' | '[' | '（') => Some(true),
                Kind::Sign(')' | ']' | '）') => Some(false),
                _ => None,
            }) == Some(true)
        };
        // `(T-0, 45 min)`: a comma in a bracket opens what a bracket does.
        let bracketed = matches!(open.kind, Kind::Sign('(' | '[' | '（'))
            || matches!(open.kind, Kind::Sign(',' | ';' | '·' | '，' | '；' | '、'))
                && inside(t.get(..i).unwrap_or_default());
        if !bracketed && !open.dash() && !open.is_any(&["estimate", "duration", "dauer", "durée", "duración"]) {
            continue;
        }
        let mut at = i + 1;
        while at < i + 6
            && t.get(at).is_some_and(|k| {
                k.is_any(FILLERS) || matches!(k.kind, Kind::Sign('~' | '≈' | '.' | ':' | '⏱' | '\u{fe0f}'))
            })
        {
            at += 1;
        }
        let Some((seconds, next)) = duration(t, at) else { continue };
        let ends = match t.get(next) {
            None => true,
            Some(k) if bracketed => {
                matches!(k.kind, Kind::Sign(')' | ']' | '）'))
                    || (k.is_any(&["max", "total", "each", "est"])
                        && t.get(next + 1).is_some_and(|k| matches!(k.kind, Kind::Sign(')' | ']'))))
            }
            Some(_) => false,
        };
        // A dash must stand apart: `p95-5 min` and `T-5 min` are no estimates.
        let apart = bracketed || open.kind == Kind::Word || (i > 0 && t.get(i - 1).is_some_and(|p| p.to < open.from));
        if ends && apart && seconds >= 1.0 {
            return Some(seconds as u64);
        }
    }
    None
}

/// What a heading says: its times anywhere in it.
pub(super) fn in_heading(text: &str) -> Times {
    let t = tokens(text);
    let found = (0..t.len()).find_map(|i| moment(&t, i));
    let length = found.as_ref().and_then(|f| f.1);
    Times { estimate: estimate(&t).or(length), at: found.map(|f| f.0) }
}

/// What a step's line says: a moment only where it means the step, at the start, in brackets or after `at`, `by`, `from`.
pub(super) fn in_line(text: &str) -> Times {
    if !text.bytes().any(|b| b.is_ascii_digit()) {
        return Times::default();
    }
    let t = tokens(text);
    let means_it = |i: usize| {
        i == 0
            || t.get(i - 1).is_some_and(|p| {
                matches!(p.kind, Kind::Sign('(' | '[' | '@')) || p.is_any(&["at", "by", "from", "um", "ab", "à", "dès"])
            })
    };
    let found = (0..t.len()).filter(|i| means_it(*i)).find_map(|i| moment(&t, i));
    let length = found.as_ref().and_then(|f| f.1);
    Times { estimate: estimate(&t).or(length), at: found.map(|f| f.0) }
}

/// A line that begins with a moment and goes on with what happens then: `11:30 - War room opened`.
pub(super) fn timeline(line: &str) -> Option<(Times, &str)> {
    let t = tokens(line);
    let start = usize::from(t.first().is_some_and(|b| b.sign('[')));
    let first = t.get(start)?;
    if first.number().is_none() && !first.text.starts_with('T') {
        return None;
    }
    let (at, length, mut next) = moment(&t, start)?;
    while t
        .get(next)
        .is_some_and(|k| k.dash() || matches!(k.kind, Kind::Sign(']' | ':' | '|' | '→' | '>' | '=' | '•' | '：' | ',')))
    {
        next += 1;
    }
    let text = line.get(t.get(next)?.from..)?.trim();
    let bare = text.strip_prefix('(').and_then(|x| x.strip_suffix(')')).filter(|x| !x.contains('('));
    let estimate = estimate(&tokens(text)).or(length);
    Some((Times { at: Some(at), estimate }, bare.unwrap_or(text)))
}

/// Whether a text is nothing but a moment, such as `12:30 PM UTC - 1:00 PM UTC`.
pub(super) fn only_moment(text: &str) -> Option<Times> {
    let t = tokens(text);
    let (at, length, next) = moment(&t, 0)?;
    (next >= t.len()).then_some(Times { at: Some(at), estimate: length })
}

/// A heading's text without a time or an estimate in brackets at its end.
pub(super) fn title(text: &str) -> &str {
    let mut text = text.trim();
    loop {
        let open = match text.chars().last() {
            Some(')') => text.rfind('('),
            Some(']') => text.rfind('['),
            Some('）') => text.rfind('（'),
            _ => None,
        };
        let Some(open) = open.filter(|o| *o > 0) else { return text };
        let inner = text.get(open..).unwrap_or_default();
        let t = tokens(inner);
        let is_time = estimate(&t).is_some() || moment(&t, 1).is_some_and(|m| m.2 + 1 >= t.len());
        if !is_time {
            return text;
        }
        text = text.get(..open).unwrap_or_default().trim_end();
    }
}

#[cfg(test)]
#[expect(clippy::unnecessary_wraps, reason = "what a test expects, in the type it is compared with")]
mod tests {
    use super::*;

    fn t(seconds: i64) -> Option<At> {
        Some(At::T { t: seconds })
    }

    fn clock(clock: &str, zone: Option<&str>) -> Option<At> {
        Some(At::Clock { clock: clock.into(), zone: zone.map(Into::into) })
    }

    #[test]
    fn offsets_in_headings() {
        for (text, at, estimate) in [
            ("Phase 1: Preparation (T-30 minutes)", t(-1800), None),
            ("Phase 2: Deployment (T+0 to T+30 min)", t(0), Some(1800)),
            ("Phase 4: Monitoring (T+60 to T+180 min)", t(3600), Some(7200)),
            ("T-30: Pre-deploy Validation", t(-1800), None),
            ("T-0: Canary Deployment", t(0), None),
            ("T+1h30m soak", t(5400), None),
            ("T−2h", t(-7200), None),
            ("T-1d: freeze (2 hours)", t(-86400), Some(7200)),
            ("T-00:30:00 poll", t(-1800), None),
            ("T minus 15 minutes", t(-900), None),
            ("72 Hours Before Go-Live", t(-259_200), None),
            ("Milestone: 48 Hours Post-Launch", t(172_800), None),
            ("First Week", t(0), Some(604_800)),
            ("Immediate (Hour 1)", t(0), Some(3600)),
            ("T-SQL and GPT-4 on IT-30", None, None),
            ("Canary: 5% of Traffic (12:30 PM)", clock("12:30", None), None),
            ("12:30 PM UTC - 1:00 PM UTC", clock("12:30", Some("UTC")), Some(1800)),
            ("12:00 - 12:05 PM UTC", clock("12:00", Some("UTC")), Some(300)),
            ("11:30 - 1:00 PM", clock("11:30", None), Some(5400)),
            ("9am Europe/Paris", clock("09:00", Some("Europe/Paris")), None),
            ("Start 14:30 Uhr", clock("14:30", None), None),
            ("Step 1: Enable Maintenance Mode (5 min)", None, Some(300)),
            ("Deploy (est. 10-15 minutes)", None, Some(900)),
            ("Ratio 16:9 on localhost:9001", None, None),
        ] {
            assert_eq!(in_heading(text), Times { at, estimate }, "{text}");
        }
    }

    #[test]
    fn a_step_is_due_only_where_its_line_means_so() {
        assert_eq!(in_line("Restore the 12:30 backup").at, None);
        assert_eq!(in_line("Deploy at 12:30 UTC").at, clock("12:30", Some("UTC")));
        assert_eq!(in_line("Monitor for stability (5 minutes)").estimate, Some(300));
        assert_eq!(in_line("2026-01-28T12:00 was the last").at, None);
    }

    #[test]
    fn titles_lose_times_only() {
        assert_eq!(title("Step 1: Enable (5 min)"), "Step 1: Enable");
        assert_eq!(title("Minor (Don't Rollback)"), "Minor (Don't Rollback)");
        assert_eq!(title("Go (12:30 PM) (5 min)"), "Go");
    }

    #[test]
    fn timeline_lines() {
        for (line, at, estimate, text) in [
            ("11:35 - All team members present", clock("11:35", None), None, "All team members present"),
            ("1:00 PM - 1:30 PM (CRITICAL MONITORING)", clock("13:00", None), Some(1800), "CRITICAL MONITORING"),
            ("T-30 freeze main", t(-1800), None, "freeze main"),
        ] {
            assert_eq!(timeline(line), Some((Times { at, estimate }, text)), "{line}");
        }
        assert_eq!(timeline("12:00:01 INFO started"), None);
    }
}

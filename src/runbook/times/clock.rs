//! Times of day with their zones: `12:30 PM UTC`, `14:30 Uhr`, `12:00 - 12:05 PM UTC`.

use crate::runbook::At;
use crate::runbook::tokens::{Kind, Token};

/// A time of day.
#[derive(Clone, Debug, PartialEq)]
struct Clock {
    hour: u32,
    minute: u32,
    /// Afternoon, where it is said.
    pm: Option<bool>,
    zone: Option<String>,
}

impl Clock {
    fn minutes(&self) -> i64 {
        let hour = match self.pm {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        i64::from(hour * 60 + self.minute)
    }

    fn at(&self) -> At {
        let m = self.minutes();
        At::Clock { clock: format!("{:02}:{:02}", m / 60 % 24, m % 60), zone: self.zone.clone() }
    }
}

/// A clock time, or a range of them, at `i`: the first one, its length, the next index.
pub(super) fn clock(t: &[Token<'_>], i: usize) -> Option<(At, Option<u64>, usize)> {
    let (mut first, mut next) = one_clock(t, i)?;
    let joins = |k: &Token<'_>| {
        k.dash()
            || k.is_any(&["to", "until", "till", "bis", "à", "a", "do"])
            || matches!(k.kind, Kind::Sign('→' | '～' | '〜' | '~'))
            || matches!(k.text, "から" | "至" | "до")
    };
    let mut length = None;
    if t.get(next).is_some_and(joins)
        && let Some((last, after)) = one_clock(t, next + 1)
    {
        if first.pm.is_none() && last.pm.is_some() {
            first.pm = last.pm;
            if first.minutes() > last.minutes() {
                first.pm = Some(false);
            }
        }
        if first.zone.is_none() {
            first.zone.clone_from(&last.zone);
        }
        length = Some((last.minutes() - first.minutes()).rem_euclid(24 * 60) as u64 * 60).filter(|l| *l > 0);
        next = after;
    }
    Some((first.at(), length, next))
}

fn one_clock(t: &[Token<'_>], i: usize) -> Option<(Clock, usize)> {
    let hours = t.get(i)?;
    if i > 0
        && t.get(i - 1).is_some_and(|p| {
            p.to == hours.from
                && !matches!(
                    p.kind,
                    Kind::Sign('(' | '[' | '|' | '@' | '~' | '≈' | '-' | '–' | '（' | '【' | '：' | '，' | '～' | '〜')
                )
        })
    {
        return None;
    }
    if let Some(found) = other_clock(t, i) {
        return Some(found);
    }
    let hour = hours.number().filter(|h| h.fract() == 0.0 && *h <= 24.0 && hours.text.len() <= 2)? as u32;
    let touching = |a: &Token<'_>, b: &Token<'_>| a.to == b.from;
    let mut next = i + 1;
    let mut minute = None;
    if let (Some(colon), Some(m)) = (t.get(i + 1), t.get(i + 2))
        && colon.sign(':')
        && touching(hours, colon)
        && touching(colon, m)
        && m.text.len() == 2
    {
        minute = m.number().filter(|m| *m < 60.0).map(|m| m as u32);
        minute?;
        next = i + 3;
        // With seconds it is a log's time stamp or a length, not a plan.
        if t.get(next).is_some_and(|c| c.sign(':') && touching(m, c))
            && t.get(next + 1).is_some_and(|s| s.number().is_some())
        {
            return None;
        }
    }
    let mut pm = None;
    if let Some(word) = t.get(next) {
        let text = word.text.to_ascii_lowercase();
        if text == "am" || text == "pm" {
            pm = Some(text == "pm");
            next += 1;
        } else if (text == "a" || text == "p")
            && t.get(next + 1).is_some_and(|d| d.sign('.'))
            && t.get(next + 2).is_some_and(|m| m.is("m"))
        {
            pm = Some(text == "p");
            next += 3 + usize::from(t.get(next + 3).is_some_and(|d| d.sign('.')));
        }
    }
    let mut oclock = false;
    if t.get(next).is_some_and(|w| w.is_any(&["uhr", "hrs", "o'clock"]))
        && (minute.is_some() || t.get(next).is_some_and(|w| w.is("uhr")))
    {
        oclock = true;
        next += 1;
    }
    if minute.is_none() && pm.is_none() && !oclock || pm.is_some() && !(1..=12).contains(&hour) || hour == 24 {
        return None;
    }
    let (zone, next) = zone(t, next);
    // `10:30x` and `1:30/2` are something else.
    if t.get(next).is_some_and(|n| {
        n.from == t.get(next - 1).map_or(0, |l| l.to)
            && matches!(n.kind, Kind::Number(_) | Kind::Word | Kind::Sign('/' | '%'))
    }) {
        return None;
    }
    Some((Clock { hour, minute: minute.unwrap_or(0), pm, zone }, next))
}

/// As other languages write it: `20h00`, `20.00 Uhr`, `22時30分`, `22点`.
fn other_clock(t: &[Token<'_>], i: usize) -> Option<(Clock, usize)> {
    let (hours, word) = (t.get(i)?, t.get(i + 1)?);
    let two = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    let number = |text: &str, below: u32| text.parse::<u32>().ok().filter(|n| *n < below);
    let touching = word.from == hours.to;
    let (hour, minute, next) = if word.is("uhr")
        && let Some((hour, minute)) = hours.text.split_once('.').filter(|(h, m)| two(h) && two(m))
    {
        (number(hour, 24)?, number(minute, 60)?, i + 2)
    } else if touching
        && word.is("h")
        && two(hours.text)
        && let Some(minute) = t.get(i + 2).filter(|m| two(m.text) && m.from == word.to)
    {
        // A length would be `1h30`; `10h30m` says so.
        if t.get(i + 3).is_some_and(|n| n.from == minute.to && n.kind == Kind::Word) {
            return None;
        }
        (number(hours.text, 24)?, number(minute.text, 60)?, i + 3)
    } else if touching && matches!(word.text, "時" | "点" | "點" | "시") {
        let minute = t.get(i + 2).filter(|m| m.from == word.to).and_then(|m| number(m.text, 60));
        let said = t.get(i + 3).filter(|w| ["分", "분"].iter().any(|u| w.text.starts_with(u)));
        match (minute, said) {
            (Some(minute), Some(_)) => (number(hours.text, 24)?, minute, i + 4),
            _ => (number(hours.text, 24)?, 0, i + 2),
        }
    } else {
        return None;
    };
    let (zone, next) = zone(t, next);
    Some((Clock { hour, minute, pm: None, zone }, next))
}

const ZONES: &[&str] = &[
    "UTC", "GMT", "Z", "CET", "CEST", "EET", "EEST", "WET", "WEST", "BST", "MSK", "IST", "SGT", "HKT", "JST", "KST",
    "AEST", "AEDT", "ACST", "AWST", "NZST", "NZDT", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT", "ET", "CT",
    "MT", "PT", "BRT", "ART", "SAST", "CAT", "EAT", "WAT", "MEZ", "MESZ", "HEC", "AKST", "HST",
];

/// The zone at `i`, as written: `UTC`, `UTC+2`, `(CET)`, `Europe/Paris`.
fn zone(t: &[Token<'_>], i: usize) -> (Option<String>, usize) {
    let bracket = usize::from(t.get(i).is_some_and(|b| b.sign('(')));
    let Some(word) = t.get(i + bracket) else { return (None, i) };
    let mut next = i + bracket + 1;
    let mut name = None;
    if ZONES.contains(&word.text) {
        name = Some(word.text.to_owned());
        if matches!(word.text, "UTC" | "GMT")
            && let (Some(sign), Some(hours)) = (t.get(next), t.get(next + 1))
            && (sign.sign('+') || sign.dash())
            && sign.from == word.to
            && hours.from == sign.to
            && hours.number().is_some_and(|h| h <= 14.0)
        {
            name = Some(format!("{}{}{}", word.text, if sign.sign('+') { '+' } else { '-' }, hours.text));
            next += 2;
        }
    } else if word.kind == Kind::Word
        && word.text.starts_with(|c: char| c.is_ascii_uppercase())
        && let (Some(slash), Some(city)) = (t.get(next), t.get(next + 1))
        && slash.sign('/')
        && slash.from == word.to
        && city.from == slash.to
        && city.text.starts_with(|c: char| c.is_ascii_uppercase())
    {
        let name_of = format!("{}/{}", word.text, city.text);
        if name_of.parse::<chrono_tz::Tz>().is_ok() {
            name = Some(name_of);
            next += 2;
        }
    }
    match (name, bracket) {
        (Some(name), 0) => (Some(if name == "Z" { "UTC".into() } else { name }), next),
        (Some(name), _) if t.get(next).is_some_and(|b| b.sign(')')) => (Some(name), next + 1),
        _ => (None, i),
    }
}

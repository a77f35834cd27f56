//! Moments and lengths in prose: `T-30 minutes`, `12:30 PM UTC`, `(5 min)`, `72 Hours Before`.

use super::At;
use super::tokens::{Kind, Token, tokens};

/// What a heading or a line says about time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Times {
    pub at: Option<At>,
    /// Seconds.
    pub estimate: Option<u64>,
}

/// Seconds in a unit of time, by its name in a handful of languages.
pub(super) fn unit(word: &str) -> Option<f64> {
    let word = word.to_lowercase();
    Some(match word.as_str() {
        "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" | "millisekunden" | "毫秒" | "ミリ秒" | "мс"
        | "밀리초" => 0.001,
        "s" | "sec" | "secs" | "second" | "seconds" | "sek" | "sekunde" | "sekunden" | "segundo" | "segundos"
        | "seconde" | "secondes" | "secondi" | "secondo" | "сек" | "с" | "сек." | "секунд" | "секунды" | "秒"
        | "秒間" | "秒钟" | "초" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" | "minuten" | "minuto" | "minutos" | "minuti" | "minuut"
        | "мин" | "минут" | "минуты" | "分" | "分間" | "分钟" | "分鐘" | "분" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" | "std" | "stunde" | "stunden" | "hora" | "horas" | "heure"
        | "heures" | "ore" | "ora" | "uur" | "час" | "ч" | "часа" | "часов" | "小时" | "小時" | "時間" | "시간" => {
            3600.0
        }
        "d" | "day" | "days" | "tag" | "tage" | "tagen" | "día" | "días" | "dia" | "dias" | "jour" | "jours"
        | "giorno" | "giorni" | "dagen" | "дней" | "день" | "天" | "日" | "일" => 86_400.0,
        "w" | "wk" | "week" | "weeks" | "woche" | "wochen" | "semana" | "semanas" | "semaine" | "semaines"
        | "settimana" | "settimane" | "周" | "週間" => 604_800.0,
        _ => return None,
    })
}

/// A length at `i`: `5 min`, `1h30m`, `60-90 seconds` (the longer), `10-min`, `5+ minutes`. Gives seconds and the next index.
pub(super) fn duration(t: &[Token<'_>], i: usize) -> Option<(f64, usize)> {
    let (mut total, mut at) = part(t, i)?;
    // `1h30` and `1h 30m`, but not `5 min 3 errors`.
    for _ in 0..3 {
        let Some((more, next)) = part(t, at) else { break };
        if t.get(at - 1)?.to + 1 < t.get(at)?.from {
            break;
        }
        total += more;
        at = next;
    }
    (total.is_finite() && total < 1e10).then_some((total, at))
}

fn part(t: &[Token<'_>], i: usize) -> Option<(f64, usize)> {
    let mut n = t.get(i)?.number()?;
    let mut at = i + 1;
    if t.get(at)?.dash() || t.get(at)?.is("to") {
        if let Some(high) = t.get(at + 1).and_then(Token::number) {
            n = n.max(high);
            at += 2;
        } else if t.get(at)?.to == t.get(at + 1)?.from {
            at += 1; // `10-min`
        }
    } else if t.get(at)?.sign('+') {
        at += 1;
    }
    let word = t.get(at)?;
    let scale = (word.kind == Kind::Word).then(|| unit(word.text)).flatten()?;
    // `5 m users` is none: a one-letter unit touches its number or ends the text or the bracket.
    if word.text.len() == 1
        && word.from > t.get(at - 1)?.to
        && !t.get(at + 1).is_none_or(|n| matches!(n.kind, Kind::Sign(')' | ']' | ',' | ';' | '.' | ':')))
    {
        return None;
    }
    Some((n * scale, at + 1))
}

/// An offset from T-0 at `i`, as start, end where a range is given, and the next index.
fn offset(t: &[Token<'_>], i: usize) -> Option<(i64, Option<i64>, usize)> {
    let (first, next) = one_offset(t, i)?;
    let joins =
        |k: &Token<'_>| k.dash() || k.is_any(&["to", "until", "till", "through", "bis", "a", "à", "до"]) || k.sign('→');
    if t.get(next).is_some_and(joins)
        && let Some((second, after)) = one_offset(t, next + 1)
    {
        // `T+60 to T+180 min`: a unit said once is meant twice.
        return Some((first.seconds(second.unit), Some(second.seconds(first.unit)), after));
    }
    Some((first.seconds(None), None, next))
}

/// A signed number and its unit in seconds, where one is said.
#[derive(Clone, Copy)]
struct Offset {
    amount: f64,
    unit: Option<f64>,
}

impl Offset {
    /// Without any unit the number counts minutes.
    fn seconds(self, lent: Option<f64>) -> i64 {
        (self.amount * self.unit.or(lent).unwrap_or(60.0)).round() as i64
    }
}

fn one_offset(t: &[Token<'_>], i: usize) -> Option<(Offset, usize)> {
    let letter = t.get(i)?;
    if i > 0
        && t.get(i - 1).is_some_and(|p| {
            p.to == letter.from
                && !matches!(p.kind, Kind::Sign('(' | '[' | '|' | '*' | '_' | '（' | '【' | '：' | '，' | ','))
        })
    {
        return None;
    }
    if letter.text == "T0" {
        return Some((Offset { amount: 0.0, unit: None }, i + 1));
    }
    if letter.text != "T" {
        return None;
    }
    let sign = t.get(i + 1)?;
    let minus = sign.dash() || sign.is("minus");
    if !minus && !sign.sign('+') && !sign.sign('＋') && !sign.is("plus") {
        return None;
    }
    let number = t.get(i + 2)?;
    let amount = number.number()?;
    let sign = if minus { -1.0 } else { 1.0 };
    let mut next = i + 3;
    if t.get(next).is_some_and(|k| k.sign(':') && k.from == number.to)
        && let Some(minutes) =
            t.get(next + 1).filter(|m| m.text.len() == 2 && m.from == number.to + 1).and_then(Token::number)
    {
        next += 2;
        let mut seconds = amount * 3600.0 + minutes * 60.0;
        if t.get(next).is_some_and(|k| k.sign(':'))
            && let Some(s) = t.get(next + 1).filter(|m| m.text.len() == 2).and_then(Token::number)
        {
            seconds += s;
            next += 2;
        }
        return Some((Offset { amount: sign * seconds, unit: Some(1.0) }, next));
    }
    let unit = t.get(next).filter(|w| w.kind == Kind::Word).and_then(|w| unit(w.text));
    if let Some(unit) = unit
        && let Some((seconds, after)) = duration(t, i + 2)
    {
        return Some((Offset { amount: sign * seconds / unit, unit: Some(unit) }, after));
    }
    (amount < 1e7).then_some((Offset { amount: sign * amount, unit: None }, next))
}

/// `72 Hours Before`, `48 Hours Post-Launch`, `First 24 Hours`.
fn spoken_offset(t: &[Token<'_>], i: usize) -> Option<(i64, Option<i64>, usize)> {
    if t.get(i)?.is("first") {
        let seconds = match duration(t, i + 1) {
            Some((seconds, next)) => (seconds, next),
            None => (t.get(i + 1).filter(|w| w.kind == Kind::Word).and_then(|w| unit(w.text))?, i + 2),
        };
        return (seconds.0 >= 60.0).then_some((0, Some(seconds.0 as i64), seconds.1));
    }
    let (seconds, next) = duration(t, i)?;
    let word = t.get(next)?;
    const BEFORE: &[&str] = &["before", "prior", "ahead", "vor", "antes", "avant", "prima", "до"];
    const AFTER: &[&str] = &["after", "post", "nach", "después", "après", "dopo", "depois", "после"];
    if word.is_any(BEFORE) {
        Some((-(seconds as i64), None, next + 1))
    } else if word.is_any(AFTER) {
        Some((seconds as i64, None, next + 1))
    } else {
        None
    }
}

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
fn clock(t: &[Token<'_>], i: usize) -> Option<(At, Option<u64>, usize)> {
    let (mut first, mut next) = one_clock(t, i)?;
    let joins = |k: &Token<'_>| k.dash() || k.is_any(&["to", "until", "till", "bis", "à", "a"]) || k.sign('→');
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
                    Kind::Sign('(' | '[' | '|' | '@' | '~' | '≈' | '-' | '–' | '（' | '【' | '：' | '，')
                )
        })
    {
        return None;
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

/// How often, in seconds: `every 2 minutes`, `Hourly checks`, `alle 5 Minuten`, `5分ごと`.
pub(super) fn cadence(text: &str) -> Option<u64> {
    const EVERY: &[&str] =
        &["every", "alle", "jede", "cada", "ogni", "elke", "каждые", "каждый", "каждую", "每", "每隔"];
    let t = tokens(text);
    for (i, word) in t.iter().enumerate() {
        if word.kind != Kind::Word {
            continue;
        }
        if word.is_any(&["hourly", "stündlich"]) {
            return Some(3600);
        }
        if word.is_any(&["daily", "täglich"]) && i == 0 {
            return Some(86_400);
        }
        let every = EVERY.iter().any(|e| word.text.eq_ignore_ascii_case(e) || word.text.to_lowercase() == *e)
            || word.is_any(&["toutes", "tous"]) && t.get(i + 1).is_some_and(|w| w.is("les"));
        let once =
            word.is_any(&["once", "twice"]) && t.get(i + 1).is_some_and(|w| w.is_any(&["per", "a", "an", "every"]));
        if every {
            let at = i + 1 + usize::from(word.is_any(&["toutes", "tous"]));
            let at = at + usize::from(t.get(at).is_some_and(|w| w.sign('~')));
            if let Some((seconds, _)) = duration(&t, at) {
                return Some(seconds as u64).filter(|s| *s > 0);
            }
            if let Some(seconds) =
                t.get(at).filter(|w| w.kind == Kind::Word && w.text.len() > 1).and_then(|w| unit(w.text))
            {
                return Some(seconds as u64).filter(|s| *s > 0);
            }
        } else if once && let Some(seconds) = t.get(i + 2).and_then(|w| unit(w.text)) {
            return Some((seconds / if word.is("twice") { 2.0 } else { 1.0 }) as u64).filter(|s| *s > 0);
        }
    }
    // `5分ごと`, `30秒おき`
    (0..t.len()).find_map(|i| {
        let (seconds, next) = duration(&t, i)?;
        let after = t.get(next)?;
        (after.text.starts_with("ごと") || after.text.starts_with("おき") || after.text.starts_with("毎"))
            .then_some(seconds as u64)
    })
}

/// The first length of time in a text, in seconds: `for 24h`, `at least one hour`.
pub(super) fn length_in(text: &str) -> Option<u64> {
    let t = tokens(text);
    (0..t.len()).find_map(|i| {
        if let Some((seconds, _)) = duration(&t, i) {
            return Some(seconds as u64);
        }
        let word = t.get(i)?;
        let next = t.get(i + 1).filter(|w| w.kind == Kind::Word && w.text.len() > 1)?;
        const WORDS: &[&str] = &["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
        let n = WORDS.iter().position(|w| word.is(w))? + 1;
        Some((n as f64 * unit(next.text)?) as u64)
    })
}

/// Whether a length of time stands anywhere in a text.
pub(super) fn has_duration(text: &str) -> bool {
    let t = tokens(text);
    (0..t.len()).any(|i| duration(&t, i).is_some())
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

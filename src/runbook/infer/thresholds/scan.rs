//! The thresholds of one line: comparisons, ranges, zero rules, and what is held against a baseline or an objective.

use serde_json::{Value, json};

use super::amount::{amount, number};
use super::compare::{By, comparator, postfix};
use super::lasting::{ahead, sustained};
use super::metric::{self, Better, Names};
use super::severity::severity_of;
use super::stated::{declared, not_elevated, within_objective};
use super::tongues::{self, each, plain};
use crate::runbook::Threshold;
use crate::runbook::tokens::{Kind, Token, tokens};

/// A line and what is known of it before it is read.
#[derive(Clone, Copy, Default)]
pub(super) struct Asked<'a> {
    pub text: &'a str,
    /// 1-based.
    pub line: u32,
    /// What the numbers are about where the line does not say.
    pub names: Names<'a>,
    /// How grave the place makes it.
    pub severity: Option<&'static str>,
    /// The unit of bare numbers.
    pub unit: Option<&'static str>,
}

/// Every threshold of one line.
pub(super) fn scan(asked: Asked<'_>, out: &mut Vec<Threshold>) {
    let Asked { text, line, names, .. } = asked;
    let t = plain(text, &tokens(text));
    let before = out.len();
    let mut said = None;
    let mut severity = || *said.get_or_insert_with(|| severity_of(&t, text).or(asked.severity));
    let push = |found: One, for_s, severity: Option<&str>, out: &mut Vec<Threshold>| {
        let unit = found.unit.or(asked.unit).or_else(|| metric::unit_of(&found.metric, text));
        let relative = found.relative;
        out.push(Threshold {
            metric: metric::without_unit(&found.metric, unit).into(),
            op: found.op.into(),
            value: found.value,
            unit: unit.filter(|_| relative.is_none() || found.unit.is_some()).map(Into::into),
            for_s,
            severity: severity.map(Into::into),
            relative_to: relative.map(Into::into),
            line,
            text: text.into(),
            under: None,
        });
    };
    let mut used = 0;
    let mut last: Option<String> = None;
    let mut i = 0;
    while i < t.len() {
        let names = Names { last: last.as_deref(), ..names };
        let Some(found) = one(&t, i, text, used, names) else {
            // What compares and holds nothing is not read again from its middle.
            i = comparator(&t, i).map_or(i + 1, |c| c.next.max(i + 1));
            continue;
        };
        let mut found = found;
        if matches!(found.unit, None | Some("count")) && found.relative.is_none() {
            found.unit = t.get(..i).and_then(each).or(found.unit);
        }
        let for_s = sustained(&t, found.next).or_else(|| if used == 0 { ahead(&t, i, text) } else { None });
        let grave = found.severity.or_else(&mut severity);
        used = t.get(found.next - 1).map_or(used, |l| l.to);
        i = found.next;
        last = Some(found.metric.clone());
        push(found, for_s, grave, out);
    }
    if out.len() == before {
        for found in [not_elevated(text), within_objective(&t, text, names), declared(&t, text, names)]
            .into_iter()
            .flatten()
            .take(1)
        {
            let for_s = sustained(&t, found.next);
            push(found, for_s, severity(), out);
        }
    }
}

/// A threshold and where it ends.
pub(super) struct One {
    pub metric: String,
    pub op: &'static str,
    pub value: Value,
    pub unit: Option<&'static str>,
    pub relative: Option<&'static str>,
    /// Where the words of the metric say it.
    pub severity: Option<&'static str>,
    pub next: usize,
}

fn one(t: &[Token<'_>], i: usize, text: &str, used: usize, names: Names<'_>) -> Option<One> {
    let here = t.get(i)?;
    let before = i.checked_sub(1).and_then(|p| t.get(p));
    if here.is("zero") && before.is_none_or(|p| p.sign(':')) {
        return zero(t, i, text);
    }
    if here.text == "0"
        && t.get(i + 1).is_some_and(|n| n.kind == Kind::Word && n.from > here.to)
        && before.is_none_or(|p| !comparing(p))
    {
        return zero(t, i, text).filter(|z| metric::is_bad(&z.metric));
    }
    // `must be zero`, `is 0`
    let returns = here.is("to") && before.is_some_and(|b| b.is_any(&["return", "returns", "back", "down"]));
    if (returns || here.is_any(&["be", "is", "are", "remains", "remain", "stays", "stay", "at"]))
        && t.get(i + 1).is_some_and(|z| z.is("zero") || z.text == "0")
        && t.get(i + 2).is_none_or(|n| {
            !matches!(n.kind, Kind::Word | Kind::Sign('.' | '%' | '-'))
                || n.is_any(&["for", "after", "before", "during", "within", "in"])
        })
    {
        let (metric, severity) = metric::name(t, i, text, used, names, i + 2)?;
        let asked = returns || before.is_some_and(|b| b.is_any(&["must", "should", "shall"]));
        let fine = metric::is_metric(&metric) || metric::is_bad(&metric) || asked;
        let unit = None;
        return fine.then(|| One { metric, op: "==", value: json!(0), unit, relative: None, severity, next: i + 2 });
    }
    if let Some(compared) = comparator(t, i) {
        return comparison(t, i, text, used, names, compared);
    }
    range(t, i, text, used, names).or_else(|| behind(t, i, text, used, names))
}

fn comparison(
    t: &[Token<'_>],
    i: usize,
    text: &str,
    used: usize,
    names: Names<'_>,
    compared: super::compare::Compared,
) -> Option<One> {
    let before = i.checked_sub(1).and_then(|p| t.get(p));
    // `for at least 15 minutes` is a length, not a limit.
    if before.is_some_and(|p| {
        p.is_any(&[
            "for",
            "every",
            "last",
            "within",
            "after",
            "past",
            "sustained",
            "takes",
            "take",
            "lasting",
            "über",
            "für",
            "durante",
            "pendant",
        ])
    }) {
        return None;
    }
    if i == 1 && before.is_some_and(|p| p.is("wait")) {
        return None;
    }
    let Some((value, unit, next)) = amount(t, compared.next).or_else(|| in_letters(t, compared.next)) else {
        return to_baseline(t, i, text, used, names, compared);
    };
    // `60-second` and `5-minute` belong to the noun behind them.
    if t.get(next).is_some_and(|n| n.dash() && t.get(next - 1).is_some_and(|u| u.to == n.from))
        && t.get(next + 1).is_some_and(|w| w.kind == Kind::Word)
        && unit.is_none()
    {
        return None;
    }
    // `< 0.1% over 5 minutes`, `> 500ms, ≥5 min`: how long the number before must last.
    let long = matches!(unit, Some("min" | "h" | "d")) || compared.by != By::Sign && unit == Some("s");
    let named = compared.by == By::Sign && t.get(next).is_some_and(|w| w.kind == Kind::Word);
    if used > 0 && long && !named && metric::own(t, i, text, used).is_empty() {
        return None;
    }
    let times_x = t.get(next).is_some_and(|x| matches!(x.kind, Kind::Sign('×' | '*')) || x.is("x") || x.is("times"));
    let relative = baseline_ahead(t, next);
    // `no more than 5 errors per minute`: what is counted is the metric.
    let counted = || {
        let first = compared.next + 1;
        if let Some(noun) = t.get(first).filter(|w| w.kind == Kind::Word && metric::is_bad(w.text)) {
            return Some((noun.text.to_owned(), None));
        }
        let rest = t.get(first..)?;
        let stops = |w: &Token<'_>| w.is_any(STOPS) || !(w.kind == Kind::Word || w.dash() || w.number().is_some());
        let len = rest.iter().position(stops).unwrap_or(rest.len()).min(5);
        let words = text.get(rest.first()?.from..rest.get(len.checked_sub(1)?)?.to)?;
        words.chars().any(char::is_alphabetic).then(|| (metric::clean(words), None))
    };
    let (metric, severity) = metric::name(t, i, text, used, names, next).or_else(counted)?;
    if times_x && relative.is_none() && !metric.to_lowercase().contains("burn") {
        return None;
    }
    let lower = metric.to_lowercase();
    // `At no time may the failure rate exceed 1%`
    let never = t.get(..i).is_some_and(|w| {
        w.windows(2).any(
            |p| matches!(p, [a, b] if a.is("no") && b.is_any(&["time", "point", "circumstances", "case", "moment"])),
        )
    });
    let rate = matches!(unit, Some("rps" | "/s" | "/min"));
    let op = match compared.op {
        // `drains slower than 2,000 a minute`; `warn at 99%` of what had better be high.
        ">" if rate && t.get(i).is_some_and(|w| w.is("slower")) => "<",
        "<" if rate && t.get(i).is_some_and(|w| w.is("faster")) => ">",
        ">=" if t.get(i).is_some_and(|w| w.is("at"))
            && compared.next == i + 1
            && metric::better(&metric) == Some(Better::High) =>
        {
            "<="
        }
        ">" | ">=" if never => "<=",
        "<" | "<=" if never => ">=",
        op => op,
    };
    if unit.is_none() && metric::is_version(&metric) && !metric::is_metric(&metric)
        || lower == "version"
        || lower.ends_with(" version")
    {
        return None;
    }
    let fine = match compared.by {
        By::Sign => compared.op != "==" || metric::is_metric_like(&metric),
        // A bare length is how long something takes, unless what it is about is a number to watch.
        By::Said => !matches!(unit, Some("s" | "min" | "h" | "d")) || metric::is_metric(&metric) || names.row.is_some(),
        By::Word => {
            unit == Some("%")
                || metric::is_metric(&metric)
                || matches!(unit, Some("ms" | "rps" | "/s" | "/min"))
                || unit == Some("count") && !matches!(compared.op, ">=" | "==")
        }
        By::Within => (metric::is_metric(&metric) || names.row.is_some()) && matches!(unit, Some("ms" | "s" | "%")),
    };
    // `star rating below 4.2` and nothing else in the line.
    let whole = compared.by == By::Word
        && used == 0
        && !matches!(compared.op, "==" | ">=")
        && unit.is_none()
        && metric.split_whitespace().count() <= 4
        && metric.chars().any(char::is_alphabetic)
        && !crate::runbook::labels::imperative(text)
        && t.get(next).is_none_or(|n| n.sign('.') || n.is_any(&["for", "over", "during"]));
    // `At least 3 master-eligible nodes`, `No more than 2 P1 bugs`: the line is the limit.
    let opens = i == t.iter().take_while(|k| matches!(k.kind, Kind::Sign('☐' | '☑' | '☒' | '□' | '-' | '*'))).count()
        && matches!(unit, None | Some("count"))
        && compared.op != "==";
    let people = matches!(compared.by, By::Word | By::Said) && matches!(unit, None | Some("count")) && {
        let noun = metric.to_lowercase();
        PEOPLE.iter().any(|w| noun.contains(w))
    };
    if people || !fine && !whole && !opens {
        return None;
    }
    Some(One { metric, op, value: number(value), unit, relative, severity, next })
}

/// `more than two sessions`.
fn in_letters(t: &[Token<'_>], i: usize) -> Option<(f64, Option<&'static str>, usize)> {
    const NUMBERS: &[&[&str]] = &[
        &["two", "zwei", "deux", "dos", "dois", "due", "dwa", "два", "iki"],
        &["three", "drei", "trois", "tres", "três", "tre", "trzy", "три", "üç"],
        &["four", "vier", "quatre", "cuatro", "quatro", "quattro", "cztery", "четыре", "dört"],
        &["five", "fünf", "cinq", "cinco", "cinque", "pięć", "пять", "beş"],
    ];
    let word = t.get(i).filter(|w| w.kind == Kind::Word)?.text.to_lowercase();
    let n = NUMBERS.iter().position(|words| words.contains(&word.as_str()))? + 2;
    let (unit, next) = super::amount::unit(t, i + 1);
    Some((n as f64, unit, next))
}

/// Those who are needed are no number to watch: `At least 2 approvals`.
const PEOPLE: &[&str] = &[
    "approv",
    "reviewer",
    "people",
    "person",
    "engineer",
    "sign-off",
    "signature",
    "vote",
    "operator",
    "members",
    "mitarbeit",
    "pessoas",
    "osoby",
    "osób",
    "человек",
    "kişi",
    "人员",
    "名",
];

/// Words that end what is counted: `More than 20 new reviews per hour`.
const STOPS: &[&str] = &[
    "per", "in", "for", "over", "within", "during", "on", "at", "after", "and", "or", "flap", "are", "is", "were",
    "fail",
];

/// `baseline` a few words on, in the same clause.
fn baseline_ahead(t: &[Token<'_>], from: usize) -> Option<&'static str> {
    let clause = t.get(from..).unwrap_or_default().iter().take(8);
    let mut clause = clause.take_while(|k| !matches!(k.kind, Kind::Sign(',' | ';' | '.' | '→' | '|')));
    clause.any(|w| w.is_any(&["baseline", "compared", "versus", "vs"])).then_some("baseline")
}

/// `at or below baseline`, `no higher than the pre-release baseline`.
fn to_baseline(
    t: &[Token<'_>],
    i: usize,
    text: &str,
    used: usize,
    names: Names<'_>,
    compared: super::compare::Compared,
) -> Option<One> {
    let words = t.get(compared.next..)?.iter().take(6);
    let at = words.take_while(|w| w.kind == Kind::Word || w.dash()).position(|w| w.is("baseline"))?;
    let next = compared.next + at + 1;
    let (metric, severity) = metric::name(t, i, text, used, names, next)?;
    let relative = Some("baseline");
    // `baseline + 10 %`
    let more = t.get(next).filter(|p| p.sign('+') || p.is("plus")).and_then(|_| amount(t, next + 1));
    let value = match more {
        Some((more, Some("%"), _)) => number((100.0 + more) / 100.0),
        Some(_) => return None,
        None => json!(1),
    };
    metric::is_metric(&metric).then_some(One { metric, op: compared.op, value, unit: None, relative, severity, next })
}

fn comparing(t: &Token<'_>) -> bool {
    matches!(t.kind, Kind::Sign('<' | '>' | '=' | '≤' | '≥' | '.' | ':' | '-' | '#' | '(' | '/' | ','))
        && !matches!(t.kind, Kind::Sign(':' | ',' | '('))
}

/// `1-3%`, `500-1000ms`, `(target: 100-500)`, `between 1% and 3%`.
fn range(t: &[Token<'_>], i: usize, text: &str, used: usize, names: Names<'_>) -> Option<One> {
    let between = t.get(i)?.is_any(&["between", "zwischen", "entre", "from", "von", "tussen", "tra", "fra", "mellan"])
        || matches!(t.get(i)?.text.to_lowercase().as_str(), "między" | "между" | "від" | "от" | "介于" | "在");
    let start = i + usize::from(between);
    let low = t.get(start)?;
    let (lo, lo_unit, mid) = amount(t, start)?;
    let join = t.get(mid)?;
    if !(join.dash()
        || between
            && (join.is_any(&["and", "und", "y", "et", "e", "en", "in", "i", "och", "a", "do"])
                || matches!(join.text, "и" | "до"))
        || join.is_any(&["to", "bis", "à", "ile"])
        || matches!(join.text, "至" | "到" | "から")
        || matches!(join.kind, Kind::Sign('~' | '～' | '…')))
    {
        return None;
    }
    let (hi, unit, next) = amount(t, mid + 1)?;
    let target = i > 0
        && t.get(i.saturating_sub(3)..i)
            .unwrap_or_default()
            .iter()
            .any(|w| w.is_any(&["target", "targets", "range", "expected", "normal", "ziel"]));
    // `800 ms – 1.5 s`
    let (hi, unit) = match (lo_unit, unit) {
        (Some("ms"), Some("s")) => (hi * 1000.0, Some("ms")),
        (Some("s"), Some("min")) => (hi * 60.0, Some("s")),
        (_, unit) => (hi, unit.or(lo_unit)),
    };
    if hi <= lo
        || (i > 0
            && t.get(i - 1).is_some_and(|p| p.to == low.from && !matches!(p.kind, Kind::Sign('(' | '（' | '：' | ':'))))
    {
        return None;
    }
    // A date, a phone number, `1-3-5`.
    if t.get(next).is_some_and(|n| n.dash() && t.get(next - 1).is_some_and(|l| l.to == n.from)) {
        return None;
    }
    let (metric, severity) = metric::name(t, i, text, used, names, next)?;
    let named = metric::is_metric(&metric);
    let fine = named && (unit.is_some() || target)
        || between && (matches!(unit, Some("%" | "ms" | "rps" | "/s" | "/min")) || named)
        || target && metric::is_metric_like(&metric)
        || unit.is_some() && names.row.is_some();
    let lasts = matches!(unit, Some("min" | "h" | "d")) && !named;
    fine.then_some(())?;
    (!lasts).then(|| One {
        metric,
        op: "in",
        value: json!([number(lo), number(hi)]),
        unit,
        relative: None,
        severity,
        next,
    })
}

/// `5% or less`, `500ms以下`, `20% above baseline`.
fn behind(t: &[Token<'_>], i: usize, text: &str, used: usize, names: Names<'_>) -> Option<One> {
    let here = t.get(i)?;
    // `%90 üzerinde` begins with its sign.
    let leading = here.sign('%') && t.get(i + 1).is_some_and(|n| n.number().is_some() && n.from == here.to);
    if here.number().is_none() && !leading {
        return None;
    }
    if i > 0
        && t.get(i - 1)
            .is_some_and(|p| p.to == here.from && (p.dash() || matches!(p.kind, Kind::Sign('.' | '/' | ':' | '+'))))
    {
        return None;
    }
    let (value, unit, next) = amount(t, i)?;
    let in_words = tongues::behind(t, next).is_some();
    let (op, relative, next) = if let Some((op, next)) = postfix(t, next) {
        (op, None, next)
    } else {
        // `20% above baseline`, `10% higher than baseline`, `2x baseline`
        let word = t.get(next)?;
        let op = if word.is_any(&["above", "over", "higher", "more", "worse", "slower", "greater"]) {
            ">"
        } else if word.is_any(&["below", "under", "lower", "less"]) {
            "<"
        } else {
            return None;
        };
        (op, Some(baseline_ahead(t, next)?), next + 1)
    };
    // `毎分100件を超える失敗`: what follows in the same word, which nothing sets apart.
    let whole = || (used == 0 && !text.is_ascii()).then(|| (metric::clean(text), None));
    let (metric, severity) = metric::name(t, i, text, used, names, next).or_else(whole)?;
    let long = matches!(unit, Some("s" | "min" | "h" | "d")) && used > 0 && metric::own(t, i, text, used).is_empty();
    let fine = !long
        && (metric::is_metric(&metric)
            || names.row.is_some()
            || matches!(unit, Some("%" | "ms" | "rps" | "/s" | "/min" | "count"))
            || metric::foreign(&metric)
            || in_words && unit.is_none());
    fine.then(|| One { metric, op, value: number(value), unit, relative, severity, next })
}

/// `Zero 5xx errors`, `0 critical failures`.
fn zero(t: &[Token<'_>], i: usize, text: &str) -> Option<One> {
    let words: Vec<&Token<'_>> = t
        .get(i + 1..)?
        .iter()
        .take_while(|w| w.kind == Kind::Word || w.sign('-') || w.sign('/'))
        .take_while(|w| {
            !w.is_any(&[
                "during", "in", "on", "for", "to", "while", "under", "at", "and", "or", "after", "before", "from",
                "of", "over", "within", "across", "since",
            ])
        })
        .collect();
    let (first, last) = (words.first()?, words.last()?);
    let metric = text.get(first.from..last.to)?.trim();
    let lower = metric.to_lowercase();
    if lower.starts_with("downtime") || lower.starts_with("trust") || first.dash() || words.len() > 6 {
        return None;
    }
    Some(One {
        metric: metric.to_owned(),
        op: "==",
        value: json!(0),
        unit: None,
        relative: None,
        severity: None,
        next: i + 1 + words.len(),
    })
}

/// Whether a metric of this name is counted in this unit.
pub(super) fn fits(metric: &str, unit: Option<&str>) -> bool {
    let lower = metric.to_lowercase();
    let time = [
        "latency", "duration", "time", "lag", "delay", "p50", "p90", "p95", "p99", "ttfb", "rto", "rpo", "latenz",
        "latencia", "latence",
    ];
    let timed = time.iter().any(|w| lower.contains(w));
    match unit {
        Some("ms" | "s" | "min" | "h" | "d") => timed,
        Some("%") => !timed || lower.contains("uptime"),
        _ => true,
    }
}

//! A number behind its comparator: what it is held against, and what only looks like a limit — versions, lengths, shares that are
//! sent, people who are needed.

use serde_json::json;

use super::amount::{amount, number, unit};
use super::clause;
use super::compare::{By, Compared, comparator, postfix};
use super::metric::{self, Better, Names};
use super::numerals;
use super::scan::One;
use crate::runbook::labels;
use crate::runbook::times;
use crate::runbook::tokens::{Kind, Token, tokens};

/// What the comparator at `i` holds, where it is a limit.
pub(super) fn comparison(
    t: &[Token<'_>],
    i: usize,
    text: &str,
    used: usize,
    names: Names<'_>,
    compared: Compared,
) -> Option<One> {
    let before = i.checked_sub(1).and_then(|p| t.get(p));
    let said_of = clause::of(t, i, used);
    // `for at least 15 minutes` is a length, not a limit; `failing for more than 10 % of the stores` is one.
    let timed =
        |at: usize| amount(t, at).is_none_or(|(_, unit, _)| matches!(unit, None | Some("s" | "min" | "h" | "d")));
    if !said_of.valid
        && timed(compared.next)
        && !(said_of.condition && used == 0 && clause::alone(t, compared.next))
        && before.is_some_and(|p| {
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
        })
    {
        return None;
    }
    if i == 1 && before.is_some_and(|p| p.is("wait")) {
        return None;
    }
    if lasts_before_another(t, compared.next) {
        return None;
    }
    let Some((value, unit, next)) =
        amount(t, compared.next).or_else(|| if compared.by == By::Sign { None } else { in_letters(t, compared.next) })
    else {
        return to_baseline(t, i, text, used, names, compared);
    };
    // `überschreitet 2 % nicht`
    let denied = compared.by == By::Said
        && t.get(next).is_some_and(|w| w.is_any(&["nicht", "niet", "inte", "ikke", "ikkje"]))
        && t.get(next + 1).is_none_or(|k| matches!(k.kind, Kind::Sign(',' | '.' | ')' | ';' | '→')));
    let (compared, next) = match compared.op {
        ">" if denied => (Compared { op: "<=", ..compared }, next + 1),
        "<" if denied => (Compared { op: ">=", ..compared }, next + 1),
        _ => (compared, next),
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
    // `below 2.5 s on wired, below 4 s on mobile` are two of a kind.
    let again = names.timed && (compared.op.starts_with('<') || unit == Some("s"));
    if used > 0 && long && !named && !again && metric::own(t, i, text, used).is_empty() {
        return None;
    }
    let times_x = t.get(next).is_some_and(|x| matches!(x.kind, Kind::Sign('×' | '*')) || x.is("x") || x.is("times"));
    let relative = baseline_ahead(t, next).or_else(|| clause::held_against(t, i, used));
    // `10 % above last week's baseline` is one limit.
    let named = |k: &usize| t.get(*k).is_some_and(|w| w.is("baseline"));
    let ends = relative.and_then(|_| (next..next + 9).find(named)).map(|k| k + 1);
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
    let (metric, severity) = metric::name(t, i, text, used, names, next)
        .or_else(counted)
        .or_else(|| clause::opening(t, i, text).map(|w| (w, None)))?;
    if times_x && relative.is_none() && !metric.to_lowercase().contains("burn") {
        return None;
    }
    // `no later than 00:15`: a time of the day.
    if t.get(compared.next..next).is_some_and(|n| n.len() == 1)
        && t.get(next)
            .is_some_and(|k| k.sign(':') && t.get(next + 1).is_some_and(|m| m.number().is_some() && m.from == k.to))
    {
        return None;
    }
    // Versions, ranges and long spans: `>=1.2.9`, `more than 24-48 hours`, `at least 2 weeks`.
    let touching = |sign: fn(&Token<'_>) -> bool| {
        t.get(next - 1)
            .zip(t.get(next))
            .zip(t.get(next + 1))
            .is_some_and(|((last, s), n)| sign(s) && s.from == last.to && n.from == s.to && n.number().is_some())
    };
    let long_span = t.get(next).is_some_and(|w| {
        w.is_any(&[
            "week",
            "weeks",
            "month",
            "months",
            "year",
            "years",
            "character",
            "characters",
            "wochen",
            "monate",
            "jahre",
            "semaines",
            "mois",
            "ans",
            "semanas",
            "meses",
            "años",
        ])
    });
    if unit.is_none() && (touching(|s| s.sign('.')) || touching(|s| s.sign('-') || s.sign('–')) || long_span) {
        return None;
    }
    // `more than 1/3 of the seats`: a share in two numbers.
    if unit.is_none() && compared.by != By::Sign && touching(|s| s.sign('/')) {
        return None;
    }
    // `30 % of 150 ideas = 45`: a sum.
    let counts = |k: Option<&Token<'_>>| k.is_some_and(|k| k.number().is_some());
    if compared.op == "==" && value != 0.0 && (counts(before) || counts(tokens(&metric).first())) {
        return None;
    }
    // `more than two minor releases`, `Max: 10 replicas`: how much is kept or asked for, not what is measured.
    let noun = |words: &[&str]| t.iter().take(next + 2).skip(next - 1).any(|w| w.is_any(words));
    if matches!(unit, None | Some("count"))
        && names.row.is_none()
        && (noun(&["release", "releases", "versions"])
            || t.get(i).is_some_and(|w| w.is_any(&["max", "min", "maximum", "minimum"]))
                && noun(&["replicas", "instances", "pods", "workers", "nodes"]))
    {
        return None;
    }
    // `where z > 0`: a letter stands for what only its text knows.
    if unit.is_none() && names.row.is_none() && metric.len() == 1 && metric.is_ascii() {
        return None;
    }
    let lower = metric.to_lowercase();
    // What something costs is no number to watch.
    if compared.by == By::Word && names.row.is_none() && ["cost", "price", "fee"].iter().any(|w| lower.contains(w)) {
        return None;
    }
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
        // `better than 99 %` of what had better be high.
        "<" if t.get(i).is_some_and(|w| w.is("better")) && metric::better(&metric) == Some(Better::High) => ">",
        ">" if t.get(i).is_some_and(|w| w.is("worse")) && metric::better(&metric) == Some(Better::High) => "<",
        ">" | ">=" if never => "<=",
        "<" | "<=" if never => ">=",
        op => op,
    };
    // `fino a 400.000 destinatari`: how many there may be, and no number to watch.
    let up_to = t.get(i).is_some_and(|w| {
        let lower = w.text.to_lowercase();
        ["fino", "jusqu", "bis", "hasta", "até", "tot ", "до", "sampai", "až"].iter().any(|p| lower.starts_with(p))
    });
    if up_to && matches!(unit, None | Some("count")) && !metric::is_metric(&metric) && names.row.is_none() {
        return None;
    }
    if unit.is_none() && names.row.is_none() && metric::is_version(&metric) && !metric::is_metric(&metric)
        || lower == "version"
        || lower.ends_with("versions")
        || lower.ends_with(" version")
    {
        return None;
    }
    let fine = match compared.by {
        By::Sign => compared.op != "==" || metric::is_metric_like(&metric),
        // A bare length is how long something takes, unless what it is about is a number to watch.
        By::Said => {
            !matches!(unit, Some("s" | "min" | "h" | "d"))
                || metric::is_metric(&metric)
                || names.row.is_some()
                || said_of.times(compared.op, unit, text)
        }
        By::Word => {
            matches!(unit, Some("%" | "ms" | "rps" | "/s" | "/min"))
                || matches!(unit, Some("MB" | "GB" | "MiB" | "GiB")) && (compared.op != ">" || said_of.condition)
                || metric::is_metric(&metric)
                || unit == Some("count") && !matches!(compared.op, ">=" | "==")
                || said_of.times(compared.op, unit, text)
                || compared.op == "==" && value == 0.0
                || said_of.counts(unit) && !t.get(i).is_some_and(|w| w.is("over"))
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
        && !labels::imperative(text)
        && t.get(next).is_none_or(|n| n.sign('.') || n.is_any(&["for", "over", "during"]));
    // `At least 3 master-eligible nodes`, `No more than 2 P1 bugs`: the line is the limit.
    let opens = i == t.iter().take_while(|k| matches!(k.kind, Kind::Sign('☐' | '☑' | '☒' | '□' | '-' | '*'))).count()
        && matches!(unit, None | Some("count"))
        && compared.op != "==";
    // `at least 60 % of the members` is a vote; `approvals drop under 85 %` is measured.
    let vote = || !metric::is_metric(&metric) && metric::own(t, i, text, used).is_empty();
    let heads = matches!(unit, None | Some("count")) || unit == Some("%") && vote();
    let people = matches!(compared.by, By::Word | By::Said) && heads && PEOPLE.iter().any(|noun| lower.contains(noun));
    if people
        || !fine && !whole && !opens
        || unit == Some("%") && of_traffic(t, next) && !metric::is_metric(&metric::own(t, i, text, used))
    {
        return None;
    }
    Some(One { metric, op, value: number(value), unit, relative, severity, next: ends.unwrap_or(next) })
}

/// `more than 10 minutes above 2 %`, `30분 이상 20%를 초과`: a length directly before another number says how long that holds.
pub(super) fn lasts_before_another(t: &[Token<'_>], i: usize) -> bool {
    let Some((seconds, next)) = times::duration(t, i).filter(|(s, _)| *s >= 1.0) else { return false };
    let rest = t.get(next..).unwrap_or_default().iter().take(8);
    let clause: Vec<&Token<'_>> = rest
        .take_while(|k| {
            !matches!(k.kind, Kind::Sign(',' | ';' | ':' | '.' | '、' | '，' | '。' | ')' | '→' | '|' | '('))
        })
        .collect();
    let apart =
        |w: &Token<'_>| w.is_any(&["and", "or", "und", "oder", "et", "ou", "y", "o", "e", "i", "och", "to", "bis"]);
    let number = clause.iter().position(|k| k.number().is_some());
    number.is_some_and(|at| {
        let before = clause.get(..at).unwrap_or_default();
        at <= 6
            && !before.iter().any(|w| apart(w) || w.dash())
            && amount(t, next + at).is_some_and(|(_, unit, _)| !matches!(unit, Some("s" | "min" | "h" | "d")))
            && times::duration(t, next + at).is_none()
            && seconds < 90_000.0
            && ((0..=at).any(|k| comparator(t, next + k).is_some_and(|c| c.next == next + at))
                || amount(t, next + at).is_some_and(|(_, _, n)| postfix(t, n).is_some()))
    })
}

/// `more than two sessions`.
fn in_letters(t: &[Token<'_>], i: usize) -> Option<(f64, Option<&'static str>, usize)> {
    let word = t.get(i).filter(|w| w.kind == Kind::Word && !w.is("on"))?;
    let n = numerals::value(word.text).filter(|n| *n > 1.0)?;
    let (unit, next) = unit(t, i + 1);
    Some((n, unit, next))
}

/// `at most 10 % of the traffic`: a share that is sent, not one that is measured.
fn of_traffic(t: &[Token<'_>], next: usize) -> bool {
    const TRAFFIC: &[&str] = &[
        "traffic",
        "datenverkehr",
        "verkehrs",
        "trafic",
        "tráfico",
        "tráfego",
        "traffico",
        "verkeer",
        "ruchu",
        "трафика",
        "trafik",
        "trafiken",
        "trafiğin",
        "流量",
        "トラフィック",
        "트래픽",
        "provozu",
    ];
    let of = t.get(next..).unwrap_or_default().iter().take(4);
    let mut of = of.take_while(|w| w.kind == Kind::Word);
    of.any(|w| {
        let lower = w.text.to_lowercase();
        TRAFFIC.iter().any(|stem| lower.starts_with(stem))
    })
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
    "freigabe",
    "genehmig",
    "aprobac",
    "approbat",
    "aprovaç",
    "approvaz",
    "zatwierdz",
    "одобрен",
    "согласован",
    "承認",
    "批准",
    "审批",
    "승인",
    "onay",
    "goedkeur",
    "godkänn",
    "godkend",
    "schváleni",
    "personas",
    "personnes",
    "persone",
    "ingénieur",
    "ingenier",
    "personen",
];

/// Words that end what is counted: `More than 20 new reviews per hour`.
const STOPS: &[&str] = &[
    "per", "in", "for", "over", "within", "during", "on", "at", "after", "and", "or", "flap", "are", "is", "were",
    "fail",
];

/// `baseline` a few words on, in the same clause.
pub(super) fn baseline_ahead(t: &[Token<'_>], from: usize) -> Option<&'static str> {
    let clause = t.get(from..).unwrap_or_default().iter().take(8);
    let mut clause = clause.take_while(|k| !matches!(k.kind, Kind::Sign(',' | ';' | '.' | '→' | '|')));
    clause
        .any(|w| w.is_any(&["baseline", "compared", "versus", "vs"]))
        .then_some("baseline")
        .or_else(|| clause::earlier(t, from))
}

/// `at or below baseline`, `no higher than the pre-release baseline`.
fn to_baseline(
    t: &[Token<'_>],
    i: usize,
    text: &str,
    used: usize,
    names: Names<'_>,
    compared: Compared,
) -> Option<One> {
    let words = t.get(compared.next..)?.iter().take(6);
    let words: Vec<&Token<'_>> = words.take_while(|w| w.kind == Kind::Word || w.dash()).collect();
    // `at most double the four-week average`, `more than twice the baseline`
    let times = words.first().and_then(|w| clause::multiple(w.text));
    let at = words.iter().position(|w| {
        w.is("baseline") || times.is_some() && w.is_any(&["average", "usual", "normal", "mean", "value"])
    })?;
    let next = compared.next + at + 1;
    let (metric, severity) = metric::name(t, i, text, used, names, next)?;
    let relative = Some("baseline");
    // `baseline + 10 %`
    let more = t.get(next).filter(|p| p.sign('+') || p.is("plus")).and_then(|_| amount(t, next + 1));
    let value = match more {
        Some((more, Some("%"), _)) => number((100.0 + more) / 100.0),
        Some(_) => return None,
        None => times.map_or(json!(1), number),
    };
    (metric::is_metric(&metric) || times.is_some()).then_some(One {
        metric,
        op: compared.op,
        value,
        unit: None,
        relative,
        severity,
        next,
    })
}

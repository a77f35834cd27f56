//! The thresholds of one line: comparisons, ranges, zero rules, and what is held against a baseline or an objective.

use serde_json::{Value, json};

use super::amount::{amount, number};
use super::compare::{By, comparator, postfix};
use super::lasting::{ahead, sustained};
use super::metric::{self, Better, Names};
use super::severity::severity_of;
use super::stated::{declared, listed, not_elevated, within_objective};
use super::tongues::{self, each, plain};
use super::{clause, grammar, none, numerals};
use crate::runbook::Threshold;
use crate::runbook::tokens::{Kind, Token, tokens};

/// A line and what is known of it before it is read.
#[derive(Clone, Copy, Default)]
pub(super) struct Asked<'a> {
    pub text: &'a str,
    /// 1-based.
    pub line: u32,
    /// Where further lines begin in the text, with their numbers.
    pub breaks: &'a [(usize, u32)],
    /// What the numbers are about where the line does not say.
    pub names: Names<'a>,
    /// How grave the place makes it.
    pub severity: Option<&'static str>,
    /// The unit of bare numbers.
    pub unit: Option<&'static str>,
    /// Whether what it stands under promises limits.
    pub promised: bool,
}

/// Every threshold of one line.
pub(super) fn scan(asked: Asked<'_>, out: &mut Vec<Threshold>) {
    let Asked { text, names, .. } = asked;
    let t = plain(text, &tokens(text));
    let before = out.len();
    let mut said = None;
    let mut severity = || *said.get_or_insert_with(|| severity_of(&t, text).or(asked.severity));
    // A number stands on the line that its last word stands on.
    let line_of = |next: usize| {
        let at = t.get(next.saturating_sub(1)).map_or(0, |l| l.from);
        asked.breaks.iter().rev().find(|(from, _)| *from <= at).map_or(asked.line, |(_, line)| *line)
    };
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
            line: line_of(found.next),
            text: text.into(),
            under: None,
        });
    };
    let mut used = 0;
    let mut last: Option<String> = None;
    let mut timed = false;
    let mut end = 0;
    let mut i = 0;
    while i < t.len() {
        let names = Names { last: last.as_deref(), timed, ..names };
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
        let start = i;
        i = found.next;
        last = Some(found.metric.clone());
        timed = matches!(found.unit, Some("ms" | "s" | "min" | "h" | "d"));
        let (first, began) = (out.len() == before, out.len());
        // `drops to zero (lost == 0)` says it twice.
        let again = found.op == "=="
            && out.get(before..).unwrap_or_default().iter().any(|o| o.op == "==" && o.value == found.value);
        if again {
            continue;
        }
        push(found, for_s, grave, out);
        // `0.3%以上1%未満`, `at least 1 % but below 3 %`: two ends of one band.
        if !first && joined(t.get(end..start).unwrap_or_default()) {
            band(out, began);
        }
        end = i;
    }
    if out.len() == before {
        let listed = if asked.promised { listed(&t, text, asked.severity) } else { None };
        for found in [not_elevated(text), within_objective(&t, text, names), declared(&t, text, names), listed]
            .into_iter()
            .flatten()
            .take(1)
        {
            let for_s = sustained(&t, found.next);
            push(found, for_s, severity(), out);
        }
    }
}

/// Whether what stands between two limits joins them: nothing, or *and*, *but*.
fn joined(between: &[Token<'_>]) -> bool {
    between.len() <= 2
        && between.iter().all(|w| {
            w.is_any(&[
                "and", "but", "und", "aber", "et", "mais", "y", "pero", "e", "ma", "en", "och", "men", "og", "i", "a",
                "ale",
            ]) || matches!(w.text, "и" | "но" | "且" | "、" | "か" | "かつ" | "," | "，" | "та")
        })
}

/// The limit at `at` and the one before it as one band, where they are its ends.
fn band(out: &mut Vec<Threshold>, at: usize) {
    let Some([low, high]) = at.checked_sub(1).and_then(|b| out.get(b..=at)) else { return };
    let (Some(lo), Some(hi)) = (low.value.as_f64(), high.value.as_f64()) else { return };
    let ends = low.op.starts_with('>') && high.op.starts_with('<') && lo < hi;
    let same = low.unit == high.unit || low.unit.is_none();
    if ends && same && low.relative_to == high.relative_to {
        let unit = high.unit.clone();
        let for_s = high.for_s;
        out.truncate(at);
        if let Some(low) = out.last_mut() {
            "in".clone_into(&mut low.op);
            low.value = json!([number(lo), number(hi)]);
            low.unit = unit;
            low.for_s = low.for_s.or(for_s);
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
    if let Some(found) = none::none(t, i, text, used, names) {
        return Some(found);
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
        ">" if denied => (super::compare::Compared { op: "<=", ..compared }, next + 1),
        "<" if denied => (super::compare::Compared { op: ">=", ..compared }, next + 1),
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
    if people || !fine && !whole && !opens || unit == Some("%") && of_traffic(t, next, &metric::own(t, i, text, used)) {
        return None;
    }
    Some(One { metric, op, value: number(value), unit, relative, severity, next: ends.unwrap_or(next) })
}

/// `more than 10 minutes above 2 %`, `30분 이상 20%를 초과`: a length directly before another number says how long that holds.
fn lasts_before_another(t: &[Token<'_>], i: usize) -> bool {
    let Some((seconds, next)) = crate::runbook::times::duration(t, i).filter(|(s, _)| *s >= 1.0) else { return false };
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
            && crate::runbook::times::duration(t, next + at).is_none()
            && seconds < 90_000.0
            && ((0..=at).any(|k| comparator(t, next + k).is_some_and(|c| c.next == next + at))
                || amount(t, next + at).is_some_and(|(_, _, n)| postfix(t, n).is_some()))
    })
}

/// `more than two sessions`.
fn in_letters(t: &[Token<'_>], i: usize) -> Option<(f64, Option<&'static str>, usize)> {
    let word = t.get(i).filter(|w| w.kind == Kind::Word && !w.is("on"))?;
    let n = numerals::value(word.text).filter(|n| *n > 1.0)?;
    let (unit, next) = super::amount::unit(t, i + 1);
    Some((n, unit, next))
}

/// `at most 10 % of the traffic`: a share that is sent, not one that is measured.
fn of_traffic(t: &[Token<'_>], next: usize, metric: &str) -> bool {
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
    !metric::is_metric(metric)
        && of.any(|w| {
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
fn baseline_ahead(t: &[Token<'_>], from: usize) -> Option<&'static str> {
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
    compared: super::compare::Compared,
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

/// `1-3%`, `500-1000ms`, `(target: 100-500)`, `between 1% and 3%`.
fn range(t: &[Token<'_>], i: usize, text: &str, used: usize, names: Names<'_>) -> Option<One> {
    let between = t.get(i)?.is_any(&[
        "between", "zwischen", "entre", "from", "von", "tussen", "tra", "fra", "mellan", "mellem", "mellom", "de",
        "od", "mezi", "od", "tussen", "antara", "from",
    ]) || matches!(
        t.get(i)?.text.to_lowercase().as_str(),
        "między" | "pomiędzy" | "между" | "від" | "між" | "от" | "介于" | "在" | "από" | "între"
    );
    let start = i + usize::from(between);
    let low = t.get(start)?;
    let (lo, lo_unit, mid) = amount(t, start)?;
    let join = t.get(mid)?;
    if !(join.dash()
        || between
            && (join.is_any(&["and", "und", "y", "et", "e", "en", "in", "i", "och", "og", "a", "do", "m"])
                || matches!(join.text, "и" | "до" | "та" | "και" | "și" | "és" | "và" | "و")
                || join.text.starts_with(['和', '与', '與', '及']))
        || join.is_any(&["to", "bis", "à", "ile", "til", "till", "tot", "através"])
        || matches!(join.text, "至" | "到" | "から" | "에서" | "부터" | "과" | "와")
        || join.is_any(&["a", "à", "do", "al"]) && lo_unit.is_none_or(|u| u != "count")
        || matches!(join.kind, Kind::Sign('~' | '～' | '…' | '〜'))
        || join.kind == Kind::Sign('.') && t.get(mid + 1).is_some_and(|d| d.sign('.') && d.from == join.to))
    {
        return None;
    }
    // `5 .. 10`, `de 5 % à 10 %`
    let dots = t.get(mid..).unwrap_or_default().iter().take(3).take_while(|d| d.sign('.')).count();
    let (hi, unit, next) = amount(t, mid + dots.max(1))?;
    let target = i > 0
        && t.get(i.saturating_sub(3)..i)
            .unwrap_or_default()
            .iter()
            .any(|w| w.is_any(&["target", "targets", "range", "expected", "ziel", "within", "innerhalb"]));
    // `normal: 93–96 %`, `usually 60–90`: how it is, not how it has to be.
    if clause::usual(t, i) {
        return None;
    }
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
    let from_to = between && t.get(i)?.is_any(&["from", "von", "de", "od", "en"]) && !named && names.row.is_none();
    let fine = named && (unit.is_some() || target)
        || between && !from_to && (matches!(unit, Some("%" | "ms" | "rps" | "/s" | "/min")) || named)
        || target && metric::is_metric_like(&metric)
        || between && !from_to && next >= t.len()
        || names.row.is_some() && (unit.is_some() || i == 0 && next >= t.len())
        || unit.is_some()
            && t.get(next).is_some_and(|w| {
                matches!(w.text, "arasında" | "aralığında" | "之间" | "사이" | "の間" | "の範囲")
                    || w.text.starts_with("の間")
                    || w.text.starts_with("の範囲")
                    || w.text.starts_with("사이")
            });
    let takes = t.get(..i).and_then(<[_]>::last).is_some_and(|w| {
        w.is_any(&[
            "take", "takes", "took", "need", "needs", "dauert", "dauern", "dure", "tarda", "dura", "duurt", "lasts",
            "about", "around",
        ])
    });
    let lasts = matches!(unit, Some("min" | "h" | "d")) && (!named || takes);
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
        && t.get(i - 1).is_some_and(|p| {
            p.to == here.from
                && (p.dash()
                    || matches!(p.kind, Kind::Sign('.' | '/' | '+'))
                    || p.sign(':') && i > 1 && t.get(i - 2).is_some_and(|n| n.number().is_some()))
        })
    {
        return None;
    }
    if lasts_before_another(t, i) {
        return None;
    }
    let (value, unit, next) = amount(t, i)?;
    let in_words = tongues::behind(t, next).is_some();
    let (op, relative, next) = if let Some((op, after)) = postfix(t, next) {
        // `4 h or better` is at most.
        let better = t.get(after - 1).is_some_and(|w| w.is("better")) && matches!(unit, Some("ms" | "s" | "min" | "h"));
        let (op, next) = (if better { "<=" } else { op }, after);
        (op, None, next)
    } else {
        // `20% above baseline`, `10% higher than baseline`, `40 % выше обычного`
        let word = t.get(next)?;
        let op = if word.is_any(&["above", "over", "higher", "more", "worse", "slower", "greater"]) {
            ">"
        } else if word.is_any(&["below", "under", "lower", "less"]) {
            "<"
        } else {
            grammar::side(word.text)?
        };
        (op, Some(baseline_ahead(t, next)?), next + 1)
    };
    // `毎分100件を超える失敗`: what follows in the same word, which nothing sets apart.
    let whole = || (used == 0 && !text.is_ascii()).then(|| (metric::clean(text), None)).filter(|(w, _)| !w.is_empty());
    let (metric, severity) = metric::name(t, i, text, used, names, next)
        .or_else(whole)
        .or_else(|| clause::opening(t, i, text).map(|w| (w, None)))?;
    let own = metric::own(t, i, text, used);
    let long = used > 0
        && (matches!(unit, Some("s" | "min" | "h" | "d")) && own.is_empty()
            || matches!(unit, Some("min" | "h" | "d")) && !metric::is_metric(&own));
    // `作業は10分以内`: how long something takes.
    let takes = matches!(unit, Some("min" | "h" | "d"))
        && !metric::is_metric(&metric)
        && !clause::opening(t, i, text).is_some_and(|w| metric::is_metric(&w))
        && names.row.is_none()
        && !clause::of(t, i, used).times(op, unit, text);
    let relative = relative.or_else(|| clause::held_against(t, i, used));
    let fine = !long
        && !takes
        && (metric::is_metric(&metric)
            || names.row.is_some()
            || matches!(unit, Some("%" | "ms" | "rps" | "/s" | "/min" | "count"))
            || op == "<=" && unit == Some("s")
            || metric::foreign(&metric)
            || unit.is_none() && !own.is_empty() && t.get(next - 1).is_some_and(|w| !w.text.is_ascii())
            || in_words && unit.is_none());
    fine.then(|| One { metric, op, value: number(value), unit, relative, severity, next })
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

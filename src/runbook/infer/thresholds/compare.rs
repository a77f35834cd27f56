//! Comparators as signs and as words: `≥`, `less than`, `must not exceed`, `或低于`.

use std::sync::LazyLock;

use super::eastern;
use super::known::Known;
use super::tongues::{self, said};
use crate::runbook::times;
use crate::runbook::tokens::{Kind, Token};

/// A comparator and the index of the token behind it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Compared {
    pub op: &'static str,
    pub next: usize,
    pub by: By,
}

/// How it was said: a word needs more around it to be a comparison than a sign does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum By {
    Sign,
    Word,
    /// Said in words that can mean nothing else, such as those of other languages.
    Said,
    /// `within 300ms`: a comparison for some units only.
    Within,
}

/// A comparator at `i`.
pub(super) fn comparator(t: &[Token<'_>], i: usize) -> Option<Compared> {
    let here = t.get(i)?;
    match here.kind {
        Kind::Sign(_) => sign(t, i),
        Kind::Word => negated(t, i).or_else(|| word(t, i)),
        Kind::Number(_) => None,
    }
}

fn sign(t: &[Token<'_>], i: usize) -> Option<Compared> {
    let here = t.get(i)?;
    if said(here) {
        let op = match here.kind {
            Kind::Sign('<') => "<",
            Kind::Sign('>') => ">",
            Kind::Sign('≤') => "<=",
            Kind::Sign('≥') => ">=",
            _ => "==",
        };
        return Some(Compared { op, next: i + 1, by: By::Said });
    }
    let next = t.get(i + 1);
    let before = i.checked_sub(1).and_then(|p| t.get(p));
    let touching = before.filter(|p| p.to == here.from);
    let followed = |c: char| next.is_some_and(|n| n.sign(c) && here.to == n.from);
    // `->`, `=>` and `<=>` are arrows; `<-` is one too.
    let after_arrow = touching.is_some_and(|p| p.dash() || p.sign('=') || p.sign('<') || p.sign('>'));
    let (op, len) = match here.kind {
        Kind::Sign('<' | '>') if after_arrow => return None,
        Kind::Sign('<') if followed('=') => ("<=", 2),
        Kind::Sign('>') if followed('=') => (">=", 2),
        Kind::Sign('<' | '＜') => ("<", 1),
        Kind::Sign('>' | '＞') => (">", 1),
        Kind::Sign('≤' | '⩽' | '≦') => ("<=", 1),
        Kind::Sign('≥' | '⩾' | '≧') => (">=", 1),
        Kind::Sign('=') if followed('=') => ("==", 2),
        // `key=5` is no threshold, `endpoints = 9` is.
        Kind::Sign('=') if before.is_none_or(|p| p.to < here.from && !p.sign('=')) => ("==", 1),
        _ => return None,
    };
    Some(Compared { op, next: i + len, by: By::Sign })
}

/// `must not exceed`, `never above`, `does not drop below`, `cannot at any time be higher than`, `without exceeding`.
fn negated(t: &[Token<'_>], i: usize) -> Option<Compared> {
    let here = t.get(i)?;
    let fails = here.is_any(&["fails", "fail", "unable", "failed"]) && t.get(i + 1).is_some_and(|w| w.is("to"));
    let no = here.is_any(&["not", "never", "cannot", "no", "without", "nor"])
        || here.text.ends_with("n't")
        || here.text.ends_with("n’t");
    if !no && !fails {
        return None;
    }
    // Between the two stand verbs that move and words for time; any word but a conjunction behind `must` and `should`.
    let before = |back: usize| i.checked_sub(back).and_then(|p| t.get(p));
    let asked = |w: &Token<'_>| {
        w.is_any(&[
            "must", "should", "may", "shall", "can", "will", "does", "did", "has", "have", "is", "are", "cannot",
        ])
    };
    let modal = before(1).is_some_and(asked) || here.is_any(&["cannot", "never"]) || here.text.len() > 4 && !no;
    let mut at = i + 1;
    while at < i + 7
        && t.get(at).is_some_and(|w| {
            w.is_any(MOVES)
                || w.text.ends_with("ly")
                || modal && at < i + 4 && w.kind == Kind::Word && !w.is_any(CLAUSES)
        })
        && word(t, at).is_none()
    {
        at += 1;
    }
    let found = word(t, at).filter(|w| w.by == By::Word).or_else(|| sign(t, at).filter(|s| s.by == By::Said))?;
    let op = match found.op {
        // `must not reach 90 %`
        ">=" if found.by == By::Word && !t.get(at)?.is("at") => "<",
        ">" | ">=" => "<=",
        "<" | "<=" => ">=",
        _ => return None,
    };
    Some(Compared { op, ..found })
}

/// What stands between a negation and its comparison and says nothing of it.
const MOVES: &[&str] = &[
    "be", "go", "rise", "drop", "fall", "get", "climb", "become", "grow", "ever", "to", "a", "stay", "by", "increase",
    "decrease", "at", "any", "time", "point", "remain", "been", "have", "spike", "dip", "sink", "slip", "run", "sit",
    "allowed", "creep", "jump", "move", "keep", "hold", "risen", "dropped", "fallen", "gone", "much", "the", "is",
    "are",
];

/// Words that begin another clause.
const CLAUSES: &[&str] = &[
    "if", "when", "unless", "until", "while", "and", "or", "but", "only", "once", "because", "with", "proceed",
    "continue", "start", "begin", "roll", "deploy", "advance", "promote", "just",
];

/// Single words, by what they mean.
const WORDS: &[(&str, &[&str])] = &[
    ("<", &["below", "under", "beneath", "unter", "unterhalb", "ниже", "менее", "меньше", "低于", "小于", "少于"]),
    (
        ">",
        &[
            "above",
            "over",
            "exceeds",
            "exceed",
            "exceeding",
            "exceeded",
            "surpasses",
            "beyond",
            "über",
            "oberhalb",
            "выше",
            "более",
            "больше",
            "超过",
            "高于",
            "大于",
            "超過",
            "supera",
            "dépasse",
            "übersteigt",
            "crosses",
            "crossing",
            "crossed",
            "surpass",
            "surpassing",
            "breaches",
            "breaching",
            "tops",
            "topping",
        ],
    ),
    ("<=", &["maximal", "höchstens", "不超过", "不高于", "不大于", "至多"]),
    (
        ">=",
        &[
            "reaches",
            "reach",
            "reaching",
            "hits",
            "hit",
            "mindestens",
            "minimal",
            "不低于",
            "不少于",
            "至少",
            "erreicht",
        ],
    ),
    ("==", &["equals", "equal", "exactly", "genau", "等于"]),
];

/// Two words, by what they mean.
const PAIRS: &[(&str, &[&str], &[&str])] = &[
    ("<", &["less", "lower", "fewer", "smaller", "faster", "shorter", "better"], &["than"]),
    (">", &["greater", "more", "higher", "larger", "slower", "longer", "bigger", "worse"], &["than"]),
    (">=", &["at", "au"], &["least", "moins"]),
    ("<=", &["at", "au"], &["most", "plus"]),
    ("<=", &["a", "como", "al", "come"], &["máximo", "massimo"]),
    (">=", &["como", "al", "come"], &["mínimo", "menos", "minimo", "meno"]),
    ("==", &["equal"], &["to"]),
    (">", &["north", "upwards", "excess"], &["of"]),
    ("<", &["south", "short", "shy"], &["of"]),
    (
        ">",
        &[
            "rises", "rise", "climbs", "climb", "goes", "go", "grows", "grow", "creeps", "spikes", "jumps", "gets",
            "get", "runs", "slips",
        ],
        &["past"],
    ),
    ("<", &["kleiner", "weniger", "geringer", "niedriger"], &["als"]),
    (">", &["größer", "mehr", "höher", "länger", "groesser"], &["als"]),
    ("<", &["inférieur", "inférieure", "inférieurs", "inférieures"], &["à"]),
    (">", &["supérieur", "supérieure", "supérieurs", "supérieures"], &["à"]),
    ("<", &["inferior", "menor", "inferiores"], &["a", "al", "que", "à"]),
    (">", &["superior", "mayor", "maior", "superiores"], &["a", "al", "que", "à"]),
    ("<", &["moins", "menos", "meno"], &["de", "di", "del"]),
    (">", &["plus", "más", "mais", "più"], &["de", "di", "del"]),
    ("<=", &["up"], &["to"]),
];

/// `max 5%`, `maximum of 200 ms`.
const MAXIMUM: &[&str] = &["max", "máx", "maximum", "máximo", "massimo", "máxima", "massima", "maximale"];

/// `min. 99 %`.
const MINIMUM: &[&str] = &["min", "mín", "minimum", "mínimo", "minimo", "mínima", "minima", "minimale"];

/// Every word that a comparison can begin with; any other does where *than* follows it.
static FIRST: LazyLock<Known> = LazyLock::new(|| {
    let own = [
        "at", "no", "less", "lower", "fewer", "greater", "higher", "more", "larger", "smaller", "equal", "equals",
        "within",
    ];
    let single = WORDS.iter().flat_map(|(_, words)| words.iter());
    let pairs = PAIRS.iter().flat_map(|(_, first, _)| first.iter());
    let bounds = [MAXIMUM, MINIMUM, UPPER, LOWER].into_iter().flatten();
    Known::of(own.into_iter().chain(single.chain(pairs).chain(bounds).copied()))
});

fn word(t: &[Token<'_>], i: usize) -> Option<Compared> {
    let here = t.get(i).filter(|w| w.kind == Kind::Word)?;
    let next = t.get(i + 1);
    // Nearly every word is none of these.
    if !FIRST.has(here) && !next.is_some_and(|n| n.is("than")) {
        return None;
    }
    let found = |op, len| Some(Compared { op, next: i + len, by: By::Word });
    // `at or below`, `equal to or above`
    if here.is("at") && next.is_some_and(|n| n.is("or")) {
        let third = word(t, i + 2)?;
        return match third.op {
            "<" => Some(Compared { op: "<=", ..third }),
            ">" => Some(Compared { op: ">=", ..third }),
            _ => None,
        };
    }
    if here.is("no") {
        return negated(t, i);
    }
    // `warn at 0.5%, page at 2%`
    let grave = i.checked_sub(1).and_then(|p| t.get(p)).is_some_and(|p| {
        p.is_any(&[
            "warn", "warning", "page", "alert", "abort", "rollback", "critical", "stop", "escalate", "ticket", "fires",
            "fire", "trips", "trip", "triggers", "trigger", "alarm", "alarms", "pages", "alerts", "breaks",
        ])
    });
    if here.is("at") && grave && next.is_some_and(|n| n.number().is_some()) {
        return found(">=", 1);
    }
    // `less than or equal to`, `greater than or equal to`
    if here.is_any(&["less", "lower", "fewer", "greater", "higher", "more", "larger", "smaller"]) {
        let mut at = i + 1 + usize::from(next.is_some_and(|n| n.is("than")));
        if t.get(at).is_some_and(|w| w.is("or")) && t.get(at + 1).is_some_and(|w| w.is_any(&["equal", "equals"])) {
            at += 2;
            at += usize::from(t.get(at).is_some_and(|w| w.is_any(&["to", "than"])));
            let low = here.is_any(&["less", "lower", "fewer", "smaller"]);
            return Some(Compared { op: if low { "<=" } else { ">=" }, next: at, by: By::Word });
        }
    }
    // `equal to or less than`
    if here.is_any(&["equal", "equals"]) {
        let at = i + 1 + usize::from(next.is_some_and(|n| n.is("to")));
        if t.get(at).is_some_and(|w| w.is("or"))
            && let Some(third) = word(t, at + 1)
        {
            let op = if third.op.starts_with('<') { "<=" } else { ">=" };
            return Some(Compared { op, ..third });
        }
    }
    for (op, first, second) in PAIRS {
        if is_one(here, first) && next.is_some_and(|n| is_one(n, second)) {
            // `up to` is a limit only where something else says so.
            return if *op == "<=" && here.is("up") {
                Some(Compared { op, next: i + 2, by: By::Within })
            } else {
                found(op, 2)
            };
        }
    }
    // `wider than`, `older than`: any comparative.
    if here.text.len() > 4
        && here.text.to_lowercase().ends_with("er")
        && next.is_some_and(|n| n.is("than"))
        && !here.is_any(&["other", "rather", "never", "either", "whether", "another"])
    {
        let low = here.is_any(&[
            "shorter", "earlier", "younger", "cheaper", "narrower", "colder", "cooler", "lighter", "weaker", "quicker",
            "sooner", "thinner",
        ]);
        return found(if low { "<" } else { ">" }, 2);
    }
    if here.is("within") {
        return Some(Compared { op: "<=", next: i + 1, by: By::Within });
    }
    // `max 5%`, `min. 99 %`, `maximum of 200 ms`; in `5 min` it is a unit.
    let after_number = i.checked_sub(1).and_then(|p| t.get(p)).is_some_and(|p| p.number().is_some());
    let bound = if here.is_any(MAXIMUM) {
        Some("<=")
    } else if here.is_any(MINIMUM) && !after_number {
        Some(">=")
    } else {
        None
    };
    if let Some(op) = bound {
        let mut at = i + 1;
        while at < i + 3
            && t.get(at).is_some_and(|w| {
                w.is_any(&["of", "de", "del", "di", "da", "do", "von"]) || matches!(w.kind, Kind::Sign('.' | ':'))
            })
        {
            at += 1;
        }
        return t.get(at).filter(|n| n.number().is_some()).map(|_| Compared { op, next: at, by: By::Word });
    }
    if let Some(found) = bound_noun(t, i) {
        return Some(found);
    }
    let (op, _) = WORDS.iter().find(|(_, words)| is_one(here, words))?;
    // `exceeds the 300 ms mark`, `above a rate of 5 %`
    let skip = t.get(i + 1..).unwrap_or_default().iter().take(3);
    let skip = skip.take_while(|w| {
        w.is_any(&["the", "a", "an", "about", "around", "roughly", "approximately", "our", "its"])
            || w.text.ends_with("'s")
            || w.text.ends_with("’s")
    });
    let len = 1 + skip.count();
    if t.get(i + len).is_some_and(|n| n.number().is_some()) { found(op, len) } else { found(op, 1) }
}

/// Nouns for an upper bound.
const UPPER: &[&str] = &[
    "ceiling",
    "cap",
    "obergrenze",
    "höchstwert",
    "maximalwert",
    "plafond",
    "tope",
    "techo",
    "teto",
    "tetto",
    "bovengrens",
    "maximum",
    "övre",
    "maksimum",
    "上限",
    "上限は",
    "上限が",
    "상한",
    "最大",
    "최대",
    "最大で",
    "最大値",
    "最大值",
];

/// And for a lower one.
const LOWER: &[&str] = &[
    "floor",
    "untergrenze",
    "mindestwert",
    "minimalwert",
    "plancher",
    "piso",
    "ondergrens",
    "minimum",
    "下限",
    "下限は",
    "下限が",
    "하한",
    "最小",
    "최소",
    "最小値",
    "最小值",
    "最低でも",
    "少なくとも",
];

/// Nouns for an upper or lower bound: `p95 ceiling: 400 ms`, `Obergrenze von 5 %`, `limite máximo = 2 %`, `上限は80%`.
fn bound_noun(t: &[Token<'_>], i: usize) -> Option<Compared> {
    let here = t.get(i)?;
    let mut at = i + 1;
    let op = if is_one(here, UPPER) {
        "<="
    } else if is_one(here, LOWER) {
        ">="
    } else {
        return None;
    };
    while at < i + 4
        && t.get(at).is_some_and(|w| {
            w.is_any(&["of", "is", "at", "de", "von", "bei", "ist", "beträgt", "est", "es", "di", "van", "à", "a"])
                || matches!(w.kind, Kind::Sign(':' | '=' | '：'))
                || w.text == "は"
        })
    {
        at += 1;
    }
    t.get(at).filter(|n| n.number().is_some()).map(|_| Compared { op, next: at, by: By::Word })
}

/// Whether it is one of these words, in any case and any script.
fn is_one(token: &Token<'_>, words: &[&str]) -> bool {
    token.is_any(words) || !token.text.is_ascii() && words.contains(&token.text.to_lowercase().as_str())
}

/// A comparison behind its number: `5% or less`, `1%以上`. Gives the comparator and the index behind it.
pub(super) fn postfix(t: &[Token<'_>], i: usize) -> Option<(&'static str, usize)> {
    if let Some(found) = tongues::behind(t, i) {
        return Some(found);
    }
    let here = t.get(i)?;
    if here.is_any(&["or", "oder", "ou", "o"]) || here.text == "или" || here.text == "и" {
        let word = t.get(i + 1)?;
        return if is_one(
            word,
            &["less", "lower", "below", "fewer", "under", "faster", "weniger", "moins", "menos", "менее", "ниже"],
        ) {
            Some(("<=", i + 2))
        } else if is_one(
            word,
            &["more", "higher", "above", "greater", "over", "better", "mehr", "plus", "más", "более", "выше"],
        ) {
            Some((">=", i + 2))
        } else {
            None
        };
    }
    // `3 seconds at most`
    if here.is("at")
        && t.get(i + 1).is_some_and(|w| w.is_any(&["most", "least"]))
        && t.get(i + 2).is_none_or(|n| n.number().is_none())
    {
        return Some((if t.get(i + 1)?.is("most") { "<=" } else { ">=" }, i + 2));
    }
    // `0.2 % max`; a bare `5 min` has its unit already.
    if here.is_any(&["max", "maximum", "tops"]) {
        return Some(("<=", i + 1));
    }
    if here.is_any(&["min", "minimum"]) && t.get(i.checked_sub(1)?).is_some_and(|u| u.sign('%') || u.is("rps")) {
        return Some((">=", i + 1));
    }
    if here.is("and") && t.get(i + 1).is_some_and(|w| w.is_any(&["above", "below"])) {
        return Some((if t.get(i + 1)?.is("above") { ">=" } else { "<=" }, i + 2));
    }
    let starts = |words: &[&str]| words.iter().any(|w| here.text.starts_with(w));
    if here.text.is_ascii() {
        return None;
    }
    if let Some(found) = eastern::verb(t, i) {
        return Some(found);
    }
    if starts(&["以上"]) {
        Some((">=", i + 1))
    } else if starts(&["以下", "以内", "以內"]) {
        Some(("<=", i + 1))
    } else if let Some(op) = across(t, i) {
        // `2%を10分以上超えた場合`: the length is read by who asks for it.
        Some((op, i + 1))
    } else if starts(&["未満", "未满", "を下回", "미만"]) {
        Some(("<", i + 1))
    } else if starts(&["を超", "超", "を上回", "초과"])
        && t.get(i + 1).is_none_or(|n| n.number().is_none() || !starts(&["超"]))
    {
        Some((">", i + 1))
    } else if starts(&["이상"]) {
        Some((">=", i + 1))
    } else if starts(&["이하"]) {
        Some(("<=", i + 1))
    } else {
        None
    }
}

/// A comparison whose verb stands behind a length: `を10分以上超えた`.
fn across(t: &[Token<'_>], i: usize) -> Option<&'static str> {
    t.get(i).filter(|w| w.text == "を" || w.text == "が")?;
    let (_, next) = times::duration(t, i + 1)?;
    let verb = t.get(next)?.text;
    if ["超え", "上回", "超過"].iter().any(|w| verb.contains(w)) {
        Some(">")
    } else if verb.contains("下回") {
        Some("<")
    } else {
        None
    }
}

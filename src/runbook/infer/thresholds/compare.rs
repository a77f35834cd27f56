//! Comparators as signs and as words: `≥`, `less than`, `must not exceed`, `或低于`.

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

/// `must not exceed`, `never above`, `does not drop below`.
fn negated(t: &[Token<'_>], i: usize) -> Option<Compared> {
    let here = t.get(i)?;
    let no = here.is_any(&[
        "not", "never", "cannot", "nicht", "nie", "no", "ne", "nunca", "jamais", "pas", "non", "niet", "ingen",
    ]) || matches!(here.text.to_lowercase().as_str(), "не" | "não" | "ні")
        || here.text.ends_with("n't")
        || here.text.ends_with("n’t");
    if !no {
        return None;
    }
    let mut at = i + 1;
    while at < i + 4
        && t.get(at).is_some_and(|w| {
            w.is_any(&[
                "be",
                "go",
                "rise",
                "drop",
                "fall",
                "get",
                "climb",
                "become",
                "grow",
                "ever",
                "to",
                "a",
                "go",
                "stay",
                "by",
                "increase",
                "decrease",
                "pas",
                "debe",
                "puede",
                "deve",
                "pode",
                "może",
                "powinno",
                "darf",
                "soll",
                "должна",
                "должен",
                "caer",
                "cair",
                "ficar",
                "estar",
                "subir",
                "bajar",
            ])
        })
    {
        at += 1;
    }
    let found = word(t, at).filter(|w| w.by == By::Word).or_else(|| sign(t, at).filter(|s| s.by == By::Said))?;
    let op = match found.op {
        ">" | ">=" => "<=",
        "<" | "<=" => ">=",
        _ => return None,
    };
    Some(Compared { op, ..found })
}

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
    ("==", &["equals", "exactly", "genau", "等于"]),
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

fn word(t: &[Token<'_>], i: usize) -> Option<Compared> {
    let here = t.get(i).filter(|w| w.kind == Kind::Word)?;
    let next = t.get(i + 1);
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
        p.is_any(&["warn", "warning", "page", "alert", "abort", "rollback", "critical", "stop", "escalate", "ticket"])
    });
    if here.is("at") && grave && next.is_some_and(|n| n.number().is_some()) {
        return found(">=", 1);
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
    if here.is("within") {
        return Some(Compared { op: "<=", next: i + 1, by: By::Within });
    }
    // `max 5%`, `min. 99 %`, `maximum of 200 ms`; in `5 min` it is a unit.
    let after_number = i.checked_sub(1).and_then(|p| t.get(p)).is_some_and(|p| p.number().is_some());
    let bound = if here.is_any(&["max", "maximum", "máximo", "massimo", "máxima", "massima", "maximale"]) {
        Some("<=")
    } else if here.is_any(&["min", "minimum", "mínimo", "minimo", "mínima", "minima", "minimale"]) && !after_number {
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
    WORDS.iter().find(|(_, words)| is_one(here, words)).and_then(|(op, _)| found(op, 1))
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
        None
    } else if starts(&["以上"]) {
        Some((">=", i + 1))
    } else if starts(&["以下", "以内"]) {
        Some(("<=", i + 1))
    } else if let Some(op) = across(t, i) {
        // `2%を10分以上超えた場合`: the length is read by who asks for it.
        Some((op, i + 1))
    } else if starts(&["を超えな", "を超過しな", "を上回らな"]) {
        // `1%を超えないこと`
        Some(("<=", i + 1))
    } else if starts(&["を下回らな", "を割らな"]) {
        Some((">=", i + 1))
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

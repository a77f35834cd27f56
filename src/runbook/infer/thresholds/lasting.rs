//! How long a number must be crossed before it counts: `(sustained 5+ minutes)`, `for 2 min`, `over a 5-minute window`.

use super::amount::amount;
use super::compare::comparator;
use crate::runbook::labels;
use crate::runbook::times;
use crate::runbook::tokens::{Kind, Token};

const LASTING: &[&str] = &[
    "for",
    "over",
    "sustained",
    "longer",
    "lasting",
    "during",
    "für",
    "durante",
    "pendant",
    "per",
    "über",
    "течение",
    "während",
    "länger",
    "持续",
    "続",
    "連続",
    "连续",
    "consecutive",
    "averaged",
    "average",
];

/// The length that follows a threshold which ends before `from`, up to the next threshold.
pub(super) fn sustained(t: &[Token<'_>], from: usize) -> Option<u64> {
    let mut i = from;
    while let Some(word) = t.get(i) {
        if let Some(at) = comparator(t, i).map(|c| c.next)
            && let Some((_, unit, next)) = amount(t, at)
            && !word.is_any(&["over", "more", "at", "longer", "within"])
            && !is_one_of(word, LASTING)
        {
            // `p95 > 500ms, ≥5 min`: a second limit with nothing to its name is how long.
            let bare = i == from
                || i == from + 1 && t.get(from).is_some_and(|k| matches!(k.kind, Kind::Sign(',' | '(' | ';' | '|')));
            let ends = t.get(next).is_none_or(|k| matches!(k.kind, Kind::Sign(')' | '.' | ',' | ';' | '→' | '|')));
            return if bare && ends && matches!(unit, Some("s" | "min" | "h")) {
                times::duration(t, at).map(|(seconds, _)| seconds as u64)
            } else {
                None
            };
        }
        let near = i <= from + 5
            && word.is_any(&["in", "within"])
            && !t.get(i + 1..i + 4).unwrap_or_default().iter().any(|w| w.is_any(&["first", "next", "progress"]));
        if (near || is_one_of(word, LASTING))
            && let Some((seconds, _)) = after(t, i + 1)
        {
            return Some(seconds);
        }
        // `(5m)`, `(5 min avg)`, `(5-minute average)`
        if matches!(word.kind, Kind::Sign('(' | '（' | '['))
            && let Some((seconds, next)) = times::duration(t, i + 1)
            && seconds >= 1.0
            && t.get(next).is_some_and(|k| {
                matches!(k.kind, Kind::Sign(')' | '）' | ']'))
                    || k.is_any(&["avg", "average", "window", "rolling", "sustained", "mean", "moving"])
            })
        {
            return Some(seconds as u64);
        }
        // `5 min sustained`, `5-minute window`, `5分間継続`
        if let Some((seconds, next)) = times::duration(t, i)
            && seconds >= 1.0
            && t.get(next).is_some_and(|k| {
                k.is_any(&["sustained", "window", "average", "avg", "lang", "straight", "consecutive", "boyunca"])
                    || ["継続", "続", "持续", "以上続", "連続", "以上超", "以上上回", "以上下回", "以上に", "以上持"]
                        .iter()
                        .any(|w| k.text.starts_with(w))
            })
        {
            return Some(seconds as u64);
        }
        i += 1;
    }
    None
}

/// `If for 5 minutes p95 stays above 500ms`, `连续 5 分钟高于 3%`, `5 dakika boyunca %90 üzerinde`: the length stands before
/// the number at `to`.
pub(super) fn ahead(t: &[Token<'_>], to: usize, text: &str) -> Option<u64> {
    if labels::imperative(text) && !t.first()?.is_any(&["if", "when"]) {
        return None;
    }
    (0..to).find_map(|i| {
        let (seconds, next) = length_at(t, i)?;
        let apart =
            |k: &Token<'_>| matches!(k.kind, Kind::Sign(',' | ';' | ':' | '.' | '|' | '：' | '，' | '、' | '→'));
        (next <= to && !t.get(next..to)?.iter().any(apart)).then_some(seconds)
    })
}

/// A length that says so at `i`, with the word that says it: `länger als 5 Minuten`, `5 dakika boyunca`, `在 10 分钟内`.
pub(super) fn length_at(t: &[Token<'_>], i: usize) -> Option<(u64, usize)> {
    let word = t.get(i)?;
    if !word.is_any(&["per", "average", "averaged"])
        && is_one_of(word, LASTING)
        && let Some(found) = after(t, i + 1)
    {
        return Some(found);
    }
    // `dauerhaft (10 min) über 80 %`
    if matches!(word.kind, Kind::Sign('(' | '（'))
        && let Some((seconds, next)) = times::duration(t, i + 1)
        && seconds >= 1.0
        && t.get(next).is_some_and(|k| matches!(k.kind, Kind::Sign(')' | '）')))
    {
        return Some((seconds as u64, next + 1));
    }
    let (seconds, next) = times::duration(t, i)?;
    let behind = t.get(next)?;
    let says = behind.is_any(&["boyunca", "süreyle", "lang"])
        || ["内", "の", "間", "以上", "連続", "连续", "持续", "期间", "の間", "以内"]
            .iter()
            .any(|w| behind.text.starts_with(w));
    (says && seconds >= 1.0).then_some((seconds as u64, next + 1))
}

/// The length behind a word that asks for one, past what says nothing, and where it ends.
fn after(t: &[Token<'_>], from: usize) -> Option<(u64, usize)> {
    let mut at = from;
    while at < from + 7
        && t.get(at).is_some_and(|k| {
            matches!(k.kind, Kind::Sign('>' | '≥' | '~' | '(' | ':' | '=' | '+' | '`' | '*' | '≈'))
                || k.is_any(&[
                    "than",
                    "more",
                    "at",
                    "least",
                    "a",
                    "an",
                    "the",
                    "last",
                    "past",
                    "next",
                    "for",
                    "any",
                    "over",
                    "als",
                    "mehr",
                    "mindestens",
                    "plus",
                    "de",
                    "más",
                    "each",
                    "about",
                    "longer",
                    "period",
                    "of",
                    "within",
                    "einen",
                    "einem",
                    "rolling",
                ])
                || matches!(k.text, "более" | "не" | "менее" | "超过" | "至少")
        })
    {
        at += 1;
    }
    if let Some((seconds, next)) = times::duration(t, at) {
        return Some((seconds as u64, next)).filter(|(s, _)| *s > 0);
    }
    let word = t.get(at)?;
    // `10 consecutive minutes`
    if let (Some(n), true, Some(unit)) = (
        word.number(),
        t.get(at + 1).is_some_and(|w| w.is_any(&["consecutive", "full", "continuous", "straight", "or"])),
        t.get(at + 2).and_then(|w| times::unit(w.text)).or_else(|| t.get(at + 3).and_then(|w| times::unit(w.text))),
    ) {
        return Some(((n * unit) as u64, at + 3)).filter(|(s, _)| *s > 0);
    }
    // `over five minutes`, `for an hour`
    const WORDS: &[&str] = &["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    let unit =
        |at: usize| t.get(at).filter(|w| w.kind == Kind::Word && w.text.len() > 2).and_then(|w| times::unit(w.text));
    if let Some(n) = WORDS.iter().position(|w| word.is(w)) {
        return unit(at + 1).map(|u| (((n + 1) as f64 * u) as u64, at + 2));
    }
    let article = at.checked_sub(1).and_then(|b| t.get(b)).is_some_and(|w| w.is_any(&["a", "an", "any"]));
    // `w ciągu godziny`
    let asks = at.checked_sub(1).and_then(|b| t.get(b)).is_some_and(|w| w.is("for"));
    if article || asks { unit(at).map(|u| (u as u64, at + 1)) } else { None }
}

fn is_one_of(token: &Token<'_>, words: &[&str]) -> bool {
    token.is_any(words)
        || !token.text.is_ascii()
            && words.iter().any(|w| !w.is_ascii() && (token.text.to_lowercase() == *w || token.text.ends_with(w)))
}

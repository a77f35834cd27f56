//! How long a number must be crossed before it counts: `(sustained 5+ minutes)`, `for 2 min`, `over a 5-minute window`.

use super::amount::amount;
use super::compare::comparator;
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
        let near = i <= from + 3
            && word.is_any(&["in", "within"])
            && !t.get(i + 1..i + 4).unwrap_or_default().iter().any(|w| w.is_any(&["first", "next", "progress"]));
        if (near || is_one_of(word, LASTING))
            && let Some(seconds) = after(t, i + 1)
        {
            return (!word.is("per")).then_some(seconds);
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
                k.is_any(&["sustained", "window", "average", "avg", "lang", "straight", "consecutive"])
                    || ["継続", "続", "持续", "以上続", "連続"].iter().any(|w| k.text.starts_with(w))
            })
        {
            return Some(seconds as u64);
        }
        i += 1;
    }
    None
}

/// The length behind a word that asks for one, past what says nothing.
fn after(t: &[Token<'_>], from: usize) -> Option<u64> {
    let mut at = from;
    while at < from + 7
        && t.get(at).is_some_and(|k| {
            matches!(k.kind, Kind::Sign('>' | '≥' | '~' | '(' | ':' | '=' | '+' | '`' | '*'))
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
    if let Some((seconds, _)) = times::duration(t, at) {
        return Some(seconds as u64).filter(|s| *s > 0);
    }
    let word = t.get(at)?;
    // `10 consecutive minutes`
    if let (Some(n), true, Some(unit)) = (
        word.number(),
        t.get(at + 1).is_some_and(|w| w.is_any(&["consecutive", "full", "continuous", "straight", "or"])),
        t.get(at + 2).and_then(|w| times::unit(w.text)).or_else(|| t.get(at + 3).and_then(|w| times::unit(w.text))),
    ) {
        return Some((n * unit) as u64).filter(|s| *s > 0);
    }
    // `over five minutes`, `for an hour`
    const WORDS: &[&str] = &["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    let unit =
        |at: usize| t.get(at).filter(|w| w.kind == Kind::Word && w.text.len() > 2).and_then(|w| times::unit(w.text));
    if let Some(n) = WORDS.iter().position(|w| word.is(w)) {
        return unit(at + 1).map(|u| ((n + 1) as f64 * u) as u64);
    }
    let article = at.checked_sub(1).and_then(|b| t.get(b)).is_some_and(|w| w.is_any(&["a", "an", "any"]));
    if article { unit(at).map(|u| u as u64) } else { None }
}

fn is_one_of(token: &Token<'_>, words: &[&str]) -> bool {
    token.is_any(words)
        || !token.text.is_ascii()
            && words.iter().any(|w| !w.is_ascii() && (token.text.to_lowercase() == *w || token.text.ends_with(w)))
}

//! How long a number must be crossed before it counts: `(sustained 5+ minutes)`, `for 2 min`, `over a 5-minute window`.

use std::sync::LazyLock;

use super::amount::amount;
use super::compare::comparator;
use super::known::{Known, lower};
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
    "gedurende",
    "binnen",
    "under",
    "inom",
    "across",
    "throughout",
    "selama",
    "trong",
    "لمدة",
    "для",
    "για",
];

/// Words behind a length that make it one that must last: `5 minutes in a row`, `5 minutos seguidos`, `5분간`, `10分以上続く`.
const AFTER: &[&str] = &[
    "sustained",
    "window",
    "windows",
    "average",
    "avg",
    "mean",
    "rolling",
    "moving",
    "straight",
    "consecutive",
    "consecutively",
    "running",
    "continuously",
    "lang",
    "hindurch",
    "am",
    "boyunca",
    "süreyle",
    "süresince",
    "içinde",
    "aaneengesloten",
    "consécutives",
    "consécutifs",
    "consecutivos",
    "consecutivas",
    "seguidos",
    "seguidas",
    "consecutivi",
    "подряд",
    "rzędu",
    "sürerse",
    "sürdüğünde",
    "동안",
    "연속",
    "지속",
    "이상",
    "넘게",
    "ajan",
    "tovább",
    "át",
    "uzun",
    "sonra",
];

/// The same where words run on.
const RUNS_ON: &[&str] = &[
    "継続",
    "続",
    "持续",
    "持續",
    "連続",
    "连续",
    "連續",
    "以上",
    "にわた",
    "間",
    "内",
    "の",
    "超",
    "を超",
    "간",
    "동안",
    "이상",
];

/// Words behind which something else is said: what is done then, and how long that takes.
const THEN: &[&str] = &[
    "then",
    "dann",
    "puis",
    "luego",
    "entonces",
    "então",
    "allora",
    "poi",
    "затем",
    "dan",
    "sedan",
    "sonra",
    "wait",
    "waiting",
    "pause",
    "monitor",
    "observe",
    "soak",
    "bake",
    "watch",
    "warten",
    "abwarten",
    "beobachten",
    "attendre",
    "surveiller",
    "esperar",
    "vigilar",
    "aguardar",
    "attendere",
    "wachten",
    "czekać",
    "poczekaj",
    "ждать",
    "подождать",
    "等待",
    "vänta",
    "roll",
    "rollback",
    "revert",
    "abort",
    "page",
    "notify",
    "escalate",
];

/// The length that follows a threshold which ends before `from`, up to the next threshold or the end of what is said of it.
pub(super) fn sustained(t: &[Token<'_>], from: usize) -> Option<u64> {
    // A window of many days is what an objective is counted over, not how long it must last.
    lasting(t, from).filter(|seconds| *seconds <= 86_400)
}

fn lasting(t: &[Token<'_>], from: usize) -> Option<u64> {
    let mut i = from;
    while let Some(word) = t.get(i) {
        if ends(t, i) {
            return None;
        }
        // Another limit begins: what lasts there lasts there.
        if let Some(at) = comparator(t, i).map(|c| c.next)
            && let Some((_, unit, _)) = amount(t, at)
            && !matches!(unit, Some("s" | "min" | "h" | "d"))
            && times::duration(t, at).is_none()
        {
            return None;
        }
        if let Some(at) = comparator(t, i).map(|c| c.next)
            && let Some((_, unit, next)) = amount(t, at)
            && !word.is_any(&["over", "more", "at", "longer", "within"])
            && !asks_for_length(word)
        {
            // `p95 > 500ms, ≥5 min`: a second limit with nothing to its name is how long.
            let bare = i == from
                || i == from + 1
                    && t.get(from).is_some_and(|k| {
                        matches!(k.kind, Kind::Sign(',' | '(' | ';' | '|' | '（' | '、' | '，' | '—' | '–'))
                            || k.is_any(&["and", "und", "et", "y", "e", "en", "och", "i"])
                            || matches!(k.text, "и" | "且" | "并" | "が")
                    });
            let long = matches!(unit, Some("min" | "h")) && super::tongues::said(word);
            let ends = t.get(next).is_none_or(|k| {
                matches!(k.kind, Kind::Sign(')' | '.' | ',' | ';' | '→' | '|' | '）' | '。' | '，' | ':' | '、' | '-'))
                    || k.kind == Kind::Word && long
            });
            return if bare && ends && matches!(unit, Some("s" | "min" | "h")) {
                times::duration(t, at).map(|(seconds, _)| seconds as u64)
            } else {
                None
            };
        }
        let near = i <= from + 5
            && (word.is_any(&["in", "i"])
                || word.is("within") && !t.get(i + 2).is_some_and(|w| w.is_any(&["h", "hours", "hour", "days"])))
            && !t.get(i + 1..i + 4).unwrap_or_default().iter().any(|w| w.is_any(&["first", "next", "progress"]));
        // `under 5 minuter`, which in English is a limit of its own.
        let lasts = asks_for_length(word) && (i == from || !word.is("under"));
        // `should be back above 80 % in ten minutes`: by when, not how long.
        let deadline = |w: &Token<'_>| {
            w.is_any(&[
                "back", "return", "returns", "recover", "recovers", "settle", "settles", "restored", "drain",
                "drained", "zurück", "revenir", "revient", "retomber", "volver", "vuelve", "vuelva", "voltar", "volta",
                "tornare", "torna", "terug", "tillbaka", "tilbage", "tilbake", "wrócić", "wraca",
            ]) || ["верну", "возвра", "повер", "восстан"].iter().any(|s| w.text.to_lowercase().starts_with(s))
        };
        let falls = |w: &Token<'_>| {
            w.is_any(&[
                "drop",
                "drops",
                "fall",
                "falls",
                "reach",
                "reaches",
                "reached",
                "recharged",
                "completed",
                "done",
                "up",
            ])
        };
        if word.is("within") && t.get(..from).is_some_and(|head| head.iter().any(falls)) {
            i += 1;
            continue;
        }
        let by_when = word.is_any(&["in", "within", "i"])
            || matches!(word.text, "за" | "в")
            || word.is("for") && word.to - word.from == 4;
        if by_when && t.get(..from).is_some_and(|head| head.iter().any(deadline)) {
            i += 1;
            continue;
        }
        if (near || lasts)
            && let Some((seconds, _)) = after(t, i + 1)
        {
            return Some(seconds);
        }
        // `(5m)`, `(5 min avg)`, `(5-minute average)`
        let selector = word.sign('[')
            && i.checked_sub(1).and_then(|b| t.get(b)).is_some_and(|b| b.to == word.from && b.kind == Kind::Word);
        if matches!(word.kind, Kind::Sign('(' | '（' | '['))
            && !selector
            && let Some((seconds, next)) = times::duration(t, i + 1)
            && seconds >= 1.0
            && t.get(next).is_some_and(|k| matches!(k.kind, Kind::Sign(')' | '）' | ']')) || says(k))
        {
            return Some(seconds as u64);
        }
        // `5 min sustained`, `5-minute window`, `5分間継続`; `> 500 ms, 5 min` at the end
        if let Some((seconds, next)) = times::duration(t, i)
            && seconds >= 1.0
        {
            // `5秒以上で警告、30秒以上で中断` are two limits; `30秒以上続く` says how long.
            let goes_on = |k: &Token<'_>| {
                ["続", "継続", "连续", "連続", "持续", "지속", "계속"].iter().any(|w| k.text.contains(w))
            };
            let limit = seconds < 60.0
                && t.get(next).is_some_and(|k| {
                    (k.text.starts_with("以上") || k.text == "이상" || k.text.starts_with("超"))
                        && !goes_on(k)
                        && !t.get(next + 1).is_some_and(goes_on)
                });
            if !limit && (t.get(next).is_some_and(says) || phrase_behind(t, next)) {
                return Some(seconds as u64);
            }
            let set_apart = i == from + 1
                && t.get(from).is_some_and(|k| matches!(k.kind, Kind::Sign(',' | '/' | '@' | '·' | '、' | '，')))
                && t.get(next).is_none_or(|k| matches!(k.kind, Kind::Sign(')' | '→' | '|' | '）')));
            if set_apart {
                return Some(seconds as u64);
            }
            i = next.max(i + 1);
            continue;
        }
        i += 1;
    }
    None
}

/// Whether this word behind a length says that it must last.
fn says(word: &Token<'_>) -> bool {
    BEHIND.has(word) || !word.text.is_ascii() && RUNS_ON.iter().any(|w| word.text.starts_with(w))
}

/// `in a row`, `at a time`, `d'affilée`, `di fila`, `or longer`, `i rad`.
fn phrase_behind(t: &[Token<'_>], i: usize) -> bool {
    let (Some(a), b) = (t.get(i), t.get(i + 1)) else { return false };
    let b_is = |words: &[&str]| b.is_some_and(|b| b.is_any(words));
    a.text.to_lowercase().starts_with("d'affil")
        || a.text.starts_with("d’affil")
        || a.is("or") && b_is(&["more", "longer"])
        || a.is("in") && b_is(&["a"]) && t.get(i + 2).is_some_and(|c| c.is_any(&["row", "stretch"]))
        || a.is("at") && b_is(&["a"])
        || a.is("di") && b_is(&["fila", "seguito"])
        || a.is("am") && b_is(&["stück"])
        || a.is("i") && b_is(&["rad", "sträck", "træk", "strekk"])
        || a.is("z") && b.is_some_and(|b| b.text == "rzędu")
        || a.is_any(&["oder", "ou", "o", "of", "lub", "eller"])
            && b.is_some_and(|b| {
                b.is_any(&["länger", "mehr", "plus", "más", "mais", "più", "langer", "meer", "dłużej", "mer"])
            })
}

/// Whether what is said of a limit ends at `i`: at an arrow, at the end of a sentence, before what is done then.
fn ends(t: &[Token<'_>], i: usize) -> bool {
    let Some(here) = t.get(i) else { return true };
    let next = t.get(i + 1);
    match here.kind {
        Kind::Sign('→' | '⇒' | '➡' | '。' | '|' | '•') => true,
        // `->`, `=>`
        Kind::Sign('>') => {
            i.checked_sub(1).and_then(|p| t.get(p)).is_some_and(|p| p.to == here.from && (p.dash() || p.sign('=')))
        }
        // A full stop, but not `min.` before more of the same.
        Kind::Sign('.' | '!' | '?') => next.is_some_and(|n| {
            n.from > here.to && n.kind == Kind::Word && n.text.chars().next().is_some_and(char::is_uppercase)
        }),
        Kind::Word => NEXT.has(here),
        // `…, roll back for 10 minutes`
        Kind::Sign(',' | ';' | '，') => {
            next.is_some_and(|n| n.kind == Kind::Word && !asks_for_length(n) && labels::surely_imperative(n.text))
        }
        _ => false,
    }
}

/// `If for 5 minutes p95 stays above 500ms`, `连续 5 分钟高于 3%`, `5 dakika boyunca %90 üzerinde`: the length stands before
/// the number at `to`.
pub(super) fn ahead(t: &[Token<'_>], to: usize, text: &str) -> Option<u64> {
    // In an order only what follows its condition counts: `Roll back if for 5 minutes …`.
    let condition = |w: &Token<'_>| w.is_any(&["if", "when", "once", "wenn", "falls", "si", "cuando", "se", "als"]);
    let first = t.get(..to)?.iter().rposition(condition);
    if first.is_none() && labels::imperative(text) {
        return None;
    }
    (first.unwrap_or(0)..to).find_map(|i| {
        let (seconds, next) = length_at(t, i)?;
        let apart =
            |k: &Token<'_>| matches!(k.kind, Kind::Sign(',' | ';' | ':' | '.' | '|' | '：' | '，' | '、' | '→'));
        (next <= to && !t.get(next..to)?.iter().any(apart)).then_some(seconds)
    })
}

/// A length that says so at `i`, with the word that says it: `länger als 5 Minuten`, `5 dakika boyunca`, `在 10 分钟内`.
pub(super) fn length_at(t: &[Token<'_>], i: usize) -> Option<(u64, usize)> {
    let word = t.get(i)?;
    // `直近1時間`, `최근 5분`, `per un quarto d'ora`
    let past = matches!(word.text, "직전" | "최근" | "過去" | "直近" | "最近" | "过去" | "過去の" | "近");
    let per = word.is("per") && t.get(i + 1).is_some_and(|w| w.is_any(&["un", "una"]) || w.number().is_some());
    if (past || per)
        && let Some(found) = after(t, i + 1)
    {
        return Some(found);
    }
    if !word.is_any(&["per", "average", "averaged"])
        && asks_for_length(word)
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
    let said = says(behind) || ["期间", "以内"].iter().any(|w| behind.text.starts_with(w)) || phrase_behind(t, next);
    (said && seconds >= 1.0).then_some((seconds as u64, next + 1))
}

/// *The last*, before a length: `за последние 5 минут`, `in den letzten 10 Minuten`.
const LAST: &[&str] = &[
    "letzten",
    "letzte",
    "den",
    "der",
    "dernières",
    "dernière",
    "derniers",
    "últimos",
    "últimas",
    "última",
    "último",
    "ultimi",
    "ultima",
    "ultimo",
    "laatste",
    "senaste",
    "sidste",
    "siste",
    "ostatnie",
    "ostatnich",
    "ostatniej",
    "poslední",
    "posledních",
    "последние",
    "последний",
    "последнюю",
    "последних",
    "останні",
    "останню",
    "останніх",
    "ultimele",
    "ultima",
    "darrers",
    "terakhir",
    "viimeisen",
];

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
                    "een",
                    "un",
                    "una",
                    "une",
                    "uno",
                    "een",
                    "en",
                    "ett",
                    "los",
                    "les",
                    "de",
                    "di",
                    "dan",
                    "dos",
                    "ca",
                ])
                || matches!(k.text, "более" | "не" | "менее" | "超过" | "至少")
                || k.kind == Kind::Word && LAST.contains(&lower(k.text).as_ref())
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
        t.get(at + 1).is_some_and(|w| {
            w.is_any(&[
                "consecutive",
                "full",
                "continuous",
                "straight",
                "or",
                "aufeinanderfolgende",
                "aufeinanderfolgenden",
                "volle",
                "opeenvolgende",
                "kolejnych",
                "kolejne",
                "ganze",
            ])
        }),
        t.get(at + 2).and_then(|w| times::unit(w.text)).or_else(|| t.get(at + 3).and_then(|w| times::unit(w.text))),
    ) {
        return Some(((n * unit) as u64, at + 3)).filter(|(s, _)| *s > 0);
    }
    // `for an hour`; numbers in letters are numbers by now.
    let unit =
        |at: usize| t.get(at).filter(|w| w.kind == Kind::Word && w.text.len() > 2).and_then(|w| times::unit(w.text));
    let article = at.checked_sub(1).and_then(|b| t.get(b)).is_some_and(|w| {
        w.is_any(&["a", "an", "any", "last", "past", "een", "un", "une", "una", "uno", "eine", "einer", "ett", "en"])
            || LAST.contains(&lower(w.text).as_ref())
    });
    // `w ciągu godziny`
    let asks = at.checked_sub(1).and_then(|b| t.get(b)).is_some_and(|w| w.is("for"));
    if article || asks { unit(at).map(|u| (u as u64, at + 1)) } else { None }
}

static LASTS: LazyLock<Known> = LazyLock::new(|| Known::of(LASTING.iter().copied()));
static BEHIND: LazyLock<Known> = LazyLock::new(|| Known::of(AFTER.iter().copied()));
static NEXT: LazyLock<Known> = LazyLock::new(|| Known::of(THEN.iter().copied()));

/// Whether a word introduces a length.
fn asks_for_length(token: &Token<'_>) -> bool {
    token.kind == Kind::Word && LASTS.has(token)
        || !token.text.is_ascii() && {
            let lower = lower(token.text);
            LASTING.iter().any(|w| !w.is_ascii() && (lower == *w || token.text.ends_with(w)))
        }
}

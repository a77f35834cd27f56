//! Comparisons of Japanese and Korean, whose verbs stand behind the number: `を超えてはならない`, `より大きい`, `를 초과하면`.

use crate::runbook::tokens::{Kind, Token};

/// The comparison at `i`, behind a number with its unit: its operator and the index behind it.
pub(super) fn verb(t: &[Token<'_>], i: usize) -> Option<(&'static str, usize)> {
    let here = t.get(i).filter(|w| w.kind == Kind::Word)?;
    japanese(here.text).map(|op| (op, i + 1)).or_else(|| korean(t, i))
}

fn japanese(run: &str) -> Option<&'static str> {
    let rest = ["を", "が", "は", "に", "で"].iter().find_map(|particle| run.strip_prefix(particle)).unwrap_or(run);
    let starts = |words: &[&str]| words.iter().any(|w| rest.starts_with(w));
    // What is denied says so within its verb.
    let denied = ["ない", "ません", "ぬこと", "てはな", "てはいけ", "なければ"]
        .iter()
        .any(|w| rest.find(w).is_some_and(|at| at <= 18));
    let turned = |op: &'static str, not: &'static str| Some(if denied { not } else { op });
    if starts(&["超え", "超過", "超す", "越え", "越す", "上回", "オーバー"]) {
        turned(">", "<=")
    } else if starts(&["下回", "割り", "割る", "割っ", "割ら", "切る", "切っ", "切り", "切ら"]) {
        turned("<", ">=")
    } else if starts(&["達し", "達す", "到達"]) {
        turned(">=", "<")
    } else if starts(&[
        "より大",
        "より高",
        "より多",
        "より長",
        "より遅",
        "よりも大",
        "よりも高",
        "よりも多",
        "よりも長",
        "よりも遅",
    ]) {
        turned(">", "<=")
    } else if starts(&[
        "より小",
        "より低",
        "より少",
        "より短",
        "より速",
        "よりも小",
        "よりも低",
        "よりも少",
        "よりも短",
    ]) {
        turned("<", ">=")
    } else if starts(&["以内", "まで"]) {
        Some("<=")
    } else {
        None
    }
}

/// `를 초과하면`, `보다 높으면`, `아래로 떨어지면`, `을 넘지 않아야`.
fn korean(t: &[Token<'_>], i: usize) -> Option<(&'static str, usize)> {
    let here = t.get(i)?;
    let particle = matches!(here.text, "를" | "을" | "이" | "가" | "보다" | "에");
    let at = i + usize::from(particle);
    let word = t.get(at).filter(|w| w.kind == Kind::Word)?;
    let starts = |words: &[&str]| words.iter().any(|w| word.text.starts_with(w));
    let denied = t
        .get(at..at + 2)
        .unwrap_or_default()
        .iter()
        .any(|w| ["지 않", "않", "말아", "안 "].iter().any(|n| w.text.contains(n)))
        || word.text.ends_with("지");
    let turned = |op: &'static str, not: &'static str| Some((if denied { not } else { op }, at + 1));
    if starts(&["초과", "넘", "웃돌", "상회"]) || here.text == "보다" && starts(&["높", "크", "큰", "많", "길", "느"])
    {
        turned(">", "<=")
    } else if here.text == "보다" && starts(&["낮", "작", "적", "짧", "빠"]) || starts(&["미만", "아래", "밑", "하회"])
    {
        turned("<", ">=")
    } else if starts(&["이상", "도달"]) {
        turned(">=", "<")
    } else if starts(&["이하", "이내", "이하로"]) {
        Some(("<=", at + 1))
    } else {
        None
    }
}

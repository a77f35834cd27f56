//! How grave it is when a number is crossed, from the consequence, the label or the heading.

use crate::runbook::infer::Seen;
use crate::runbook::tokens::{Kind, Token};

/// The severity that label and headings give to what stands under them.
pub(super) fn around(seen: &Seen<'_>, heading: Option<usize>, label: Option<&str>) -> Option<&'static str> {
    let of = |text: &str| {
        let lower = text.to_lowercase().replace('’', "'").replace('(', "");
        let has = |words: &[&str]| words.iter().any(|w| lower.contains(w));
        if has(&["don't rollback", "do not rollback", "don't roll back", "no rollback", "minor", "warning"]) {
            Some("warn")
        } else if has(&["page if", "prepare rollback", "escalat", "paging", "major"]) {
            Some("page")
        } else if has(&[
            "immediate rollback",
            "rollback if",
            "rollback trigger",
            "rollback criteria",
            "abort",
            "roll back if",
            "rollback when",
            "rollback threshold",
            "abbruchkrit",
            "abbruchgrenz",
            "critères d'abandon",
            "criterios de reversión",
            "critérios de reversão",
            "criteri di arresto",
            "kryteria wycofania",
            "критерии отката",
            "критерии отмены",
            "中止基準",
            "切り戻し基準",
            "回滚条件",
            "回滚标准",
        ]) {
            Some("rollback")
        } else {
            None
        }
    };
    label.and_then(of).or_else(|| seen.path(heading).take(2).find_map(of))
}

/// Behind an arrow stands the consequence.
pub(super) fn severity_of(t: &[Token<'_>], text: &str) -> Option<&'static str> {
    let arrow = t.iter().enumerate().skip(1).find(|(i, k)| {
        matches!(k.kind, Kind::Sign('→' | '⇒' | '➡'))
            || k.sign('>') && t.get(i - 1).is_some_and(|p| p.to == k.from && (p.dash() || p.sign('=')))
    });
    severity(text, arrow.and_then(|(_, a)| text.get(a.to..)))
}

/// What follows decides how grave it is.
fn severity(text: &str, consequence: Option<&str>) -> Option<&'static str> {
    let lower = consequence.unwrap_or("").to_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    if has(&["not rollback", "n't rollback", "not roll back"]) {
        return Some("warn");
    }
    if has(&["rollback", "roll back", "revert", "abort"]) {
        return Some("rollback");
    }
    if has(&["page", "escalat", "wake", "call "]) {
        return Some("page");
    }
    if has(&["warn", "alert", "ticket", "investigat", "notify"]) {
        return Some("warn");
    }
    let (lower, negated) = without_negated(text.to_lowercase().replace('’', "'"));
    if ["abort if", "abort when", "rollback if", "roll back if", "rollback when", "roll back when", "revert if"]
        .iter()
        .any(|w| lower.contains(w))
    {
        return Some("rollback");
    }
    // The consequence in one word, as other languages have it.
    const BACK: &[&str] = &[
        "zurückrollen",
        "zurückgerollt",
        "abbrechen",
        "revertir",
        "revierte",
        "reverter",
        "откат",
        "回滚",
        "切り戻",
        "wycofać",
        "tornare indietro",
        "retour arrière",
        "geri al",
        "terugdraaien",
    ];
    if BACK.iter().any(|w| lower.contains(w)) {
        return Some("rollback");
    }
    if ["page if", "page when", "alert if"].iter().any(|w| lower.contains(w)) {
        return Some("page");
    }
    negated.then_some("warn")
}

/// A text without its "do not roll back", and whether it had one.
fn without_negated(lower: String) -> (String, bool) {
    const BACK: [&str; 4] = ["roll back", "rollback", "abort", "revert"];
    // Most lines say nothing of going back.
    if !BACK.iter().any(|back| lower.contains(back)) {
        return (lower, false);
    }
    let before = lower.len();
    let mut text = lower;
    for no in ["do not", "don't", "never", "must not", "should not"] {
        if text.contains(no) {
            for back in BACK {
                text = text.replace(&format!("{no} {back}"), "");
            }
        }
    }
    let negated = text.len() < before;
    (text, negated)
}

/// The severity that a word alone names: `warn`, `Critical`, `rollback`.
pub(super) fn of_word(words: &str) -> Option<&'static str> {
    let lower = words.trim().to_lowercase();
    Some(match lower.as_str() {
        "warn"
        | "warning"
        | "yellow"
        | "amber"
        | "minor"
        | "alert"
        | "notify"
        | "warnung"
        | "jaune"
        | "gelb"
        | "amarillo"
        | "amarelo"
        | "giallo"
        | "geel"
        | "gul"
        | "żółty"
        | "жёлтый"
        | "желтый"
        | "жовтий"
        | "sarı"
        | "黄"
        | "黄色"
        | "avertissement"
        | "aviso"
        | "advertencia"
        | "avviso"
        | "waarschuwing"
        | "varning"
        | "advarsel"
        | "ostrzeżenie"
        | "varování"
        | "предупреждение"
        | "попередження"
        | "uyarı"
        | "警告"
        | "주의"
        | "경고"
        | "galben"
        | "groc"
        | "keltainen"
        | "sárga" => "warn",
        "page" | "critical" | "crit" | "escalate" | "escalation" | "major" | "pager" | "kritisch" | "paging" => "page",
        "rollback" | "roll back" | "abort" | "red" | "stop" | "revert" | "halt" | "no-go" | "nogo" | "rouge"
        | "rot" | "rojo" | "vermelho" | "rosso" | "rood" | "röd" | "rød" | "czerwony" | "červená" | "красный"
        | "червоний" | "kırmızı" | "赤" | "红" | "红色" | "roșu" | "vermell" | "punainen" | "piros" | "abbruch"
        | "зупинка" | "стоп" => "rollback",
        "info" | "notice" => "info",
        _ => return None,
    })
}

/// The severity of what a cell says is done then.
pub(super) fn of_consequence(cell: &str) -> Option<&'static str> {
    of_word(cell).or_else(|| severity(cell, Some(cell))).or_else(|| {
        let upper = cell.trim().to_uppercase();
        match upper.as_str() {
            "P1" | "SEV1" | "SEV-1" | "P0" | "SEV2" | "SEV-2" | "HIGH" => Some("page"),
            "P2" | "P3" | "SEV3" | "SEV-3" | "MEDIUM" | "LOW" => Some("warn"),
            _ => None,
        }
    })
}

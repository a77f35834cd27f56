//! Limits of none: `Zero 5xx errors`, `must be zero`, `null Fehler`, `должно быть 0`, `エラーが0件`.

use std::sync::LazyLock;

use serde_json::json;

use super::amount::{amount, unit};
use super::known::Known;
use super::metric::{self, Names};
use super::scan::One;
use crate::runbook::tokens::{Kind, Token};

/// Zero in letters.
const ZERO: &[&str] = &[
    "zero",
    "null",
    "zéro",
    "cero",
    "nul",
    "nulle",
    "noll",
    "nola",
    "ноль",
    "нуль",
    "нулю",
    "нулевой",
    "zera",
    "sıfır",
    "sıfıra",
    "零",
    "零个",
    "ゼロ",
    "ゼロで",
    "ゼロの",
    "영",
    "nula",
    "nule",
    "nolla",
    "nulla",
    "nuls",
    "nulles",
    "nulos",
    "nulas",
    "nulli",
    "nulle",
    "ceros",
    "ei yhtään",
    "нулевое",
    "нулевым",
];

static NOUGHT: LazyLock<Known> = LazyLock::new(|| Known::of([ZERO, NONE].into_iter().flatten().copied()));

/// Whether a word says zero or none.
pub(super) fn is_zero_word(word: &str) -> bool {
    NOUGHT.word(word)
}

/// Verbs that say what a number is.
const IS: &[&str] = &[
    "be",
    "is",
    "are",
    "remains",
    "remain",
    "stays",
    "stay",
    "at",
    "sein",
    "ist",
    "sind",
    "bleibt",
    "bleiben",
    "beträgt",
    "bei",
    "auf",
    "est",
    "sont",
    "être",
    "reste",
    "rester",
    "ser",
    "es",
    "sea",
    "son",
    "estar",
    "está",
    "en",
    "é",
    "em",
    "seja",
    "è",
    "essere",
    "sia",
    "a",
    "à",
    "zijn",
    "blijft",
    "op",
    "är",
    "vara",
    "på",
    "er",
    "være",
    "być",
    "wynosi",
    "jest",
    "równa",
    "równe",
    "być",
    "равно",
    "равна",
    "равен",
    "равны",
    "быть",
    "составляет",
    "je",
    "být",
    "olmalı",
    "为",
    "為",
    "on",
    "este",
    "είναι",
    "adalah",
    "là",
    "és",
    "是",
    "quedar",
    "rămâne",
    "等于",
    "应为",
    "保持为",
];

/// Verbs that go to a number.
const REACHES: &[&str] = &["equal", "equals", "reaches", "reach", "hits"];

/// Every word that a rule of zero can begin with, besides the digit.
static FIRST: LazyLock<Known> =
    LazyLock::new(|| Known::of([ZERO, NONE, IS, REACHES, &["to"]].into_iter().flatten().copied()));

/// A rule of zero at `i`.
pub(super) fn none(t: &[Token<'_>], i: usize, text: &str, used: usize, names: Names<'_>) -> Option<One> {
    let here = t.get(i)?;
    let digit = is_nought(here);
    // Nearly every word is none of these.
    if !digit && !FIRST.has(here) {
        return None;
    }
    let before = i.checked_sub(1).and_then(|p| t.get(p));
    // `interface errors: none`, `Abweichungen: keine`
    if i > 1
        && is_in(here, NONE)
        && before.is_some_and(|p| matches!(p.kind, Kind::Sign(':' | '：')))
        && t.get(i + 1).is_none_or(|k| matches!(k.kind, Kind::Sign('.' | ',' | ';' | '(')))
    {
        let (metric, severity) = metric::name(t, i, text, used, names, i + 1)?;
        return metric::is_bad(&metric).then(|| one(metric, severity, i + 1));
    }
    // `number of open sessions 0`, at the end of the line
    if digit
        && i > 1
        && t.get(i + 1).is_none_or(|k| k.sign('.') && t.get(i + 2).is_none())
        && before.is_some_and(|p| p.kind == Kind::Word && p.to < here.from)
        && t.get(..i)?.iter().any(|w| counts(w))
    {
        let (metric, severity) = metric::name(t, i, text, used, names, i + 1)?;
        return Some(one(metric, severity, i + 1));
    }
    // `Duplicates: 0`, `target: zero`, `…, écart 0 €`
    let end = {
        let next = amount(t, i).map_or(i + 1, |(.., next)| next);
        t.get(next)
            .is_none_or(|k| {
                matches!(k.kind, Kind::Sign(')' | ';' | ',' | '）')) || k.sign('.') && t.get(next + 1).is_none()
            })
            .then_some(next)
    };
    if let Some(next) = end
        && i > 0
        && (digit || is_in(here, ZERO))
    {
        // `08:00` is a time.
        let clock = i.checked_sub(2).and_then(|n| t.get(n)).is_some_and(|n| n.number().is_some());
        let colon = !clock && before.is_some_and(|p| matches!(p.kind, Kind::Sign(':' | '：')));
        let goal = colon && i.checked_sub(2).and_then(|g| t.get(g)).is_some_and(|g| is_in(g, GOAL));
        let words = before.is_some_and(|p| p.kind == Kind::Word && p.to < here.from);
        if colon || words {
            let (metric, severity) = metric::name(t, i, text, used, names, next)?;
            let own = metric::own(t, i, text, used);
            let bad = metric::is_bad(&metric) && !(words && own.split_whitespace().count() > 5);
            // `Failed: 0` is a limit in a checklist and a result in a report.
            let null = here.is_any(&["null", "nul"]);
            let wanted = names.expected && bad && (colon || !is_in(before?, IS))
                || goal && !metric.is_empty()
                || colon && !digit && metric.chars().any(char::is_alphabetic);
            if wanted && !null {
                let unit = amount(t, i).and_then(|(_, unit, _)| unit).filter(|u| *u == "%");
                return Some(One { unit, ..one(metric, severity, next) });
            }
        }
    }
    let zero = digit || here.kind == Kind::Word && is_in(here, ZERO);
    if zero && before.is_none_or(|p| digit && !comparing(p) || p.sign(':') || p.sign('：') || !digit && !p.dash()) {
        let said = things(t, i, text)
            .filter(|(metric, _)| here.is("zero") && before.is_none_or(|p| p.sign(':')) || metric::is_bad(metric));
        if let Some((metric, next)) = said {
            return Some(one(metric, None, next));
        }
    }
    // `エラーが0件であること`, `오류가 0건`
    if digit
        && let Some(count) = t
            .get(i + 1)
            .filter(|w| matches!(w.text, "件" | "个" | "個" | "건" | "개" | "回" | "次" | "条" | "笔" | "筆" | "則"))
    {
        let behind = t.get(i + 2);
        let ends = behind.is_none_or(|k| {
            k.kind != Kind::Word
                || ["で", "の", "を", "に", "が", "이", "인", "을", "を"].iter().any(|w| k.text.starts_with(w))
        });
        let (metric, severity) = metric::name(t, i, text, used, names, i + 2)?;
        return (ends && count.from == here.to && !metric.is_empty()).then(|| one(metric, severity, i + 2));
    }
    is_zero(t, i, text, used, names)
}

/// Words for what is wanted.
const GOAL: &[&str] = &[
    "target",
    "goal",
    "objective",
    "expected",
    "ziel",
    "soll",
    "zielwert",
    "objectif",
    "cible",
    "attendu",
    "objetivo",
    "meta",
    "esperado",
    "obiettivo",
    "atteso",
    "doel",
    "mål",
    "cel",
    "cíl",
    "мета",
    "цель",
    "норма",
    "hedef",
    "目標",
    "目标",
    "期待値",
    "목표",
    "tavoite",
    "cél",
];

const NONE: &[&str] = &[
    "none",
    "keine",
    "keiner",
    "aucun",
    "aucune",
    "ninguno",
    "ninguna",
    "nenhum",
    "nenhuma",
    "nessuno",
    "nessuna",
    "geen",
    "inga",
    "ingen",
    "ingenting",
    "brak",
    "нет",
    "немає",
    "žádné",
    "yok",
    "なし",
    "无",
    "無",
    "없음",
];

/// Whether a word says that something is counted.
fn counts(word: &Token<'_>) -> bool {
    const COUNT: &[&str] = &[
        "number",
        "count",
        "anzahl",
        "zahl",
        "nombre",
        "número",
        "numero",
        "aantal",
        "antal",
        "antall",
        "liczba",
        "количество",
        "число",
        "кількість",
        "počet",
        "sayısı",
        "adedi",
        "数",
        "件数",
        "数量",
        "수",
        "개수",
        "건수",
    ];
    word.kind == Kind::Word
        && (is_in(word, COUNT)
            || !word.text.is_ascii()
                && ["件数", "数量", "개수", "건수", "sayısı"].iter().any(|w| word.text.ends_with(w)))
}

/// `must be zero`, `is 0`, `doit rester à 0`
fn is_zero(t: &[Token<'_>], i: usize, text: &str, used: usize, names: Names<'_>) -> Option<One> {
    let here = t.get(i)?;
    let before = i.checked_sub(1).and_then(|p| t.get(p));
    let returns = here.is("to")
        && before.is_some_and(|b| {
            b.is_any(&[
                "return", "returns", "back", "down", "drained", "drains", "drops", "drop", "falls", "fall", "dropped",
                "gone",
            ])
        })
        || here.is_any(REACHES);
    if !returns && !is_in(here, IS) {
        // `Kuyruk 0 olmalı`, `muss 0 sein`, `未配信数は0`
        let asked = t.get(i + 1).is_some_and(|w| {
            w.is_any(&["sein", "bleiben", "betragen", "olmalı", "olmalıdır", "kalmalı", "zijn", "blijven"])
                || ["であ", "이어야", "여야", "인지", "이 될", "이 되", "になる", "になっ"]
                    .iter()
                    .any(|s| w.text.starts_with(s))
        });
        let topic = before.is_some_and(|b| {
            b.kind == Kind::Word && b.text.ends_with(['は', '为', '是', '為', '到', '成']) && b.text.chars().count() > 1
        });
        let ends =
            t.get(i + 1).is_none_or(|n| !matches!(n.kind, Kind::Word | Kind::Number(_) | Kind::Sign('.' | '%' | '-')));
        let zero = is_nought(here) || here.kind == Kind::Word && is_in(here, ZERO);
        if !zero || !(asked || topic && ends) {
            return None;
        }
        let (metric, severity) = metric::name(t, i, text, used, names, i + 1)?;
        let fine =
            asked && metric.split_whitespace().count() <= 6 || metric::is_metric(&metric) || metric::is_bad(&metric);
        return fine.then(|| one(metric, severity, i + 1));
    }
    let zero = t.get(i + 1).filter(|z| is_nought(z) || z.kind == Kind::Word && is_in(z, ZERO))?;
    // `at zero cost` is none: behind it the sentence ends, or says when.
    let mut next = i + 2;
    if is_nought(zero) && t.get(next).is_some_and(|n| n.from == zero.to) && unit(t, next).0.is_some() {
        next += 1;
    }
    let ends = t.get(next).is_none_or(|n| {
        !matches!(n.kind, Kind::Word | Kind::Number(_) | Kind::Sign('.' | '%' | '-'))
            || n.sign('.') && n.from == zero.to && t.get(next + 1).is_none_or(|k| k.from > n.to)
            || n.is_any(&[
                "for",
                "after",
                "before",
                "during",
                "within",
                "in",
                "für",
                "vor",
                "nach",
                "während",
                "bis",
                "sein",
                "pendant",
                "avant",
                "après",
                "durante",
                "antes",
                "después",
                "depois",
                "prima",
                "dopo",
                "voor",
                "na",
                "gedurende",
                "innan",
                "przez",
                "przed",
                "and",
                "und",
                "et",
                "y",
                "e",
                "olmalı",
                "at",
                "throughout",
                "always",
                "when",
                "once",
                "then",
                "per",
                "across",
                "on",
                "by",
            ])
            || matches!(n.text, "в" | "до" | "после" | "перед" | "и" | "на")
    });
    if !ends {
        return None;
    }
    let (metric, severity) = metric::name(t, i, text, used, names, next)?;
    let asks = [
        "must",
        "should",
        "shall",
        "muss",
        "müssen",
        "soll",
        "sollte",
        "sollen",
        "doit",
        "doivent",
        "debe",
        "deben",
        "deve",
        "devem",
        "devono",
        "moet",
        "moeten",
        "ska",
        "skal",
        "musi",
        "powinno",
        "powinna",
        "должно",
        "должна",
        "должен",
        "должны",
        "повинно",
        "musí",
    ];
    let asked = returns || t.get(i.saturating_sub(2)..i).unwrap_or_default().iter().any(|b| is_in(b, &asks));
    let nobody = metric.split_whitespace().any(|w| matches!(w, "I" | "it" | "them" | "we" | "you"));
    let many = metric.contains(['数', '量']);
    let fine = metric::is_metric(&metric) || metric::is_bad(&metric) || asked && !nobody || many;
    fine.then(|| one(metric, severity, next))
}

/// The things there are to be none of, behind a zero.
fn things(t: &[Token<'_>], i: usize, text: &str) -> Option<(String, usize)> {
    let words: Vec<&Token<'_>> = t
        .get(i + 1..)?
        .iter()
        .take_while(|w| w.kind == Kind::Word || w.sign('-') || w.sign('/'))
        .take_while(|w| {
            !w.is_any(&[
                "during", "in", "on", "for", "to", "while", "under", "at", "and", "or", "after", "before", "from",
                "of", "over", "within", "across", "since", "während", "beim", "im", "bei", "für", "pendant", "dans",
                "sur", "durante", "en", "em", "nel", "nella", "tijdens", "under", "podczas", "w", "is", "are",
            ]) && !matches!(w.text, "в" | "за" | "при" | "во")
        })
        .collect();
    let (first, last) = (words.first()?, words.last()?);
    let metric = text.get(first.from..last.to)?.trim();
    let lower = metric.to_lowercase();
    let other = lower.starts_with("downtime") || lower.starts_with("trust") || first.dash() || words.len() > 6;
    let touches = t.get(i).is_some_and(|z| z.to == first.from);
    (!other && !touches).then(|| (metric.to_owned(), i + 1 + words.len()))
}

fn one(metric: String, severity: Option<&'static str>, next: usize) -> One {
    One { metric, op: "==", value: json!(0), unit: None, relative: None, severity, next }
}

/// `0`, `0.00`, `０`.
fn is_nought(token: &Token<'_>) -> bool {
    token.number() == Some(0.0)
        && !token.text.is_empty()
        && (token.text.len() == 1 || token.text.contains(['.', ',']) || !token.text.is_ascii())
}

fn is_in(token: &Token<'_>, words: &[&str]) -> bool {
    token.is_any(words) || !token.text.is_ascii() && words.contains(&token.text.to_lowercase().as_str())
}

fn comparing(t: &Token<'_>) -> bool {
    matches!(t.kind, Kind::Sign('<' | '>' | '=' | '≤' | '≥' | '.' | '-' | '#' | '/'))
}

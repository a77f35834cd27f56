//! What the words of a clause say of its number: that it has to be so, that something follows when it is, or only how it is.

use std::sync::LazyLock;

use super::known::{Known, lower};
use super::metric;
use crate::runbook::labels;
use crate::runbook::tokens::{Kind, Token};

/// What is said around a comparison.
#[derive(Clone, Copy, Default)]
pub(super) struct Said {
    /// `if`, `when`, `once`: something follows.
    pub condition: bool,
    /// `must`, `should`, `stays`, `is`, a colon: it has to be so.
    asked: bool,
    /// Begins with a verb that asks for something to be done.
    order: bool,
    /// Of what is valid or runs out: certificates, tokens.
    pub valid: bool,
}

const IF: &[&str] = &[
    "if",
    "when",
    "once",
    "whenever",
    "until",
    "unless",
    "while",
    "as",
    "wenn",
    "falls",
    "sobald",
    "bis",
    "si",
    "lorsque",
    "quand",
    "dès",
    "tant",
    "cuando",
    "hasta",
    "quando",
    "se",
    "caso",
    "als",
    "zodra",
    "wanneer",
    "indien",
    "om",
    "när",
    "hvis",
    "når",
    "jeśli",
    "gdy",
    "kiedy",
    "pokud",
    "jakmile",
    "když",
    "eğer",
    "dacă",
    "când",
    "jos",
    "kun",
    "ha",
    "amikor",
    "если",
    "когда",
    "якщо",
    "коли",
    "nếu",
    "khi",
    "jika",
    "bila",
];

const MUST: &[&str] = &[
    "must", "should", "shall", "stays", "stay", "stayed", "remains", "remain", "keeps", "still", "goes", "drops",
    "drop", "falls", "fall", "rises", "rise", "climbs", "gets", "returns", "holds", "sits", "comes", "came", "went",
    "muss", "müssen", "soll", "sollte", "darf", "bleibt", "bleiben", "liegt", "doit", "doivent", "reste", "restent",
    "debe", "deben", "está", "queda", "deve", "not", "never", "cannot", "devem", "fica", "devono", "moet", "moeten",
    "blijft", "ska", "skal", "ligger", "musi", "musí",
];

static CONDITIONS: LazyLock<Known> = LazyLock::new(|| Known::of(IF.iter().copied()));
static DEMANDS: LazyLock<Known> = LazyLock::new(|| Known::of(MUST.iter().copied()));

/// What stands around the comparison at `i`, back to the start of its sentence.
pub(super) fn of(t: &[Token<'_>], i: usize, used: usize) -> Said {
    let mut said = Said::default();
    let mut first = None;
    let mut comma = false;
    for word in t.get(..i).unwrap_or_default().iter().rev() {
        if word.to <= used && used > 0
            || matches!(word.kind, Kind::Sign('.' | ';' | '。' | '→'))
                && first.is_some_and(|f: &Token<'_>| f.from > word.to)
        {
            break;
        }
        said.condition |= word.kind == Kind::Word && CONDITIONS.has(word);
        said.asked |=
            word.kind == Kind::Word && DEMANDS.has(word) || matches!(word.kind, Kind::Sign(':' | '：' | '—' | '–'));
        let lower = lower(word.text);
        said.valid |= [
            "valid",
            "valab",
            "remaining",
            "lifetime",
            "gültig",
            "expir",
            "gäller",
            "válid",
            "wygaś",
            "ważn",
            "geldig",
            "platn",
            "действ",
            "gyldig",
        ]
        .iter()
        .any(|w| lower.starts_with(w));
        if !comma {
            first = Some(word);
        }
        comma |= word.sign(',');
    }
    // `the battery is above 12.2 V`: the verb directly before it.
    let is = [
        "is", "are", "was", "were", "be", "ist", "sind", "est", "sont", "es", "é", "è", "är", "er", "jest", "not",
        "no", "does",
    ];
    said.asked |= i.checked_sub(1).and_then(|b| t.get(b)).is_some_and(|w| w.is_any(&is))
        || t.get(i).is_some_and(|w| w.is_any(&["not", "no", "never", "cannot"]));
    said.order = first.is_some_and(|w| labels::imperative(w.text));
    said
}

impl Said {
    /// Whether a bare number of something is a limit here: `jobs waiting should stay under 300`, `Spare addresses: at least 220`.
    pub(super) fn counts(self, unit: Option<&str>) -> bool {
        matches!(unit, None | Some("count")) && (self.asked || self.condition && !self.order)
    }

    /// Whether a length of time is a limit here: `when it has been down for longer than 45 minutes`, `starts in under 2 seconds`.
    pub(super) fn times(self, op: &str, unit: Option<&str>, text: &str) -> bool {
        let lower = text.to_lowercase();
        // How long something takes is an estimate, and a wait is none of these.
        let takes = [
            "takes",
            "take ",
            "wait",
            "allow",
            "dauert",
            "warte",
            "dure",
            "attend",
            "tarda",
            "espera",
            "demora",
            "aguard",
            "duurt meestal",
            "wacht",
            "estimated",
        ];
        if self.order && !self.condition || takes.iter().any(|w| lower.contains(w)) {
            return false;
        }
        match unit {
            Some("s") => op.starts_with('<') || self.condition || metric::is_metric(text),
            Some("min" | "h" | "d") => self.condition && op.starts_with('>') || self.valid,
            _ => false,
        }
    }
}

/// Whether no other number with a unit stands in the rest of the clause.
pub(super) fn alone(t: &[Token<'_>], from: usize) -> bool {
    let rest = t.get(from + 1..).unwrap_or_default().iter().take(10);
    let mut rest = rest.take_while(|k| {
        !matches!(k.kind, Kind::Sign('.' | ';' | '→')) && !k.is_any(&["or", "and", "oder", "und", "ou", "et", "o", "y"])
    });
    !rest.any(|k| k.number().is_some())
}

/// What the text begins with, where nothing nearer names the metric: `Spool utilization. Purge when above 70 %`.
pub(super) fn opening(t: &[Token<'_>], i: usize, text: &str) -> Option<String> {
    let first = t.iter().find(|k| k.kind == Kind::Word)?;
    let ends =
        t.get(..i)?.iter().position(|k| matches!(k.kind, Kind::Sign('.' | ',' | ';' | ':' | '—' | '–' | '(' | '：')));
    let to = t.get(ends.unwrap_or(i)).map(|k| k.from)?;
    let words = metric::clean(text.get(first.from..to)?);
    (words.chars().any(char::is_alphabetic) && words.split_whitespace().count() <= 8).then_some(words)
}

/// Whether the number at `i` only tells how it usually is: `normal: 93–96 %`, `is usually 60–90`.
pub(super) fn usual(t: &[Token<'_>], i: usize) -> bool {
    const USUAL: &[&str] = &[
        "normal",
        "normally",
        "usually",
        "usual",
        "actual",
        "typically",
        "typical",
        "currently",
        "today",
        "yesterday",
        "generally",
        "normalerweise",
        "üblich",
        "typisch",
        "derzeit",
        "aktuell",
        "sonst",
        "normalement",
        "habituellement",
        "actuellement",
        "d'habitude",
        "normalmente",
        "habitualmente",
        "actualmente",
        "geralmente",
        "atualmente",
        "solitamente",
        "attualmente",
        "normaal",
        "gewoonlijk",
        "meestal",
        "normalt",
        "vanligtvis",
        "zwykle",
        "normalnie",
        "obvykle",
        "běžně",
        "обычно",
        "зазвичай",
        "сейчас",
        "genelde",
        "genellikle",
        "通常",
        "平时",
        "平時",
        "普段",
        "평소",
        "보통",
    ];
    let before = t.get(i.saturating_sub(5)..i).unwrap_or_default().iter().rev();
    let mut near = before.take_while(|k| {
        !matches!(k.kind, Kind::Sign(';' | '.' | ',' | '(' | '|' | '、' | '，')) && k.number().is_none()
    });
    near.any(|w| {
        is_one(w, USUAL)
            || !w.text.is_ascii() && ["通常", "平时", "平時", "普段", "평소"].iter().any(|u| w.text.ends_with(u))
    })
}

/// Held against how it was: `below 40 % of the same minute last week`, `1.2 times the value before the update`.
pub(super) fn earlier(t: &[Token<'_>], from: usize) -> Option<&'static str> {
    const EARLIER: &[&str] = &[
        "baseline",
        "reference",
        "yesterday",
        "today's",
        "normalen",
        "normalt",
        "normalniveau",
        "sædvanlig",
        "vanlig",
        "obvykl",
        "basislinie",
        "referenz",
        "referenzwert",
        "ausgangswert",
        "vorwoche",
        "vortag",
        "référence",
        "habituel",
        "habituelle",
        "referencia",
        "habitual",
        "referência",
        "riferimento",
        "referentie",
        "vorige",
        "baslinje",
        "bazowej",
        "bazowego",
        "базов",
        "базовой",
        "базового",
        "базової",
        "обычного",
        "normalwert",
        "üblichen",
        "ベースライン",
        "前週",
        "前日",
        "平常",
        "平时",
        "基线",
        "基準値",
        "평소",
        "기준선",
    ];
    let rest = t.get(from..).unwrap_or_default().iter().take(10);
    let rest: Vec<&Token<'_>> = rest
        .take_while(|k| !matches!(k.kind, Kind::Sign(',' | ';' | '.' | '→' | '|' | ')')) && k.number().is_none())
        .collect();
    let word = rest.iter().any(|w| {
        is_one(w, EARLIER)
            || !w.text.is_ascii() && EARLIER.iter().any(|e| !e.is_ascii() && e.len() > 5 && w.text.contains(e))
    });
    let last = rest.windows(2).any(|p| {
        matches!(p, [a, b] if a.is_any(&["last", "previous", "before", "prior"]) && b.is_any(&[
            "week", "week's", "weeks", "month", "release", "the", "update", "monday", "change", "deploy", "version", "sunday",
        ]))
    });
    let last = last || rest.windows(2).any(|p| matches!(p, [a, b] if a.is("same") && b.kind == Kind::Word));
    // `twice the usual`, `double the four-week average`
    let of_old = rest.windows(3).any(|p| {
        matches!(p, [a, .., c] if a.is_any(&["the", "its", "our", "than"]) && c.is_any(&["average", "usual", "normal", "mean", "median"]))
    }) || rest.windows(2).any(|p| matches!(p, [a, b] if a.is_any(&["the", "its", "than", "a"]) && b.is_any(&["usual", "normal", "typical"])));
    (word || last || of_old).then_some("baseline")
}

fn is_one(token: &Token<'_>, words: &[&str]) -> bool {
    token.is_any(words)
        || token.kind == Kind::Word && !token.text.is_ascii() && words.contains(&token.text.to_lowercase().as_str())
}

/// `double`, `twice`, `half`.
pub(super) fn multiple(word: &str) -> Option<f64> {
    Some(match word.to_lowercase().as_str() {
        "twice" | "double" | "doppelte" | "doppelten" | "doble" | "dobro" | "doppio" | "dubbele" => 2.0,
        "triple" | "thrice" | "dreifache" => 3.0,
        "half" => 0.5,
        _ => return None,
    })
}

/// Words before the number that hold it against how it was: `gegenüber der Vorwoche mehr als 20 %`, `較上週增加 50% 以上`.
pub(super) fn held_against(t: &[Token<'_>], i: usize, used: usize) -> Option<&'static str> {
    let before = t.get(i.saturating_sub(10)..i).unwrap_or_default().iter().rev();
    let mut near = before.take_while(|k| {
        !matches!(k.kind, Kind::Sign(';' | '.' | ',' | ':' | '|' | '、' | '，')) && (used == 0 || k.from >= used)
    });
    near.any(|w| {
        w.is_any(&[
            "gegenüber",
            "rapport",
            "respecto",
            "rispetto",
            "comparado",
            "comparada",
            "compared",
            "jämfört",
            "sammenlignet",
        ]) || ["較", "与上", "與上", "比上", "前週比", "前日比", "相比", "대비", "сравнени", "порівнян"]
            .iter()
            .any(|p| w.text.contains(p))
    })
    .then_some("baseline")
}

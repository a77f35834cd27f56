//! Numbers in letters where a unit follows: `for five minutes`, `zwei Prozent`, `половина часа`, `une demi-heure`.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::amount::percent;
use crate::runbook::times;
use crate::runbook::tokens::{Kind, Token};

/// Numbers by their words, apart by blanks; one word of several languages stands once.
const NUMBERS: &[(f64, &str)] = &[
    (
        1.0,
        "one ein eine einer einem einen un une uno una um uma één jeden jedna jedną jedné один одна одну одной bir yksi egy",
    ),
    (
        2.0,
        "doi két hai dua kahden two zwei deux dos dois duas due twee två dwa dwie dwóch dva dvě dvou два две двух дві двох iki kaksi két kettő",
    ),
    (
        3.0,
        "trei ba tiga kolmen három three drei trois tres três tre drie tři tří trzy trzech три трех трёх трьох üç kolme három",
    ),
    (
        4.0,
        "patru bốn empat neljän four vier quatre cuatro quatro quattro fyra fire čtyři cztery czterech четыре четырех четырёх чотири dört neljä négy",
    ),
    (
        5.0,
        "cinci cinc năm lima viiden πέντε five fünf cinq cinco cinque vijf fem pět pěti pięć pięciu пять пяти п'ять п'яти beş viisi öt",
    ),
    (
        6.0,
        "șase sis sáu enam kuuden six sechs seis sei zes sex seks šest sześć sześciu шесть шести шість altı kuusi hat",
    ),
    (
        7.0,
        "șapte set bảy tujuh seven sieben sept siete sete sette zeven sju syv sedm siedem семь семи сім yedi seitsemän hét",
    ),
    (
        8.0,
        "opt vuit tám delapan eight acht huit ocho oito otto åtta otte osm osiem восемь восьми вісім sekiz kahdeksan nyolc",
    ),
    (
        9.0,
        "nouă nou chín sembilan nine neun neuf nueve nove negen nio ni devět dziewięć девять девяти dokuz yhdeksän kilenc",
    ),
    (
        10.0,
        "zece deu mười sepuluh kymmenen ti δέκα ten zehn dix diez dez dieci tien tio deset dziesięć dziesięciu десять десяти on kymmenen tíz",
    ),
    (12.0, "twelve zwölf douze doce doze dodici twaalf tolv двенадцать"),
    (
        15.0,
        "femten cincisprezece lima-belas viidentoista δεκαπέντε fifteen fünfzehn quinze quince quindici vijftien femton femten patnáct piętnaście пятнадцать пятнадцати viisitoista tizenöt",
    ),
    (
        20.0,
        "douăzeci vint tyve kahdenkymmenen είκοσι twenty zwanzig vingt veinte vinte venti twintig tjugo tyve dvacet dwadzieścia двадцать двадцати yirmi húsz",
    ),
    (
        30.0,
        "treizeci trenta tredive kolmenkymmenen τριάντα thirty dreißig trente treinta trinta trenta dertig trettio tredive třicet trzydzieści тридцать тридцати otuz harminc",
    ),
    (45.0, "forty-five fünfundvierzig"),
    (50.0, "fifty fünfzig cinquante cincuenta cinquenta cinquanta vijftig femtio пятьдесят elli"),
    (60.0, "sixty sechzig soixante sesenta sessenta sessanta zestig sextio шестьдесят altmış"),
    (90.0, "ninety neunzig noventa novanta negentig nittio девяносто doksan"),
    (100.0, "hundred hundert cent cien cem cento honderd hundra sto сто yüz"),
];

/// Lengths that are one word or a few, in minutes.
const LENGTHS: &[(f64, &str)] = &[
    (
        30.0,
        "half an hour, half a hour, halbe stunde, halben stunde, halber stunde, demi - heure, une demi - heure, media hora, \
         meia hora, mezz'ora, mezza ora, half uur, halvtimme, halv time, pół godziny, půl hodiny, полчаса, получаса, півгодини, \
         yarım saat, puoli tuntia, fél óra, 半小时, 半小時, 半時間, 半个小时",
    ),
    (
        15.0,
        "quarter of an hour, viertelstunde, quart d'heure, cuarto de hora, quarto d'ora, quarto de hora, kwartier, kwadrans, \
         четверть часа, čtvrt hodiny, 一刻钟",
    ),
    (90.0, "anderthalb stunden, eineinhalb stunden, полтора часа, полутора часов, half past"),
    (
        0.5,
        "half a minute, halbe minute, halben minute, demi - minute, medio minuto, meio minuto, mezzo minuto, halve minuut, полминуты, pół minuty, 半分钟",
    ),
];

static BY_WORD: LazyLock<HashMap<&'static str, f64>> = LazyLock::new(|| {
    let mut all = HashMap::new();
    for (n, words) in NUMBERS {
        for word in words.split_whitespace() {
            all.entry(word).or_insert(*n);
        }
    }
    all
});

type Lengths = HashMap<&'static str, Vec<(Vec<&'static str>, f64)>>;

static BY_FIRST: LazyLock<Lengths> = LazyLock::new(|| {
    let mut all = Lengths::new();
    for (minutes, phrases) in LENGTHS {
        for phrase in phrases.split(", ") {
            let mut words = phrase.split(' ');
            if let Some(first) = words.next() {
                all.entry(first).or_default().push((words.collect(), *minutes));
            }
        }
    }
    all
});

/// Whether a line without a digit may say a number nevertheless.
pub(super) fn any(line: &str) -> bool {
    line.split(|c: char| !(c.is_alphabetic() || c == '\'' || c == '-')).filter(|w| w.len() > 1).any(|word| {
        let known = |w: &str| BY_WORD.contains_key(w) || BY_FIRST.contains_key(w);
        if super::none::is_zero_word(word) {
            true
        } else if word.bytes().all(|b| b.is_ascii_lowercase()) {
            known(word)
        } else {
            known(&word.to_lowercase()) || word.starts_with(|c| eastern(c).is_some()) || word.contains('分')
        }
    })
}

/// The tokens of a line with its numbers in letters as numbers.
pub(super) fn numerals<'a>(t: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut out: Vec<Token<'a>> = Vec::with_capacity(t.len());
    let mut i = 0;
    while let Some(here) = t.get(i) {
        if here.kind == Kind::Word {
            // `百分之五`
            if here.text == "百分之"
                && let Some(n) = t.get(i + 1)
                && let Some(value) = n.number().or_else(|| chinese(n.text))
            {
                out.push(Token { kind: Kind::Number(value), from: here.from, ..*n });
                out.push(Token { kind: Kind::Sign('%'), text: "", from: n.to, to: n.to });
                i += 2;
                continue;
            }
            // `half a percent`
            if here.is_any(&["half", "halbes", "halves", "medio", "demi"])
                && let Some(at) = (i + 1..i + 3).find(|at| percent(t, *at).is_some())
            {
                out.push(Token { kind: Kind::Number(0.5), ..*here });
                i = at;
                continue;
            }
            if let Some((minutes, len)) = length(t, i) {
                let to = t.get(i + len - 1).map_or(here.to, |l| l.to);
                out.push(Token { kind: Kind::Number(minutes), to: here.from, ..*here });
                out.push(Token { kind: Kind::Word, text: "min", from: here.from, to });
                i += len;
                continue;
            }
            if let Some(n) = value(here.text).filter(|_| counts(t, i + 1)) {
                out.push(Token { kind: Kind::Number(n), ..*here });
                i += 1;
                continue;
            }
        }
        out.push(*here);
        i += 1;
    }
    out
}

/// Whether what stands at `i` can be counted in words: a unit of time, or percent.
fn counts(t: &[Token<'_>], i: usize) -> bool {
    let Some(next) = t.get(i) else { return false };
    let unit = |w: &Token<'_>| w.kind == Kind::Word && w.text.len() > 2 && times::unit(w.text).is_some();
    unit(next)
        || percent(t, i).is_some()
        || (next.dash() || next.is_any(&["consecutive", "full", "straight", "continuous", "aufeinanderfolgende"]))
            && t.get(i + 1).is_some_and(unit)
}

/// The number that a word names.
pub(super) fn value(word: &str) -> Option<f64> {
    let lower = if word.bytes().all(|b| b.is_ascii_lowercase()) { None } else { Some(word.to_lowercase()) };
    let lower = lower.as_deref().unwrap_or(word);
    BY_WORD.get(lower).copied().or_else(|| chinese(lower))
}

fn length(t: &[Token<'_>], i: usize) -> Option<(f64, usize)> {
    let first = t.get(i)?.text;
    let lower = if first.bytes().all(|b| b.is_ascii_lowercase()) {
        None
    } else {
        Some(first.to_lowercase().replace('’', "'"))
    };
    let known = BY_FIRST.get(lower.as_deref().unwrap_or(first))?;
    known.iter().find_map(|(rest, minutes)| {
        let fits = rest.iter().zip(i + 1..).all(|(word, at)| {
            t.get(at)
                .is_some_and(|w| if *word == "-" { w.dash() } else { w.text.to_lowercase().replace('’', "'") == *word })
        });
        fits.then_some((*minutes, 1 + rest.len()))
    })
}

/// A digit of Chinese and Japanese.
fn eastern(c: char) -> Option<f64> {
    Some(match c {
        '〇' | '零' => 0.0,
        '一' => 1.0,
        '二' | '两' | '兩' => 2.0,
        '三' => 3.0,
        '四' => 4.0,
        '五' => 5.0,
        '六' => 6.0,
        '七' => 7.0,
        '八' => 8.0,
        '九' => 9.0,
        '十' => 10.0,
        '百' => 100.0,
        _ => return None,
    })
}

/// `五`, `十五`, `三十`, `一百二十`.
fn chinese(word: &str) -> Option<f64> {
    let (mut total, mut digit) = (0.0, None);
    for c in word.chars() {
        let n = eastern(c)?;
        if n >= 10.0 {
            total += digit.take().unwrap_or(1.0) * n;
        } else {
            digit = Some(n);
        }
    }
    Some(total + digit.unwrap_or(0.0)).filter(|_| !word.is_empty())
}

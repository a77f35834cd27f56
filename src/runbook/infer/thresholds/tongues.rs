//! What people say in other languages for *at least*, *more than*, *for* and *per minute*, put into signs and words that the
//! scanner knows. A phrase keeps its place in the line, so that names are still cut where they stand.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use super::amount::amount;
use super::grammar::{self, composed};
use super::known::lower;
use super::numerals::numerals;
use crate::runbook::times;
use crate::runbook::tokens::{Kind, Token};

/// What a phrase means.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Means {
    /// A comparator before its number.
    Op(char),
    /// The upper or lower end, where a number with a unit follows and none stands before: `до 800 мс`, `ab 2 %`.
    End(char),
    /// How long: `durante`, `länger als`.
    For,
    /// `in 10 Minuten`: only before a number.
    In,
    /// `pro Minute`.
    Per(&'static str),
}

/// Phrases by what they mean, apart by commas. Words that are one in several languages stand once.
const PHRASES: &[(Means, &str)] = &[
    (
        Means::Op('<'),
        "weniger als, kleiner als, geringer als, niedriger als, unterhalb von, unterschreitet, \
         unterschreiten, fällt unter, sinkt unter, minder dan, lager dan, kleiner dan, onder de, mindre än, \
         moins de, moins d', inférieur à, inférieure à, inférieurs à, inférieures à, inférieur au, inférieure \
         au, en dessous de, en - dessous de, au - dessous de, sous les, sous, descend sous, passe sous, tombe sous, \
         menos de, menor de, menor que, menor a, menores de, menores a, inferior a, inferior al, inferiores \
         a, inferiores al, por debajo de, por debajo del, debajo de, debajo del, baja de, cae por debajo de, \
         cae por debajo del, menos que, menor do que, menos do que, inferior à, abaixo de, abaixo dos, abaixo \
         do, meno di, meno del, minore di, minore del, inferiore a, inferiore al, inferiore allo, inferiore \
         ai, inferiori a, inferiori al, inferiori allo, inferiori ai, sotto il, sotto, sotto lo, sotto i, sotto gli, \
         al di sotto di, al di sotto del, al di sotto dello, scende sotto il, sotto, scende sotto i, scende sotto, \
         poniżej, mniej niż, mniejszy niż, mniejsza niż, mniejsze niż, niższy niż, niższa niż, niższe niż, \
         spada poniżej, spadnie poniżej, krótszy niż, pod, méně než, nižší než, menší než, меньше, менее, \
         ниже, менее чем, меньше чем, менш, менше, нижче, küçük, 低于, 小于, 少于, 低於, 小於, 少於, 不到, 不足, 跌破, 不满",
    ),
    (
        Means::Op('>'),
        "mehr als, größer als, grösser als, höher als, oberhalb von, überschreitet, überschreiten, \
         übersteigt, übersteigen, steigt über, liegt über, mehr wie, meer dan, hoger dan, groter dan, boven \
         de, overschrijdt, mer än, högre än, plus de, plus d', supérieur à, supérieure à, supérieurs à, \
         supérieures à, supérieur au, supérieure au, au dessus de, au - dessus de, au - dessus des, dépasse, \
         dépassent, dépasser, dépasse les, excède, au - delà de, monte au - dessus de, más de, más del, mayor \
         de, mayor que, mayor a, mayores de, mayores a, superior a, superior al, superiores a, superiores al, \
         por encima de, por encima del, encima de, encima del, supera, supera el, supera los, supera las, \
         superan, superan los, superar, superar el, superar los, excede, excede el, excede los, excedan, \
         excediera, sobrepasa, rebasa, sube de, mais de, mais do que, mais que, maior que, maior do que, \
         superior à, acima de, acima dos, acima do, ultrapassa, ultrapassar, ultrapasse, exceder, exceda, \
         pasa de, pase de, pasan de, pasar de, passar de, passa de, passe de, passarem de, più di, più del, maggiore di, maggiore del, superiore a, \
         superiore al, superiore allo, superiore ai, superiori a, superiori al, superiori allo, superiori ai, \
         oltre il, oltre lo, oltre i, oltre gli, oltre, sopra il, sopra, sopra lo, sopra i, al di sopra di, al di \
         sopra del, superare, superare il, superare i, supera il, supera lo, supera i, supera gli, eccede, \
         powyżej, więcej niż, większy niż, większa niż, większe niż, wyższy niż, wyższa niż, wyższe niż, \
         przekracza, przekroczy, przekraczać, ponad, dłuższy niż, nad, více než, vyšší než, větší než, \
         překročí, больше, более, выше, свыше, более чем, больше чем, превышает, превышают, превысит, \
         превышать, превысила, превысил, більше, понад, вище, перевищує, büyük, 超过, 高于, 大于, 超過, 超出, 高於, 大於, \
         多于, 超",
    ),
    (
        Means::Op('≤'),
        "höchstens, maximal, som mest, nicht mehr als, nicht über, nicht höher als, nicht größer als, bis zu, \
         hoogstens, maximaal, ten hoogste, niet meer dan, högst, au plus, au maximum, inférieur ou égal à, \
         inférieure ou égale à, inférieurs ou égaux à, pas plus de, pas plus d', ne dépasse pas, ne dépassent \
         pas, ne doit pas dépasser, ne doivent pas dépasser, jusqu'à, limité à, limitée à, como máximo, a lo \
         sumo, no más de, no mayor que, no mayor de, no superior a, no superior al, menor o igual que, menor \
         o igual a, 小于等于, 小於等於, paling banyak, paling lama, tidak lebih dari, maksimal, nhiều nhất, tối đa, cel mult, com a màxim, com a molt, το πολύ, không quá, không vượt quá, menor o igual al, igual o inferior a, igual o inferior al, igual o menor que, inferior o \
         igual a, inferior o igual al, hasta el, hasta un, hasta, máximo de, máximo, no debe superar, no debe \
         superar el, no debe superar los, no debe exceder, no puede superar, no supera, no supera el, no \
         supera los, no debe pasar de, no pasa de, no máximo, até, não mais de, não mais que, não mais do \
         que, menor ou igual a, inferior ou igual a, igual ou inferior a, não deve ultrapassar, não pode \
         ultrapassar, não ultrapassa, não deve exceder, não deve passar de, não superior a, não exceder, al \
         massimo, al più, massimo, non più di, non superiore a, non superiore al, non superiore allo, non \
         superiore ai, minore o uguale a, minore o uguale al, inferiore o uguale a, inferiore o uguale al, \
         non deve superare, non deve superare il, non deve superare i, non supera, non supera il, non supera \
         i, fino a, fino al, nie więcej niż, nie większy niż, nie większa niż, nie większe niż, nie wyższy \
         niż, nie wyższa niż, nie wyższe niż, nie może przekraczać, nie może przekroczyć, nie powinno \
         przekraczać, nie powinna przekraczać, nie powinien przekraczać, nie przekracza, maksymalnie, \
         najwyżej, co najwyżej, do maksymalnie, nejvýše, maximálně, не более, не больше, не выше, не более \
         чем, не превышает, не превышают, не превышать, не должна превышать, не должен превышать, не должно \
         превышать, не должны превышать, максимум, не свыше, не більше, не перевищує, en fazla, azami, en \
         çok, 不超过, 不高于, 不大于, 至多, 不得超过, 不应超过, 不能超过, 最多, 不超過, 不高於, 不得高于",
    ),
    (
        Means::Op('≥'),
        "mindestens, wenigstens, som minst, minimal, nicht weniger als, nicht unter, nicht kleiner als, nicht niedriger \
         als, minstens, ten minste, niet minder dan, minimaal, minst, erreicht, au moins, d'au moins, au \
         minimum, supérieur ou égal à, supérieure ou égale à, supérieurs ou égaux à, pas moins de, atteint, \
         atteint les, ne descend pas sous, ne doit pas descendre sous, ne passe pas sous, al menos, al menos \
         el, al menos un, por lo menos, como mínimo, de al menos, de al menos el, de al menos un, no menos \
         de, no inferior a, no inferior al, no menor que, no menor de, mayor o igual que, mayor o igual a, \
         大于等于, 大於等於, paling sedikit, sekurang - kurangnya, minimal, ít nhất, tối thiểu, cel puțin, com a mínim, almenys, τουλάχιστον, mayor o igual al, igual o superior a, igual o superior al, superior o igual a, superior o igual al, \
         igual o mayor que, mínimo de, mínimo, alcanza, alcanza el, no baja de, no debe bajar de, no baja \
         del, no debe bajar del, pelo menos, de pelo menos, no mínimo, maior ou igual a, superior ou igual a, \
         igual ou superior a, igual ou maior que, não menos de, não menos que, não inferior a, atinge, \
         atingir, não deve cair abaixo de, almeno, almeno il, almeno del, almeno al, di almeno, non meno di, \
         non inferiore a, non inferiore al, non inferiore allo, non inferiore ai, maggiore o uguale a, \
         maggiore o uguale al, superiore o uguale a, superiore o uguale al, minimo, raggiunge, raggiunge il, \
         non scende sotto il, sotto, non deve scendere sotto il, sotto, co najmniej, przynajmniej, nie mniej niż, nie \
         mniejszy niż, nie mniejsza niż, nie mniejsze niż, nie niższy niż, nie niższa niż, nie niższe niż, \
         minimalnie, osiąga, osiągnie, nie spada poniżej, nie może spaść poniżej, alespoň, nejméně, \
         minimálně, не менее, не меньше, не ниже, не менее чем, как минимум, минимум, достигает, достигнет, \
         не должна опускаться ниже, не должен опускаться ниже, не опускается ниже, не менш, не менше, не \
         нижче, щонайменше, en az, asgari, 不低于, 不少于, 至少, 不小于, 达到, 達到, 达, 不得低于, 不应低于, 不能低于, 不低於, 不少於, 最少, 最低, \
         不得少于",
    ),
    (
        Means::Op('='),
        "gleich, égal à, égale à, igual a, igual al, uguale a, równy, równa, równe, равно, равна, равен, 等于, \
         等於",
    ),
    (Means::End('≤'), "bis, до, tot, até, hasta, do, til, έως, μέχρι, fins a, până la, đến, hingga, asti, 至"),
    (Means::End('≥'), "ab, от, od, vanaf, dès, a partir de, à partir de, desde, a partire da"),
    (
        Means::For,
        "selama, selama lebih dari, trong, trong hơn, trong vòng, timp de, durant, durant més de, για, για περισσότερο από, länger als, für länger als, über einen zeitraum von, innerhalb von, während, für, seit, gedurende, \
         langer dan, binnen, under minst, pendant, durant, depuis, sur une période de, pendant plus de, en \
         moins de, sur, durante, durante más de, a lo largo de, en un plazo de, dentro de, in meno di, binnen minder dan, in weniger als, por más de, en \
         menos de, ao longo de, por mais de, em um período de, em menos de, por, per più di, per oltre, \
         nell'arco di, nel giro di, entro, in un periodo di, przez, przez ponad, w ciągu, dłużej niż, przez \
         co najmniej, w czasie, po dobu, během, déle než, в течение, на протяжении, за, дольше, дольше чем, \
         протягом, более чем за, 持续, 连续, 连续超过, 持續, 連續, 持续超过",
    ),
    (Means::In, "en, em, w, в, dans, av"),
    (
        Means::Per("s"),
        "pr sekund, pr . sekund, per detik, mỗi giây, pe secundă, per segon, sekunnissa, pro sekunde, je sekunde, par seconde, por segundo, al secondo, na sekundę, в секунду, per seconde, \
         za sekundu",
    ),
    (
        Means::Per("min"),
        "pr minut, pr . minut, per minutt, per menit, mỗi phút, mỗi phút, pe minut, per minut, minuutissa, pro minute, je minute, par minute, por minuto, al minuto, na minutę, в минуту, per minuut, za \
         minutu, a la minute, cada minuto, a cada minuto, на минуту, на хвилину",
    ),
    (
        Means::Per("h"),
        "pro stunde, je stunde, par heure, por hora, all'ora, na godzinę, в час, per uur, za hodinu, l'ora",
    ),
];

/// Words between a comparator and its number that say nothing.
const ARTICLES: &[&str] = &[
    "ca", "etwa", "the", "el", "los", "las", "il", "i", "gli", "le", "les", "um", "un", "os", "as", "o", "den", "dem",
    "l'", "l’", "dell'", "all'", "de", "het", "die", "das", "een", "ein", "na", "на",
];

/// Comparisons of two words that stand behind their number: `60 % como máximo`.
const TWO_BEHIND: &[(&str, &str, &str)] = &[
    ("<=", "como", "máximo"),
    ("<=", "como", "mucho"),
    ("<=", "au", "maximum"),
    ("<=", "au", "plus"),
    ("<=", "no", "máximo"),
    ("<=", "al", "massimo"),
    (">=", "como", "mínimo"),
    (">=", "au", "minimum"),
    (">=", "au", "moins"),
    (">=", "no", "mínimo"),
    (">=", "al", "minimo"),
];

/// A rate that is said before its number: `Dakikada 20'den fazla`, `毎分100件`.
const EACH: &[(&str, &[&str])] = &[
    ("/min", &["dakikada", "percenként", "毎分", "每分钟", "每分", "분당", "1分あたり", "分あたり"]),
    ("/s", &["saniyede", "毎秒", "每秒", "초당"]),
];

/// Comparisons that stand behind their number.
const BEHIND: &[(&str, &[&str])] = &[
    (
        ">",
        &[
            "fazla",
            "fazlası",
            "fazlaysa",
            "üzerinde",
            "üzerindeyse",
            "üzerine",
            "üstünde",
            "üstüne",
            "aşarsa",
            "aştığında",
            "aşması",
            "geçerse",
            "yüksek",
            "uzun",
            "büyük",
            "überschreitet",
            "überschreiten",
            "überschritten",
            "übersteigt",
            "übersteigen",
        ],
    ),
    (">", &["felett", "fölött"]),
    ("<", &["alatt"]),
    (
        "<",
        &[
            "az",
            "azsa",
            "azına",
            "küçük",
            "kısa",
            "altında",
            "altındaysa",
            "altına",
            "düşük",
            "unterschreitet",
            "unterschreiten",
            "unterschritten",
        ],
    ),
    ("<=", &["aşmamalı", "geçmemeli", "aşmıyor"]),
];

type Phrases = HashMap<&'static str, Vec<(Vec<&'static str>, Means)>>;

/// By their first word, the longest first.
static BY_FIRST: LazyLock<Phrases> = LazyLock::new(|| {
    let mut all = Phrases::new();
    for (means, phrases) in PHRASES {
        for phrase in phrases.split(", ") {
            let mut words = phrase.split(' ');
            if let Some(first) = words.next() {
                all.entry(first).or_default().push((words.collect(), *means));
            }
        }
    }
    for list in all.values_mut() {
        list.sort_by_key(|(rest, _)| std::cmp::Reverse(rest.len()));
    }
    all
});

/// The tokens of a line with its phrases put plainly.
pub(super) fn plain<'a>(line: &'a str, t: &[Token<'a>]) -> Vec<Token<'a>> {
    let counted = numerals(t);
    let t = counted.as_slice();
    let mut out: Vec<Token<'a>> = Vec::with_capacity(t.len());
    let mut i = 0;
    while let Some(here) = t.get(i) {
        let whole = phrase(t, i);
        let parts = composed(t, i)
            .filter(|(_, len)| whole.is_none_or(|(means, known)| matches!(means, Means::Op(_)) && *len > known));
        let Some((means, len)) = parts.map(|(sign, len)| (Means::Op(sign), len)).or(whole) else {
            out.push(*here);
            i += 1;
            continue;
        };
        let (from, to) = (here.from, t.get(i + len - 1).map_or(here.to, |l| l.to));
        let at = |kind, text| Token { kind, text, from, to };
        match means {
            Means::Op(c) | Means::End(c) => out.push(at(Kind::Sign(c), line.get(from..to).unwrap_or(here.text))),
            Means::For => out.push(at(Kind::Word, "for")),
            Means::In => out.push(at(Kind::Word, "in")),
            Means::Per(unit) => out.extend([at(Kind::Word, "per"), at(Kind::Word, unit)]),
        }
        i += len;
        // `no puede superar el 1 %`: the article is no part of the number.
        if matches!(means, Means::Op(_)) && t.get(i).is_some_and(|w| w.is_any(ARTICLES)) {
            i += 1;
        }
    }
    out
}

fn phrase(t: &[Token<'_>], i: usize) -> Option<(Means, usize)> {
    let first = t.get(i).filter(|w| w.kind == Kind::Word)?;
    // Most words are none of these: they are looked up as they stand.
    let plain = first.text.bytes().all(|b| b.is_ascii_lowercase());
    let lower: Cow<'_, str> =
        if plain { first.text.into() } else { first.text.to_lowercase().replace('’', "'").into() };
    let known = BY_FIRST.get(lower.as_ref())?;
    let (means, len) = known.iter().find_map(|(rest, means)| {
        let fits = rest.iter().zip(i + 1..).all(|(word, at)| {
            t.get(at).is_some_and(|w| {
                if *word == "-" {
                    w.dash()
                } else {
                    w.text == *word || w.text.to_lowercase().replace('’', "'") == *word
                }
            })
        });
        // `in meno di 10 secondi`, where no number stands before: not how long, but at most.
        let less = rest.iter().any(|w| matches!(*w, "menos" | "moins" | "meno" | "minder" | "weniger"));
        let first =
            *means == Means::For && less && !t.get(..i).unwrap_or_default().iter().any(|w| w.number().is_some());
        let means = if first { Means::Op('<') } else { *means };
        (fits && allowed(t, i, means, 1 + rest.len(), &lower)).then_some((means, 1 + rest.len()))
    })?;
    Some((means, len))
}

/// Short words mean something only before a number.
fn allowed(t: &[Token<'_>], i: usize, means: Means, len: usize, first: &str) -> bool {
    let next = t.get(i + len);
    // `más de 3`, `über %5`, `超过约 5%`
    let number = |w: &Token<'_>| w.number().is_some() || matches!(w.kind, Kind::Sign('%' | '~' | '≈'));
    let counts =
        next.is_some_and(number) || next.is_some_and(|w| w.is_any(ARTICLES)) && t.get(i + len + 1).is_some_and(number);
    match means {
        Means::Op(_) => counts,
        Means::End(_) => {
            // `do 45 min`, where a cell holds nothing else.
            let whole = amount(t, i + len).is_some_and(|(.., next)| next >= t.len());
            let colon = t.get(..i).unwrap_or_default().iter().any(|k| matches!(k.kind, Kind::Sign(':' | '：')));
            let unit = amount(t, i + len).and_then(|(_, unit, _)| unit);
            let before = t.get(i.saturating_sub(3)..i).unwrap_or_default();
            (matches!(unit, Some("%" | "ms" | "s" | "rps" | "/s" | "/min"))
                || colon && matches!(unit, Some("min" | "GB" | "MB"))
                || i == 0 && whole)
                && !before.iter().any(|w| w.number().is_some())
        }
        Means::Per(_) => true,
        // `pod 5 %` is a limit, `za 30 минут` a length; before a word they are what they are.
        Means::In => next.is_some_and(|w| w.number().is_some()),
        Means::For => {
            counts
                || len > 1
                || next.is_some_and(|w| matches!(w.kind, Kind::Sign('>' | '<')) || times::unit(w.text).is_some())
                || phrase_ahead(t, i + len) && first != "por" && first != "sur"
        }
    }
}

/// Whether a comparator phrase with a number follows: `przez ponad 10 minut`.
fn phrase_ahead(t: &[Token<'_>], i: usize) -> bool {
    matches!(phrase(t, i), Some((Means::Op(_), _))) || composed(t, i).is_some()
}

/// A comparator token that was a phrase rather than a sign.
pub(super) fn said(token: &Token<'_>) -> bool {
    matches!(token.kind, Kind::Sign(c) if !token.text.starts_with(c))
}

/// A comparison behind its number: `20'den fazla`, `5 % überschreitet`.
pub(super) fn behind(t: &[Token<'_>], i: usize) -> Option<(&'static str, usize)> {
    if let (Some(a), Some(b)) = (t.get(i), t.get(i + 1))
        && let Some((op, ..)) = TWO_BEHIND.iter().find(|(_, x, y)| {
            a.is(x) && b.text.to_lowercase() == *y && t.get(i + 2).is_none_or(|n| n.number().is_none())
        })
    {
        return Some((op, i + 2));
    }
    let mut at = i;
    // `20'den`, `90'ın`
    if t.get(at).is_some_and(|k| matches!(k.kind, Kind::Sign('\'' | '’'))) {
        at += 1;
    }
    // `5-nél kevesebb`, `80 %-nál több`
    if let (Some(dash), Some(ending), Some(word)) = (t.get(at), t.get(at + 1), t.get(at + 2))
        && dash.dash()
        && dash.to == ending.from
        && ending.is_any(&["nél", "nál"])
    {
        let op = if word.is_any(&["kevesebb", "kisebb", "alacsonyabb", "rövidebb"]) {
            Some("<")
        } else if word.is_any(&["több", "nagyobb", "magasabb", "hosszabb"]) {
            Some(">")
        } else {
            None
        };
        return op.map(|op| (op, at + 3));
    }
    let op = |at: usize| {
        let word = t.get(at).filter(|w| w.kind == Kind::Word)?;
        let lower = word.text.to_lowercase();
        BEHIND.iter().find(|(_, words)| words.contains(&lower.as_str())).map(|(op, _)| *op)
    };
    // `darf 2 % nicht überschreiten`
    if t.get(at).is_some_and(|w| w.is("nicht"))
        && let Some(found) = op(at + 1)
    {
        return Some((if found == ">" { "<=" } else { ">=" }, at + 2));
    }
    if let Some(found) = grammar::behind(t, at) {
        return Some(found);
    }
    // `5.000 berichten overschrijdt`: what is counted stands before its verb.
    let noun = |k: usize| t.get(k).is_some_and(|w| w.kind == Kind::Word);
    for skipped in 1..=3_usize {
        if !(at..at + skipped).all(noun) {
            break;
        }
        if let Some(found) = grammar::verb(t, at + skipped) {
            return Some(found);
        }
    }
    let short = t.get(at).is_some_and(|w| w.kind == Kind::Word && w.text.chars().count() <= 4);
    op(at).map(|op| (op, at + 1)).or_else(|| op(at + 1).filter(|_| short).map(|op| (op, at + 2)))
}

/// The rate that a word before the number gives it.
pub(super) fn each(t: &[Token<'_>]) -> Option<&'static str> {
    t.iter().enumerate().find_map(|(i, word)| {
        // `Pro Minute dürfen nicht mehr als 5 Buchungen fehlschlagen`
        if word.is("per") && i == 0 {
            let unit = times::unit(t.get(i + 1)?.text)?;
            return [(60.0, "/min"), (1.0, "/s")].iter().find(|(s, _)| *s == unit).map(|(_, rate)| *rate);
        }
        // `1分あたりのエラー数`
        if (word.text.starts_with("あたり") || word.text.starts_with("当たり"))
            && let Some(unit) = i.checked_sub(1).and_then(|u| t.get(u))
        {
            return ["分", "秒"].iter().zip(["/min", "/s"]).find(|(u, _)| unit.text == **u).map(|(_, r)| r);
        }
        if word.text == "每" {
            let unit = t.get(i + 1)?;
            return ["分", "秒"].iter().zip(["/min", "/s"]).find(|(u, _)| unit.text.starts_with(**u)).map(|(_, r)| r);
        }
        let lower = lower(word.text);
        EACH.iter().find(|(_, words)| words.iter().any(|w| lower.starts_with(w))).map(|(rate, _)| *rate)
    })
}

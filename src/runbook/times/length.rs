//! Lengths of time and how often: `1h30m`, `60-90 seconds`, `every 2 minutes`, `5分ごと`.

use crate::runbook::tokens::{Kind, Token, tokens};

/// Seconds in a unit of time, by its name in a handful of languages.
pub(in crate::runbook) fn unit(word: &str) -> Option<f64> {
    let word = word.to_lowercase();
    Some(match word.as_str() {
        "ms"
        | "msec"
        | "msecs"
        | "millisecond"
        | "milliseconds"
        | "millisekunden"
        | "毫秒"
        | "ミリ秒"
        | "мс"
        | "밀리초"
        | "milisegundos"
        | "millisecondes"
        | "millisecondi"
        | "milisekund"
        | "milisaniye"
        | "миллисекунд"
        | "мсек"
        | "milissegundos"
        | "milissegundo"
        | "milisegundo"
        | "millisekunde"
        | "milliseconden"
        | "milliseconde"
        | "millisekunder"
        | "millisekunnissa"
        | "milisekundy"
        | "milisekundę"
        | "мілісекунд"
        | "χιλιοστά"
        | "ms." => 0.001,
        "s" | "sec" | "secs" | "second" | "seconds" | "sek" | "sekunde" | "sekunden" | "segundo" | "segundos"
        | "seconde" | "secondes" | "secondi" | "secondo" | "сек" | "с" | "сек." | "секунд" | "секунды" | "秒"
        | "秒間" | "秒钟" | "초" | "sekund" | "sekundy" | "saniye" | "sn" | "saniyeden" | "saniyenin" | "seconden"
        | "secs." | "sekunder" | "секунду" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" | "minuten" | "minuto" | "minutos" | "minuti" | "minuut"
        | "мин" | "минут" | "минуты" | "минуту" | "минута" | "хв" | "хвилин" | "minut" | "minuty" | "minutę"
        | "minuta" | "minuter" | "dakika" | "dk" | "dakikadan" | "dakikanın" | "mín" | "分" | "分間" | "分钟"
        | "分鐘" | "분" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" | "std" | "stunde" | "stunden" | "hora" | "horas" | "heure"
        | "heures" | "godz" | "godzin" | "godziny" | "godzinę" | "godzina" | "saat" | "saatten" | "timmar" | "uren"
        | "ore" | "ora" | "uur" | "час" | "часу" | "ч" | "часа" | "часов" | "小时" | "小時" | "時間" | "시간" => {
            3600.0
        }
        "d" | "day" | "days" | "tag" | "tage" | "tagen" | "día" | "días" | "dia" | "dias" | "jour" | "jours"
        | "giorno" | "giorni" | "dni" | "dzień" | "gün" | "dagar" | "сутки" | "суток" | "dagen" | "дней" | "день"
        | "天" | "日" | "일" => 86_400.0,
        "w" | "wk" | "week" | "weeks" | "woche" | "wochen" | "semana" | "semanas" | "semaine" | "semaines"
        | "settimana" | "settimane" | "tydzień" | "tygodni" | "tygodnie" | "hafta" | "weken" | "недели" | "недель"
        | "неделя" | "周" | "週間" => 604_800.0,
        _ => return inflected(&word),
    })
}

/// Units that languages bend: `минутах`, `minutové`, `Minuten-`, `10-minütigen`, `dakikayı`, `5분간`.
fn inflected(word: &str) -> Option<f64> {
    const STEMS: &[(&str, f64)] = &[
        ("миллисекунд", 0.001),
        ("мілісекунд", 0.001),
        ("millisekund", 0.001),
        ("milisekund", 0.001),
        ("milisaniye", 0.001),
        ("секунд", 1.0),
        ("sekund", 1.0),
        ("saniye", 1.0),
        ("vteřin", 1.0),
        ("sekunti", 1.0),
        ("sekunnin", 1.0),
        ("másodperc", 1.0),
        ("δευτερόλεπτ", 1.0),
        ("минут", 60.0),
        ("хвилин", 60.0),
        ("minut", 60.0),
        ("minüt", 60.0),
        ("minuutti", 60.0),
        ("minuuti", 60.0),
        ("dakika", 60.0),
        ("perc", 60.0),
        ("λεπτ", 60.0),
        ("phút", 60.0),
        ("menit", 60.0),
        ("годин", 3600.0),
        ("stündig", 3600.0),
        ("hodin", 3600.0),
        ("godzin", 3600.0),
        ("tunti", 3600.0),
        ("tunnin", 3600.0),
        ("timme", 3600.0),
        ("órá", 3600.0),
        ("ώρ", 3600.0),
        ("dnů", 86_400.0),
        ("dager", 86_400.0),
        ("dage", 86_400.0),
        ("днів", 86_400.0),
        ("päivä", 86_400.0),
        ("detik", 1.0),
        ("giây", 1.0),
        ("دقيق", 60.0),
        ("دقائق", 60.0),
        ("ثاني", 1.0),
        ("ثوان", 1.0),
        ("ساع", 3600.0),
        ("דקות", 60.0),
        ("שניות", 1.0),
    ];
    let (stem, seconds) = STEMS.iter().find(|(stem, _)| word.starts_with(stem))?;
    // `percent`, `minuto`, `nap` and what else begins so: a bent unit is hardly longer than its stem.
    let tail = word.get(stem.len()..)?;
    let short = if stem.is_ascii() && stem.len() <= 4 { 0 } else { 5 };
    (tail.chars().count() <= short && tail.chars().all(char::is_alphabetic)).then_some(*seconds)
}

/// A length at `i`: `5 min`, `1h30m`, `60-90 seconds` (the longer), `10-min`, `5+ minutes`. Gives seconds and the next index.
pub(in crate::runbook) fn duration(t: &[Token<'_>], i: usize) -> Option<(f64, usize)> {
    let (mut total, mut at) = part(t, i)?;
    // `1h30` and `1h 30m`, but not `5 min 3 errors`.
    for _ in 0..3 {
        let Some((more, next)) = part(t, at) else { break };
        if t.get(at - 1)?.to + 1 < t.get(at)?.from {
            break;
        }
        total += more;
        at = next;
    }
    // `1 h 30)`: minutes behind hours go without saying so.
    if t.get(at - 1).is_some_and(|w| unit(w.text) == Some(3600.0))
        && let Some(minutes) = t.get(at).filter(|n| n.text.len() == 2 && n.number().is_some())
        && t.get(at + 1).is_none_or(|n| matches!(n.kind, Kind::Sign(')' | ']' | ',' | ';' | '）')))
    {
        total += minutes.number().unwrap_or_default() * 60.0;
        at += 1;
    }
    (total.is_finite() && total < 1e10).then_some((total, at))
}

fn part(t: &[Token<'_>], i: usize) -> Option<(f64, usize)> {
    let mut n = t.get(i)?.number()?;
    let mut at = i + 1;
    if t.get(at)?.dash() || t.get(at)?.is("to") {
        if let Some(high) = t.get(at + 1).and_then(Token::number) {
            n = n.max(high);
            at += 2;
        } else if t.get(at)?.to == t.get(at + 1)?.from {
            at += 1; // `10-min`
        }
    } else if t.get(at)?.sign('+') {
        at += 1;
    }
    let word = t.get(at)?;
    let scale = (word.kind == Kind::Word).then(|| unit(word.text)).flatten()?;
    // `5 m users` is none: a one-letter unit touches its number or ends the text or the bracket.
    if word.text.len() == 1
        && word.from > t.get(at - 1)?.to
        && !t.get(at + 1).is_none_or(|n| {
            matches!(n.kind, Kind::Sign(')' | ']' | ',' | ';' | '.' | ':' | '）'))
                || word.is("h") && n.text.len() == 2 && n.number().is_some()
        })
    {
        return None;
    }
    Some((n * scale, at + 1))
}

/// How often, in seconds: `every 2 minutes`, `Hourly checks`, `alle 5 Minuten`, `5分ごと`.
pub(in crate::runbook) fn cadence(text: &str) -> Option<u64> {
    const EVERY: &[&str] =
        &["every", "alle", "jede", "cada", "ogni", "elke", "каждые", "каждый", "каждую", "每", "每隔"];
    let t = tokens(text);
    for (i, word) in t.iter().enumerate() {
        if word.kind != Kind::Word {
            continue;
        }
        if word.is_any(&["hourly", "stündlich"]) {
            return Some(3600);
        }
        if word.is_any(&["daily", "täglich"]) && i == 0 {
            return Some(86_400);
        }
        let every = EVERY.iter().any(|e| word.text.eq_ignore_ascii_case(e) || word.text.to_lowercase() == *e)
            || word.is_any(&["toutes", "tous"]) && t.get(i + 1).is_some_and(|w| w.is("les"));
        let once =
            word.is_any(&["once", "twice"]) && t.get(i + 1).is_some_and(|w| w.is_any(&["per", "a", "an", "every"]));
        if every {
            let at = i + 1 + usize::from(word.is_any(&["toutes", "tous"]));
            let at = at + usize::from(t.get(at).is_some_and(|w| w.sign('~')));
            if let Some((seconds, _)) = duration(&t, at) {
                return Some(seconds as u64).filter(|s| *s > 0);
            }
            if let Some(seconds) =
                t.get(at).filter(|w| w.kind == Kind::Word && w.text.len() > 1).and_then(|w| unit(w.text))
            {
                return Some(seconds as u64).filter(|s| *s > 0);
            }
        } else if once && let Some(seconds) = t.get(i + 2).and_then(|w| unit(w.text)) {
            return Some((seconds / if word.is("twice") { 2.0 } else { 1.0 }) as u64).filter(|s| *s > 0);
        }
    }
    // `5分ごと`, `30秒おき`
    (0..t.len()).find_map(|i| {
        let (seconds, next) = duration(&t, i)?;
        let after = t.get(next)?;
        (after.text.starts_with("ごと") || after.text.starts_with("おき") || after.text.starts_with("毎"))
            .then_some(seconds as u64)
    })
}

/// The first length of time in a text, in seconds: `for 24h`, `at least one hour`.
pub(in crate::runbook) fn length_in(text: &str) -> Option<u64> {
    let t = tokens(text);
    (0..t.len()).find_map(|i| {
        if let Some((seconds, _)) = duration(&t, i) {
            return Some(seconds as u64);
        }
        let word = t.get(i)?;
        let next = t.get(i + 1).filter(|w| w.kind == Kind::Word && w.text.len() > 1)?;
        const WORDS: &[&str] = &["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
        let n = WORDS.iter().position(|w| word.is(w))? + 1;
        Some((n as f64 * unit(next.text)?) as u64)
    })
}

/// Whether a length of time stands anywhere in a text.
pub(in crate::runbook) fn has_duration(text: &str) -> bool {
    let t = tokens(text);
    (0..t.len()).any(|i| duration(&t, i).is_some())
}

//! Numbers with their units: `250ms`, `0,5 %`, `100 failures/minute`.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::known::{Known, lower};
use crate::runbook::times;
use crate::runbook::tokens::{Kind, Token};

/// What is counted.
const COUNTED: &str = "errors error failures failure connections requests messages items events retries restarts restart alerts \
    jobs rows users queries pods threads timeouts tickets records replicas nodes instances crashes exceptions \
    incidents complaints reports msgs msg lost sessions servers hosts workers brokers partitions shards docs \
    documents transactions orders payments logins calls bugs reviews chargebacks duplicates regressions \
    violations packets drops warnings fehler fehlern anfragen nachrichten buchungen neustarts knoten \
    verbindungen sitzungen bestellungen abstürze errores mensajes solicitudes conexiones reinicios nodos \
    sesiones pedidos fallos reservas erreurs requêtes connexions redémarrages nœuds échecs commandes erros \
    berichten aanmeldingen fouten verbindingen meddelanden anslutningar beskeder meldinger forbindelser zpráv spojení повідомлень запитів помилок pesan permintaan kesalahan mesaje cereri conexiuni missatges peticions errors viestiä pyyntöä üzenet kérés tin mensagens requisições conexões reinícios nós falhas errori messaggi richieste connessioni riavvii nodi \
    sessioni błędów wiadomości żądań połączeń restarty restartów węzły węzłów ошибок ошибки сообщений запросов \
    соединений перезапусков узлов сессий заказов отказов hata mesaj istek bağlantı düğüm 件 個 个 台 回 笔 条 次 名 건 개 회";

static COUNTABLE: LazyLock<Known> = LazyLock::new(|| Known::of(COUNTED.split_whitespace()));

/// A sign or a word for percent at `i`; gives the index behind it.
pub(super) fn percent(t: &[Token<'_>], i: usize) -> Option<usize> {
    let word = t.get(i)?;
    if matches!(word.kind, Kind::Sign('%' | '％' | '﹪' | '٪')) {
        return Some(i + 1);
    }
    if word.kind != Kind::Word {
        return None;
    }
    // `pour cent`, `por ciento`
    if word.is_any(&["per", "pour", "por"]) {
        return t.get(i + 1).filter(|w| w.is_any(&["cent", "ciento", "cento"])).map(|_| i + 2);
    }
    const WORDS: &[&str] =
        &["percent", "pct", "prozent", "percentage", "procent", "prosent", "százalék", "パーセント", "퍼센트"];
    let lower = lower(word.text);
    let inflected = ["процент", "відсотк", "procent", "prosent", "százalék", "prozent", "パーセント", "퍼센트"];
    (WORDS.contains(&lower.as_ref()) || inflected.iter().any(|stem| lower.starts_with(stem))).then_some(i + 1)
}

/// The unit behind a number, as in the list of DECISIONS, and the next index.
pub(super) fn unit(t: &[Token<'_>], i: usize) -> (Option<&'static str>, usize) {
    let Some(word) = t.get(i) else { return (None, i) };
    if let Some(next) = percent(t, i) {
        return (Some("%"), next);
    }
    let per = |at: usize, count: bool| -> Option<(&'static str, usize)> {
        let slash = t.get(at)?;
        if !(slash.sign('/') || slash.is_any(&["per", "a", "an", "each", "every"])) {
            return None;
        }
        let unit = t.get(at + 1).filter(|w| w.kind == Kind::Word).and_then(|w| times::unit(w.text))?;
        let requests = count && t.get(at - 1).is_some_and(|w| w.is_any(&["requests", "request", "req", "reqs"]));
        let name = if unit == 1.0 {
            if requests { "rps" } else { "/s" }
        } else if unit == 60.0 {
            "/min"
        } else {
            return None;
        };
        Some((name, at + 2))
    };
    // `95 °C`, `500 €`, `190 l/h`
    if matches!(word.kind, Kind::Sign('°' | '€' | '$' | '£' | '¥' | '₽' | '₴')) {
        let letter = t.get(i + 1).is_some_and(|w| word.sign('°') && w.from == word.to && w.is_any(&["c", "f"]));
        return (None, i + 1 + usize::from(letter));
    }
    if let Some((name, next)) = per(i, false) {
        return (Some(name), next);
    }
    if word.kind != Kind::Word {
        return (None, i);
    }
    // `5 MB/min` is none of the units there are.
    // `500 ms'yi`: an ending that an apostrophe sets apart.
    let bare = word.text.split(['\'', '’']).next().filter(|w| w.len() > 1).unwrap_or(word.text);
    let lower = lower(bare);
    let bytes = matches!(lower.as_ref(), "kb" | "mb" | "gb" | "tb" | "kib" | "mib" | "gib" | "tib" | "mbit" | "gbit");
    if bytes && per(i + 1, false).is_some() {
        return (None, i + 3);
    }
    // `errors/minute`, `failures per minute`, `server errors per second`
    if let Some((name, next)) =
        per(i + 1, true).or_else(|| (2..5).filter(|n| plain_words(t, i + 1, i + n)).find_map(|n| per(i + n, true)))
    {
        return (Some(name), next);
    }
    let name = match lower.as_ref() {
        "rps" => "rps",
        "qps" | "tps" => "/s",
        "mb" | "мб" | "mo" | "мбайт" => "MB",
        "mib" | "mi" => "MiB",
        "gb" | "гб" | "go" | "гбайт" | "gt" => "GB",
        "gib" | "gi" | "gio" => "GiB",
        // Units that there is no word for: the number stands alone.
        "°" | "hz" | "khz" | "mhz" | "ghz" | "v" | "kv" | "kw" | "kwh" | "mah" | "bar" | "mbps" | "gbps" | "kbps"
        | "psi" | "dbm" | "usd" | "eur" | "chf" | "gbp" | "tl" | "kč" | "zł" | "lei" | "yen" | "円" | "元" | "원"
        | "руб" | "грн" | "euro" | "euros" => return (None, i + 1),
        _ => match times::unit(&lower) {
            Some(0.001) => "ms",
            Some(1.0) => "s",
            Some(60.0) if lower != "m" => "min",
            Some(3600.0) => "h",
            Some(86_400.0) => "d",
            _ if COUNTABLE.word(&lower) => "count",
            _ => return (None, i),
        },
    };
    (Some(name), i + 1)
}

/// Whether only nouns stand there: `failed logins from one address per minute` has other words.
fn plain_words(t: &[Token<'_>], from: usize, to: usize) -> bool {
    t.get(from..to).is_some_and(|words| {
        words.iter().all(|w| {
            (w.kind == Kind::Word || w.number().is_some() && w.text.len() == 3)
                && !w.is_any(&["in", "for", "over", "within", "during", "and", "or", "at", "with", "on"])
        })
    })
}

/// A number at `i` with its unit: value, unit, next index.
pub(super) fn amount(t: &[Token<'_>], i: usize) -> Option<(f64, Option<&'static str>, usize)> {
    let mut at = i;
    while t.get(at).is_some_and(|k| matches!(k.kind, Kind::Sign('~' | '≈' | '*' | '`' | '"'))) {
        at += 1;
    }
    // `%90`, as in Turkish.
    let leading = t.get(at).is_some_and(|k| {
        t.get(at + 1).is_some_and(|n| k.sign('%') && n.from == k.to || k.is("yüzde") && n.number().is_some())
    });
    at += usize::from(leading);
    let number = t.get(at)?;
    let mut value = number.number()?;
    at += 1;
    if let Some(times) = t.get(at).filter(|k| k.kind == Kind::Word).and_then(|k| multiple(k.text, k.from == number.to))
    {
        value *= times;
        at += 1;
    }
    // `1.5 M rows`
    if let Some(k) = t.get(at).filter(|k| k.from == number.to + 1 && matches!(k.text, "k" | "K" | "M"))
        && t.get(at + 1).is_some_and(|w| w.kind == Kind::Word)
    {
        value *= if k.text == "M" { 1e6 } else { 1e3 };
        at += 1;
    }
    let mut last = number;
    // `1 000` and `1 000 000`: groups of three with one blank between.
    while number.text.len() <= 3
        && let Some(group) = t.get(at).filter(|g| g.text.len() == 3 && g.from > last.to && g.from <= last.to + 3)
        && let Some(more) = group.number()
    {
        value = value * 1000.0 + more;
        last = group;
        at += 1;
    }
    // The units there are end at the gigabyte.
    let (times, of) = match t.get(at).filter(|w| w.kind == Kind::Word).map(|w| w.text.to_lowercase()).as_deref() {
        Some("tb" | "тб") if !leading => (1000.0, Some("GB")),
        Some("tib" | "ti") => (1024.0, Some("GiB")),
        _ => (1.0, None),
    };
    let slow = t.get(at + 1).is_some_and(|k| k.sign('/') || k.is("per"));
    let whole = of.filter(|_| !slow);
    let (unit, next) = match whole {
        Some(of) => {
            value *= times;
            (Some(of), at + 1)
        }
        None if leading => (Some("%"), at),
        None => unit(t, at),
    };
    // `1.000 Nachrichten`: a point before three digits groups them, unless the unit is one that people write with decimals.
    let grouped = number.text.split_once('.').is_some_and(|(a, b)| b.len() == 3 && !a.starts_with('0'));
    if grouped && !matches!(unit, Some("s" | "%" | "min" | "h" | "d" | "GB" | "GiB")) {
        value = (value * 1000.0).round();
    }
    value.is_finite().then_some((value, unit, next))
}

/// What a word behind a number multiplies it by: `2k`, `10 mil`, `5 тыс.`, `3 Mio.`, `1万`.
fn multiple(word: &str, touches: bool) -> Option<f64> {
    match word {
        "k" | "K" if touches => return Some(1e3),
        "M" if touches => return Some(1e6),
        _ => {}
    }
    let lower = lower(word);
    Some(match lower.as_ref() {
        "thousand" | "tausend" | "tsd" | "mil" | "mille" | "mila" | "тыс" | "тысяч" | "тис" | "tys" | "tysięcy"
        | "bin" | "tusen" | "duizend" | "tisíc" | "千" | "천" => 1e3,
        "万" | "萬" | "만" => 1e4,
        "million" | "millions" | "mio" | "mln" | "млн" | "millionen" | "millones" | "milhões" | "milioni" | "милли"
        | "миллионов" | "milyon" | "百万" => 1e6,
        "億" | "亿" | "억" => 1e8,
        _ => return None,
    })
}

pub(super) fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
}

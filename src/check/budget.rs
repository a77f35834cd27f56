//! Budgets: whether the downtime or the number of errors follows from the percentage beside it.

use super::pattern::pattern;
use super::sheet::{Row, Sheet};
use super::sink::Sink;
use crate::finding::codes::ARITHMETIC;

pattern! {
    PERCENT = r"(\d{1,3}(?:[.,]\d+)?)\s?%";
    AVAILABLE = r"\b(?:up-?time|availab|down-?time|outage|unavailab|SLO|SLA|verfügbar|ausfall|disponib|indispon)";
    /// `8.6 minutes downtime/day`, `43m 12s per month`.
    DOWNTIME = r"((?:\d+(?:[.,]\d+)?\s*(?:hours?|hrs?|h|minutes?|mins?|min|m|seconds?|secs?|sec|s|stunden|minuten|sekunden|heures|horas|minutos)\b[\s,]*(?:and\s+)?)+)(?:(?:of|max\.?|allowed|total)\s+)*(?:down-?time|outage|unavailability|ausfall|down)?\s*(?:allowed\s*)?(?:/|per|a|each|every|pro|par|por|im|al)\s*(day|week|month|quarter|year|tag|woche|monat|jahr|jour|mois|día|dia|mes)\b";
    PART = r"(\d+(?:[.,]\d+)?)\s*(h|m|s)";
    /// `~432 errors/day`.
    ERRORS = r"(\d[\d,_]*(?:\.\d+)?)\s*(k|m|million|thousand)?\s*(?:(?:5xx|failed|bad|http)\s+)?(?:errors?|failures?|failed requests?|bad requests?|fehler|erreurs)\s*(?:/|per|a|pro|par)\s*(second|sec|s|minute|min|hour|h|day|week|month|tag|jour)\b";
    /// `at 100k req/day`.
    VOLUME = r"(\d[\d,_]*(?:\.\d+)?)\s*(k|m|million|thousand)?\s*(?:requests?|reqs?|calls|hits|transactions|anfragen|requêtes)\s*(?:/|per|a|pro|par)\s*(second|sec|s|minute|min|hour|h|day|week|month|tag|jour)\b";
    ROUGHLY = r"[~≈∼]|\b(?:about|approx|around|roughly|ca\.|etwa|environ)";
}

pub(super) fn check(sheet: &Sheet<'_>, out: &mut Sink) {
    for row in sheet.spoken() {
        if !row.text.contains('%') {
            continue;
        }
        downtime(sheet, row, out);
        errors(sheet, row, out);
    }
}

/// 99.9% of a day is 86.4 s of downtime.
fn downtime(sheet: &Sheet<'_>, row: &Row<'_>, out: &mut Sink) {
    if !AVAILABLE.is_in(row.text) {
        return;
    }
    for found in DOWNTIME.all(row.text) {
        let (Some(all), Some(amount), Some(period)) = (found.get(0), found.get(1), found.get(2)) else { continue };
        let before = row.text.get(..all.start()).unwrap_or_default();
        let Some(share) =
            PERCENT.all(before).filter_map(|c| number(c.get(1)?.as_str())).filter(|p| (80.0..100.0).contains(p)).last()
        else {
            continue;
        };
        let mut said = 0.0;
        let mut grain = f64::MAX;
        for part in PART.all(amount.as_str()) {
            let (Some(text), Some(unit)) = (part.get(1), part.get(2)) else { continue };
            let scale = match unit.as_str() {
                "h" | "H" => 3600.0,
                "m" | "M" => 60.0,
                _ => 1.0,
            };
            said += number(text.as_str()).unwrap_or(0.0) * scale;
            grain = grain.min(place(text.as_str()) * scale);
        }
        let (least, most) = days(period.as_str());
        let missing = (100.0 - share) / 100.0 * 86_400.0;
        if near(said, missing * least, missing * most, grain, before) {
            continue;
        }
        let right = time(missing * least.midpoint(most));
        let message = format!(
            "{share}% allows {right} of downtime per {}, not {}",
            period.as_str().to_lowercase(),
            amount.as_str().trim()
        );
        out.words(
            sheet,
            ARITHMETIC,
            row.line,
            all.as_str(),
            &message,
            &format!("write {right}, or the percentage that is meant"),
        );
    }
}

/// 0.5% of 100,000 requests a day is 500 errors a day.
fn errors(sheet: &Sheet<'_>, row: &Row<'_>, out: &mut Sink) {
    let Some(found) = ERRORS.captures(row.text) else { return };
    let Some(volume) = VOLUME.all(row.text).find(|v| v.get(0).map(|m| m.start()) != found.get(0).map(|m| m.start()))
    else {
        return;
    };
    let Some(all) = found.get(0) else { return };
    let percents: Vec<f64> = PERCENT.all(row.text).filter_map(|c| number(c.get(1)?.as_str())).collect();
    let [percent] = percents.as_slice() else { return };
    let amount = |c: &regex::Captures<'_>| -> Option<(f64, f64, f64)> {
        let text = c.get(1)?.as_str();
        let scale = match c.get(2).map(|m| m.as_str().to_lowercase()).as_deref() {
            Some("k" | "thousand") => 1e3,
            Some("m" | "million") => 1e6,
            _ => 1.0,
        };
        Some((number(&text.replace([',', '_'], ""))? * scale, place(text) * scale, seconds(c.get(3)?.as_str())))
    };
    let (Some((said, grain, per)), Some((volume, _, of))) = (amount(&found), amount(&volume)) else { return };
    let share = if *percent >= 80.0 { 100.0 - percent } else { *percent } / 100.0;
    let right = volume / of * per * share;
    let before = row.text.get(..all.start()).unwrap_or_default();
    if near(said, right, right, grain, before) {
        return;
    }
    let message = format!("{percent}% of that is {} errors, not {said}", short(right));
    out.words(
        sheet,
        ARITHMETIC,
        row.line,
        all.as_str(),
        &message,
        &format!("write {}, or the percentage that is meant", short(right)),
    );
}

/// Whether a number is one of those a reader could have rounded to.
fn near(said: f64, least: f64, most: f64, grain: f64, before: &str) -> bool {
    let roughly = before.chars().rev().take(14).collect::<String>().chars().rev().collect::<String>();
    let slack = if ROUGHLY.is_in(&roughly) { 0.1 } else { 0.03 };
    said >= least * (1.0 - slack) - grain && said <= most * (1.0 + slack) + grain
}

/// The value of the last place that is written: 0.1 for `8.6`.
fn place(text: &str) -> f64 {
    if let Some((_, decimals)) = text.split_once('.').filter(|(_, rest)| rest.bytes().all(|b| b.is_ascii_digit())) {
        return 0.1_f64.powi(decimals.len() as i32);
    }
    // 500 may be rounded, but not to the nearest thousand.
    if text.ends_with('0') { 10.0 } else { 1.0 }
}

fn number(text: &str) -> Option<f64> {
    text.replace(',', ".").parse().ok()
}

fn days(period: &str) -> (f64, f64) {
    match period.to_lowercase().as_str() {
        "week" | "woche" => (7.0, 7.0),
        "month" | "monat" | "mois" | "mes" => (28.0, 31.0),
        "quarter" => (90.0, 92.0),
        "year" | "jahr" => (365.0, 366.0),
        _ => (1.0, 1.0),
    }
}

fn seconds(unit: &str) -> f64 {
    match unit.to_lowercase().as_str() {
        "second" | "sec" | "s" => 1.0,
        "minute" | "min" => 60.0,
        "hour" | "h" => 3600.0,
        "week" => 604_800.0,
        "month" => 2_592_000.0,
        _ => 86_400.0,
    }
}

fn time(seconds: f64) -> String {
    if seconds < 90.0 {
        format!("{} s", short(seconds))
    } else if seconds < 5400.0 {
        format!("{} min", short(seconds / 60.0))
    } else {
        format!("{} h", short(seconds / 3600.0))
    }
}

/// Three digits are enough.
fn short(n: f64) -> String {
    if n >= 100.0 {
        format!("{n:.0}")
    } else {
        let text = format!("{n:.2}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

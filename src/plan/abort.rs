//! What a runbook says about aborting a step, as a condition over the plan's metrics: `Abort if error rate >0.5% for 2 min`.

use std::time::Duration;

use super::Plan;
use crate::condition::{Condition, Names};
use crate::runbook::{Note, Runbook, Step, StepKind, Threshold, limits_in};

/// The kind of the notes that speak of it.
pub const NOTE: &str = "abort-if";

/// How such a sentence begins.
const LEADS: [&str; 9] =
    ["abort if", "abort when", "stop if", "stop when", "roll back if", "rollback if", "halt if", "if", "when"];

/// What a note asks for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// What can be judged, and for how long it must hold: any of these stops the command.
    pub on: Vec<(Condition, Duration)>,
    /// Parts that name no metric, service or objective of the plan, as they are written: nobody judges them.
    pub unread: Vec<String>,
}

/// What a note asks for. Of `error rate > 0.5% or customers complain` the one half is judged and the other is not; what is joined by
/// `and` is judged as a whole or not at all.
pub fn read(plan: &Plan, book: &Runbook, note: &Note) -> Asked {
    let metrics: Vec<(String, Option<String>)> =
        plan.metrics.iter().map(|m| (m.name.clone(), m.unit.clone())).collect();
    let services: Vec<String> = plan.services.iter().map(|s| s.name.clone()).collect();
    let slos: Vec<String> = plan.slos.iter().map(|s| s.name.clone()).collect();
    let names = Names { metrics: &metrics, services: &services, slos: &slos, gates: None };
    let said = bare(note.text.raw());
    let (words, held) = lasting(said);
    if let Ok(condition) = Condition::parse(words, names) {
        return Asked { on: vec![(condition, held)], unread: Vec::new() };
    }
    let parts = alternatives(words);
    let mut out = Asked::default();
    for part in parts.iter().map(|part| bare(part)) {
        let (words, own) = lasting(part);
        let own = if own.is_zero() { held } else { own };
        // Written as people write: what the runbook's own numbers were read from says it in so many words.
        let of_line = || book.thresholds.iter().filter(|t| t.line == note.line).cloned().collect();
        let numbers: Vec<Threshold> = if parts.len() == 1 { of_line() } else { limits_in(words) };
        let text = if parts.len() == 1 { said } else { part };
        match of_words(words, names).or_else(|| of_numbers(words, &numbers, names)) {
            Some((condition, longer)) => {
                out.on.push((Condition { text: text.to_owned(), ..condition }, longer.unwrap_or(own)));
            }
            None => out.unread.push(text.to_owned()),
        }
    }
    if out.on.is_empty() {
        out.unread = vec![note.text.raw().trim().to_owned()];
    }
    out
}

/// Whether a step is no step of its own but says when to abort the one that holds it.
pub fn is_sentence(step: &Step) -> bool {
    let text = step.text.raw();
    let leads = LEADS.iter().filter(|lead| lead.contains(' '));
    let mut starts = leads.map(|lead| text.get(..lead.len()).is_some_and(|start| start.eq_ignore_ascii_case(lead)));
    step.kind == StepKind::Bullet && step.parent.is_some() && starts.any(|starts| starts)
}

/// A part as it stands in the language of conditions.
fn of_words(words: &str, names: Names<'_>) -> Option<(Condition, Option<Duration>)> {
    Condition::parse(words, names).ok().map(|condition| (condition, None))
}

/// A part by the numbers that were read from it: as many as it joins by `and`, else it says more than they do.
fn of_numbers(words: &str, numbers: &[Threshold], names: Names<'_>) -> Option<(Condition, Option<Duration>)> {
    let joined = words.to_lowercase().matches(" and ").count();
    let parts: Option<Vec<String>> = numbers.iter().map(as_condition).collect();
    let text = parts.filter(|parts| parts.len() == joined + 1)?.join(" and ");
    let longest = numbers.iter().filter_map(|t| t.for_s).max().map(Duration::from_secs);
    Some((Condition::parse(&text, names).ok()?, longest))
}

/// The parts of a sentence of which each is enough.
fn alternatives(words: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = words;
    let ends = |text: &str| {
        let lower = text.to_ascii_lowercase();
        let found = [", or ", "; or ", " or ", "; ", ", "].iter().filter_map(|w| Some((lower.find(w)?, w.len())));
        found.min_by_key(|(at, len)| (*at, std::cmp::Reverse(*len)))
    };
    while let Some((at, len)) = ends(rest) {
        out.push(rest.get(..at).unwrap_or_default().trim());
        rest = rest.get(at + len..).unwrap_or_default();
    }
    out.push(rest.trim());
    out.retain(|part| !part.is_empty());
    out
}

/// Without the words that lead to it, and the full stop.
fn bare(text: &str) -> &str {
    let text = text.trim().trim_end_matches(['.', '!']).trim_end();
    let lead = |lead: &&&str| {
        text.get(..lead.len()).is_some_and(|start| start.eq_ignore_ascii_case(lead))
            && text.get(lead.len()..).is_some_and(|rest| rest.starts_with([' ', ':']))
    };
    match LEADS.iter().find(lead) {
        Some(lead) => text.get(lead.len()..).unwrap_or_default().trim_start_matches([' ', ':']),
        None => text,
    }
}

/// `error rate > 0.5% for 2 minutes`: the condition, and for how long.
fn lasting(text: &str) -> (&str, Duration) {
    let whole = (text, Duration::ZERO);
    let Some((words, span)) = text.rsplit_once(" for ") else { return whole };
    let span = span.trim().trim_start_matches("more than ").trim_start_matches("over ");
    let digits = span.len() - span.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = span.split_at(digits);
    let each = match unit.trim() {
        "s" | "sec" | "secs" | "second" | "seconds" => 1,
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3_600,
        _ => return whole,
    };
    match number.parse::<u64>() {
        Ok(number) => (words, Duration::from_secs(number.saturating_mul(each))),
        Err(_) => whole,
    }
}

/// A number of the runbook as a condition; nothing for what the language of conditions does not have.
fn as_condition(number: &Threshold) -> Option<String> {
    let (metric, op) = (number.metric.raw(), number.op.as_str());
    let unit = number.unit.as_deref().unwrap_or_default();
    let value = number.value.as_f64()?;
    match number.relative_to.as_deref() {
        None => Some(format!("{metric} {op} {value}{unit}")),
        Some("baseline") => {
            let factor = if unit == "%" { value / 100.0 } else { value };
            Some(format!("{metric} {op} {factor} * baseline"))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_to_a_condition_and_how_long_it_lasts_are_no_part_of_it() {
        for (text, condition, held) in [
            ("Abort if error rate >0.5%.", "error rate >0.5%", 0),
            ("abort when p95 > 500ms for 2 minutes", "p95 > 500ms", 120),
            ("Stop if: api is down for 30 s", "api is down", 30),
            ("error rate > 1%", "error rate > 1%", 0),
            ("ifconfig fails", "ifconfig fails", 0),
            ("roll back if nobody waits for us", "nobody waits for us", 0),
        ] {
            let (words, lasts) = lasting(bare(text));
            assert_eq!((words, lasts), (condition, Duration::from_secs(held)), "{text}");
        }
    }
}

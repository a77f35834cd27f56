//! What a runbook says about aborting a step, as a condition over the plan's metrics: `Abort if error rate >0.5% for 2 min`.

use std::time::Duration;

use super::Plan;
use crate::condition::{Condition, Names};
use crate::runbook::{Note, Runbook, Threshold};

/// The kind of the notes that speak of it.
pub const NOTE: &str = "abort-if";

/// How such a sentence begins.
const LEADS: [&str; 9] =
    ["abort if", "abort when", "stop if", "stop when", "roll back if", "rollback if", "halt if", "if", "when"];

/// What a note asks for, and for how long it must hold; nothing where it cannot be judged: it names no metric, service or
/// objective of the plan.
pub fn read(plan: &Plan, book: &Runbook, note: &Note) -> Option<(Condition, Duration)> {
    let metrics: Vec<(String, Option<String>)> =
        plan.metrics.iter().map(|m| (m.name.clone(), m.unit.clone())).collect();
    let services: Vec<String> = plan.services.iter().map(|s| s.name.clone()).collect();
    let slos: Vec<String> = plan.slos.iter().map(|s| s.name.clone()).collect();
    let names = Names { metrics: &metrics, services: &services, slos: &slos, gates: None };
    let said = bare(note.text.raw());
    let (words, held) = lasting(said);
    if let Ok(condition) = Condition::parse(words, names) {
        return Some((condition, held));
    }
    // Written as people write: what the runbook's own numbers were read from says it in so many words.
    let numbers: Vec<&Threshold> = book.thresholds.iter().filter(|t| t.line == note.line).collect();
    let parts: Option<Vec<String>> = numbers.iter().map(|t| as_condition(t)).collect();
    let text = parts.filter(|parts| !parts.is_empty())?.join(" or ");
    let held = numbers.iter().filter_map(|t| t.for_s).max().map_or(held, Duration::from_secs);
    let condition = Condition::parse(&text, names).ok()?;
    Some((Condition { text: said.to_owned(), ..condition }, held))
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

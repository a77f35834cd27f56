//! Is this the answer of a healthy service? Pure: status, headers, body and time against what was expected.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::reason;
use crate::probe::{CommandExpect, HttpExpect, Outcome, TRIP};
use crate::proc::{End, Ran};
use crate::text::{Untrusted, escape};

/// A version longer than this is cut.
const VERSION: usize = 64;

/// What an answer means, with the version and the word it named.
pub(super) type Judged = (Outcome, Option<Untrusted>, Option<Untrusted>);

/// Judges an HTTP answer.
pub(super) fn http(expect: &HttpExpect, status: u16, headers: &HeaderMap, body: &[u8], took: Duration) -> Judged {
    if !expect.refused.is_empty() {
        return (refused(&expect.refused, status), None, None);
    }
    let wants_json = !expect.json.is_empty() || expect.version.is_some() || expect.state.is_some();
    let json = if wants_json { serde_json::from_slice::<Value>(body).ok() } else { None };
    let version = expect.version.as_ref().and_then(|p| version(json.as_ref()?.pointer(p)?));
    let (stated, word) = expect.state.as_ref().map_or((Outcome::Pass, None), |state| state.judge(json.as_ref()));
    let outcome = match (failure(expect, status, headers, body, json.as_ref()), stated) {
        (Some(reason), _) => Outcome::Fail(reason),
        (None, Outcome::Pass) => worse(expect, version.as_deref(), took).map_or(Outcome::Pass, Outcome::Degraded),
        (None, stated) => stated,
    };
    (outcome, version.map(Untrusted::new), word)
}

/// Whether a redirect is what the service should answer.
pub(super) fn wants_redirect(expect: &HttpExpect) -> bool {
    !expect.refused.is_empty() || expect.status.iter().any(|s| (300..400).contains(s))
}

fn refused(with: &[u16], status: u16) -> Outcome {
    match status {
        _ if with.contains(&status) => Outcome::Pass,
        200..=299 => Outcome::Fail(format!("{TRIP}: answered {status} without credentials, must be refused")),
        _ => Outcome::Fail(format!("{status}, expected {}", statuses(with))),
    }
}

/// Judges the answers to a burst: the limiter must have refused one of them. Gives what to say of them.
pub(super) fn burst(expect: u16, answers: &[Result<u16, String>]) -> (Outcome, Untrusted) {
    let refused = answers.iter().filter(|a| **a == Ok(expect)).count();
    let says = Untrusted::new(format!("{refused} of {} answered {expect}", answers.len()));
    if refused > 0 {
        return (Outcome::Pass, says);
    }
    let lost: Vec<&String> = answers.iter().filter_map(|a| a.as_ref().err()).collect();
    let outcome = match lost.first() {
        // Who was not heard may have been the one that was refused.
        Some(why) => Outcome::NoData(format!("{} of {} requests had no answer: {why}", lost.len(), answers.len())),
        None => Outcome::Fail(format!("{TRIP}: none of {} requests at once was answered {expect}", answers.len())),
    };
    (outcome, says)
}

fn failure(expect: &HttpExpect, status: u16, headers: &HeaderMap, body: &[u8], json: Option<&Value>) -> Option<String> {
    let good = if expect.status.is_empty() { (200..300).contains(&status) } else { expect.status.contains(&status) };
    if !good {
        return Some(format!("{status}, expected {}", statuses(&expect.status)));
    }
    for (name, value) in &expect.headers {
        let mut found = headers.get_all(name.as_str()).iter().peekable();
        if found.peek().is_none() {
            return Some(format!("header {} is missing", quoted(name)));
        }
        if !found.any(|v| v.as_bytes() == value.as_bytes()) {
            return Some(format!("header {} is not {}", quoted(name), quoted(value)));
        }
    }
    if let Some(text) = &expect.text
        && !contains(body, text.as_bytes())
    {
        return Some(format!("the text {} is not in the answer", quoted(text)));
    }
    if !expect.json.is_empty() {
        let Some(json) = json else { return Some("the answer is no JSON".to_owned()) };
        for (pointer, wanted) in &expect.json {
            match json.pointer(pointer) {
                None => return Some(format!("{} is missing", escape(pointer))),
                Some(found) if !same(found, wanted) => {
                    return Some(format!("{} is {}", escape(pointer), another(found, wanted)));
                }
                Some(_) => {}
            }
        }
    }
    None
}

/// What is not as it should be though the service answers.
fn worse(expect: &HttpExpect, version: Option<&str>, took: Duration) -> Option<String> {
    if let Some(target) = &expect.target {
        match version {
            Some(found) if found == target => {}
            Some(_) => return Some(format!("another version than {}", escape(target))),
            None => return Some(format!("no version found, expected {}", escape(target))),
        }
    }
    slow(expect.within, took)
}

fn slow(within: Option<Duration>, took: Duration) -> Option<String> {
    within.filter(|w| took > *w).map(|w| format!("took {}, over {}", reason::span(took), reason::span(w)))
}

/// Judges a connection that succeeded.
pub(super) fn in_time(within: Option<Duration>, took: Duration) -> Outcome {
    slow(within, took).map_or(Outcome::Pass, Outcome::Degraded)
}

/// Judges the end of a command; also gives the rows of a table counted.
pub(super) fn command(
    expect: &CommandExpect,
    ran: &Ran,
    deadline: Duration,
    took: Duration,
) -> (Outcome, Option<Untrusted>) {
    let outcome = ending(expect, ran, deadline, took);
    let Some(table) = expect.table.as_ref().filter(|_| matches!(outcome, Outcome::Pass | Outcome::Degraded(_))) else {
        return (outcome, None);
    };
    if ran.stdout.dropped > 0 {
        return (Outcome::NoData(format!("the table is over {}", reason::size(crate::proc::KEEP))), None);
    }
    match table.judge(&ran.stdout.text()) {
        (Outcome::Pass, says) => (outcome, says),
        judged => judged,
    }
}

/// Judges how a command ended, and what it said but for a table.
pub(super) fn ending(expect: &CommandExpect, ran: &Ran, deadline: Duration, took: Duration) -> Outcome {
    let wanted = expect.exit.unwrap_or(0);
    match &ran.end {
        End::Exit(code) if *code != wanted => return Outcome::Fail(format!("exit {code}, expected {wanted}")),
        End::Exit(_) => {}
        End::Signal(signal) => return Outcome::Fail(format!("ended by signal {signal}")),
        End::Deadline => return Outcome::Fail(format!("{}, killed", no_end(deadline))),
        End::NotStarted(why) => return Outcome::NoData(format!("cannot be started: {}", escape(why))),
        End::Lost(why) => return Outcome::NoData(escape(why)),
    }
    if let Some(text) = &expect.text
        && !contains(&ran.stdout.head, text.as_bytes())
        && !contains(&ran.stdout.tail, text.as_bytes())
    {
        return Outcome::Fail(format!("the text {} is not in the output", quoted(text)));
    }
    in_time(expect.within, took)
}

/// `not done within 2 s`.
pub(super) fn no_end(deadline: Duration) -> String {
    format!("not done within {}", reason::span(deadline))
}

fn statuses(expected: &[u16]) -> String {
    match expected {
        [] => "2xx".to_owned(),
        [one] => one.to_string(),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(u16::to_string).collect();
            format!("{} or {last}", first.join(", "))
        }
    }
}

/// Numbers are equal by value: 1 and 1.0 are the same in JSON.
fn same(found: &Value, wanted: &Value) -> bool {
    found == wanted || matches!((found.as_f64(), wanted.as_f64()), (Some(a), Some(b)) if a == b)
}

/// What was found, where that is harmless to say: texts of the other side stay out of reasons.
fn another(found: &Value, wanted: &Value) -> String {
    let wanted = match wanted {
        Value::String(s) => quoted(s),
        other => cut(&other.to_string()),
    };
    match found {
        Value::Null | Value::Bool(_) | Value::Number(_) => format!("{}, expected {wanted}", cut(&found.to_string())),
        Value::String(_) => format!("not {wanted}"),
        Value::Array(_) => format!("a list, expected {wanted}"),
        Value::Object(_) => format!("an object, expected {wanted}"),
    }
}

fn version(found: &Value) -> Option<String> {
    match found {
        Value::String(s) => Some(s.chars().take(VERSION).collect()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || memmem(body, text)
}

fn memmem(body: &[u8], text: &[u8]) -> bool {
    let Some(first) = text.first() else { return true };
    let mut rest = body;
    while let Some(at) = rest.iter().position(|b| b == first) {
        let Some(here) = rest.get(at..) else { return false };
        if here.starts_with(text) {
            return true;
        }
        rest = here.get(1..).unwrap_or_default();
    }
    false
}

/// Text of the plan inside a reason: escaped, cut, quoted.
fn quoted(text: &str) -> String {
    format!("\"{}\"", cut(text))
}

fn cut(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    escape(&short)
}

//! Slack messages as JSON: one notice in full, or many in a digest that names each.
//!
//! Limits: docs.slack.dev, block kit reference; the total is from slackapi/bolt-js #2509.

use serde_json::{Value, json};

use super::plain::Plain;
use crate::clock::rfc3339;
use crate::notice::{Action, Notice, Severity};
use crate::secret::Masks;

/// Characters of one section.
pub const SECTION: usize = 3_000;
/// Characters of the text that notifications show.
const FALLBACK: usize = 1_000;
/// Characters of one line of a digest.
const LINE: usize = 180;
/// Characters of a name in one.
const NAME: usize = 80;
/// Characters of the names of several alerts in one message, and, beside its lines, in a digest.
const NAMES: usize = 6_000;

/// One notice.
pub fn message(notice: &Notice, masks: &Masks) -> String {
    let plain = Plain::of(notice, masks, SECTION);
    let (glyph, state) = state(&plain);
    let head = format!("{glyph} *{state}* · {}\n", safe(&plain.room, 200));
    let mut sections = vec![format!("{head}{}", safe(&plain.summary, SECTION - head.chars().count()))];
    let mut facts = String::new();
    for (word, value) in &plain.details {
        let line = format!("*{}*: {}\n", safe(word, NAME), safe(value, 600));
        if facts.chars().count() + line.chars().count() > SECTION - 20 {
            facts.push_str("… more left out\n");
            break;
        }
        facts.push_str(&line);
    }
    sections.extend(Some(facts).filter(|facts| !facts.is_empty()));
    let mut names = String::new();
    for name in named(&plain, NAMES) {
        if names.chars().count() + name.chars().count() + 1 > SECTION {
            sections.push(std::mem::take(&mut names));
        }
        names.push_str(&name);
        names.push('\n');
    }
    sections.extend(Some(names).filter(|names| !names.is_empty()));
    let since = format!("since {}", rfc3339(plain.since));
    body(&format!("{glyph} {state}: {}", safe(&plain.summary, FALLBACK - 40)), &sections, &since)
}

/// Many, in order, each in a line of its own; what began and is over within it takes one line.
pub fn digest(notices: &[&Notice], masks: &Masks) -> String {
    let plain: Vec<Plain> = notices.iter().map(|notice| Plain::of(notice, masks, 0)).collect();
    let ended = |p: &Plain| plain.iter().any(|other| other.action == Action::Resolve && other.key == p.key);
    let begun = |p: &Plain| plain.iter().find(|other| other.action == Action::Trigger && other.key == p.key);
    let count = |action: Action| plain.iter().filter(|p| p.action == action).count();
    let (firing, over) = (count(Action::Trigger), count(Action::Resolve));
    let head = format!("*{} notices together* · {firing} began · {over} over", plain.len());
    let mut sections = vec![head.clone()];
    let mut left = NAMES;
    for p in &plain {
        let mut line = match p.action {
            Action::Trigger if ended(p) => continue,
            Action::Resolve => match begun(p) {
                Some(first) => line(p, &format!("began {}, is over", first.since.format("%H:%M:%SZ"))),
                None => line(p, ""),
            },
            _ => line(p, ""),
        };
        let names = named(p, left.min(SECTION - LINE - 1)).join(", ");
        if !names.is_empty() {
            left = left.saturating_sub(names.chars().count());
            line = format!("{line}\n{names}");
        }
        match sections.last_mut() {
            Some(last) if last.chars().count() + line.chars().count() < SECTION => {
                last.push('\n');
                last.push_str(&line);
            }
            _ => sections.push(line),
        }
    }
    let names: Vec<&str> = plain.iter().map(Plain::name).collect();
    let first = plain.iter().map(|p| rfc3339(p.at)).min().unwrap_or_default();
    let text = format!("{} notices: {}", plain.len(), safe(&names.join(", "), FALLBACK - 40));
    body(&text, &sections, &format!("since {first}"))
}

/// The alerts that a notice names, in so many characters with two between each; the last says how many found no room.
fn named(plain: &Plain, most: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut left = most;
    for (n, name) in plain.members.iter().enumerate() {
        let name = safe(name, NAME);
        let cells = name.chars().count() + 2;
        // The word on the rest needs room as well.
        if cells + 24 > left {
            out.push(format!("… and {} more", plain.members.len() - n));
            break;
        }
        left -= cells;
        out.push(name);
    }
    out
}

fn line(plain: &Plain, more: &str) -> String {
    let (glyph, state) = state(plain);
    let name = safe(plain.name(), NAME);
    let mut line = format!("{glyph} {state} *{name}*");
    if !more.is_empty() {
        line = format!("{line} ({more})");
    }
    let left = LINE.saturating_sub(line.chars().count() + 3);
    if plain.alert.is_some() && left > 10 {
        line.push_str(" · ");
        line.push_str(&safe(&plain.summary, left));
    }
    line
}

fn body(text: &str, sections: &[String], context: &str) -> String {
    // `verbatim`: nothing in it becomes a link, a channel or a person by itself.
    let words = |text: &str| json!({ "type": "mrkdwn", "text": text, "verbatim": true });
    let mut blocks: Vec<Value> = sections.iter().map(|s| json!({ "type": "section", "text": words(s) })).collect();
    blocks.push(json!({ "type": "context", "elements": [words(context)] }));
    json!({ "text": text, "blocks": blocks, "unfurl_links": false, "unfurl_media": false, "link_names": false })
        .to_string()
}

fn state(plain: &Plain) -> (&'static str, &'static str) {
    match (plain.action, plain.severity) {
        (Action::Trigger, Severity::Rollback) => ("🔴", "ROLLBACK"),
        (Action::Trigger, Severity::Page) => ("🔴", "PAGE"),
        (Action::Trigger, Severity::Warn) => ("🟠", "WARNING"),
        (Action::Trigger, Severity::Info) => ("🔵", "INFO"),
        (Action::Acknowledge, _) => ("👀", "SOMEBODY LOOKS"),
        (Action::Resolve, _) => ("✅", "OVER"),
        (Action::Change, _) => ("🔧", "CHANGE"),
        (Action::Inform, _) => ("💬", "NOTE"),
        (Action::Test, _) => ("🧪", "TEST"),
    }
}

/// In at most `most` characters with `&`, `<` and `>` as Slack wants them; never cut within one of those.
fn safe(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut left = most.saturating_sub(1);
    for c in text.chars() {
        let mut one = [0; 4];
        let part = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            c => &*c.encode_utf8(&mut one),
        };
        let cells = part.chars().count();
        if cells > left {
            out.push('…');
            break;
        }
        left -= cells;
        out.push_str(part);
    }
    out
}

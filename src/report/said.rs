//! What was done with a step, in lines of Markdown that mean nothing but their words.

use std::collections::HashSet;
use std::fmt::Write as _;

use crate::clock::Stamp;
use crate::fact::{Author, StepId};
use crate::room::{Book, Progress, Status};
use crate::text::escape;

/// The remarks on one step, oldest first; empty when nothing was recorded of it.
pub(super) fn of_step(id: &StepId, book: &Book, progress: &Progress) -> Vec<String> {
    let mut said = Vec::new();
    tell(id, book, progress, &mut HashSet::new(), &mut said);
    said
}

/// A journal may be anybody's: steps added after one another in a circle or in a long chain are told once, and not too deep.
const DEEPEST: usize = 1_000;

fn tell(id: &StepId, book: &Book, progress: &Progress, seen: &mut HashSet<StepId>, out: &mut Vec<String>) {
    if seen.len() >= DEEPEST || !seen.insert(id.clone()) {
        return;
    }
    if let Some(state) = progress.step(id) {
        if let Some((by, at)) = &state.by {
            let mut line = format!("{} {} {} · {}", glyph(state.status), word(state.status), time(*at), who(by));
            if let Some(reason) = &state.reason {
                line.push_str(": ");
                line.push_str(&plain(reason.raw()));
            }
            if let Some(started) = state.started.filter(|s| s < at && state.status != Status::Running) {
                let _ = write!(line, " · begun {}", time(started)); // a String takes everything
            }
            for (other, at) in &state.confirmed_by {
                let _ = write!(line, " · confirmed by {} {}", who(other), time(*at));
            }
            if state.crossed {
                line.push_str(" · another mark was made at the same time");
            }
            if book.checked(id) && !state.status.settled() {
                line.push_str(" · it was ticked in the file before");
            }
            out.push(line);
        }
        if let Some(owner) = &state.owner {
            out.push(format!("owner: {}", plain(owner.raw())));
        }
        for (at, by, text) in &state.notes {
            out.push(format!("note {} · {}: {}", time(*at), who(by), plain(text.raw())));
        }
    }
    for added in progress.added.values().filter(|a| a.after.as_ref() == Some(id)) {
        out.push(format!("added on the run by {}: {}", who(&added.by), plain(added.text.raw())));
        tell(&added.step, book, progress, seen, out);
    }
}

/// Who did something, with the role.
pub(super) fn who(by: &Author) -> String {
    match &by.role {
        Some(role) => format!("{} ({})", plain(by.person.raw()), plain(role.raw())),
        None => plain(by.person.raw()),
    }
}

/// `2025-10-21 12:30:04 UTC`.
pub(super) fn time(at: Stamp) -> String {
    at.utc().format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn glyph(status: Status) -> &'static str {
    match status {
        Status::Done | Status::InFile => "✓",
        Status::Failed => "✗",
        Status::Running => "◌",
        Status::Todo => "○",
        Status::Skipped | Status::NotApplicable | Status::Waived | Status::LeftOut => "⊘",
    }
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Todo => "reopened",
        Status::Running => "begun",
        other => other.word(),
    }
}

/// Words from outside on one line, every sign that means something in Markdown or HTML taken literally.
pub(super) fn plain(words: &str) -> String {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = String::with_capacity(words.len());
    for c in escape(&words).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '$' | '#' => {
                out.push('\\');
                out.push(c);
            }
            // Nobody is called by a report.
            '@' => out.push_str("&#64;"),
            c => out.push(c),
        }
    }
    out
}

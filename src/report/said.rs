//! What was done with a step, in lines of Markdown that mean nothing but their words.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::time::Duration;

use super::executed::Executed;
use crate::clock::{Stamp, duration_text};
use crate::fact::{Author, Fact, Mark, StepId};
use crate::room::Status;
use crate::room::apply::mark_word;
use crate::text::{Untrusted, escape};

/// The remarks on one step, oldest first; empty when nothing was recorded of it and it is part of this run.
pub(super) fn of_step(id: &StepId, of: Executed<'_>) -> Vec<String> {
    let mut said = Vec::new();
    tell(id, of, &mut HashSet::new(), &mut said);
    said
}

/// A journal may be anybody's: steps added after one another in a circle or in a long chain are told once, and not too deep.
const DEEPEST: usize = 1_000;

fn tell(id: &StepId, of: Executed<'_>, seen: &mut HashSet<StepId>, out: &mut Vec<String>) {
    if seen.len() >= DEEPEST || !seen.insert(id.clone()) {
        return;
    }
    marks(id, of, out);
    runs(id, of, out);
    if let Some(state) = of.progress.step(id) {
        if let Some(owner) = &state.owner {
            out.push(format!("owner: {}", plain(owner.raw())));
        }
        for (at, by, text) in &state.notes {
            out.push(format!("note {} · {}: {}", time(*at), who(by), plain(text.raw())));
        }
    }
    for added in of.progress.added.values().filter(|a| a.after.as_ref() == Some(id)) {
        out.push(format!("added on the run by {}: {}", who(&added.by), plain(added.text.raw())));
        tell(&added.step, of, seen, out);
    }
}

/// A line for every mark, oldest first. What was said again is said with what it confirms, and a begin with what came of it.
fn marks(id: &StepId, of: Executed<'_>, out: &mut Vec<String>) {
    let mut marks = of.progress.marks(id).peekable();
    if marks.peek().is_none() {
        if let Some(variant) = of.variant.filter(|v| v.leaves_out.is_some_and(|out| out.contains(id)))
            && !of.book.is_group(id)
        {
            out.push(format!("⊘ {} \"{}\"", Status::LeftOut.word(), plain(variant.name)));
        }
        return;
    }
    let first = out.len();
    let mut begun: Option<(Stamp, &Author)> = None;
    let mut last = None;
    while let Some(mark) = marks.next() {
        let again: Vec<_> = std::iter::from_fn(|| marks.next_if(|next| next.mark == mark.mark)).collect();
        last = Some(mark.mark);
        let went_on = marks.peek().is_some_and(|next| next.mark != Mark::Todo);
        if mark.mark == Mark::Running && went_on && again.is_empty() && mark.reason.is_none() && !mark.crossed {
            begun = Some((mark.stamp, mark.by));
            continue;
        }
        let mut line = format!("{} {} {} · {}", glyph(mark.mark), word(mark.mark), time(mark.stamp), who(mark.by));
        if let Some(reason) = mark.reason {
            line.push_str(": ");
            line.push_str(&plain(reason.raw()));
        }
        if let Some((at, by)) = begun.take() {
            let _ = write!(line, " · begun {}", time(at)); // a String takes everything
            if by != mark.by {
                let _ = write!(line, " by {}", who(by));
            }
        }
        for other in again {
            let _ = write!(line, " · confirmed by {} {}", who(other.by), time(other.stamp));
            if let Some(reason) = other.reason.filter(|reason| Some(*reason) != mark.reason) {
                let _ = write!(line, ": {}", plain(reason.raw()));
            }
        }
        if mark.crossed {
            line.push_str(" · another mark was made at the same time");
        }
        out.push(line);
    }
    if of.book.checked(id)
        && matches!(last, Some(Mark::Todo | Mark::Running | Mark::Failed))
        && let Some(line) = out.get_mut(first..).and_then(<[String]>::last_mut)
    {
        line.push_str(" · it was ticked in the file before");
    }
}

/// Lines of a run's output that are told.
const OUTPUT: usize = 20;

/// A line for every run of the step's commands, with how it ended, and the last lines of what it said.
fn runs(id: &StepId, of: Executed<'_>, out: &mut Vec<String>) {
    for (_, attempt) in of.progress.attempts(id) {
        let Some((stamp, by, run)) = &attempt.started else { continue };
        let mut line = format!(
            "run {} {} · {} on {}: {}",
            run.attempt,
            time(*stamp),
            who(by),
            plain(run.host.raw()),
            plain(run.what.raw())
        );
        if let Some(reason) = &run.reason {
            let _ = write!(line, " · because {}", plain(reason.raw())); // a String takes everything
        }
        let Some((_, end)) = attempt.end() else {
            out.push(line + " · nobody knows how it ended");
            continue;
        };
        let took = duration_text(Duration::from_secs(end.took.div_ceil(1_000)));
        let _ = write!(line, " · {} after {took}: {}", end.verdict, plain(end.why.raw()));
        if let Some(by) = &end.killed_by {
            let _ = write!(line, " by {}", plain(by.raw()));
        }
        out.push(line);
        let gap = if end.dropped > 0 { "\n" } else { "" };
        let said = format!("{}{gap}{}", end.head.raw(), end.tail.raw());
        let lines: Vec<&str> = said.lines().filter(|l| !l.trim().is_empty()).collect();
        let last = lines.get(lines.len().saturating_sub(OUTPUT)..).unwrap_or_default();
        out.extend(last.iter().map(|l| format!("output: {}", plain(&l.chars().take(500).collect::<String>()))));
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

fn glyph(mark: Mark) -> &'static str {
    match mark {
        Mark::Done => "✓",
        Mark::Failed => "✗",
        Mark::Running => "◌",
        Mark::Todo => "○",
        Mark::Skipped | Mark::NotApplicable | Mark::Waived => "⊘",
    }
}

fn word(mark: Mark) -> &'static str {
    match mark {
        Mark::Running => "begun",
        other => mark_word(other),
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

/// What people said and decided of gates, in words; an override is marked. Nothing for any other fact.
pub fn of_gate(fact: &Fact) -> Option<String> {
    let because = |reason: &Untrusted| match plain(reason.raw()) {
        words if words.is_empty() => String::new(),
        words => format!(": {words}"),
    };
    Some(match fact {
        Fact::GateVoted { gate, role, vote, comment } => {
            format!("\"{}\", {vote} for {}{}", plain(gate.raw()), plain(role.raw()), because(comment))
        }
        Fact::GateDecided { gate, verdict, overridden, reason, evidence, sha256, .. } => {
            let how = if *overridden {
                format!(" BY OVERRIDE, computed was {} ({})", evidence.computed, plain(evidence.reason.raw()))
            } else {
                String::new()
            };
            format!("\"{}\", {verdict} decided{how}{}; evidence {}", plain(gate.raw()), because(reason), plain(sha256))
        }
        Fact::GateReopened { gate, reason, .. } => {
            format!("\"{}\", opened again{}", plain(gate.raw()), because(reason))
        }
        _ => return None,
    })
}

//! `[[rollback]]`, `[[breaker]]` and `[[profile]]` of the draft: ways back, emergency switches, variants.

use super::sheet::{Block, Names, name, quoted, said};
use super::team::Team;
use super::words::{BREAKER, ROLLBACK, Section, above, duration, has, line, lines, sections, span};
use crate::runbook::{Class, Runbook};

/// Words beside which a duration says how long a way back takes.
const TAKES: [&str; 12] = [
    "take", "duration", "about", "approx", "estimate", "online", "complete", "dauer", "dauert", "dure", "durée",
    "tarda",
];
/// Words beside which it says something else.
const WAITS: [&str; 11] =
    ["wait", "monitor", "sleep", "if", "not", "after", "every", "within", "warte", "attend", "beobacht"];

pub(super) fn rollbacks(books: &[Runbook], levels: &[(String, u32, u32, String)]) -> Vec<Block> {
    let mut names = Names::default();
    let mut out = Vec::new();
    for book in books {
        let sections = sections(book);
        for (title, at, end) in ways_back(book, &sections) {
            let mut block = Block::table("[[rollback]]");
            block.from(&book.path, at, line(book, at));
            let level = levels.iter().find(|(path, from, until, _)| *path == book.path && *from <= at && at <= *until);
            let called = match level {
                Some((.., level)) => format!("{} (level {level})", name(&title)),
                None => name(&title),
            };
            block.need(format!("name = {}", quoted(&names.take(&called, "rollback"))));
            block.need(format!("steps = {}", quoted(&title)));
            let times: Vec<(u32, u64, &str)> = lines(book, at, end)
                .filter(|(_, text)| has(text, &TAKES) && !has(text, &WAITS))
                .filter_map(|(n, text)| duration(text).map(|s| (n, s, text)))
                .collect();
            if let Some((n, seconds, text)) = times.first() {
                block.put_said(
                    format!("takes = {}", quoted(&span(*seconds))),
                    &format!("line {n}: {}", said(text.trim())),
                );
            } else {
                block.wait("takes = \"…\"   # how long it took when it was tried");
            }
            if let Some((.., level)) = level {
                block.put(format!("for_levels = [{}]", quoted(level)));
            }
            out.push(block);
        }
    }
    out
}

/// Headings and bold labels that name a way back and hold something to do: title, line, last line.
fn ways_back(book: &Runbook, sections: &[Section<'_>]) -> Vec<(String, u32, u32)> {
    let to_do = |from: u32, until: u32| {
        book.steps.iter().any(|s| from < s.line && s.line <= until)
            || book.commands.iter().any(|c| from < c.line_start && c.line_start <= until)
    };
    let mut out: Vec<(String, u32, u32)> = Vec::new();
    for section in sections {
        let title = section.heading.text.raw();
        if has(title, &ROLLBACK)
            && !has(title, &["tree", "criteria", "trigger", "readiness", "don't", "prepare"])
            && super::levels::level_title(title).is_none()
            && to_do(section.heading.line, section.own_end)
        {
            out.push((title.to_owned(), section.heading.line, section.own_end));
        }
    }
    for (n, text) in lines(book, 1, book.lines.len() as u32) {
        let Some(label) = super::words::label(text) else { continue };
        let rest = text.trim().rsplit_once("**").map_or("", |(_, rest)| rest.trim());
        if !matches!(rest, "" | ":") || !has(label, &ROLLBACK) {
            continue;
        }
        let inside = above(sections, n).last().map_or(book.lines.len() as u32, |s| s.own_end);
        let covered = out.iter().any(|(_, from, until)| *from <= n && n <= *until);
        if !covered && to_do(n, inside) {
            out.push((label.to_owned(), n, inside));
        }
    }
    out.sort_by_key(|(_, line, _)| *line);
    out
}

pub(super) fn breakers(books: &[Runbook], team: &Team) -> Vec<Block> {
    let mut names = Names::default();
    let mut out = Vec::new();
    for book in books {
        let sections = sections(book);
        for section in &sections {
            let path = above(&sections, section.heading.line);
            if !path.iter().any(|s| has(s.heading.text.raw(), &BREAKER))
                || path.iter().any(|s| has(s.heading.text.raw(), &ROLLBACK))
            {
                continue;
            }
            let inside =
                |c: &&crate::runbook::Command| section.heading.line < c.line_start && c.line_start <= section.own_end;
            let title = section.heading.text.raw();
            let looks_only = has(title, &["check", "verify", "status", "contact", "prüf", "vérif"]);
            let Some(command) = book
                .commands
                .iter()
                .filter(inside)
                .find(|c| matches!(c.class, Class::Mutate | Class::Danger))
                .filter(|_| !looks_only)
            else {
                continue;
            };
            let runs: Vec<&str> =
                command.text.raw().lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
            let mut block = Block::table("[[breaker]]");
            block.from(&book.path, section.heading.line, title);
            block.need(format!("name = {}", quoted(&names.take(&name(title), "breaker"))));
            let Some(run) = runs.first() else { continue };
            block.need(format!("run = {}", quoted(run)));
            block.need(format!("confirm = {}", quoted(&word(title)))).note(&format!(
                "line {}: {}",
                command.line_start + 1,
                said(run)
            ));
            match team.decide.first() {
                Some(role) if team.staffed => block.put(format!("role = {}", quoted(role))),
                Some(role) => block.wait(format!("role = {}   # once the roles above have people", quoted(role))),
                None => &mut block,
            };
            if runs.len() > 1 {
                block.ask("several lines stand here; which one throws the switch?").off();
                for other in runs.iter().skip(1).take(8) {
                    block.note(&format!("or: {}", said(other)));
                }
            } else if run.contains(['<', '{']) {
                block.ask("the command has something to fill in; write it out").off();
            }
            out.push(block);
        }
    }
    out
}

/// The word to type: the first of the title that is long enough.
fn word(title: &str) -> String {
    let word = title.split(|c: char| !c.is_ascii_alphabetic()).find(|w| w.len() > 3);
    word.map_or_else(|| "YES".to_owned(), str::to_ascii_uppercase)
}

/// Sibling headings that are variants of one release: each a profile that leaves the others out.
pub(super) fn profiles(books: &[Runbook]) -> Vec<Block> {
    const VARIANT: [&str; 10] = [
        "hotfix",
        "routine",
        "full ",
        "standard release",
        "patch release",
        "minor release",
        "major release",
        "emergency release",
        "express",
        "regular",
    ];
    let mut out = Vec::new();
    let mut names = Names::default();
    for book in books {
        let sections = sections(book);
        let variants: Vec<&Section<'_>> = sections
            .iter()
            .filter(|s| {
                has(s.heading.text.raw(), &VARIANT)
                    && has(s.heading.text.raw(), &["release", "deploy", "go-live", "rollout", "cutover"])
            })
            .filter(|s| book.steps.iter().any(|step| s.heading.line < step.line && step.line <= s.end))
            .collect();
        let level = variants.first().map(|s| s.heading.level);
        let variants: Vec<&&Section<'_>> = variants.iter().filter(|s| Some(s.heading.level) == level).collect();
        if variants.len() < 2 {
            continue;
        }
        for variant in &variants {
            let mut block = Block::table("[[profile]]");
            let title = variant.heading.text.raw();
            block.from(&book.path, variant.heading.line, title);
            let called = title.split_once('(').map_or(title, |(t, _)| t);
            block.need(format!("name = {}", quoted(&names.take(&name(&called.to_lowercase()), "profile"))));
            block.need("skip = [");
            for other in variants.iter().filter(|o| o.heading.line != variant.heading.line) {
                block.put(format!("    {},", quoted(other.heading.text.raw())));
            }
            block.need("]");
            let watched = lines(book, variant.heading.line, variant.end).find_map(|(n, text)| {
                has(text, &["monitor", "watch", "observe", "beobacht"])
                    .then(|| duration(text))
                    .flatten()
                    .map(|s| (n, s, text))
            });
            if let Some((n, seconds, text)) = watched {
                block.put_said(
                    format!("monitor = {}", quoted(&span(seconds))),
                    &format!("line {n}: {}", said(text.trim())),
                );
            }
            out.push(block);
        }
    }
    out
}

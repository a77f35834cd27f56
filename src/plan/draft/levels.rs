//! `[[level]]` of the draft: headings that say how bad it is, and what the room does then.

use super::metrics::{Kind, Number, condition};
use super::sheet::{Block, quoted, said};
use super::words::{Section, above, duration, has, lines, sections, span};
use crate::runbook::Runbook;

/// A section that says what a level of trouble is.
pub(super) struct Level<'a> {
    pub book: &'a Runbook,
    pub section: Section<'a>,
    pub name: String,
    say: String,
}

impl Level<'_> {
    /// Whether a line belongs to it.
    pub(super) fn holds(&self, line: u32) -> bool {
        self.section.heading.line <= line && line <= self.section.end
    }
}

pub(super) fn sections_of(books: &[Runbook]) -> Vec<Level<'_>> {
    let mut out: Vec<Level<'_>> = Vec::new();
    for book in books {
        for section in sections(book) {
            let Some((number, say)) = level_title(section.heading.text.raw()) else { continue };
            // A level is described by numbers or symptoms; a heading elsewhere that is called level 2 is none.
            let told = book.thresholds.iter().any(|t| section.heading.line < t.line && t.line <= section.end)
                || lines(book, section.heading.line + 1, section.end).any(|(_, l)| {
                    has(l, &["symptom", "criteria", "action", "kriterien", "symptôme", "maßnahme", "síntoma"])
                });
            let first = !out.iter().any(|l| l.name == number);
            if told && first {
                out.push(Level { book, name: number, say, section });
            }
        }
    }
    out
}

/// `Level 2: Major Issues`, `SEV-1 …`, `Stufe 3`: the number, and what it is called.
pub(super) fn level_title(title: &str) -> Option<(String, String)> {
    const WORDS: [&str; 9] = ["level", "severity", "sev", "stufe", "niveau", "nivel", "livello", "レベル", "уровень"];
    let plain = title.trim_start_matches(|c: char| !c.is_alphanumeric());
    let folded = plain.to_lowercase();
    let word = WORDS.iter().find(|w| folded.starts_with(**w))?;
    let rest = folded.get(word.len()..)?.trim_start_matches([' ', '-', ':', '\u{2011}']);
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let number = rest.get(..digits).filter(|d| !d.is_empty() && d.len() < 3)?;
    let say = plain
        .split_once(':')
        .or_else(|| plain.split_once('–'))
        .or_else(|| plain.split_once('—'))
        .map_or(plain, |(_, say)| say);
    Some((number.to_owned(), say.trim().to_owned()))
}

pub(super) fn draft(level: &Level<'_>, numbers: &[Number<'_>]) -> Block {
    let mut block = Block::table("[[level]]");
    let path = &level.book.path;
    block.from(path, level.section.heading.line, level.section.heading.text.raw());
    let mut when = Vec::new();
    for number in numbers.iter().filter(|n| n.kind != Kind::Hand) {
        for (book, t) in &number.all {
            if book.path == *path && level.holds(t.line) && !matches!(t.op.as_str(), "<" | "<=") {
                when.extend(condition(number, t).map(|c| (t.line, c)));
            }
        }
    }
    block.need(format!("name = {}", quoted(&level.name)));
    if when.is_empty() {
        block.ask("what puts the room on this level? The runbook says it in words that no probe reads");
        block.need("when = []").off();
    } else {
        block.need("when = [");
        for (line, condition) in when {
            block.put_said(format!("    {},", quoted(&condition)), &format!("line {line}"));
        }
        block.need("]");
    }
    let sections = sections(level.book);
    for (n, text) in lines(level.book, level.section.heading.line + 1, level.section.end) {
        let judged = text.trim_start().starts_with(['-', '*', '+'])
            && above(&sections, n).last().is_some_and(|s| s.heading.line == level.section.heading.line);
        if judged
            && let Some(seconds) =
                duration(text).filter(|_| has(text, &["monitor", "within", "wait", "observe", "innerhalb", "beobacht"]))
        {
            block.put_said(
                format!("decide_within = {}", quoted(&span(seconds))),
                &format!("line {n}: {}", said(text.trim())),
            );
            break;
        }
    }
    if !level.say.is_empty() {
        block.put(format!("say = {}", quoted(&said(&level.say))));
    }
    block
}

//! A runbook as the rules look at it: every line with its place in the file, its section and what it is.

use std::ops::Range;

use crate::check::pattern::pattern;
use crate::finding::Source;
use crate::runbook::{Class, Command, Runbook, Threshold};

/// One runbook and its lines.
pub(super) struct Sheet<'a> {
    pub book: &'a Runbook,
    pub source: Source<'a>,
    pub rows: Vec<Row<'a>>,
    /// The first is what stands before any heading.
    pub sections: Vec<Section<'a>>,
    /// Which sections are about the way back, by their headings.
    back: Vec<bool>,
}

/// One line.
pub(super) struct Row<'a> {
    /// 1-based.
    pub line: u32,
    /// Without its line end.
    pub text: &'a str,
    /// Offset of its first byte in the file.
    pub start: usize,
    pub kind: Kind,
    /// Index into `sections`.
    pub section: usize,
    /// The bold label it stands under, if any: the label's line.
    pub label: Option<u32>,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Heading,
    /// Inside a fence: index into the commands.
    Code(usize),
    /// The line of a fence's marker.
    Fence,
    Table,
    /// A list item's first line.
    Item,
    Prose,
    /// Front matter, comments, blank lines.
    Nothing,
}

/// A heading and what stands under it.
pub(super) struct Section<'a> {
    /// As written.
    pub title: &'a str,
    /// 0 for what stands before any heading.
    pub level: u8,
    /// Of its heading; 1 where there is none.
    pub line: u32,
    /// The last line of its own, before any further heading.
    pub last: u32,
    pub parent: Option<usize>,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(book: &'a Runbook, source: Source<'a>) -> Self {
        let mut sheet = Self { book, source, rows: Vec::new(), sections: vec![Section::first()], back: Vec::new() };
        sheet.read_sections();
        for section in &sheet.sections {
            // A parent stands before its children.
            let above = section.parent.and_then(|p| sheet.back.get(p)).copied().unwrap_or(false);
            sheet.back.push(above || speaks_of_rollback(section.title));
        }
        sheet.read_rows();
        sheet
    }

    fn read_sections(&mut self) {
        for heading in &self.book.headings {
            let level = heading.level;
            let mut parent = Some(self.sections.len() - 1);
            while let Some(p) = parent.and_then(|p| self.sections.get(p)) {
                if p.level < level {
                    break;
                }
                parent = p.parent;
            }
            if let Some(before) = self.sections.last_mut() {
                before.last = heading.line.saturating_sub(1);
            }
            self.sections.push(Section {
                title: heading.text.raw(),
                level,
                line: heading.line,
                last: u32::MAX,
                parent,
            });
        }
    }

    fn read_rows(&mut self) {
        let mut kinds = vec![None; self.book.lines.len() + 2];
        for (ix, command) in self.book.commands.iter().enumerate() {
            let fenced = self.is_fenced(command);
            for line in command.line_start..=command.line_end {
                let edge = fenced && (line == command.line_start || line == command.line_end && closes(self.raw(line)));
                if let Some(kind) = kinds.get_mut(line as usize) {
                    *kind = Some(if edge { Kind::Fence } else { Kind::Code(ix) });
                }
            }
        }
        for heading in &self.book.headings {
            if let Some(kind) = kinds.get_mut(heading.line as usize) {
                *kind = Some(Kind::Heading);
            }
        }
        for item in &self.book.items {
            if let Some(kind) = kinds.get_mut(item.line as usize)
                && kind.is_none()
            {
                *kind = Some(Kind::Item);
            }
        }
        let front = self.front_matter();
        let (mut start, mut section, mut label, mut comment) = (0, 0, None, false);
        for (n, raw) in self.source.text.split('\n').enumerate() {
            let line = n as u32 + 1;
            while self.sections.get(section + 1).is_some_and(|s| s.line <= line) {
                section += 1;
                label = None;
            }
            let known = kinds.get(line as usize).copied().flatten();
            let code = matches!(known, Some(Kind::Code(_) | Kind::Fence));
            let opened = !code && raw.contains("<!--") && raw.rfind("<!--") > raw.rfind("-->");
            let only_comment = comment || !code && raw.trim_start().starts_with("<!--");
            if !code && raw.contains("-->") {
                comment = false;
            }
            comment |= opened;
            let kind = match known {
                _ if line <= front => Kind::Nothing,
                Some(kind) => kind,
                None if only_comment || raw.trim().is_empty() => Kind::Nothing,
                None if raw.trim_start().starts_with('|') => Kind::Table,
                None => Kind::Prose,
            };
            if matches!(kind, Kind::Prose) && LABEL.is_in(raw) {
                label = Some(line);
            }
            self.rows.push(Row { line, text: raw, start, kind, section, label });
            start += raw.len() + 1;
        }
    }

    fn raw(&self, line: u32) -> &'a str {
        self.book.lines.get(line.saturating_sub(1) as usize).map_or("", |l| l.raw())
    }

    fn front_matter(&self) -> u32 {
        let close = match self.raw(1).trim_end() {
            "---" => "---",
            "+++" => "+++",
            _ => return 0,
        };
        // What the reader took for front matter holds no heading, item or paragraph of the book.
        let ends = (2..=self.book.lines.len() as u32).find(|l| self.raw(*l).trim_end() == close).unwrap_or(0);
        let within =
            self.book.headings.iter().map(|h| h.line).chain(self.book.items.iter().map(|i| i.line)).any(|l| l <= ends);
        if within { 0 } else { ends }
    }

    /// A line by its number.
    pub(super) fn row(&self, line: u32) -> Option<&Row<'a>> {
        self.rows.get(line.checked_sub(1)? as usize)
    }

    /// The rows of a section itself.
    pub(super) fn own(&self, section: usize) -> impl Iterator<Item = &Row<'a>> {
        let (first, last) = self.sections.get(section).map_or((1, 0), |s| (s.line, s.last));
        let last = (last as usize).min(self.rows.len());
        self.rows.get(first.saturating_sub(1) as usize..last).unwrap_or_default().iter()
    }

    /// Titles of a section and of those around it, innermost first.
    pub(super) fn titles(&self, section: usize) -> impl Iterator<Item = &'a str> {
        std::iter::successors(self.sections.get(section), |s| s.parent.and_then(|p| self.sections.get(p)))
            .map(|s| s.title)
    }

    /// The words of the label a row stands under.
    pub(super) fn label(&self, row: &Row<'a>) -> &'a str {
        row.label.and_then(|l| self.row(l)).map_or("", |r| r.text)
    }

    /// Whether a row speaks of the way back: by its headings or its label.
    pub(super) fn is_rollback(&self, row: &Row<'a>) -> bool {
        self.back.get(row.section).copied().unwrap_or(false) || speaks_of_rollback(self.label(row))
    }

    /// Whether a fence is marked, rather than code by indentation.
    fn is_fenced(&self, command: &Command) -> bool {
        let text = self.raw(command.line_start);
        text.contains("```") || text.contains("~~~")
    }

    /// The line of the first line of a fence's content.
    pub(super) fn content_line(&self, command: &Command) -> u32 {
        command.line_start + u32::from(self.is_fenced(command))
    }

    /// The row a threshold stands in.
    pub(super) fn section_of(&self, threshold: &Threshold) -> usize {
        self.row(threshold.line).map_or(0, |r| r.section)
    }

    /// Rows that tell or ask something: neither markers nor blank.
    pub(super) fn spoken(&self) -> impl Iterator<Item = &Row<'a>> {
        self.rows.iter().filter(|r| !matches!(r.kind, Kind::Nothing | Kind::Fence))
    }

    /// The fences that a shell runs, with their index.
    pub(super) fn scripts(&self) -> impl Iterator<Item = (usize, &'a Command)> {
        self.book.commands.iter().enumerate().filter(|(_, c)| {
            c.class != Class::Illustration && c.lang.as_ref().is_none_or(|l| SHELLS.contains(&l.raw()))
        })
    }
}

impl Section<'_> {
    fn first() -> Self {
        Self { title: "", level: 0, line: 1, last: u32::MAX, parent: None }
    }
}

impl Row<'_> {
    /// Where some words of the row are in the file; all of the row, without its indentation, where they are not in it.
    pub(super) fn span(&self, words: &str) -> Range<usize> {
        match self.text.find(words) {
            Some(at) if !words.is_empty() => self.start + at..self.start + at + words.len(),
            _ => {
                let indent = self.text.len() - self.text.trim_start().len();
                self.start + indent..self.start + self.text.trim_end().len().max(indent)
            }
        }
    }

    /// What it says, without marker, box and comment.
    pub(super) fn said(&self) -> &str {
        let text = self.text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '>' | '#'));
        let text = match text.strip_prefix(['-', '*', '+']) {
            Some(rest) if rest.starts_with([' ', '\t']) => rest,
            _ => match text.split_once(['.', ')']) {
                Some((number, rest))
                    if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) && rest.starts_with(' ') =>
                {
                    rest
                }
                _ => text,
            },
        };
        let text = text.trim_start();
        let text = ["[ ] ", "[x] ", "[X] "].iter().find_map(|b| text.strip_prefix(b)).unwrap_or(text);
        text.split("<!--").next().unwrap_or(text).trim()
    }

    pub(super) fn is_code(&self) -> bool {
        matches!(self.kind, Kind::Code(_))
    }
}

/// What a shell runs.
const SHELLS: &[&str] = &[
    "bash",
    "sh",
    "shell",
    "zsh",
    "ksh",
    "console",
    "terminal",
    "shell-session",
    "shellsession",
    "sh-session",
    "command",
];

pattern! {
    LABEL = r"^\s*(?:[-*+]\s+)?(?:\*\*|__)[^*_]{2,60}(?:\*\*|__)\s*:?|^\s*(?:[-*+]\s+)?(?:\*\*|__)[^*_]{2,60}:(?:\*\*|__)";
    ROLLBACK = r"\broll(?:ing|ed|s)?[ -]?back|\bback ?out\b|\bfail ?back\b|\bway back\b|\brevert|zurückroll|rücknahme|rückfall|retour arrière|\breversión|marcha atrás|откат|回滚|回滾|回退|ロールバック|切り戻し|롤백";
}

/// Whether words are about the way back.
pub(super) fn speaks_of_rollback(text: &str) -> bool {
    ROLLBACK.is_in(text)
}

fn closes(text: &str) -> bool {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '>').trim_end();
    text.len() >= 3 && (text.bytes().all(|b| b == b'`') || text.bytes().all(|b| b == b'~'))
}

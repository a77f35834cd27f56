//! Findings about runbook and plan together, and how they are printed.

use std::ops::Range;

use serde::Serialize;

pub mod codes;
mod explain;
mod render;

pub use codes::Code;
pub use explain::explain;
pub use render::{Paint, render};

use crate::text::escape;

/// Something wrong, with its place and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable: `WR001` …
    pub code: &'static str,
    /// How bad.
    pub level: Level,
    /// Which file, as given.
    pub file: String,
    /// 1-based.
    pub line: u32,
    /// 1-based, in characters.
    pub column: u32,
    /// The offending words.
    pub text: String,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
    /// Byte range in the file, for the caret.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The room cannot run like this.
    Error,
    /// It will probably hurt.
    Warning,
    /// Worth knowing.
    Info,
}

impl Level {
    /// As `check --format json` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// A file's name as given and its text: what a finding points into.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// As given.
    pub file: &'a str,
    /// All of it.
    pub text: &'a str,
}

/// Offending words longer than this many characters are cut.
const WORDS: usize = 80;

/// A finding about the bytes `span` of a file. A span outside the text, or inside a character, is moved to the nearest place in it.
/// Message and help are escaped here: they may quote what stands in the file.
pub fn finding_at(source: Source<'_>, code: Code, span: Range<usize>, message: &str, help: &str) -> Finding {
    let start = floor_char(source.text, span.start);
    let end = floor_char(source.text, span.end).max(start);
    let before = source.text.get(..start).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |n| n + 1);
    let mut words = source.text.get(start..end).unwrap_or_default().lines().next().unwrap_or_default();
    if words.is_empty() {
        // Something is missing here: its line is what can be shown.
        words = source.text.get(line_start..).unwrap_or_default().lines().next().unwrap_or_default().trim();
    }
    let text = match words.char_indices().nth(WORDS) {
        Some((cut, _)) => format!("{}…", words.get(..cut).unwrap_or_default()),
        None => words.to_owned(),
    };
    Finding {
        code: code.id,
        level: code.level,
        file: source.file.to_owned(),
        line: before.matches('\n').count() as u32 + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() as u32 + 1,
        text: escape(&text),
        message: escape(message),
        help: escape(help),
        span: start..end,
    }
}

/// A finding about a line (1-based) of a file, its indentation left out; line 0 and lines past the end mean the nearest one.
pub fn finding_on_line(source: Source<'_>, code: Code, line: u32, message: &str, help: &str) -> Finding {
    let mut start = 0;
    let mut words = "";
    for (n, text) in source.text.split_inclusive('\n').enumerate() {
        let indent = text.len() - text.trim_start().len();
        words = text.trim();
        if n as u32 + 1 >= line {
            start += indent;
            break;
        }
        start += text.len();
    }
    finding_at(source, code, start..start + words.len(), message, help)
}

/// A finding about the bytes `span` of line `line` (1-based), which begins at byte `line_start`: as [`finding_at`], without a walk
/// through the file.
pub fn finding_in_line(
    source: Source<'_>,
    code: Code,
    line: u32,
    line_start: usize,
    span: Range<usize>,
    message: &str,
    help: &str,
) -> Finding {
    let rest = source.text.get(line_start..).unwrap_or_default();
    let text = rest.split('\n').next().unwrap_or_default();
    let inside = span.start.saturating_sub(line_start)..span.end.saturating_sub(line_start);
    let finding = finding_at(Source { file: source.file, text }, code, inside, message, help);
    Finding { line, span: finding.span.start + line_start..finding.span.end + line_start, ..finding }
}

/// A finding about a file as a whole, such as one that cannot be read.
pub fn finding_on_file(file: &str, code: Code, message: &str, help: &str) -> Finding {
    finding_at(Source { file, text: "" }, code, 0..0, message, help)
}

/// The candidate nearest to `word`, if it is near enough to be meant: case apart, a third of its letters may differ, or it
/// may be the only one that begins like it.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = word.to_lowercase();
    let letters = folded.chars().count();
    // A hostile file may hold a megabyte in place of a name, and the distance is quadratic.
    if letters == 0 || letters > 200 {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    let mut begins: Vec<&str> = Vec::new();
    for candidate in candidates {
        let other = candidate.to_lowercase();
        if other.chars().count() > 400 {
            continue;
        }
        if letters >= 3 && (other.starts_with(&folded) || (other.len() >= 3 && folded.starts_with(&other))) {
            begins.push(candidate);
        }
        let distance = strsim::damerau_levenshtein(&folded, &other);
        let allowed = letters.max(other.chars().count()).div_ceil(3);
        if distance <= allowed && distance < letters && best.is_none_or(|(d, _)| distance < d) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, name)| name).or(match begins.as_slice() {
        [one] => Some(one),
        _ => None,
    })
}

/// What `check --format json` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// In file order, then by place.
    pub findings: Vec<Finding>,
    /// Those of level error.
    pub errors: usize,
    /// Those of level warning.
    pub warnings: usize,
}

impl Report {
    /// Counts and orders findings: by file in the order of first mention, then by place.
    pub fn new(mut findings: Vec<Finding>) -> Self {
        let mut files: Vec<String> = Vec::new();
        for finding in &findings {
            if !files.contains(&finding.file) {
                files.push(finding.file.clone());
            }
        }
        findings.sort_by_key(|f| {
            (files.iter().position(|name| *name == f.file), f.line, f.column, f.span.end, f.code, f.message.clone())
        });
        let count = |level| findings.iter().filter(|f| f.level == level).count();
        Self { errors: count(Level::Error), warnings: count(Level::Warning), findings }
    }

    /// Whether anything of level error is among them: the plan must not be used.
    pub fn failed(&self) -> bool {
        self.errors > 0
    }
}

fn floor_char(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

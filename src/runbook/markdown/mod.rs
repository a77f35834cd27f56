//! Text to blocks: what GitHub would render, flat and in document order, each with its lines.

use std::borrow::Cow;

use pulldown_cmark::{Options, Parser};

use super::source::Source;

mod html;
mod reader;

pub(super) use html::is_html_tag;
use reader::Reader;

/// The blocks of a document and its list items.
#[derive(Default)]
pub(super) struct Doc {
    pub blocks: Vec<Block>,
    pub items: Vec<ListItem>,
    pub lists: Vec<List>,
    /// Lines that belong to a comment, a link definition or front matter are neither here nor in a block.
    pub comments: Vec<(u32, u32)>,
}

/// A leaf block.
pub(super) struct Block {
    pub kind: Kind,
    /// First and last line, 1-based.
    pub first: u32,
    pub last: u32,
    /// The innermost list item around it.
    pub item: Option<usize>,
    /// What it says; empty for fences.
    pub rich: Vec<RichLine>,
    /// The same on one line, inline markup removed.
    pub plain: String,
    /// `<!-- step -->` or `<!-- not a step -->` in a paragraph outside of lists.
    pub wish: Option<bool>,
}

pub(super) enum Kind {
    Heading(u8),
    Paragraph,
    Fence {
        lang: Option<String>,
        text: String,
    },
    /// Code by indentation.
    Indented(String),
    /// Rows of cells; the first is the head.
    Table(Vec<Row>),
    Html,
    Rule,
}

pub(super) struct Row {
    pub line: u32,
    pub cells: Vec<String>,
}

/// One source line of a paragraph, heading or item.
#[derive(Default)]
pub(super) struct RichLine {
    pub line: u32,
    pub spans: Vec<Span>,
    /// Whether the line before it only ends because it was full: no break was asked for.
    pub wrapped: bool,
}

pub(super) struct Span {
    pub text: String,
    pub bold: bool,
    pub link: bool,
}

pub(super) struct List {
    pub ordered: bool,
    /// The first item's number.
    pub start: u64,
    /// The item that holds it.
    pub parent: Option<usize>,
    /// Number of blocks before it: the last of them may introduce it.
    pub at: usize,
    pub items: Vec<usize>,
}

pub(super) struct ListItem {
    pub line: u32,
    pub last: u32,
    pub list: usize,
    pub ordered: bool,
    pub parent: Option<usize>,
    pub depth: u32,
    /// The box's state.
    pub task: Option<bool>,
    /// `<!-- id: x -->`.
    pub id: Option<String>,
    /// `<!-- step -->` or `<!-- not a step -->`.
    pub wish: Option<bool>,
    /// Its first paragraph.
    pub text: Option<usize>,
}

impl Block {
    /// All it says, inline markup removed, on one line.
    pub(super) fn plain(&self) -> &str {
        &self.plain
    }

    /// What one of its lines says.
    pub(super) fn line<'b>(&'b self, line: &'b RichLine) -> Cow<'b, str> {
        if self.rich.len() == 1 { Cow::Borrowed(&self.plain) } else { Cow::Owned(line.plain()) }
    }
}

impl RichLine {
    /// What the line says, inline markup removed.
    pub(super) fn plain(&self) -> String {
        one_line(self.spans.iter().map(|s| s.text.as_str()))
    }
}

/// Joins parts with every run of blanks as one space.
pub(super) fn one_line<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let mut out = String::new();
    for c in parts.flat_map(str::chars) {
        if c.is_whitespace() && c != '\u{85}' {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            out.push(c);
        }
    }
    out.truncate(out.trim_end_matches(' ').len());
    out
}

/// Parses as GitHub does: tables, strikethrough, footnotes, alerts. Boxes are read by [`task_marker`], because the
/// specification allows them only at the start of an item's first paragraph.
pub(super) fn parse(source: &Source) -> Doc {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES | Options::ENABLE_GFM;
    let mut reader = Reader::new(source);
    for (event, range) in Parser::new_ext(&source.parsed, options).into_offset_iter() {
        reader.event(event, range.start, range.end);
    }
    reader.finish()
}

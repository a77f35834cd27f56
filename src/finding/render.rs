//! A finding as people read it: the line, a caret under the words, what is wrong and what to write instead.

use annotate_snippets::{AnnotationKind, Group, Level as Title, Renderer, Snippet};

use super::{Finding, Level};
use crate::text::{cells, is_unsafe};

/// Whether to colour what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// ANSI colours.
    Colour,
    /// Plain text.
    Plain,
}

/// A finding with the lines of `source` (the whole text of its file) it points at, in the look of rustc; ends with a line end.
pub fn render(finding: &Finding, source: &str, paint: Paint) -> String {
    let level = match finding.level {
        Level::Error => Title::ERROR,
        Level::Warning => Title::WARNING,
        Level::Info => Title::INFO,
    };
    let message = wrapped(&finding.message, WIDTH - "warning[WR000]: ".len());
    let help = wrapped(&finding.help, WIDTH - "     = help: ".len());
    let title = level.primary_title(message.as_str()).id(finding.code);
    let (shown, span) = visible(source, finding.span.clone());
    let mut groups: Vec<Group<'_>> = Vec::new();
    if source.is_empty() || (finding.text.is_empty() && finding.span.is_empty()) {
        // About the file as a whole.
        groups.push(Group::with_title(title).element(annotate_snippets::Origin::path(finding.file.as_str())));
    } else {
        let snippet = Snippet::source(shown).path(finding.file.as_str()).annotation(AnnotationKind::Primary.span(span));
        groups.push(title.element(snippet));
    }
    if !finding.help.is_empty()
        && let Some(last) = groups.pop()
    {
        groups.push(last.element(Title::HELP.message(help.as_str())));
    }
    let renderer = match paint {
        Paint::Colour => Renderer::styled(),
        Paint::Plain => Renderer::plain(),
    };
    let mut out = renderer.render(&groups);
    out.push('\n');
    out
}

/// Columns that messages keep to; source lines stand as they are.
const WIDTH: usize = 80;

/// Text in lines of at most `width` columns, broken at blanks.
pub(super) fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut used = 0;
    for word in text.split(' ') {
        let cells = cells(word);
        if used > 0 && used + 1 + cells > width {
            out.push('\n');
            used = 0;
        } else if !out.is_empty() {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += cells;
    }
    out
}

/// The source with everything that could move a cursor or hide replaced by one visible character, and the span moved along.
fn visible(source: &str, span: std::ops::Range<usize>) -> (String, std::ops::Range<usize>) {
    let hidden = |c: char| c != '\n' && c != '\t' && c != '\r' && is_unsafe(c);
    if !source.chars().any(hidden) {
        return (source.to_owned(), span);
    }
    let mut out = String::with_capacity(source.len());
    let (mut start, mut end) = (0, 0);
    for (at, c) in source.char_indices() {
        if at == span.start {
            start = out.len();
        }
        if at == span.end {
            end = out.len();
        }
        out.push(if hidden(c) { '\u{fffd}' } else { c });
    }
    if span.start >= source.len() {
        start = out.len();
    }
    if span.end >= source.len() {
        end = out.len();
    }
    (out, start..end.max(start))
}

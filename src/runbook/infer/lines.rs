//! The lines of a document as they are read for facts: what each says, under which heading, and where it stands.

use std::borrow::Cow;

use super::Seen;
use crate::runbook::class;
use crate::runbook::markdown::Kind;

/// Longer lines are no sentences.
pub(super) const MAX_LINE: usize = 2000;

/// One line of text.
pub(in crate::runbook) struct Said<'d> {
    /// 1-based.
    pub line: u32,
    pub text: Cow<'d, str>,
    /// The heading above it.
    pub heading: Option<usize>,
    /// The innermost list item around it.
    pub item: Option<usize>,
    /// Which block it is in.
    pub block: usize,
    pub place: Place,
}

/// Where a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runbook) enum Place {
    /// A heading itself.
    Heading,
    /// A paragraph or a list item.
    Prose,
    /// A fence that is shown, not run.
    Shown,
    /// A comment in a fence that a shell runs.
    Comment,
    /// Any other line of code.
    Code,
}

/// Headings, paragraphs and fences line by line, in document order; tables are read by whole rows elsewhere.
pub(in crate::runbook) fn lines<'d>(seen: &Seen<'d>) -> Vec<Said<'d>> {
    let mut out = Vec::new();
    for (ix, (block, heading)) in seen.blocks().enumerate() {
        let mut say = |line, text: Cow<'d, str>, place| {
            if text.len() <= MAX_LINE && !text.trim().is_empty() {
                out.push(Said { line, text, heading, item: block.item, block: ix, place });
            }
        };
        match &block.kind {
            Kind::Heading(_) => say(block.first, Cow::Borrowed(block.plain()), Place::Heading),
            Kind::Paragraph => {
                for line in &block.rich {
                    say(line.line, block.line(line), Place::Prose);
                }
            }
            Kind::Fence { lang, text } => {
                let lang = lang.as_deref();
                let shell = class::is_shell(lang) || lang.is_none() && class::looks_like_shell(text);
                let shown = !shell && lang.is_none_or(|l| matches!(l, "text" | "txt" | "plain" | "plaintext"));
                for (line, number) in text.lines().zip(block.first + 1..) {
                    let trimmed = line.trim();
                    if shown {
                        say(number, Cow::Borrowed(trimmed), Place::Shown);
                    } else if let Some(comment) = trimmed.strip_prefix('#').filter(|c| !c.starts_with('!')) {
                        say(number, Cow::Borrowed(comment.trim_start_matches('#').trim()), Place::Comment);
                    } else {
                        say(number, Cow::Borrowed(trimmed), Place::Code);
                    }
                }
            }
            _ => {}
        }
    }
    out
}

/// Without a bullet or a number at its start, as it stands in shown fences.
pub(super) fn bare(text: &str) -> &str {
    let text = text.trim_start_matches(['-', '*', '•', '+', ' ']);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let numbered =
        text.get(digits..).filter(|_| digits > 0).and_then(|r| r.strip_prefix(". ").or(r.strip_prefix(") ")));
    numbered.unwrap_or(text)
}

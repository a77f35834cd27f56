//! What a paragraph says, with its hard-wrapped lines joined: a limit may begin on one line and end on the next.

use std::borrow::Cow;

use crate::runbook::labels;
use crate::runbook::markdown::{Block, RichLine};
use crate::runbook::tokens::eastern;

/// A text and the lines that its parts stand on.
pub(super) struct Sentence<'b> {
    pub text: Cow<'b, str>,
    /// Of its beginning, 1-based.
    pub line: u32,
    /// Where each further line begins, as an offset in the text, with its number.
    pub breaks: Vec<(usize, u32)>,
}

/// Shorter lines end because their author wanted them to.
const FULL: usize = 45;

/// A joined text is no longer than this, as no line that is read is.
const LONGEST: usize = 1500;

/// The texts of a paragraph.
pub(super) fn sentences(block: &Block) -> Vec<Sentence<'_>> {
    let mut out: Vec<Sentence<'_>> = Vec::new();
    for line in &block.rich {
        let text = block.line(line);
        if let Some(last) = out.last_mut()
            && last.text.len() + text.len() < LONGEST
            && goes_on(last, &text, line)
        {
            let joined = last.text.to_mut();
            // Chinese and Japanese have no blanks to lose.
            if !(joined.chars().next_back().is_some_and(eastern) && text.chars().next().is_some_and(eastern)) {
                joined.push(' ');
            }
            last.breaks.push((joined.len(), line.line));
            joined.push_str(&text);
            continue;
        }
        out.push(Sentence { text, line: line.line, breaks: Vec::new() });
    }
    out
}

/// Whether a line goes on where the one before it was full.
fn goes_on(last: &Sentence<'_>, text: &str, line: &RichLine) -> bool {
    let tail = last.text.get(last.breaks.last().map_or(0, |b| b.0)..).unwrap_or_default();
    let width: usize = tail.chars().map(|c| 1 + usize::from(eastern(c))).sum();
    let ended = tail.trim_end().ends_with(['.', '!', '?', ':', ';', '。', '！', '？', '：', '；', '|']);
    let begins = text.chars().next().is_some_and(|c| c.is_alphanumeric() || "<>≤≥=(~%±„«\"".contains(c));
    let bold = line.spans.iter().find(|s| !s.text.trim().is_empty()).is_some_and(|s| s.bold);
    line.wrapped && width >= FULL && !ended && begins && !bold && labels::plain_label(text).is_none()
}

//! Linked parts of a runbook that could not be read.

use super::MissingPart;
use super::sheet::Sheet;
use super::sink::Sink;
use crate::finding::codes::MISSING_PART;

pub(super) fn check<'m>(sheet: &Sheet<'_>, missing: impl Iterator<Item = &'m MissingPart>, out: &mut Sink) {
    for part in missing {
        out.words(
            sheet,
            MISSING_PART,
            part.line,
            &part.target,
            &format!("the linked part {} cannot be read: {}", part.target, part.why),
            "link a Markdown file in the runbook's folder or below it, or take the link away",
        );
    }
}

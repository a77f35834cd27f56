//! The flight-check: what runbook and plan say together that will hurt at T-0, found before it.

use crate::finding::{Finding, Source};
use crate::plan::Plan;
use crate::runbook::Runbook;

mod accept;
mod commands;
mod pattern;
mod sheet;
mod shell;
mod sink;

pub use accept::{Accepted, Judged, judge};

use sheet::Sheet;
use sink::Sink;

/// What is checked.
pub struct Input<'a> {
    /// Each runbook with its name as findings show it and its text as repaired for reading.
    pub runbooks: &'a [(&'a Runbook, Source<'a>)],
    /// Links of runbooks to parts that could not be read.
    pub missing: &'a [MissingPart],
    /// The plan with its file; none for a runbook alone.
    pub plan: Option<(&'a Plan, Source<'a>)>,
}

/// A relative link to Markdown that should be part of a runbook and could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingPart {
    /// Index of the runbook that holds the link.
    pub book: usize,
    /// Its line, 1-based.
    pub line: u32,
    /// As linked.
    pub target: String,
    /// Why it was not read, as a fragment: `no such file`.
    pub why: String,
}

/// The text of a runbook as repaired for reading: what findings about it point into.
pub fn text_of(book: &Runbook) -> String {
    let mut out = String::new();
    for line in book.lines.iter() {
        out.push_str(line.raw());
        out.push('\n');
    }
    out
}

/// Everything the flight-check finds in the runbooks and, if there is one, the plan. Pure; in the order of the runbooks, then by
/// place, and the plan's last. What a comment accepts is still among them: see [`judge`].
pub fn flight_check(input: &Input<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    let sheets: Vec<Sheet<'_>> = input.runbooks.iter().map(|(book, source)| Sheet::new(book, *source)).collect();
    for sheet in &sheets {
        let mut sink = Sink::default();
        commands::check(sheet, &mut sink);
        commands::in_prose(sheet, &mut sink);
        out.append(&mut sink.finish());
    }
    out
}

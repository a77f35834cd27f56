//! The flight-check: what runbook and plan say together that will hurt at T-0, found before it.

use crate::finding::{Finding, Source, codes, finding_on_file};
use crate::plan::Plan;
use crate::runbook::Runbook;

mod accept;
mod authority;
mod bands;
mod budget;
mod canary;
mod commands;
mod conflict;
mod gates;
mod measure;
mod open;
mod parts;
mod pattern;
mod planned;
mod repeated;
mod rollback;
mod running;
mod schedule;
mod sheet;
mod shell;
mod sink;
mod unanswered;
mod unit;
mod watch;

pub use commands::wants_a_person;

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
    let sheets: Vec<Sheet<'_>> = input.runbooks.iter().map(|(book, source)| Sheet::new(book, *source)).collect();
    let mut sinks: Vec<Sink> = Vec::new();
    for (ix, sheet) in sheets.iter().enumerate() {
        let mut out = Sink::default();
        commands::check(sheet, &mut out);
        commands::in_prose(sheet, &mut out);
        canary::check(sheet, &mut out);
        conflict::check(sheet, &mut out);
        bands::check(sheet, &mut out);
        watch::check(sheet, &mut out);
        schedule::check(sheet, &mut out);
        unit::check(sheet, &mut out);
        rollback::check(sheet, &mut out);
        repeated::check(sheet, &mut out);
        budget::check(sheet, &mut out);
        open::check(sheet, &mut out);
        gates::check(sheet, &mut out);
        parts::check(sheet, input.missing.iter().filter(|m| m.book == ix), &mut out);
        if let Some((plan, _)) = input.plan {
            unanswered::check(plan, sheet, &mut out);
            running::check(plan, sheet, &mut out);
        }
        sinks.push(out);
    }
    authority::check(&sheets, input.plan.map(|(plan, source)| (plan, source.file)), &mut sinks);
    let mut out: Vec<Finding> = sinks.into_iter().flat_map(Sink::finish).collect();
    match input.plan {
        Some((plan, source)) => out.extend(planned::check(plan, source, &sheets)),
        // With a plan its loader says so.
        None => out.extend(sheets.iter().filter(|s| s.book.repaired.is_some()).map(|s| repaired(s.source.file))),
    }
    out
}

fn repaired(file: &str) -> Finding {
    finding_on_file(
        file,
        codes::REPAIRED,
        "the text was damaged: UTF-8 that was read as Mac Roman and saved again; it is repaired for reading",
        "save the file once more, from its source, as UTF-8",
    )
}

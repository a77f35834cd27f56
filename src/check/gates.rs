//! Decisions without criteria.

use super::pattern::pattern;
use super::sheet::{Kind, Sheet};
use super::sink::Sink;
use crate::finding::codes::NO_CRITERIA;

pattern! {
    CRITERIA = r"\b(?:criteria|conditions|requirements|must hold|thresholds|gates? pass|kriterien|critères|criterios)\b";
}

pub(super) fn check(sheet: &Sheet<'_>, out: &mut Sink) {
    for gate in &sheet.book.gates {
        let Some(row) = sheet.row(gate.line) else { continue };
        // A box is ticked by somebody who has looked; what he looked at stands elsewhere.
        if !gate.criteria.is_empty() || row.kind == Kind::Item || row.kind == Kind::Table {
            continue;
        }
        let section = sheet.sections.get(row.section);
        // Whatever is said after the decision in its section, or before it as criteria, may be what it goes by.
        let says_more = sheet.own(row.section).any(|r| {
            let after = r.line > gate.line && matches!(r.kind, Kind::Item | Kind::Table | Kind::Prose | Kind::Code(_));
            after || r.line != gate.line && CRITERIA.is_in(r.text)
        });
        let nested = section.is_some_and(|s| {
            sheet.sections.iter().any(|o| o.line > s.line && o.parent.is_some_and(|p| p == row.section))
        });
        let above = around(sheet, row.section).any(|s| {
            sheet.own(s).any(|r| CRITERIA.is_in(r.text) && r.line != gate.line)
                || sheet.sections.get(s).is_some_and(|s| CRITERIA.is_in(s.title))
        });
        // What the line itself says after its colon, other than a time.
        let own = row.text.rsplit_once(':').map_or("", |(_, rest)| rest).trim_matches(['*', ' ']);
        let in_line = own.split_whitespace().count() > 4;
        if says_more || in_line || above || row.kind == Kind::Heading && nested {
            continue;
        }
        out.line(
            sheet,
            NO_CRITERIA,
            gate.line,
            &format!("this decision has no criteria: \"{}\"", gate.title.raw()),
            "say below it what must hold, as in \"- Error rate < 1%\"",
        );
    }
}

/// The sections around one, outermost last.
fn around<'s>(sheet: &'s Sheet<'_>, section: usize) -> impl Iterator<Item = usize> + 's {
    let up = |s: usize| sheet.sections.get(s).and_then(|s| s.parent);
    std::iter::successors(up(section), move |s| up(*s))
}

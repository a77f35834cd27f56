//! Runbooks in many styles and languages, each with what a person counted in it: boxes, ordered items, fences, steps, limits, phases.
//!
//! A line of a `.truth` file is `box LINE open|ticked`, `ordered LINE`, `fence FIRST LAST`, `step LINE`,
//! `limit LINE OP VALUE UNIT SECONDS`, `phase LINE MOMENT SECONDS`, with `-` for none, or `odd LINE` for one nobody can place.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use warroom::runbook::{At, Runbook, read};

/// What the program reads, in the form of a `.truth` file. A count and a bare number are the same limit.
fn found(book: &Runbook) -> Vec<String> {
    let mut out = Vec::new();
    for item in &book.items {
        if let Some(ticked) = item.checked {
            out.push(format!("box {} {}", item.line, if ticked { "ticked" } else { "open" }));
        }
        if item.ordered {
            out.push(format!("ordered {}", item.line));
        }
    }
    out.extend(book.commands.iter().map(|c| format!("fence {} {}", c.line_start, c.line_end)));
    out.extend(book.steps.iter().map(|s| format!("step {}", s.line)));
    for t in &book.thresholds {
        let unit = t.unit.as_deref().filter(|u| *u != "count").unwrap_or("-");
        let lasting = t.for_s.map_or("-".to_owned(), |s| s.to_string());
        out.push(format!("limit {} {} {} {unit} {lasting}", t.line, t.op, t.value));
    }
    out.extend(book.not_understood.iter().map(|l| format!("odd {}", l.line)));
    for phase in &book.phases {
        let at = match &phase.at {
            Some(At::T { t }) => format!("T{t:+}"),
            Some(At::Clock { clock, .. }) => clock.clone(),
            None => continue,
        };
        out.push(format!("phase {} {at} {}", phase.line, phase.estimate.map_or("-".to_owned(), |s| s.to_string())));
    }
    out
}

#[test]
fn every_runbook_is_read_as_a_person_reads_it() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/understood");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "md"));
    files.sort();
    assert!(files.len() >= 20, "{} runbooks", files.len());
    let mut wrong = String::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let book = read("x.md", text.as_bytes()).unwrap();
        let truth = fs::read_to_string(file.with_extension("truth")).unwrap();
        let mut missed: Vec<String> = truth.lines().map(|l| l.replace(" count ", " - ")).collect();
        let mut extra = Vec::new();
        for said in found(&book) {
            match missed.iter().position(|m| *m == said) {
                Some(at) => drop(missed.remove(at)),
                None => extra.push(said),
            }
        }
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        for (what, lists) in [("not found", missed), ("not there", extra)] {
            for entry in lists {
                let line: usize = entry.split(' ').nth(1).unwrap().parse().unwrap();
                let _ = writeln!(wrong, "{name}:{line}: {what}: {entry}   in   {}", lines.get(line - 1).unwrap_or(&""));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

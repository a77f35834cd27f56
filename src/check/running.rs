//! What will not run or not stop by itself when its step comes: fences that nothing reads, sentences about aborting that nothing judges.

use std::collections::HashSet;

use super::sheet::Sheet;
use super::sink::Sink;
use crate::finding::codes::{NO_READER, UNJUDGED};
use crate::plan::{Plan, abort, interpreter};
use crate::runbook::{Class, Note};

/// Each language once, where it stands first; each sentence once.
pub(super) fn check(plan: &Plan, sheet: &Sheet<'_>, out: &mut Sink) {
    let mut told: HashSet<&str> = HashSet::new();
    // What no step runs is for reading.
    let mut run: Vec<u32> = sheet.book.steps.iter().flat_map(|s| s.commands.iter().copied()).collect();
    run.sort_unstable();
    run.dedup();
    for command in run.into_iter().filter_map(|ix| sheet.book.commands.get(ix as usize)) {
        let lang = command.lang.as_ref().map(crate::text::Untrusted::raw);
        if command.class == Class::Illustration && !interpreter::is_program(&plan.room.run, lang) {
            continue;
        }
        let Err(why) = interpreter::reads(&plan.room.run, lang, command.text.raw()) else { continue };
        if told.insert(lang.unwrap_or_default()) {
            let (message, help) = why.split_once(": ").unwrap_or((&why, ""));
            out.words(sheet, NO_READER, command.line_start, lang.unwrap_or_default(), message, help);
        }
    }
    let mut lines: HashSet<u32> = HashSet::new();
    let steps = sheet.book.steps.iter().filter(|s| !s.commands.is_empty()).flat_map(|s| &s.notes);
    let phases = sheet.book.phases.iter().filter(|p| !p.commands.is_empty()).flat_map(|p| &p.notes);
    let notes: Vec<&Note> = steps.chain(phases).filter(|n| n.kind == abort::NOTE).collect();
    for note in notes {
        let asked = abort::read(plan, sheet.book, note);
        if asked.unread.is_empty() || !lines.insert(note.line) {
            continue;
        }
        let help =
            "write it into the plan: [[abort]] with `name`, `at` (the step) and `when` (a condition over its metrics)";
        if asked.on.is_empty() {
            let message = "nothing here judges this, so it does not stop the step's command";
            out.words(sheet, UNJUDGED, note.line, note.text.raw(), message, help);
            continue;
        }
        for part in &asked.unread {
            let message = "nothing here judges this part, so only the rest of the sentence stops the step's command";
            out.words(sheet, UNJUDGED, note.line, part, message, help);
        }
    }
}

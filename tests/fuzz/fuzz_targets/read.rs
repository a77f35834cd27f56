//! Any bytes make a runbook: no panic, every line in range, every reference to something that exists, no raw control out.

#![no_main]
#![allow(dead_code, reason = "the modules are read whole, only the reader is called")]

// The files beside this one are links into `src`, so that a module finds the files of its own folder.
mod clock;
mod fact;
mod notice;
mod runbook;
mod text;

use std::collections::HashSet;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(book) = runbook::read("fuzz.md", bytes) else { return };
    let lines = book.lines.len() as u32;
    let there = |line: u32| assert!((1..=lines).contains(&line), "line {line} of {lines}");
    let ids: HashSet<_> = book.steps.iter().map(|s| s.id.clone()).collect();
    assert_eq!(ids.len(), book.steps.len(), "identities are unique");
    for item in &book.items {
        there(item.line);
        assert!(item.step.as_ref().is_none_or(|s| ids.contains(s)));
        assert!(!item.task || item.step.is_some(), "a box is a step");
    }
    for step in &book.steps {
        there(step.line);
        assert!(step.line_end >= step.line);
        assert!(step.parent.as_ref().is_none_or(|p| ids.contains(p)));
        assert!(step.commands.iter().all(|c| (*c as usize) < book.commands.len()));
    }
    for command in &book.commands {
        there(command.line_start);
        there(command.line_end);
        assert!(command.line_start <= command.line_end);
    }
    for threshold in &book.thresholds {
        there(threshold.line);
        assert!(threshold.value.is_number() || threshold.value.as_array().is_some_and(|a| a.len() == 2));
    }
    book.windows.iter().for_each(|w| there(w.line));
    book.ladders.iter().flat_map(|l| &l.stages).for_each(|s| there(s.line));
    book.contacts.iter().for_each(|c| there(c.line));
    book.environments.iter().for_each(|e| there(e.line));
    book.flags.iter().for_each(|f| there(f.line));
    book.gates.iter().for_each(|g| there(g.line));
    book.services.iter().for_each(|s| there(s.line));
    book.roles.iter().for_each(|r| there(r.line));
    book.not_understood.iter().for_each(|l| there(l.line));
    let shown = serde_json::to_string(&book).unwrap();
    assert!(!shown.chars().any(text::is_unsafe), "a control character comes out raw");
});

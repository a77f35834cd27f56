//! Steps that nobody wrote down as such: the commands under a heading that has no step of its own.

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

use crate::fact::StepId;
use crate::runbook::{Class, Command, Phase, Runbook, Step, StepKind};
use crate::text::Untrusted;

/// Gives each heading that holds commands but no step one step, to run them; else the deed itself could be neither ticked nor be
/// next. Text that only looks like a command makes none.
pub fn as_steps(book: &mut Runbook) {
    let with_steps: HashSet<u32> = book.steps.iter().filter_map(|s| s.phase_ix).collect();
    let mut seen: HashMap<&str, u64> = HashMap::new();
    let mut made = Vec::new();
    for (ix, phase) in (0_u32..).zip(&book.phases) {
        if with_steps.contains(&ix) {
            continue;
        }
        let commands: Vec<&Command> = phase.commands.iter().filter_map(|c| book.commands.get(*c as usize)).collect();
        if commands.iter().all(|c| c.class == Class::Illustration) {
            continue;
        }
        let which = seen.entry(phase.title.raw()).or_default();
        let id = identity(&book.path, phase, *which);
        *which += 1;
        made.push(step(id, ix, phase, &commands));
    }
    if !made.is_empty() {
        book.steps.append(&mut made);
        book.steps.sort_by_key(|s| s.line);
    }
}

/// Of file, heading, and which of equal headings: the commands may be corrected on the way.
fn identity(path: &str, phase: &Phase, which: u64) -> StepId {
    let mut sha = Sha256::new();
    for part in ["commands", path, phase.title.raw()] {
        sha.update((part.len() as u64).to_le_bytes());
        sha.update(part.as_bytes());
    }
    sha.update(which.to_le_bytes());
    let id = sha.finalize().iter().take(8).fold(0_u64, |id, b| id << 8 | u64::from(*b));
    StepId::from(format!("{id:016x}").as_str())
}

fn step(id: StepId, ix: u32, phase: &Phase, commands: &[&Command]) -> Step {
    let line = commands.first().map_or(phase.line, |c| c.line_start);
    let end = commands.last().map_or(line, |c| c.line_end);
    let lines = commands.iter().flat_map(|c| c.text.raw().lines()).map(str::trim);
    let first = lines.clone().find(|l| !l.is_empty() && !l.starts_with('#')).unwrap_or_default();
    let text = match commands.len() {
        1 => format!("Run {first}"),
        n => format!("Run {n} commands: {first}"),
    };
    Step {
        id,
        line,
        line_end: end,
        block_end: end,
        kind: StepKind::Substep,
        checked: None,
        depth: 0,
        parent: None,
        heading_path: vec![phase.title.clone()],
        phase: Some(phase.title.clone()),
        phase_ix: Some(ix),
        text: Untrusted::new(text),
        at: phase.at.clone(),
        estimate: phase.estimate,
        role: None,
        commands: phase.commands.clone(),
        notes: phase.notes.clone(),
    }
}

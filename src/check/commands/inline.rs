//! Commands in inline code that are the whole of a step: ``1. Run `kubectl rollout restart deploy/api` ``.

use super::{Block, curl, failing, waits};
use crate::check::pattern::pattern;
use crate::check::sheet::Sheet;
use crate::check::shell::parse;
use crate::check::sink::Sink;
use crate::runbook::{Class, Command, Step};
use crate::text::Untrusted;

pattern! {
    /// A verb that says to run it, or nothing, before one piece of code, and nothing behind it.
    WHOLE = r"^(?:[*_]{0,2}(?:run|execute|start|then run|now run|führe|starte|exécuter|exécutez|lancer|lancez|ejecutar|ejecute|correr)(?: the command| this)?:?[*_]{0,2}:?\s+)?`([^`]+)`(?: aus)?[.:;!]?$";
}

/// The rules that hold for a line that somebody copies: whether it can fail, whether it hangs.
pub(super) fn check(sheet: &Sheet<'_>, out: &mut Sink) {
    let commands: Vec<Command> = sheet.book.steps.iter().filter_map(|step| whole(sheet, step)).collect();
    for command in &commands {
        let block = Block { sheet, command, script: parse(command.text.raw()), first: command.line_start };
        failing::check(&block, out);
        curl::check(&block, out);
        waits::check(&block, out);
    }
}

/// The command that is all there is of a step, with the line it stands on.
fn whole(sheet: &Sheet<'_>, step: &Step) -> Option<Command> {
    let fenced = |line: u32| sheet.book.commands.iter().any(|c| (c.line_start..=c.line_end).contains(&line));
    let rows = (step.line..=step.line_end.max(step.line)).filter_map(|n| sheet.row(n));
    let said = rows.map(|row| row.said().trim()).collect::<Vec<_>>().join(" ");
    let code = WHOLE.captures(said.trim())?.get(1)?.as_str().trim();
    // One word is a name; a command that is worth a look says something to a program.
    let (program, rest) = code.split_once(' ')?;
    let plain =
        program.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.' | '/'));
    if !plain || rest.trim().is_empty() || fenced(step.line) {
        return None;
    }
    let lines = step.line..=step.line_end.max(step.line);
    let line = lines.into_iter().find(|n| sheet.row(*n).is_some_and(|row| row.text.contains(code)))?;
    Some(Command {
        line_start: line,
        line_end: line,
        lang: None,
        interactive: false,
        text: Untrusted::new(code),
        class: Class::Mutate,
        placeholders: Vec::new(),
        reason: Untrusted::default(),
    })
}

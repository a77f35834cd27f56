//! What fences will do when they run: each rule looks at the commands of one fence.

use super::sheet::Sheet;
use super::shell::{Script, Simple, Word, parse};
use super::sink::Sink;
use crate::finding::Code;
use crate::runbook::Command;

mod counter;
mod curl;
mod failing;
mod helpers;
mod inline;
mod opposite;
mod waits;

pub(super) use counter::{in_prose, is_bare_counter};

/// One fence, read as a shell reads it.
pub(super) struct Block<'s, 'a> {
    pub sheet: &'s Sheet<'a>,
    pub command: &'a Command,
    pub script: Script,
    /// The line of its first line of content.
    first: u32,
}

impl Block<'_, '_> {
    /// The line in the file of a line of the script.
    fn line(&self, line: u32) -> u32 {
        self.first + line
    }

    /// Reports about a part of the script: `from` of the line `line` (from 0) to `to`, cut at the line's end.
    fn report(&self, out: &mut Sink, code: Code, line: u32, span: std::ops::Range<usize>, message: &str, help: &str) {
        let words = self.command.text.raw().get(span).unwrap_or_default().lines().next().unwrap_or_default().trim_end();
        out.words(self.sheet, code, self.line(line), words.trim_end_matches('\\').trim_end(), message, help);
    }

    fn about(&self, out: &mut Sink, code: Code, simple: &Simple, message: &str, help: &str) {
        self.report(out, code, simple.line, simple.span.clone(), message, help);
    }

    fn about_word(&self, out: &mut Sink, code: Code, word: &Word, message: &str, help: &str) {
        let line = self.command.text.raw().get(..word.span.start).unwrap_or_default().matches('\n').count() as u32;
        self.report(out, code, line, word.span.clone(), message, help);
    }

    /// The commands of one pipeline, in order.
    fn pipeline(&self, pipeline: usize) -> impl Iterator<Item = &Simple> {
        self.script.commands.iter().filter(move |s| s.pipeline == pipeline)
    }

    /// `lines 3, 5 and 9` of the file.
    fn lines(&self, lines: &[u32]) -> String {
        listed(&lines.iter().map(|l| self.line(*l)).collect::<Vec<_>>())
    }
}

/// `line 3`, `lines 3 and 5`, `lines 3, 5 and 9`; at most six.
pub(super) fn listed(lines: &[u32]) -> String {
    let mut lines = lines.to_vec();
    lines.dedup();
    let shown: Vec<String> = lines.iter().take(6).map(u32::to_string).collect();
    match shown.split_last() {
        None => String::new(),
        Some((only, [])) => format!("line {only}"),
        Some(_) if lines.len() > 6 => format!("lines {} and {} more", shown.join(", "), lines.len() - 6),
        Some((last, rest)) => format!("lines {} and {last}", rest.join(", ")),
    }
}

/// Whether a script of the shell is for a person before a terminal, an editor or a session, and what to write so that it is
/// not. What only asks a question fails without one, as it should.
pub fn wants_a_person(script: &str) -> Option<(&'static str, &'static str)> {
    let opens = |(what, _): &(&str, &str)| what.starts_with("this opens") || what.contains("wants a terminal");
    parse(script).commands.iter().filter_map(waits::waits_alone).find(opens)
}

/// Every rule about commands, over every fence.
pub(super) fn check(sheet: &Sheet<'_>, out: &mut Sink) {
    let blocks: Vec<Block<'_, '_>> = sheet
        .scripts()
        .map(|(_, command)| Block {
            sheet,
            command,
            script: parse(command.text.raw()),
            first: sheet.content_line(command),
        })
        .collect();
    let defined: Vec<&str> = blocks.iter().flat_map(|b| b.script.defined.iter().map(String::as_str)).collect();
    for block in &blocks {
        failing::check(block, out);
        curl::check(block, out);
        waits::check(block, out);
        counter::check(block, out);
        helpers::check(block, &defined, out);
        opposite::check(block, out);
    }
    inline::check(sheet, out);
}

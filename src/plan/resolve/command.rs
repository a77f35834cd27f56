//! Commands as lists of words: never through a shell, never with a secret where every process can read it.

use super::super::raw::{RawCommand, RawFilled, Text, Words};
use super::Resolver;
use crate::finding::codes;
use crate::probe::CommandLine;
use crate::secret::Filled;

/// Words that mean something to a shell alone.
const SHELL: [&str; 11] = ["|", "||", "&&", "&", ";", ">", ">>", "<", "<<", "2>&1", "2>/dev/null"];

impl Resolver<'_> {
    pub(super) fn command(&mut self, raw: &RawCommand) -> Option<CommandLine> {
        let words: Vec<Text> = match &raw.words {
            Words::List(words) => words.iter().map(|w| Text::new(w.span(), w.get_ref().clone())).collect(),
            Words::Line(line) => self.split(line)?.into_iter().map(|word| Text::new(line.span(), word)).collect(),
        };
        if words.first().is_none_or(|program| program.get_ref().is_empty()) {
            self.r.report(
                codes::COMMAND,
                raw.span.clone(),
                "the command is empty",
                "write the program and its arguments",
            );
            return None;
        }
        let mut argv: Vec<Filled> = Vec::new();
        let mut whole = true;
        for word in words {
            let filled = self.filled(&RawFilled::typed(&word));
            match filled {
                Some(filled) if filled.expose() != filled.shown() => {
                    whole = false;
                    self.r.report(
                        codes::PLACEHOLDER,
                        self.r.within(word.span(), word.get_ref()),
                        "a secret in a command can be read by every process of the machine",
                        "name the variable in [room] env: the command finds it in its environment; or declare it with secret = false",
                    );
                }
                Some(filled) => argv.push(filled),
                None => whole = false,
            }
        }
        whole.then(|| CommandLine { argv, env: self.children.clone() })
    }

    /// A command that is kept as one text.
    pub(super) fn command_text(&mut self, text: &Text) {
        if self.split(text).is_some_and(|words| words.is_empty()) {
            self.r.report(codes::COMMAND, text.span(), "the command is empty", "write the program and its arguments");
        }
    }

    /// A line's words by the rules of quotes of a shell, before anything is filled in: a value never becomes two words.
    fn split(&mut self, line: &Text) -> Option<Vec<String>> {
        let Ok(words) = shell_words::split(line.get_ref()) else {
            self.r.report(
                codes::COMMAND,
                line.span(),
                "a quote in this command is not closed",
                "close it, or write a list of words",
            );
            return None;
        };
        if let Some(word) = words.iter().find(|w| SHELL.contains(&w.as_str())) {
            self.r.report(
                codes::SHELL,
                self.r.within(line.span(), &format!(" {word}")),
                format!("`{word}` is handed to the program as it stands: no shell reads this command"),
                "write command = [\"sh\", \"-c\", \"…\"] if a shell is meant",
            );
        }
        Some(words)
    }
}

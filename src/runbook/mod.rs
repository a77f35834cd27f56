//! What people wrote: a Markdown file understood as phases, steps, commands, notes and numbers, with source lines.

use sha2::{Digest, Sha256};

use crate::text::Untrusted;

mod book;
mod class;
mod fences;
mod found;
mod infer;
mod labels;
mod markdown;
mod params;
mod parts;
mod repair;
mod source;
mod steps;
mod times;
mod tokens;

pub use book::{At, Class, Command, Heading, Item, Line, Note, PartOf, Phase, Repair, Runbook, Step, StepKind};
pub use found::{
    Change, Check, Contact, Environment, Flag, Gate, Ladder, Placeholder, Role, Service, Stage, Standing, Threshold,
    Way, WayKind, Window,
};
pub use parts::Part;

/// What a line ends with that an export of the executed runbook added: an HTML comment, which no page shows. Such lines are
/// not part of the plan and are read over.
pub const ADDED: &str = "<!-- warroom -->";

/// Files over this many bytes are refused.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Files with more list items than this are refused: nobody drives them, and they would cost hundreds of MiB.
pub const MAX_ITEMS: usize = 100_000;

/// Files with more lines than this are refused, for the same reason.
pub const MAX_LINES: u32 = 200_000;

/// The limits that a few words state by themselves, read as those of a runbook are.
pub fn limits_in(words: &str) -> Vec<Threshold> {
    infer::thresholds::of_words(words)
}

/// Reads one Markdown file. Never fails on what it says: what is not understood stands in [`Runbook::not_understood`].
///
/// `path` is the file's name as the plan gives it; it takes part in the identity of steps.
pub fn read(path: &str, bytes: &[u8]) -> Result<Runbook, RunbookError> {
    if bytes.len() > MAX_BYTES {
        return Err(RunbookError::TooLarge { path: path.to_owned(), size: bytes.len() });
    }
    let source = source::Source::new(bytes);
    if source.lines() > MAX_LINES {
        return Err(RunbookError::TooLong { path: path.to_owned(), lines: source.lines() });
    }
    let mut doc = markdown::parse(&source);
    labels::bold_headings(&mut doc);
    if doc.items.len() > MAX_ITEMS {
        return Err(RunbookError::TooMany { path: path.to_owned(), items: doc.items.len() });
    }
    let mut book = steps::understand(path, &source, &doc);
    path.clone_into(&mut book.path);
    book.sha256 = hex(&Sha256::digest(bytes));
    book.repaired = source.repaired;
    let links = parts::links(&source);
    (book.parts, book.references) = (links.parts, links.references);
    book.lines = source.shown.lines().map(Untrusted::from).collect();
    for command in &mut book.commands {
        // The words behind the language in the fence's own line.
        let opens = book.lines.get(command.line_start.saturating_sub(1) as usize).map_or("", Untrusted::raw);
        let mut words = opens.trim_start_matches([' ', '\t', '>', '`', '~']).split([' ', ',', '{', '}', '\t']);
        command.interactive = words.any(|word| word.eq_ignore_ascii_case("interactive"));
    }
    Ok(book)
}

/// Whether a metric of this name is better when it is low, where the name says so.
pub fn lower_is_better(metric: &str) -> Option<bool> {
    infer::thresholds::lower_is_better(metric)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}"); // a String takes everything
        out
    })
}

/// A file that is no runbook. Whatever can be opened is opened; these cannot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunbookError {
    /// Over [`MAX_BYTES`].
    #[error("{path}: {size} bytes is over the limit of 4 MiB for a runbook; split it and link the parts")]
    TooLarge {
        /// The file.
        path: String,
        /// Its size.
        size: usize,
    },
    /// Over [`MAX_ITEMS`].
    #[error("{path}: {items} list items are over the limit of 100,000 for a runbook; split it and link the parts")]
    TooMany {
        /// The file.
        path: String,
        /// Its list items.
        items: usize,
    },
    /// Over [`MAX_LINES`].
    #[error("{path}: {lines} lines are over the limit of 200,000 for a runbook; split it and link the parts")]
    TooLong {
        /// The file.
        path: String,
        /// Its lines.
        lines: u32,
    },
}

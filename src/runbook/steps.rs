//! Blocks to steps: which list items and lines are something to do, and what belongs to them.

use sha2::{Digest, Sha256};

use super::markdown::{Block, Doc, Kind};
use super::source::Source;
use super::{Class, Command, Heading, Item, Runbook, Step, StepKind};
use crate::fact::StepId;
use crate::text::Untrusted;

/// Everything but path, hash and lines.
pub(super) fn understand(path: &str, source: &Source, doc: &Doc) -> Runbook {
    let mut book = Runbook::default();
    let _ = source;
    for block in &doc.blocks {
        match &block.kind {
            Kind::Heading(level) => {
                book.headings.push(Heading { text: block.plain().into(), level: *level, line: block.first })
            }
            Kind::Fence { lang, text } => book.commands.push(Command {
                line_start: block.first,
                line_end: block.last,
                lang: lang.as_deref().map(Untrusted::from),
                text: text.as_str().into(),
                class: Class::Mutate,
                placeholders: vec![],
            }),
            _ => {}
        }
    }
    for item in &doc.items {
        let text = item.text.and_then(|b| doc.blocks.get(b)).map(Block::plain).unwrap_or_default();
        let id = item.task.map(|_| {
            let hash = Sha256::digest(format!("{path}{}{text}", item.line));
            StepId(hash.iter().take(8).map(|b| format!("{b:02x}")).collect::<String>().into())
        });
        if let Some(id) = &id {
            book.steps.push(Step {
                id: id.clone(),
                line: item.line,
                line_end: item.last,
                kind: StepKind::Task,
                checked: item.task,
                depth: item.depth,
                parent: None,
                heading_path: vec![],
                phase: None,
                phase_ix: None,
                text: text.into(),
                at: None,
                estimate: None,
                role: None,
                commands: vec![],
                notes: vec![],
            });
        }
        book.items.push(Item {
            line: item.line,
            ordered: item.ordered,
            task: item.task.is_some(),
            checked: item.task,
            depth: item.depth,
            step: id,
        });
    }
    book
}

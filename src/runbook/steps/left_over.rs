//! What somebody has to fill in, and the lines that no part of the runbook came from.

use crate::runbook::fences;
use crate::runbook::labels;
use crate::runbook::markdown::{Doc, Kind};
use crate::runbook::params::{self, Place};
use crate::runbook::source::Source;
use crate::runbook::{Line, Placeholder, class};

pub(super) fn placeholders(source: &Source, doc: &Doc) -> Vec<Placeholder> {
    let mut found = params::Found::default();
    let mut code = vec![false; source.lines() as usize + 2];
    for block in &doc.blocks {
        let (Kind::Fence { text, .. } | Kind::Indented(text)) = &block.kind else { continue };
        for line in block.first..=block.last {
            if let Some(slot) = code.get_mut(line as usize) {
                *slot = true;
            }
        }
        let lang = match &block.kind {
            Kind::Fence { lang, .. } => lang.as_deref(),
            _ => None,
        };
        let place = if class::is_shell(lang) || lang.is_none() { Place::Shell } else { Place::Code };
        let own = params::assigned(text);
        let first = block.first + u32::from(matches!(block.kind, Kind::Fence { .. }));
        for (line, number) in text.lines().zip(first..) {
            for name in params::in_line(line, place, &own) {
                found.add(&name, number);
            }
        }
    }
    for (from, to) in &doc.comments {
        for line in (*from..=*to).filter(|l| from != to || source.text(*l).trim_start().starts_with("<!--")) {
            if let Some(slot) = code.get_mut(line as usize) {
                *slot = true;
            }
        }
    }
    for line in (1..=source.lines()).filter(|l| !code.get(*l as usize).copied().unwrap_or(true)) {
        for name in params::in_line(source.text(line), Place::Prose, &[]) {
            found.add(&name, line);
        }
    }
    found.all()
}

/// Lines that no structure, comment or definition came from, nor prose that a heading or a step owns.
pub(super) fn not_understood(source: &Source, doc: &Doc, under: &[Option<usize>]) -> Vec<Line> {
    let mut odd = Vec::new();
    let mut comment = vec![false; source.lines() as usize + 2];
    for line in doc.comments.iter().flat_map(|(from, to)| *from..=*to) {
        if let Some(slot) = comment.get_mut(line as usize) {
            *slot = true;
        }
    }
    for (block, heading) in doc.blocks.iter().zip(under) {
        let owned = heading.is_some() || block.item.is_some();
        let lines = block.first..=block.last;
        match &block.kind {
            Kind::Paragraph if !owned && labels::labels(block).is_empty() => {
                let step = block.rich.first().is_some_and(|l| fences::counted_step(&block.line(l)).is_some());
                if !step {
                    odd.extend(lines);
                }
            }
            Kind::Html => odd.extend(lines.filter(|l| {
                let in_comment = comment.get(*l as usize).copied().unwrap_or(false);
                !in_comment && !owned_html(source.text(*l), owned)
            })),
            _ => {}
        }
    }
    odd.into_iter()
        .filter(|l| !source.text(*l).trim().is_empty())
        .map(|l| Line { line: l, text: source.text(l).into() })
        .collect()
}

/// Folding, anchors, images and line breaks are layout; text between tags is prose where something owns it; the rest of
/// HTML (tables, forms, scripts) is not understood.
fn owned_html(line: &str, owned: bool) -> bool {
    const LAYOUT: &[&str] = &[
        "details", "summary", "br", "hr", "a", "p", "div", "img", "center", "sub", "sup", "b", "i", "strong", "em",
        "kbd", "span", "picture", "source", "h1", "h2", "h3",
    ];
    let mut rest = line;
    let mut text = false;
    while let Some(at) = rest.find('<') {
        text |= !rest.get(..at).unwrap_or_default().trim().is_empty();
        rest = rest.get(at + 1..).unwrap_or_default();
        let name: String = rest.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        if !name.is_empty() && !LAYOUT.contains(&name.to_ascii_lowercase().as_str()) {
            return false;
        }
        rest = rest.find('>').and_then(|e| rest.get(e + 1..)).unwrap_or_default();
    }
    text |= !rest.trim().is_empty();
    owned || !text || line.contains("<summary")
}

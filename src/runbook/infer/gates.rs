//! Gates declared in prose: go / no-go decisions, success criteria, definitions of done.

use super::Seen;
use crate::runbook::labels::{self, Label};
use crate::runbook::markdown::Kind;
use crate::runbook::{At, Gate, times};

/// Gates in document order.
pub(in crate::runbook) fn gates(seen: &Seen<'_>) -> Vec<Gate> {
    let mut out: Vec<Gate> = Vec::new();
    // Criteria that stand before the decision, in a comment of the section's fence.
    let mut ahead: Vec<String> = Vec::new();
    // What the following blocks are criteria of.
    let mut open: Option<Open> = None;
    let mut section = None;
    for (ix, (block, heading)) in seen.blocks().enumerate() {
        if heading != section {
            section = heading;
            ahead.clear();
            open = None;
        }
        match &block.kind {
            Kind::Heading(_) => {
                let title = block.plain();
                if is_gate_heading(title) {
                    out.push(gate(times::title(title), block.first, times::in_heading(title).at));
                    open = Some(Open::Section);
                } else if let Some(Open::Section) =
                    seen.path(heading).skip(1).any(is_gate_heading).then_some(Open::Section)
                {
                    open = Some(Open::Section);
                }
            }
            Kind::Fence { text, .. } => {
                let notes = crate::runbook::fences::notes(text, block.first + 1);
                ahead.extend(notes.iter().filter(|n| n.kind == "success-criteria").map(|n| n.text.raw().to_owned()));
            }
            Kind::Paragraph => {
                let item = block.item.and_then(|i| seen.doc.items.get(i));
                let leads_item = item.is_some_and(|i| i.text == Some(ix));
                let found = labels::labels(block);
                let plain = block.plain();
                let bold = block.rich.iter().all(|l| l.spans.iter().all(|s| s.bold || s.text.trim().is_empty()));
                if is_decision(plain) && plain.len() <= 80 && bold {
                    out.push(gate(plain, block.first, times::in_heading(plain).at));
                    open = Some(Open::Decision);
                } else if let Some(decision) = found.iter().find(|l| l.kind == "gate" || is_decision(&l.name)) {
                    let at = times::in_heading(&decision.text).at;
                    let mut gate = gate(&named(&decision.name, seen.title(heading)), decision.line, at);
                    gate.criteria.extend(ahead.drain(..).map(Into::into));
                    gate.criteria.extend(outcomes(&found));
                    out.push(gate);
                    open = Some(Open::Decision);
                } else if is_decision(plain) && plain.len() <= 80 && leads_item {
                    out.push(gate(plain, block.first, times::in_heading(plain).at));
                    open = Some(Open::Decision);
                } else if let Some(label) = found.iter().find(|l| l.kind == "success-criteria" && l.text.is_empty()) {
                    out.push(gate(&named(&label.name, seen.title(heading)), label.line, None));
                    open = Some(Open::Decision);
                } else if open.is_some() && !leads_item && found.iter().any(is_outcome) {
                    if let Some(gate) = out.last_mut() {
                        gate.criteria.extend(outcomes(&found));
                    }
                } else if found.iter().any(|l| labels::calls_for_action(&l.name)) {
                    open = None;
                } else if leads_item {
                    match open {
                        Some(Open::Section | Open::Decision) if item.is_some_and(|i| i.depth == 0) => {
                            if let Some(gate) = out.last_mut() {
                                gate.criteria.push(plain.into());
                            }
                        }
                        _ => {}
                    }
                } else if let Some(Open::Decision) = open {
                    open = None;
                }
            }
            _ => {}
        }
    }
    out
}

/// How far a gate's criteria reach.
#[derive(Clone, Copy)]
enum Open {
    /// To the end of the section and of those in it.
    Section,
    /// Over the list or the outcomes that follow.
    Decision,
}

fn gate(title: &str, line: u32, at: Option<At>) -> Gate {
    Gate { title: title.into(), line, at, criteria: vec![] }
}

/// A decision is called by what it decides.
fn named(label: &str, heading: &str) -> String {
    let heading = times::title(heading);
    if heading.is_empty() { label.to_owned() } else { format!("{heading}: {label}") }
}

fn is_decision(text: &str) -> bool {
    // Every spelling has a sign between its words; most lines have none of both.
    if text.len() > 200 || !text.contains(['g', 'G']) || !text.contains(['/', '-', '‑', '–']) {
        return false;
    }
    let lower = text.to_lowercase().replace(['‑', '–'], "-");
    ["go/no-go", "go / no-go", "go/nogo", "go-no-go", "go no-go", "go or no-go", "go/no go"]
        .iter()
        .any(|w| lower.contains(w))
}

fn is_outcome(label: &Label) -> bool {
    let lower = label.name.to_lowercase();
    label.kind == "go" || label.kind == "no-go" || lower.ends_with("= go") || lower.ends_with("= no-go")
}

fn outcomes(labels: &[Label]) -> Vec<crate::text::Untrusted> {
    labels
        .iter()
        .filter(|l| is_outcome(l) && !l.text.is_empty())
        .map(|l| format!("{}: {}", l.name, l.text).into())
        .collect()
}

fn is_gate_heading(title: &str) -> bool {
    let title = times::title(title).to_lowercase();
    let words: Vec<&str> = title.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let text = words.join(" ");
    is_decision(&title)
        || words.last() == Some(&"gate") && words.len() > 1
        || text.ends_with("success criteria")
        || text.ends_with("exit criteria")
        || text.ends_with("acceptance criteria")
        || text.contains("definition of done")
}

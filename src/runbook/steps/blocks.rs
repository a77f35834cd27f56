//! Fences, labels, timeline lines and tables, each bound to the step or heading that owns it.

use super::{Builder, Draft};
use crate::runbook::fences;
use crate::runbook::labels::{self, Label};
use crate::runbook::markdown::{Block, Doc, Kind};
use crate::runbook::params::{self, Place};
use crate::runbook::times::{self, Times};
use crate::runbook::{Command, Note, StepKind, class};
use crate::text::Untrusted;

impl Builder<'_> {
    /// Fences, labels, timeline lines and tables, each bound to the step or heading that owns it.
    pub(super) fn blocks(&mut self) {
        let doc = self.doc;
        // The step that what stands at the margin after a list goes on with, if anything does.
        let mut running: Option<usize> = None;
        for (ix, block) in doc.blocks.iter().enumerate() {
            let heading = self.under.get(ix).copied().flatten();
            let inside = self.ancestor(block.item);
            match &block.kind {
                Kind::Heading(_) | Kind::Rule => running = None,
                _ if block.item.is_some() => {
                    let mut top = block.item;
                    while let Some(up) = top.and_then(|i| doc.items.get(i)).and_then(|i| i.parent) {
                        top = Some(up);
                    }
                    running = inside.filter(|_| {
                        top.and_then(|t| self.of_item.get(t).copied().flatten()).is_some_and(|d| {
                            self.drafts.get(d).is_some_and(|d| d.text.ends_with(':'))
                                || top.is_some_and(|t| goes_on(doc, t, ix))
                        })
                    });
                    if running.is_some() {
                        running = top.and_then(|t| self.of_item.get(t).copied().flatten());
                    }
                }
                _ => {}
            }
            let owner = inside.or(running.filter(|_| block.item.is_none()));
            match &block.kind {
                Kind::Fence { lang, text } => self.fence(block, lang.as_deref(), text, owner, heading),
                Kind::Paragraph => self.paragraph(ix, block, owner, heading),
                Kind::Table(_) => self.table(block, owner, heading),
                _ => {}
            }
        }
    }

    pub(super) fn fence(
        &mut self,
        block: &Block,
        lang: Option<&str>,
        text: &str,
        owner: Option<usize>,
        heading: Option<usize>,
    ) {
        let index = self.commands.len() as u32;
        let shell = class::is_shell(lang) || lang.is_none() && class::looks_like_shell(text);
        let place = if shell || lang.is_none() { Place::Shell } else { Place::Code };
        let own = params::assigned(text);
        let mut names: Vec<Untrusted> = Vec::new();
        for name in text.lines().flat_map(|l| params::in_line(l, place, &own)) {
            if !names.iter().any(|n| n.raw() == name) {
                names.push(name.into());
            }
        }
        let (class, reason) = class::judge(lang, text);
        self.commands.push(Command {
            line_start: block.first,
            line_end: block.last,
            lang: lang.map(Untrusted::from),
            interactive: false,
            text: text.into(),
            class,
            placeholders: names,
            reason: reason.into(),
        });
        let first = block.first + 1;
        let notes = if shell { fences::notes(text, first) } else { vec![] };
        let depth = block.item.and_then(|i| self.doc.items.get(i)).map_or(0, |i| i.depth + 1);
        let inner = fences::steps(lang, text, shell, first);
        let at = self.drafts.len();
        for step in inner {
            let role = self.role_of(&step.text);
            self.drafts.push(Draft {
                line: step.line,
                last: step.last,
                kind: step.kind,
                checked: None,
                depth,
                parent: owner,
                heading,
                role,
                text: step.text,
                times: step.times,
                id: None,
                commands: if step.kind == StepKind::Substep && shell { vec![index] } else { vec![] },
                notes: vec![],
            });
        }
        for mut note in notes {
            note.command = Some(index);
            let inner = self.drafts.get_mut(at..).unwrap_or_default().iter_mut().rev().find(|d| d.line <= note.line);
            match inner {
                Some(draft) => draft.notes.push(note),
                None => self.note(owner, heading, note),
            }
        }
        match owner.and_then(|o| self.drafts.get_mut(o)) {
            Some(draft) => draft.commands.push(index),
            None => {
                if let Some(section) = heading.and_then(|h| self.sections.get_mut(h)) {
                    section.commands.push(index);
                }
            }
        }
    }

    /// A note goes to the step it speaks of, else to the heading.
    pub(super) fn note(&mut self, owner: Option<usize>, heading: Option<usize>, note: Note) {
        if let Some(draft) = owner.and_then(|o| self.drafts.get_mut(o)) {
            match note.kind.as_str() {
                "owner" if draft.role.is_none() => draft.role = Some(note.text.raw().to_owned()),
                "estimate" if draft.times.estimate.is_none() => {
                    draft.times.estimate = times::in_heading(&format!("({})", note.text.raw())).estimate;
                }
                "target" if draft.times.at.is_none() => draft.times.at = times::in_heading(note.text.raw()).at,
                _ => {}
            }
            draft.notes.push(note);
        } else if let Some(section) = heading.and_then(|h| self.sections.get_mut(h)) {
            if note.kind == "target" && section.times.at.is_none() {
                section.times.at = times::in_heading(note.text.raw()).at;
            }
            section.notes.push(note);
        }
    }

    pub(super) fn paragraph(&mut self, ix: usize, block: &Block, owner: Option<usize>, heading: Option<usize>) {
        let item = block.item.and_then(|i| self.doc.items.get(i));
        let first_of_item = item.is_some_and(|i| i.text == Some(ix));
        let is_step = block.item.is_some_and(|i| self.of_item.get(i).copied().flatten().is_some());
        if first_of_item && !is_step {
            // A bullet that is no step says something about the step or label it stands under.
            let text = block.plain();
            let found = labels::labels(block).into_iter().next().filter(|l| labels::kind(&l.name).is_some());
            let kind = match found {
                Some(label) if !label.text.is_empty() => {
                    return self.note(owner, heading, note(label));
                }
                _ => self.kind_above(block.item),
            };
            if !text.is_empty() && (owner.is_some() || kind.is_some()) {
                let kind = kind.unwrap_or_else(|| "note".into());
                self.note(owner, heading, Note { kind, line: block.first, text: text.into(), command: None });
            }
            return;
        }
        if block.wish == Some(true) && !block.plain().is_empty() {
            let text = block.plain();
            return self.margin_step(block.first, text, StepKind::Bullet, times::in_line(text), owner, heading, None);
        }
        if !first_of_item && block.wish.is_none() {
            if self.timeline_lines(block, owner, heading)
                || self.counted_lines(block, owner, heading)
                || self.drawn_boxes(block, owner, heading)
            {
                return;
            }
            if let Some(times) = times::only_moment(block.plain()).filter(|_| owner.is_none()) {
                if let Some(section) = heading.and_then(|h| self.sections.get_mut(h)) {
                    if section.times.at.is_some() && matches!(times.at, Some(crate::runbook::At::Clock { .. })) {
                        section.clock = section.clock.take().or(times.at);
                    } else {
                        section.times.at = section.times.at.take().or(times.at);
                    }
                    section.times.estimate = section.times.estimate.or(times.estimate);
                }
                return;
            }
        }
        let labels = labels::labels(block);
        let labelled = !labels.is_empty();
        // The first words of a step are its text, whatever they look like.
        let skip = first_of_item && labels.first().is_some_and(|l| l.line == block.first);
        for label in labels.into_iter().skip(usize::from(skip)) {
            if !label.text.is_empty() {
                let command = self.fence_before(ix, block.item);
                self.note(owner, heading, Note { command, ..note(label) });
            }
        }
        let own = || owner.is_some() && !labelled && !first_of_item && says_abort(block.plain());
        let abort =
            if first_of_item { abort(block.plain()) } else { own().then(|| sentence(block.plain()).to_owned()) };
        if let Some(abort) = abort {
            self.note(
                owner,
                heading,
                Note { kind: "abort-if".into(), line: block.first, text: abort.into(), command: None },
            );
        }
    }

    /// The fence that a labelled paragraph directly behind it speaks of.
    pub(super) fn fence_before(&self, ix: usize, item: Option<usize>) -> Option<u32> {
        let before = self.doc.blocks.get(..ix)?.iter().rev().take_while(|b| b.item == item);
        let fence = before.take(3).find(|b| !matches!(b.kind, Kind::Paragraph))?;
        matches!(fence.kind, Kind::Fence { .. }).then(|| (self.commands.len() as u32).checked_sub(1)).flatten()
    }

    /// The kind of the label that introduces the list of an item.
    pub(super) fn kind_above(&self, item: Option<usize>) -> Option<String> {
        let list = self.doc.items.get(item?)?.list;
        self.introduced.get(list)?.as_ref().map(|l| l.kind.clone())
    }

    /// Lines of a paragraph that begin with moments, at least two.
    pub(super) fn timeline_lines(&mut self, block: &Block, owner: Option<usize>, heading: Option<usize>) -> bool {
        let texts: Vec<(u32, String)> = block.rich.iter().map(|l| (l.line, block.line(l).into_owned())).collect();
        let found: Vec<_> = texts.iter().filter_map(|(line, t)| Some((*line, times::timeline(t)?))).collect();
        if found.len() < 2 || found.len() < texts.len() {
            return false;
        }
        for (line, (times, text)) in found {
            self.timeline_step(line, text, times, owner, heading, None);
        }
        true
    }

    /// Lines of a paragraph that say which step they are: `Step 2: restart`, `2.1 Lower the TTL`.
    pub(super) fn counted_lines(&mut self, block: &Block, owner: Option<usize>, heading: Option<usize>) -> bool {
        if block.item.is_some() || !block.plain().contains(|c: char| c.is_ascii_digit()) {
            return false;
        }
        let texts: Vec<(u32, String)> = block.rich.iter().map(|l| (l.line, block.line(l).into_owned())).collect();
        let found: Vec<(u32, String)> =
            texts.iter().filter_map(|(line, t)| Some((*line, fences::counted_step(t)?.to_owned()))).collect();
        if found.is_empty() || texts.first().map(|t| t.0) != found.first().map(|f| f.0) {
            return false;
        }
        for (line, text) in found {
            let times = times::in_line(&text);
            self.margin_step(line, &text, StepKind::Numbered, times, owner, heading, None);
        }
        true
    }

    /// Lines that begin with a box that somebody drew: `☐ Snapshot repository is registered`.
    fn drawn_boxes(&mut self, block: &Block, owner: Option<usize>, heading: Option<usize>) -> bool {
        let drawn = |text: &str| {
            let rest = text.trim_start().strip_prefix(['☐', '☑', '☒', '□', '⬜'])?.trim().to_owned();
            (!rest.is_empty()).then_some(rest)
        };
        let found: Vec<(u32, String)> =
            block.rich.iter().filter_map(|l| Some((l.line, drawn(&block.line(l))?))).collect();
        if found.is_empty() || block.rich.first().map(|l| l.line) != found.first().map(|f| f.0) {
            return false;
        }
        for (line, text) in found {
            let times = times::in_line(&text);
            self.margin_step(line, &text, StepKind::Bullet, times, owner, heading, None);
        }
        true
    }

    pub(super) fn timeline_step(
        &mut self,
        line: u32,
        text: &str,
        times: Times,
        owner: Option<usize>,
        heading: Option<usize>,
        role: Option<String>,
    ) {
        self.margin_step(line, text, StepKind::Timeline, times, owner, heading, role);
    }

    /// A step that stands in no list.
    #[expect(clippy::too_many_arguments, reason = "the parts of a step, each once")]
    pub(super) fn margin_step(
        &mut self,
        line: u32,
        text: &str,
        kind: StepKind,
        times: Times,
        owner: Option<usize>,
        heading: Option<usize>,
        role: Option<String>,
    ) {
        let role = role.or_else(|| self.role_of(text));
        self.drafts.push(Draft {
            line,
            last: line,
            kind,
            checked: None,
            depth: 0,
            parent: owner,
            heading,
            text: text.to_owned(),
            times,
            role,
            id: None,
            commands: vec![],
            notes: vec![],
        });
    }

    /// Rows of a table with a column of times and one of actions.
    pub(super) fn table(&mut self, block: &Block, owner: Option<usize>, heading: Option<usize>) {
        let Kind::Table(rows) = &block.kind else { return };
        let Some((head, body)) = rows.split_first() else { return };
        let column = |names: &[&str]| head.cells.iter().position(|c| names.contains(&c.to_lowercase().trim()));
        let Some(time) = column(&[
            "time",
            "when",
            "t",
            "clock",
            "start",
            "t-offset",
            "offset",
            "t-minus",
            "time (utc)",
            "utc",
            "start time",
            "zeit",
            "uhrzeit",
            "hora",
            "heure",
            "ora",
            "时间",
            "時間",
            "at",
        ]) else {
            return;
        };
        let Some(action) = column(&[
            "action",
            "activity",
            "step",
            "task",
            "what",
            "event",
            "milestone",
            "description",
            "actions",
            "aktion",
            "aufgabe",
            "schritt",
            "acción",
            "tarea",
            "action / task",
            "étape",
            "tâche",
            "attività",
            "操作",
            "步骤",
            "作業",
        ]) else {
            return;
        };
        let who = column(&[
            "owner",
            "who",
            "role",
            "responsible",
            "assignee",
            "team",
            "lead",
            "wer",
            "responsable",
            "verantwortlich",
        ]);
        let length = column(&["duration", "estimate", "est", "length", "dauer", "duración", "durée"]);
        for row in body {
            let cell = |i: Option<usize>| i.and_then(|i| row.cells.get(i)).map(|c| c.trim()).filter(|c| !c.is_empty());
            let (Some(when), Some(text)) = (cell(Some(time)), cell(Some(action))) else { continue };
            let mut times = times::in_heading(when);
            if times.at.is_none() {
                continue;
            }
            times.estimate =
                cell(length).and_then(|l| times::in_heading(&format!("({l})")).estimate).or(times.estimate);
            let role = cell(who).map(str::to_owned);
            self.timeline_step(row.line, text, times, owner, heading, role);
        }
    }
}

fn note(label: Label) -> Note {
    Note { kind: label.kind, line: label.line, text: label.text.into(), command: None }
}

/// Whether the list of item `top` is ordered and, after what stands at the margin behind block `ix`, another list goes on
/// counting: `1. …`, a fence without indentation, `2. …`.
fn goes_on(doc: &Doc, top: usize, ix: usize) -> bool {
    let Some(list) = doc.items.get(top).and_then(|i| doc.lists.get(i.list)).filter(|l| l.ordered) else { return false };
    let next = list.start + list.items.len() as u64;
    let ahead = doc
        .blocks
        .iter()
        .enumerate()
        .skip(ix + 1)
        .take(12)
        .take_while(|(_, b)| !matches!(b.kind, Kind::Heading(_) | Kind::Rule));
    for (at, block) in ahead {
        if let Some(item) = block.item {
            let mut top = item;
            while let Some(up) = doc.items.get(top).and_then(|i| i.parent) {
                top = up;
            }
            return doc
                .items
                .get(top)
                .and_then(|i| doc.lists.get(i.list))
                .is_some_and(|l| l.at == at && l.ordered && l.start == next && l.parent.is_none());
        }
    }
    false
}

/// How a sentence begins that says when to abort.
const ABORTS: [&str; 6] = ["abort if", "abort when", "stop if", "roll back if", "rollback if", "halt if"];

/// Whether a text begins with saying when to abort.
pub(in crate::runbook) fn says_abort(text: &str) -> bool {
    let text = text.trim_start();
    ABORTS.iter().any(|w| text.get(..w.len()).is_some_and(|start| start.eq_ignore_ascii_case(w)))
}

/// The sentence of a step that says when to abort.
fn abort(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let at = ABORTS.iter().find_map(|w| lower.find(w)).filter(|at| *at > 0)?;
    text.get(at..).map(|rest| sentence(rest).to_owned())
}

/// Its first sentence.
fn sentence(text: &str) -> &str {
    text.find(". ").and_then(|end| text.get(..=end)).unwrap_or(text)
}

//! Blocks to steps: which list items and lines are something to do, and what belongs to them.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::fences;
use super::labels::{self, Label};
use super::markdown::{Block, Doc, Kind, ListItem};
use super::params::{self, Place};
use super::source::Source;
use super::times::{self, Times};
use super::{Command, Heading, Item, Note, Phase, Runbook, Step, StepKind, class, infer};
use crate::fact::StepId;
use crate::text::Untrusted;

/// A step before its identity and its place are known.
struct Draft {
    line: u32,
    last: u32,
    kind: StepKind,
    checked: Option<bool>,
    depth: u32,
    parent: Option<usize>,
    heading: Option<usize>,
    text: String,
    times: Times,
    role: Option<String>,
    id: Option<String>,
    commands: Vec<u32>,
    notes: Vec<Note>,
}

/// The last line of the block that a line stands in, or of the one that follows.
fn block_end(doc: &Doc, line: u32) -> u32 {
    let at = doc.blocks.partition_point(|b| b.last < line);
    doc.blocks.get(at).map_or(line, |b| b.last)
}

/// A heading while things are attached to it.
#[derive(Default)]
struct Section {
    title: String,
    level: u8,
    line: u32,
    parent: Option<usize>,
    times: Times,
    steps: u32,
    commands: Vec<u32>,
    notes: Vec<Note>,
}

struct Builder<'d> {
    doc: &'d Doc,
    /// The heading each block stands under; of a heading block itself, its own.
    under: Vec<Option<usize>>,
    sections: Vec<Section>,
    drafts: Vec<Draft>,
    /// The draft made of each list item.
    of_item: Vec<Option<usize>>,
    commands: Vec<Command>,
    /// Lower case; the first of them, so that a table of thousands costs nothing.
    roles: Vec<String>,
    /// The label that introduces each list.
    introduced: Vec<Option<Label>>,
}

/// As many roles as one room can hold.
const MAX_ROLES: usize = 64;

/// Everything but path, hash and lines.
pub(super) fn understand(path: &str, source: &Source, doc: &Doc) -> Runbook {
    let (under, sections) = sections(doc);
    let title = sections.first().map_or_else(|| file_name(path).to_owned(), |s| s.title.clone());
    let roles = infer::roles::roles(doc, &under, &|h| sections.get(h).map_or("", |s: &Section| s.title.as_str()));
    let mut build = Builder {
        doc,
        under,
        sections,
        drafts: vec![],
        of_item: vec![None; doc.items.len()],
        commands: vec![],
        roles: roles.iter().take(MAX_ROLES).map(|r| r.name.raw().to_lowercase()).collect(),
        introduced: vec![],
    };
    build.introduced = doc.lists.iter().map(|l| build.introduction(l)).collect();
    build.items();
    build.blocks();
    let titles: Vec<(String, Option<usize>)> = build.sections.iter().map(|s| (s.title.clone(), s.parent)).collect();
    let under = std::mem::take(&mut build.under);
    let seen = infer::Seen { doc, under: &under, sections: &titles };
    let lines = infer::lines::lines(&seen);
    let mut book = Runbook {
        windows: infer::windows::windows(&seen, &lines),
        ladders: infer::ladders::ladders(&seen, &lines),
        environments: infer::environments::environments(&seen, &lines),
        contacts: infer::contacts::contacts(&seen, &lines),
        flags: infer::flags::flags(&lines),
        title: title.into(),
        roles,
        thresholds: infer::thresholds::thresholds(&seen),
        services: infer::services::services(&seen),
        gates: infer::gates::gates(&seen),
        placeholders: placeholders(source, doc),
        not_understood: not_understood(source, doc, &under),
        ..Runbook::default()
    };
    build.finish(path, &mut book);
    book
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The headings with their nesting and times, and which one each block stands under.
fn sections(doc: &Doc) -> (Vec<Option<usize>>, Vec<Section>) {
    let mut sections: Vec<Section> = Vec::new();
    let mut stack: Vec<usize> = Vec::new();
    let mut under = Vec::with_capacity(doc.blocks.len());
    for block in &doc.blocks {
        if let Kind::Heading(level) = block.kind {
            stack.retain(|s| sections.get(*s).is_some_and(|s| s.level < level));
            let title = block.plain().to_owned();
            let times = times::in_heading(&title);
            let parent = stack.last().copied();
            stack.push(sections.len());
            sections.push(Section { title, level, line: block.first, parent, times, ..Section::default() });
        }
        under.push(stack.last().copied());
    }
    (under, sections)
}

impl Builder<'_> {
    /// A step for each list item that is something to do.
    fn items(&mut self) {
        let doc = self.doc;
        let fenced: Vec<bool> = {
            let mut has = vec![false; doc.items.len()];
            for block in doc.blocks.iter().filter(|b| matches!(b.kind, Kind::Fence { .. })) {
                if let Some(slot) = block.item.and_then(|i| has.get_mut(i)) {
                    *slot = true;
                }
            }
            has
        };
        let asked: Vec<ListKind> =
            doc.lists.iter().zip(&self.introduced).map(|(l, label)| self.list_kind(l, label.as_ref())).collect();
        for (ix, item) in doc.items.iter().enumerate() {
            let Some(block_ix) = item.text else { continue };
            let Some(block) = doc.blocks.get(block_ix) else { continue };
            let text = block.plain().to_owned();
            let list = asked.get(item.list).copied().unwrap_or(ListKind::Tells);
            let Some(kind) = item_kind(item, &text, list, fenced.get(ix).copied().unwrap_or(false)) else { continue };
            let times = match times::timeline(&text) {
                Some((times, _)) if kind == StepKind::Timeline => times,
                _ => times::in_line(&text),
            };
            let parent = self.ancestor(item.parent);
            if let Some(slot) = self.of_item.get_mut(ix) {
                *slot = Some(self.drafts.len());
            }
            let role = self.role_of(&text).or_else(|| self.role_above(item));
            self.drafts.push(Draft {
                line: item.line,
                last: item.last,
                kind,
                checked: item.task,
                depth: item.depth,
                parent,
                heading: self.under.get(block_ix).copied().flatten(),
                text,
                times,
                role,
                id: item.id.clone(),
                commands: vec![],
                notes: vec![],
            });
        }
    }

    /// The step of the nearest enclosing list item that is one.
    fn ancestor(&self, mut item: Option<usize>) -> Option<usize> {
        while let Some(i) = item {
            if let Some(draft) = self.of_item.get(i).copied().flatten() {
                return Some(draft);
            }
            item = self.doc.items.get(i)?.parent;
        }
        None
    }

    /// The block that introduces a list: directly before it, in the same item, under the same heading.
    fn intro(&self, at: usize, parent: Option<usize>) -> Option<&Block> {
        self.doc.blocks.get(at.checked_sub(1)?).filter(|b| b.item == parent && matches!(b.kind, Kind::Paragraph))
    }

    /// The last label of the paragraph before a list, when nothing follows it there.
    fn introduction(&self, list: &super::markdown::List) -> Option<Label> {
        labels::labels(self.intro(list.at, list.parent)?).pop().filter(|l| l.text.is_empty())
    }

    fn list_kind(&self, list: &super::markdown::List, label: Option<&Label>) -> ListKind {
        let texts =
            || list.items.iter().filter_map(|i| self.doc.items.get(*i)?.text).filter_map(|b| self.doc.blocks.get(b));
        if texts().next().is_none() || texts().all(only_links) {
            return ListKind::Tells;
        }
        let heading = self.under.get(list.at).copied().flatten();
        let title = |h: usize| self.sections.get(h).map_or("", |s| s.title.as_str());
        let telling = heading.is_some_and(|h| {
            labels::tells(title(h)) && !labels::heading_calls_for_action(title(h))
                || std::iter::successors(self.sections.get(h).and_then(|s| s.parent), |p| self.sections.get(*p)?.parent)
                    .any(|p| self.sections.get(p).is_some_and(|s| s.level > 1) && labels::tells(title(p)))
        });
        let label = label.map(|l| l.name.clone()).or_else(|| {
            let before = self.intro(list.at, list.parent)?.rich.last()?.plain();
            before.strip_suffix(':').map(str::to_owned)
        });
        if let Some(label) = &label {
            if labels::calls_for_action(label) {
                return ListKind::Asks;
            }
            if labels::tells(label) {
                return ListKind::Tells;
            }
        }
        if telling {
            return ListKind::Tells;
        }
        if list.ordered {
            return ListKind::Asks;
        }
        if list.parent.is_none()
            && label.is_none()
            && heading.is_some_and(|h| labels::heading_calls_for_action(title(h)))
        {
            return ListKind::Asks;
        }
        let orders = |b: &Block| labels::imperative(b.plain()) && !infer::roles::is_duty(b.plain());
        if texts().all(orders) && texts().any(|b| labels::surely_imperative(b.plain())) {
            return ListKind::Asks;
        }
        ListKind::Mixed
    }

    /// A role that the line names: at its start, as `@role`, or in brackets.
    fn role_of(&self, text: &str) -> Option<String> {
        if self.roles.is_empty() {
            return None;
        }
        let lower = text.to_lowercase();
        let found = self.roles.iter().find(|r| {
            lower.match_indices(r.as_str()).any(|(at, _)| {
                let before = lower.get(..at).and_then(|b| b.chars().last());
                let after = lower.get(at + r.len()..).and_then(|a| a.chars().next());
                let ends = !after.is_some_and(char::is_alphanumeric);
                match before {
                    None | Some('@') => ends,
                    Some('(') => after == Some(')'),
                    Some('[') => after == Some(']'),
                    _ => false,
                }
            })
        })?;
        // As it is written there, not as the table has it.
        let at = lower.find(found.as_str())?;
        text.get(at..at + found.len()).map(str::to_owned).or_else(|| Some(found.clone()))
    }

    /// The role that a label or the heading above a list names.
    fn role_above(&self, item: &ListItem) -> Option<String> {
        let mut item = item;
        while let Some(parent) = item.parent.and_then(|p| self.doc.items.get(p)) {
            item = parent;
        }
        let list = self.doc.lists.get(item.list)?;
        let named = |name: &str| self.roles.contains(&name.to_lowercase()).then(|| name.to_owned());
        let label = self.introduced.get(item.list).and_then(Option::as_ref);
        if let Some(role) = label.and_then(|l| named(&l.name)) {
            return Some(role);
        }
        let heading = self.under.get(list.at).copied().flatten()?;
        named(times::title(&self.sections.get(heading)?.title))
    }

    /// Fences, labels, timeline lines and tables, each bound to the step or heading that owns it.
    fn blocks(&mut self) {
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

    fn fence(&mut self, block: &Block, lang: Option<&str>, text: &str, owner: Option<usize>, heading: Option<usize>) {
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
    fn note(&mut self, owner: Option<usize>, heading: Option<usize>, note: Note) {
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

    fn paragraph(&mut self, ix: usize, block: &Block, owner: Option<usize>, heading: Option<usize>) {
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
        if !first_of_item {
            if self.timeline_lines(block, owner, heading) {
                return;
            }
            if let Some(times) = times::only_moment(block.plain()).filter(|_| owner.is_none()) {
                if let Some(section) = heading.and_then(|h| self.sections.get_mut(h)) {
                    section.times.at = section.times.at.take().or(times.at);
                    section.times.estimate = section.times.estimate.or(times.estimate);
                }
                return;
            }
        }
        let labels = labels::labels(block);
        // The first words of a step are its text, whatever they look like.
        let skip = first_of_item && labels.first().is_some_and(|l| l.line == block.first);
        for label in labels.into_iter().skip(usize::from(skip)) {
            if !label.text.is_empty() {
                let command = self.fence_before(ix, block.item);
                self.note(owner, heading, Note { command, ..note(label) });
            }
        }
        if first_of_item && let Some(abort) = abort(block.plain()) {
            self.note(
                owner,
                heading,
                Note { kind: "abort-if".into(), line: block.first, text: abort.into(), command: None },
            );
        }
    }

    /// The fence that a labelled paragraph directly behind it speaks of.
    fn fence_before(&self, ix: usize, item: Option<usize>) -> Option<u32> {
        let before = self.doc.blocks.get(..ix)?.iter().rev().take_while(|b| b.item == item);
        let fence = before.take(3).find(|b| !matches!(b.kind, Kind::Paragraph))?;
        matches!(fence.kind, Kind::Fence { .. }).then(|| (self.commands.len() as u32).checked_sub(1)).flatten()
    }

    /// The kind of the label that introduces the list of an item.
    fn kind_above(&self, item: Option<usize>) -> Option<String> {
        let list = self.doc.items.get(item?)?.list;
        self.introduced.get(list)?.as_ref().map(|l| l.kind.clone())
    }

    /// Lines of a paragraph that begin with moments, at least two.
    fn timeline_lines(&mut self, block: &Block, owner: Option<usize>, heading: Option<usize>) -> bool {
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

    fn timeline_step(
        &mut self,
        line: u32,
        text: &str,
        times: Times,
        owner: Option<usize>,
        heading: Option<usize>,
        role: Option<String>,
    ) {
        let role = role.or_else(|| self.role_of(text));
        self.drafts.push(Draft {
            line,
            last: line,
            kind: StepKind::Timeline,
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
    fn table(&mut self, block: &Block, owner: Option<usize>, heading: Option<usize>) {
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

    /// Sorts the steps, names them, and hangs them into phases.
    fn finish(mut self, path: &str, book: &mut Runbook) {
        let mut order: Vec<usize> = (0..self.drafts.len()).collect();
        order.sort_by_key(|i| self.drafts.get(*i).map_or(0, |d| d.line));
        for draft in &self.drafts {
            if let Some(section) = draft.heading.and_then(|h| self.sections.get_mut(h)) {
                section.steps += 1;
            }
        }
        let mut phase_of = vec![None; self.sections.len()];
        for (ix, section) in self.sections.iter_mut().enumerate() {
            if section.steps == 0 && section.commands.is_empty() && section.times == Times::default() {
                continue;
            }
            if let Some(slot) = phase_of.get_mut(ix) {
                *slot = Some(book.phases.len() as u32);
            }
            book.phases.push(Phase {
                title: times::title(&section.title).into(),
                line: section.line,
                t: match section.times.at {
                    Some(super::At::T { t }) => Some(t),
                    _ => None,
                },
                at: section.times.at.clone(),
                estimate: section.times.estimate,
                level: section.level,
                steps: section.steps,
                commands: std::mem::take(&mut section.commands),
                notes: std::mem::take(&mut section.notes),
            });
        }
        let paths: Vec<Vec<Untrusted>> = (0..self.sections.len()).map(|h| self.heading_path(h)).collect();
        let ids = self.identities(path, &order, &paths);
        for ix in &order {
            let Some(draft) = self.drafts.get_mut(*ix) else { continue };
            let section = draft.heading.and_then(|h| self.sections.get(h));
            book.steps.push(Step {
                id: ids.get(*ix).cloned().unwrap_or_else(|| StepId::from("")),
                line: draft.line,
                line_end: draft.last,
                block_end: block_end(self.doc, draft.line),
                kind: draft.kind,
                checked: draft.checked,
                depth: draft.depth,
                parent: draft.parent.and_then(|p| ids.get(p).cloned()),
                heading_path: draft.heading.and_then(|h| paths.get(h).cloned()).unwrap_or_default(),
                phase: section.map(|s| times::title(&s.title).into()),
                phase_ix: draft.heading.and_then(|h| phase_of.get(h).copied().flatten()),
                text: std::mem::take(&mut draft.text).into(),
                at: draft.times.at.take(),
                estimate: draft.times.estimate,
                role: draft.role.take().map(Untrusted::from),
                commands: std::mem::take(&mut draft.commands),
                notes: std::mem::take(&mut draft.notes),
            });
        }
        // A step's own text ends where the next one begins.
        let starts: Vec<u32> = book.steps.iter().skip(1).map(|s| s.line).collect();
        for (step, next) in book.steps.iter_mut().zip(starts) {
            if next > step.line {
                step.line_end = step.line_end.min(next - 1);
            }
            step.line_end = step.line_end.max(step.line);
        }
        book.items = self
            .doc
            .items
            .iter()
            .zip(&self.of_item)
            .map(|(i, draft)| Item {
                line: i.line,
                ordered: i.ordered,
                task: i.task.is_some(),
                checked: i.task,
                depth: i.depth,
                step: draft.and_then(|d| ids.get(d).cloned()),
            })
            .collect();
        book.headings = self
            .sections
            .iter()
            .map(|s| Heading { text: s.title.as_str().into(), level: s.level, line: s.line })
            .collect();
        book.commands = self.commands;
    }

    fn heading_path(&self, heading: usize) -> Vec<Untrusted> {
        let mut path: Vec<Untrusted> = std::iter::successors(Some(heading), |h| self.sections.get(*h)?.parent)
            .filter_map(|h| self.sections.get(h).map(|s| s.title.as_str().into()))
            .collect();
        path.reverse();
        path
    }

    /// The author's id, or a hash of file, headings, text, and which of equals; the same text elsewhere is another step.
    fn identities(&self, path: &str, order: &[usize], paths: &[Vec<Untrusted>]) -> Vec<StepId> {
        let mut ids = vec![StepId::from(""); self.drafts.len()];
        let mut own: HashMap<&str, u32> = HashMap::new();
        let mut equals: HashMap<(Option<usize>, String), u32> = HashMap::new();
        let heads: Vec<Sha256> = std::iter::once(&[][..])
            .chain(paths.iter().map(Vec::as_slice))
            .map(|p| {
                let mut sha = Sha256::new();
                for part in std::iter::once(path).chain(p.iter().map(Untrusted::raw)) {
                    sha.update((part.len() as u64).to_le_bytes());
                    sha.update(part.as_bytes());
                }
                sha
            })
            .collect();
        for ix in order {
            let (Some(draft), Some(slot)) = (self.drafts.get(*ix), ids.get_mut(*ix)) else { continue };
            if let Some(id) = &draft.id {
                let seen = own.entry(id).or_default();
                *seen += 1;
                if *seen == 1 {
                    *slot = StepId::from(id.as_str());
                    continue;
                }
            }
            let text = normal(&draft.text);
            let Some(mut sha) = heads.get(draft.heading.map_or(0, |h| h + 1)).cloned() else { continue };
            sha.update(b"\0");
            sha.update(text.as_bytes());
            let which = equals.entry((draft.heading, text)).or_default();
            sha.update(which.to_le_bytes());
            *which += 1;
            *slot = StepId(super::hex(sha.finalize().get(..8).unwrap_or_default()).into());
        }
        ids
    }
}

/// Case, punctuation at the ends and runs of blanks do not make another step.
fn normal(text: &str) -> String {
    text.to_lowercase().trim_matches(|c: char| c.is_whitespace() || c.is_ascii_punctuation()).to_owned()
}

fn note(label: Label) -> Note {
    Note { kind: label.kind, line: label.line, text: label.text.into(), command: None }
}

/// What a list is there for.
#[derive(Clone, Copy, PartialEq)]
enum ListKind {
    /// Every item is something to do.
    Asks,
    /// None is, but for boxes.
    Tells,
    /// Each must show it.
    Mixed,
}

fn item_kind(item: &ListItem, text: &str, list: ListKind, fenced: bool) -> Option<StepKind> {
    if item.task.is_some() {
        return Some(StepKind::Task);
    }
    if item.wish == Some(false) || text.is_empty() {
        return None;
    }
    let plain = if item.ordered { StepKind::Numbered } else { StepKind::Bullet };
    if item.wish == Some(true) || (list == ListKind::Asks && item.ordered) {
        return Some(plain);
    }
    if list != ListKind::Tells && !item.ordered && times::timeline(text).is_some() {
        return Some(StepKind::Timeline);
    }
    let own = list == ListKind::Mixed
        && (fenced && labels::imperative(text) || labels::surely_imperative(text))
        && !infer::roles::is_duty(text);
    (list == ListKind::Asks || own).then_some(plain)
}

/// Whether an item is a link and nothing else: a table of contents, a list of links.
fn only_links(block: &Block) -> bool {
    let mut spans = block.rich.iter().flat_map(|l| &l.spans).peekable();
    spans.peek().is_some()
        && block.rich.iter().flat_map(|l| &l.spans).any(|s| s.link)
        && spans.all(|s| s.link || !s.text.contains(char::is_alphanumeric))
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

/// The sentence of a step that says when to abort.
fn abort(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let at = ["abort if", "abort when", "stop if", "roll back if", "rollback if", "halt if"]
        .iter()
        .find_map(|w| lower.find(w))
        .filter(|at| *at > 0)?;
    let rest = text.get(at..)?;
    let end = rest.find(". ").map_or(rest.len(), |e| e + 1);
    rest.get(..end).map(str::to_owned)
}

fn placeholders(source: &Source, doc: &Doc) -> Vec<super::Placeholder> {
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
fn not_understood(source: &Source, doc: &Doc, under: &[Option<usize>]) -> Vec<super::Line> {
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
            Kind::Paragraph if !owned && labels::labels(block).is_empty() => odd.extend(lines),
            Kind::Html => odd.extend(lines.filter(|l| {
                let in_comment = comment.get(*l as usize).copied().unwrap_or(false);
                !in_comment && !owned_html(source.text(*l), owned)
            })),
            _ => {}
        }
    }
    odd.into_iter()
        .filter(|l| !source.text(*l).trim().is_empty())
        .map(|l| super::Line { line: l, text: source.text(l).into() })
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

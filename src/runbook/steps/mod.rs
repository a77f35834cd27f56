//! Blocks to steps: which list items and lines are something to do, and what belongs to them.

use super::labels::Label;
use super::markdown::{Doc, Kind};
use super::source::Source;
use super::times::{self, Times};
use super::{Command, Heading, Item, Note, Phase, Runbook, Step, StepKind, infer};
use crate::fact::StepId;
use crate::text::Untrusted;

mod blocks;
mod identity;
mod items;
mod left_over;

use left_over::{not_understood, placeholders};

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

/// A heading while things are attached to it.
#[derive(Default)]
struct Section {
    title: String,
    level: u8,
    line: u32,
    parent: Option<usize>,
    times: Times,
    /// A time of day besides an offset.
    clock: Option<super::At>,
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
                clock: section.clock.take(),
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
}

/// The last line of the block that a line stands in, or of the one that follows.
fn block_end(doc: &Doc, line: u32) -> u32 {
    let at = doc.blocks.partition_point(|b| b.last < line);
    doc.blocks.get(at).map_or(line, |b| b.last)
}

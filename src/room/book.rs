//! The runbooks as one list of rows: phases and steps in order, with look-up by id.

use std::collections::{HashMap, HashSet};

use super::runs;
use crate::fact::StepId;
use crate::runbook::{Phase, Runbook, Step, StepKind};

/// All runbooks of the room, flattened in order.
#[derive(Debug, Default)]
pub struct Book {
    /// The files.
    pub runbooks: Vec<Runbook>,
    /// Phases and steps in document order.
    pub rows: Vec<Row>,
    by_id: HashMap<StepId, (u32, u32)>,
    groups: HashSet<StepId>,
    /// Phases that say parallel.
    parallel: HashSet<(u32, u32)>,
}

/// A line of the checklist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// `runbooks[book].phases[phase]`.
    Phase {
        /// Index of the file.
        book: u32,
        /// Index of the phase.
        phase: u32,
    },
    /// `runbooks[book].steps[step]`.
    Step {
        /// Index of the file.
        book: u32,
        /// Index of the step.
        step: u32,
    },
}

impl Book {
    /// Flattens runbooks: a phase row before the first step of each phase. A part follows the section that links it. Under a
    /// heading that holds commands and no step, running them is the step; a fence behind a step is that step's.
    pub fn new(mut runbooks: Vec<Runbook>) -> Self {
        runbooks.iter_mut().for_each(runs::as_steps);
        runbooks.iter_mut().for_each(Runbook::adopt_fences);
        let mut own: Vec<Vec<Row>> = Vec::new();
        let mut by_id = HashMap::new();
        for (b, book) in runbooks.iter().enumerate() {
            let mut rows = Vec::new();
            let mut current = None;
            // Headings that hold commands or words but no step stand where they are in the text: they are part of the plan.
            let with_steps: HashSet<u32> = book.steps.iter().filter_map(|s| s.phase_ix).collect();
            let mut bare = book
                .phases
                .iter()
                .enumerate()
                .filter(|(p, phase)| {
                    !(with_steps.contains(&(*p as u32)) || (phase.commands.is_empty() && phase.notes.is_empty()))
                })
                .map(|(p, phase)| (phase.line, p as u32))
                .collect::<std::collections::VecDeque<_>>();
            for (s, step) in book.steps.iter().enumerate() {
                while let Some((_, phase)) = bare.pop_front_if(|(line, _)| *line < step.line) {
                    current = None;
                    rows.push(Row::Phase { book: b as u32, phase });
                }
                if step.phase_ix != current {
                    current = step.phase_ix;
                    if let Some(phase) = current {
                        rows.push(Row::Phase { book: b as u32, phase });
                    }
                }
                rows.push(Row::Step { book: b as u32, step: s as u32 });
                by_id.insert(step.id.clone(), (b as u32, s as u32));
            }
            rows.extend(bare.into_iter().map(|(_, phase)| Row::Phase { book: b as u32, phase }));
            own.push(rows);
        }
        let rows = lay_out(&runbooks, own);
        let groups = runbooks.iter().flat_map(|b| &b.steps).filter_map(|s| s.parent.clone()).collect();
        let parallel = parallel(&runbooks);
        Self { runbooks, rows, by_id, groups, parallel }
    }

    /// Whether the section that a step stands in says that its steps may go side by side: the word `parallel` in its heading,
    /// or `<!-- parallel -->` in it.
    pub fn is_parallel(&self, step: &Step) -> bool {
        let book = self.by_id.get(&step.id).map(|(book, _)| *book);
        book.zip(step.phase_ix).is_some_and(|place| self.parallel.contains(&place))
    }

    /// Every leaf that stands before a step in its section, of any kind, in order.
    pub fn section_before<'a>(&'a self, step: &'a Step) -> impl Iterator<Item = &'a Step> {
        let siblings = self.runbook_of(&step.id).map(|b| b.steps.as_slice()).unwrap_or_default();
        let before = siblings.iter().take_while(move |s| s.line < step.line);
        before.filter(move |s| s.phase_ix == step.phase_ix && !self.is_group(&s.id))
    }

    /// The step with this identity.
    pub fn find(&self, id: &StepId) -> Option<&Step> {
        let (b, s) = self.by_id.get(id)?;
        self.runbooks.get(*b as usize)?.steps.get(*s as usize)
    }

    /// The file a step stands in.
    pub fn runbook_of(&self, id: &StepId) -> Option<&Runbook> {
        let (b, _) = self.by_id.get(id)?;
        self.runbooks.get(*b as usize)
    }

    /// Whether the step is ticked in the file.
    pub fn checked(&self, id: &StepId) -> bool {
        self.find(id).and_then(|s| s.checked).unwrap_or(false)
    }

    /// The step of a row.
    pub fn step_at(&self, row: Row) -> Option<&Step> {
        match row {
            Row::Step { book, step } => self.runbooks.get(book as usize)?.steps.get(step as usize),
            Row::Phase { .. } => None,
        }
    }

    /// The phase of a row.
    pub fn phase_at(&self, row: Row) -> Option<&Phase> {
        match row {
            Row::Phase { book, phase } => self.runbooks.get(book as usize)?.phases.get(phase as usize),
            Row::Step { .. } => None,
        }
    }

    /// Every step, in the order of the rows.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.rows.iter().filter_map(|row| self.step_at(*row))
    }

    /// Whether other steps are nested in this one: its state is derived from theirs.
    pub fn is_group(&self, id: &StepId) -> bool {
        self.groups.contains(id)
    }

    /// Every step that is no group, in order.
    pub fn leaves(&self) -> impl Iterator<Item = &Step> {
        self.steps().filter(|s| !self.is_group(&s.id))
    }

    /// The leaves nested in a step, at any depth, in order.
    pub fn leaves_of<'a>(&'a self, id: &'a StepId) -> impl Iterator<Item = &'a Step> {
        self.leaves().filter(move |s| {
            let mut parent = s.parent.as_ref();
            while let Some(p) = parent {
                if p == id {
                    return true;
                }
                parent = self.find(p).and_then(|s| s.parent.as_ref());
            }
            false
        })
    }

    /// The phase a step stands in.
    pub fn phase_of(&self, id: &StepId) -> Option<&Phase> {
        let (b, s) = self.by_id.get(id)?;
        let book = self.runbooks.get(*b as usize)?;
        book.phases.get(book.steps.get(*s as usize)?.phase_ix? as usize)
    }

    /// The leaves that stand before a step in the same ordered list; none for boxes and bullets, which may go in any order.
    pub fn ordered_before<'a>(&'a self, step: &'a Step) -> impl Iterator<Item = &'a Step> {
        let ordered = matches!(step.kind, StepKind::Numbered | StepKind::Timeline | StepKind::Substep);
        let siblings = self.runbook_of(&step.id).map(|b| b.steps.as_slice()).unwrap_or_default();
        siblings.iter().take_while(move |s| ordered && s.line < step.line).filter(|s| {
            s.parent == step.parent && s.phase_ix == step.phase_ix && s.kind == step.kind && !self.is_group(&s.id)
        })
    }
}

/// The phases that say parallel, as file and phase.
fn parallel(runbooks: &[Runbook]) -> HashSet<(u32, u32)> {
    let mut out = HashSet::new();
    for (b, book) in runbooks.iter().enumerate() {
        for (p, phase) in book.phases.iter().enumerate() {
            let title = phase.title.raw().to_lowercase();
            let named = title.split(|c: char| !c.is_alphanumeric()).any(|word| word == "parallel");
            let own = || {
                let from = phase.line as usize;
                let next = book.headings.iter().map(|h| h.line).filter(|line| *line > phase.line).min();
                let until = next.map_or(book.lines.len(), |line| line as usize - 1).max(from);
                book.lines.get(from..until).unwrap_or_default()
            };
            let says = |line: &crate::text::Untrusted| {
                let words = line.raw().trim().strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->"));
                words.is_some_and(|words| words.trim().eq_ignore_ascii_case("parallel"))
            };
            if named || own().iter().any(says) {
                out.insert((b as u32, p as u32));
            }
        }
    }
    out
}

/// The rows of all runbooks in one order: those of a part behind the section that holds its link.
fn lay_out(runbooks: &[Runbook], own: Vec<Vec<Row>>) -> Vec<Row> {
    let parent = |b: &Runbook| b.part_of.as_ref().and_then(|p| runbooks.iter().position(|r| r.path == p.path));
    let mut parts: Vec<Vec<(u32, usize)>> = vec![Vec::new(); runbooks.len()];
    let mut roots = Vec::new();
    for (b, book) in runbooks.iter().enumerate() {
        match parent(book).filter(|p| *p != b).and_then(|p| parts.get_mut(p)) {
            Some(list) => list.push((book.part_of.as_ref().map_or(0, |p| p.line), b)),
            None => roots.push(b),
        }
    }
    let mut layout = Layout { runbooks, own, parts, rows: Vec::new() };
    for root in roots {
        layout.lay(root);
    }
    // Runbooks that hold each other have no beginning; none of their steps may be lost.
    for b in 0..runbooks.len() {
        layout.lay(b);
    }
    layout.rows
}

struct Layout<'a> {
    runbooks: &'a [Runbook],
    /// The rows of each runbook; taken when they are laid.
    own: Vec<Vec<Row>>,
    /// The parts of each runbook, by the line of their link.
    parts: Vec<Vec<(u32, usize)>>,
    rows: Vec<Row>,
}

impl Layout<'_> {
    fn lay(&mut self, b: usize) {
        let own = self.own.get_mut(b).map(std::mem::take).unwrap_or_default();
        let mut parts = self.parts.get_mut(b).map(std::mem::take).unwrap_or_default();
        parts.sort_unstable();
        let mut parts = std::collections::VecDeque::from(parts);
        for row in own {
            if let Row::Phase { phase, .. } = row {
                let line = self.runbooks.get(b).and_then(|r| r.phases.get(phase as usize)).map_or(0, |p| p.line);
                while let Some((_, part)) = parts.pop_front_if(|(link, _)| *link < line) {
                    self.lay(part);
                }
            }
            self.rows.push(row);
        }
        for (_, part) in parts {
            self.lay(part);
        }
    }
}

//! The runbooks as one list of rows: phases and steps in order, with look-up by id.

use std::collections::{HashMap, HashSet};

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
    /// Flattens runbooks: a phase row before the first step of each phase.
    pub fn new(runbooks: Vec<Runbook>) -> Self {
        let mut rows = Vec::new();
        let mut by_id = HashMap::new();
        for (b, book) in runbooks.iter().enumerate() {
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
        }
        let groups = runbooks.iter().flat_map(|b| &b.steps).filter_map(|s| s.parent.clone()).collect();
        Self { runbooks, rows, by_id, groups }
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

    /// Every step, in order.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.runbooks.iter().flat_map(|b| &b.steps)
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

//! What speaks against going forward now: a level that says no, or a gate before a step that is no GO.

use super::{Room, steps};
use crate::fact::{StepId, Verdict};
use crate::runbook::{Class, Step};
use crate::text::escape;

impl Room {
    /// What whoever is about to run a change has to know; nothing for what only looks, and for steps of a way back.
    pub(super) fn against_forward(&self, step: &Step, class: Class) -> Vec<String> {
        let looks = matches!(class, Class::Read | Class::Illustration);
        let backwards = || {
            let plans = 0..self.plan.rollbacks.len();
            steps::way_back(step) || plans.into_iter().any(|ix| self.rollback_steps(ix).contains(&step.id))
        };
        if looks || backwards() {
            return Vec::new();
        }
        let mut out = self.no_return(&step.id);
        if self.level_says().is_some_and(|(_, says)| says == Verdict::NoGo)
            && let Some(level) = self.level()
        {
            out.push(format!("the room is on {}", escape(&level.short())));
        }
        if let Some(gate) = self.gate_before(step).and_then(|ix| self.gate(ix)).filter(|g| g.verdict != Verdict::Go) {
            let decided = if gate.decision.is_some() { "" } else { ", not decided" };
            out.push(format!(
                "gate {} before it is {}{decided}: {}",
                escape(&gate.name),
                gate.verdict,
                escape(&gate.reason)
            ));
        }
        out
    }

    /// Which ways back do not work any more once a step is begun, in words; those that do not work already are no news.
    pub fn no_return(&self, id: &StepId) -> Vec<String> {
        let still = self.plan.rollbacks.iter().filter(|plan| self.passed(plan.until.as_ref()).is_none());
        let ends = still.filter(|plan| {
            let until = plan.until.as_ref();
            until.is_some() && self.steps_under(until).any(|step| step.id == *id)
        });
        ends.map(|plan| {
            format!("no way back behind this: \"{}\" does not work any more once it is begun", escape(&plan.name))
        })
        .collect()
    }

    /// The last gate that stands before a step in its runbook.
    fn gate_before(&self, step: &Step) -> Option<usize> {
        let book = self.book.runbooks.iter().position(|b| b.steps.iter().any(|s| s.id == step.id))?;
        let line = |ix: usize| {
            let at = self.plan.gates.get(ix)?.at.as_ref()?;
            at.line.filter(|line| at.book == Some(book as u32) && *line < step.line)
        };
        let before =
            (0..self.plan.gates.len()).filter(|ix| line(*ix).is_some() && !self.gate_steps(*ix).contains(&step.id));
        before.max_by_key(|ix| line(*ix))
    }
}

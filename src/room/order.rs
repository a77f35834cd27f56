//! The order of steps: what a step waits for, and in what way one was done out of its order or before its time.

use chrono::TimeDelta;

use super::{Room, Status};
use crate::clock::clock_span;
use crate::fact::StepId;
use crate::plan::schedule::Order;
use crate::runbook::{Step, StepKind};

/// A clock time in a runbook is meant to the minute.
const MINUTE: TimeDelta = TimeDelta::minutes(1);

impl Room {
    /// Whether steps like this one wait for those before them in their section: those of a numbered list or a timeline do,
    /// with `order = "strict"` all of them; where the section says parallel, none.
    pub fn keeps_order(&self, step: &Step) -> bool {
        if self.book.is_parallel(step) {
            return false;
        }
        self.plan.room.order == Order::Strict
            || matches!(step.kind, StepKind::Numbered | StepKind::Timeline | StepKind::Substep)
    }

    /// The first open step that a step waits for.
    pub fn waits_for<'a>(&'a self, step: &'a Step) -> Option<&'a Step> {
        if !self.keeps_order(step) {
            return None;
        }
        let open = |s: &&Step| !self.status(&s.id).settled();
        if self.plan.room.order == Order::Strict {
            return self.book.section_before(step).find(open);
        }
        self.book.ordered_before(step).find(open)
    }

    /// In what way beginning or ticking a step now is out of the ordinary, in words; `None` where it is in its turn.
    pub fn irregular(&self, id: &StepId) -> Option<String> {
        let step = self.book.find(id).filter(|s| !self.book.is_group(&s.id))?;
        if let Some(before) = self.waits_for(step) {
            return Some(format!("before \"{}\"", self.shown(&before.text)));
        }
        // What was begun in its time may be done at any time; a line of a timeline says when something is to be reached.
        if step.kind == StepKind::Timeline || self.status(id) == Status::Running {
            return None;
        }
        let early = self.due(step)? - self.now.utc;
        (early >= MINUTE).then(|| format!("{} early", clock_span(early.to_std().unwrap_or_default())))
    }

    /// Why a step may not be begun or ticked without a reason: before its turn, or before its time. `None` where it may.
    pub fn out_of_turn(&self, id: &StepId) -> Option<String> {
        if self.plan.room.order != Order::Strict {
            return None;
        }
        let step = self.book.find(id)?;
        if let Some(before) = self.waits_for(step) {
            return Some(format!(
                "is not in its turn: \"{}\" is open; give a reason to go on",
                self.shown(&before.text)
            ));
        }
        // A time that stands at the step is when it begins, not before.
        let how = self.irregular(id)?;
        Some(format!("is not due yet, it would be {how}; give a reason to go on"))
    }
}

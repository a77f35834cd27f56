//! Steps bound to conditions: each a single step, and a condition that can come true while it is open.

use super::super::decisions::TickPlan;
use super::super::raw::RawTick;
use super::Resolver;
use super::decisions::Known;
use super::places::Wanted;
use crate::condition::Test;
use crate::fact::ServiceState;
use crate::finding::codes;
use crate::runbook::Runbook;

impl Resolver<'_> {
    pub(super) fn tick(&mut self, raw: &RawTick, known: &Known, books: &[Runbook]) -> Option<TickPlan> {
        let named = raw.step.as_ref()?;
        let step = self.place(&known.places, named, Wanted::Step);
        let of = step.book.and_then(|ix| books.get(ix as usize));
        let found = of.and_then(|book| book.steps.iter().find(|s| Some(s.line) == step.line));
        if let (Some(book), Some(found)) = (of, found)
            && book.steps.iter().any(|s| s.parent.as_ref() == Some(&found.id))
        {
            let message = format!("\"{}\" is a group: its state comes from the steps in it", named.get_ref());
            self.r.report(codes::BAD_VALUE, named.span(), message, "bind each of the steps in it");
        }
        let text = raw.when.as_ref()?;
        let when = self.condition(text, known)?;
        if when.expr.leaves().into_iter().any(|test| *test == Test::StepsDone) {
            let message = "`steps done` waits for this step too, so it would never be ticked";
            let help = "bind it to what is measured, as in \"error rate < 1%\" or \"services up\"";
            self.r.report(codes::BAD_VALUE, text.span(), message, help);
        }
        let blind =
            |test: &Test| matches!(test, Test::HasData { .. } | Test::Service { state: ServiceState::Stale, .. });
        if when.expr.leaves().into_iter().any(blind) {
            let message = "that something is not seen, or is, proves nothing of the step";
            let help = "bind it to what is measured, as in \"error rate < 1%\" or \"api up\"";
            self.r.report(codes::BAD_VALUE, text.span(), message, help);
        }
        Some(TickPlan { step, when, for_: self.duration_or_zero(raw.for_.as_ref()) })
    }
}

//! The flight-check: what runbook and plan say together that will hurt at T-0, found before it.

use crate::finding::Finding;
use crate::plan::Plan;
use crate::runbook::Runbook;

/// Everything the flight-check finds in the runbooks and, if there is one, the plan. `texts` are the runbooks' texts as repaired for
/// reading, in the same order, for places and carets. Pure; the order is that of the runbooks, then by place.
pub fn flight_check(_runbooks: &[Runbook], _texts: &[&str], _plan: Option<&Plan>) -> Vec<Finding> {
    Vec::new()
}

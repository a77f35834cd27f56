//! Words of steps: which one, and what somebody says of it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Identity of a step, stable over restarts and edits of the runbook: 16 hex digits, or the author's `<!-- id: x -->`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub Arc<str>);

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for StepId {
    fn from(id: &str) -> Self {
        Self(Arc::from(id))
    }
}

/// What somebody says of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// Reopened: back to todo.
    Todo,
    /// Begun.
    Running,
    /// Done.
    Done,
    /// Tried and failed; needs a reason.
    Failed,
    /// Left out on this run; needs a reason.
    Skipped,
    /// Does not apply here; needs a reason.
    NotApplicable,
    /// Left out by somebody's authority; needs a reason.
    Waived,
}

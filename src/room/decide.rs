//! An operator's intent becomes facts to record, or a refusal that says what is missing.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Effect, Room};
use crate::fact::StepId;
use crate::text::Untrusted;

/// What an operator wants. The same on a key, on the control socket and in a script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Intent {
    /// Say that a step is done; on a group, that all its remaining steps are.
    Tick {
        /// Which.
        step: StepId,
    },
    /// Take back what was last said of a step.
    Reopen {
        /// Which.
        step: StepId,
    },
    /// Take back my own last mark, whichever step it was on.
    Undo,
    /// Begin a step.
    Start {
        /// Which.
        step: StepId,
    },
    /// Say that a step failed.
    Fail {
        /// Which.
        step: StepId,
        /// Why.
        reason: Untrusted,
    },
    /// Leave a step out on this run.
    Skip {
        /// Which.
        step: StepId,
        /// Why.
        reason: Untrusted,
    },
    /// Say that a step does not apply.
    NotApplicable {
        /// Which.
        step: StepId,
        /// Why.
        reason: Untrusted,
    },
    /// Leave a step out by authority; needs a role that decides, where the plan has roles.
    Waive {
        /// Which.
        step: StepId,
        /// Why.
        reason: Untrusted,
    },
    /// Note something on a step, or on the room.
    Note {
        /// Which; `None` is the room.
        #[serde(default)]
        step: Option<StepId>,
        /// What.
        text: Untrusted,
    },
    /// Give a step an owner; an empty name takes it away.
    Own {
        /// Which.
        step: StepId,
        /// Who.
        owner: Untrusted,
    },
    /// Add a step to the run.
    Add {
        /// After which; `None` is the end.
        #[serde(default)]
        after: Option<StepId>,
        /// Its text.
        text: Untrusted,
    },
    /// Set, move or unset T-0.
    SetT0 {
        /// The moment; `None` unsets it.
        t0: Option<DateTime<Utc>>,
    },
    /// Close the room: the next start begins a new journal.
    Close {
        /// Why.
        reason: Untrusted,
    },
}

/// Why not, in a sentence that says what is missing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

/// What an intent would record, or why it may not. Reads only.
pub fn decide(room: &Room, intent: &Intent) -> Result<Vec<Effect>, Refusal> {
    let _ = (room, intent);
    Err(Refusal("not yet".to_owned()))
}

//! What is recorded when the room ticks a step by itself, because the plan binds it to a condition.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::StepId;
use super::gate::Seen;
use crate::clock::Stamp;
use crate::text::Untrusted;

/// A step that the watch ticked, with what it saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ticked {
    /// Which.
    pub step: StepId,
    /// The condition, as it is written in the plan.
    pub when: Untrusted,
    /// Seconds for which it had held, with data, since it was the step's turn.
    pub held: f64,
    /// What each part of it looked at.
    pub seen: Vec<Seen>,
    /// The newest mark on this step that the watch had seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saw: Option<Stamp>,
}

impl fmt::Display for Ticked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "by itself, since {}", self.when.raw())?;
        let seen: Vec<&str> = self.seen.iter().map(|s| s.words.raw()).filter(|words| !words.is_empty()).collect();
        if seen.is_empty() { Ok(()) } else { write!(f, ": {}", seen.join(", ")) }
    }
}

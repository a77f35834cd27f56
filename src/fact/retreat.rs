//! Words of levels and rollbacks as they are recorded: what was decided, how far a rollback has come, and by whose hand.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What somebody decided about a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// Look on for as long again.
    Wait,
    /// Roll back.
    Rollback,
    /// Go on as it is.
    GoOn,
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wait => "wait",
            Self::Rollback => "roll back",
            Self::GoOn => "go on",
        })
    }
}

/// How far a rollback plan has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// Nothing was done about it.
    #[default]
    Idle,
    /// Looked through: answers there, targets named.
    Prepared,
    /// Ready to fire.
    Armed,
    /// Its steps are being done.
    Fired,
    /// Its steps are done; it is watched whether that helped.
    Verifying,
    /// It helped, for as long as was asked.
    Complete,
    /// Given up.
    Aborted,
}

impl Rung {
    /// Its steps are being done, or it is watched whether that helped.
    pub fn under_way(self) -> bool {
        matches!(self, Self::Fired | Self::Verifying)
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idle => "idle",
            Self::Prepared => "prepared",
            Self::Armed => "armed",
            Self::Fired => "fired",
            Self::Verifying => "verifying",
            Self::Complete => "complete",
            Self::Aborted => "aborted",
        })
    }
}

/// By whose hand something was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hand {
    /// The person's whose name stands there.
    #[default]
    Person,
    /// The room's own, as the plan says.
    Room,
}

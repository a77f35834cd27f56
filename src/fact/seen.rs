//! Words of what the watch sees: states of services, the verdict, alerts, how things were before.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::Untrusted;

/// The six states of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceState {
    /// Answers as expected.
    Up,
    /// Answers as expected, but slow or with another version than the target.
    Degraded,
    /// A confirmed failure.
    Down,
    /// No answer yet, or a failure not yet confirmed.
    Pending,
    /// Expected to be down.
    Maintenance,
    /// No answer newer than two intervals.
    Stale,
}

impl fmt::Display for ServiceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Pending => "pending",
            Self::Maintenance => "maintenance",
            Self::Stale => "stale",
        })
    }
}

/// Whether to go on. Unknown is WAIT, never GO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Everything judged holds, with data.
    Go,
    /// Something judged is broken.
    NoGo,
    /// Not known, or not for long enough.
    Wait,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Go => "GO",
            Self::NoGo => "NO-GO",
            Self::Wait => "WAIT",
        })
    }
}

/// What became of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertWord {
    /// It holds, not yet for long enough.
    Pending,
    /// It has held for long enough.
    Firing,
    /// It fired, and is over.
    Resolved,
    /// It never fired.
    Withdrawn,
}

impl fmt::Display for AlertWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Resolved => "resolved",
            Self::Withdrawn => "withdrawn",
        })
    }
}

/// How creating a silence elsewhere went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum There {
    /// It is there.
    Created {
        /// Its identity there.
        id: Untrusted,
    },
    /// It is not, or nobody can tell.
    Failed {
        /// Why.
        why: Untrusted,
    },
}

/// A metric's samples of a stretch of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Captured {
    /// The metric's name.
    pub metric: Untrusted,
    /// In its unit, in order of time; thinned evenly when there were too many to keep.
    pub values: Vec<f64>,
}

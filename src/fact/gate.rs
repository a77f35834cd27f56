//! What is recorded of gates: votes, how the criteria stand, and decisions with the evidence they were taken on.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Hash, Verdict};
use crate::text::Untrusted;

/// What somebody says of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vote {
    /// Go on.
    Go,
    /// Do not; stands until its voter takes it back.
    NoGo,
    /// Asked, and leaves it to the others.
    Abstain,
    /// Takes back what was said before.
    Withdrawn,
}

impl fmt::Display for Vote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Go => "GO",
            Self::NoGo => "NO-GO",
            Self::Abstain => "abstains",
            Self::Withdrawn => "withdrawn",
        })
    }
}

/// How a gate's criteria stand, all together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stand {
    /// Every one holds, with data.
    Holds,
    /// All that is missing is steps that are not done.
    Waiting,
    /// None is broken, and one has no data.
    Blind,
    /// One is broken.
    Broken,
}

impl fmt::Display for Stand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Holds => "criteria hold",
            Self::Waiting => "waits for steps",
            Self::Blind => "has no data",
            Self::Broken => "broken",
        })
    }
}

/// What a decision on a gate was taken on, frozen. Numbers carry nine digits, so that they read back as written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// When it was frozen.
    pub at: DateTime<Utc>,
    /// What the room computed then.
    pub computed: Verdict,
    /// Why, in words.
    pub reason: Untrusted,
    /// The criteria, in the plan's order.
    pub criteria: Vec<Seen>,
    /// Seconds of healthy time asked for and had.
    pub dwell: (f64, f64),
    /// The level the room was on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Untrusted>,
    /// Steps before the gate: settled, all.
    pub steps: (u32, u32),
    /// Those that were open, at most 20.
    pub open: Vec<Untrusted>,
    /// Votes that stood.
    pub votes: Vec<VoteSeen>,
    /// What the charts showed of the last ten minutes.
    pub charts: Vec<ChartSeen>,
    /// SHA-256 of the plan's file, hex.
    pub plan: String,
    /// SHA-256 of each runbook, hex, in the plan's order.
    pub runbooks: Vec<String>,
}

/// A criterion with what it looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// As written in the plan.
    pub text: Untrusted,
    /// `pass`, `fail` or `no data`.
    pub state: String,
    /// The number it looked at, in its unit.
    pub value: Option<f64>,
    /// What that was compared with.
    pub threshold: Option<f64>,
    /// The unit of both.
    pub unit: Option<String>,
    /// Samples behind it.
    pub samples: u64,
    /// Seconds since the newest of them.
    pub age: Option<f64>,
    /// In words.
    pub words: Untrusted,
}

/// A vote that stood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VoteSeen {
    /// For which role.
    pub role: Untrusted,
    /// Whose.
    pub person: Untrusted,
    /// What.
    pub vote: Vote,
    /// Given when.
    pub at: DateTime<Utc>,
}

/// A metric's last ten minutes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChartSeen {
    /// Its name.
    pub metric: Untrusted,
    /// Its unit.
    pub unit: Option<String>,
    /// At most 60 stretches of ten seconds, oldest first: seconds before the decision, lowest and highest value. A spike is
    /// never averaged away.
    pub points: Vec<[f64; 3]>,
}

impl Evidence {
    /// SHA-256 of its canonical JSON: keys in order, no blanks.
    pub fn hash(&self) -> Hash {
        let canonical = serde_json::to_value(self).map(|v| v.to_string()).unwrap_or_default();
        Hash(Sha256::digest(canonical.as_bytes()).into())
    }
}

/// A number as evidence keeps it: nine digits, nothing that is not finite.
pub fn kept(value: f64) -> Option<f64> {
    if value.is_finite() { format!("{value:.8e}").parse().ok() } else { None }
}

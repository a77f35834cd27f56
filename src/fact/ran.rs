//! What is recorded of a step's command that was run: that it will start, and how it ended.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::StepId;
use crate::text::Untrusted;

/// A command is about to start; written before it does, and only the process that wrote it starts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStarted {
    /// Identity of this attempt.
    pub run: Uuid,
    /// Of which step.
    pub step: StepId,
    /// Which of the step's commands, from 0.
    pub command: u32,
    /// The command in a line, secrets masked.
    pub what: Untrusted,
    /// SHA-256, hex, over exactly what was shown: step, arguments, script, folder, variables, host.
    pub hash: String,
    /// The machine it runs on.
    pub host: Untrusted,
    /// Which attempt of this command it is, from 1.
    pub attempt: u32,
    /// Why it is run now, where something spoke against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Untrusted>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnded {
    /// Which attempt.
    pub run: Uuid,
    /// Its exit status; none when a signal ended it, or nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// The signal that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// How long it ran, in milliseconds; 0 where nobody knows.
    pub took: u64,
    /// What that means.
    pub verdict: RunVerdict,
    /// Why, in words.
    pub why: Untrusted,
    /// The output's beginning, at most 32 KiB, secrets masked.
    pub head: Untrusted,
    /// The output's end behind the beginning, at most 32 KiB, secrets masked.
    pub tail: Untrusted,
    /// Bytes between them that were dropped.
    #[serde(default)]
    pub dropped: u64,
    /// Who stopped it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub killed_by: Option<Untrusted>,
}

/// Why the room stopped a run: the condition that aborts it, and what was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Aborted {
    /// The condition, as it is written.
    pub when: Untrusted,
    /// What was found, in words: `error rate 1.2% > 0.5%`.
    pub found: Untrusted,
    /// The number that was found, in its metric's unit, where the condition asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Since when it held.
    pub since: DateTime<Utc>,
    /// For how many seconds it had to hold.
    #[serde(rename = "for", default)]
    pub for_: f64,
}

impl fmt::Display for Aborted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.found.fmt(f)?;
        match std::time::Duration::try_from_secs_f64(self.for_) {
            Ok(held) if !held.is_zero() => write!(f, " for {}", crate::clock::age(held)),
            _ => Ok(()),
        }
    }
}

/// What a run's end means. Unknown is never success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunVerdict {
    /// It ended well, and what was expected of it is there.
    Pass,
    /// It failed, was stopped, or something expected is missing.
    Fail,
    /// Nobody can tell: a person has to look.
    Unknown,
}

impl fmt::Display for RunVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "passed",
            Self::Fail => "failed",
            Self::Unknown => "unknown",
        })
    }
}

//! What a scripted team waits for before it goes on.

use std::fmt;

use serde::Deserialize;

use crate::fact::retreat::Rung;
use crate::fact::{RunVerdict, ServiceState, StepId, Verdict};
use crate::room::Room;

/// Something that is to come about.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Wish {
    /// The room's verdict is this.
    Verdict(Verdict),
    /// The room is on this level; `none` is no level.
    Level {
        /// Its name.
        level: String,
    },
    /// A gate's verdict is this.
    Gate {
        /// Its name.
        gate: String,
        /// GO, NO-GO or WAIT.
        is: Verdict,
    },
    /// A rollback plan has come this far.
    Rollback {
        /// Its name.
        rollback: String,
        /// How far.
        is: Rung,
    },
    /// A service is in this state.
    Service {
        /// Its name.
        service: String,
        /// Which.
        is: ServiceState,
    },
    /// A step's command has been run this often and passed the last time.
    #[serde(skip)]
    Ran(StepId, usize),
}

impl Wish {
    /// Whether it has come about.
    pub fn holds(&self, room: &Room) -> bool {
        match self {
            Self::Verdict(verdict) => room.live.verdict.verdict == *verdict,
            Self::Level { level } => room.level().map_or_else(|| level == "none", |now| now.name == *level),
            Self::Gate { gate, is } => {
                room.gate_named(gate).and_then(|ix| room.gate(ix)).is_some_and(|g| g.verdict == *is)
            }
            Self::Rollback { rollback, is } => room.progress.retreat.way(rollback).rung == *is,
            Self::Service { service, is } => {
                let mut all = room.plan.services.iter().zip(&room.live.services);
                all.any(|(plan, live)| plan.name == *service && live.state == *is)
            }
            Self::Ran(step, times) => {
                let runs = room.progress.attempts(step);
                let last = runs.last().and_then(|(_, run)| run.end());
                runs.len() >= *times && last.is_some_and(|(_, end)| end.verdict == RunVerdict::Pass)
            }
        }
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verdict(verdict) => write!(f, "{verdict}"),
            Self::Level { level } => write!(f, "level {level}"),
            Self::Gate { gate, is } => write!(f, "gate {gate}: {is}"),
            Self::Rollback { rollback, is } => write!(f, "rollback {rollback}: {is}"),
            Self::Service { service, is } => write!(f, "{service} {is}"),
            Self::Ran(step, _) => write!(f, "the end of the command of step {step}"),
        }
    }
}

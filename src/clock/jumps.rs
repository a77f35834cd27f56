//! Jumps of the clocks: a wall clock that was set, a machine that slept; found by comparing three clocks, never by one.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// Less than this between two readings is the clocks' own slew and the time it takes to read them.
const SLACK: Duration = Duration::from_millis(900);

/// Three clocks read together at an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Wall clock; jumps when somebody sets it.
    pub utc: DateTime<Utc>,
    /// Time since some fixed moment, standing still while the machine sleeps (`CLOCK_MONOTONIC`).
    pub mono: Duration,
    /// The same going on while the machine sleeps (`CLOCK_BOOTTIME`).
    pub boot: Duration,
}

/// What happened between two readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jump {
    /// The wall clock was set, by so much; back where negative.
    Stepped(TimeDelta),
    /// The machine slept for so long.
    Suspended(Duration),
}

impl Jump {
    /// What it was between two readings of the same machine, the earlier first: a sleep, a step of the wall clock, both.
    /// Time between the readings that passed on every clock is none, however long.
    pub fn between(before: Reading, after: Reading) -> impl Iterator<Item = Self> {
        let (boot, mono) = (after.boot.saturating_sub(before.boot), after.mono.saturating_sub(before.mono));
        let slept = boot.saturating_sub(mono);
        // The wall clock goes on in a sleep, as the boot clock does.
        let passed = TimeDelta::from_std(boot).unwrap_or(TimeDelta::MAX);
        let stepped = (after.utc - before.utc).checked_sub(&passed).unwrap_or(TimeDelta::zero());
        let slept = (slept > SLACK).then_some(Self::Suspended(slept));
        let stepped = (stepped.abs().to_std().is_ok_and(|by| by > SLACK)).then_some(Self::Stepped(stepped));
        slept.into_iter().chain(stepped)
    }
}

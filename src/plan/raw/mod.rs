//! `warroom.toml` as typed: every key that exists, nothing checked but its type, each value with its place.

mod decisions;
mod read;
mod schedule;
mod services;
mod values;

use std::ops::Range;

use toml::Spanned;

pub(super) use decisions::{
    RawAbort, RawBaseline, RawBreaker, RawGate, RawLevel, RawMaintenance, RawProfile, RawRollback, RawRule, RawTick,
    RawWindow,
};
pub(super) use schedule::{RawDrumbeat, RawHold, RawPhase};
pub(super) use services::{RawColumn, RawExpect, RawService, RawSide, RawState, RawTable};
pub(super) use values::{From, RawCommand, RawFilled, RawPace, RawTime, Secrecy, Text, Words};

#[derive(Default)]
pub(super) struct RawPlan {
    pub room: RawRoom,
    pub params: Vec<(Text, RawParam)>,
    pub roles: Vec<RawRole>,
    pub defaults: RawPace,
    pub services: Vec<RawService>,
    pub sources: Vec<RawSource>,
    pub metrics: Vec<RawMetric>,
    pub slos: Vec<RawSlo>,
    pub rules: Vec<RawRule>,
    pub maintenance: Vec<RawMaintenance>,
    pub baseline: Option<RawBaseline>,
    pub gates: Vec<RawGate>,
    pub windows: Vec<RawWindow>,
    pub levels: Vec<RawLevel>,
    pub rollbacks: Vec<RawRollback>,
    pub breakers: Vec<RawBreaker>,
    pub aborts: Vec<RawAbort>,
    pub ticks: Vec<RawTick>,
    pub profiles: Vec<RawProfile>,
    pub logs: Vec<RawLog>,
    pub notify: Vec<RawNotify>,
    pub heartbeat: Option<RawHeartbeat>,
    pub holds: Vec<RawHold>,
    pub phases: Vec<RawPhase>,
    pub drumbeats: Vec<RawDrumbeat>,
}

#[derive(Default)]
pub(super) struct RawRoom {
    pub name: Option<Text>,
    pub runbook: Vec<Text>,
    pub t0: Option<RawTime>,
    pub window: Option<Text>,
    pub environment: Option<Text>,
    pub zone: Option<Text>,
    pub show_zones: Vec<Text>,
    pub profile: Option<Text>,
    pub journal: Option<Text>,
    pub group: Option<Text>,
    pub env: Vec<RawFilled>,
    pub order: Option<Text>,
    pub run: Vec<(Text, RawCommand)>,
}

#[derive(Default)]
pub(super) struct RawParam {
    pub ask: Option<Text>,
    pub pattern: Option<Text>,
    pub placeholders: Vec<Text>,
    pub value: Option<RawFilled>,
}

pub(super) struct RawRole {
    pub name: Option<Text>,
    pub people: Vec<Text>,
    pub decides: Vec<Text>,
    pub runs: Option<Vec<Text>>,
}

pub(super) struct RawSource {
    pub name: Text,
    pub scrape: Option<RawFilled>,
    pub prometheus: Option<RawFilled>,
    pub alertmanager: Option<RawFilled>,
    pub rules: Vec<Text>,
    pub notify: Vec<Text>,
    pub alerts: Option<Spanned<bool>>,
    pub headers: Vec<(Text, RawFilled)>,
    pub pace: RawPace,
}

pub(super) struct RawMetric {
    pub name: Option<Text>,
    pub unit: Option<Text>,
    pub query: Option<Text>,
    pub source: Option<Text>,
    pub from: Option<Text>,
    pub of: Option<Text>,
    pub service: Option<Text>,
    pub json: Option<RawJson>,
    pub command: Option<RawCommand>,
    pub objective: Option<Text>,
    pub bands: Option<Spanned<Vec<Text>>>,
    pub pace: RawPace,
}

/// `[[slo]]`.
pub(super) struct RawSlo {
    pub at: Range<usize>,
    pub name: Option<Text>,
    pub target: Option<Text>,
    pub period: Option<Text>,
    pub source: Option<Text>,
    pub bad: Option<Text>,
    pub good: Option<Text>,
    pub total: Option<Text>,
    pub spend: Option<Spanned<i64>>,
    pub severity: Option<Text>,
    pub notify: Vec<Text>,
}

pub(super) struct RawJson {
    pub at: Range<usize>,
    pub url: Option<RawFilled>,
    pub pointer: Option<Text>,
    pub headers: Vec<(Text, RawFilled)>,
}

pub(super) struct RawLog {
    pub name: Option<Text>,
    pub file: Option<RawFilled>,
    pub command: Option<RawFilled>,
    pub alarm: Vec<Text>,
}

pub(super) struct RawNotify {
    pub name: Text,
    pub at: Range<usize>,
    pub pagerduty: Option<RawChannel>,
    pub slack: Option<RawChannel>,
    pub webhook: Option<RawFilled>,
    pub command: Option<RawCommand>,
    pub escalate: Vec<RawEscalation>,
    pub group_by: Option<Text>,
    pub changes: bool,
}

/// `pagerduty = { routing_key, url }`, `slack = { webhook }`.
pub(super) struct RawChannel {
    pub target: Option<RawFilled>,
    pub url: Option<RawFilled>,
}

/// One of `escalate = [{ after, to }]`.
pub(super) struct RawEscalation {
    pub after: Option<Text>,
    pub to: Option<Text>,
}

pub(super) struct RawHeartbeat {
    pub url: Option<RawFilled>,
    pub every: Option<Text>,
}

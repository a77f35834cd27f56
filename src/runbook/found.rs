//! What prose declares: decisions, numbers, services, people, windows, ladders, environments, contacts and flags.

use serde::Serialize;

use super::At;
use crate::text::Untrusted;

/// A decision declared in prose.
#[derive(Clone, Debug, Serialize)]
pub struct Gate {
    /// What is decided.
    pub title: Untrusted,
    /// 1-based.
    pub line: u32,
    /// When.
    pub at: Option<At>,
    /// What must hold, as written.
    pub criteria: Vec<Untrusted>,
}

/// A number to hold against.
#[derive(Clone, Debug, Serialize)]
pub struct Threshold {
    /// As written.
    pub metric: Untrusted,
    /// `< <= > >= == in`.
    pub op: String,
    /// A number, or `[lo, hi]` with `in`.
    pub value: serde_json::Value,
    /// `% ms s min h d /s /min rps count MB MiB GB GiB`, or none.
    pub unit: Option<String>,
    /// Sustained for, seconds.
    #[serde(rename = "for")]
    pub for_s: Option<u64>,
    /// `info warn page rollback`, or none.
    pub severity: Option<String>,
    /// `baseline`, or none.
    pub relative_to: Option<String>,
    /// 1-based.
    pub line: u32,
    /// The words it was read from.
    pub text: Untrusted,
    /// Title of the nearest heading.
    pub under: Option<Untrusted>,
}

/// Something that can be up or down.
#[derive(Clone, Debug, Serialize)]
pub struct Service {
    /// Its name.
    pub name: Untrusted,
    /// Where it answers.
    pub url: Option<Untrusted>,
    /// Its port.
    pub port: Option<u16>,
    /// Its health path.
    pub health: Option<Untrusted>,
    /// 1-based.
    pub line: u32,
    /// What a healthy answer says, as written: a JSON body or a status code.
    pub expects: Option<Untrusted>,
}

/// Who does what.
#[derive(Clone, Debug, Serialize)]
pub struct Role {
    /// The role.
    pub name: Untrusted,
    /// Who holds it.
    pub person: Option<Untrusted>,
    /// What it does.
    pub duty: Untrusted,
    /// 1-based.
    pub line: u32,
}

/// What somebody has to fill in.
#[derive(Clone, Debug, Serialize)]
pub struct Placeholder {
    /// As written.
    pub text: Untrusted,
    /// Where, 1-based.
    pub lines: Vec<u32>,
}

/// A time of watching: `1:00 PM - 1:30 PM (CRITICAL MONITORING)`, `Monitor dashboards for 24h`.
#[derive(Clone, Debug, Serialize)]
pub struct Window {
    /// What it is called, or the sentence that asks for it.
    pub title: Untrusted,
    /// 1-based.
    pub line: u32,
    /// When it begins.
    pub at: Option<At>,
    /// How long it lasts, in seconds.
    pub length: Option<u64>,
    /// What is looked at, and how often.
    pub checks: Vec<Check>,
}

/// `Check error rates every 2 minutes`.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What is looked at, as written.
    pub text: Untrusted,
    /// Seconds between two looks.
    pub every: u64,
    /// 1-based.
    pub line: u32,
}

/// A change that reaches more and more users: `5% → 25% → 100%`, or from cohort to cohort.
#[derive(Clone, Debug, Serialize)]
pub struct Ladder {
    /// The heading it stands under.
    pub title: Untrusted,
    /// Of its first stage, 1-based.
    pub line: u32,
    /// In the order of the text.
    pub stages: Vec<Stage>,
}

/// One rung of a ladder; it has a percentage, a cohort, or both.
#[derive(Clone, Debug, Serialize)]
pub struct Stage {
    /// Of the traffic or the users, 0 to 100.
    pub percent: Option<f64>,
    /// Who, as written: `pilot tenants`.
    pub cohort: Option<Untrusted>,
    /// When it begins.
    pub at: Option<At>,
    /// How long it is watched before the next one, in seconds.
    pub dwell: Option<u64>,
    /// 1-based.
    pub line: u32,
}

/// Where things run.
#[derive(Clone, Debug, Serialize)]
pub struct Environment {
    /// As written.
    pub name: Untrusted,
    /// Its address, where one is said.
    pub url: Option<Untrusted>,
    /// Where it is first named, 1-based.
    pub line: u32,
}

/// How a person, a role or a room is reached.
#[derive(Clone, Debug, Serialize)]
pub struct Contact {
    /// Who or what.
    pub name: Untrusted,
    /// 1-based.
    pub line: u32,
    /// In the order of the text.
    pub ways: Vec<Way>,
}

/// One way to reach somebody.
#[derive(Clone, Debug, Serialize)]
pub struct Way {
    /// What it is.
    pub kind: WayKind,
    /// As written.
    pub text: Untrusted,
    /// Whether it can be used.
    pub standing: Standing,
}

/// What a way of reaching somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WayKind {
    /// A person's name.
    Person,
    /// A number to call.
    Phone,
    /// An address.
    Email,
    /// `@handle` or `#channel`.
    Chat,
    /// A page or a meeting.
    Link,
}

/// Whether something was filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It was.
    Given,
    /// `TBD`, `+1-XXX-XXXX`, `<Phone>`: somebody still has to.
    Open,
}

/// A feature flag.
#[derive(Clone, Debug, Serialize)]
pub struct Flag {
    /// Its name.
    pub name: Untrusted,
    /// Where it is first named, 1-based.
    pub line: u32,
    /// What is done to it, in the order of the text.
    pub changes: Vec<Change>,
}

/// What is done to a flag.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// On or off, where that is said.
    pub enabled: Option<bool>,
    /// For how much of the traffic.
    pub percent: Option<f64>,
    /// 1-based.
    pub line: u32,
}

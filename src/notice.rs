//! What is told to people who do not look at the screen: one notice to one channel.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::text::Untrusted;

/// One message to one channel. Telling it twice is allowed (at least once); receivers fold by `key`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Identity, made once when it is queued; the same through every try and restart.
    pub id: Uuid,
    /// Name of the channel: `[notify.NAME]`.
    pub channel: String,
    /// What belongs together at the receiver (PagerDuty's `dedup_key`): the alert's episode, or that of its group. At most 255
    /// bytes.
    pub key: String,
    /// What it says of it.
    pub action: Action,
    /// How bad it is.
    pub severity: Severity,
    /// The room's name.
    pub room: Untrusted,
    /// The alert's name; none for what is about the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<String>,
    /// One line that says it all.
    pub summary: Untrusted,
    /// Further facts, in order: a word and its value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<(String, Untrusted)>,
    /// The alerts it speaks of, where it speaks of several that have something in common.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
    /// When what it tells of began.
    pub since: DateTime<Utc>,
    /// When it was queued.
    pub at: DateTime<Utc>,
}

/// Alerts that are told together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// What they have in common: the name of a rule, or of a service.
    pub by: Untrusted,
    /// The channel that is told of them together; others hear of them from its ladder.
    pub home: String,
    /// How many of them fire.
    pub firing: usize,
    /// Those that are named here for the first time, at most [`NAMED`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Member>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its breach.
    pub episode: Uuid,
    /// Its name.
    pub name: Untrusted,
}

/// Members that one notice names: so many short names find room in one message wherever it goes.
pub const NAMED: usize = 200;

impl Group {
    /// What tells a member from the others: its name without what they all have in common.
    pub fn short<'a>(&self, member: &'a Member) -> &'a str {
        let name = member.name.raw();
        name.strip_prefix(self.by.raw()).filter(|rest| rest.starts_with('{')).unwrap_or(name)
    }
}

/// What a notice says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It began, or goes on: somebody has to look.
    Trigger,
    /// Somebody looks.
    Acknowledge,
    /// It is over.
    Resolve,
    /// Something was changed on purpose (a deployment, a decision); wakes nobody.
    Change,
    /// A word for whoever reads along; wakes nobody.
    Inform,
    /// A test of the channel.
    Test,
}

/// How bad what a notice tells of is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Somebody should look soon.
    Warn,
    /// Wake somebody.
    Page,
    /// The way back is due.
    Rollback,
}

/// How telling a notice went so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Delivery {
    /// The receiver took it.
    Delivered {
        /// Tries that it took.
        tries: u32,
    },
    /// Not yet; it is tried again.
    Trying {
        /// Tries so far.
        tries: u32,
        /// Why the last one failed, masked.
        why: String,
        /// When the next one is due.
        again: DateTime<Utc>,
    },
    /// The receiver will never take it (a wrong key, a malformed request): nothing is tried again.
    Refused {
        /// Tries that it took.
        tries: u32,
        /// Why, masked.
        why: String,
    },
}

/// A notice and how it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Which.
    pub id: Uuid,
    /// How.
    pub delivery: Delivery,
}

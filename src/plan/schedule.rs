//! What a plan says about the countdown: holds, anchors of phases, drumbeats, how strictly steps keep their order.

use std::time::Duration;

use serde::Serialize;

use super::decisions::Place;
use super::{seconds, seconds_opt};
use crate::clock::Offset;

/// `[[hold]]`: a planned stop of the T-clock.
#[derive(Clone, Debug, Serialize)]
pub struct HoldPlan {
    /// Its name; shown as the reason.
    pub name: String,
    /// Where the clock stops.
    pub at: Offset,
    /// It lasts this long at least.
    #[serde(rename = "for", serialize_with = "seconds_opt")]
    pub for_: Option<Duration>,
    /// What ends it.
    pub until: HoldExit,
}

/// What ends a planned hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldExit {
    /// Its time; needs `for`.
    Time,
    /// Every step that is due before it is settled.
    Steps,
    /// Somebody who decides says so.
    Go,
    /// A gate of the plan.
    Gate(String),
}

/// `[[phase]]`: from where the times of a phase are counted.
#[derive(Clone, Debug, Serialize)]
pub struct PhasePlan {
    /// Its heading.
    pub at: Place,
    /// From where.
    pub anchor: Anchor,
}

/// From where the times of a phase are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Anchor {
    /// From when it was to begin.
    #[default]
    Planned,
    /// From when its first step was begun or done.
    Actual,
}

/// `[[drumbeat]]`: something to say again and again.
#[derive(Clone, Debug, Serialize)]
pub struct DrumbeatPlan {
    /// What to say; its name.
    pub say: String,
    /// From one time to the next.
    #[serde(serialize_with = "seconds")]
    pub every: Duration,
    /// Who says it.
    pub role: Option<String>,
    /// From T-0.
    pub from: Offset,
    /// From T-0; without, until the room is closed.
    pub until: Option<Offset>,
}

/// How strictly steps keep their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// A step of a numbered list or a timeline that is done before its turn is warned of and recorded.
    #[default]
    Warn,
    /// Every step of a section waits for those before it, unless the section says parallel; without a reason it is refused.
    Strict,
}

//! Words of the countdown: what ends a hold, and what comes back regularly.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What ends a hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "until")]
pub enum HoldUntil {
    /// Somebody who decides says so.
    Said,
    /// A moment; then it ends by itself.
    Time {
        /// Which.
        at: DateTime<Utc>,
    },
    /// A gate says GO, or somebody who decides ends it.
    Gate {
        /// Its name in the plan.
        gate: String,
    },
    /// Every step that is due before it is settled, and the moment has come where one is named.
    Steps {
        /// Not before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_before: Option<DateTime<Utc>>,
    },
}

/// A call that comes back regularly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallKind {
    /// Within a window: somebody says that all is well.
    CheckIn,
    /// A communication that is due again and again.
    Drumbeat,
}

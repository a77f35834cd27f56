//! Local times: each stands for one moment, or for none without its offset.

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

/// The moment of a local time; a sentence where the clocks are changed then, so that it is there twice or not at all.
pub fn local(zone: Tz, at: NaiveDateTime) -> Result<DateTime<Utc>, String> {
    match zone.from_local_datetime(&at) {
        LocalResult::Single(at) => Ok(at.to_utc()),
        LocalResult::Ambiguous(first, second) => Err(format!(
            "{at} is there twice in {zone}, the clocks go back; write it with its offset: {} or {}",
            first.to_rfc3339(),
            second.to_rfc3339()
        )),
        LocalResult::None => Err(format!(
            "{at} does not exist in {zone}, the clocks go forward; write it with its offset, as in 2025-10-21T12:00:00Z"
        )),
    }
}

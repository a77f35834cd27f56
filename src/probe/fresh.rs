//! How old something may be: moments as machines write them, and the verdict over an age.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{CommandLine, Outcome, Request};
use crate::clock::duration_text;
use crate::text::Untrusted;

/// Clocks of two machines may differ by so much; a moment farther ahead is wrong.
const AHEAD: TimeDelta = TimeDelta::minutes(5);
/// Epoch numbers from here on are milliseconds: as seconds this is the year 5138.
const MILLISECONDS: f64 = 1e11;
/// Epoch numbers from here on are neither.
const NO_MOMENT: f64 = 1e14;

/// What the age is taken from.
#[derive(Clone, Debug, PartialEq)]
pub enum Dated {
    /// When a file was last written; of a folder, the newest file in it. Nothing is opened, no link followed.
    File(String),
    /// A moment in a JSON answer.
    Json {
        /// The request.
        request: Request,
        /// RFC 6901 pointer to a moment.
        pointer: String,
    },
    /// A moment printed by a command: the first line with something on it.
    Command(CommandLine),
}

/// A moment as machines write them: RFC 3339, or seconds or milliseconds since 1970.
pub fn moment(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        // What Rust calls a number (`inf`, `NaN`) is none here.
        let digits = text.starts_with(|c: char| c.is_ascii_digit());
        return match number {
            _ if !digits => None,
            n if n < MILLISECONDS => DateTime::from_timestamp_millis((n * 1_000.0) as i64),
            n if n < NO_MOMENT => DateTime::from_timestamp_millis(n as i64),
            _ => None,
        };
    }
    DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)).ok().map(|at| at.to_utc())
}

/// Whether what happened at a moment is still fresh, and its age in words.
pub fn judge(at: DateTime<Utc>, max_age: Duration, now: DateTime<Utc>) -> (Outcome, Untrusted) {
    let age = now - at;
    if age < -AHEAD {
        let ahead = rough((-age).to_std().unwrap_or_default());
        let why = format!("its time lies {ahead} in the future, so one of the clocks is wrong");
        return (Outcome::Fail(why), Untrusted::new(format!("{ahead} ahead")));
    }
    let age = age.to_std().unwrap_or_default();
    let says = Untrusted::new(format!("{} old", rough(age)));
    if age > max_age {
        return (Outcome::Fail(format!("{} old, at most {}", rough(age), duration_text(max_age))), says);
    }
    (Outcome::Pass, says)
}

/// An age with its two largest units at most: `26h10m`, `3d4h`.
fn rough(age: Duration) -> String {
    let s = age.as_secs();
    let step = match s {
        ..3_600 => 1,
        3_600..86_400 => 60,
        _ => 3_600,
    };
    duration_text(Duration::from_secs(s - s % step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_machines_write_them() {
        let at = |text| moment(text).map(|at| at.timestamp_millis());
        for text in
            ["2025-10-21T12:00:00Z", "2025-10-21 14:00:00+02:00", " 1761048000\n", "1761048000000", "1761048000.0"]
        {
            assert_eq!(at(text), Some(1_761_048_000_000), "{text}");
        }
        for text in
            ["", "yesterday", "2025-10-21", "2025-10-21T12:00:00", "inf", "NaN", "-5", "1e300", "1761048000000000"]
        {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn too_old_fails_and_so_does_the_future() {
        let now = moment("2025-10-21T12:00:00Z").unwrap();
        let judge = |text| judge(moment(text).unwrap(), Duration::from_hours(26), now);
        assert_eq!(judge("2025-10-21T09:00:00Z"), (Outcome::Pass, "3h old".into()));
        assert_eq!(judge("2025-10-20T10:00:00Z").0, Outcome::Pass);
        let Outcome::Fail(old) = judge("2025-10-20T09:59:59Z").0 else { panic!("a second over is over") };
        assert!(old.ends_with("old, at most 26h") || old.ends_with("old, at most 1d2h"), "{old}");
        assert_eq!(judge("2025-10-21T12:05:00Z").0, Outcome::Pass, "clocks differ");
        let Outcome::Fail(ahead) = judge("2025-10-21T12:05:01Z").0 else { panic!("the future is wrong") };
        assert!(ahead.contains("future"), "{ahead}");
    }
}

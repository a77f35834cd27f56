//! How long until the next try: pure numbers, jitter and time as arguments.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};

/// The first wait after a failure, doubled each time …
const FAILED: Duration = Duration::from_secs(1);
/// … up to this: whoever is to be woken is tried each minute.
const FAILED_MOST: Duration = Duration::from_mins(1);
/// The first wait after "too many requests" without a time, doubled each time …
const BUSY: Duration = Duration::from_secs(5);
/// … up to this.
const BUSY_MOST: Duration = Duration::from_mins(5);
/// A receiver that asks for less is given this much.
const LEAST: Duration = Duration::from_secs(1);
/// A receiver that asks for more is tried after this: a wrong number must not silence a page for a year.
const MOST: Duration = Duration::from_hours(1);

/// After this many failed tries of one notice (at least one). `jitter` from 0 to 1 spreads it from three quarters to five.
pub fn after_failure(tries: u32, jitter: f64) -> Duration {
    doubled(FAILED, FAILED_MOST, tries, jitter)
}

/// After this many refusals for being too many, in a row (at least one), where the receiver names no time.
pub fn after_busy(strikes: u32, jitter: f64) -> Duration {
    doubled(BUSY, BUSY_MOST, strikes, jitter)
}

fn doubled(first: Duration, most: Duration, times: u32, jitter: f64) -> Duration {
    let plain = first.saturating_mul(1 << times.saturating_sub(1).min(16)).min(most);
    plain.mul_f64(0.75 + 0.5 * jitter.clamp(0.0, 1.0))
}

/// The wait that a receiver asks for, kept exactly between one second and one hour.
pub fn asked(after: Duration) -> Duration {
    after.clamp(LEAST, MOST)
}

/// `Retry-After`: seconds, or a date in one of the three forms that are to be understood (RFC 9110, 10.2.3 and 5.6.7); nothing
/// when it is neither. `now` is what the answer itself calls the time of its sending, where it does: clocks differ.
pub fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    // No receiver may send a fraction, and some do.
    if let Some(seconds) = value.parse::<f64>().ok().filter(|s| s.is_finite() && *s >= 0.0) {
        return Duration::try_from_secs_f64(seconds.ceil()).ok();
    }
    // A date has no fractions: the end of its second is meant, so that nothing comes early.
    Some((date(value)? - now).to_std().unwrap_or_default().saturating_add(LEAST))
}

/// A date as HTTP writes it, now and of old.
pub fn date(value: &str) -> Option<DateTime<Utc>> {
    ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(value.trim(), form).ok())
        .map(|at| at.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_their_bound_and_a_receivers_word_is_kept() {
        let waits: Vec<u64> = (1..9).map(|n| after_failure(n, 0.5).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(after_busy(7, 0.0) >= Duration::from_mins(3), "too many requests: minutes");
        assert!(after_failure(u32::MAX, 1.0) <= Duration::from_secs(75));
        let now = DateTime::from_timestamp(1_761_048_000, 0).unwrap_or_default();
        assert_eq!(retry_after(" 30 ", now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after("Tue, 21 Oct 2025 12:00:30 GMT", now), Some(Duration::from_secs(31)));
        assert_eq!(retry_after("Tuesday, 21-Oct-25 12:00:30 GMT", now), Some(Duration::from_secs(31)));
        assert_eq!(retry_after("Tue Oct 21 12:00:30 2025", now), Some(Duration::from_secs(31)));
        assert_eq!(retry_after("Tue, 21 Oct 2025 11:00:00 GMT", now), Some(LEAST), "a date that is over");
        assert_eq!(retry_after("1.2", now), Some(Duration::from_secs(2)));
        for nonsense in ["soon", "", "-5", "NaN", "inf", "1e400", "1 2"] {
            assert_eq!(retry_after(nonsense, now), None, "{nonsense}");
        }
        assert_eq!(asked(Duration::from_secs(30)), Duration::from_secs(30));
        assert_eq!(asked(Duration::from_secs(99_999)), MOST);
    }
}

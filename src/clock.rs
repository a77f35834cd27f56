//! Time as values: a reading of both clocks, the stamp that orders entries, durations and T-minus text.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

pub mod jumps;
pub mod zones;

/// One reading of the wall clock and of a monotonic clock, taken at an edge and passed down as a value.
///
/// `utc` is for people and for order, `mono` (time since some fixed moment of this process) is for deadlines and ages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Wall clock, UTC.
    pub utc: DateTime<Utc>,
    /// Monotonic clock; meaningful only against other readings of the same process.
    pub mono: Duration,
}

impl Now {
    /// A reading `by` later on both clocks; for virtual time.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self { utc: self.utc + TimeDelta::from_std(by).unwrap_or(TimeDelta::zero()), mono: self.mono + by }
    }

    /// Time since an earlier reading by the monotonic clock; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.mono.saturating_sub(earlier.mono)
    }
}

/// Who appends to a chain: one journal file on one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Writer(pub u64);

/// Hybrid logical clock: orders entries the same way on every machine, whatever their clocks say.
///
/// Ordered by wall milliseconds, then by a counter within the millisecond, then by writer. Within one writer stamps
/// strictly increase, and an entry's stamp is later than that of every entry its writer had seen.
/// (Kulkarni et al., "Logical Physical Clocks", 2014.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Stamp {
    /// Milliseconds since the Unix epoch, never behind an earlier stamp of the same writer.
    pub ms: i64,
    /// Counter within the millisecond.
    pub n: u32,
    /// The writer; breaks ties between machines.
    pub writer: Writer,
}

impl Stamp {
    /// The next stamp of `writer` at wall time `utc`, later than `last`.
    #[must_use]
    pub fn next(last: Option<Self>, utc: DateTime<Utc>, writer: Writer) -> Self {
        let ms = utc.timestamp_millis();
        match last {
            Some(last) if last.ms >= ms => {
                let (ms, n) = last.n.checked_add(1).map_or((last.ms.saturating_add(1), 0), |n| (last.ms, n));
                Self { ms, n, writer }
            }
            _ => Self { ms, n: 0, writer },
        }
    }

    /// The wall time of the stamp.
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.ms).unwrap_or(DateTime::<Utc>::UNIX_EPOCH)
    }
}

/// `2025-10-21T12:00:00.123Z`.
pub fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Signed seconds relative to T-0, shown as `T+00:34:12` or `T-01:05:00`; more than 99 hours gain digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Offset(pub i64);

impl Offset {
    /// From `t0` to `at`.
    pub fn between(t0: DateTime<Utc>, at: DateTime<Utc>) -> Self {
        Self((at - t0).num_milliseconds().div_euclid(1000))
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = self.0.unsigned_abs();
        let sign = if self.0 < 0 { '-' } else { '+' };
        write!(f, "T{sign}{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
    }
}

/// A span of time as people read it at a glance: `0:40`, `2:10`, `1:02:03`.
pub fn clock_span(d: Duration) -> String {
    let s = d.as_secs();
    if s >= 3600 {
        format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
    } else {
        format!("{}:{:02}", s / 60, s % 60)
    }
}

/// An age in at most five cells: `0 s`, `41 s`, `12 m`, `3 h`, `9 d`.
pub fn age(d: Duration) -> String {
    match d.as_secs() {
        s @ 0..=99 => format!("{s} s"),
        s @ 100..=5_999 => format!("{} m", s / 60),
        s @ 6_000..=359_999 => format!("{} h", s / 3600),
        s => format!("{} d", s / 86_400),
    }
}

/// A duration in Prometheus's grammar: `1h30m`, `500ms`, `2d`; units `ms s m h d w y`, largest first, each once,
/// no fractions, no blanks. (prometheus.io, "Float literals and time durations".)
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    const UNITS: [(&str, u64); 7] = [
        ("y", 31_536_000_000),
        ("w", 604_800_000),
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
        ("ms", 1),
    ];
    let mut rest = text;
    let mut next_unit = 0;
    let mut total: u64 = 0;
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(DurationError::Empty);
    }
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, tail) = rest.split_at(digits);
        let letters = tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (unit, tail) = tail.split_at(letters);
        let number: u64 = number.parse().map_err(|_| DurationError::NotADuration(text.to_owned()))?;
        let place = UNITS
            .iter()
            .position(|(name, _)| *name == unit)
            .ok_or_else(|| DurationError::NotADuration(text.to_owned()))?;
        if place < next_unit {
            return Err(DurationError::Order(text.to_owned()));
        }
        next_unit = place + 1;
        let ms = UNITS.get(place).map_or(0, |(_, ms)| *ms);
        total = number
            .checked_mul(ms)
            .and_then(|n| total.checked_add(n))
            .ok_or_else(|| DurationError::TooLong(text.to_owned()))?;
        rest = tail;
    }
    Ok(Duration::from_millis(total))
}

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Nothing there.
    #[error("a duration is empty; write for example \"30s\" or \"1h30m\"")]
    Empty,
    /// Not numbers and units.
    #[error("\"{0}\" is no duration; write for example \"500ms\", \"30s\", \"5m\" or \"1h30m\"")]
    NotADuration(String),
    /// Units out of order or twice.
    #[error("\"{0}\" has its units out of order; write the largest first, each once, as in \"1h30m\"")]
    Order(String),
    /// Over 2^64 milliseconds.
    #[error("\"{0}\" is too long")]
    TooLong(String),
}

/// The inverse of [`parse_duration`], shortest form: `1h30m`, `500ms`, `0s`.
pub fn duration_text(d: Duration) -> String {
    let mut ms = d.as_millis() as u64;
    if ms == 0 {
        return "0s".to_owned();
    }
    let mut out = String::new();
    for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)] {
        if ms >= size {
            out.push_str(&(ms / size).to_string());
            out.push_str(unit);
            ms %= size;
        }
    }
    out
}

/// How fast the room's time runs: 1 in earnest, more in a rehearsal. Every edge that reads a clock asks it what to call
/// the moment, so that schedule, T-clock, ages and stamps agree; timeouts and measured durations are never scaled.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    origin: std::time::Instant,
    utc: DateTime<Utc>,
    speed: u32,
}

impl Pace {
    /// Time from `origin` (both clocks read together) at `speed`; 0 counts as 1.
    pub fn new(origin: std::time::Instant, utc: DateTime<Utc>, speed: u32) -> Self {
        Self { origin, utc, speed: speed.max(1) }
    }

    /// How many times faster than the wall clock.
    pub fn speed(self) -> u32 {
        self.speed
    }

    /// What a moment is called. At speed 1 the wall clock is taken as it is, steps included.
    pub fn now(self, instant: std::time::Instant, utc: DateTime<Utc>) -> Now {
        let elapsed = instant.saturating_duration_since(self.origin);
        if self.speed == 1 {
            return Now { utc, mono: elapsed };
        }
        let mono = elapsed * self.speed;
        Now { utc: self.utc + TimeDelta::from_std(mono).unwrap_or(TimeDelta::zero()), mono }
    }

    /// How long to wait in earnest until `span` of the room's time has passed.
    pub fn real(self, span: Duration) -> Duration {
        span / self.speed
    }
}

//! A sample as a row of the tape, and back.

use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::{Row, Statement, params};

use super::TapedSample;
use crate::clock::Now;
use crate::probe::{
    MetricIx, MetricReading, Outcome, Phases, Point, ProbeId, Reading, Sample, ServiceIx, ServiceReading,
};
use crate::text::{self, Untrusted};

/// What [`read_row`] reads, of `sample s JOIN series r`.
pub const COLUMNS: &str = "s.n, s.ms, s.kind, s.series, r.name, s.took, s.value, s.at, s.code, s.days, s.connect, s.wait, s.transfer, \
     s.reason, s.version, s.says";

/// Takes the columns in the order of [`Written::insert`].
pub const INSERT: &str = "INSERT INTO sample (series, ms, took, kind, value, at, code, days, connect, wait, transfer, reason, \
     version, says) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

/// A sample as a row: what of it is kept.
pub struct Written {
    ms: i64,
    took: i64,
    /// Pass, degraded, fail, no data; value, no value.
    pub kind: u8,
    value: Option<f64>,
    at: Option<i64>,
    code: Option<i32>,
    days: Option<i64>,
    phases: Phases,
    reason: Option<String>,
    version: Option<String>,
    says: Option<String>,
}

impl Written {
    /// `None` for what is not taped.
    pub fn of(taped: &TapedSample) -> Option<Self> {
        let sample = &taped.sample;
        let mut row = Self {
            ms: sample.at.utc.timestamp_millis(),
            took: micros(sample.took),
            kind: 0,
            value: None,
            at: None,
            code: None,
            days: None,
            phases: Phases::default(),
            reason: None,
            version: None,
            says: None,
        };
        match &sample.reading {
            Reading::Service(reading) => {
                let (kind, reason) = match &reading.outcome {
                    Outcome::Pass => (0, None),
                    Outcome::Degraded(why) => (1, Some(why)),
                    Outcome::Fail(why) => (2, Some(why)),
                    Outcome::NoData(why) => (3, Some(why)),
                };
                row.kind = kind;
                row.reason = reason.map(|r| short(r));
                row.code = reading.code;
                row.days = reading.tls_days;
                row.phases = reading.phases;
                row.version = reading.version.as_ref().map(|v| short(v.raw()));
                row.says = reading.says.as_ref().map(|s| short(s.raw()));
            }
            Reading::Metrics(readings) => match &readings.first()?.value {
                Ok(point) => {
                    row.kind = 4;
                    row.value = Some(point.value);
                    row.at = Some(point.at.timestamp_millis());
                }
                Err(why) => {
                    row.kind = 5;
                    row.reason = Some(short(why));
                }
            },
            Reading::Backfill(_) | Reading::Rules(_) | Reading::Alerts(_) => return None,
        }
        Some(row)
    }

    /// 0: of a service, 1: of a metric.
    pub fn series_kind(&self) -> u8 {
        u8::from(self.kind >= 4)
    }

    /// Writes it with [`INSERT`].
    pub fn insert(&self, insert: &mut Statement<'_>, series: i64) -> rusqlite::Result<()> {
        insert
            .execute(params![
                series,
                self.ms,
                self.took,
                self.kind,
                self.value,
                self.at,
                self.code,
                self.days,
                self.phases.connect.map(micros),
                self.phases.wait.map(micros),
                self.phases.transfer.map(micros),
                self.reason,
                self.version,
                self.says,
            ])
            .map(drop)
    }
}

/// A row as a sample; `None` for one that no version of ours wrote.
pub fn read_row(row: &Row<'_>) -> rusqlite::Result<Option<TapedSample>> {
    let Some(utc) = DateTime::from_timestamp_millis(row.get(1)?) else { return Ok(None) };
    let took: i64 = row.get(5)?;
    let reason = || row.get::<_, Option<String>>(13).map(Option::unwrap_or_default);
    let span = |column| row.get::<_, Option<i64>>(column).map(|us| us.map(duration));
    let outcome = match row.get::<_, i64>(2)? {
        0 => Outcome::Pass,
        1 => Outcome::Degraded(reason()?),
        2 => Outcome::Fail(reason()?),
        3 => Outcome::NoData(reason()?),
        kind @ (4 | 5) => {
            let value: Option<f64> = row.get(6)?;
            let at = row.get::<_, Option<i64>>(7)?.and_then(DateTime::from_timestamp_millis);
            let value = match (kind, value, at) {
                (4, Some(value), Some(at)) if value.is_finite() => Ok(Point { at, value }),
                _ => Err(reason()?),
            };
            let reading = Reading::Metrics(vec![MetricReading { metric: MetricIx(u32::MAX), value }]);
            return Ok(Some(taped(row.get(4)?, utc, took, reading)));
        }
        _ => return Ok(None),
    };
    let reading = Reading::Service(ServiceReading {
        service: ServiceIx(u32::MAX),
        outcome,
        code: row.get(8)?,
        version: row.get::<_, Option<String>>(14)?.map(Untrusted::new),
        says: row.get::<_, Option<String>>(15)?.map(Untrusted::new),
        phases: Phases { connect: span(10)?, wait: span(11)?, transfer: span(12)? },
        tls_days: row.get(9)?,
        excerpt: Untrusted::default(),
    });
    Ok(Some(taped(row.get(4)?, utc, took, reading)))
}

fn taped(name: String, utc: DateTime<Utc>, took: i64, reading: Reading) -> TapedSample {
    let at = Now { utc, mono: Duration::ZERO };
    TapedSample { name, sample: Sample { probe: ProbeId(u32::MAX), at, took: duration(took), reading } }
}

fn micros(d: Duration) -> i64 {
    i64::try_from(d.as_micros()).unwrap_or(i64::MAX)
}

fn duration(us: i64) -> Duration {
    Duration::from_micros(us.max(0).cast_unsigned())
}

/// Reasons and versions hold what others wrote: escaped, and at most 400 bytes.
fn short(text: &str) -> String {
    let mut text = text::escape(text);
    text.truncate(text.floor_char_boundary(400));
    text
}

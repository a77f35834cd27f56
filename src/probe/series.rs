//! Bounded history of one number: recent points as they came, older ones as min, max and mean per ten seconds.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Point;

/// Points kept as they came.
const RAW: usize = 720;
/// Ten-second buckets kept: two hours.
const BUCKETS: usize = 720;
const BUCKET_MS: i64 = 10_000;

/// Values over time, oldest first. Memory is bounded: 720 points and 720 ten-second buckets, allocated as they fill.
#[derive(Clone, Debug, Default)]
pub struct Series {
    raw: VecDeque<(i64, f64)>,
    old: VecDeque<Bucket>,
    /// The newest point that is no longer kept as it came.
    aged: Option<(i64, f64)>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    start: i64,
    min: f32,
    max: f32,
    sum: f32,
    n: u32,
    /// How much a counter grew up to its last point, from the one before its first.
    grown: f64,
}

/// The extremes of a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extremes {
    /// Lowest.
    pub min: f64,
    /// Highest.
    pub max: f64,
    /// Last.
    pub last: f64,
}

impl Series {
    /// Empty.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a point; one that is not newer than the last is dropped, and so is one that is not finite.
    pub fn push(&mut self, at: DateTime<Utc>, value: f64) {
        let ms = at.timestamp_millis();
        if !value.is_finite() || self.raw.back().is_some_and(|(last, _)| *last >= ms) {
            return;
        }
        if self.raw.len() == RAW
            && let Some((ms, v)) = self.raw.pop_front()
        {
            self.age_out(ms, v);
        }
        self.raw.push_back((ms, value));
    }

    /// Drops points later than a moment: a clock that was set back would never come to them, and they keep new ones out.
    pub fn forget_after(&mut self, at: DateTime<Utc>) {
        let ms = at.timestamp_millis();
        while self.raw.back().is_some_and(|(last, _)| *last > ms) {
            self.raw.pop_back();
        }
        while self.old.back().is_some_and(|bucket| bucket.start > ms) {
            self.old.pop_back();
        }
        self.aged = self.aged.filter(|(at, _)| *at <= ms);
    }

    fn age_out(&mut self, ms: i64, v: f64) {
        let grown = self.aged.map_or(0.0, |(_, before)| grown(before, v));
        self.aged = Some((ms, v));
        let v = v as f32;
        let start = ms.div_euclid(BUCKET_MS) * BUCKET_MS;
        match self.old.back_mut() {
            Some(b) if b.start == start => {
                b.min = b.min.min(v);
                b.max = b.max.max(v);
                b.sum += v;
                b.n += 1;
                b.grown += grown;
            }
            _ => {
                if self.old.len() == BUCKETS {
                    self.old.pop_front();
                }
                self.old.push_back(Bucket { start, min: v, max: v, sum: v, n: 1, grown });
            }
        }
    }

    /// Puts older points before what is there; for charts filled at start.
    pub fn backfill(&mut self, points: &[Point]) {
        let first = self.raw.front().map_or(i64::MAX, |(ms, _)| *ms);
        let mut filled = Self::new();
        for p in points.iter().filter(|p| p.at.timestamp_millis() < first) {
            filled.push(p.at, p.value);
        }
        for (ms, v) in &self.raw {
            if let Some(at) = DateTime::from_timestamp_millis(*ms) {
                filled.push(at, *v);
            }
        }
        *self = filled;
    }

    /// The newest point.
    pub fn last(&self) -> Option<Point> {
        let (ms, v) = self.raw.back()?;
        Some(Point { at: DateTime::from_timestamp_millis(*ms)?, value: *v })
    }

    /// The time of the first point from `from` on, of the raw part.
    pub fn first_from(&self, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let from = from.timestamp_millis();
        let (ms, _) = self.raw.iter().find(|(ms, _)| *ms >= from)?;
        DateTime::from_timestamp_millis(*ms)
    }

    /// The times of the points after `from` and up to `until`, oldest first, of the raw part.
    pub fn times(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> + '_ {
        let (from, until) = (from.timestamp_millis(), until.timestamp_millis());
        let within = self.raw.iter().map(|(ms, _)| *ms).filter(move |ms| *ms > from && *ms <= until);
        within.filter_map(DateTime::from_timestamp_millis)
    }

    /// The value that counted at a moment: of the newest point up to then, if it is not older than `span`; from the raw part.
    pub fn at(&self, moment: DateTime<Utc>, span: Duration) -> Option<f64> {
        let to = moment.timestamp_millis();
        let newest = self.raw.partition_point(|(ms, _)| *ms <= to).checked_sub(1)?;
        let (ms, value) = self.raw.get(newest)?;
        (u128::try_from(to - ms).ok()? <= span.as_millis()).then_some(*value)
    }

    /// Points of the last `span` before `until`, oldest first, from the raw part.
    pub fn since(&self, until: DateTime<Utc>, span: TimeDelta) -> impl Iterator<Item = f64> + '_ {
        let (from, to) = ((until - span).timestamp_millis(), until.timestamp_millis());
        self.raw.iter().filter(move |(ms, _)| *ms > from && *ms <= to).map(|(_, v)| *v)
    }

    /// Points from `from` on and before `until`, oldest first, from the raw part.
    pub fn between(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> impl Iterator<Item = f64> + '_ {
        let (from, until) = (from.timestamp_millis(), until.timestamp_millis());
        self.raw.iter().filter(move |(ms, _)| *ms >= from && *ms < until).map(|(_, v)| *v)
    }

    /// How much of a stretch was seen: the time in which no more than `gap` lay between two points, or between a point and an end
    /// of the stretch; from the raw part. A clock that was set, or nobody looking, makes a gap.
    pub fn covered(&self, from: DateTime<Utc>, until: DateTime<Utc>, gap: Duration) -> Duration {
        let (from, until) = (from.timestamp_millis(), until.timestamp_millis());
        let within = self.raw.iter().map(|(ms, _)| *ms).filter(|ms| *ms > from && *ms < until);
        let (mut last, mut covered, mut any) = (from, Duration::ZERO, false);
        let mut take = |to: i64| {
            let span = Duration::from_millis(u64::try_from(to - last).unwrap_or_default());
            covered += if span <= gap { span } else { Duration::ZERO };
            last = to;
        };
        for ms in within {
            any = true;
            take(ms);
        }
        if any {
            take(until);
        }
        covered
    }

    /// How much a counter grew in the last `span` before `until`, and whether the points reach back that far. A value below
    /// the one before it is a reset: the counter began at zero again. Nothing without two points. Where points are no longer
    /// kept as they came the span begins up to ten seconds earlier.
    pub fn growth(&self, until: DateTime<Utc>, span: TimeDelta) -> Option<(f64, bool)> {
        let (from, to) = ((until - span).timestamp_millis(), until.timestamp_millis());
        let mut points = self.raw.iter().filter(|(ms, _)| *ms <= to).peekable();
        // The last point before the span is where the growth within it begins.
        let mut before: Option<(i64, f64)> = None;
        while let Some(point) = points.next_if(|(ms, _)| *ms <= from || before.is_none()) {
            before = Some(*point);
        }
        let (first, mut last) = before?;
        let mut sum = 0.0;
        let mut seen = 1;
        for (_, value) in points {
            sum += grown(last, *value);
            last = *value;
            seen += 1;
        }
        let Some((_, aged)) = self.aged.filter(|_| first > from) else {
            return (seen > 1 || first <= from).then_some((sum, first <= from));
        };
        if let Some((_, value)) = self.raw.front() {
            sum += grown(aged, *value);
        }
        // The bucket that the span begins in counts in full.
        sum += self.old.iter().filter(|b| b.start + BUCKET_MS > from).map(|b| b.grown).sum::<f64>();
        Some((sum, self.old.front().is_some_and(|b| b.start <= from)))
    }

    /// The extremes of each of `columns` equal stretches between `from` and `to`; `None` where nothing was measured.
    /// A spike is never averaged away.
    pub fn columns(&self, from: DateTime<Utc>, to: DateTime<Utc>, columns: usize) -> Vec<Option<Extremes>> {
        let mut out: Vec<Option<Extremes>> = vec![None; columns];
        let (start, width) = (from.timestamp_millis(), (to - from).num_milliseconds().max(1));
        let mut put = |ms: i64, min: f64, max: f64, last: f64| {
            let place = i128::from(ms - start) * columns as i128;
            if ms < start || ms > start + width {
                return;
            }
            let column = ((place / i128::from(width)) as usize).min(columns.saturating_sub(1));
            if let Some(slot) = out.get_mut(column) {
                *slot = Some(match *slot {
                    Some(e) => Extremes { min: e.min.min(min), max: e.max.max(max), last },
                    None => Extremes { min, max, last },
                });
            }
        };
        for b in &self.old {
            let mean = f64::from(b.sum) / f64::from(b.n);
            put(b.start + BUCKET_MS / 2, f64::from(b.min), f64::from(b.max), mean);
        }
        for (ms, v) in &self.raw {
            put(*ms, *v, *v, *v);
        }
        out
    }

    /// Whether nothing was ever measured.
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }
}

/// From one value of a counter to the next; one that falls began at zero again.
fn grown(before: f64, value: f64) -> f64 {
    if value < before { value } else { value - before }
}

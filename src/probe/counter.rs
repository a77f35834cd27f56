//! Counters that start again: one running total of many series, and how much it grew over any stretch of time.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// Series of one counter that are remembered; with more there is no total, since it would be too low.
const MAX_SERIES: usize = 20_000;

/// The reason that a poller gives in place of a value when it begins to count: what was counted between its predecessor's
/// last answer and its own first one is not known exactly.
pub const BEGINS: &str = "counting begins";

/// Before how much the total of a poller lies above what its series show, given in place of a value: what was counted before
/// they started again or went away. Whoever counts on from there needs it to know what came in between.
pub const ABOVE: &str = "counted above what is shown: ";

/// The sum of many series of a counter, as if none of them ever started again.
///
/// A series that shows less than before was reset: what it had stays in the sum. One that is gone stays in the sum too and
/// goes on where it comes back. One that is new after the first look counts from 0: the first failure makes a series of its
/// own. So a series that the first look missed, as that of a Prometheus just started, counts in full: too many rather than too
/// few. At most 20,000 series are remembered.
#[derive(Clone, Debug)]
pub struct Running<K> {
    last: HashMap<K, f64>,
    total: f64,
    above: f64,
    begun: bool,
}

impl<K> Default for Running<K> {
    fn default() -> Self {
        Self { last: HashMap::new(), total: 0.0, above: 0.0, begun: false }
    }
}

impl<K: Eq + Hash> Running<K> {
    /// Whether a look was taken already.
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// How much the total lies above what the last look saw: what was counted before series started again or went away.
    pub fn above(&self) -> f64 {
        self.above
    }

    /// Takes one look at every series and gives the total. The error is a sentence.
    pub fn take(&mut self, series: impl IntoIterator<Item = (K, f64)>) -> Result<f64, String> {
        let mut any = false;
        let mut shown = 0.0;
        for (key, value) in series {
            any = true;
            shown += value;
            if !value.is_finite() || value < 0.0 {
                return Err("a counter is never negative, NaN or infinite".to_owned());
            }
            if self.last.len() >= MAX_SERIES && !self.last.contains_key(&key) {
                return Err("more than 20,000 series; select fewer".to_owned());
            }
            let before = self.last.insert(key, value).unwrap_or(0.0);
            self.total += if value >= before { value - before } else { value };
        }
        if !any {
            return Err("no such series".to_owned());
        }
        self.begun = true;
        // What is left of adding and taking away is no count.
        let above = self.total - shown;
        self.above = if above.abs() < 1e-9 * self.total.abs() { 0.0 } else { above };
        Ok(self.total)
    }
}

/// How far back totals are kept, at which spacing: 5,940 points in all.
const TIERS: [(i64, usize); 3] = [(5_000, 1_440), (60_000, 4_320), (3_600_000, 180)];

/// A running total over time: the last two hours at 5 s, three days at a minute, seven and a half days at an hour.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    tiers: [VecDeque<(i64, f64)>; TIERS.len()],
    /// The newest value as it came.
    raw: Option<f64>,
    /// When the first one came.
    began: Option<i64>,
    /// When counting last began anew.
    broke: Option<i64>,
    /// Where it did: the times before and after, and whether what came in between is known all the same; the newest few.
    breaks: VecDeque<(i64, i64, Bridge)>,
    /// How far the newest value lies above what its series showed.
    above: f64,
    /// Whoever counts has begun anew; the next value is its first.
    begins: bool,
}

/// Whether what was counted while nobody looked is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bridge {
    /// The series went on where they were.
    Whole,
    /// Some started again meanwhile.
    Lost,
}

/// Breaks remembered.
const BREAKS: usize = 64;
/// A stretch of time is counted whole when nobody looked for at most this part of it, and the series went on meanwhile: a
/// Prometheus reads the growth between two scrapes in the same way.
const UNSEEN: i64 = 10;

/// How much a total grew.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Increase {
    /// By so much.
    pub by: f64,
    /// From here on; later than what was asked for where counting began later.
    pub since: DateTime<Utc>,
    /// Whether that is all of it.
    pub count: Completeness,
}

/// Whether a count is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Nothing is missing.
    Exact,
    /// Counting began anew at this time: it may be more.
    AtLeast(DateTime<Utc>),
}

impl Totals {
    /// Whoever counts says that it begins.
    pub fn begins(&mut self) {
        self.begins = true;
    }

    /// So much of the newest total was counted before its series started again or went away.
    pub fn lies_above(&mut self, above: f64) {
        self.above = above;
    }

    /// Takes the total at a time; one that is not newer than the last, or not finite, is dropped.
    pub fn push(&mut self, at: DateTime<Utc>, raw: f64) {
        let ms = at.timestamp_millis();
        if !raw.is_finite() || self.newest().is_some_and(|(last, _)| last >= ms) {
            return;
        }
        let counted = self.newest().map_or(0.0, |(_, counted)| counted);
        let grown = match self.raw {
            // A total falls only when whoever counts was started again, even where that was not told.
            Some(before) if self.begins || raw < before => {
                let last = self.newest().map_or(ms, |(last, _)| last);
                // Whoever begins sees what its series show, and nothing of what was counted above that before.
                let grown = raw - (before - self.above);
                let bridge = if grown < 0.0 { Bridge::Lost } else { Bridge::Whole };
                self.broke = Some(ms);
                self.breaks.push_back((last, ms, bridge));
                if self.breaks.len() > BREAKS {
                    self.breaks.pop_front();
                }
                self.above = 0.0;
                grown.max(0.0)
            }
            Some(before) => raw - before,
            None => 0.0,
        };
        self.begins = false;
        self.raw = Some(raw);
        self.began.get_or_insert(ms);
        for (tier, (slot, most)) in self.tiers.iter_mut().zip(TIERS) {
            // The first point stays, so that what is kept reaches back to the beginning.
            let same =
                tier.len() > 1 && tier.back().is_some_and(|(last, _)| last.div_euclid(slot) == ms.div_euclid(slot));
            if same {
                tier.pop_back();
            } else if tier.len() == most {
                tier.pop_front();
            }
            tier.push_back((ms, counted + grown));
        }
    }

    fn newest(&self) -> Option<(i64, f64)> {
        self.tiers.first()?.back().copied()
    }

    /// When the newest value was true.
    pub fn last_at(&self) -> Option<DateTime<Utc>> {
        self.newest().and_then(|(ms, _)| DateTime::from_timestamp_millis(ms))
    }

    /// The points of every tier together, at most 5,940.
    pub fn len(&self) -> usize {
        self.tiers.iter().map(VecDeque::len).sum()
    }

    /// Whether nothing was counted yet.
    pub fn is_empty(&self) -> bool {
        self.raw.is_none()
    }

    /// From when on what happened in the last `span` was counted: from its beginning, unless nobody looked for too long or
    /// counters started again while nobody did.
    fn whole_since(&self, span: Duration) -> Option<DateTime<Utc>> {
        let (newest, _) = self.newest()?;
        let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        let mut unseen = 0;
        let mut whole = self.began?;
        for (last, first, bridge) in self.breaks.iter().rev().take_while(|(_, first, _)| *first > newest - span) {
            unseen += first - last;
            if *bridge == Bridge::Lost || unseen > span / UNSEEN {
                whole = whole.max(*first);
                break;
            }
        }
        DateTime::from_timestamp_millis(whole)
    }

    /// How much it grew since `from`; `None` while nothing was counted.
    pub fn since(&self, from: DateTime<Utc>) -> Option<Increase> {
        let (_, newest) = self.newest()?;
        let ms = from.timestamp_millis();
        let reaches = |tier: &&VecDeque<(i64, f64)>| tier.front().is_some_and(|(first, _)| *first <= ms);
        let tier = self.tiers.iter().find(reaches).or_else(|| self.tiers.last())?;
        let at = tier.partition_point(|(at, _)| *at <= ms).saturating_sub(1);
        let (base_at, base) = *tier.get(at)?;
        let time = DateTime::from_timestamp_millis;
        let count = match self.broke {
            Some(broke) if broke > ms => Completeness::AtLeast(time(broke)?),
            _ => Completeness::Exact,
        };
        Some(Increase { by: newest - base, since: time(base_at.max(ms))?, count })
    }

    /// How much it grew in the last `span` before its newest value, or for how long it was counted where that is less. Where only
    /// points a minute or an hour apart are kept, the span begins up to that much earlier.
    pub fn over(&self, span: Duration) -> Result<f64, Duration> {
        let (Some(last), Some(whole)) = (self.last_at(), self.whole_since(span)) else { return Err(Duration::ZERO) };
        let from = last - TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX);
        if whole > from {
            return Err((last - whole).to_std().unwrap_or_default());
        }
        match self.since(from) {
            Some(grown) if grown.since <= from => Ok(grown.by),
            Some(grown) => Err((last - grown.since).to_std().unwrap_or_default()),
            None => Err(Duration::ZERO),
        }
    }
}

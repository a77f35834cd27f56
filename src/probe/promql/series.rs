//! One series and its history: samples, and markers where it ended.

use super::labels::Labels;
use super::store::{LOOKBACK, millis};

/// The bits of the NaN that ends a series. (Prometheus, `value.StaleNaN`.)
const STALE: u64 = 0x7ff0_0000_0000_0002;

/// A value at a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// Milliseconds since the Unix epoch.
    pub(super) at: i64,
    pub(super) value: f64,
}

impl Sample {
    pub(super) fn stale(at: i64) -> Self {
        Self { at, value: f64::from_bits(STALE) }
    }

    pub(super) fn is_stale(self) -> bool {
        self.value.to_bits() == STALE
    }
}

/// One series and its history.
#[derive(Debug)]
pub(super) struct Series {
    /// With the metric's name.
    pub(super) labels: Labels,
    /// Without.
    pub(super) bare: Labels,
    /// Oldest first; those before `head` are gone.
    samples: Vec<Sample>,
    head: usize,
    /// When the newest sample was that had to go for want of room; `i64::MIN` for none.
    pub(super) lost: i64,
    /// Of name and labels, by the store's hasher.
    pub(super) hash: u64,
    /// The next series with the same hash.
    pub(super) chain: Option<u32>,
    /// The scrape that saw it last.
    pub(super) seen: u64,
    pub(super) presence: Presence,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// In the last scrape.
    Live,
    /// In the last scrape, with a time stamp of its own: such a series gets no stale marker.
    Dated,
    /// Gone since.
    Gone,
}

impl Series {
    /// One without samples.
    pub(super) fn new(labels: Labels, bare: Labels, hash: u64, chain: Option<u32>) -> Self {
        let presence = Presence::Gone;
        Self { labels, bare, samples: Vec::new(), head: 0, lost: i64::MIN, hash, chain, seen: 0, presence }
    }

    /// When its newest sample or marker was.
    pub(super) fn newest(&self) -> Option<i64> {
        self.samples.last().map(|s| s.at)
    }

    fn samples(&self) -> &[Sample] {
        self.samples.get(self.head..).unwrap_or(&[])
    }

    /// Samples with `after < at <= until`, oldest first, stale markers among them.
    pub(super) fn between(&self, after: i64, until: i64) -> &[Sample] {
        let all = self.samples();
        let from = all.partition_point(|s| s.at <= after);
        let to = all.partition_point(|s| s.at <= until);
        all.get(from..to).unwrap_or(&[])
    }

    /// The sample that holds at `at`: the newest of the five minutes before, unless the series ended.
    pub(super) fn value_at(&self, at: i64) -> Option<Sample> {
        let newest = self.between(at.saturating_sub(millis(LOOKBACK)), at).last()?;
        (!newest.is_stale()).then_some(*newest)
    }

    /// Forgets the samples at `at` and later.
    pub(super) fn rewind(&mut self, at: i64) {
        let kept = self.samples.partition_point(|s| s.at < at);
        self.samples.truncate(kept);
        self.head = self.head.min(kept);
    }

    /// Adds a sample and lets go of those older than `oldest` or beyond the newest `most`; whether it is newer than the last.
    pub(super) fn push(&mut self, sample: Sample, oldest: i64, most: usize) -> bool {
        if self.newest().is_some_and(|last| last >= sample.at) {
            return false;
        }
        self.samples.push(sample);
        while let Some(first) = self.samples().first().map(|s| s.at) {
            let crowded = self.samples().len() > most;
            if first >= oldest && !crowded {
                break;
            }
            if first >= oldest {
                self.lost = first;
            }
            self.head += 1;
        }
        if self.head > 16 && self.head * 4 > self.samples.len() {
            self.samples.drain(..self.head);
            self.head = 0;
        }
        true
    }
}

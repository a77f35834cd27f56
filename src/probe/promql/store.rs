//! The samples we scraped ourselves: bounded in series and history, with stale markers as Prometheus writes them.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use super::expr::{Expr, Selector};
use super::labels::Interner;
use super::series::{Presence, Sample, Series};
use crate::probe::exposition::Page;

/// A sample older than this says nothing about now. (Prometheus, `query.lookback-delta`.)
pub const LOOKBACK: Duration = Duration::from_mins(5);

/// Time stamps that a page gives itself may lie this far ahead. (Prometheus, `maxAheadTime`.)
const AHEAD_MS: i64 = 600_000;

/// Series kept; more are refused, and then no query has an answer.
const MAX_SERIES: usize = 20_000;
/// Samples kept of all series together: 16 MiB.
const MAX_SAMPLES: usize = 1 << 20;
/// Samples kept of one series: a day of one a second, if the other series leave that room.
const PER_SERIES: std::ops::RangeInclusive<usize> = 32..=90_000;

/// What came of a scrape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Samples kept.
    pub kept: usize,
    /// Samples of series that no query asks for.
    pub unasked: usize,
    /// Samples of a series that the same page holds already, or older than what is there: the first stands.
    pub repeated: usize,
    /// Samples with a time stamp more than ten minutes ahead.
    pub ahead: usize,
    /// Samples of new series beyond 20,000: from then on queries have no answer, since sums would be too low.
    pub refused: usize,
}

/// The samples of one target, as far as the queries that it was made for can see.
#[derive(Debug)]
pub struct Store {
    wanted: Wanted,
    retention_ms: i64,
    interner: Interner,
    series: Vec<Option<Series>>,
    free: Vec<u32>,
    by_hash: HashMap<u64, u32>,
    by_name: HashMap<Arc<str>, Vec<u32>>,
    hasher: RandomState,
    scrape: u64,
    last_at: Option<i64>,
    last_good: Option<i64>,
    overfull: bool,
}

#[derive(Debug)]
struct Wanted {
    named: HashMap<Arc<str>, Vec<Selector>>,
    /// Selectors that name no metric.
    nameless: Vec<Selector>,
}

impl Store {
    /// An empty store that keeps what `queries` can see and no more: their series, for their longest range.
    pub fn for_queries<'a>(queries: impl IntoIterator<Item = &'a Expr>) -> Self {
        let mut wanted = Wanted { named: HashMap::new(), nameless: Vec::new() };
        let mut longest = LOOKBACK;
        for query in queries {
            longest = longest.max(query.longest_range());
            query.selectors(&mut |selector| match &selector.name {
                Some(name) => wanted.named.entry(name.clone()).or_default().push(selector.clone()),
                None => wanted.nameless.push(selector.clone()),
            });
        }
        Self {
            wanted,
            retention_ms: millis(longest).saturating_add(60_000),
            interner: Interner::default(),
            series: Vec::new(),
            free: Vec::new(),
            by_hash: HashMap::new(),
            by_name: HashMap::new(),
            hasher: RandomState::new(),
            scrape: 0,
            last_at: None,
            last_good: None,
            overfull: false,
        }
    }

    /// Takes a page scraped at `at_ms` (milliseconds since the Unix epoch). A series that was in the scrape before and
    /// is not in this one ends here.
    pub fn append(&mut self, at_ms: i64, page: &Page) -> Appended {
        let mut done = Appended::default();
        self.begin(at_ms);
        let most = self.per_series();
        for sample in page.samples() {
            let at = sample.at_ms().unwrap_or(at_ms);
            if at > at_ms.saturating_add(AHEAD_MS) {
                done.ahead += 1;
                continue;
            }
            let Some(id) = self.locate(sample.name(), sample.labels(), &mut done) else { continue };
            let (oldest, scrape) = (at_ms - self.retention_ms, self.scrape);
            let Some(series) = self.series.get_mut(id as usize).and_then(Option::as_mut) else { continue };
            series.seen = scrape;
            series.presence = if sample.at_ms().is_some() { Presence::Dated } else { Presence::Live };
            // A NaN of the page must not pass for a stale marker.
            let value = if sample.value().is_nan() { f64::NAN } else { sample.value() };
            if series.push(Sample { at, value }, oldest, most) { done.kept += 1 } else { done.repeated += 1 }
        }
        self.meta("up", 1.0, at_ms);
        self.meta("scrape_samples_scraped", page.len() as f64, at_ms);
        self.end_unseen(at_ms);
        self.last_good = Some(at_ms);
        self.overfull = done.refused > 0;
        done
    }

    /// A scrape at `at_ms` failed: every series ends here.
    pub fn scrape_failed(&mut self, at_ms: i64) {
        self.begin(at_ms);
        self.meta("up", 0.0, at_ms);
        self.meta("scrape_samples_scraped", 0.0, at_ms);
        self.end_unseen(at_ms);
    }

    /// When the last scrape that did not fail was, in milliseconds since the Unix epoch.
    pub fn last_good_ms(&self) -> Option<i64> {
        self.last_good
    }

    /// Whether the last page had more series for the queries than are kept: sums over them would be too low.
    pub(super) fn is_overfull(&self) -> bool {
        self.overfull
    }

    /// How many series are kept.
    pub fn series(&self) -> usize {
        self.series.len() - self.free.len()
    }

    /// How far back samples are kept.
    pub fn retention(&self) -> Duration {
        Duration::from_millis(self.retention_ms.unsigned_abs())
    }

    /// The series that `selector` selects.
    pub(super) fn select<'a>(&'a self, selector: &'a Selector) -> impl Iterator<Item = &'a Series> {
        let named = selector.name.as_ref().map(|name| self.by_name.get(name).map_or(&[][..], Vec::as_slice));
        let some = named.unwrap_or(&[]).iter().filter_map(|id| self.series.get(*id as usize)?.as_ref());
        let all = if named.is_none() { self.series.as_slice() } else { &[] };
        some.chain(all.iter().flatten()).filter(|series| selector.matches(&series.labels))
    }

    /// A clock that was set back would hide each new sample behind those of the time taken back: they go.
    fn begin(&mut self, at: i64) {
        self.scrape += 1;
        if self.last_at.is_some_and(|last| at < last) {
            self.series.iter_mut().flatten().for_each(|series| series.rewind(at));
        }
        self.last_at = Some(at);
    }

    /// `up` and the like, which Prometheus adds to each scrape.
    fn meta(&mut self, name: &str, value: f64, at: i64) {
        let most = self.per_series();
        let Some(id) = self.locate(name, std::iter::empty(), &mut Appended::default()) else { return };
        let (oldest, scrape) = (at - self.retention_ms, self.scrape);
        if let Some(series) = self.series.get_mut(id as usize).and_then(Option::as_mut) {
            series.seen = scrape;
            series.presence = Presence::Live;
            series.push(Sample { at, value }, oldest, most);
        }
    }

    /// Marks the end of what was live and is not in this scrape, and forgets what nobody can see any more.
    fn end_unseen(&mut self, at: i64) {
        let (scrape, oldest, most) = (self.scrape, at - self.retention_ms, self.per_series());
        let mut dead = Vec::new();
        for (id, slot) in self.series.iter_mut().enumerate() {
            let Some(series) = slot else { continue };
            if series.seen == scrape {
                continue;
            }
            if series.presence == Presence::Live {
                series.push(Sample::stale(at), oldest, most);
            }
            series.presence = Presence::Gone;
            if series.newest().is_none_or(|at| at < oldest) {
                dead.push(id as u32);
            }
        }
        for id in &dead {
            self.forget(*id);
        }
        if !dead.is_empty() {
            self.interner.sweep();
        }
    }

    fn forget(&mut self, id: u32) {
        let Some(series) = self.series.get_mut(id as usize).and_then(Option::take) else { return };
        self.free.push(id);
        if let Some(name) = series.labels.name()
            && let Some(ids) = self.by_name.get_mut(name)
        {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.by_name.remove(name);
            }
        }
        if self.by_hash.get(&series.hash) == Some(&id) {
            match series.chain {
                Some(next) => self.by_hash.insert(series.hash, next),
                None => self.by_hash.remove(&series.hash),
            };
        } else {
            for other in self.series.iter_mut().flatten().filter(|other| other.chain == Some(id)) {
                other.chain = series.chain;
            }
        }
    }

    /// The place of a series, made where it is new and asked for.
    fn locate<'a>(
        &mut self,
        name: &str,
        labels: impl Iterator<Item = (&'a str, &'a str)> + Clone,
        done: &mut Appended,
    ) -> Option<u32> {
        let named = self.wanted.named.get(name).map_or(&[][..], Vec::as_slice);
        if named.is_empty() && self.wanted.nameless.is_empty() {
            done.unasked += 1;
            return None;
        }
        let hash = self.hash(name, labels.clone());
        let mut next = self.by_hash.get(&hash).copied();
        while let Some(id) = next {
            let series = self.series.get(id as usize)?.as_ref()?;
            if series.labels.name() == Some(name) && series.bare.is(labels.clone()) {
                return Some(id);
            }
            next = series.chain;
        }
        let asked = |selector: &Selector| selector.matches_parts(name, &labels);
        if !named.iter().any(asked) && !self.wanted.nameless.iter().any(asked) {
            done.unasked += 1;
            return None;
        }
        if self.series() >= MAX_SERIES {
            done.refused += 1;
            return None;
        }
        let (full, bare) = self.interner.labels(name, labels);
        let id = self.free.pop().unwrap_or(self.series.len() as u32);
        let series = Series::new(full, bare, hash, self.by_hash.insert(hash, id));
        match self.by_name.get_mut(name) {
            Some(ids) => ids.push(id),
            None => {
                self.by_name.insert(name.into(), vec![id]);
            }
        }
        match self.series.get_mut(id as usize) {
            Some(slot) => *slot = Some(series),
            None => self.series.push(Some(series)),
        }
        Some(id)
    }

    fn hash<'a>(&self, name: &str, labels: impl Iterator<Item = (&'a str, &'a str)>) -> u64 {
        use std::hash::{Hash, Hasher};
        let mut hasher = self.hasher.build_hasher();
        name.hash(&mut hasher);
        labels.for_each(|pair| pair.hash(&mut hasher));
        hasher.finish()
    }

    fn per_series(&self) -> usize {
        (MAX_SAMPLES / self.series().max(1)).clamp(*PER_SERIES.start(), *PER_SERIES.end())
    }
}

pub(super) fn millis(d: Duration) -> i64 {
    i64::try_from(d.as_millis()).unwrap_or(i64::MAX)
}

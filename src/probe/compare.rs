//! Comparing a window of samples with a baseline: a rank test with its effect, and exact tests for rare counts.

use super::normal::{ln_binomial, ln_hypergeometric, two_sided, upper_tail};

/// Fewer points than this on either side decide nothing. (Kayenta, "Canary best practices".)
pub const NEED: usize = 50;
/// Chance of seeing a difference where there is none. (Kayenta, `MannWhitneyClassifier`: confidence 0.95.)
pub const ALPHA: f64 = 0.05;
/// A shift smaller than this share of the baseline's median is no difference that matters. (Kayenta: 0.25.)
pub const TOLERANCE: f64 = 0.25;

/// What a window says against its baseline. Too few points never pass for "the same".
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Comparison {
    /// Nothing can be said yet.
    TooFewPoints {
        /// Points of the side that has fewer.
        have: usize,
        /// Points that each side needs.
        need: usize,
    },
    /// Compared.
    Compared(Compared),
}

/// Two windows compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    /// Points of the baseline and of the window.
    pub points: (usize, usize),
    /// Median of the baseline, in the samples' unit.
    pub before: f64,
    /// Median of the window.
    pub after: f64,
    /// `after / before`; `None` where the baseline's median is 0.
    pub ratio: Option<f64>,
    /// Mann–Whitney U of the window: how many pairs have the window's value above the baseline's, ties for a half.
    pub u: f64,
    /// Two-sided p of U: normal approximation with corrections for ties and continuity.
    pub p: f64,
    /// Common-language effect: the chance that a value of the window is above one of the baseline, ties for a half; 0 to 1.
    pub chance_above: f64,
    /// Cliff's delta, −1 to 1: `2 · chance_above − 1`.
    pub delta: f64,
    /// Hodges–Lehmann: the median of all differences window − baseline, in the samples' unit.
    pub shift: f64,
    /// In one word.
    pub verdict: Difference,
}

/// How a window differs from its baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// No difference that is both significant and large enough to matter.
    Same,
    /// Higher.
    Higher,
    /// Lower.
    Lower,
}

impl Difference {
    /// The word that people read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Higher => "higher",
            Self::Lower => "lower",
        }
    }
}

/// Compares a window with its baseline at [`ALPHA`] and [`TOLERANCE`].
pub fn compare(baseline: &[f64], now: &[f64]) -> Comparison {
    compare_within(baseline, now, TOLERANCE)
}

/// The same with a tolerance of one's own: the share of the baseline's median that a shift must exceed to matter.
/// Values that are not finite are left out.
pub fn compare_within(baseline: &[f64], now: &[f64], tolerance: f64) -> Comparison {
    let sorted = |of: &[f64]| {
        let mut all: Vec<f64> = of.iter().copied().filter(|v| v.is_finite()).collect();
        all.sort_by(f64::total_cmp);
        all
    };
    let (old, new) = (sorted(baseline), sorted(now));
    let have = old.len().min(new.len());
    if have < NEED {
        return Comparison::TooFewPoints { have, need: NEED };
    }
    let (u, p) = mann_whitney(&new, &old);
    let pairs = old.len() as f64 * new.len() as f64;
    let (before, after) = (median(&old), median(&new));
    let shift = hodges_lehmann(&old, &new);
    let verdict = if p >= ALPHA || shift.abs() <= tolerance * before.abs() {
        Difference::Same
    } else if shift > 0.0 {
        Difference::Higher
    } else {
        Difference::Lower
    };
    Comparison::Compared(Compared {
        points: (old.len(), new.len()),
        before,
        after,
        ratio: (before != 0.0).then(|| after / before),
        u,
        p,
        chance_above: u / pairs,
        delta: 2.0 * u / pairs - 1.0,
        shift,
        verdict,
    })
}

/// The median of sorted values; NaN of none.
pub fn median(sorted: &[f64]) -> f64 {
    let at = |i: usize| sorted.get(i).copied().unwrap_or(f64::NAN);
    let n = sorted.len();
    if n % 2 == 1 { at(n / 2) } else { f64::midpoint(at((n / 2).wrapping_sub(1)), at(n / 2)) }
}

/// U of `these` against `those` and its two-sided p; both sorted. As `scipy.stats.mannwhitneyu(these, those,
/// use_continuity=True, alternative="two-sided", method="asymptotic")`; p is 1 where all values are one.
fn mann_whitney(these: &[f64], those: &[f64]) -> (f64, f64) {
    let (count, other) = (these.len() as f64, those.len() as f64);
    let mut rest = (these, those);
    let (mut rank_sum, mut ties, mut below) = (0.0, 0.0, 0.0);
    while let Some(value) = match (rest.0.first(), rest.1.first()) {
        (Some(a), Some(b)) => Some(a.min(*b)),
        (a, b) => a.or(b).copied(),
    } {
        let equal = |side: &[f64]| side.partition_point(|v| *v <= value);
        let (mine, theirs) = (equal(rest.0), equal(rest.1));
        let tied = (mine + theirs) as f64;
        rank_sum += mine as f64 * (below + f64::midpoint(tied, 1.0));
        ties += tied * tied * tied - tied;
        below += tied;
        rest = (rest.0.get(mine..).unwrap_or(&[]), rest.1.get(theirs..).unwrap_or(&[]));
    }
    let u = rank_sum - count * (count + 1.0) / 2.0;
    let (pairs, all) = (count * other, count + other);
    let deviation = (pairs / 12.0 * ((all + 1.0) - ties / (all * (all - 1.0)))).sqrt();
    let z = (u.max(pairs - u) - pairs / 2.0 - 0.5) / deviation;
    let p = if deviation > 0.0 { (2.0 * upper_tail(z)).min(1.0) } else { 1.0 };
    (u, p)
}

/// The median of all differences `now − base` of sorted values.
///
/// No list of the differences is made: the k-th smallest is found by halving the range of the numbers' own bits and counting
/// how many differences lie below, which one walk over both sides does. 720 by 720 takes some 100,000 steps.
fn hodges_lehmann(base: &[f64], now: &[f64]) -> f64 {
    let all = base.len() * now.len();
    let kth = |k: usize| {
        let (mut low, mut high) = (key(f64::MIN), key(f64::MAX));
        while low < high {
            let middle = low + (high - low) / 2;
            if at_most(base, now, value_of(middle)) >= k { high = middle } else { low = middle + 1 }
        }
        value_of(low)
    };
    if all % 2 == 1 { kth(all / 2 + 1) } else { f64::midpoint(kth(all / 2), kth(all / 2 + 1)) }
}

/// How many differences `now − base` are at most `limit`; both sorted.
fn at_most(base: &[f64], now: &[f64], limit: f64) -> usize {
    // As `now` grows, fewer and fewer small values of the baseline bring the difference down to the limit.
    let mut from = 0;
    let mut count = 0;
    for value in now {
        while base.get(from).is_some_and(|b| value - b > limit) {
            from += 1;
        }
        count += base.len() - from;
    }
    count
}

/// Bits of a number in the order of numbers.
fn key(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn value_of(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
}

/// Two counts compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Counted {
    /// Nothing was asked on one side, so nothing can be said.
    NoTraffic,
    /// Compared.
    Compared {
        /// Rate of the second over rate of the first; `None` where the first is 0.
        ratio: Option<f64>,
        /// Two-sided p of the exact test.
        p: f64,
        /// Significant at [`ALPHA`] or not. Few counts can differ much and still be "the same": say p beside it.
        verdict: Difference,
    },
}

/// Compares `k1` failures of `n1` requests with `k2` of `n2`: Fisher's exact test, two-sided as `scipy.stats.fisher_exact`.
/// More failures than requests count as all requests.
pub fn compare_counts(k1: u64, n1: u64, k2: u64, n2: u64) -> Counted {
    if n1 == 0 || n2 == 0 {
        return Counted::NoTraffic;
    }
    let (k1, k2) = (k1.min(n1), k2.min(n2));
    let marked = k1.saturating_add(k2);
    let (low, high) = (marked.saturating_sub(n2), marked.min(n1));
    let [one, two, drawn] = [n1, n2, marked].map(|n| n as f64);
    // The marked are the requests of the first side; drawn are the failures.
    let mode = (((drawn + 1.0) * (one + 1.0) / (one + two + 2.0)) as u64).clamp(low, high);
    let p = two_sided(k1, low, high, mode, |k| ln_hypergeometric(k as f64, one, two, drawn));
    counted(k1 as f64 / one, k2 as f64 / two, p)
}

/// Compares `k1` events in `t1` with `k2` in `t2`, in any one unit: the conditional test of two Poisson rates (C-test), a
/// two-sided exact binomial test of `k1` in `k1 + k2` with chance `t1 / (t1 + t2)`.
pub fn compare_rates(k1: u64, t1: f64, k2: u64, t2: f64) -> Counted {
    let known = |t: f64| t.is_finite() && t > 0.0;
    if !known(t1) || !known(t2) {
        return Counted::NoTraffic;
    }
    let all = k1.saturating_add(k2);
    let chance = t1 / (t1 + t2);
    let mode = (((all as f64 + 1.0) * chance) as u64).min(all);
    let p = two_sided(k1, 0, all, mode, |k| ln_binomial(k as f64, all as f64, chance));
    counted(k1 as f64 / t1, k2 as f64 / t2, p)
}

fn counted(before: f64, after: f64, p: f64) -> Counted {
    let verdict = match () {
        () if p >= ALPHA => Difference::Same,
        () if after > before => Difference::Higher,
        () => Difference::Lower,
    };
    Counted::Compared { ratio: (before > 0.0).then(|| after / before), p, verdict }
}

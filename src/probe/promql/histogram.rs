//! Quantiles of classic histograms. (Prometheus 3, promql/quantile.go, `BucketQuantile`.)

/// A cumulative bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    /// Its `le`.
    pub(super) upper: f64,
    pub(super) count: f64,
}

/// Counts that differ by less than this share are equal. (Prometheus, `smallDeltaTolerance`.)
const TOLERANCE: f64 = 1e-12;

/// The `q`-quantile, linear within its bucket; NaN without a `+Inf` bucket, without observations, or with one bucket.
pub(super) fn bucket_quantile(q: f64, buckets: &mut Vec<Bucket>) -> f64 {
    if q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    buckets.sort_by(|a, b| a.upper.total_cmp(&b.upper));
    if buckets.last().is_none_or(|b| b.upper != f64::INFINITY) {
        return f64::NAN;
    }
    // `1` and `1.0` are one bucket.
    buckets.dedup_by(|next, kept| {
        let same = next.upper == kept.upper;
        if same {
            kept.count += next.count;
        }
        same
    });
    make_monotonic(buckets);
    let [below @ .., all] = buckets.as_slice() else { return f64::NAN };
    let Some(highest) = below.last() else { return f64::NAN };
    if all.count == 0.0 {
        return f64::NAN;
    }
    let rank = q * all.count;
    // As Go's `sort.Search`: NaN counts compare as "not yet".
    let place = below.partition_point(|b| {
        !matches!(b.count.partial_cmp(&rank), Some(std::cmp::Ordering::Greater | std::cmp::Ordering::Equal))
    });
    let Some(bucket) = below.get(place) else { return highest.upper };
    match place.checked_sub(1).and_then(|i| below.get(i)) {
        None if bucket.upper <= 0.0 => bucket.upper,
        None => bucket.upper * (rank / bucket.count),
        Some(lower) => {
            lower.upper + (bucket.upper - lower.upper) * ((rank - lower.count) / (bucket.count - lower.count))
        }
    }
}

/// Buckets are scraped one by one, so a higher one may count less: it is raised. Differences by rounding are levelled.
fn make_monotonic(buckets: &mut [Bucket]) {
    let mut before: Option<f64> = None;
    for bucket in buckets {
        match before {
            Some(count) if bucket.count < count || nearly_equal(bucket.count, count) => bucket.count = count,
            _ => before = Some(bucket.count),
        }
    }
}

/// (Prometheus, util/almost, `Equal`.)
fn nearly_equal(a: f64, b: f64) -> bool {
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < TOLERANCE * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < TOLERANCE
}

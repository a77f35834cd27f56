//! Functions over a stretch of one series: counters with resets, averages, quantiles.

use super::expr::Window;
use super::series::Sample;

/// The stretch: open on the left, closed on the right, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) start: i64,
    pub(super) end: i64,
}

/// The value of `function` over `samples`, which lie in `stretch`, oldest first, no stale marker among them; `None` where
/// there are too few. `param` is the quantile.
pub(super) fn window(function: Window, samples: &[Sample], stretch: Stretch, param: f64) -> Option<f64> {
    let values = samples.iter().map(|s| s.value);
    let last = samples.last()?;
    Some(match function {
        Window::Rate => extrapolated(samples, stretch, Counter::Yes)? / seconds(stretch.end - stretch.start),
        Window::Increase => extrapolated(samples, stretch, Counter::Yes)?,
        Window::Delta => extrapolated(samples, stretch, Counter::No)?,
        Window::Irate | Window::Idelta => {
            let before = samples.len().checked_sub(2).and_then(|i| samples.get(i))?;
            let reset = function == Window::Irate && last.value < before.value;
            let difference = if reset { last.value } else { last.value - before.value };
            if function == Window::Irate { difference / seconds(last.at - before.at) } else { difference }
        }
        Window::Avg => mean(values),
        Window::Min => values.fold(f64::NAN, lower),
        Window::Max => values.fold(f64::NAN, higher),
        Window::Sum => sum(values),
        Window::Count => samples.len() as f64,
        Window::Last => last.value,
        Window::Quantile => quantile(param, &mut values.collect::<Vec<_>>()),
        Window::Stddev => variance(values).sqrt(),
        Window::Stdvar => variance(values),
        Window::Present => 1.0,
        Window::Changes => pairs(samples).filter(|(a, b)| a != b && !(a.is_nan() && b.is_nan())).count() as f64,
        Window::Resets => pairs(samples).filter(|(a, b)| b < a).count() as f64,
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counter {
    Yes,
    No,
}

/// The increase over the stretch, extrapolated to its ends.
///
/// Where the first or last sample is nearer to an end than 1.1 average intervals, the line goes on to that end; else only
/// half an interval, since the series probably begins or ends there. A counter is never extrapolated below zero.
/// (Prometheus 3, promql/functions.go, `extrapolatedRate`.)
fn extrapolated(samples: &[Sample], stretch: Stretch, counter: Counter) -> Option<f64> {
    let (first, last) = (samples.first()?, samples.last()?);
    if samples.len() < 2 {
        return None;
    }
    let mut increase = last.value - first.value;
    if counter == Counter::Yes {
        increase += pairs(samples).filter(|(a, b)| b < a).map(|(a, _)| a).sum::<f64>();
    }
    let sampled = seconds(last.at - first.at);
    let average = sampled / (samples.len() - 1) as f64;
    let near = average * 1.1;
    let mut to_start = seconds(first.at - stretch.start);
    if to_start >= near {
        to_start = average / 2.0;
    }
    if counter == Counter::Yes && increase > 0.0 && first.value >= 0.0 {
        to_start = to_start.min(sampled * (first.value / increase));
    }
    let mut to_end = seconds(stretch.end - last.at);
    if to_end >= near {
        to_end = average / 2.0;
    }
    Some(increase * ((sampled + to_start + to_end) / sampled))
}

fn pairs(samples: &[Sample]) -> impl Iterator<Item = (f64, f64)> {
    samples.iter().zip(samples.iter().skip(1)).map(|(a, b)| (a.value, b.value))
}

fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

/// The lower of two; any number is lower than NaN.
pub(super) fn lower(a: f64, b: f64) -> f64 {
    if b < a || a.is_nan() { b } else { a }
}

/// The higher of two; any number is higher than NaN.
pub(super) fn higher(a: f64, b: f64) -> f64 {
    if b > a || a.is_nan() { b } else { a }
}

/// A sum with Neumaier's compensation.
#[derive(Clone, Copy, Debug, Default)]
struct Compensated {
    sum: f64,
    rest: f64,
}

impl Compensated {
    fn add(self, x: f64) -> Self {
        let sum = self.sum + x;
        let rest = if sum.is_infinite() {
            0.0
        } else if self.sum.abs() >= x.abs() {
            self.rest + ((self.sum - sum) + x)
        } else {
            self.rest + ((x - sum) + self.sum)
        };
        Self { sum, rest }
    }

    fn total(self) -> f64 {
        if self.sum.is_infinite() { self.sum } else { self.sum + self.rest }
    }
}

/// A compensated sum.
pub(super) fn sum(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(Compensated::default(), Compensated::add).total()
}

/// The mean, also where the sum would overflow.
pub(super) fn mean(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = values.clone().count() as f64;
    let all = values.clone().fold(Compensated::default(), Compensated::add);
    if all.sum.is_finite() {
        return all.sum / count + all.rest / count;
    }
    let mut mean = 0.0;
    for (i, x) in values.enumerate() {
        let n = (i + 1) as f64;
        if f64::is_infinite(mean) && (x.is_nan() || x.is_infinite()) && x != mean {
            return f64::NAN;
        }
        if !f64::is_infinite(mean) {
            mean += x / n - mean / n;
        }
    }
    mean
}

/// The population variance. (Welford.)
pub(super) fn variance(values: impl Iterator<Item = f64>) -> f64 {
    let (mut count, mut mean, mut squares) = (0.0, Compensated::default(), Compensated::default());
    for x in values {
        count += 1.0;
        let delta = x - mean.total();
        mean = mean.add(delta / count);
        squares = squares.add(delta * (x - mean.total()));
    }
    squares.total() / count
}

/// The `q`-quantile by linear interpolation between the two nearest; NaN sorts lowest.
/// (Prometheus, promql/quantile.go, `quantile`.)
pub(super) fn quantile(q: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    values.sort_by(|a, b| b.is_nan().cmp(&a.is_nan()).then(a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal)));
    let rank = q * (values.len() - 1) as f64;
    let weight = rank - rank.floor();
    let low = rank.floor() as usize;
    let at = |i: usize| values.get(i.min(values.len() - 1)).copied().unwrap_or(f64::NAN);
    at(low) * (1.0 - weight) + at(low + 1) * weight
}

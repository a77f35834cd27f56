//! Aggregation of the elements of a vector into groups. (Prometheus 3, promql/engine.go, `aggregation`, `aggregationK`.)

use std::cmp::Ordering;
use std::collections::HashMap;

use super::eval::Elem;
use super::expr::{Aggregation, Grouping};
use super::labels::Labels;
use super::window::{higher, lower, mean, quantile, sum, variance};

/// One element per group, or for `topk` and `bottomk` up to `param` of each group's own.
pub(super) fn aggregate(op: Aggregation, grouping: &Grouping, param: f64, of: Vec<Elem>) -> Vec<Elem> {
    let groups = group(grouping, of);
    match op {
        Aggregation::Topk => groups.into_iter().flat_map(|(_, all)| most(param, all, |a, b| b.total_cmp(&a))).collect(),
        Aggregation::Bottomk => {
            groups.into_iter().flat_map(|(_, all)| most(param, all, |a, b| a.total_cmp(&b))).collect()
        }
        _ => groups
            .into_iter()
            .map(|(labels, all)| {
                let newest = all.iter().map(|e| e.newest).max().unwrap_or(super::eval::NEVER);
                Elem { labels, value: one(op, param, &all), newest }
            })
            .collect(),
    }
}

fn group(grouping: &Grouping, of: Vec<Elem>) -> Vec<(Labels, Vec<Elem>)> {
    if of.is_empty() {
        return Vec::new();
    }
    if matches!(grouping, Grouping::Only(names) if names.is_empty()) {
        return vec![(Labels::default(), of)];
    }
    let mut groups: Vec<(Labels, Vec<Elem>)> = Vec::new();
    let mut places: HashMap<Labels, usize> = HashMap::new();
    for elem in of {
        let labels = elem.labels.filtered(|name| grouping.keeps(name));
        let next = groups.len();
        let place = *places.entry(labels).or_insert_with_key(|labels| {
            groups.push((labels.clone(), Vec::new()));
            next
        });
        if let Some((_, all)) = groups.get_mut(place) {
            all.push(elem);
        }
    }
    groups
}

fn one(op: Aggregation, param: f64, all: &[Elem]) -> f64 {
    let values = all.iter().map(|e| e.value);
    match op {
        Aggregation::Sum => sum(values),
        Aggregation::Avg => mean(values),
        Aggregation::Min => values.fold(f64::NAN, lower),
        Aggregation::Max => values.fold(f64::NAN, higher),
        Aggregation::Count => all.len() as f64,
        Aggregation::Group => 1.0,
        Aggregation::Stddev => variance(values).sqrt(),
        Aggregation::Stdvar => variance(values),
        Aggregation::Quantile => quantile(param, &mut values.collect::<Vec<_>>()),
        Aggregation::Topk | Aggregation::Bottomk => f64::NAN,
    }
}

/// The first `k` in `order`, NaN last, of equal ones the first seen.
fn most(k: f64, mut all: Vec<Elem>, order: impl Fn(f64, f64) -> Ordering) -> Vec<Elem> {
    if k.is_nan() || k < 1.0 {
        return Vec::new();
    }
    all.sort_by(|a, b| a.value.is_nan().cmp(&b.value.is_nan()).then_with(|| order(a.value, b.value)));
    all.truncate(k as usize);
    all
}

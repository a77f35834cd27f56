//! Evaluation at one moment: a walk over the compiled query.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::aggregate::aggregate;
use super::answer::{Answer, EvalError, Value};
use super::binary::binary;
use super::expr::{Expr, Map, Node, Selector, Window};
use super::histogram::{Bucket, bucket_quantile};
use super::labels::{Labels, NAME};
use super::store::Store;
use super::window::{Stretch, window};

/// The time of what holds no sample.
pub(super) const NEVER: i64 = i64::MIN;

/// One element of a vector.
#[derive(Clone, Debug)]
pub(super) struct Elem {
    pub(super) labels: Labels,
    pub(super) value: f64,
    /// When its newest sample was taken, or [`NEVER`].
    pub(super) newest: i64,
}

#[derive(Clone, Debug)]
pub(super) enum Val {
    Scalar(f64, i64),
    Vector(Vec<Elem>),
    Text(Arc<str>),
}

impl Val {
    /// The elements; what is no vector has none (types are checked at load).
    fn vector(self) -> Vec<Elem> {
        match self {
            Self::Vector(all) => all,
            Self::Scalar(..) | Self::Text(_) => Vec::new(),
        }
    }

    fn scalar(&self) -> (f64, i64) {
        match self {
            Self::Scalar(value, newest) => (*value, *newest),
            Self::Vector(_) | Self::Text(_) => (f64::NAN, NEVER),
        }
    }
}

/// What `expr` gives at `at_ms` (milliseconds since the Unix epoch).
pub fn evaluate(expr: &Expr, store: &Store, at_ms: i64) -> Result<Answer, EvalError> {
    if store.is_overfull() {
        return Err(EvalError::Overfull);
    }
    let moment = Moment { store, at: at_ms };
    let (value, newest) = match moment.eval(&expr.root)? {
        Val::Scalar(value, newest) => (Value::Scalar(value), newest),
        Val::Text(text) => (Value::String(text.to_string()), NEVER),
        Val::Vector(all) => {
            let mut seen = HashSet::with_capacity(if all.len() > 1 { all.len() } else { 0 });
            if all.len() > 1
                && let Some(twice) = all.iter().find(|e| !seen.insert(&e.labels))
            {
                return Err(EvalError::Twice(twice.labels.clone()));
            }
            let newest = all.iter().map(|e| e.newest).max().unwrap_or(NEVER);
            (Value::Vector(all.into_iter().map(|e| (e.labels, e.value)).collect()), newest)
        }
    };
    Ok(Answer { value, newest_ms: (newest != NEVER).then_some(newest) })
}

struct Moment<'a> {
    store: &'a Store,
    at: i64,
}

impl Moment<'_> {
    fn eval(&self, node: &Node) -> Result<Val, EvalError> {
        Ok(match node {
            Node::Number(value) => Val::Scalar(*value, NEVER),
            Node::Text(text) => Val::Text(text.clone()),
            Node::Time => Val::Scalar(self.at as f64 / 1000.0, NEVER),
            Node::Select(selector) => Val::Vector(self.select(selector)),
            Node::Window { function, selector, range_ms, param } => {
                let param = param.as_ref().map(|p| self.scalar(p)).transpose()?.map_or(f64::NAN, |p| p.0);
                Val::Vector(self.window(*function, selector, *range_ms, param)?)
            }
            Node::Map { function, of, params } => {
                let params = params.iter().map(|p| Ok(self.scalar(p)?.0)).collect::<Result<Vec<_>, EvalError>>()?;
                Val::Vector(map(*function, self.vector(of)?, &params))
            }
            Node::Scalar(of) => match self.vector(of)?.as_slice() {
                [one] => Val::Scalar(one.value, one.newest),
                _ => Val::Scalar(f64::NAN, NEVER),
            },
            Node::Vector(of) => {
                let (value, newest) = self.scalar(of)?;
                Val::Vector(vec![Elem { labels: Labels::default(), value, newest }])
            }
            Node::Absent { of, labels } => {
                let absent = self.vector(of)?.is_empty();
                let one = Elem { labels: labels.clone(), value: 1.0, newest: NEVER };
                Val::Vector(if absent { vec![one] } else { Vec::new() })
            }
            Node::HistogramQuantile { quantile, of } => {
                Val::Vector(histogram_quantile(self.scalar(quantile)?.0, &self.vector(of)?))
            }
            Node::Aggregate { op, grouping, param, of } => {
                let param = param.as_ref().map(|p| self.scalar(p)).transpose()?.map_or(f64::NAN, |p| p.0);
                Val::Vector(aggregate(*op, grouping, param, self.vector(of)?))
            }
            Node::Binary(node) => binary(node, self.eval(&node.lhs)?, self.eval(&node.rhs)?)?,
            Node::Negate(of) => match self.eval(of)? {
                Val::Scalar(value, newest) => Val::Scalar(-value, newest),
                other => Val::Vector(
                    other
                        .vector()
                        .into_iter()
                        .map(|e| Elem { labels: nameless(&e.labels), value: -e.value, ..e })
                        .collect(),
                ),
            },
        })
    }

    fn vector(&self, node: &Node) -> Result<Vec<Elem>, EvalError> {
        Ok(self.eval(node)?.vector())
    }

    fn scalar(&self, node: &Node) -> Result<(f64, i64), EvalError> {
        Ok(self.eval(node)?.scalar())
    }

    fn select(&self, selector: &Selector) -> Vec<Elem> {
        let at = self.at.saturating_sub(selector.offset_ms);
        let held = self.store.select(selector).filter_map(|series| Some((series, series.value_at(at)?)));
        held.map(|(series, s)| Elem { labels: series.labels.clone(), value: s.value, newest: s.at }).collect()
    }

    fn window(&self, function: Window, selector: &Selector, range_ms: i64, param: f64) -> Result<Vec<Elem>, EvalError> {
        let end = self.at.saturating_sub(selector.offset_ms);
        let stretch = Stretch { start: end.saturating_sub(range_ms), end };
        let mut fresh = Vec::new();
        let mut out = Vec::new();
        for series in self.store.select(selector) {
            if series.lost > stretch.start {
                return Err(EvalError::Forgotten(series.labels.clone()));
            }
            let mut samples = series.between(stretch.start, stretch.end);
            if samples.iter().any(|s| s.is_stale()) {
                fresh.clear();
                fresh.extend(samples.iter().filter(|s| !s.is_stale()));
                samples = &fresh;
            }
            let Some(newest) = samples.last().map(|s| s.at) else { continue };
            if let Some(value) = window(function, samples, stretch, param) {
                let labels = if function == Window::Last { &series.labels } else { &series.bare };
                out.push(Elem { labels: labels.clone(), value, newest });
            }
        }
        Ok(out)
    }
}

/// Without the metric's name.
pub(super) fn nameless(labels: &Labels) -> Labels {
    labels.filtered(|name| name != NAME)
}

fn map(function: Map, of: Vec<Elem>, params: &[f64]) -> Vec<Elem> {
    let param = |i: usize| params.get(i).copied().unwrap_or(f64::NAN);
    let (low, high) = match function {
        Map::Clamp => (param(0), param(1)),
        Map::ClampMin => (param(0), f64::INFINITY),
        Map::ClampMax => (f64::NEG_INFINITY, param(0)),
        _ => (f64::NAN, f64::NAN),
    };
    if high < low {
        return Vec::new();
    }
    let nearest = 1.0 / params.first().copied().unwrap_or(1.0);
    let each = |x: f64| match function {
        Map::Abs => x.abs(),
        Map::Ceil => x.ceil(),
        Map::Floor => x.floor(),
        Map::Round => (x * nearest + 0.5).floor() / nearest,
        Map::Exp => x.exp(),
        Map::Ln => x.ln(),
        Map::Log2 => x.log2(),
        Map::Log10 => x.log10(),
        Map::Sqrt => x.sqrt(),
        Map::Sgn => match x {
            x if x < 0.0 => -1.0,
            x if x > 0.0 => 1.0,
            x => x,
        },
        // Unlike Rust's, Go's minimum of a number and NaN is NaN.
        Map::Clamp | Map::ClampMin | Map::ClampMax if x.is_nan() || low.is_nan() || high.is_nan() => f64::NAN,
        Map::Clamp | Map::ClampMin | Map::ClampMax => x.min(high).max(low),
    };
    of.into_iter().map(|e| Elem { labels: nameless(&e.labels), value: each(e.value), ..e }).collect()
}

fn histogram_quantile(q: f64, of: &[Elem]) -> Vec<Elem> {
    let mut groups: HashMap<Labels, (Vec<Bucket>, i64)> = HashMap::new();
    for elem in of {
        let Some(upper) = elem.labels.get("le").and_then(|le| le.parse().ok()) else { continue };
        let (buckets, newest) =
            groups.entry(elem.labels.filtered(|name| name != NAME && name != "le")).or_insert((Vec::new(), NEVER));
        buckets.push(Bucket { upper, count: elem.value });
        *newest = elem.newest.max(*newest);
    }
    let each = |(labels, (mut buckets, newest))| Elem { labels, value: bucket_quantile(q, &mut buckets), newest };
    groups.into_iter().map(each).collect()
}

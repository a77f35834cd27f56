//! PromQL on samples that we scraped ourselves, by Prometheus 3's rules: parse once at load, evaluate after each scrape.
//!
//! The text is parsed by the crate `promql-parser`; [`parse`] then refuses, with the place, whatever is not evaluated here.
//! Evaluated are: selectors with all four matchers and `offset`; `rate irate increase delta idelta changes resets` and
//! the `*_over_time` family; `sum avg min max count group stddev stdvar quantile topk bottomk` with `by` and `without`;
//! `histogram_quantile` on classic buckets; arithmetic, comparison and set operators with vector matching; functions of
//! each value, `scalar vector time absent absent_over_time`. Ranges are open on their left.

mod aggregate;
mod answer;
mod binary;
mod compile;
mod eval;
mod expr;
mod histogram;
mod labels;
mod names;
mod selector;
mod series;
mod source;
mod store;
mod token;
mod window;

pub use answer::{Answer, EvalError, Value, read, single};
pub use compile::{parse, syntax};
pub use eval::evaluate;
pub use expr::Expr;
pub use labels::{Labels, NAME};
pub use selector::PlainSelector;
pub use source::PromqlError;
pub use store::{Appended, LOOKBACK, Store};

/// How far back a query looks; a store for it keeps at least that much.
pub fn longest_range(expr: &Expr) -> std::time::Duration {
    expr.longest_range()
}

/// The names of the metrics that a query selects, where it says them exactly.
pub fn names(expr: &Expr) -> Vec<String> {
    let mut all = Vec::new();
    expr.selectors(&mut |selector| all.extend(selector.name.as_deref().map(str::to_owned)));
    all
}

/// Whether a query looks at the metric of this name, or may.
pub fn asks_for(expr: &Expr, name: &str) -> bool {
    let mut asks = false;
    expr.selectors(&mut |selector| asks |= selector.name.as_deref().is_none_or(|own| own == name));
    asks
}

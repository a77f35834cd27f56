//! What a query gives, and how that becomes the one value of a metric.

use chrono::DateTime;

use super::eval::evaluate;
use super::expr::Expr;
use super::labels::Labels;
use super::store::Store;
use crate::probe::Point;

/// The result of a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// One number without labels.
    Scalar(f64),
    /// Numbers with labels, none twice.
    Vector(Vec<(Labels, f64)>),
    /// A text, from a query that is one.
    String(String),
}

/// The result of a query, and how fresh it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The result.
    pub value: Value,
    /// When the newest sample in it was taken, in milliseconds since the Unix epoch; `None` where it holds no sample
    /// but only constants, as in `vector(0)`.
    pub newest_ms: Option<i64>,
}

/// Why a query has no result. The texts hold labels of the page, escaped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// Both sides have several series for one group.
    #[error("{0} and {1} match the same series on the other side; say on(…) or ignoring(…)")]
    ManyToMany(Labels, Labels),
    /// One side has several series for one group, and the query does not say so.
    #[error("several series match {0}; say group_left or group_right")]
    ManyToOne(Labels),
    /// More samples lie in a range than are kept.
    #[error("the range holds more samples of {0} than are kept; write a shorter range, or scrape less often")]
    Forgotten(Labels),
    /// More series are asked for than are kept.
    #[error("the page has more than 20,000 series that the queries ask for; select fewer")]
    Overfull,
    /// Two series of the result have the same labels.
    #[error("the result has {0} twice; aggregate, or select by name")]
    Twice(Labels),
}

/// Evaluates `expr` at `at_ms` and makes one value of it, or a sentence that says why there is none.
pub fn read(expr: &Expr, store: &Store, at_ms: i64) -> Result<Point, String> {
    let answer = evaluate(expr, store, at_ms).map_err(|error| error.to_string())?;
    if matches!(&answer.value, Value::Vector(all) if all.is_empty()) {
        let mut known = false;
        expr.selectors(&mut |selector| known |= store.select(selector).next().is_some());
        if known {
            return Err("no value: too few samples yet, none for 5 minutes, or none passes the comparison".to_owned());
        }
    }
    single(&answer, store.last_good_ms())
}

/// One value out of an answer, as old as its newest sample; constants are as old as `last_good_ms`, the last scrape that
/// did not fail. The error is a sentence that says why there is none.
pub fn single(answer: &Answer, last_good_ms: Option<i64>) -> Result<Point, String> {
    let value = match &answer.value {
        Value::Scalar(value) => *value,
        Value::Vector(all) => match all.as_slice() {
            [] => return Err("no such series".to_owned()),
            [(_, value)] => *value,
            many => return Err(format!("{} series, aggregate them, for example with sum(…)", many.len())),
        },
        Value::String(_) => return Err("the query gives a text, no number".to_owned()),
    };
    if value.is_nan() {
        return Err("0/0: no traffic".to_owned());
    }
    if value.is_infinite() {
        return Err("infinite: divided by 0".to_owned());
    }
    let at = answer.newest_ms.or(last_good_ms).and_then(DateTime::from_timestamp_millis);
    at.map(|at| Point { at, value }).ok_or_else(|| "nothing scraped yet".to_owned())
}

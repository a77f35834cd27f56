//! The names that a query may use: functions, aggregations, keywords.

use promql_parser::parser as upstream;

use super::expr::{Aggregation, Map, Window};

/// Words before `(` that are no functions.
pub(super) const KEYWORDS: [&str; 11] =
    ["by", "without", "on", "ignoring", "group_left", "group_right", "and", "or", "unless", "bool", "atan2"];

/// Words that stand between or before operands.
pub(super) const JOINING: [&str; 12] =
    ["by", "without", "on", "ignoring", "group_left", "group_right", "and", "or", "unless", "bool", "atan2", "offset"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Window(Window),
    Map(Map),
    Scalar,
    Vector,
    Time,
    Absent,
    AbsentOverTime,
    HistogramQuantile,
}

pub(super) const FUNCTIONS: [(&str, Function); 36] = [
    ("rate", Function::Window(Window::Rate)),
    ("irate", Function::Window(Window::Irate)),
    ("increase", Function::Window(Window::Increase)),
    ("delta", Function::Window(Window::Delta)),
    ("idelta", Function::Window(Window::Idelta)),
    ("changes", Function::Window(Window::Changes)),
    ("resets", Function::Window(Window::Resets)),
    ("avg_over_time", Function::Window(Window::Avg)),
    ("min_over_time", Function::Window(Window::Min)),
    ("max_over_time", Function::Window(Window::Max)),
    ("sum_over_time", Function::Window(Window::Sum)),
    ("count_over_time", Function::Window(Window::Count)),
    ("last_over_time", Function::Window(Window::Last)),
    ("quantile_over_time", Function::Window(Window::Quantile)),
    ("stddev_over_time", Function::Window(Window::Stddev)),
    ("stdvar_over_time", Function::Window(Window::Stdvar)),
    ("present_over_time", Function::Window(Window::Present)),
    ("absent_over_time", Function::AbsentOverTime),
    ("absent", Function::Absent),
    ("abs", Function::Map(Map::Abs)),
    ("ceil", Function::Map(Map::Ceil)),
    ("floor", Function::Map(Map::Floor)),
    ("round", Function::Map(Map::Round)),
    ("exp", Function::Map(Map::Exp)),
    ("ln", Function::Map(Map::Ln)),
    ("log2", Function::Map(Map::Log2)),
    ("log10", Function::Map(Map::Log10)),
    ("sqrt", Function::Map(Map::Sqrt)),
    ("sgn", Function::Map(Map::Sgn)),
    ("clamp", Function::Map(Map::Clamp)),
    ("clamp_min", Function::Map(Map::ClampMin)),
    ("clamp_max", Function::Map(Map::ClampMax)),
    ("scalar", Function::Scalar),
    ("vector", Function::Vector),
    ("time", Function::Time),
    ("histogram_quantile", Function::HistogramQuantile),
];

pub(super) const AGGREGATIONS: [(&str, Aggregation); 11] = [
    ("sum", Aggregation::Sum),
    ("avg", Aggregation::Avg),
    ("min", Aggregation::Min),
    ("max", Aggregation::Max),
    ("count", Aggregation::Count),
    ("group", Aggregation::Group),
    ("stddev", Aggregation::Stddev),
    ("stdvar", Aggregation::Stdvar),
    ("quantile", Aggregation::Quantile),
    ("topk", Aggregation::Topk),
    ("bottomk", Aggregation::Bottomk),
];

pub(super) fn function(name: &str) -> Option<Function> {
    FUNCTIONS.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
}

pub(super) fn aggregation(name: &str) -> Option<Aggregation> {
    AGGREGATIONS.iter().find(|(known, _)| *known == name).map(|(_, op)| *op)
}

/// Whether Prometheus has such a function: asked by a call without arguments, refused differently when unknown.
pub(super) fn prometheus_knows(name: &str) -> bool {
    match upstream::parse(&format!("{name}()")) {
        Ok(_) => true,
        Err(message) => !message.contains("unknown function"),
    }
}

pub(super) fn nearest(word: &str) -> Option<&'static str> {
    let names = FUNCTIONS.iter().map(|f| f.0).chain(AGGREGATIONS.iter().map(|a| a.0));
    let close = names.map(|name| (strsim::damerau_levenshtein(name, &word.to_ascii_lowercase()), name));
    close.min_by_key(|(distance, _)| *distance).filter(|(distance, _)| *distance <= 2).map(|(_, name)| name)
}

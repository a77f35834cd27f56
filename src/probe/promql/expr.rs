//! A query as it is evaluated: checked, with its matchers compiled, once at load.

use std::sync::Arc;
use std::time::Duration;

use regex::Regex;

use super::labels::{Labels, NAME};
use super::store::LOOKBACK;

/// A query that [`super::parse`] understood and that [`super::evaluate`] can answer.
#[derive(Clone, Debug)]
pub struct Expr {
    pub(super) root: Node,
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    Number(f64),
    Text(Arc<str>),
    /// Seconds since the Unix epoch.
    Time,
    /// The newest sample of each series.
    Select(Selector),
    /// A function over a stretch of each series.
    Window {
        function: Window,
        selector: Selector,
        range_ms: i64,
        param: Option<Box<Node>>,
    },
    /// A function of each value.
    Map {
        function: Map,
        of: Box<Node>,
        params: Vec<Node>,
    },
    /// The one value of a vector.
    Scalar(Box<Node>),
    /// A vector of one value without labels.
    Vector(Box<Node>),
    /// 1 where there is nothing, with these labels.
    Absent {
        of: Box<Node>,
        labels: Labels,
    },
    HistogramQuantile {
        quantile: Box<Node>,
        of: Box<Node>,
    },
    Aggregate {
        op: Aggregation,
        grouping: Grouping,
        param: Option<Box<Node>>,
        of: Box<Node>,
    },
    Binary(Box<Binary>),
    Negate(Box<Node>),
}

#[derive(Clone, Debug)]
pub(super) struct Binary {
    pub(super) op: Op,
    /// Comparisons give 0 or 1 instead of filtering.
    pub(super) as_bool: bool,
    pub(super) matching: Matching,
    pub(super) lhs: Node,
    pub(super) rhs: Node,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Atan2,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    And,
    Or,
    Unless,
}

impl Op {
    pub(super) fn compares(self) -> bool {
        matches!(self, Self::Eq | Self::Ne | Self::Lt | Self::Le | Self::Gt | Self::Ge)
    }

    pub(super) fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }
}

/// Which elements of two vectors belong together.
#[derive(Clone, Debug, Default)]
pub(super) struct Matching {
    pub(super) by: Grouping,
    pub(super) many: Many,
}

#[derive(Clone, Debug, Default)]
pub(super) enum Many {
    #[default]
    Neither,
    /// `group_left`: labels taken from the right.
    Left(Vec<Arc<str>>),
    /// `group_right`: labels taken from the left.
    Right(Vec<Arc<str>>),
}

/// Which labels count.
#[derive(Clone, Debug)]
pub(super) enum Grouping {
    /// `by (…)`, `on (…)`.
    Only(Vec<Arc<str>>),
    /// `without (…)`, `ignoring (…)`; never the metric's name.
    Without(Vec<Arc<str>>),
}

impl Default for Grouping {
    fn default() -> Self {
        Self::Without(Vec::new())
    }
}

impl Grouping {
    pub(super) fn keeps(&self, name: &str) -> bool {
        match self {
            Self::Only(names) => names.iter().any(|n| **n == *name),
            Self::Without(names) => name != NAME && !names.iter().any(|n| **n == *name),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aggregation {
    Sum,
    Avg,
    Min,
    Max,
    Count,
    Group,
    Stddev,
    Stdvar,
    Quantile,
    Topk,
    Bottomk,
}

/// Functions over a stretch of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Window {
    Rate,
    Increase,
    Delta,
    Irate,
    Idelta,
    Avg,
    Min,
    Max,
    Sum,
    Count,
    Last,
    Quantile,
    Stddev,
    Stdvar,
    Present,
    Changes,
    Resets,
}

/// Functions of each value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Map {
    Abs,
    Ceil,
    Floor,
    Round,
    Exp,
    Ln,
    Log2,
    Log10,
    Sqrt,
    Sgn,
    Clamp,
    ClampMin,
    ClampMax,
}

/// Which series.
#[derive(Clone, Debug)]
pub(super) struct Selector {
    /// The metric's name where it is said exactly.
    pub(super) name: Option<Arc<str>>,
    /// All others.
    pub(super) matchers: Vec<Matcher>,
    /// How far before the time asked for; negative is later.
    pub(super) offset_ms: i64,
}

impl Selector {
    /// Whether a series of the right name is selected.
    pub(super) fn matches(&self, labels: &Labels) -> bool {
        self.matchers.iter().all(|m| m.test.matches(labels.get(&m.label).unwrap_or("")))
    }

    /// The same, of a series that is not kept yet.
    pub(super) fn matches_parts<'a>(
        &self,
        name: &str,
        labels: &(impl Iterator<Item = (&'a str, &'a str)> + Clone),
    ) -> bool {
        self.name.as_ref().is_none_or(|n| **n == *name)
            && self.matchers.iter().all(|m| {
                let value = if *m.label == *NAME {
                    Some(name)
                } else {
                    labels.clone().find(|(n, _)| *n == &*m.label).map(|l| l.1)
                };
                m.test.matches(value.unwrap_or(""))
            })
    }
}

#[derive(Clone, Debug)]
pub(super) struct Matcher {
    pub(super) label: Arc<str>,
    pub(super) test: Test,
}

#[derive(Clone, Debug)]
pub(super) enum Test {
    Is(Arc<str>),
    IsNot(Arc<str>),
    Like(Regex),
    Unlike(Regex),
}

impl Test {
    fn matches(&self, value: &str) -> bool {
        match self {
            Self::Is(text) => **text == *value,
            Self::IsNot(text) => **text != *value,
            Self::Like(regex) => regex.is_match(value),
            Self::Unlike(regex) => !regex.is_match(value),
        }
    }
}

impl Expr {
    /// How far back the query looks: its longest range, or the five minutes in which a sample holds, each with its offset.
    pub fn longest_range(&self) -> Duration {
        let mut longest = 0;
        self.root.visit(&mut |node| {
            let ms = match node {
                Node::Select(selector) => super::store::millis(LOOKBACK).saturating_add(selector.offset_ms),
                Node::Window { selector, range_ms, .. } => range_ms.saturating_add(selector.offset_ms),
                _ => 0,
            };
            longest = longest.max(ms);
        });
        Duration::from_millis(longest.unsigned_abs())
    }

    /// Calls `with` with each selector.
    pub(super) fn selectors(&self, with: &mut impl FnMut(&Selector)) {
        self.root.visit(&mut |node| match node {
            Node::Select(selector) | Node::Window { selector, .. } => with(selector),
            _ => {}
        });
    }
}

impl Node {
    fn visit(&self, with: &mut impl FnMut(&Self)) {
        with(self);
        match self {
            Self::Number(_) | Self::Text(_) | Self::Time | Self::Select(_) => {}
            Self::Window { param, .. } => param.iter().for_each(|node| node.visit(with)),
            Self::Map { of, params, .. } => {
                of.visit(with);
                for node in params {
                    node.visit(with);
                }
            }
            Self::Scalar(of) | Self::Vector(of) | Self::Absent { of, .. } | Self::Negate(of) => of.visit(with),
            Self::HistogramQuantile { quantile, of } => {
                quantile.visit(with);
                of.visit(with);
            }
            Self::Aggregate { param, of, .. } => {
                if let Some(node) = param {
                    node.visit(with);
                }
                of.visit(with);
            }
            Self::Binary(binary) => {
                binary.lhs.visit(with);
                binary.rhs.visit(with);
            }
        }
    }
}

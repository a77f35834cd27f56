//! From text to a query that can be evaluated, or to a mistake with its place.

use std::sync::Arc;
use std::time::Duration;

use promql_parser::label::{MatchOp, Matchers};
use promql_parser::parser::token as tok;
use promql_parser::parser::{self as upstream, LabelModifier, Offset, VectorMatchCardinality};
use regex::{Regex, RegexBuilder};

use super::expr::{Binary, Expr, Grouping, Many, Matcher, Matching, Node, Op, Selector, Test, Window};
use super::labels::{Labels, NAME};
use super::names::{Function, aggregation, function};
use super::source::{PromqlError, Source};
use super::store::millis;
use super::token::Kind;
use crate::clock::parse_duration;

/// The longest range or offset that is kept of a scrape.
const MAX_RANGE: Duration = Duration::from_hours(24);

/// Whether `text` is PromQL at all: for queries that a Prometheus answers, which knows more functions than [`parse`].
pub fn syntax(text: &str) -> Result<(), PromqlError> {
    Source::new(text)?.upstream().map(|_| ())
}

/// Compiles a query for [`super::evaluate`]; what is not evaluated here is an error.
pub fn parse(text: &str) -> Result<Expr, PromqlError> {
    let source = Source::new(text)?;
    source.supported()?;
    let expr = source.upstream()?;
    let root = source.node(&expr)?;
    Ok(Expr { root })
}

impl Source<'_> {
    fn node(&self, expr: &upstream::Expr) -> Result<Node, PromqlError> {
        Ok(match expr {
            upstream::Expr::Paren(inner) => self.node(&inner.expr)?,
            upstream::Expr::NumberLiteral(number) => Node::Number(number.val),
            upstream::Expr::StringLiteral(text) => Node::Text(text.val.as_str().into()),
            upstream::Expr::Unary(inner) => match self.node(&inner.expr)? {
                Node::Number(value) => Node::Number(-value),
                node => Node::Negate(Box::new(node)),
            },
            upstream::Expr::VectorSelector(selector) => Node::Select(self.selector(selector)?),
            upstream::Expr::MatrixSelector(matrix) => {
                let name = matrix.vs.name.clone().unwrap_or_default();
                return Err(PromqlError::new(
                    self.named(&name),
                    "a range alone is no value",
                    "put a function around it, as in rate(…[1m])",
                ));
            }
            upstream::Expr::Subquery(_) | upstream::Expr::Extension(_) => {
                return Err(PromqlError::new(
                    0..self.text.len(),
                    "subqueries are not evaluated on a scrape",
                    "ask a Prometheus for it",
                ));
            }
            upstream::Expr::Aggregate(aggregate) => self.aggregate(aggregate)?,
            upstream::Expr::Binary(binary) => self.binary(binary)?,
            upstream::Expr::Call(call) => self.call(call)?,
        })
    }

    fn aggregate(&self, aggregate: &upstream::AggregateExpr) -> Result<Node, PromqlError> {
        let word = aggregate.op.to_string();
        let unknown = || {
            PromqlError::new(
                self.named(&word),
                format!("\"{word}\" is not evaluated on a scrape"),
                "ask a Prometheus for it",
            )
        };
        Ok(Node::Aggregate {
            op: aggregation(&word).ok_or_else(unknown)?,
            grouping: match &aggregate.modifier {
                None => Grouping::Only(Vec::new()),
                Some(LabelModifier::Include(names)) => Grouping::Only(arcs(&names.labels)),
                Some(LabelModifier::Exclude(names)) => Grouping::Without(arcs(&names.labels)),
            },
            param: aggregate.param.as_ref().map(|param| self.node(param).map(Box::new)).transpose()?,
            of: Box::new(self.node(&aggregate.expr)?),
        })
    }

    fn binary(&self, binary: &upstream::BinaryExpr) -> Result<Node, PromqlError> {
        let op = match binary.op.id() {
            tok::T_ADD => Op::Add,
            tok::T_SUB => Op::Sub,
            tok::T_MUL => Op::Mul,
            tok::T_DIV => Op::Div,
            tok::T_MOD => Op::Mod,
            tok::T_POW => Op::Pow,
            tok::T_ATAN2 => Op::Atan2,
            tok::T_EQLC => Op::Eq,
            tok::T_NEQ => Op::Ne,
            tok::T_LSS => Op::Lt,
            tok::T_LTE => Op::Le,
            tok::T_GTR => Op::Gt,
            tok::T_GTE => Op::Ge,
            tok::T_LAND => Op::And,
            tok::T_LOR => Op::Or,
            tok::T_LUNLESS => Op::Unless,
            _ => {
                let word = binary.op.to_string();
                return Err(PromqlError::new(
                    self.named(&word),
                    format!("\"{word}\" is not evaluated on a scrape"),
                    "ask a Prometheus for it",
                ));
            }
        };
        let mut matching = Matching::default();
        if let Some(modifier) = &binary.modifier {
            matching.by = match &modifier.matching {
                Some(LabelModifier::Include(names)) => Grouping::Only(arcs(&names.labels)),
                Some(LabelModifier::Exclude(names)) => Grouping::Without(arcs(&names.labels)),
                None => Grouping::default(),
            };
            matching.many = match &modifier.card {
                VectorMatchCardinality::ManyToOne(names) => Many::Left(arcs(&names.labels)),
                VectorMatchCardinality::OneToMany(names) => Many::Right(arcs(&names.labels)),
                VectorMatchCardinality::OneToOne | VectorMatchCardinality::ManyToMany => Many::Neither,
            };
        }
        let as_bool = binary.modifier.as_ref().is_some_and(|m| m.return_bool);
        Ok(Node::Binary(Box::new(Binary {
            op,
            as_bool,
            matching,
            lhs: self.node(&binary.lhs)?,
            rhs: self.node(&binary.rhs)?,
        })))
    }

    fn call(&self, call: &upstream::Call) -> Result<Node, PromqlError> {
        let name = call.func.name;
        let args: Vec<&upstream::Expr> = call.args.args.iter().map(|arg| &**arg).collect();
        let missing = || {
            PromqlError::new(
                self.named(name),
                format!("\"{name}\" lacks an argument"),
                "see prometheus.io, \"Query functions\"",
            )
        };
        let arg = |i: usize| args.get(i).copied().ok_or_else(missing);
        let boxed = |i: usize| self.node(arg(i)?).map(Box::new);
        let function = function(name).ok_or_else(|| {
            PromqlError::new(
                self.named(name),
                format!("\"{name}\" is not evaluated on a scrape"),
                "ask a Prometheus for it",
            )
        })?;
        Ok(match function {
            Function::Window(function) => {
                let quantile = function == Window::Quantile;
                let param = if quantile { Some(boxed(0)?) } else { None };
                self.window(name, function, arg(usize::from(quantile))?, param)?
            }
            Function::Map(function) => {
                let params = args.iter().skip(1).map(|arg| self.node(arg)).collect::<Result<_, _>>()?;
                Node::Map { function, of: boxed(0)?, params }
            }
            Function::Scalar => Node::Scalar(boxed(0)?),
            Function::Vector => Node::Vector(boxed(0)?),
            Function::Time => Node::Time,
            Function::HistogramQuantile => Node::HistogramQuantile { quantile: boxed(0)?, of: boxed(1)? },
            Function::Absent => {
                let labels = match arg(0)? {
                    upstream::Expr::VectorSelector(selector) => absent_labels(&selector.matchers),
                    _ => Labels::default(),
                };
                Node::Absent { of: boxed(0)?, labels }
            }
            Function::AbsentOverTime => {
                let labels = match arg(0)? {
                    upstream::Expr::MatrixSelector(matrix) => absent_labels(&matrix.vs.matchers),
                    _ => Labels::default(),
                };
                Node::Absent { of: Box::new(self.window(name, Window::Present, arg(0)?, None)?), labels }
            }
        })
    }

    fn window(
        &self,
        name: &str,
        function: Window,
        of: &upstream::Expr,
        param: Option<Box<Node>>,
    ) -> Result<Node, PromqlError> {
        let mut of = of;
        while let upstream::Expr::Paren(inner) = of {
            of = &inner.expr;
        }
        let upstream::Expr::MatrixSelector(matrix) = of else {
            return Err(PromqlError::new(
                self.named(name),
                format!("\"{name}\" wants a range"),
                "write it as in rate(requests_total[1m])",
            ));
        };
        let range_ms = self.kept(matrix.range)?;
        Ok(Node::Window { function, selector: self.selector(&matrix.vs)?, range_ms, param })
    }

    /// A range or offset in milliseconds, if it is not too long.
    fn kept(&self, span: Duration) -> Result<i64, PromqlError> {
        if span > MAX_RANGE {
            let long = self
                .tokens
                .iter()
                .find(|t| t.kind == Kind::Number && parse_duration(self.word(t)).is_ok_and(|d| d > MAX_RANGE));
            let place = long.map_or(0..self.text.len(), |t| t.span.clone());
            return Err(PromqlError::new(
                place,
                "no more than 24 hours of a scrape are kept",
                "write a shorter range, or ask a Prometheus",
            ));
        }
        Ok(millis(span))
    }

    fn selector(&self, selector: &upstream::VectorSelector) -> Result<Selector, PromqlError> {
        let mut name: Option<Arc<str>> = selector.name.as_deref().map(Arc::from);
        let mut matchers = Vec::new();
        for matcher in &selector.matchers.matchers {
            let value: Arc<str> = matcher.value.as_str().into();
            let test = match &matcher.op {
                MatchOp::Equal if matcher.name == NAME && name.is_none() => {
                    name = Some(value);
                    continue;
                }
                MatchOp::Equal => Test::Is(value),
                MatchOp::NotEqual => Test::IsNot(value),
                MatchOp::Re(theirs) => Test::Like(self.regex(&matcher.value, theirs)?),
                MatchOp::NotRe(theirs) => Test::Unlike(self.regex(&matcher.value, theirs)?),
            };
            matchers.push(Matcher { label: matcher.name.as_str().into(), test });
        }
        let offset_ms = match &selector.offset {
            None => 0,
            Some(Offset::Pos(span)) => self.kept(*span)?,
            Some(Offset::Neg(span)) => -self.kept(*span)?,
        };
        Ok(Selector { name, matchers, offset_ms })
    }

    /// Anchored, and `.` matches a line's end too, as in Prometheus 3.
    fn regex(&self, pattern: &str, theirs: &Regex) -> Result<Regex, PromqlError> {
        let anchored = |pattern: &str| RegexBuilder::new(pattern).size_limit(1 << 20).build();
        // Go takes some braces literally that our crate refuses; the parser's own copy has them escaped.
        anchored(&format!("^(?s:{pattern})$")).or_else(|_| anchored(theirs.as_str())).map_err(|_| {
            PromqlError::new(self.named(pattern), "this regular expression is too large", "write a shorter one")
        })
    }
}

fn arcs(names: &[String]) -> Vec<Arc<str>> {
    names.iter().map(|name| Arc::from(name.as_str())).collect()
}

/// The labels that a selector says exactly, each once. (Prometheus, `createLabelsForAbsentFunction`.)
fn absent_labels(matchers: &Matchers) -> Labels {
    let all = || matchers.matchers.iter().filter(|m| m.name != NAME);
    let exact = all().filter(|m| matches!(m.op, MatchOp::Equal) && all().filter(|o| o.name == m.name).count() == 1);
    Labels::new(exact.map(|m| (m.name.as_str(), m.value.as_str())))
}

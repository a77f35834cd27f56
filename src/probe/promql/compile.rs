//! From text to a query that can be evaluated, or to a mistake with its place.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use promql_parser::label::{MatchOp, Matchers};
use promql_parser::parser::token as tok;
use promql_parser::parser::{self as upstream, LabelModifier, Offset, VectorMatchCardinality};
use regex::{Regex, RegexBuilder};

use super::expr::{
    Aggregation, Binary, Expr, Grouping, Many, Map, Matcher, Matching, Node, Op, Selector, Test, Window,
};
use super::labels::{Labels, NAME};
use super::store::millis;
use super::token::{Kind, Token, tokens};
use crate::clock::parse_duration;

/// Bytes of a query.
const MAX_TEXT: usize = 8 << 10;
/// Brackets inside brackets.
const MAX_DEPTH: usize = 48;
/// Words of a query: bounds the recursion over chains of operators.
const MAX_WORDS: usize = 1_000;
/// The longest range or offset that is kept of a scrape.
const MAX_RANGE: Duration = Duration::from_hours(24);

/// A mistake in a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}; {help}")]
pub struct PromqlError {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
    /// The offending word: bytes of the query.
    pub span: Range<usize>,
}

impl PromqlError {
    fn new(span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into(), span }
    }
}

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

struct Source<'a> {
    text: &'a str,
    tokens: Vec<Token>,
}

impl<'a> Source<'a> {
    /// Cuts the text into words and checks brackets and durations: `promql-parser` tells no places, and some of its
    /// conversions panic on numbers out of range.
    fn new(text: &'a str) -> Result<Self, PromqlError> {
        if text.len() > MAX_TEXT {
            return Err(PromqlError::new(
                0..0,
                "the query is longer than 8 KiB",
                "split it, or record a part of it as a rule",
            ));
        }
        let tokens =
            tokens(text).map_err(|(span, why)| PromqlError::new(span, why, "write for example {code=~\"5..\"}"))?;
        let source = Self { text, tokens };
        if source.tokens.is_empty() {
            return Err(PromqlError::new(
                0..text.len(),
                "the query is empty",
                "write for example rate(requests_total[1m])",
            ));
        }
        if source.tokens.len() > MAX_WORDS {
            return Err(PromqlError::new(
                0..text.len(),
                "the query has more than 1,000 words",
                "record a part of it as a rule",
            ));
        }
        if let Some(unknown) = source.tokens.iter().find(|t| t.kind == Kind::Unknown) {
            let help =
                "outside of quotes only names, numbers and operators may stand; quote other names as {\"my.metric\"}";
            return Err(source.error(unknown, "this character means nothing here", help));
        }
        source.brackets()?;
        source.durations()?;
        Ok(source)
    }

    fn error(&self, token: &Token, message: impl Into<String>, help: impl Into<String>) -> PromqlError {
        let _ = self;
        PromqlError::new(token.span.clone(), message, help)
    }

    fn word(&self, token: &Token) -> &'a str {
        self.text.get(token.span.clone()).unwrap_or("")
    }

    fn after(&self, i: usize) -> &'a str {
        self.tokens.get(i + 1).map_or("", |t| self.word(t))
    }

    fn brackets(&self) -> Result<(), PromqlError> {
        let mut open: Vec<&Token> = Vec::new();
        let mut signs = 0;
        for token in &self.tokens {
            let word = self.word(token);
            signs = if matches!(word, "-" | "+") { signs + 1 } else { 0 };
            match token.kind {
                Kind::Open => open.push(token),
                Kind::Close => {
                    let expected = open.pop().map(|t| self.word(t));
                    if !matches!((expected, word), (Some("("), ")") | (Some("["), "]") | (Some("{"), "}")) {
                        return Err(self.error(
                            token,
                            format!("\"{word}\" closes nothing"),
                            "remove it, or open it before",
                        ));
                    }
                }
                _ => {}
            }
            if open.len() > MAX_DEPTH || signs > MAX_DEPTH {
                return Err(self.error(token, "the query is nested too deeply", "record a part of it as a rule"));
            }
        }
        match open.last() {
            Some(token) => {
                let word = self.word(token);
                Err(self.error(token, format!("\"{word}\" is never closed"), "close it"))
            }
            None => Ok(()),
        }
    }

    fn durations(&self) -> Result<(), PromqlError> {
        for (i, token) in self.tokens.iter().enumerate().filter(|(_, t)| t.kind == Kind::Number) {
            let word = self.word(token);
            let before = i.checked_sub(1).and_then(|i| self.tokens.get(i)).map_or("", |t| self.word(t));
            let two_before = i.checked_sub(2).and_then(|i| self.tokens.get(i)).map_or("", |t| self.word(t));
            let offset = |word: &str| word.eq_ignore_ascii_case("offset");
            let place =
                before == "[" || before == ":" || offset(before) || (matches!(before, "-" | "+") && offset(two_before));
            let unit =
                word.ends_with(|c: char| c.is_ascii_alphabetic()) && !word.starts_with("0x") && !word.starts_with("0X");
            if !place && !unit {
                continue;
            }
            let seconds: Option<f64> = word.parse().ok().filter(|s| (0.0..=1e9).contains(s));
            let span = seconds.map(Duration::from_secs_f64).map_or_else(|| parse_duration(word), Ok);
            let span =
                span.map_err(|error| self.error(token, error.to_string(), "write for example 30s, 5m or 1h30m"))?;
            if span.is_zero() {
                return Err(self.error(token, "a duration of nothing", "write for example 30s, 5m or 1h30m"));
            }
        }
        Ok(())
    }

    /// Refuses by name what is PromQL but not evaluated here.
    fn supported(&self) -> Result<(), PromqlError> {
        const INSTEAD: &str = "ask a Prometheus for it: a source of kind prometheus evaluates everything";
        let mut depth = Vec::new();
        for (i, token) in self.tokens.iter().enumerate() {
            let word = self.word(token);
            let lower = word.to_ascii_lowercase();
            match token.kind {
                Kind::Open => depth.push(word),
                Kind::Close => drop(depth.pop()),
                Kind::Sign if word == "@" => {
                    return Err(self.error(token, "\"@\" is not evaluated on a scrape", INSTEAD));
                }
                Kind::Sign if word == ":" && depth.last() == Some(&"[") => {
                    return Err(self.error(token, "subqueries are not evaluated on a scrape", INSTEAD));
                }
                Kind::Word if lower == "or" && depth.last() == Some(&"{") && self.after(i) != "=" => {
                    return Err(self.error(token, "\"or\" between matchers is not evaluated on a scrape", INSTEAD));
                }
                Kind::Word if matches!(lower.as_str(), "smoothed" | "anchored") && i > 0 && depth.is_empty() => {
                    let message = format!("\"{word}\" is not evaluated on a scrape");
                    return Err(self.error(token, message, INSTEAD));
                }
                Kind::Word if self.after(i) == "(" && depth.last() != Some(&"{") => {
                    if KEYWORDS.contains(&lower.as_str()) || function(word).is_some() || aggregation(&lower).is_some() {
                        continue;
                    }
                    let known = upstream_knows(word)
                        || matches!(
                            lower.as_str(),
                            "count_values" | "limitk" | "limit_ratio" | "fill" | "fill_left" | "fill_right"
                        );
                    if known {
                        return Err(self.error(token, format!("\"{word}\" is not evaluated on a scrape"), INSTEAD));
                    }
                    let help = nearest(word).map_or_else(
                        || "see prometheus.io, \"Query functions\"".to_owned(),
                        |name| format!("did you mean {name}?"),
                    );
                    return Err(self.error(token, format!("there is no function \"{word}\""), help));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn upstream(&self) -> Result<upstream::Expr, PromqlError> {
        upstream::parse(self.text).map_err(|message| self.locate(&message))
    }

    /// The place of a mistake that `promql-parser` found: it names the word at best.
    fn locate(&self, message: &str) -> PromqlError {
        let whole = 0..self.text.len();
        if message == "invalid promql query" || message == "ParseError" {
            return self.out_of_place().unwrap_or_else(|| {
                PromqlError::new(
                    whole,
                    "this is no PromQL",
                    "write for example sum(rate(requests_total{code=~\"5..\"}[1m]))",
                )
            });
        }
        let named = message.split(['\'', '"']).skip(1).step_by(2).find_map(|word| {
            self.tokens.iter().find(|t| self.word(t).trim_matches(['"', '\'', '`']).eq_ignore_ascii_case(word))
        });
        let help = if message.contains("expected type matrix") || message.contains("expected type range vector") {
            "give the function a range, as in rate(requests_total[1m])"
        } else if message.contains("got matrix") {
            "take the range away, or put a function such as rate(…) around it"
        } else if message.contains("BOOL") {
            "write the comparison as \"> bool\""
        } else if message.contains("non-empty matcher") {
            "name the metric, or give a matcher that an empty text does not satisfy"
        } else {
            "see prometheus.io, \"Querying basics\""
        };
        PromqlError::new(named.map_or(whole, |t| t.span.clone()), message.to_owned(), help)
    }

    /// The first word that cannot follow the one before it.
    fn out_of_place(&self) -> Option<PromqlError> {
        let mut before: Option<&Token> = None;
        for (i, token) in self.tokens.iter().enumerate() {
            let word = self.word(token);
            let keyword = token.kind == Kind::Word && JOINING.iter().any(|k| word.eq_ignore_ascii_case(k));
            let operand = matches!(token.kind, Kind::Word | Kind::Number | Kind::Quoted) && !keyword;
            let operator = token.kind == Kind::Sign && !matches!(word, "," | ":");
            if let Some(before) = before {
                let last = self.word(before);
                let joined = before.kind == Kind::Word && JOINING.iter().any(|k| last.eq_ignore_ascii_case(k));
                let ended = !joined && matches!(before.kind, Kind::Word | Kind::Number | Kind::Quoted);
                let waiting = before.kind == Kind::Sign || before.kind == Kind::Open;
                if operand && ended {
                    return Some(self.error(
                        token,
                        format!("\"{word}\" cannot stand here"),
                        "an operator or a comma is missing before it",
                    ));
                }
                if operator && waiting && !matches!(word, "+" | "-") {
                    return Some(self.error(
                        token,
                        format!("\"{word}\" cannot stand after \"{last}\""),
                        "something is missing between them",
                    ));
                }
                if token.kind == Kind::Close && before.kind == Kind::Sign && last != "," {
                    return Some(self.error(
                        before,
                        format!("after \"{last}\" something is missing"),
                        "write what it applies to",
                    ));
                }
            }
            if operator && i + 1 == self.tokens.len() {
                return Some(self.error(
                    token,
                    format!("after \"{word}\" something is missing"),
                    "write what it applies to",
                ));
            }
            before = Some(token);
        }
        None
    }

    fn named(&self, word: &str) -> Range<usize> {
        let found = self.tokens.iter().find(|t| self.word(t).trim_matches(['"', '\'', '`']) == word);
        found.map_or(0..self.text.len(), |t| t.span.clone())
    }

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

/// Words before `(` that are no functions.
const KEYWORDS: [&str; 11] =
    ["by", "without", "on", "ignoring", "group_left", "group_right", "and", "or", "unless", "bool", "atan2"];

/// Words that stand between or before operands.
const JOINING: [&str; 12] =
    ["by", "without", "on", "ignoring", "group_left", "group_right", "and", "or", "unless", "bool", "atan2", "offset"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Window(Window),
    Map(Map),
    Scalar,
    Vector,
    Time,
    Absent,
    AbsentOverTime,
    HistogramQuantile,
}

const FUNCTIONS: [(&str, Function); 36] = [
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

const AGGREGATIONS: [(&str, Aggregation); 11] = [
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

fn function(name: &str) -> Option<Function> {
    FUNCTIONS.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
}

fn aggregation(name: &str) -> Option<Aggregation> {
    AGGREGATIONS.iter().find(|(known, _)| *known == name).map(|(_, op)| *op)
}

/// Whether Prometheus has such a function: asked by a call without arguments, refused differently when unknown.
fn upstream_knows(name: &str) -> bool {
    match upstream::parse(&format!("{name}()")) {
        Ok(_) => true,
        Err(message) => !message.contains("unknown function"),
    }
}

fn nearest(word: &str) -> Option<&'static str> {
    let names = FUNCTIONS.iter().map(|f| f.0).chain(AGGREGATIONS.iter().map(|a| a.0));
    let close = names.map(|name| (strsim::damerau_levenshtein(name, &word.to_ascii_lowercase()), name));
    close.min_by_key(|(distance, _)| *distance).filter(|(distance, _)| *distance <= 2).map(|(_, name)| name)
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

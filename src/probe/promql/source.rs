//! The text of a query, its words, and where in them a mistake is.

use std::ops::Range;
use std::time::Duration;

use promql_parser::parser as upstream;

use super::names::{JOINING, KEYWORDS, aggregation, function, nearest, prometheus_knows};
use super::token::{Kind, Token, tokens};
use crate::clock::parse_duration;

/// Bytes of a query.
const MAX_TEXT: usize = 8 << 10;
/// Brackets inside brackets.
const MAX_DEPTH: usize = 48;
/// Words of a query: bounds the recursion over chains of operators.
const MAX_WORDS: usize = 1_000;
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
    fn at(token: &Token, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(token.span.clone(), message, help)
    }

    pub(super) fn new(span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into(), span }
    }
}

/// A query cut into words, with brackets and durations checked.
pub(super) struct Source<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: Vec<Token>,
}

impl<'a> Source<'a> {
    /// Cuts the text into words and checks brackets and durations: `promql-parser` tells no places, and some of its
    /// conversions panic on numbers out of range.
    pub(super) fn new(text: &'a str) -> Result<Self, PromqlError> {
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
            return Err(PromqlError::at(unknown, "this character means nothing here", help));
        }
        source.brackets()?;
        source.durations()?;
        Ok(source)
    }

    pub(super) fn word(&self, token: &Token) -> &'a str {
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
                        return Err(PromqlError::at(
                            token,
                            format!("\"{word}\" closes nothing"),
                            "remove it, or open it before",
                        ));
                    }
                }
                _ => {}
            }
            if open.len() > MAX_DEPTH || signs > MAX_DEPTH {
                return Err(PromqlError::at(token, "the query is nested too deeply", "record a part of it as a rule"));
            }
        }
        match open.last() {
            Some(token) => {
                let word = self.word(token);
                Err(PromqlError::at(token, format!("\"{word}\" is never closed"), "close it"))
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
                span.map_err(|error| PromqlError::at(token, error.to_string(), "write for example 30s, 5m or 1h30m"))?;
            if span.is_zero() {
                return Err(PromqlError::at(token, "a duration of nothing", "write for example 30s, 5m or 1h30m"));
            }
        }
        Ok(())
    }

    /// Refuses by name what is PromQL but not evaluated here.
    pub(super) fn supported(&self) -> Result<(), PromqlError> {
        const INSTEAD: &str = "ask a Prometheus for it: a source of kind prometheus evaluates everything";
        let mut depth = Vec::new();
        for (i, token) in self.tokens.iter().enumerate() {
            let word = self.word(token);
            let lower = word.to_ascii_lowercase();
            match token.kind {
                Kind::Open => depth.push(word),
                Kind::Close => drop(depth.pop()),
                Kind::Sign if word == "@" => {
                    return Err(PromqlError::at(token, "\"@\" is not evaluated on a scrape", INSTEAD));
                }
                Kind::Sign if word == ":" && depth.last() == Some(&"[") => {
                    return Err(PromqlError::at(token, "subqueries are not evaluated on a scrape", INSTEAD));
                }
                Kind::Word if lower == "or" && depth.last() == Some(&"{") && self.after(i) != "=" => {
                    return Err(PromqlError::at(
                        token,
                        "\"or\" between matchers is not evaluated on a scrape",
                        INSTEAD,
                    ));
                }
                Kind::Word if matches!(lower.as_str(), "smoothed" | "anchored") && i > 0 && depth.is_empty() => {
                    let message = format!("\"{word}\" is not evaluated on a scrape");
                    return Err(PromqlError::at(token, message, INSTEAD));
                }
                Kind::Word if self.after(i) == "(" && depth.last() != Some(&"{") => {
                    if KEYWORDS.contains(&lower.as_str()) || function(word).is_some() || aggregation(&lower).is_some() {
                        continue;
                    }
                    let known = prometheus_knows(word)
                        || matches!(
                            lower.as_str(),
                            "count_values" | "limitk" | "limit_ratio" | "fill" | "fill_left" | "fill_right"
                        );
                    if known {
                        return Err(PromqlError::at(
                            token,
                            format!("\"{word}\" is not evaluated on a scrape"),
                            INSTEAD,
                        ));
                    }
                    let help = nearest(word).map_or_else(
                        || "see prometheus.io, \"Query functions\"".to_owned(),
                        |name| format!("did you mean {name}?"),
                    );
                    return Err(PromqlError::at(token, format!("there is no function \"{word}\""), help));
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn upstream(&self) -> Result<upstream::Expr, PromqlError> {
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
        if let Some(pattern) = message.strip_prefix("illegal regex for ") {
            let help = "see the syntax of regular expressions; a bracket may be open";
            return PromqlError::new(self.named(pattern), "this is no regular expression", help);
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
                    return Some(PromqlError::at(
                        token,
                        format!("\"{word}\" cannot stand here"),
                        "an operator or a comma is missing before it",
                    ));
                }
                if operator && waiting && !matches!(word, "+" | "-") {
                    return Some(PromqlError::at(
                        token,
                        format!("\"{word}\" cannot stand after \"{last}\""),
                        "something is missing between them",
                    ));
                }
                if token.kind == Kind::Close && before.kind == Kind::Sign && last != "," {
                    return Some(PromqlError::at(
                        before,
                        format!("after \"{last}\" something is missing"),
                        "write what it applies to",
                    ));
                }
            }
            if operator && i + 1 == self.tokens.len() {
                return Some(PromqlError::at(
                    token,
                    format!("after \"{word}\" something is missing"),
                    "write what it applies to",
                ));
            }
            before = Some(token);
        }
        None
    }

    pub(super) fn named(&self, word: &str) -> Range<usize> {
        let found = self.tokens.iter().find(|t| self.word(t).trim_matches(['"', '\'', '`']) == word);
        found.map_or(0..self.text.len(), |t| t.span.clone())
    }
}

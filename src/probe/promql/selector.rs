//! A selector alone, for what counts: which metric it names and which labels it asks for.

use super::compile::parse;
use super::expr::Node;
use super::labels::NAME;
use super::source::PromqlError;

/// A query that is nothing but the selector of a named metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainSelector {
    /// As written.
    pub text: String,
    /// The metric.
    pub name: String,
    /// Labels that it asks for, each once, in order.
    pub labels: Vec<String>,
}

impl PlainSelector {
    /// Reads a selector; everything else that a query can be is an error with its place.
    pub fn parse(text: &str) -> Result<Self, PromqlError> {
        const HELP: &str = "write the name of a counter with its labels, as in http_requests_total{code=~\"5..\"}; rate and sum are put around it here";
        let expr = parse(text)?;
        let whole = 0..text.len();
        let Node::Select(selector) = &expr.root else {
            return Err(PromqlError::new(whole, "this is no plain selector of a counter", HELP));
        };
        if selector.offset_ms != 0 {
            return Err(PromqlError::new(whole, "a counter is read as it is now, without an offset", HELP));
        }
        let Some(name) = &selector.name else {
            return Err(PromqlError::new(whole, "the selector names no metric", HELP));
        };
        let mut labels: Vec<String> = Vec::new();
        for matcher in &selector.matchers {
            if *matcher.label != *NAME && !labels.iter().any(|l| **l == *matcher.label) {
                labels.push(matcher.label.to_string());
            }
        }
        let name = name.to_string();
        let text = text.trim().trim_start_matches('(').trim_end_matches(')').trim().to_owned();
        let it = Self { text, name, labels };
        // A comment behind the selector would swallow what is put around it.
        if parse(&it.increase("5m")).is_err() {
            return Err(PromqlError::new(whole, "this is no plain selector of a counter", HELP));
        }
        Ok(it)
    }

    /// Selects every series of the metric that has the labels at all. Where there is one and the selector itself finds none,
    /// its count is 0; where there is none either, the selector may be mistyped and its count is not known.
    fn witness(&self) -> Option<String> {
        let asked: Vec<String> = self.labels.iter().map(|label| format!("{}!=\"\"", quoted(label))).collect();
        match (asked.is_empty(), is_plain(&self.name)) {
            (true, _) => None,
            (false, true) => Some(format!("{}{{{}}}", self.name, asked.join(","))),
            (false, false) => Some(format!("{{{},{}}}", quoted(&self.name), asked.join(","))),
        }
    }

    /// The query for each series' value, with one value 0 where the selector finds none and its witness some.
    pub fn values(&self) -> String {
        match self.witness() {
            Some(witness) => format!("{} or sum({witness}) * 0", self.text),
            None => self.text.clone(),
        }
    }

    /// The query for how much all series together grew in the last `range`, such as `5m`, in the same way.
    pub fn increase(&self, range: &str) -> String {
        let over = |selector: &str| format!("sum(increase({selector}[{range}]))");
        match self.witness() {
            Some(witness) => format!("{} or {} * 0", over(&self.text), over(&witness)),
            None => over(&self.text),
        }
    }
}

fn is_plain(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || c == ':')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

fn quoted(label: &str) -> String {
    if is_plain(label) && !label.contains(':') {
        return label.to_owned();
    }
    format!("\"{}\"", label.replace('\\', "\\\\").replace('"', "\\\""))
}

//! Parameters: what was answered, and texts with the answers in place of their placeholders.

use super::{Progress, Room};
use crate::plan::Param;
use crate::text::Untrusted;

/// A text with parameters filled in, for people to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// The text; answers stand in it as they were given.
    pub text: String,
    /// What was filled in: placeholder and value, each once.
    pub with: Vec<(String, String)>,
    /// Placeholders of declared parameters that have no value yet, each once.
    pub needs: Vec<String>,
}

impl Progress {
    /// Every answer to a parameter: name and value.
    pub fn answers(&self) -> impl Iterator<Item = (String, String)> {
        self.params.iter().filter_map(|(name, (_, value))| Some((name.clone(), value.as_ref()?.raw().to_owned())))
    }
}

impl Room {
    /// The value of a parameter as people may see it: the last one recorded, else the plan's.
    pub fn param(&self, name: &str) -> Option<String> {
        let recorded = self.progress.params.get(name).and_then(|(_, value)| value.as_ref()).map(Untrusted::raw);
        let declared = self.plan.params.iter().find(|p| p.name == name)?;
        match (&declared.value, recorded) {
            // The plan's own value holds everywhere, so it is never asked for.
            (Some(value), _) if !declared.answered => Some(value.shown().to_owned()),
            (_, Some(recorded)) => Some(recorded.to_owned()),
            (value, None) => value.as_ref().map(|value| value.shown().to_owned()),
        }
    }

    /// Every answer that was recorded: name and value.
    pub fn answers(&self) -> impl Iterator<Item = (String, String)> {
        self.progress.answers()
    }

    /// The text with every placeholder of a declared parameter replaced by `around` its value.
    pub fn filled(&self, text: &str, around: (&str, &str)) -> Filled {
        let mut out = Filled { text: String::with_capacity(text.len()), ..Filled::default() };
        let mut rest = text;
        let mut before = ' ';
        while let Some(c) = rest.chars().next() {
            let found = self.plan.params.iter().find_map(|p| Some((p, placeholder(p, rest, before)?)));
            let Some((param, length)) = found else {
                out.text.push(c);
                before = c;
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
                continue;
            };
            let (typed, tail) = rest.split_at(length);
            if let Some(value) = self.param(&param.name) {
                out.text.push_str(around.0);
                out.text.push_str(&value);
                out.text.push_str(around.1);
                let pair = (typed.to_owned(), value);
                if !out.with.contains(&pair) {
                    out.with.push(pair);
                }
            } else {
                out.text.push_str(typed);
                if !out.needs.iter().any(|n| n == typed) {
                    out.needs.push(typed.to_owned());
                }
            }
            before = typed.chars().next_back().unwrap_or(' ');
            rest = tail;
        }
        out
    }

    /// A step's text as it is shown: answers stand in `‹…›`, so that nobody takes them for the author's words.
    pub fn shown(&self, text: &Untrusted) -> String {
        if self.plan.params.is_empty() {
            return text.to_string();
        }
        crate::text::escape(&self.filled(text.raw(), ("‹", "›")).text)
    }
}

/// The length of a placeholder of this parameter at the start of a text: `${name}`, `<name>`, `{{name}}`, or what the plan
/// declares for it.
fn placeholder(param: &Param, text: &str, before: char) -> Option<usize> {
    let name = param.name.as_str();
    for (open, close) in [("${", "}"), ("<", ">"), ("{{ ", " }}"), ("{{", "}}")] {
        let inside = text.strip_prefix(open).and_then(|rest| rest.strip_prefix(name));
        if inside.is_some_and(|rest| rest.starts_with(close)) {
            return Some(open.len() + name.len() + close.len());
        }
    }
    let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    param.placeholders.iter().filter(|p| !p.is_empty()).find_map(|p| {
        let rest = text.strip_prefix(p.as_str())?;
        let inner = |c: Option<char>, edge: Option<char>| word(c) && word(edge);
        let free = !inner(Some(before), p.chars().next()) && !inner(rest.chars().next(), p.chars().next_back());
        free.then_some(p.len())
    })
}

//! Parameters: what was answered, and texts with the answers in place of their placeholders.

use std::collections::BTreeMap;

use super::decide::{Refusal, refuse};
use super::{Progress, Room};
use crate::fact::Fact;
use crate::finding::nearest;
use crate::plan::Param;
use crate::plan::draft::is_secret;
use crate::text::{Untrusted, escape};

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
    /// The value of a parameter as people may see it: the last one recorded that the plan takes, else the plan's.
    pub fn param(&self, name: &str) -> Option<String> {
        let declared = self.plan.params.iter().find(|p| p.name == name)?;
        let own = || declared.value.as_ref().map(|value| value.shown().to_owned());
        if !declared.asked() {
            // The plan's own value holds everywhere, so it is never asked for.
            return own();
        }
        match self.progress.params.get(name) {
            Some((_, None)) => None,
            Some((_, Some(recorded))) if declared.takes(recorded.raw()).is_ok() => Some(recorded.raw().to_owned()),
            // Given at the start and not recorded yet.
            _ => own(),
        }
    }

    /// The value of a parameter as it is used: [`Room::param`] with what is secret in it.
    pub(super) fn param_in_use(&self, name: &str) -> Option<crate::secret::Filled> {
        let declared = self.plan.params.iter().find(|p| p.name == name)?;
        let shown = self.param(name)?;
        match &declared.value {
            Some(own) if own.shown() == shown => Some(own.clone()),
            _ => Some(crate::secret::Filled::plain(shown)),
        }
    }

    /// Whether an answer can be taken for a parameter; if not, why.
    pub fn may_answer(&self, name: &str, answer: &Untrusted) -> Result<(), Refusal> {
        let Some(param) = self.plan.params.iter().find(|p| p.name == name) else {
            let near = nearest(name, self.plan.params.iter().map(|p| p.name.as_str()));
            let help = near.map(|near| format!("; did you mean \"{}\"?", escape(near))).unwrap_or_default();
            return refuse(&format!("the plan has no parameter \"{}\"{help}", escape(name)));
        };
        let shown = escape(name);
        if !param.asked() {
            return refuse(&format!(
                "the plan gives {shown} its value; take it out of [params] if it should be asked for"
            ));
        }
        // What is answered is written into the journal, the report and onto every screen.
        if is_secret(name) || self.plan.masks.mask(answer.raw()) != answer.raw() {
            return refuse(&format!(
                "{shown} would hold a secret, and answers are written into the journal; give it to the plan as {{ env = \"…\" }}"
            ));
        }
        if let Err(why) = param.takes(answer.raw()) {
            return refuse(&format!("{shown}: {}", escape(&why)));
        }
        if self.param(name).as_deref() == Some(answer.raw()) {
            return refuse(&format!("{shown} is {} already", escape(answer.raw())));
        }
        Ok(())
    }

    /// The parameters that placeholders stand for, each once: those that somebody can answer.
    pub(super) fn asked_by(&self, placeholders: &[String]) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for typed in placeholders {
            let stands =
                |p: &&Param| placeholder(p, typed, ' ') == Some(typed.len()) && p.asked() && !is_secret(&p.name);
            if let Some(param) = self.plan.params.iter().find(stands)
                && !names.contains(&param.name)
            {
                names.push(param.name.clone());
            }
        }
        names
    }

    /// Every answer that was given, by name: those recorded, and those on their way to the journal.
    pub fn answers(&self) -> BTreeMap<String, String> {
        let mut answers: BTreeMap<String, String> = self.progress.answers().collect();
        // In the order they were given: ids grow with time.
        for unsaved in self.unsaved.values() {
            match &unsaved.draft.fact {
                Fact::ParamSet { name, value: Some(value) } => {
                    answers.insert(name.clone(), value.raw().to_owned());
                }
                Fact::ParamSet { name, value: None } => {
                    answers.remove(name);
                }
                _ => {}
            }
        }
        answers
    }

    /// Whether the plan in force was made with other answers than these.
    pub fn answered_otherwise(&self, answers: &BTreeMap<String, String>) -> bool {
        self.plan.params.iter().filter(|p| p.asked()).any(|param| {
            let holds = answers.get(&param.name).filter(|answer| param.takes(answer).is_ok());
            holds.map(String::as_str) != param.value.as_ref().map(crate::secret::Filled::expose)
        })
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
pub(super) fn placeholder(param: &Param, text: &str, before: char) -> Option<usize> {
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

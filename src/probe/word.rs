//! Services that say in a word how they are: which words mean up, degraded and down.

use serde_json::Value;

use super::Outcome;
use crate::text::{Untrusted, escape};

/// A longer word is cut.
const LONGEST: usize = 40;

/// `state = { pointer, up, degraded, down }`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateExpect {
    /// RFC 6901 pointer to the word: a text, a number or a truth value.
    pub pointer: String,
    /// Words that mean up.
    pub up: Vec<String>,
    /// Words that mean degraded.
    pub degraded: Vec<String>,
    /// Words that mean down.
    pub down: Vec<String>,
}

/// A text, number or truth value as it is written; `None` for anything else.
pub fn as_written(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

impl StateExpect {
    /// What an answer's word means, and the word. A word that the plan does not name is no data, never a pass.
    pub fn judge(&self, json: Option<&Value>) -> (Outcome, Option<Untrusted>) {
        let pointer = escape(&self.pointer);
        let no_data = |why: String| (Outcome::NoData(why), None);
        let Some(json) = json else { return no_data("the answer is no JSON, so its state is not known".to_owned()) };
        let Some(found) = json.pointer(&self.pointer) else {
            return no_data(format!("{pointer} is missing, so the state is not known"));
        };
        let Some(word) = as_written(found) else {
            return no_data(format!("{pointer} is no word, so the state is not known"));
        };
        let names = |words: &[String]| words.contains(&word);
        let shown = short(&word);
        let outcome = if names(&self.up) {
            Outcome::Pass
        } else if names(&self.degraded) {
            Outcome::Degraded(format!("{pointer} is \"{shown}\""))
        } else if names(&self.down) {
            Outcome::Fail(format!("{pointer} is \"{shown}\""))
        } else {
            Outcome::NoData(format!("{pointer} is \"{shown}\", a word that the plan does not know"))
        };
        (outcome, Some(Untrusted::new(cut(&word))))
    }
}

/// A text from outside as a reason may hold it: escaped and cut.
pub fn short(text: &str) -> String {
    escape(&cut(text))
}

fn cut(text: &str) -> String {
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn breaker() -> StateExpect {
        let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
        StateExpect {
            pointer: "/state".to_owned(),
            up: words(&["closed", "true", "1"]),
            degraded: words(&["half-open"]),
            down: words(&["open", "false"]),
        }
    }

    #[test]
    fn a_word_is_what_the_plan_says_it_is_and_any_other_is_no_data() {
        let judge = |state| breaker().judge(Some(&json!({ "state": state })));
        assert_eq!(judge(json!("closed")), (Outcome::Pass, Some("closed".into())));
        assert_eq!(judge(json!("half-open")).0, Outcome::Degraded("/state is \"half-open\"".to_owned()));
        assert_eq!(judge(json!("open")).0, Outcome::Fail("/state is \"open\"".to_owned()));
        assert_eq!(judge(json!(true)).0, Outcome::Pass);
        assert_eq!(judge(json!(false)).0, Outcome::Fail("/state is \"false\"".to_owned()));
        assert_eq!(judge(json!(1)).0, Outcome::Pass);
        for unknown in
            [json!("CLOSED"), json!("closed "), json!(""), json!(1.0), json!(null), json!(["closed"]), json!({})]
        {
            assert!(matches!(judge(unknown.clone()).0, Outcome::NoData(_)), "{unknown}");
        }
        assert!(matches!(breaker().judge(None).0, Outcome::NoData(_)));
        assert!(matches!(breaker().judge(Some(&json!({}))).0, Outcome::NoData(_)));
    }

    #[test]
    fn a_hostile_word_is_cut_and_escaped() {
        let (outcome, _) = breaker().judge(Some(&json!({ "state": format!("\u{1b}[2J{}", "x".repeat(9_000)) })));
        let Outcome::NoData(why) = outcome else { panic!("{outcome:?}") };
        assert!(!why.contains('\u{1b}') && why.len() < 200, "{why}");
    }
}
